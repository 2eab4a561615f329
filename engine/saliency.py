"""Why a network answers as it does: which ink speaks for a digit, which against, and what would change it.

Ink is (side, side) float32 from 0 to 1, as `engine.ink.fit_digit` fits it, before the network's own padding
and scaling. The evidence for a digit is its output before softmax or sigmoid minus the mean of the nine
others': the outputs alone share a part that decides nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine import inference
from engine.containers import Sequential
from engine.layers import Layer, Sigmoid
from engine.network import Network
from engine.preprocessing import to_network_input

SURE = 0.5  # a changed picture is that digit from this probability on
STRIDE = 0.12  # by how much one step changes the ink most
STEPS = 60
FEEBLE = 0.4  # of the steepest: less steep places are left alone, so that the change is a few strokes
PARTS = 64  # windows looked at in one batch


@dataclass(frozen=True)
class Change:
    """A picture changed until it is another digit. reached: whether it is; probability: how much it is."""

    digit: int
    ink: np.ndarray
    probability: float
    reached: bool
    steps: int


def evidence(network: Network, inks: np.ndarray, digit: int) -> np.ndarray:
    """How much speaks for a digit in each of inks (N, side, side): (N,)."""
    outputs = inference.run(inference.plan(_without_sigmoid(network)), _inputs(network, inks))
    return outputs @ _towards(digit, outputs.shape[1])


def gradient(network: Network, ink: np.ndarray, direction: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(outputs before softmax or sigmoid (labels,), how direction · outputs grows with each pixel's ink)."""
    outputs, backward = Sequential(_without_sigmoid(network)).forward(_inputs(network, ink[None]))
    dx, _ = backward(direction[None].astype(outputs.dtype))
    pad, scale = network.preprocessing.pad, np.float32(network.preprocessing.scale)
    side = ink.shape[0]
    return outputs[0], dx[0, pad : pad + side, pad : pad + side, 0] * scale


def strokes(network: Network, ink: np.ndarray, digit: int) -> np.ndarray:
    """Gradient × input, (side, side): above zero where ink speaks for the digit, below where against."""
    return gradient(network, ink, _towards(digit, len(network.labels)))[1] * ink


def occlusion(network: Network, ink: np.ndarray, digit: int) -> np.ndarray:
    """How much evidence each place holds, (side, side): what is lost when a window there is left blank.

    The windows have a fifth of the side and overlap by half; a pixel has the mean of its windows.
    """
    side = ink.shape[0]
    window = max(2, side // 5)
    corners = range(1 - window, side, max(1, window // 2))
    boxes = [(slice(max(0, y), y + window), slice(max(0, x), x + window)) for y in corners for x in corners]
    loss, seen = np.zeros_like(ink), np.zeros_like(ink)
    whole = evidence(network, ink[None], digit)[0]
    inked = [box for box in boxes if ink[box].any()]  # the others change nothing
    for first in range(0, len(inked), PARTS):
        part = inked[first : first + PARTS]
        covered = np.repeat(ink[None], len(part), axis=0)
        for picture, box in zip(covered, part, strict=True):
            picture[box] = 0
        for box, left in zip(part, evidence(network, covered, digit), strict=True):
            loss[box] += whole - left
    for box in boxes:
        seen[box] += 1
    return loss / seen


def turn_into(network: Network, ink: np.ndarray, digit: int) -> Change:
    """Change the ink as little as it takes for the network to read `digit`.

    Small steps along the gradient, smoothed as a pen is round; then the way back, as far as it still is that
    digit (by bisection).
    """
    before, now, step = ink, ink.copy(), 0
    while step < STEPS and not _is(network, now, digit):
        now = np.clip(now + STRIDE * _uphill(network, now, digit), 0, 1)
        step += 1
    reached = _is(network, now, digit)
    least, most = 0.0, 1.0
    for _ in range(7 if reached and step else 0):
        part = (least + most) / 2
        enough = _is(network, before + np.float32(part) * (now - before), digit)
        least, most = (least, part) if enough else (part, most)
    changed = before + np.float32(most) * (now - before)
    return Change(digit, changed, _probability(network, changed, digit), reached, step)


def smoothed(picture: np.ndarray) -> np.ndarray:
    """Each pixel and its neighbours weighted 1 2 1 across and down; zeros lie around the picture."""
    for axis in (0, 1):
        padded = np.pad(picture, [(1, 1) if i == axis else (0, 0) for i in (0, 1)])
        before, middle, after = (
            np.take(padded, range(i, i + picture.shape[axis]), axis=axis) for i in range(3)
        )
        picture = (before + 2 * middle + after) / np.float32(4)
    return picture


def _uphill(network: Network, ink: np.ndarray, digit: int) -> np.ndarray:
    """Where ink should be added (to 1) and taken away (to -1) to overtake the strongest other digit."""
    outputs, _ = gradient(network, ink, np.zeros(len(network.labels), np.float32))
    rival = int(np.argmax(np.where(np.arange(len(outputs)) == digit, -np.inf, outputs)))
    direction = np.zeros(len(outputs), np.float32)
    direction[digit], direction[rival] = 1, -1
    slope = gradient(network, ink, direction)[1]
    slope[((ink <= 0) & (slope < 0)) | ((ink >= 1) & (slope > 0))] = 0  # there is no room
    slope = smoothed(smoothed(slope))
    slope /= max(float(np.abs(slope).max()), 1e-12)
    return np.where(np.abs(slope) > FEEBLE, slope, np.float32(0))


def _is(network: Network, ink: np.ndarray, digit: int) -> bool:
    return _probability(network, ink, digit) >= SURE


def _probability(network: Network, ink: np.ndarray, digit: int) -> float:
    return float(network.probabilities(_inputs(network, ink[None]))[0, digit])


def _towards(digit: int, count: int) -> np.ndarray:
    """One digit's output minus the mean of the others'."""
    direction = np.full(count, -1 / (count - 1), np.float32)
    direction[digit] = 1
    return direction


def _without_sigmoid(network: Network) -> list[Layer]:
    last = isinstance(network.layers[-1], Sigmoid)
    return network.layers[:-1] if last else network.layers


def _inputs(network: Network, inks: np.ndarray) -> np.ndarray:
    return to_network_input(np.asarray(inks, np.float32), network.preprocessing)

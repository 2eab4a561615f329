"""A digit imagined: gray noise changed, step by step, into what a network takes for that digit most of all.

Left alone, gradient ascent finds noise that networks fall for. What keeps it near a drawing: the picture is
moved a little before each step (what helps only at one exact place is lost), it fades (only ink that keeps
helping stays) and it is smoothed now and then (a pen is round).
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np

from engine.network import Network
from engine.preprocessing import to_network_input
from engine.saliency import gradient, smoothed

STEPS = 80
STRIDE = 0.15  # by how much the first step changes the ink, in root mean square over the picture
FADE = 0.97
JITTER = 2  # pixels
SMOOTH_EVERY = 4
FINE = 16  # pixels: smoothing a picture of a smaller side would leave nothing


@dataclass(frozen=True)
class Dream:
    """One step. ink: (side, side) from 0 to 1; probability: how much of the digit the network sees in it."""

    digit: int
    step: int
    steps: int
    ink: np.ndarray
    probability: float


def imagine(network: Network, digit: int, seed: int = 0, steps: int = STEPS) -> Generator[Dream]:
    """Climb towards a digit from noise; step 0 is the noise itself. The same seed gives the same dream."""
    rng = np.random.default_rng(seed)
    side, count = network.preprocessing.size, len(network.labels)
    ink = 0.1 * rng.random((side, side), dtype=np.float32)
    direction = np.full(count, -1 / (count - 1), np.float32)
    direction[digit] = 1
    yield _dream(network, digit, 0, steps, ink)
    for step in range(1, steps + 1):
        ink = _climb(network, ink, direction, rng, STRIDE * (1 - 0.7 * step / steps))
        if step % SMOOTH_EVERY == 0 and step < steps and side >= FINE:
            ink = smoothed(ink)
        yield _dream(network, digit, step, steps, ink)


def _climb(
    network: Network, ink: np.ndarray, direction: np.ndarray, rng: np.random.Generator, stride: float
) -> np.ndarray:
    """One step uphill, from a picture that was moved by a few pixels and is moved back after it."""
    most = JITTER * ink.shape[0] // 28
    down, right = (int(rng.integers(-most, most + 1)) for _ in range(2))
    moved = np.roll(ink, (down, right), (0, 1))
    _, slope = gradient(network, moved, direction)
    if len(ink) >= FINE:
        slope = smoothed(slope)
    length = float(np.sqrt(np.mean(slope * slope)))
    moved = np.clip(FADE * moved + np.float32(stride / max(length, 1e-12)) * slope, 0, 1)
    return np.roll(moved, (-down, -right), (0, 1))


def _dream(network: Network, digit: int, step: int, steps: int, ink: np.ndarray) -> Dream:
    probability = network.probabilities(to_network_input(ink[None], network.preprocessing))[0, digit]
    return Dream(digit, step, steps, ink, float(probability))

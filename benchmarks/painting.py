"""`python -m benchmarks.painting`: learning to colour from one pair, against the article's loop over pixels.

First what the presets come to, on the two photos that scikit-learn brings and on any others that are named,
then how long an epoch takes. The loop is ours, written as the article tells it ("BP neural network: from
NumPy to TensorFlow 2", CSDN 2021): for each pixel its neighbourhood, with zeros beyond the edge, then the
sums, the sigmoids and the four corrections as small matrices in float64. It is leaner than the one that took
4.5 s when the aims were set, so both ratios are printed.
"""

from __future__ import annotations

from benchmarks import machine

if __name__ == "__main__":
    machine.start_fairly()

import argparse
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from sklearn.datasets import load_sample_images

from benchmarks.timing import in_turns
from engine.images import Picture
from engine.initializers import lecun
from engine.losses import squared_error
from engine.network import Network
from engine.optimizers import SGD
from engine.painting import PRESETS, Choices, Learnt, Pair, learn, pair_of
from engine.pixel_networks import new_network
from engine.pixel_steps import PixelSteps
from engine.preprocessing import to_network_input
from engine.rules import backpropagation

HEIGHT, WIDTH = 144, 151  # the article's picture
ARTICLE_SECONDS = 4.5  # an epoch of the article's loop by this project's first measurement, elsewhere

WAYS: dict[str, Choices] = {
    **{name: preset.choices for name, preset in PRESETS.items()},
    "repaired, 8 neighbours": replace(PRESETS["repaired"].choices, neighbourhood="8 neighbours"),
    "repaired, 24 neighbours": replace(PRESETS["repaired"].choices, neighbourhood="24 neighbours"),
    "repaired, one pixel a step": replace(PRESETS["repaired"].choices, batch=1, epochs=10),
}


# --- the article's loop -----------------------------------------------------------------------------------


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


class LoopNetwork:
    """5-64-3, learning one pixel at a time; it starts from given arrays (copied as float64)."""

    def __init__(self, arrays: list[np.ndarray]) -> None:
        self.w1, self.b1, self.w2, self.b2 = (np.array(array, np.float64, ndmin=2) for array in arrays)

    def learn_pixel(self, x: np.ndarray, colour: np.ndarray, rate: float) -> float:
        """x (1, 5) and colour (1, 3), 0 to 1; the squared error before the step."""
        hidden = sigmoid(np.dot(x, self.w1) + self.b1)
        output = sigmoid(np.dot(hidden, self.w2) + self.b2)
        error = output - colour
        output_slope = error * output * (1 - output)
        hidden_slope = np.dot(output_slope, self.w2.T) * hidden * (1 - hidden)
        self.w2 -= rate * np.dot(hidden.T, output_slope)
        self.b2 -= rate * output_slope
        self.w1 -= rate * np.dot(x.T, hidden_slope)
        self.b1 -= rate * hidden_slope
        return 0.5 * float(np.sum(error**2))


def neighbourhood(gray: np.ndarray, i: int, j: int) -> np.ndarray:
    """The pixel and those above, left, right and below it, zero beyond the edge: (1, 5)."""
    values = []
    for row, column in ((i - 1, j), (i, j - 1), (i, j), (i, j + 1), (i + 1, j)):
        inside = 0 <= row < gray.shape[0] and 0 <= column < gray.shape[1]
        values.append(gray[row, column] / 255 if inside else 0)
    return np.array([values])


def loop_epoch(network: LoopNetwork, pair: Pair, rate: float = 1.0) -> float:
    """Learn every pixel once, in reading order; the mean loss."""
    total = 0.0
    height, width = pair.gray.shape
    for i in range(height):
        for j in range(width):
            colour = pair.colour[i, j].reshape(1, 3) / 255
            total += network.learn_pixel(neighbourhood(pair.gray, i, j), colour, rate)
    return total / (height * width)


# --- the contest ------------------------------------------------------------------------------------------


def engine_epoch(network: Network, pair: Pair, batch: int) -> Callable[[], float]:
    """An epoch of the engine's, with all that it does from the bytes of the pictures on."""
    steps = PixelSteps(network, squared_error, SGD(1.0), batch)

    def epoch() -> float:
        x = to_network_input(pair.gray[None], network.preprocessing)
        return steps.learn(x, pair.colour.reshape(-1, 3) * np.float32(1 / 255)) / len(x)

    return epoch


def layers_epoch(network: Network, pair: Pair, batch: int) -> Callable[[], float]:
    """The same by way of the layers, as every other network is trained."""
    optimizer, parameters = SGD(1.0), network.parameters

    def epoch() -> float:
        x = to_network_input(pair.gray[None], network.preprocessing)
        colours, total = pair.colour.reshape(-1, 3) * np.float32(1 / 255), 0.0
        for first in range(0, len(x), batch):
            part = slice(first, first + batch)
            value, gradients = backpropagation(network, x[part], colours[part], squared_error)
            optimizer.step(parameters, gradients)
            total += value * len(x[part])
        return total / len(x)

    return epoch


def start() -> Network:
    return new_network("4 neighbours", 64, lecun, np.random.default_rng(0))


def agree(pair: Pair) -> None:
    """All ways compute the same: after an epoch over a corner of the picture the weights are alike."""
    corner = Pair(pair.gray[:20, :20], pair.colour[:20, :20])
    network, loops = start(), LoopNetwork(list(start().parameters.values()))
    ours, theirs = engine_epoch(network, corner, 1)(), loop_epoch(loops, corner)
    np.testing.assert_allclose(ours, theirs, rtol=1e-3)
    arrays = (loops.w1, loops.b1[0], loops.w2, loops.b2[0])
    for found, expected in zip(network.parameters.values(), arrays, strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-3)


def speed(pair: Pair, rounds: int) -> Iterator[str]:
    loops = LoopNetwork(list(start().parameters.values()))
    jobs: dict[str, Callable[[], float]] = {
        "a loop over pixels, as the article tells it": lambda: loop_epoch(loops, pair),
        "the engine's layers, 64 pixels a step": layers_epoch(start(), pair, 64),
        "engine, one pixel a step": engine_epoch(start(), pair, 1),
        "engine, 64 pixels a step": engine_epoch(start(), pair, 64),
    }
    times = in_turns(jobs, rounds)
    loop = next(iter(times.values()))
    yield f"| one epoch over {WIDTH} × {HEIGHT} pixels | least | median | loop ÷ this | 4.5 s ÷ this |"
    yield "|---|---|---|---|---|"
    for name, timing in times.items():
        ratio, article = loop.minimum / timing.minimum, ARTICLE_SECONDS / timing.minimum
        yield f"| {name} | {timing.minimum:.3f} s | {timing.median:.3f} s | {ratio:.1f} × | {article:.1f} × |"


# --- the presets ------------------------------------------------------------------------------------------


def photos(paths: list[Path]) -> dict[str, Picture]:
    """scikit-learn's two photos and those named."""
    samples = load_sample_images()
    own = {Path(name).name: image for name, image in zip(samples.filenames, samples.images, strict=True)}
    return own | {path.name: path for path in paths}


def quality(paths: list[Path]) -> Iterator[str]:
    """The PSNR of each photo, brought to 151 pixels, after each preset's epochs."""
    words = [f"{name}, {choices.epochs} epochs" for name, choices in WAYS.items()]
    yield f"| PSNR, dB | gray | {' | '.join(words)} |"
    yield "|---|---" + "|---" * len(words) + "|"
    for name, photo in photos(paths).items():
        pair = pair_of(photo, longest=WIDTH)
        cells = [f"{pair.gray_psnr:.1f}"]
        for choices in WAYS.values():
            *_, last = learn(pair, choices)
            assert isinstance(last, Learnt)
            cells.append(f"{last.look.psnr:.1f}")
        yield f"| {name} | {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", nargs="*", type=Path, help="further photos to learn from")
    parser.add_argument("--rounds", type=int, default=5, help="of the measuring of speed")
    parser.add_argument("--speed-alone", action="store_true", help="do not learn from photos")
    arguments = parser.parse_args()
    print("\n".join(machine.description()), flush=True)
    print(flush=True)
    for line in () if arguments.speed_alone else (*quality(arguments.photos), ""):
        print(line, flush=True)
    picture = load_sample_images().images[0][: HEIGHT * 2 : 2, : WIDTH * 2 : 2]
    pair = pair_of(np.ascontiguousarray(picture))
    agree(pair)
    for line in speed(pair, arguments.rounds):
        print(line, flush=True)


if __name__ == "__main__":
    main()

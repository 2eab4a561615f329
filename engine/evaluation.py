"""How well a digit network reads: on each set that is on this machine, and on pen strokes drawn in many ways.

Nothing here is ever trained on. The sets of pen strokes are drawn as the page's pad draws them and go through
the app's own preprocessing, so that a figure stands for what a visitor meets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np

from engine import datasets
from engine.datasets import Dataset, DataUnavailable
from engine.digit_corpus import held_out_pendigits
from engine.ink import fit_digit
from engine.network import Network
from engine.recipes import Recipe
from engine.strokes import StrokeSample, load_strokes, render
from engine.validation import accuracy

SIZES = 8, 28  # pixels of a side of the digits that test sets have
PAD = 280  # the pad's side in pixels
PEN = 14.0  # its pen
LENGTH = 200.0  # the longer side of a digit drawn in the middle of it


def measure(network: Network, recipe: Recipe | None = None) -> dict[str, float]:
    """Accuracy (0 to 1) by set, for those sets that are here; of a network that reads digits in one of
    `SIZES`.
    """
    size = network.preprocessing.size
    figures: dict[str, float] = {}
    for name, make in _sets(size, recipe).items():
        try:
            figures[name] = round(accuracy(network, make()), 5)
        except DataUnavailable:
            continue
    if size == 28 and network.name == "digits":
        figures |= _placements(network)
    return figures


def _sets(size: int, recipe: Recipe | None) -> dict[str, Callable[[], Dataset]]:
    if size == 8:
        return {"digits-8x8 test": lambda: datasets.load("digits-8x8").test}
    sets: dict[str, Callable[[], Dataset]] = {"MNIST test": _mnist_test}
    if recipe is not None and recipe.test_images:
        first = recipe.test_images
        sets = {f"MNIST test, first {first}": lambda: _mnist_test().take(first)}
    return sets | {
        "MNIST test through the pad's preprocessing": _mnist_fitted,
        "digits-8x8 scaled up": scaled_up_8x8,
        "unipen_validation": lambda: drawn(load_strokes(_file("unipen_validation.npz")), "unipen_validation"),
        "hwd1000_validation": _hwd1000,
        "pendigits, five unseen writers": lambda: drawn(held_out_pendigits(), "pendigits"),
    }


def _file(name: str) -> Path:
    path = datasets.data_folder() / "digits" / name
    if not path.is_file():
        raise DataUnavailable(f"{path.name} is not in {path.parent}")
    return path


def _mnist_test() -> Dataset:
    if not datasets.available("mnist"):
        raise DataUnavailable("MNIST is not on this machine")
    return datasets.load("mnist").test


def _fitted(pictures: Iterator[np.ndarray] | np.ndarray, labels: np.ndarray, name: str) -> Dataset:
    return Dataset(np.stack([fit_digit(ink) for ink in pictures]), labels.astype(np.int64), name)


def _mnist_fitted() -> Dataset:
    test = _mnist_test()
    return _fitted(test.images, test.labels, "MNIST test, fitted")


def scaled_up_8x8() -> Dataset:
    """scikit-learn's 8 × 8 digits (all of them) as 80 × 80 ink: always here, offline."""
    splits = datasets.load("digits-8x8")
    parts = (splits.train, splits.validation, splits.test)
    images = np.concatenate([part.images for part in parts])
    labels = np.concatenate([part.labels for part in parts])
    large = (cv2.resize(image, (80, 80), interpolation=cv2.INTER_CUBIC) for image in images)
    return _fitted((np.pad(image, 10) for image in large), labels, "digits-8x8 scaled up")


def _hwd1000() -> Dataset:
    with np.load(_file("hwd1000_validation.npz"), allow_pickle=False) as file:
        return _fitted(255 - file["images"], file["labels"], "hwd1000_validation")


def drawn(
    samples: list[StrokeSample],
    name: str,
    place: tuple[float, float] = (0.5, 0.5),
    length: float = LENGTH,
    pen: float = PEN,
) -> Dataset:
    """Samples drawn on the pad: `place` is where the digit's middle lies in what room there is, from 0 to
    1.
    """
    inks = (on_pad(sample, place, length, pen) for sample in samples)
    return _fitted(inks, np.array([sample.label for sample in samples]), name)


def on_pad(
    sample: StrokeSample, place: tuple[float, float] = (0.5, 0.5), length: float = LENGTH, pen: float = PEN
) -> np.ndarray:
    """Ink (280, 280) of one sample, its longer side `length` pixels between the middles of the pen."""
    points = np.concatenate(list(sample.strokes))
    low, high = points.min(0), points.max(0)
    scale = length / max(float((high - low).max()), 1e-6)
    size = (high - low) * scale
    room = PAD - size - pen - 2
    origin = pen / 2 + 1 + room * np.array(place)
    return render([(stroke - low) * scale + origin for stroke in sample.strokes], pen, PAD)


def _placements(network: Network) -> dict[str, float]:
    """The centred rendering of unseen writers, and the worst of nine places, three sizes and three pens."""
    try:
        samples = held_out_pendigits()
    except DataUnavailable:
        return {}
    results = {}
    for place in [(x, y) for y in (0.0, 0.5, 1.0) for x in (0.0, 0.5, 1.0)]:
        for length in (100.0, 150.0, LENGTH):
            for pen in (10.0, 14.0, 20.0):
                results[place, length, pen] = accuracy(network, drawn(samples, "", place, length, pen))
    return {
        "pendigits, worst of 81 ways of drawing": round(min(results.values()), 5),
        "pendigits, mean of 81 ways of drawing": round(float(np.mean(list(results.values()))), 5),
    }

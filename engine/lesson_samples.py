"""What a network is shown again in a lesson, and what it is examined on: pictures that are always at hand.

The pictures to be shown again are made here: hand-made shapes, drawn by many hands and then distorted. What
they show does not matter, as the network's own answers to them are what it shall keep; what matters is that
they are as unlike one another as what it has learnt from. Measured, they hold MNIST better than as many
pictures of MNIST itself do. The examination is MNIST's where that is on this machine, from the 5,000 that are
kept to tune on; elsewhere other drawn digits. 8×8 networks have scikit-learn's digits for both. The test sets
are never touched.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np

from engine import datasets, strokes
from engine.augmentation import augment
from engine.datasets import Dataset, DataUnavailable, concatenate
from engine.digit_corpus import SHAPED
from engine.digit_shapes import shapes
from engine.ink import fit_digit

DRAWN, DISTORTED = 600, 10  # digits that are drawn for the replay, and how often each is distorted
EXAMINED, EXAMINED_DRAWN = 5000, 1000  # pictures of MNIST, or drawn ones
PEN = (0.05, 0.12)  # of a digit's longer side: as the page's pad draws
SIZES = (28, 8)

_lock = threading.Lock()  # two visitors who teach at once wait for one drawing of the pictures
_made: dict[int, Samples] = {}


@dataclass(frozen=True, eq=False)
class Samples:
    """Pictures to be shown again, and others for the examination; `told` says what those are."""

    replay: Dataset
    examination: Dataset
    told: str


def samples(size: int = 28) -> Samples:
    """The samples for networks that read size×size pictures, the same at each call, for all visitors.

    ValueError for a size that no data are for.
    """
    if size not in SIZES:
        raise ValueError(f"there are no pictures of {size}×{size} pixels to show again, only 28×28 and 8×8")
    with _lock:
        if size not in _made:
            _made[size] = _small() if size == 8 else Samples(_replay(), *_examination())
        return _made[size]


def _replay() -> Dataset:
    digits = drawn(DRAWN, seed=1)
    rng = np.random.default_rng(1)
    distorted = np.concatenate([augment(digits.images, rng) for _ in range(DISTORTED)])
    return Dataset(distorted, np.tile(digits.labels, DISTORTED), digits.name)


def _examination() -> tuple[Dataset, str]:
    if datasets.available("mnist"):
        try:
            return datasets.load("mnist").validation.take(EXAMINED), f"{EXAMINED:,} pictures of MNIST"
        except DataUnavailable:  # the files are here, but damaged
            pass
    return drawn(EXAMINED_DRAWN, seed=2), f"{EXAMINED_DRAWN:,} digits that this app has drawn"


def _small() -> Samples:
    """Every other digit is examined; the network has learnt some of them, and shall not forget them."""
    splits = datasets.load("digits-8x8")
    whole = concatenate((splits.train, splits.validation, splits.test), "digits-8x8")
    order = np.arange(len(whole))
    replay, examination = whole.subset(order[::2]), whole.subset(order[1::2])
    return Samples(replay, examination, f"{len(examination)} of scikit-learn's 8×8 digits")


def drawn(count: int, seed: int) -> Dataset:
    """Hand-made shapes as different hands and pens draw them, each digit equally often, fitted to 28×28."""
    rng = np.random.default_rng(seed)
    ways = {digit: [way for way, kind in shapes() if kind == digit] for digit in range(10)}
    labels = np.arange(count, dtype=np.int64) % 10
    pictures = []
    for digit in labels.tolist():
        way = ways[digit][int(rng.integers(len(ways[digit])))]
        pictures.append(fit_digit(strokes.draw(strokes.vary(way, rng, SHAPED), rng, PEN)))
    return Dataset(np.stack(pictures), labels, "drawn digits")

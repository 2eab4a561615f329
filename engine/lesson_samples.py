"""What a network is shown again in a lesson, and what it is examined on: pictures that are always at hand.

The pictures to be shown again are made here: hand-made shapes, drawn by many hands and then distorted. What
they show does not matter, as the network's own answers to them are what it shall keep; what matters is that
they are as unlike one another as what it has learnt from. Where MNIST is on this machine, pictures of it join
them, from the 55,000 to train on, and the examination is the 5,000 that are kept to tune on; elsewhere it is
other drawn digits. Both are distorted a little, because a network that has learnt them by heart would not
show what it forgets. 8×8 networks have scikit-learn's digits for both. The test sets are never touched.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace

import numpy as np

from engine import datasets, strokes
from engine.augmentation import STRONG, Strength, augment
from engine.datasets import Dataset, DataUnavailable, Splits, concatenate
from engine.digit_corpus import SHAPED
from engine.digit_shapes import shapes
from engine.ink import fit_digit

DRAWN, DISTORTED = 600, 10  # digits that are drawn for the replay, and how often each is distorted
WITH_MNIST = (5, 6000)  # where MNIST is here: how often each is, and how many pictures of MNIST join them
EXAMINED, EXAMINED_DRAWN = 5000, 1000  # pictures of MNIST, or drawn ones
LITTLE = replace(
    STRONG,
    shift=0.5,
    scale=0.03,
    stretch=0.04,
    rotation=0.05,
    shear=0.06,
    elastic=0.3,
    pen=0.08,
    gamma=0.1,
    fading=10.0,
    blurred=0.0,
    noisy=0.0,
    specked=0.0,
    torn=0.0,
)
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
            _made[size] = _small() if size == 8 else _usual()
        return _made[size]


def _usual() -> Samples:
    mnist = _mnist()
    if mnist is None:
        examination = drawn(EXAMINED_DRAWN, seed=2)
        return Samples(_replay(DISTORTED), examination, f"{EXAMINED_DRAWN:,} digits that this app has drawn")
    times, count = WITH_MNIST
    chosen = np.random.default_rng(0).permutation(len(mnist.train))[:count]
    both = concatenate((_replay(times), distorted(mnist.train.subset(chosen), LITTLE, seed=3)), "replay")
    shuffled = both.subset(np.random.default_rng(4).permutation(len(both)))
    examination = distorted(mnist.validation.take(EXAMINED), LITTLE, seed=5)
    return Samples(shuffled, examination, f"{EXAMINED:,} pictures of MNIST, a little distorted,")


def _mnist() -> Splits | None:
    """MNIST where it is on this machine; nothing is downloaded for a lesson."""
    try:
        return datasets.load("mnist") if datasets.available("mnist") else None
    except DataUnavailable:  # the files are here, but damaged
        return None


def _replay(times: int) -> Dataset:
    digits = drawn(DRAWN, seed=1)
    parts = [distorted(digits, STRONG, seed=10 + i) for i in range(times)]
    return concatenate(parts, digits.name)


def distorted(data: Dataset, strength: Strength, seed: int) -> Dataset:
    """Each picture once, as another hand might have written it."""
    images = augment(data.images, np.random.default_rng(seed), strength)
    return Dataset(images, data.labels, data.name)


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

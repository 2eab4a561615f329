"""What the shipped `digits` network learns from: an endless stream of digits from four sources.

MNIST's first 55,000 pictures; USPS's zip codes; the pen ways of 25 of pendigits' 30 writers, drawn anew at
every visit with another hand and another pen; and the hand-made variants of `engine.digit_shapes`. Most
pictures pass through the product's own `engine.ink.fit_digit`, the rest keep a bad crop, so that the network
forgives one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from engine import datasets, strokes
from engine.augmentation import STRONG, augment, distort
from engine.datasets import DataUnavailable
from engine.digit_shapes import shapes
from engine.ink import fit_digit
from engine.strokes import Hand, StrokeSample

SIZE = 28
PENDIGITS_SOURCE = (
    "UCI's Pen-Based Recognition of Handwritten Digits (its original, unresampled trajectories)"
)
USPS_SOURCE = "the USPS zip code digits of The Elements of Statistical Learning"
HELD_OUT_WRITERS = 5

# Behind fit_digit a shift changes nothing, and grain would be taken for ink: that comes after it.
BEFORE_FIT = replace(STRONG, shift=0.0, noisy=0.0)
SHAPED = Hand(rotation=0.11, slant=0.18, stretch=0.18, warp=0.033, tremble=0.007, joints=0.02, ends=0.06)


@dataclass(frozen=True)
class Mixture:
    """How many of a batch's pictures come from where, and what share of them is treated how."""

    mnist: float = 0.56
    pendigits: float = 0.26
    usps: float = 0.10
    shapes: float = 0.08
    plain: float = 0.12  # of MNIST: as it is, but for a shift by a pixel
    fitted: float = 0.85  # of the rest: through fit_digit

    def counts(self, batch_size: int) -> tuple[int, int, int, int]:
        """Pictures per batch of MNIST, pendigits, USPS and shapes; MNIST takes what rounding leaves."""
        total = self.mnist + self.pendigits + self.usps + self.shapes
        rest = [round(batch_size * share / total) for share in (self.pendigits, self.usps, self.shapes)]
        return batch_size - sum(rest), rest[0], rest[1], rest[2]


SETTLING = Mixture(mnist=0.64, pendigits=0.24, usps=0.05, shapes=0.07, plain=0.4)  # at the end: milder


class DigitCorpus:
    """`batch(step)` depends on seed and step alone: it is the same in every run, thread and process."""

    def __init__(
        self,
        data_folder: Path | None = None,
        seed: int = 0,
        batch_size: int = 128,
        mixture: Mixture = Mixture(),
    ) -> None:
        self.seed, self.batch_size, self.mixture = seed, batch_size, mixture
        self.counts = mixture.counts(batch_size)
        self.mnist = datasets.load("mnist").train  # the first 55,000
        self.usps = _usps(_data_file("usps_train.npz", USPS_SOURCE, data_folder))
        self.pendigits, _ = _pendigits(data_folder)
        self.shapes = shapes()
        self.sizes = (len(self.mnist), len(self.pendigits), len(self.usps), len(self.shapes))

    def __len__(self) -> int:
        """How many different originals there are."""
        return sum(self.sizes)

    def batch(self, step: int) -> tuple[np.ndarray, np.ndarray]:
        """Images (B, 28, 28) uint8 and labels (B,) int64 of one step."""
        rng = np.random.default_rng((self.seed, step))
        mnist, pen, usps, shaped = (
            _shuffled(size, self.seed + number, step * count, count)
            for number, (size, count) in enumerate(zip(self.sizes, self.counts, strict=True))
        )
        plain = round(len(mnist) * self.mixture.plain)
        pictures = [
            _nudged(self.mnist.images[mnist[:plain]], rng),
            self._from_pictures(self.mnist.images[mnist[plain:]], rng),
            self._from_pictures(self.usps.images[usps], rng),
            self._from_strokes([self.pendigits[i].strokes for i in pen], strokes.STEADY, rng),
            self._from_strokes([self.shapes[i][0] for i in shaped], SHAPED, rng),
        ]
        labels = [
            self.mnist.labels[mnist],
            self.usps.labels[usps],
            [self.pendigits[i].label for i in pen],
            [self.shapes[i][1] for i in shaped],
        ]
        order = rng.permutation(self.batch_size)
        return np.concatenate(pictures)[order], np.concatenate(labels).astype(np.int64)[order]

    def _from_pictures(self, images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        fitted = round(len(images) * self.mixture.fitted)
        fit = [fit_digit(picture) for picture in distort(images[:fitted], rng, BEFORE_FIT)]
        return np.concatenate([_settled(_stack(fit), rng), augment(images[fitted:], rng)])

    def _from_strokes(
        self, samples: list[strokes.Strokes], hand: Hand, rng: np.random.Generator
    ) -> np.ndarray:
        inks = [strokes.draw(strokes.vary(sample, rng, hand), rng) for sample in samples]
        fitted = round(len(inks) * self.mixture.fitted)
        loose = [_loosely_placed(ink, rng) for ink in inks[fitted:]]
        return np.concatenate(
            [_settled(_stack([fit_digit(ink) for ink in inks[:fitted]]), rng), _stack(loose)]
        )


def held_out_pendigits(
    data_folder: Path | None = None, writers: int = HELD_OUT_WRITERS, samples: int = 1000
) -> list[StrokeSample]:
    """Digits of the last `writers` writers, whom the corpus never shows: the test of unseen hands."""
    _, held_out = _pendigits(data_folder, writers)
    order = np.random.default_rng(0).permutation(len(held_out))[:samples]
    return [held_out[i] for i in sorted(order)]


# --- the sources --------------------------------------------------------------------------------------------


def _pendigits(
    folder: Path | None, writers: int = HELD_OUT_WRITERS
) -> tuple[list[StrokeSample], list[StrokeSample]]:
    """Pendigits of the writers to learn from, and of the last `writers` to be kept apart."""
    samples = strokes.load_strokes(_data_file("pendigits_train.npz", PENDIGITS_SOURCE, folder))
    hidden = set(sorted({sample.writer for sample in samples}, key=int)[-writers:])
    return [s for s in samples if s.writer not in hidden], [s for s in samples if s.writer in hidden]


def _usps(path: Path) -> datasets.Dataset:
    """USPS digits, which fill their 16x16, brought to MNIST's 20 pixels within 28."""
    with np.load(path, allow_pickle=False) as file:
        images, labels = file["images"], file["labels"].astype(np.int64)
    large = [cv2.resize(image, (20, 20), interpolation=cv2.INTER_CUBIC) for image in images]
    return datasets.Dataset(np.pad(np.stack(large), ((0, 0), (4, 4), (4, 4))), labels, "usps")


def _data_file(name: str, source: str, folder: Path | None) -> Path:
    path = (folder or datasets.data_folder()) / "digits" / name
    if not path.is_file():
        raise DataUnavailable(
            f"Training the digits network needs {path}, made from {source}. Let PAINT_BY_NUMPY_DATA name the "
            "folder that holds it in digits."
        )
    return path


def _shuffled(size: int, seed: int, begin: int, count: int) -> np.ndarray:
    """`count` entries from `begin` on of an endless row in which each run of `size` is a new order of all."""
    positions = np.arange(begin, begin + count)
    rounds = positions // size
    parts = [_order(size, seed, int(turn))[positions[rounds == turn] % size] for turn in np.unique(rounds)]
    return np.concatenate(parts) if parts else positions


@lru_cache(maxsize=16)
def _order(size: int, seed: int, turn: int) -> np.ndarray:
    return np.random.default_rng((seed, size, turn)).permutation(size)


# --- placing ------------------------------------------------------------------------------------------------


def _stack(pictures: list[np.ndarray]) -> np.ndarray:
    return np.stack(pictures) if pictures else np.zeros((0, SIZE, SIZE), np.uint8)


def _nudged(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Each picture moved by -1, 0 or 1 pixels both ways; MNIST's margin is wide enough for that."""
    moves = rng.integers(-1, 2, (len(images), 2))
    return _stack([np.roll(image, move, (0, 1)) for image, move in zip(images, moves, strict=True)])


def _settled(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Fitted pictures with the small errors of a fit: half of them moved by whole pixels, half resampled."""
    whole = len(images) // 2
    jitter = rng.uniform(-1, 1, (len(images) - whole, 4)) * (0.05, 0.05, 1.0, 1.0)
    resampled = [
        _resampled(image, *values) for image, values in zip(images[whole:], jitter.tolist(), strict=True)
    ]
    settled = np.concatenate([_nudged(images[:whole], rng), _stack(resampled)])
    for i in np.flatnonzero(rng.random(len(settled)) < 0.08):
        grain = rng.normal(0, rng.uniform(2, 16), settled[i].shape)
        settled[i] = np.clip(settled[i] + grain, 0, 255).astype(np.uint8)
    return settled


def _resampled(image: np.ndarray, wider: float, higher: float, right: float, down: float) -> np.ndarray:
    """Scaled about the middle by 1 + `wider`, 1 + `higher` and moved by fractions of a pixel."""
    middle = (SIZE - 1) / 2
    matrix = np.array([[1 + wider, 0, right - wider * middle], [0, 1 + higher, down - higher * middle]])
    return cv2.warpAffine(image, matrix, (SIZE, SIZE), flags=cv2.INTER_CUBIC)


def _loosely_placed(ink: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Ink in 28x28 without a fit: 15 to 24 pixels long, up to 2 pixels off the middle, whatever its pen."""
    scale = rng.uniform(15, 24) / max(ink.shape)
    height, width = (max(3, round(side * scale)) for side in ink.shape)
    small = cv2.resize(ink, (width, height), interpolation=cv2.INTER_AREA)
    darkest = max(int(small.max()), 1)
    if darkest < 200:  # a hairline pales as it shrinks
        small = cv2.convertScaleAbs(small, alpha=200 / darkest)
    down, right = rng.integers(-2, 3, 2)
    top, left = (SIZE - height) // 2 + down, (SIZE - width) // 2 + right
    picture = np.zeros((SIZE, SIZE), np.uint8)
    picture[top : top + height, left : left + width] = small
    return picture

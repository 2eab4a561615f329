"""Where handwritten digits come from: the ways of pens by writer, hand-made shapes, and small pictures."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from engine import datasets
from engine.digit_corpus import DigitCorpus, held_out_pendigits
from engine.digit_shapes import shapes
from engine.hurried_shapes import HURRIED
from engine.strokes import Strokes, StrokeSample, smooth

EVERY = 10**9  # samples: all there are


@dataclass(frozen=True, eq=False)
class Sources:
    """Digits to compose numbers from.

    writers: for each writer their ways of writing 0 to 9, as strokes; none may be empty. shapes: hand-made
    ways of writing 0 to 9, as strokes. pictures: for 0 to 9, (N, 28, 28) uint8, ink bright; N may be 0.
    """

    writers: tuple[tuple[tuple[Strokes, ...], ...], ...]
    shapes: tuple[tuple[Strokes, ...], ...]
    pictures: tuple[np.ndarray, ...]


@lru_cache(maxsize=2)
def training_sources(folder: Path | None = None) -> Sources:
    """What the reader of numbers learns from: 25 writers of pendigits, MNIST's first 55,000, USPS, shapes.

    DataUnavailable where these are not in the folder that PAINT_BY_NUMPY_DATA names.
    """
    corpus = DigitCorpus(folder)
    images = np.concatenate([corpus.mnist.images, corpus.usps.images])
    labels = np.concatenate([corpus.mnist.labels, corpus.usps.labels])
    return Sources(by_writer(corpus.pendigits), hand_made(), _by_digit(images, labels))


@lru_cache(maxsize=2)
def tuning_sources(folder: Path | None = None) -> Sources:
    """What it is tuned on: five other writers of pendigits, MNIST's last 5,000, and no hand-made shapes."""
    held_out = datasets.load("mnist").validation
    writers = by_writer(held_out_pendigits(folder, samples=EVERY))
    return Sources(writers, (), _by_digit(held_out.images, held_out.labels))


def hand_made_sources() -> Sources:
    """Those that are always there: the hand-made shapes alone."""
    return Sources((hand_made(),), (), tuple(np.zeros((0, 28, 28), np.uint8) for _ in range(10)))


def by_writer(samples: list[StrokeSample]) -> tuple[tuple[tuple[Strokes, ...], ...], ...]:
    """The samples of each writer, by digit; a writer who lacks a digit borrows everybody's."""
    everybody = tuple(tuple(s.strokes for s in samples if s.label == digit) for digit in range(10))
    writers = []
    for name in sorted({sample.writer for sample in samples}):
        own = [sample for sample in samples if sample.writer == name]
        mine = (tuple(s.strokes for s in own if s.label == digit) for digit in range(10))
        writers.append(tuple(some or everybody[digit] for digit, some in enumerate(mine)))
    return tuple(writers)


def hand_made() -> tuple[tuple[Strokes, ...], ...]:
    """`engine.digit_shapes` and `engine.hurried_shapes` by digit."""
    ways = shapes() + [
        ([smooth(np.array(way, np.float32)) for way in variant], digit)
        for digit, variants in HURRIED.items()
        for variant in variants
    ]
    return tuple(tuple(strokes for strokes, digit in ways if digit == wanted) for wanted in range(10))


def _by_digit(images: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, ...]:
    return tuple(images[labels == digit] for digit in range(10))

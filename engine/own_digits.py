"""One person's digits: drawings with their labels, some of them kept aside to see how well they are read.

A set travels as one `.npz` file: `images` (N, 28, 28) uint8, ink bright on 0, and `labels` (N,) uint8. A file
comes from anywhere, so nothing in it is trusted: it is read as a network's file is (`engine.checkpoint`),
without pickles and within bounds, and has exactly these two arrays.
"""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from engine.checkpoint import read_arrays
from engine.datasets import Dataset
from engine.ink import fit_digit

SIDE = 28
MOST = 500  # digits in a set
EVERY = 3  # of each kind's digits every third is kept aside
MOST_BYTES = 1 << 20  # of a file, and of what it unpacks to
ARRAYS = ("images", "labels")


class OwnDigitsError(ValueError):
    """Digits that can't be used; the text says what was expected and what was found."""


@dataclass(frozen=True, eq=False)
class OwnDigit:
    """One drawing. number: its name within the set, which stays. picture: (28, 28) uint8, fitted."""

    number: int
    picture: np.ndarray
    label: int


@dataclass(frozen=True, eq=False)
class OwnDigits:
    """Drawings in the order in which they came. Nothing changes in place: each change is a new set."""

    digits: tuple[OwnDigit, ...] = ()
    made: int = 0  # so many numbers were given away

    def __len__(self) -> int:
        return len(self.digits)

    def __iter__(self) -> Iterator[OwnDigit]:
        return iter(self.digits)

    def add(self, ink: np.ndarray, label: int) -> OwnDigits:
        """With one more, from ink (H, W) uint8, 255 is ink. OwnDigitsError where that can't be."""
        picture = fit_digit(ink)
        if not picture.any():
            raise OwnDigitsError("There is no drawing to keep.")
        return self.with_pictures([(picture, label)])

    def with_pictures(self, pairs: Iterable[tuple[np.ndarray, int]]) -> OwnDigits:
        """With more, from fitted pictures (28, 28) and labels. OwnDigitsError where they are too many."""
        new = tuple(OwnDigit(self.made + i, picture, _label(n)) for i, (picture, n) in enumerate(pairs))
        if len(self) + len(new) > MOST:
            raise OwnDigitsError(
                f"A set holds at most {MOST} digits; this would make {len(self) + len(new)}."
            )
        return OwnDigits((*self.digits, *new), self.made + len(new))

    def relabel(self, number: int, label: int) -> OwnDigits:
        """With another label for one of them; the same set where there is no such number."""
        return replace(
            self,
            digits=tuple(replace(d, label=_label(label)) if d.number == number else d for d in self.digits),
        )

    def remove(self, number: int) -> OwnDigits:
        """Without one of them."""
        return replace(self, digits=tuple(d for d in self.digits if d.number != number))

    def counts(self) -> tuple[int, ...]:
        """How many there are of each digit."""
        return tuple(np.bincount([digit.label for digit in self.digits], minlength=10).tolist())

    def dataset(self) -> Dataset:
        """All of them."""
        return _dataset(self.digits)

    def aside(self) -> set[int]:
        """The numbers of those that are kept aside: every third of each kind, in the order they came."""
        met = [0] * 10
        kept = set()
        for digit in self.digits:
            met[digit.label] += 1
            if met[digit.label] % EVERY == 0:
                kept.add(digit.number)
        return kept

    def split(self) -> tuple[Dataset, Dataset]:
        """What to learn from, and what is kept aside."""
        kept = self.aside()
        learnt = _dataset(digit for digit in self.digits if digit.number not in kept)
        return learnt, _dataset(digit for digit in self.digits if digit.number in kept)


def _label(value: int) -> int:
    if value not in range(10):
        raise OwnDigitsError(f"A digit is a whole number from 0 to 9, not {value!r}.")
    return int(value)


def _dataset(digits: Iterable[OwnDigit]) -> Dataset:
    pairs = [(digit.picture, digit.label) for digit in digits]
    images = np.stack([picture for picture, _ in pairs]) if pairs else np.zeros((0, SIDE, SIDE), np.uint8)
    return Dataset(images, np.array([label for _, label in pairs], np.int64), "my digits")


def save(digits: OwnDigits, path: str | os.PathLike[str]) -> None:
    """Write the set to `path`; equal sets give equal files."""
    Path(path).write_bytes(packed(digits))


def packed(digits: OwnDigits) -> bytes:
    """What the set's file holds."""
    data = digits.dataset()
    packing = io.BytesIO()
    with zipfile.ZipFile(packing, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in zip(ARRAYS, (data.images, data.labels.astype(np.uint8)), strict=True):
            entry = zipfile.ZipInfo(f"{name}.npy")
            entry.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(entry, "w") as file:
                np.lib.format.write_array(file, array, (1, 0), allow_pickle=False)
    return packing.getvalue()


def load(path: str | os.PathLike[str]) -> OwnDigits:
    """The set in a file. OwnDigitsError where it is not exactly one."""
    try:
        return _set_of(read_arrays(path, MOST_BYTES))
    except OwnDigitsError:
        raise
    except ValueError as error:
        raise OwnDigitsError(f"{Path(path).name}: {error}") from error


def unpacked(data: bytes) -> OwnDigits:
    """The inverse of `packed`. OwnDigitsError where `data` is not exactly one set."""
    try:
        return _set_of(read_arrays(data, MOST_BYTES))
    except OwnDigitsError:
        raise
    except ValueError as error:
        raise OwnDigitsError(str(error)) from error


def _set_of(arrays: dict[str, np.ndarray]) -> OwnDigits:
    if sorted(arrays) != sorted(ARRAYS):
        found = ", ".join(sorted(arrays)[:5]) or "nothing"
        raise OwnDigitsError(
            f"A set of digits has the arrays images and labels; this file has {found[:200]}."
        )
    images, labels = (arrays[name] for name in ARRAYS)
    _check(images, labels)
    return OwnDigits().with_pictures(zip(images.copy(), labels.tolist(), strict=True))


def _check(images: np.ndarray, labels: np.ndarray) -> None:
    if images.dtype != np.uint8 or images.ndim != 3 or images.shape[1:] != (SIDE, SIDE):
        raise OwnDigitsError(
            f"The images should be N pictures of 28×28 bytes (uint8), not {images.shape} {images.dtype}."
        )
    if labels.dtype != np.uint8 or labels.shape != images.shape[:1]:
        raise OwnDigitsError(
            f"There should be {len(images)} labels (uint8), one for each picture, not {labels.shape} "
            f"{labels.dtype}."
        )
    if not len(labels):
        raise OwnDigitsError("There is no digit in this file.")
    if not images.any(axis=(1, 2)).all():
        raise OwnDigitsError("Some of the pictures are blank.")
    if labels.max() > 9:
        raise OwnDigitsError(f"The labels should be from 0 to 9, not {labels.max()}.")

"""The data sets that a visitor can train on: MNIST, and the 8x8 digits that come with scikit-learn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from engine import mnist
from engine.mnist import DataUnavailable, Progress, data_folder

__all__ = [
    "NAMES",
    "DataUnavailable",
    "Dataset",
    "Progress",
    "Splits",
    "available",
    "concatenate",
    "data_folder",
    "load",
]

NAMES = ("mnist", "digits-8x8")
MNIST_TRAIN_COUNT = 55_000  # the last 5,000 of the 60,000 are for tuning


@dataclass(frozen=True, eq=False)
class Dataset:
    """Pictures and what they show. images: (N, H, W) uint8, ink bright on 0; labels: (N,) int64."""

    images: np.ndarray
    labels: np.ndarray
    name: str

    def __post_init__(self) -> None:
        if self.images.ndim != 3 or self.images.dtype != np.uint8:
            raise ValueError(f"images should be (N, H, W) uint8, not {self.images.shape} {self.images.dtype}")
        if self.labels.shape != self.images.shape[:1] or self.labels.dtype != np.int64:
            raise ValueError(
                f"labels should be ({len(self.images)},) int64, not {self.labels.shape} {self.labels.dtype}"
            )
        if (self.labels < 0).any():
            raise ValueError(f"labels count from 0, not from {self.labels.min()}")

    def __len__(self) -> int:
        return len(self.images)

    def take(self, count: int) -> Dataset:
        """The first `count` samples, or all where there are fewer."""
        if count < 1:
            raise ValueError(f"at least one sample should be taken, not {count}")
        return replace(self, images=self.images[:count], labels=self.labels[:count])

    def split(self, count: int) -> tuple[Dataset, Dataset]:
        """The first `count` samples and the rest."""
        if not 0 <= count <= len(self):
            raise ValueError(f"{self.name} has {len(self)} samples and can't be split at {count}")
        rest = replace(self, images=self.images[count:], labels=self.labels[count:])
        return replace(self, images=self.images[:count], labels=self.labels[:count]), rest

    def subset(self, index: np.ndarray) -> Dataset:
        """The samples that `index` (positions or a mask) picks, in its order."""
        return replace(self, images=self.images[index], labels=self.labels[index])


@dataclass(frozen=True, eq=False)
class Splits:
    """What to learn from, what to tune on, and what to look at once, at the end."""

    train: Dataset
    validation: Dataset
    test: Dataset


def concatenate(parts: Sequence[Dataset], name: str) -> Dataset:
    """All samples of `parts`, one after the other, under a new name; the pictures share one size."""
    images = np.concatenate([part.images for part in parts])
    return Dataset(images, np.concatenate([part.labels for part in parts]), name)


def load(name: str, progress: Progress | None = None) -> Splits:
    """The data set called `name`; MNIST is downloaded where it is not here yet.

    progress(fraction, text) is told how a download goes, fraction from 0 to 1.
    Raises DataUnavailable where there is no network and no copy, KeyError for a name not in NAMES.
    """
    _check(name)
    return _mnist(mnist.arrays(progress)) if name == "mnist" else _digits_8x8()


def available(name: str) -> bool:
    """Whether `load(name)` needs no network."""
    _check(name)
    return name == "digits-8x8" or mnist.is_here()


def _check(name: str) -> None:
    if name not in NAMES:
        raise KeyError(f"there is no data set {name!r}; there are {', '.join(NAMES)}")


def _mnist(arrays: mnist.Arrays) -> Splits:
    """MNIST (LeCun, Cortes, Burges): 55,000 to train on, 5,000 to tune on, 10,000 for the final figure."""
    images, labels, test_images, test_labels = arrays
    train, validation = Dataset(images, labels, "mnist").split(MNIST_TRAIN_COUNT)
    return Splits(train, validation, Dataset(test_images, test_labels, "mnist"))


@cache
def _digits_8x8() -> Splits:
    """1,797 digits of Alpaydin and Kaynak (UCI), split 80/10/10 with a seed; each digit keeps its share."""
    from sklearn.datasets import load_digits  # half a second to import: only who asks for it waits
    from sklearn.model_selection import train_test_split

    bunch = load_digits()
    images = np.round(bunch.images * (255 / 16)).astype(np.uint8)  # 0..16 inked pixels of a 4x4 block
    labels = bunch.target.astype(np.int64)
    order = np.arange(len(labels))
    train, rest = train_test_split(order, test_size=0.2, random_state=0, stratify=labels)
    validation, test = train_test_split(rest, test_size=0.5, random_state=0, stratify=labels[rest])
    parts = (
        Dataset(_read_only(images[i]), _read_only(labels[i]), "digits-8x8") for i in (train, validation, test)
    )
    return Splits(*parts)


def _read_only(array: np.ndarray) -> np.ndarray:
    array.setflags(write=False)
    return array

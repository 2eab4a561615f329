"""How well a network reads pictures that it has never seen, and where it goes wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from engine.datasets import Dataset
from engine.images import to_network_input
from engine.network import Network

CHUNK = 100  # pictures between two yields: a visitor who leaves is noticed within a fraction of a second
MISTAKES = 12


@dataclass(frozen=True)
class Mistake:
    """One picture that was misread. picture: (H, W) uint8; confidence: the probability of what was read."""

    picture: np.ndarray
    actual: str
    read: str
    confidence: float


@dataclass(frozen=True)
class Examination:
    """confusion[i, j]: how many pictures of label i were read as label j. mistakes: most confident first."""

    confusion: np.ndarray
    labels: tuple[str, ...]
    mistakes: tuple[Mistake, ...]
    data: str

    @property
    def count(self) -> int:
        return int(self.confusion.sum())

    @property
    def right(self) -> int:
        return int(np.trace(self.confusion))

    @property
    def accuracy(self) -> float:
        return self.right / max(1, self.count)


def probabilities(network: Network, images: np.ndarray) -> Iterator[np.ndarray]:
    """The probabilities of each picture, in chunks of (up to CHUNK, labels)."""
    for start in range(0, len(images), CHUNK):
        chunk = to_network_input(images[start : start + CHUNK], network.preprocessing)
        with np.errstate(over="ignore", invalid="ignore"):  # a run may be on its way to infinity
            found = network.probabilities(chunk)
        yield found


def accuracy(network: Network, data: Dataset) -> Iterator[float]:
    """The share that is read right, after each chunk; the last is the one to keep."""
    right = seen = 0
    for found in probabilities(network, data.images):
        right += int((found.argmax(axis=1) == data.labels[seen : seen + len(found)]).sum())
        seen += len(found)
        yield right / seen


def examine(network: Network, data: Dataset) -> Iterator[Examination | None]:
    """Yields None after each chunk, so that the caller can show and stop, and the examination at the end."""
    found = []
    for chunk in probabilities(network, data.images):
        found.append(chunk)
        yield None
    yield judged(np.concatenate(found), data, network.labels)


def judged(found: np.ndarray, data: Dataset, labels: tuple[str, ...]) -> Examination:
    """Compare probabilities (N, labels) with what the pictures show."""
    read, kinds = found.argmax(axis=1), len(labels)
    confusion = np.bincount(data.labels * kinds + read, minlength=kinds * kinds).reshape(kinds, kinds)
    confidence = found[np.arange(len(read)), read]
    wrong = np.flatnonzero(read != data.labels)
    worst = wrong[np.argsort(-confidence[wrong], kind="stable")][:MISTAKES]
    mistakes = (
        Mistake(data.images[i], labels[data.labels[i]], labels[read[i]], float(confidence[i])) for i in worst
    )
    return Examination(confusion, labels, tuple(mistakes), data.name)

"""Trainings of a moment, for the tests of training."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.datasets import Dataset
from engine.layers import BatchNorm, Conv2D, Dense, Dropout, Flatten, Layer, MaxPool2D, ReLU, Sigmoid
from engine.losses import cross_entropy
from engine.network import Network
from engine.optimizers import SGD, Adam
from engine.preprocessing import Preprocessing
from engine.training import (
    BatchDone,
    Event,
    Finished,
    ShuffledBatches,
    train,
)


def data(count: int = 40, seed: int = 0) -> Dataset:
    """Noise with a bright bar that tells the label."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 4, count)
    images = rng.integers(0, 120, (count, 8, 8), dtype=np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[:, 2 * label : 2 * label + 2] += 100
    return Dataset(images, labels.astype(np.int64), "bars")


def network(*layers: Layer) -> Network:
    return Network(layers, (8, 8, 1), "abcd", Preprocessing(size=8))


def convolutional(seed: int = 0, drop: float = 0.0, norm: bool = False) -> Network:
    rng = np.random.default_rng(seed)
    norms = [BatchNorm(6)] if norm else []
    first = [Conv2D(1, 6, 3, rng=rng), *norms, ReLU(), MaxPool2D(), Flatten()]
    return network(*first, Dropout(drop, np.random.default_rng(seed)), Dense(54, 4, rng=rng))


def sigmoid(seed: int = 0) -> Network:
    return network(Flatten(), Dense(64, 4, rng=np.random.default_rng(seed)), Sigmoid())


def run(
    net: Network, optimizer: SGD | None = None, batch: int = 8, seed: int = 0, **options: Any
) -> list[Event]:
    settings: dict[str, Any] = {"loss": cross_entropy, "epochs": 2} | options
    batches = settings.pop("batches", None) or ShuffledBatches(data(), batch, seed)
    return list(train(net, batches, settings.pop("loss"), optimizer or Adam(0.01), **settings))


def losses(events: list[Event]) -> list[float]:
    return [event.loss for event in events if isinstance(event, BatchDone)]


def finished(events: list[Event]) -> Finished:
    assert isinstance(events[-1], Finished)
    assert sum(isinstance(event, Finished) for event in events) == 1
    return events[-1]


def same_numbers(one: Network, other: Network) -> bool:
    return all(
        np.array_equal(a, b) for a, b in zip(one.state().values(), other.state().values(), strict=True)
    )

"""How well a network does on data that it does not learn from now."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import numpy as np

from engine.datasets import Dataset
from engine.losses import BY_LABEL, Loss, one_hot
from engine.network import Network
from engine.preprocessing import to_network_input


def predict_batches(network: Network, images: np.ndarray, batch: int = 256) -> Iterator[np.ndarray]:
    """Outputs for pictures (N, size, size), batch by batch."""
    for start in range(0, len(images), batch):
        x = to_network_input(images[start : start + batch], network.preprocessing)
        with np.errstate(over="ignore", invalid="ignore"):
            outputs = network.predict(x)
        yield outputs


def check_some(data: Dataset) -> None:
    """ValueError where there is nothing to measure on."""
    if not len(data):
        raise ValueError("there are no pictures to measure on")


def accuracy(network: Network, data: Dataset) -> float:
    """The share of `data` (0 to 1) whose largest output is the right one. ValueError where there are none."""
    check_some(data)
    outputs = np.concatenate(list(predict_batches(network, data.images)))
    return float((outputs.argmax(axis=1) == data.labels).mean())


def validate(
    network: Network,
    data: Dataset | None,
    loss: Loss,
    targets: tuple[float, float] = (0.0, 1.0),
    stop: threading.Event | None = None,
) -> tuple[float | None, float | None]:
    """Mean loss and accuracy on `data`; (None, None) without data or when it was stopped before it was
    through. ValueError where it has no pictures.
    """
    if data is None:
        return None, None
    check_some(data)
    total, right, done = 0.0, 0, 0
    for outputs in predict_batches(network, data.images):
        labels = data.labels[done : done + len(outputs)]
        target = labels if loss in BY_LABEL else one_hot(labels, len(network.labels), *targets)
        with np.errstate(over="ignore", invalid="ignore"):
            total += loss(outputs, target)[0] * len(labels)
        right += int((outputs.argmax(axis=1) == labels).sum())
        done += len(labels)
        if stop is not None and stop.is_set():
            return None, None
    return total / done, right / done

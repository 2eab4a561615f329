"""Losses: each is (prediction, target) -> (value, gradient), a mean over the samples."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from engine.layer import Array

Loss = Callable[[Array, Array], tuple[float, Array]]


def one_hot(labels: Array, classes: int = 10, low: float = 0.0, high: float = 1.0) -> Array:
    """Labels (N,) -> targets (N, classes): `high` at the label, `low` elsewhere."""
    xp = labels.__array_namespace__()
    targets = xp.full((labels.shape[0], classes), low, dtype=np.float32)
    targets[xp.arange(labels.shape[0]), labels] = high
    return targets


def softmax(logits: Array) -> Array:
    """(N, classes) -> probabilities; the largest logit is taken off first, so that exp cannot overflow."""
    xp = logits.__array_namespace__()
    shifted = logits - logits.max(axis=1, keepdims=True)
    e = xp.exp(shifted, out=shifted)
    e /= e.sum(axis=1, keepdims=True)
    return e


def cross_entropy(logits: Array, labels: Array) -> tuple[float, Array]:
    """-log softmax(logits)[label] for integer labels (N,), or -Σ t·log softmax for targets (N, classes)."""
    xp = logits.__array_namespace__()
    n = logits.shape[0]
    shifted = logits - logits.max(axis=1, keepdims=True)
    e = xp.exp(shifted)
    total = e.sum(axis=1, keepdims=True)
    gradient = e / total
    if labels.ndim == 1:
        rows = xp.arange(n)
        value = (xp.log(total[:, 0]) - shifted[rows, labels]).mean()
        gradient[rows, labels] -= 1
    else:
        mass = labels.sum(axis=1, keepdims=True)
        value = (xp.log(total) * mass - (labels * shifted).sum(axis=1, keepdims=True)).mean()
        gradient = gradient * mass - labels
    gradient /= n
    return float(value), gradient


def squared_error(prediction: Array, target: Array) -> tuple[float, Array]:
    """½ Σ (prediction - target)² over the outputs, as the articles write it: its gradient is the plain
    error.
    """
    error = prediction - target
    n = error.shape[0]
    value = 0.5 * float((error * error).sum()) / n
    error /= n
    return value, error


def mean_squared_error(prediction: Array, target: Array) -> tuple[float, Array]:
    """The mean of (prediction - target)² over the outputs too, as Keras has it."""
    error = prediction - target
    value = float((error * error).mean())
    error *= 2.0 / error.size
    return value, error


LOSSES: dict[str, Loss] = {
    "cross-entropy": cross_entropy,
    "squared error": squared_error,
    "mean squared error": mean_squared_error,
}

"""Losses: each is (prediction, target) -> (value, gradient), a mean over the samples."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from engine import ab_bins
from engine.layer import Array
from engine.memory import blocks

Loss = Callable[[Array, Array], tuple[float, Array]]
PALE = 300.0  # a mean squared chroma below which photos weigh hardly more


def one_hot(labels: Array, classes: int = 10, low: float = 0.0, high: float = 1.0) -> Array:
    """Labels (N,) -> targets (N, classes): `high` at the label, `low` elsewhere. ValueError for others."""
    xp = labels.__array_namespace__()
    _check_integers(labels)
    _check_labels(labels, classes)
    targets = xp.full((labels.shape[0], classes), low, dtype=np.float32)
    targets[xp.arange(labels.shape[0]), labels] = high
    return targets


def _check_integers(labels: Array, axes: int = 1) -> None:
    """Truth values would pick as a mask does, and floats not at all. Looks at no number."""
    if labels.dtype.kind not in "iu" or labels.ndim != axes:
        shape = "(N,)" if axes == 1 else "(N, L)"
        raise ValueError(f"labels should be integers of shape {shape}, not {labels.dtype} {labels.shape}")


def _check_targets(prediction: Array, target: Array) -> None:
    """Arrays of other shapes would be stretched to fit."""
    if prediction.shape != target.shape:
        raise ValueError(
            f"targets should be {prediction.shape} as the outputs are, not {target.shape}; "
            "`one_hot` makes them of labels"
        )


def _check_labels(labels: Array, classes: int) -> None:
    """A label below 0 would count from behind. Not on a GPU, which would have to be waited for."""
    wrong = isinstance(labels, np.ndarray) and labels.size and (labels.min() < 0 or labels.max() >= classes)
    if wrong:
        raise ValueError(f"labels go from 0 to {classes - 1}, not from {labels.min()} to {labels.max()}")


def softmax(logits: Array) -> Array:
    """(N, classes) -> probabilities; the largest logit is taken off first, so that exp cannot overflow."""
    xp = logits.__array_namespace__()
    shifted = logits - logits.max(axis=1, keepdims=True)
    e = xp.exp(shifted, out=shifted)
    e /= e.sum(axis=1, keepdims=True)
    return e


def cross_entropy(logits: Array, labels: Array) -> tuple[float, Array]:
    """-log softmax(logits)[label] for integer labels (N,), or -Σ t·log softmax for targets (N, classes).

    ValueError for other labels.
    """
    xp = logits.__array_namespace__()
    n, classes = logits.shape
    if labels.shape not in ((n,), (n, classes)):
        raise ValueError(f"labels should be ({n},) or ({n}, {classes}), not {labels.shape}")
    if labels.ndim == 1:
        _check_integers(labels)
        _check_labels(labels, classes)
    logits = xp.ascontiguousarray(logits)
    shifted = logits - logits.max(axis=1, keepdims=True)
    e = xp.exp(shifted)
    total = e.sum(axis=1, keepdims=True)
    gradient = xp.divide(e, total, out=e)
    if labels.ndim == 1:
        rows = xp.arange(n)
        value = (xp.log(total[:, 0]) - shifted[rows, labels]).sum() / n
        gradient.reshape(-1)[rows * classes + labels] -= 1  # quicker than by two indices
    else:
        mass = labels.sum(axis=1, keepdims=True)
        value = (xp.log(total) * mass - (labels * shifted).sum(axis=1, keepdims=True)).mean()
        gradient = gradient * mass - labels
    gradient /= n
    return float(value), gradient


def squared_error(prediction: Array, target: Array) -> tuple[float, Array]:
    """½ Σ (prediction - target)² over the outputs, as the articles write it: its gradient is the plain
    error. ValueError for a target of another shape.
    """
    _check_targets(prediction, target)
    error = prediction - target
    n = error.shape[0]
    value = 0.5 * float(error.__array_namespace__().vdot(error, error)) / n
    error /= n
    return value, error


def mean_squared_error(prediction: Array, target: Array) -> tuple[float, Array]:
    """The mean of (prediction - target)² over the outputs too, as Keras has it. ValueError for a target of
    another shape.
    """
    _check_targets(prediction, target)
    error = prediction - target
    value = float((error * error).mean())
    error *= 2.0 / error.size
    return value, error


def ctc(logits: Array, labels: Array) -> tuple[float, Array]:
    """Connectionist temporal classification (Graves et al. 2006): -log of the probability of a text.

    logits (N, T, K) say for each of T columns which of K - 1 signs, or the last, the blank, stands there;
    labels (N, L) are the signs of each text, filled up with -1. The probability of a text is summed over all
    ways to spread it over the columns, where a sign may last and blanks may stand between signs. ValueError
    where a text does not fit into T columns, and for other labels.
    """
    xp = logits.__array_namespace__()
    n, columns, classes = logits.shape
    _check_integers(labels, axes=2)
    if len(labels) != n:
        raise ValueError(f"there should be a text for each of {n}, not {len(labels)}")
    if isinstance(labels, np.ndarray) and labels.size:
        _check_labels(np.maximum(labels, 0), classes - 1)
        if labels.min() < -1 or ((labels[:, 1:] >= 0) & (labels[:, :-1] < 0)).any():
            raise ValueError("a text ends at its first -1")
    path, skip, last = _ctc_states(labels, classes - 1)
    if bool((columns_needed(labels) > columns).any()):
        raise ValueError(f"a text is too long for {columns} columns")
    shifted = logits - logits.max(axis=2, keepdims=True)
    log_p = shifted - xp.log(xp.exp(shifted).sum(axis=2, keepdims=True))
    states_of_each = xp.broadcast_to(path[:, None, :], (n, columns, path.shape[1]))
    emitted = xp.take_along_axis(log_p, states_of_each, axis=2)
    states = xp.arange(path.shape[1])
    ends = (states == last[:, None]) | (states == last[:, None] - 1)
    # The way back is the way there through the turned lattice, and what may be skipped is seen from behind.
    back = xp.zeros_like(skip)
    back[:, 2:] = skip[:, 2:][:, ::-1]
    starts = xp.broadcast_to(states[None, :] < 2, ends.shape)
    both_ways = _ctc_forward(
        xp.concatenate([emitted, emitted[:, ::-1, ::-1]]),
        xp.concatenate([skip, back]),
        xp.concatenate([starts, ends[:, ::-1]]),
    )
    before, after = both_ways[:n], both_ways[n:, ::-1, ::-1]
    log_likelihood = _log_sum(xp.where(ends, before[:, -1], NEVER))
    occupancy = xp.exp(before + after - emitted - log_likelihood[:, None, None])
    signs = (path[:, :, None] == xp.arange(classes)).astype(logits.dtype)
    gradient = (xp.exp(log_p) - occupancy @ signs) / logits.dtype.type(n)
    return -float(log_likelihood.mean()), gradient


def columns_needed(labels: Array) -> Array:
    """How many columns each text (N, L) takes at least: one a sign, and a blank between equal neighbours."""
    doubled = (labels[:, 1:] == labels[:, :-1]) & (labels[:, 1:] >= 0)
    return (labels >= 0).sum(axis=1) + doubled.sum(axis=1)


NEVER = -1e30  # the logarithm of no probability; infinities would breed NaN


def _ctc_states(labels: Array, blank: int) -> tuple[Array, Array, Array]:
    """(signs with blanks around each (N, 2L + 1), where the blank before may be skipped, the last state)."""
    xp = labels.__array_namespace__()
    n, length = labels.shape
    path = xp.full((n, 2 * length + 1), blank, dtype=labels.dtype)
    path[:, 1::2] = xp.where(labels < 0, blank, labels)
    skip = xp.zeros(path.shape, dtype=bool)
    skip[:, 2:] = (path[:, 2:] != blank) & (path[:, 2:] != path[:, :-2])
    return path, skip, 2 * (labels >= 0).sum(axis=1)


def _ctc_forward(emitted: Array, skip: Array, starts: Array) -> Array:
    """log of the summed probability of all ways to each state at each column: (N, T, S)."""
    xp = emitted.__array_namespace__()
    never = emitted.dtype.type(NEVER)
    reached = xp.full(emitted.shape, never, dtype=emitted.dtype)
    reached[:, 0] = xp.where(starts, emitted[:, 0], never)
    closed = xp.where(skip[:, 2:], emitted.dtype.type(0), never)
    for t in range(1, emitted.shape[1]):
        here = reached[:, t - 1]
        ways = here.copy()
        xp.logaddexp(ways[:, 1:], here[:, :-1], out=ways[:, 1:])
        xp.logaddexp(ways[:, 2:], here[:, :-2] + closed, out=ways[:, 2:])
        xp.add(ways, emitted[:, t], out=reached[:, t])
    return reached


def _log_sum(values: Array) -> Array:
    """log Σ exp along the last axis."""
    xp = values.__array_namespace__()
    top = values.max(axis=-1, keepdims=True)
    return xp.log(xp.exp(values - top).sum(axis=-1)) + top[..., 0]


def colour_cross_entropy(logits: Array, colours: Array, by_photo: bool = False) -> tuple[float, Array]:
    """Cross-entropy at each place against the true colour shared among its nearest bins (`engine.ab_bins`).

    logits (N, H, W, bins); colours (N, H, W, 2) int8, whole numbers a and b of CIE Lab. Rare colours weigh
    more (Zhang, Isola, Efros 2016); a mean over the samples and places. by_photo: pale photos weigh more too,
    for a wrong colour is seen most where there is none.
    """
    xp = logits.__array_namespace__()
    weights = _by_photo(colours) if by_photo else None
    flat = logits.reshape(-1, logits.shape[-1])
    where = ab_bins.place(colours.reshape(-1, 2))
    tables = _colour_tables(xp)
    count, kind = flat.shape[0], logits.dtype.type
    gradient = xp.empty_like(flat)
    value = 0.0
    for part in blocks(count, flat[0].nbytes, flat):
        bins, share, weight = (table[where[part]] for table in tables)
        if weights is not None:
            weight = weight * weights[part]
        rows = xp.arange(bins.shape[0])[:, None]
        e = xp.subtract(flat[part], flat[part].max(axis=1, keepdims=True), out=gradient[part])
        near = (e[rows, bins] * share).sum(axis=1)
        xp.exp(e, out=e)
        total = e.sum(axis=1)
        value += float((weight * (xp.log(total) - near)).sum())
        e *= (weight / (total * kind(count)))[:, None]
        e[rows, bins] -= share * (weight / kind(count))[:, None]
    return value / count, gradient.reshape(logits.shape)


def colour_cross_entropy_by_photo(logits: Array, colours: Array) -> tuple[float, Array]:
    """`colour_cross_entropy` with pale photos weighing more."""
    return colour_cross_entropy(logits, colours, by_photo=True)


def _by_photo(colours: Array) -> Array:
    """One over each photo's mean squared chroma (and `PALE`), 1 on the mean, by place: (N·H·W,) float32."""
    xp = colours.__array_namespace__()
    n, height, width, _ = colours.shape
    squares = (colours.astype(np.float32) ** 2).reshape(n, -1).sum(axis=1) / np.float32(height * width)
    weights = 1 / (squares + np.float32(PALE))
    return xp.repeat(weights / weights.mean(), height * width)


@cache
def _colour_tables(xp: Any) -> tuple[Array, ...]:
    """The tables of `ab_bins.targets` as arrays of a namespace, brought to a GPU once."""
    nearest, share, weight = ab_bins.targets()
    return xp.asarray(nearest.astype(np.int64)), xp.asarray(share), xp.asarray(weight)


# Of networks that say one thing about a whole picture.
LOSSES: dict[str, Loss] = {
    "cross-entropy": cross_entropy,
    "squared error": squared_error,
    "mean squared error": mean_squared_error,
}
# The losses that compare with labels; the others compare with the outputs that there should be.
BY_LABEL = {cross_entropy, ctc, colour_cross_entropy, colour_cross_entropy_by_photo}

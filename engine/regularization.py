"""The layers that behave differently in training: batch normalisation and dropout."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine import gpu_kernels
from engine.epilogue import places_in_a_row
from engine.layer import Array, Backward, Gradients, Layer, column_sums
from engine.memory import blocks
from engine.rectifier import rectify

CANCELLING = (
    64  # a squared mean this many variances large is not taken off a sum of squares: digits would cancel
)


class BatchNorm(Layer):
    """Each channel brought to mean 0 and variance 1 over the batch, then scaled and shifted (Ioffe, Szegedy
    2015).

    Outside training the running mean and variance stand for the batch's. ValueError in training for an empty
    batch, which has neither.
    """

    def __init__(self, channels: int, momentum: float = 0.1, epsilon: float = 1e-5) -> None:
        super().__init__()
        if not (0 <= momentum <= 1 and epsilon > 0):
            raise ValueError(f"momentum goes from 0 to 1, epsilon is above 0, not {momentum} and {epsilon}")
        self.momentum, self.epsilon = momentum, epsilon
        self.parameters["scale"] = np.ones(channels, np.float32)
        self.parameters["shift"] = np.zeros(channels, np.float32)
        self.buffers["mean"] = np.zeros(channels, np.float32)
        self.buffers["variance"] = np.ones(channels, np.float32)

    def affine(self) -> tuple[Array, Array]:
        """(a, b) with y = a·x + b outside training."""
        variance = self.buffers["variance"]
        a = self.parameters["scale"] / (variance + variance.dtype.type(self.epsilon)) ** 0.5
        return a, self.parameters["shift"] - a * self.buffers["mean"]

    def predict(self, x: Array) -> Array:
        a, b = self.affine()
        y = x * a
        y += b
        return y

    def forward(self, x: Array, training: bool = False) -> tuple[Array, Backward]:
        return self._forward_batch(x) if training else self._forward_running(x)

    def _forward_running(self, x: Array) -> tuple[Array, Backward]:
        def backward(dy: Array, input_gradient: bool = True) -> tuple[Array, Gradients]:
            variance = self.buffers["variance"]
            deviation = (variance + variance.dtype.type(self.epsilon)) ** 0.5
            normal = (x - self.buffers["mean"]) / deviation
            return dy * self.affine()[0], {"scale": column_sums(dy * normal), "shift": column_sums(dy)}

        return self.predict(x), backward

    def forward_with_relu(self, x: Array) -> tuple[Array, Backward]:
        """Training's forward and the ReLU behind it, block by block while the numbers lie in the cache."""
        return self._forward_batch(x, relu=True)

    def _forward_batch(self, x: Array, relu: bool = False) -> tuple[Array, Backward]:
        if not x.size:
            raise ValueError(f"an empty batch, {x.shape}, has no mean to be brought to 0")
        xp = x.__array_namespace__()
        if gpu_kernels.has_kernels(xp, x):
            return self._forward_kernels(x, relu)
        channels = x.shape[-1]
        count = x.size // channels
        fold = places_in_a_row(count, channels)
        rows = x.reshape(-1, fold * channels)
        mean, variance = _moments(rows, channels)
        self._remember(mean, variance, count)
        inverse = 1 / (variance + x.dtype.type(self.epsilon)) ** 0.5
        a = inverse * self.parameters["scale"]
        b = self.parameters["shift"] - a * mean
        scale, shift = xp.tile(a, fold), xp.tile(b, fold)
        y = xp.empty_like(rows)
        for part in blocks(rows.shape[0], rows[0].nbytes, rows):
            block = y[part]
            xp.multiply(rows[part], scale, out=block)
            block += shift
            if relu:
                rectify(block, out=block)

        def backward(dy: Array, input_gradient: bool = True) -> tuple[Array, Gradients]:
            dx, products, sums = _normalization_gradient(
                rows, dy.reshape(rows.shape), y if relu else None, mean, inverse, a
            )
            return dx.reshape(x.shape), {"scale": products, "shift": sums}

        return y.reshape(x.shape), backward

    def _forward_kernels(self, x: Array, relu: bool) -> tuple[Array, Backward]:
        """The same in kernels of a GPU, which pass over memory once where calls would six times."""
        xp = x.__array_namespace__()
        rows = xp.ascontiguousarray(x).reshape(-1, x.shape[-1])
        mean, variance = gpu_kernels.moments(rows)
        self._remember(mean, variance, rows.shape[0])
        inverse = 1 / (variance + x.dtype.type(self.epsilon)) ** 0.5
        a = inverse * self.parameters["scale"]
        y = gpu_kernels.scaled(rows, a, self.parameters["shift"] - a * mean, relu)

        def backward(dy: Array, input_gradient: bool = True) -> tuple[Array, Gradients]:
            dy, behind = xp.ascontiguousarray(dy).reshape(rows.shape), y if relu else None
            sums, products = gpu_kernels.gradient_sums(rows, dy, behind, mean)
            products = products * inverse
            p, q = _centring(sums, products, mean, inverse, a, rows.shape[0])
            dx = gpu_kernels.normalization_gradient(rows, dy, behind, a, p, q)
            return dx.reshape(x.shape), {"scale": products, "shift": sums}

        return y.reshape(x.shape), backward

    def _remember(self, mean: Array, variance: Array, count: int) -> None:
        unbiased = variance * (count / max(1, count - 1))
        for name, value in (("mean", mean), ("variance", unbiased)):
            buffer = self.buffers[name]
            buffer += self.momentum * (value - buffer)

    def config(self) -> dict[str, Any]:
        channels = self.parameters["scale"].shape[0]
        return super().config() | {"channels": channels, "momentum": self.momentum, "epsilon": self.epsilon}


def _by_channel(sums: Array, channels: int) -> Array:
    """Sums of the columns of folded rows, added up for each channel."""
    return sums.reshape(-1, channels).sum(axis=0)


def _moments(rows: Array, channels: int) -> tuple[Array, Array]:
    """Mean and variance of each channel of folded rows (M, fold·C).

    In one pass as E[x²] - E[x]², unless some mean is so large beside its deviation that this would cancel.
    """
    kind = rows.dtype.type
    count = kind(rows.size // channels)
    mean = _by_channel(column_sums(rows), channels) / count
    if not _asks_cheaply(rows):
        centred = rows - rows.__array_namespace__().tile(mean, rows.shape[1] // channels)
        return mean, _by_channel(_products(centred, centred), channels) / count
    variance = _by_channel(_products(rows, rows), channels) / count - mean * mean
    if not bool((mean * mean <= CANCELLING * variance).all()):
        xp = rows.__array_namespace__()
        means, square = xp.tile(mean, rows.shape[1] // channels), mean * kind(0)
        for part in blocks(rows.shape[0], rows[0].nbytes, rows):
            centred = rows[part] - means
            square += _by_channel(_products(centred, centred), channels)
        variance = square / count
    return mean, variance


def _products(a: Array, b: Array) -> Array:
    """Σ a·b for each column of two (M, C)."""
    if not isinstance(a, np.ndarray):
        return column_sums(a * b)
    return np.einsum("ij,ij->j", a, b)


def _asks_cheaply(x: Array) -> bool:
    """Whether a number of x can be looked at without waiting for all that a GPU still has to do."""
    return isinstance(x, np.ndarray)


def _centring(
    sums: Array, products: Array, mean: Array, inverse: Array, a: Array, count: int
) -> tuple[Array, Array]:
    """(p, q) with which a·dy + p·x + q is the gradient of normalisation."""
    share = mean.dtype.type(1 / count)
    p = -a * inverse * products * share
    return p, -a * sums * share - p * mean


def _normalization_gradient(
    rows: Array, dy: Array, y: Array | None, mean: Array, inverse: Array, a: Array
) -> tuple[Array, Array, Array]:
    """(dx, Σ dy·normalised, Σ dy) with dx = a·(dy - mean(dy) - normalised·mean(dy·normalised)).

    rows, dy, y are folded. Where a ReLU's output y is given, dy comes from behind it. The second pass is
    a·dy + p·x + q with p and q the same for all rows, so nothing normalised is kept.
    """
    xp = rows.__array_namespace__()
    channels = mean.shape[0]
    fold = rows.shape[1] // channels
    safe = _asks_cheaply(rows) and bool((mean * mean * inverse * inverse <= CANCELLING).all())
    means = xp.tile(mean, fold)
    sums, products = means * rows.dtype.type(0), means * rows.dtype.type(0)
    dx = xp.empty_like(rows)
    for part in blocks(rows.shape[0], rows[0].nbytes, rows):
        if y is None:
            dx[part] = dy[part]
        else:
            xp.multiply(dy[part], y[part] > 0, out=dx[part])
        sums += column_sums(dx[part])
        products += _products(rows[part] if safe else rows[part] - means, dx[part])
    sums, products = _by_channel(sums, channels), _by_channel(products, channels)
    products = (products - mean * sums if safe else products) * inverse
    p, q = _centring(sums, products, mean, inverse, a, rows.size // channels)
    a, p, q = (xp.tile(each, fold) for each in (a, p, q))
    for part in blocks(rows.shape[0], rows[0].nbytes, rows):
        block = dx[part]
        block *= a
        block += rows[part] * p
        block += q
    return dx, products, sums


class Dropout(Layer):
    """In training each number is zero with `drop_probability`, the others grow to keep the mean (Srivastava
    2014).
    """

    def __init__(self, drop_probability: float, rng: np.random.Generator | None = None) -> None:
        super().__init__()
        if not 0 <= drop_probability < 1:
            raise ValueError(f"the drop probability lies from 0 to below 1, not {drop_probability}")
        self.drop_probability = drop_probability
        self.rng = rng or np.random.default_rng(0)

    def forward(self, x: Array, training: bool = False) -> tuple[Array, Backward]:
        if not training or self.drop_probability == 0:
            return x, lambda dy, input_gradient=True: (dy, {})
        xp = x.__array_namespace__()
        kept = xp.asarray(self.rng.random(x.shape, dtype=np.float32) >= self.drop_probability)
        mask = kept * x.dtype.type(1 / (1 - self.drop_probability))
        mask = mask.astype(x.dtype)

        def backward(dy: Array, input_gradient: bool = True) -> tuple[Array, Gradients]:
            return dy * mask, {}

        return x * mask, backward

    def config(self) -> dict[str, Any]:
        return super().config() | {"drop_probability": self.drop_probability}

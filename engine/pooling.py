"""The layers that change the size or the shape of an image."""

from __future__ import annotations

import math

import numpy as np

from engine.any_convolution import max_pool
from engine.layer import Array, Backward, Gradients, Layer
from engine.memory import blocks


class MaxPool2D(Layer):
    """The largest of each 2 × 2; an odd last row or column is left out. Of equal ones the first is the
    largest.
    """

    def forward(self, x: Array, training: bool = False) -> tuple[Array, Backward]:
        xp = x.__array_namespace__()
        shape, kind = x.shape, x.dtype
        n, rows, columns, channels = shape[0], shape[1] // 2, shape[2] // 2, shape[3]
        y = xp.empty((n, rows, columns, channels), dtype=kind)
        upper = xp.empty((n, rows, 2 * columns, channels), dtype=bool)
        left = xp.empty(y.shape, dtype=bool)
        images = list(blocks(n, x.nbytes // max(1, n), x))
        for part in images:
            _pool(x[part], y[part], upper[part], left[part])

        def backward(dy: Array, input_gradient: bool = True) -> tuple[Array, Gradients]:
            even = shape[1] % 2 == 0 and shape[2] % 2 == 0
            dx = (xp.empty if even else xp.zeros)(shape, dtype=kind)
            for part in images:
                _unpool(dy[part], upper[part], left[part], dx[part])
            return dx, {}

        return y, backward

    def predict(self, x: Array) -> Array:
        return max_pool(x)

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return (shape[0] // 2, shape[1] // 2, *shape[2:])


def _halves(x: Array, rows: int, columns: int) -> tuple[Array, Array]:
    """The upper and the lower of each two rows, without an odd last row or column."""
    return x[:, 0 : 2 * rows : 2, : 2 * columns], x[:, 1 : 2 * rows : 2, : 2 * columns]


def _pool(x: Array, y: Array, upper: Array, left: Array) -> None:
    """Fill y, and note where the upper of two and then the left of two was the largest."""
    xp = x.__array_namespace__()
    top, bottom = _halves(x, y.shape[1], y.shape[2])
    xp.greater_equal(top, bottom, out=upper)
    rows = xp.maximum(top, bottom)
    xp.greater_equal(rows[:, :, 0::2], rows[:, :, 1::2], out=left)
    xp.maximum(rows[:, :, 0::2], rows[:, :, 1::2], out=y)


def _unpool(dy: Array, upper: Array, left: Array, dx: Array) -> None:
    """Write dy into dx where x was the largest: first left or right, then top or bottom."""
    xp = dy.__array_namespace__()
    rows = xp.empty(upper.shape, dtype=dy.dtype)
    xp.multiply(dy, left, out=rows[:, :, 0::2])
    xp.subtract(dy, rows[:, :, 0::2], out=rows[:, :, 1::2])
    dtop, dbottom = _halves(dx, dy.shape[1], dy.shape[2])
    xp.multiply(rows, upper, out=dtop)
    xp.subtract(rows, dtop, out=dbottom)


class AveragePool2D(Layer):
    """The mean of each 2 × 2; an odd last row or column is left out."""

    def forward(self, x: Array, training: bool = False) -> tuple[Array, Backward]:
        xp = x.__array_namespace__()
        height, width = x.shape[1] // 2 * 2, x.shape[2] // 2 * 2

        def backward(dy: Array, input_gradient: bool = True) -> tuple[Array, Gradients]:
            dx = xp.zeros_like(x)
            quarter = dy * x.dtype.type(0.25)
            for i in range(2):
                for j in range(2):
                    dx[:, i:height:2, j:width:2] = quarter
            return dx, {}

        rows = x[:, 0:height:2, :width] + x[:, 1:height:2, :width]
        return (rows[:, :, 0::2] + rows[:, :, 1::2]) * x.dtype.type(0.25), backward

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return (shape[0] // 2, shape[1] // 2, *shape[2:])


class GlobalAveragePool(Layer):
    """The mean of each channel over all places: (N, H, W, C) -> (N, C)."""

    def forward(self, x: Array, training: bool = False) -> tuple[Array, Backward]:
        xp = x.__array_namespace__()
        places = x.shape[1] * x.shape[2]

        def backward(dy: Array, input_gradient: bool = True) -> tuple[Array, Gradients]:
            share = (dy / x.dtype.type(places))[:, None, None, :]
            return xp.broadcast_to(share, x.shape).copy(), {}

        return self.predict(x), backward

    def predict(self, x: Array) -> Array:
        n, height, width, channels = x.shape
        places = height * width
        share = x.__array_namespace__().full((1, places), 1 / places, dtype=x.dtype)
        return (share @ x.reshape(n, places, channels))[:, 0]

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return (shape[2],)


class UpSample2D(Layer):
    """Each pixel becomes 2 × 2 equal ones (nearest neighbour)."""

    def forward(self, x: Array, training: bool = False) -> tuple[Array, Backward]:
        n, height, width, channels = x.shape

        def backward(dy: Array, input_gradient: bool = True) -> tuple[Array, Gradients]:
            if not isinstance(dy, np.ndarray):  # a GPU adds arrays sooner than over axes in between
                left, right = dy[:, :, 0::2], dy[:, :, 1::2]
                columns = left + right
                return columns[:, 0::2] + columns[:, 1::2], {}
            return dy.reshape(n, height, 2, width, 2, channels).sum(axis=(2, 4)), {}

        return x.repeat(2, axis=1).repeat(2, axis=2), backward

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return (shape[0] * 2, shape[1] * 2, shape[2])


class Flatten(Layer):
    """(N, H, W, C) -> (N, H·W·C)."""

    def forward(self, x: Array, training: bool = False) -> tuple[Array, Backward]:
        shape = x.shape

        def backward(dy: Array, input_gradient: bool = True) -> tuple[Array, Gradients]:
            return dy.reshape(shape), {}

        return x.reshape(shape[0], math.prod(shape[1:])), backward

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return (int(np.prod(shape)),)

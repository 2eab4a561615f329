"""The layers that change the size or the shape of an image."""

from __future__ import annotations

import numpy as np

from engine import convolution
from engine.layer import Array, Backward, Gradients, Layer
from engine.memory import blocks


class MaxPool2D(Layer):
    """The largest of each 2 × 2; an odd last row or column is left out. Of equal ones the first is the
    largest.
    """

    def forward(self, x: Array, training: bool = False) -> tuple[Array, Backward]:
        def backward(dy: Array, input_gradient: bool = True) -> tuple[Array, Gradients]:
            xp = x.__array_namespace__()
            even = x.shape[1] % 2 == 0 and x.shape[2] % 2 == 0
            dx = xp.empty_like(x) if even else xp.zeros_like(x)
            for part in blocks(x.shape[0], x[0].nbytes):
                _unpool(x[part], dy[part], dx[part])
            return dx, {}

        return self.predict(x), backward

    def predict(self, x: Array) -> Array:
        return convolution.max_pool(x)

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return (shape[0] // 2, shape[1] // 2, *shape[2:])


def _unpool(x: Array, dy: Array, dx: Array) -> None:
    """Write dy into dx where x was the largest: first left or right, then top or bottom, as they were
    compared.
    """
    xp = x.__array_namespace__()
    height, width = x.shape[1] // 2 * 2, x.shape[2] // 2 * 2
    top, bottom = x[:, 0:height:2, :width], x[:, 1:height:2, :width]
    rows = xp.maximum(top, bottom)
    left = rows[:, :, 0::2] >= rows[:, :, 1::2]
    xp.multiply(dy, left, out=rows[:, :, 0::2])
    xp.subtract(dy, rows[:, :, 0::2], out=rows[:, :, 1::2])
    dtop = dx[:, 0:height:2, :width]
    xp.multiply(rows, top >= bottom, out=dtop)
    xp.subtract(rows, dtop, out=dx[:, 1:height:2, :width])


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

        return x.reshape(shape[0], -1), backward

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return (int(np.prod(shape)),)

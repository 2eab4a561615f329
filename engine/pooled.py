"""A convolution of few channels and the 2 × 2 max-pooling behind it, computed at once.

The four outputs of one pool are four kernels at their four places in one neighbourhood of (k + 1) × (k + 1):
more multiplications, with the zeros around each kernel, but a third of the copying and a matrix product of
four times the columns. It pays for first layers, where copying costs more than multiplying.

All inputs are NumPy arrays (N, H, W, C); scratch memory belongs to the thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property, partial

import numpy as np

from engine.epilogue import Epilogue
from engine.layer import Gradients, column_sums
from engine.memory import aligned_copy, blocks, scratch
from engine.pooled_layout import layout, plane_views, run_views
from engine.products import SMALL_PRODUCT, product_of_rows, weight_gradient
from engine.rectifier import rectify

PooledBackward = Callable[..., tuple[np.ndarray | None, Gradients]]
Marks = tuple[np.ndarray, np.ndarray]

BLOCK_BYTES = 1 << 20
MOST_PARTS = 16  # of the sum that becomes the kernels' gradient
LONGEST_RUN = 40  # numbers in one row of a kernel, up to which this way pays


class PooledConvolution:
    """The kernels of one weight (k, k, C, outputs), laid out for this way of computing."""

    def __init__(self, weight: np.ndarray) -> None:
        self.kernel, _, self.channels, self.outputs = weight.shape
        self.side, places, self._copies = layout(self.kernel, self.channels, self.outputs)
        numbers = np.zeros(weight.size + 1, weight.dtype)
        numbers[:-1] = weight.ravel()
        self.matrix = aligned_copy(numbers.take(places))
        self._bias: np.ndarray | None = None
        self._biased = self.matrix

    @staticmethod
    def suits(kernel: int, stride: int, channels: int) -> bool:
        return stride == 1 and kernel > 1 and kernel * channels <= LONGEST_RUN

    def __call__(self, x: np.ndarray, pad: int, epilogue: Epilogue | None = None) -> np.ndarray:
        """(N, H, W, C) -> (N, H' // 2, W' // 2, outputs)."""
        y = np.empty(self._output_shape(x, pad), x.dtype)
        if len(x) == 1:
            self._compute(x, y, pad, epilogue)
            return y
        for part in self._parts(x, y):
            self._compute(x[part], y[part], pad, epilogue)
        return y

    def forward(
        self, x: np.ndarray, pad: int, epilogue: Epilogue | None
    ) -> tuple[np.ndarray, PooledBackward]:
        """The same, and the way back. What it remembers is which of the four was the largest, as two bits."""
        y = np.empty(self._output_shape(x, pad), x.dtype)
        marks: list[Marks] = []
        for part in self._parts(x, y):
            halves, products = self._compute(x[part], y[part], pad, epilogue)
            half = 2 * self.outputs
            upper = products[:, :half] >= products[:, half:]
            marks.append((upper, halves[:, : self.outputs] >= halves[:, self.outputs :]))

        def backward(dy: np.ndarray, input_gradient: bool = True) -> tuple[np.ndarray | None, Gradients]:
            if epilogue is not None and epilogue.relu:
                dy = dy * (y > 0)
            dx = np.empty(x.shape, x.dtype) if input_gradient else None
            shares = [
                self._hand_back(x[part], dy[part], mark, pad, None if dx is None else dx[part])
                for part, mark in zip(self._parts(x, y), marks, strict=True)
            ]
            total = sum(shares[1:], shares[0]) if shares else np.zeros_like(self.matrix)
            gradients = {"weight": self._folded(total)}
            if epilogue is not None:
                gradients["bias"] = column_sums(dy)
            return dx, gradients

        return y, backward

    def _output_shape(self, x: np.ndarray, pad: int) -> tuple[int, int, int, int]:
        n, height, width, channels = x.shape
        if channels != self.channels:
            raise ValueError(f"this convolution takes {self.channels} channels, not {channels}")
        more = 2 * pad - self.kernel + 1
        return n, (height + more) // 2, (width + more) // 2, self.outputs

    def _parts(self, x: np.ndarray, y: np.ndarray) -> Iterator[slice]:
        numbers = y.shape[1] * y.shape[2] * (self.side**2 * self.channels + 6 * self.outputs)
        return blocks(len(x), numbers * x.itemsize, block_bytes=BLOCK_BYTES)

    def _views(self, x: np.ndarray, y: np.ndarray, pad: int) -> tuple[np.ndarray, ...]:
        geometry = (x.shape, x.dtype, self.side, self.outputs, pad, y.shape[1], y.shape[2])
        make = plane_views if self.channels == 1 else run_views
        return scratch.views(("pooled", *geometry), partial(make, *geometry))

    def _compute(
        self, x: np.ndarray, y: np.ndarray, pad: int, epilogue: Epilogue | None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Fill y; also returns the larger ones of two and all four products, which lie in scratch memory."""
        copy, maximum = np.copyto, np.maximum
        views = self._views(x, y, pad)
        if self.channels == 1:
            inside, padded, phases, source, planes, matrix, best, result = views[:8]
            copy(inside, x[..., 0])
            copy(phases, padded)
            copy(planes, source)
            if epilogue is None:
                _rows_times_planes(self.matrix, matrix[:, :-1], views[8])
            else:
                _rows_times_planes(self._with_bias(epilogue.bias), matrix, views[8])
        else:
            inside, source, patches, matrix = views[:4]
            best = y.reshape(-1, self.outputs)
            copy(inside, x)
            copy(patches, source)
            product_of_rows(matrix, self.matrix, views[8])
        products, upper, lower, halves, left, right = views[8:]
        maximum(upper, lower, out=halves)
        maximum(left, right, out=best)
        if self.channels == 1:
            if epilogue is not None and epilogue.relu:
                rectify(best, out=best)
            copy(y, result)
        elif epilogue is not None:
            epilogue(best)
        return halves, products

    def _hand_back(
        self, x: np.ndarray, dy: np.ndarray, marks: Marks, pad: int, dx: np.ndarray | None
    ) -> np.ndarray:
        """What the matrix gets of dy; also writes dx."""
        views = self._views(x, dy, pad)
        products, upper, lower, halves, left, right = views[8:]
        if self.channels == 1:
            inside, padded, phases, source, planes, matrix, best, result = views[:8]
            best[...] = 0  # the useless last columns of each run
            np.copyto(result, dy)
            np.copyto(inside, x[..., 0])
            np.copyto(phases, padded)
        else:
            inside, source, planes, matrix = views[:4]
            best = dy.reshape(-1, self.outputs)
            np.copyto(inside, x)
        np.copyto(planes, source)
        np.multiply(best, marks[1], out=left)
        np.subtract(best, left, out=right)
        np.multiply(halves, marks[0], out=upper)
        np.subtract(halves, upper, out=lower)
        if self.channels == 1:
            shares = np.matmul(products, matrix[:, :-1].transpose(0, 2, 1))
            if dx is not None:
                _planes_back(np.matmul(self.matrix.T, products), phases, dx, pad, self.side // 2)
            return shares[0] if len(shares) == 1 else np.add.reduce(shares, axis=0)
        if dx is not None:
            _runs_back(np.matmul(products, self._pairs), source.shape, dx, pad)
        return weight_gradient(matrix, products, MOST_PARTS)

    @cached_property
    def _pairs(self) -> np.ndarray:
        """(side · pairs, 4·outputs, 2·C): the matrix the other way, for two pixels at a time."""
        side, channels = self.side, self.channels
        pairs = -(-side // 2)
        numbers = np.zeros((side, 2 * pairs, channels, 4 * self.outputs), self.matrix.dtype)
        numbers[:, :side] = self.matrix.reshape(side, side, channels, -1)
        apart = numbers.reshape(side * pairs, 2 * channels, -1).swapaxes(1, 2)
        return aligned_copy(apart)

    def _with_bias(self, bias: np.ndarray) -> np.ndarray:
        """The matrix with one more column, for the plane of ones: the bias of each output."""
        if bias is not self._bias:
            rows, columns = self.matrix.shape
            biased = np.empty((rows, columns + 1), self.matrix.dtype)
            biased[:, :-1] = self.matrix
            biased[:, -1].reshape(4, -1)[...] = bias
            self._biased, self._bias = biased, bias
        return self._biased

    def _folded(self, total: np.ndarray) -> np.ndarray:
        """The gradient of the kernel (k, k, C, outputs) from that of its four copies in the matrix."""
        folded = np.add.reduce(total.take(self._copies), axis=0)
        return folded.reshape(self.kernel, self.kernel, self.channels, self.outputs)


def _rows_times_planes(rows: np.ndarray, planes: np.ndarray, out: np.ndarray) -> None:
    """out (N, M, places) = rows (M, K) @ planes (N, K, places), in parts that BLAS does not copy first."""
    parts = -(-rows.size * planes.shape[2] // SMALL_PRODUCT)
    step = -(-len(rows) // parts)
    for first in range(0, len(rows), step):
        np.matmul(rows[first : first + step], planes, out=out[:, first : first + step])


def _planes_back(dplanes: np.ndarray, phases: np.ndarray, dx: np.ndarray, pad: int, taps: int) -> None:
    """Add each shift of the phases back to its place (N, side², run) -> dx (N, H, W, 1)."""
    n, length = dplanes.shape[0], dplanes.shape[2]
    wide = phases.shape[4]
    shifts = dplanes.reshape(n, 2, 2, taps, taps, length)
    flat = np.zeros((n, 2, 2, (taps - 1) * (wide + 1) + max(length, phases.shape[3] * wide)), dx.dtype)
    for i in range(taps):
        for j in range(taps):
            flat[..., i * wide + j : i * wide + j + length] += shifts[:, :, :, i, j]
    high = phases.shape[3]
    whole = np.zeros((n, max(2 * high, dx.shape[1] + pad), max(2 * wide, dx.shape[2] + pad)), dx.dtype)
    pieces = flat[..., : high * wide].reshape(n, 2, 2, high, wide).transpose(0, 3, 1, 4, 2)
    whole[:, : 2 * high, : 2 * wide] = pieces.reshape(n, 2 * high, 2 * wide)
    dx[..., 0] = whole[:, pad : pad + dx.shape[1], pad : pad + dx.shape[2]]


def _runs_back(shares: np.ndarray, shape: tuple[int, ...], dx: np.ndarray, pad: int) -> None:
    """Add neighbourhoods of `shape` (N, rows, columns, side, side·C) to their places in dx (N, H, W, C).

    The shares of two pixels each, (side · pairs, N · rows · columns, 2·C), lie together for neighbourhoods in
    a row, which are two pixels apart: they are one long run, in which none overlaps with another.
    """
    n, rows, columns, side, _ = shape
    _, height, width, channels = dx.shape
    padded = np.zeros((n, height + 2 * pad, width + 2 * pad + side % 2, channels), dx.dtype)
    image, row, column, item = padded.strides
    runs = shares.reshape(side, -1, n, rows, columns * 2 * channels)
    for i in range(side):
        for j in range(runs.shape[1]):
            place = np.ndarray(
                runs.shape[2:], dx.dtype, padded, i * row + 2 * j * column, (image, 2 * row, item)
            )
            place += runs[i, j]
    dx[...] = padded[:, pad : pad + height, pad : pad + width]

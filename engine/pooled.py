"""A convolution of few channels and the 2 × 2 max-pooling behind it, computed at once.

The four outputs of one pool are four kernels at their four places in one neighbourhood of (k + 1) × (k + 1):
more multiplications, with the zeros around each kernel, but a third of the copying and a matrix product of
four times the columns. It pays for first layers, where copying costs more than multiplying.

All inputs are NumPy arrays (N, H, W, C); scratch memory belongs to the thread.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from engine.epilogue import Epilogue
from engine.memory import blocks, scratch

BLOCK_BYTES = 1 << 20
LONGEST_RUN = 40  # numbers in one row of a kernel, up to which this way pays


class PooledConvolution:
    """The kernels of one weight (k, k, C, outputs), laid out for this way of computing."""

    def __init__(self, weight: np.ndarray) -> None:
        self.kernel, _, self.channels, self.outputs = weight.shape
        quads = _quads(weight)
        side = quads.shape[0]
        if self.channels == 1:
            phased = quads.reshape(side // 2, 2, side // 2, 2, -1).transpose(4, 1, 3, 0, 2)
            self.matrix = np.ascontiguousarray(phased).reshape(4 * self.outputs, side * side)
        else:
            self.matrix = quads.reshape(side * side * self.channels, 4 * self.outputs)
        self.side = side

    @staticmethod
    def suits(kernel: int, stride: int, channels: int) -> bool:
        return stride == 1 and kernel > 1 and kernel * channels <= LONGEST_RUN

    def __call__(self, x: np.ndarray, pad: int, epilogue: Epilogue | None = None) -> np.ndarray:
        """(N, H, W, C) -> (N, H' // 2, W' // 2, outputs)."""
        n, height, width, _ = x.shape
        rows, columns = ((size + 2 * pad - self.kernel + 1) // 2 for size in (height, width))
        y = np.empty((n, rows, columns, self.outputs), x.dtype)
        numbers = rows * columns * (self.side**2 * self.channels + 6 * self.outputs)
        compute, views = (self._planes, _plane_views) if self.channels == 1 else (self._runs, _run_views)
        for part in blocks(n, numbers * x.itemsize, BLOCK_BYTES):
            some = x[part]
            geometry = (some.shape, x.dtype, self.side, self.outputs, pad, rows, columns)
            compute(some, y[part], scratch.views(("pooled", *geometry), partial(views, *geometry)), epilogue)
        return y

    def _planes(
        self, x: np.ndarray, y: np.ndarray, views: tuple[np.ndarray, ...], epilogue: Epilogue | None
    ) -> None:
        inside, padded, phases, source, planes, matrix, products, halves, best, result = views
        np.copyto(inside, x[..., 0])
        np.copyto(phases, padded)
        np.copyto(planes, source)
        np.matmul(self.matrix, matrix, out=products)
        half, outputs = 2 * self.outputs, self.outputs
        np.maximum(products[:, :half], products[:, half:], out=halves)
        np.maximum(halves[:, :outputs], halves[:, outputs:], out=best)
        if epilogue is not None:
            epilogue.on_planes(best)
        np.copyto(y, result)

    def _runs(
        self, x: np.ndarray, y: np.ndarray, views: tuple[np.ndarray, ...], epilogue: Epilogue | None
    ) -> None:
        inside, source, patches, matrix, products, halves = views
        np.copyto(inside, x)
        np.copyto(patches, source)
        np.matmul(matrix, self.matrix, out=products)
        half, outputs = 2 * self.outputs, self.outputs
        np.maximum(products[:, :half], products[:, half:], out=halves)
        flat = y.reshape(-1, outputs)
        np.maximum(halves[:, :outputs], halves[:, outputs:], out=flat)
        if epilogue is not None:
            epilogue(flat)


def _quads(weight: np.ndarray) -> np.ndarray:
    """(s, s, C, 4·outputs): the kernel at its four places, s being k + 1, made even for one channel."""
    kernel, _, channels, outputs = weight.shape
    side = kernel + 1 + (kernel % 2 == 0 and channels == 1)
    quads = np.zeros((side, side, channels, 4, outputs), weight.dtype)
    for i in range(2):
        for j in range(2):
            quads[i : i + kernel, j : j + kernel, :, 2 * i + j] = weight
    return quads.reshape(side, side, channels, 4 * outputs)


def _plane_views(
    shape: tuple[int, ...], dtype: np.dtype, side: int, outputs: int, pad: int, rows: int, columns: int
) -> tuple[np.ndarray, ...]:
    """Buffers for one channel. Every second pixel of every second row is a phase; its shifts are long runs.

    A run covers whole rows of a phase, of which the last columns are of no use and are left out at the end.
    """
    n, height, width, _ = shape
    taps = side // 2
    high, wide = rows + taps - 1, columns + taps - 1
    padded = np.zeros((n, max(2 * high, height + pad), max(2 * wide, width + pad)), dtype)
    inside = padded[:, pad : pad + height, pad : pad + width]
    by_phase = padded[:, : 2 * high, : 2 * wide].reshape(n, high, 2, wide, 2).transpose(0, 2, 4, 1, 3)
    room = high * wide + taps
    flat = np.zeros((n, 2, 2, room), dtype)
    phases = flat[..., : high * wide].reshape(n, 2, 2, high, wide)
    image, down, across, item = flat.strides
    length = rows * wide
    source = np.lib.stride_tricks.as_strided(
        flat,
        (n, 2, 2, taps, taps, length),
        (image, down, across, wide * item, item, item),
        writeable=False,
    )
    planes = np.empty(source.shape, dtype)
    products = np.empty((n, 4 * outputs, length), dtype)
    halves, best = np.empty((n, 2 * outputs, length), dtype), np.empty((n, outputs, length), dtype)
    result = best.reshape(n, outputs, rows, wide)[..., :columns].transpose(0, 2, 3, 1)
    matrix = planes.reshape(n, side * side, length)
    return inside, by_phase, phases, source, planes, matrix, products, halves, best, result


def _run_views(
    shape: tuple[int, ...], dtype: np.dtype, side: int, outputs: int, pad: int, rows: int, columns: int
) -> tuple[np.ndarray, ...]:
    """Buffers for a few channels: neighbourhoods at stride 2, as runs of one row of pixels each."""
    n, height, width, channels = shape
    padded = np.zeros((n, height + 2 * pad, width + 2 * pad, channels), dtype)
    image, row, column, item = padded.strides
    source = np.lib.stride_tricks.as_strided(
        padded,
        (n, rows, columns, side, side * channels),
        (image, 2 * row, 2 * column, row, item),
        writeable=False,
    )
    patches = np.empty(source.shape, dtype)
    count = n * rows * columns
    products, halves = np.empty((count, 4 * outputs), dtype), np.empty((count, 2 * outputs), dtype)
    inside = padded[:, pad : pad + height, pad : pad + width]
    return inside, source, patches, patches.reshape(count, -1), products, halves

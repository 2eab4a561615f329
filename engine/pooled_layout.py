"""Where the numbers of `engine.pooled` lie: the four kernels in their matrix, and the buffers around it."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from engine.memory import LINE, aligned


@lru_cache(maxsize=64)
def layout(kernel: int, channels: int, outputs: int) -> tuple[int, np.ndarray, np.ndarray]:
    """(the side s of a neighbourhood; which number of the weight stands where in the matrix, -1 for none;
    where each number has its copies (4, k·k·C·outputs)).

    Four kernels at their places in one neighbourhood: s is k + 1, made even for one channel, whose matrix is
    (4·outputs, s·s), by phases; that of more channels is (s·s·C, 4·outputs).
    """
    side = kernel + 1 + (kernel % 2 == 0 and channels == 1)
    numbers = np.arange(kernel * kernel * channels * outputs).reshape(kernel, kernel, channels, outputs)
    quads = np.full((side, side, channels, 4, outputs), -1)
    for i in range(2):
        for j in range(2):
            quads[i : i + kernel, j : j + kernel, :, 2 * i + j] = numbers
    if channels == 1:
        phased = quads.reshape(side // 2, 2, side // 2, 2, -1).transpose(4, 1, 3, 0, 2)
        places = phased.reshape(4 * outputs, side * side)
    else:
        places = quads.reshape(side * side * channels, 4 * outputs)
    copies = np.argsort(places, axis=None, kind="stable")[-4 * numbers.size :].reshape(-1, 4).T
    return side, np.ascontiguousarray(places), np.ascontiguousarray(copies)


def plane_views(
    shape: tuple[int, ...], dtype: np.dtype, side: int, outputs: int, pad: int, rows: int, columns: int
) -> tuple[np.ndarray, ...]:
    """Buffers for one channel. Every second pixel of every second row is a phase; its shifts are long runs.

    A run covers whole rows of a phase, of which the last columns are of no use and are left out at the end.
    """
    n, height, width, _ = shape
    taps = side // 2
    high, wide = rows + taps - 1, columns + taps - 1
    used, numbers = rows * wide, LINE // dtype.itemsize
    length = -(-used // numbers) * numbers  # all runs begin with a line of the cache
    padded = np.zeros((n, max(2 * high, height + pad), max(2 * wide, width + pad)), dtype)
    inside = padded[:, pad : pad + height, pad : pad + width]
    by_phase = padded[:, : 2 * high, : 2 * wide].reshape(n, high, 2, wide, 2).transpose(0, 2, 4, 1, 3)
    flat = np.zeros((n, 2, 2, high * wide + taps + length - used), dtype)
    phases = flat[..., : high * wide].reshape(n, 2, 2, high, wide)
    image, down, across, item = flat.strides
    source = np.lib.stride_tricks.as_strided(
        flat,
        (n, 2, 2, taps, taps, length),
        (image, down, across, wide * item, item, item),
        writeable=False,
    )
    matrix = aligned((n, side * side + 1, length), dtype)
    matrix[:, -1] = 1  # the last plane stays
    planes = matrix[:, :-1].reshape(source.shape)
    best = aligned((n, outputs, length), dtype)
    result = best[:, :, :used].reshape(n, outputs, rows, wide)[..., :columns].transpose(0, 2, 3, 1)
    of_four = _of_four((n, 4 * outputs, length), 1, dtype)
    return inside, by_phase, phases, source, planes, matrix, best, result, *of_four


def run_views(
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
    inside = padded[:, pad : pad + height, pad : pad + width]
    unused = np.empty((4, 0), dtype)
    of_four = _of_four((count, 4 * outputs), 1, dtype)
    return inside, source, patches, patches.reshape(count, -1), *unused, *of_four


def _of_four(shape: tuple[int, ...], axis: int, dtype: np.dtype) -> tuple[np.ndarray, ...]:
    """(all four products, two halves of them, the larger ones of two, two halves of those)."""
    products = aligned(shape, dtype)
    upper, lower = np.split(products, 2, axis)
    halves = aligned(upper.shape, dtype)
    return products, upper, lower, halves, *np.split(halves, 2, axis)

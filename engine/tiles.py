"""From an image to what `engine.winograd` multiplies: tiles, four pixels apart, moved into a space of 36.

A tile T becomes M·T·Mᵀ for a small matrix M. M·T is computed for whole rows of the image at once, which share
it where tiles overlap; what it gives is multiplied by Mᵀ tile by tile. So no tile is ever copied.
"""

from __future__ import annotations

import numpy as np

from engine.memory import Workspace
from engine.products import SMALL_PRODUCT

STEP = 4  # pixels from one tile to the next
PLACES = 6  # of the 36 along one axis

Buffers = tuple[np.ndarray, ...]


def by_place(tiles: int, channels: int, dtype: np.dtype, work: Workspace) -> np.ndarray:
    """An empty (tiles, 36, channels). What belongs to one of the 36 lies together, as in the products."""
    return work.apart(PLACES * PLACES, (tiles, channels), dtype).swapaxes(0, 1)


def buffers(
    n: int, down: int, across: int, side: int, channels: int, dtype: np.dtype, work: Workspace
) -> Buffers:
    """What `transform` needs for n images of down · across tiles (side, side, channels).

    The last is what it fills, (n · down · across, 36, channels).
    """
    rows = work.empty((n, down, PLACES, STEP * (across - 1) + side, channels), dtype)
    image, row, place, column, item = rows.strides
    shape = n, down, PLACES, across, side, channels
    tiles = np.ndarray(shape, dtype, rows, 0, (image, row, place, STEP * column, column, item))
    transformed = by_place(n * down * across, channels, dtype, work)
    apart = transformed.swapaxes(0, 1).reshape(PLACES, PLACES, n, down, across, channels)
    return rows, tiles, apart.transpose(2, 3, 0, 4, 1, 5), transformed


def transform(
    x: np.ndarray, images: slice, strip: slice, pad: int, matrix: np.ndarray, made: Buffers
) -> np.ndarray:
    """(tiles, 36, C): the rows `strip` of tiles of x (N, H, W, C) with `pad` zeros around it, transformed by
    `matrix` (6, side). x lies in one piece.
    """
    rows, tiles, apart, transformed = made
    _along_columns(x, images, strip, pad, matrix, rows)
    np.matmul(matrix, tiles, out=apart)
    return transformed


def _along_columns(
    x: np.ndarray, images: slice, strip: slice, pad: int, matrix: np.ndarray, rows: np.ndarray
) -> None:
    """Fill rows (n, down, 6, columns, C) with matrix · (rows of the image that a row of tiles lies on)."""
    _, height, width, channels = x.shape
    n, down, _, columns, _ = rows.shape
    side = matrix.shape[1]
    width = min(width, columns - pad)
    rows[:, :, :, :pad] = 0
    rows[:, :, :, pad + width :] = 0
    inside = rows.reshape(n, down, PLACES, -1)[..., pad * channels : (pad + width) * channels]
    # Of these rows of tiles all rows of pixels exist; of others, those that do are multiplied.
    start = min(max(strip.start, -(-pad // STEP)), strip.stop)
    stop = max(min(strip.stop, (height + pad - side) // STEP + 1), start)
    if start < stop:
        image, row, _, item = x.strides
        place = images.start * image + (STEP * start - pad) * row
        shape = n, stop - start, side, width * channels
        source = np.ndarray(shape, x.dtype, x, place, (image, STEP * row, row, item))
        _multiply(matrix, source, inside[:, start - strip.start : stop - strip.start])
    for r in (*range(strip.start, start), *range(stop, strip.stop)):
        first = STEP * r - pad
        above, there = max(0, -first), min(side, height - first)
        out = inside[:, r - strip.start]
        if above >= there:
            out[...] = 0
            continue
        source = x[images, first + above : first + there, :width].reshape(n, there - above, -1)
        _multiply(matrix[:, above:there], source, out)


def _multiply(matrix: np.ndarray, rows: np.ndarray, out: np.ndarray) -> None:
    """out (..., 6, N) = matrix (6, K) @ rows (..., K, N), by columns in parts that BLAS does not copy."""
    most = SMALL_PRODUCT // matrix.size
    for first in range(0, rows.shape[-1], most):
        part = ..., slice(first, first + most)
        np.matmul(matrix, rows[part], out=out[part])

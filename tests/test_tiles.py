"""Winograd's tiles against slices of a padded image, transformed one by one."""

from __future__ import annotations

import numpy as np
import pytest

from engine import tiles
from engine.memory import Workspace

CHANNELS = 3


def expected(x: np.ndarray, pad: int, down: int, across: int, matrix: np.ndarray) -> np.ndarray:
    """(n, down, across, 36, C)."""
    n, height, width, channels = x.shape
    side = matrix.shape[1]
    padded = np.zeros((n, 4 * down + height + 12, 4 * across + width + 12, channels), np.float64)
    padded[:, pad : pad + height, pad : pad + width] = x
    transformed = np.empty((n, down, across, 36, channels))
    for row in range(down):
        for column in range(across):
            tile = padded[:, 4 * row : 4 * row + side, 4 * column : 4 * column + side]
            both = np.einsum("ai,nijc,bj->nabc", matrix, tile, matrix)
            transformed[:, row, column] = both.reshape(n, 36, channels)
    return transformed


@pytest.mark.parametrize(("side", "pad"), [(6, 0), (6, 1), (6, 2), (6, 3), (6, 6), (4, 0)])
@pytest.mark.parametrize("width", [1, 2, 3, 4, 5, 6, 7, 8, 13])
def test_tiles_of_every_strip_are_moved_with_zeros_around_the_image(width: int, side: int, pad: int) -> None:
    rng = np.random.default_rng(0)
    matrix = rng.standard_normal((6, side)).astype(np.float32)
    work = Workspace()
    for height in (1, 2, 3, 6, 7, 8, 14, 15, 23):
        if min(height, width) + 2 * pad < side - 3:
            continue
        down, across = (-(-(length + 2 * pad - side + 4) // 4) for length in (height, width))
        x = rng.standard_normal((3, height, width, CHANNELS)).astype(np.float32)
        wanted = expected(x, pad, down, across, matrix)
        for start in range(down):
            for stop in range(start + 1, down + 1):
                for images in (slice(0, 3), slice(2, 3)):
                    work.clear()
                    size = images.stop - images.start, stop - start, across, side, CHANNELS
                    made = tiles.buffers(*size, x.dtype, work)
                    for buffer in made:
                        buffer[...] = np.nan
                    found = tiles.transform(x, images, slice(start, stop), pad, matrix, made)
                    there = wanted[images, start:stop].reshape(found.shape)
                    np.testing.assert_allclose(found, there, rtol=1e-4, atol=1e-4)


def test_fewer_columns_than_there_are_can_be_asked_for() -> None:
    rng = np.random.default_rng(0)
    matrix = rng.standard_normal((6, 6)).astype(np.float32)
    x = rng.standard_normal((2, 9, 15, CHANNELS)).astype(np.float32)
    made = tiles.buffers(2, 2, 2, 6, CHANNELS, x.dtype, Workspace())
    found = tiles.transform(x, slice(0, 2), slice(0, 2), 1, matrix, made)
    wanted = expected(x, 1, 2, 4, matrix)[:, :, :2].reshape(found.shape)
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-4)


def test_rows_too_long_for_one_small_product_are_cut() -> None:
    rng = np.random.default_rng(0)
    matrix = rng.standard_normal((6, 6)).astype(np.float32)
    rows = rng.standard_normal((2, 6, 60_001)).astype(np.float32)
    out = np.full((2, 6, 60_001), np.nan, np.float32)
    tiles._multiply(matrix, rows, out)
    np.testing.assert_allclose(out, matrix @ rows, rtol=1e-4, atol=1e-4)

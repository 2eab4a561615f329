"""Winograd's tiles against slices of a padded image."""

from __future__ import annotations

import numpy as np
import pytest

from engine.tiles import _inner_rows, copy_tiles

CHANNELS = 3


def expected(x: np.ndarray, pad: int, down: int, across: int) -> np.ndarray:
    n, height, width, channels = x.shape
    padded = np.zeros((n, 4 * down + 8, 4 * across + 8, channels), x.dtype)
    padded[:, pad : pad + height, pad : pad + width] = x
    tiles = np.empty((n, down, across, 6, 6 * channels), x.dtype)
    for row in range(down):
        for column in range(across):
            part = padded[:, 4 * row : 4 * row + 6, 4 * column : 4 * column + 6]
            tiles[:, row, column] = part.reshape(n, 6, -1)
    return tiles


@pytest.mark.parametrize("pad", [0, 1, 2, 3])
@pytest.mark.parametrize("width", [1, 2, 3, 4, 5, 6, 7, 8, 13])
def test_tiles_of_every_strip_hold_the_image_and_zeros_around_it(width: int, pad: int) -> None:
    rng = np.random.default_rng(0)
    for height in (1, 2, 3, 6, 7, 8, 14, 15, 18, 23):
        if min(height, width) + 2 * pad < 3:
            continue
        down, across = -(-(height + 2 * pad - 2) // 4), -(-(width + 2 * pad - 2) // 4)
        x = rng.standard_normal((3, height, width, CHANNELS)).astype(np.float32)
        wanted = expected(x, pad, down, across)
        for image in (x, np.asfortranarray(x)):
            for start in range(down):
                for stop in range(start + 1, down + 1):
                    for images in (slice(0, 3), slice(2, 3)):
                        size = images.stop - images.start, stop - start, across, 6, 6 * CHANNELS
                        out = np.full(size, np.nan, np.float32)
                        copy_tiles(image, images, slice(start, stop), pad, out)
                        np.testing.assert_array_equal(out, wanted[images, start:stop])


def test_most_rows_of_a_large_image_are_taken_from_where_they_lie() -> None:
    x = np.zeros((1, 64, 64, 2), np.float32)
    assert _inner_rows(x, slice(0, 16), 1, 16) == slice(1, 15)
    assert _inner_rows(x, slice(0, 8), 1, 16) == slice(1, 8)
    assert _inner_rows(x, slice(0, 2), 1, 16) == slice(0, 0)  # one alone is not worth it
    assert _inner_rows(np.zeros((1, 14, 14, 2), np.float32), slice(0, 3), 0, 3) == slice(0, 3)
    assert _inner_rows(np.asfortranarray(x), slice(0, 16), 1, 16) == slice(0, 0)

"""The 6 × 6 tiles of an image, four pixels apart, that `engine.winograd` takes its inputs from."""

from __future__ import annotations

from functools import partial

import numpy as np

from engine.memory import scratch

FEWEST_ROWS = 3  # of tiles, from which on it pays to take them apart from those at the edge
WIDEST_PAD = 2


def copy_tiles(x: np.ndarray, images: slice, strip: slice, pad: int, out: np.ndarray) -> None:
    """Fill out (n, down, across, 6, 6·C) with the rows `strip` of tiles of x (N, H, W, C), zeros around it.

    Where no rows are missing they are taken from where they lie, one long run for each row of a tile. What
    such a run has beyond the end of a row, which is the next row's beginning, is made zero afterwards; the
    other rows of tiles are copied into a padded image first.
    """
    inner = _inner_rows(x, strip, pad, out.shape[2])
    begin, end = inner.start - strip.start, inner.stop - strip.start
    if begin < end:
        _copy(x, images, inner, pad, out[:, begin:end])
    for rows in (slice(0, begin), slice(end, strip.stop - strip.start)):
        if rows.start < rows.stop:
            edge = slice(strip.start + rows.start, strip.start + rows.stop)
            _copy_padded(x, images, edge, pad, out[:, rows])


def _beyond(width: int, across: int, pad: int) -> int:
    """How many columns of the last tile lie to the right of the image."""
    return max(0, 4 * across + 2 - pad - width)


def _inner_rows(x: np.ndarray, strip: slice, pad: int, across: int) -> slice:
    """The rows of tiles in `strip` of which no number lies before or behind the image in memory."""
    _, height, width, _ = x.shape
    nothing = slice(strip.start, strip.start)
    if not x.flags.c_contiguous or pad > WIDEST_PAD:
        return nothing
    # How many rows a run reaches into beside its own.
    before, behind = -(-pad // width), -(-_beyond(width, across, pad) // width)
    start = max(strip.start, -(-(pad + before) // 4))
    stop = min(strip.stop, (height - 6 - behind + pad) // 4 + 1)
    if stop - start >= FEWEST_ROWS or (start, stop) == (strip.start, strip.stop):
        return slice(start, stop)
    return nothing


def _copy(x: np.ndarray, images: slice, rows: slice, pad: int, out: np.ndarray) -> None:
    _, _, width, channels = x.shape
    image, row, column, item = x.strides
    place = images.start * image + (4 * rows.start - pad) * row - pad * column
    source = np.ndarray(out.shape, x.dtype, x, place, (image, 4 * row, 4 * column, row, item))
    np.copyto(out, source)
    if pad:
        out[:, :, 0, :, : pad * channels] = 0
    beyond = _beyond(width, out.shape[2], pad)
    for tile in range(1, out.shape[2] + 1):  # from the right; they overlap by two columns
        missing = beyond - 4 * (tile - 1)
        if missing <= 0:
            break
        out[:, :, -tile, :, (6 - missing) * channels :] = 0


def _copy_padded(x: np.ndarray, images: slice, rows: slice, pad: int, out: np.ndarray) -> None:
    _, height, width, channels = x.shape
    n, down, across = out.shape[:3]
    first = rows.start * 4 - pad
    above, below = max(0, -first), max(0, first + 4 * down + 2 - height)
    geometry = (n, down, across, width, channels, pad, above, below, x.dtype)
    inside, source = scratch.views(("tiles", *geometry), partial(_padded, *geometry))
    inside[...] = x[images, first + above : first + 4 * down + 2 - below, : inside.shape[2]]
    np.copyto(out, source)


def _padded(
    n: int,
    down: int,
    across: int,
    width: int,
    channels: int,
    pad: int,
    above: int,
    below: int,
    dtype: np.dtype,
) -> tuple[np.ndarray, np.ndarray]:
    """(where the image goes, its tiles). What lies around the image is zero because it is never written."""
    padded = np.zeros((n, 4 * down + 2, 4 * across + 2, channels), dtype)
    inside = padded[:, above : padded.shape[1] - below, pad : pad + width]
    image, row, column, item = padded.strides
    strides = image, 4 * row, 4 * column, row, item
    return inside, np.ndarray((n, down, across, 6, 6 * channels), dtype, padded, 0, strides)

"""What the convolutions of `engine.winograd` hand back."""

from __future__ import annotations

import numpy as np

from engine import tiles
from engine.memory import Workspace, scratch, workspace
from engine.products import parts_of, wide_product
from engine.winograd import (
    BLOCK_BYTES,
    INPUTS_BACK,
    KERNELS_BACK,
    OUTPUT_BACK,
    OUTPUTS,
    TURNED,
    TURNED_BACK,
    multiply,
    place,
    tile_blocks,
    transform,
    transformed_inputs,
)


def gradients(
    x: np.ndarray, weight: np.ndarray, dy: np.ndarray, pad: int, input_gradient: bool = True
) -> tuple[np.ndarray | None, np.ndarray]:
    """What `convolve` hands back for dy (N, H', W', K): (dx or None, the gradient by weight (3, 3, C, K))."""
    tiles_in, tiles_out = (-(-a.shape[1] // 4) * -(-a.shape[2] // 4) for a in (x, dy))
    way = _gradients_from_windows if tiles_in <= tiles_out else _gradients_from_tiles
    return way(x, weight, dy, pad, input_gradient)


def _gradients_from_windows(
    x: np.ndarray, weight: np.ndarray, dy: np.ndarray, pad: int, input_gradient: bool
) -> tuple[np.ndarray | None, np.ndarray]:
    """Both gradients from 6 × 6 windows of dy, which overlap, so that what comes out does not.

    dx is dy convolved with the turned kernels. The kernels' gradient is x as a kernel of 4 × 4, tile by tile,
    over the same windows: F(3×3, 4×4) moves with the same matrices as F(4×4, 3×3).
    """
    x, dy = np.ascontiguousarray(x), np.ascontiguousarray(dy)
    n, height, width, channels = x.shape
    outputs = dy.shape[3]
    down, across = -(-height // 4), -(-width // 4)
    turned = transform(weight.transpose(0, 1, 3, 2), TURNED) if input_gradient else None
    sums, work = _Sums(channels, outputs, x.dtype), workspace()
    dx = np.empty(x.shape, x.dtype) if input_gradient else None
    for images, strip in tile_blocks(n, down, across, channels + outputs, sums.block_bytes):
        work.clear()
        windows = transformed_inputs(dy, images, strip, across, 2 - pad, work)
        sums.add(_transformed_tiles(x, images, strip, across, work), windows)
        if dx is None or turned is None:
            continue
        products = tiles.by_place(len(windows), channels, x.dtype, work)
        multiply(windows, turned, products)
        block = work.empty((len(products), 16, channels), x.dtype)
        np.matmul(OUTPUTS[x.dtype], products, out=block)
        shape = (images.stop - images.start, strip.stop - strip.start, across, 4, 4 * channels)
        place(block.reshape(shape), dx[images, strip.start * 4 : strip.stop * 4])
    return dx, sums.by_kernel(TURNED_BACK)


def _gradients_from_tiles(
    x: np.ndarray, weight: np.ndarray, dy: np.ndarray, pad: int, input_gradient: bool
) -> tuple[np.ndarray | None, np.ndarray]:
    """The same from 4 × 4 tiles of dy, which are fewer where x is larger.

    Each step of the way there is linear, so the way back is the same steps turned round: the errors moved
    into the space of the products serve both gradients, and the tiles of dx are added up where they overlap.
    """
    x, dy = np.ascontiguousarray(x), np.ascontiguousarray(dy)
    n, rows, columns, outputs = dy.shape
    channels = x.shape[3]
    down, across = -(-rows // 4), -(-columns // 4)
    # Transposed here, and not in the product: BLAS multiplies small matrices faster as they lie.
    back = transform(weight.transpose(0, 1, 3, 2)) if input_gradient else None
    sums, work = _Sums(channels, outputs, x.dtype), workspace()
    dx = np.empty(x.shape, x.dtype) if input_gradient else None
    for images, strip in tile_blocks(n, down, across, channels + outputs, sums.block_bytes):
        work.clear()
        errors = _transformed_tiles(dy, images, strip, across, work)
        inputs = transformed_inputs(x, images, strip, across, pad, work)
        sums.add(inputs, errors)
        if dx is not None and back is not None:
            multiply(errors, back, inputs)
            _add_tiles(inputs, dx, images, strip, across, down, pad, work)
    return dx, sums.by_kernel(KERNELS_BACK)


class _Sums:
    """The gradient by the kernels in the space of the products, added up block by block."""

    def __init__(self, channels: int, outputs: int, dtype: np.dtype) -> None:
        shape = 36, channels, outputs
        self.total, self.part = (scratch(f"winograd {name}", shape, dtype) for name in ("total", "part"))
        self.block_bytes = max(BLOCK_BYTES, 2 * self.total.nbytes)  # each block adds to all of it
        self.begun = False

    def add(self, left: np.ndarray, right: np.ndarray) -> None:
        """left (tiles, 36, C) times right (tiles, 36, K), summed over the tiles."""
        tiles, _, channels = left.shape
        parts = parts_of(channels, tiles * channels * right.shape[2])
        rows = left.reshape(tiles, 36, parts, -1).transpose(1, 2, 3, 0)
        out = self.part if self.begun else self.total
        np.matmul(rows, right.transpose(1, 0, 2)[:, None], out=out.reshape(*rows.shape[:3], -1))
        if self.begun:
            np.add(self.total, self.part, out=self.total)
        self.begun = True

    def by_kernel(self, back: dict[np.dtype, np.ndarray]) -> np.ndarray:
        """(3, 3, C, K)."""
        _, channels, outputs = self.total.shape
        flat = wide_product(back[self.total.dtype], self.total.reshape(36, -1))
        return flat.reshape(3, 3, channels, outputs)


def _transformed_tiles(
    y: np.ndarray, images: slice, strip: slice, across: int, work: Workspace
) -> np.ndarray:
    """(tiles, 36, K) of the 4 × 4 tiles of y."""
    size = images.stop - images.start, strip.stop - strip.start, across, 4, y.shape[3]
    return tiles.transform(y, images, strip, 0, OUTPUT_BACK[y.dtype], tiles.buffers(*size, y.dtype, work))


def _add_tiles(
    inputs: np.ndarray,
    dx: np.ndarray,
    images: slice,
    strip: slice,
    across: int,
    down: int,
    pad: int,
    work: Workspace,
) -> None:
    """The way back of `transformed_inputs`: (tiles, 36, C) added up, and written to dx with an image's last
    strip.
    """
    _, height, width, channels = dx.shape
    n = images.stop - images.start
    moved = work.empty(inputs.shape, inputs.dtype)
    np.matmul(INPUTS_BACK[inputs.dtype], inputs, out=moved)
    moved = moved.reshape(n, -1, across, 6, 6 * channels)
    padded = scratch("winograd sums", (n, 4 * down + 2, 4 * across + 2, channels), dx.dtype)
    alone = strip.start == 0 and strip.stop == down
    if alone:
        padded[:, 4 * down :] = 0
        padded[:, :, 4 * across :] = 0
    elif strip.start == 0:
        padded[...] = 0
    image, row, column, item = padded.strides
    # Four pixels of neighbours do not overlap, nor do two: 4 × 4, 4 × 2, 2 × 4 and 2 × 2 make up the 6 × 6.
    for i, rows in ((0, 4), (4, 2)):
        for j, pixels in ((0, 4), (4, 2)):
            target = np.ndarray(
                (n, moved.shape[1], rows, across, pixels * channels),
                dx.dtype,
                padded,
                (4 * strip.start + i) * row + j * column,
                (image, 4 * row, row, 4 * column, item),
            )
            share = moved[:, :, :, i : i + rows, j * channels : (j + pixels) * channels].swapaxes(2, 3)
            if alone and not i and not j:
                target[...] = share
            else:
                target += share
    if strip.stop == down:
        dx[images] = padded[:, pad : pad + height, pad : pad + width]

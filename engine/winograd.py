"""3 × 3 convolutions at stride 1 with a quarter of the multiplications (Winograd; Lavin, Gray 2016: F(4×4,
3×3)).

A tile of 6 × 6 inputs gives 4 × 4 outputs. Both, and the kernel, are moved by small fixed matrices into a
space of 36 numbers where the convolution is a plain product for each of the 36: 36 instead of 4·4·9 = 144
multiplications. The inputs are moved along one axis after the other (`engine.tiles`); for the outputs and
the kernels, both at once as one 16 × 36 (36 × 9) matrix, because one product over long rows is quicker than
two over short ones. In float32 the result differs from the direct one by about 1e-5 of its size.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from engine import tiles
from engine.epilogue import Epilogue
from engine.memory import CACHE_BYTES, Workspace, workspace
from engine.products import wide_product
from engine.rectifier import rectify

BLOCK_BYTES = 2 * CACHE_BYTES  # the buffers of one block of tiles: not all of them are in use at once
LARGEST_BLOCK = 3 * CACHE_BYTES
PANEL = 64  # outputs

_INPUT = np.array(
    [
        [4, 0, -5, 0, 1, 0],
        [0, -4, -4, 1, 1, 0],
        [0, 4, -4, -1, 1, 0],
        [0, -2, -1, 2, 1, 0],
        [0, 2, -1, -2, 1, 0],
        [0, 4, 0, -5, 0, 1],
    ],
    np.float64,
)
_KERNEL = np.array(
    [
        [1 / 4, 0, 0],
        [-1 / 6, -1 / 6, -1 / 6],
        [-1 / 6, 1 / 6, -1 / 6],
        [1 / 24, 1 / 12, 1 / 6],
        [1 / 24, -1 / 12, 1 / 6],
        [0, 0, 1],
    ],
    np.float64,
)
_OUTPUT = np.array(
    [
        [1, 1, 1, 1, 1, 0],
        [0, 1, -1, 2, -2, 0],
        [0, 1, 1, 4, 4, 0],
        [0, 1, -1, 8, -8, 1],
    ],
    np.float64,
)
_CONSTANT = 7  # the one of the 36 that each of the 16 outputs holds once: the bias is added there


def _in_both(matrix: np.ndarray) -> dict[np.dtype, np.ndarray]:
    """In both kinds of numbers."""
    return {np.dtype(kind): np.ascontiguousarray(matrix, kind) for kind in (np.float32, np.float64)}


def _both_axes(matrix: np.ndarray) -> dict[np.dtype, np.ndarray]:
    return _in_both(np.kron(matrix, matrix))


INPUT, OUTPUT_BACK = _in_both(_INPUT), _in_both(_OUTPUT.T)
INPUTS_BACK = _both_axes(_INPUT.T)
KERNELS, KERNELS_BACK = _both_axes(_KERNEL), _both_axes(_KERNEL.T)
TURNED, TURNED_BACK = _both_axes(_KERNEL[:, ::-1]), _both_axes(_KERNEL.T[::-1])
OUTPUTS = _both_axes(_OUTPUT)


def suits(kernel: int, stride: int, inputs: int, outputs: int) -> bool:
    """Whether this way beats patches: below some 40 channels the transforms cost more than they save."""
    return kernel == 3 and stride == 1 and min(inputs, outputs) >= 24 and inputs * outputs >= 1536


def pays(shape: tuple[int, ...], pad: int, channels: int) -> bool:
    """Whether images of this shape (N, H, W, C) give tiles enough for 36 products of worthwhile size."""
    n, height, width, _ = shape
    down, across = -(-(height + 2 * pad - 2) // 4), -(-(width + 2 * pad - 2) // 4)
    return n * down * across >= 9 and (n * down * across >= 32 or channels >= 48)


def transform(weight: np.ndarray, matrices: dict[np.dtype, np.ndarray] = KERNELS) -> np.ndarray:
    """Kernels (3, 3, C, K) in the space of the products: (panels, 36, C, K / panels).

    The outputs of a panel lie together, because BLAS goes through so many columns at a time: whole rows of
    128 would be a power of two apart, and fall into the same few sets of the cache.
    """
    _, _, channels, outputs = weight.shape
    panels = outputs // PANEL if outputs % PANEL == 0 else 1
    apart = weight.reshape(9, channels, panels, outputs // panels).transpose(2, 0, 1, 3)
    flat = np.ascontiguousarray(apart).reshape(panels, 9, -1)
    transformed = wide_product(matrices[weight.dtype], flat)
    return transformed.reshape(panels, 36, channels, outputs // panels)


def multiply(inputs: np.ndarray, kernels: np.ndarray, products: np.ndarray) -> None:
    """Fill products (tiles, 36, K): for each of the 36, inputs (tiles, 36, C) times `transform`ed kernels."""
    np.matmul(inputs.swapaxes(0, 1), kernels, out=_in_panels(products, len(kernels)))


def _in_panels(products: np.ndarray, panels: int) -> np.ndarray:
    """(tiles, 36, K) as (panels, 36, tiles, K / panels)."""
    return products.reshape(len(products), 36, panels, -1).transpose(2, 1, 0, 3)


def convolve(
    x: np.ndarray, kernels: np.ndarray, pad: int, epilogue: Epilogue | None = None, pool: bool = False
) -> np.ndarray:
    """Cross-correlate x (N, H, W, C) with `transform`ed kernels: (N, H', W', K), pooled 2 × 2 when `pool`."""
    x = np.ascontiguousarray(x)
    n, height, width, channels = x.shape
    outputs = kernels.shape[0] * kernels.shape[3]
    rows, columns = height + 2 * pad - 2, width + 2 * pad - 2
    side = 2 if pool else 4  # outputs of one tile along one axis
    if pool:
        rows, columns = rows // 2, columns // 2
    down, across = -(-rows // side), -(-columns // side)
    y = np.empty((n, rows, columns, outputs), x.dtype)
    forth, back = INPUT[x.dtype], OUTPUTS[x.dtype]
    relu = epilogue is not None and epilogue.relu
    work = workspace()
    block_bytes = min(max(BLOCK_BYTES, 2 * kernels.nbytes), LARGEST_BLOCK)  # each block reads all kernels
    for images, strip in tile_blocks(n, down, across, channels + outputs, block_bytes):
        size = images.stop - images.start, strip.stop - strip.start
        geometry = (*size, across, channels, outputs, len(kernels), x.dtype)
        views = work.views(("winograd", *geometry), partial(_convolve_buffers, *geometry))
        inputs, (by_row, by_panel, constant, products, block) = views[:4], views[4:]
        tiles.transform(x, images, strip, pad, forth, inputs)
        np.matmul(by_row, kernels, out=by_panel)
        if epilogue is not None:
            np.add(constant, epilogue.bias, out=constant)
        np.matmul(back, products, out=block)
        if pool:
            block = _pooled(block)
        shape = (*size, across, side, side * outputs)
        place(block.reshape(shape), y[images, strip.start * side : strip.stop * side], relu)
    return y


def _convolve_buffers(
    n: int, down: int, across: int, channels: int, outputs: int, panels: int, dtype: np.dtype, work: Workspace
) -> tuple[np.ndarray, ...]:
    """What `convolve` needs for one block, and the same as its products want it."""
    inputs = tiles.buffers(n, down, across, 6, channels, dtype, work)
    products = tiles.by_place(n * down * across, outputs, dtype, work)
    block = work.empty((len(products), 16, outputs), dtype)
    by_row, by_panel = inputs[-1].swapaxes(0, 1), _in_panels(products, panels)
    return *inputs, by_row, by_panel, products[:, _CONSTANT], products, block


def _pooled(block: np.ndarray) -> np.ndarray:
    """The largest of each 2 × 2: (tiles, 16, K) -> (tiles, 4, K)."""
    tiles, _, outputs = block.shape
    rows = block.reshape(tiles, 2, 2, 4 * outputs)
    pairs = np.maximum(rows[:, :, 0], rows[:, :, 1]).reshape(tiles, 4, 2, outputs)
    return np.maximum(pairs[:, :, 0], pairs[:, :, 1])


def tile_blocks(
    images: int, down: int, across: int, channels: int, block_bytes: int
) -> Iterator[tuple[slice, slice]]:
    """Whole images, or strips of tile rows of one image, that share the cache; the last as large as the
    first.
    """
    row_bytes = across * 36 * channels * 6
    if row_bytes * down <= block_bytes:
        count = -(-images * row_bytes * down // block_bytes)
        step = -(-images // count)
        for n in range(0, images, step):
            yield slice(n, min(n + step, images)), slice(0, down)
        return
    step = -(-down // -(-down * row_bytes // max(row_bytes, block_bytes)))
    for n in range(images):
        for r in range(0, down, step):
            yield slice(n, n + 1), slice(r, min(r + step, down))


def transformed_inputs(
    x: np.ndarray, images: slice, strip: slice, across: int, pad: int, work: Workspace
) -> np.ndarray:
    """(tiles, 36, C) of the 6 × 6 tiles that overlap by two."""
    size = images.stop - images.start, strip.stop - strip.start, across, 6, x.shape[3]
    return tiles.transform(x, images, strip, pad, INPUT[x.dtype], tiles.buffers(*size, x.dtype, work))


def place(block: np.ndarray, y: np.ndarray, relu: bool = False) -> None:
    """Write (n, down, across, side, side·K) into y (n, rows, columns, K), dropping what lies beyond its
    edges; with `relu`, 0 for what is negative, in the block too: quicker there, where it lies together.
    """
    if relu:
        rectify(block, out=block)
    n, down, across, side, _ = block.shape
    rows, columns, outputs = y.shape[1:]
    target, whole = y, block
    if (rows, columns) == (down * side, across * side):
        image, row, column, item = y.strides
        target = np.ndarray(block.shape, y.dtype, y, 0, (image, side * row, side * column, row, item))
    else:
        whole = block.reshape(n, down, across, side, side, outputs).transpose(0, 1, 3, 2, 4, 5)
        whole = whole.reshape(n, down * side, across * side, outputs)[:, :rows, :columns]
    np.copyto(target, whole)

"""3 × 3 convolutions at stride 1 with a quarter of the multiplications (Winograd; Lavin, Gray 2016: F(4×4,
3×3)).

A tile of 6 × 6 inputs gives 4 × 4 outputs. Both, and the kernel, are moved by small fixed matrices into a
space of 36 numbers where the convolution is a plain product for each of the 36: 36 instead of 4·4·9 = 144
multiplications. The two one-dimensional transforms are applied as one 36 × 36 (16 × 36, 36 × 9) matrix,
because one matrix product over long rows is faster than many short additions. In float32 the result differs
from the direct one by about 1e-5 of its size.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from engine.epilogue import Epilogue
from engine.memory import scratch

BLOCK_BYTES = 1 << 20  # the buffers of one block of tiles, which share the cache with the kernels
LARGEST_BLOCK = 3 << 20

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


def _both_axes(matrix: np.ndarray) -> dict[np.dtype, np.ndarray]:
    square = np.ascontiguousarray(np.kron(matrix, matrix))
    return {np.dtype(kind): square.astype(kind) for kind in (np.float32, np.float64)}


_INPUTS, _INPUTS_BACK = _both_axes(_INPUT), _both_axes(_INPUT.T)
_KERNELS, _KERNELS_BACK = _both_axes(_KERNEL), _both_axes(_KERNEL.T)
_TURNED, _TURNED_BACK = _both_axes(_KERNEL[:, ::-1]), _both_axes(_KERNEL.T[::-1])
_OUTPUTS, _OUTPUTS_BACK = _both_axes(_OUTPUT), _both_axes(_OUTPUT.T)


def suits(kernel: int, stride: int, inputs: int, outputs: int) -> bool:
    """Whether this way beats patches: below some 40 channels the transforms cost more than they save."""
    return kernel == 3 and stride == 1 and min(inputs, outputs) >= 24 and inputs * outputs >= 1536


def pays(shape: tuple[int, ...], pad: int, channels: int, outputs: int) -> bool:
    """Whether images of this shape (N, H, W, C) give tiles enough for 36 products of worthwhile size."""
    n, height, width, _ = shape
    down, across = -(-(height + 2 * pad - 2) // 4), -(-(width + 2 * pad - 2) // 4)
    return n * down * across >= 9 and (n * down * across >= 32 or channels >= 48)


def transform(weight: np.ndarray, matrices: dict[np.dtype, np.ndarray] = _KERNELS) -> np.ndarray:
    """Kernels (3, 3, C, K) in the space of the products: (36, C, K)."""
    _, _, channels, outputs = weight.shape
    flat = np.ascontiguousarray(weight).reshape(9, channels * outputs)
    return (matrices[weight.dtype] @ flat).reshape(36, channels, outputs)


def convolve(
    x: np.ndarray, kernels: np.ndarray, pad: int, epilogue: Epilogue | None = None, pool: bool = False
) -> np.ndarray:
    """Cross-correlate x (N, H, W, C) with `transform`ed kernels: (N, H', W', K), pooled 2 × 2 when `pool`."""
    n, height, width, channels = x.shape
    outputs = kernels.shape[2]
    rows, columns = height + 2 * pad - 2, width + 2 * pad - 2
    side = 2 if pool else 4  # outputs of one tile along one axis
    if pool:
        rows, columns = rows // 2, columns // 2
    down, across = -(-rows // side), -(-columns // side)
    y = np.empty((n, rows, columns, outputs), x.dtype)
    matrix = _OUTPUTS[x.dtype]
    block_bytes = min(max(BLOCK_BYTES, 2 * kernels.nbytes), LARGEST_BLOCK)  # each block reads all kernels
    for images, strip in _blocks(n, down, across, channels + outputs, block_bytes):
        inputs = _transformed_inputs(x, images, strip, across, pad)
        products = _products(len(inputs), outputs, x.dtype)
        np.matmul(inputs.transpose(1, 0, 2), kernels, out=products.transpose(1, 0, 2))
        if epilogue is not None:
            products[:, _CONSTANT] += epilogue.bias
        block = scratch("winograd outputs", (len(inputs), 16, outputs), x.dtype)
        np.matmul(matrix, products, out=block)
        if pool:
            block = _pooled(block)
        shape = (images.stop - images.start, strip.stop - strip.start, across, side, side * outputs)
        relu = epilogue is not None and epilogue.relu
        _place(block.reshape(shape), y[images, strip.start * side : strip.stop * side], relu)
    return y


def _pooled(block: np.ndarray) -> np.ndarray:
    """The largest of each 2 × 2: (tiles, 16, K) -> (tiles, 4, K)."""
    tiles, _, outputs = block.shape
    rows = block.reshape(tiles, 2, 2, 4 * outputs)
    pairs = np.maximum(rows[:, :, 0], rows[:, :, 1]).reshape(tiles, 4, 2, outputs)
    return np.maximum(pairs[:, :, 0], pairs[:, :, 1])


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
    x = np.ascontiguousarray(x)
    n, height, width, channels = x.shape
    outputs = dy.shape[3]
    down, across = -(-height // 4), -(-width // 4)
    turned = transform(weight.transpose(0, 1, 3, 2), _TURNED) if input_gradient else None
    sums = _Sums(channels, outputs, x.dtype)
    dx = np.empty(x.shape, x.dtype) if input_gradient else None
    for images, strip in _blocks(n, down, across, channels + outputs, sums.block_bytes):
        windows = _transformed_inputs(dy, images, strip, across, 2 - pad).transpose(1, 0, 2)
        sums.add(_transformed_tiles(x, images, strip, across).transpose(1, 2, 0), windows)
        if dx is None or turned is None:
            continue
        products = _products(windows.shape[1], channels, x.dtype)
        np.matmul(windows, turned, out=products.transpose(1, 0, 2))
        block = scratch("winograd outputs", (len(products), 16, channels), x.dtype)
        np.matmul(_OUTPUTS[x.dtype], products, out=block)
        shape = (images.stop - images.start, strip.stop - strip.start, across, 4, 4 * channels)
        _place(block.reshape(shape), dx[images, strip.start * 4 : strip.stop * 4])
    return dx, sums.by_kernel(_TURNED_BACK)


def _gradients_from_tiles(
    x: np.ndarray, weight: np.ndarray, dy: np.ndarray, pad: int, input_gradient: bool
) -> tuple[np.ndarray | None, np.ndarray]:
    """The same from 4 × 4 tiles of dy, which are fewer where x is larger.

    Each step of the way there is linear, so the way back is the same steps turned round: the errors moved
    into the space of the products serve both gradients, and the tiles of dx are added up where they overlap.
    """
    n, rows, columns, outputs = dy.shape
    channels = x.shape[3]
    down, across = -(-rows // 4), -(-columns // 4)
    # Transposed here, and not in the product: BLAS multiplies small matrices faster as they lie.
    back = transform(weight.transpose(0, 1, 3, 2)) if input_gradient else None
    sums = _Sums(channels, outputs, x.dtype)
    dx = np.empty(x.shape, x.dtype) if input_gradient else None
    for images, strip in _blocks(n, down, across, channels + outputs, sums.block_bytes):
        errors = _transformed_tiles(dy, images, strip, across).transpose(1, 0, 2)
        inputs = _transformed_inputs(x, images, strip, across, pad)
        sums.add(inputs.transpose(1, 2, 0), errors)
        if dx is not None and back is not None:
            np.matmul(errors, back, out=inputs.transpose(1, 0, 2))
            _add_tiles(inputs, dx, images, strip, across, down, pad)
    return dx, sums.by_kernel(_KERNELS_BACK)


class _Sums:
    """The gradient by the kernels in the space of the products, added up block by block."""

    def __init__(self, channels: int, outputs: int, dtype: np.dtype) -> None:
        shape = 36, channels, outputs
        self.total, self.part = (scratch(f"winograd {name}", shape, dtype) for name in ("total", "part"))
        self.block_bytes = max(BLOCK_BYTES, 2 * self.total.nbytes)  # each block adds to all of it
        self.begun = False

    def add(self, left: np.ndarray, right: np.ndarray) -> None:
        """left (36, C, tiles) @ right (36, tiles, K)."""
        np.matmul(left, right, out=self.part if self.begun else self.total)
        if self.begun:
            np.add(self.total, self.part, out=self.total)
        self.begun = True

    def by_kernel(self, back: dict[np.dtype, np.ndarray]) -> np.ndarray:
        """(3, 3, C, K)."""
        _, channels, outputs = self.total.shape
        flat = back[self.total.dtype] @ self.total.reshape(36, -1)
        return flat.reshape(3, 3, channels, outputs)


def _transformed_tiles(y: np.ndarray, images: slice, strip: slice, across: int) -> np.ndarray:
    """(tiles, 36, K) of the 4 × 4 tiles of y."""
    n, down, outputs = images.stop - images.start, strip.stop - strip.start, y.shape[3]
    tiles = scratch("winograd collected", (n, down, across, 4, 4 * outputs), y.dtype)
    _collect(y[images, strip.start * 4 : strip.stop * 4], tiles)
    key = ("winograd transformed", n * down * across, outputs, y.dtype)
    transformed = scratch.views(key, lambda: (_spaced(n * down * across, outputs, y.dtype),))[0]
    np.matmul(_OUTPUTS_BACK[y.dtype], tiles.reshape(-1, 16, outputs), out=transformed)
    return transformed


def _add_tiles(
    inputs: np.ndarray, dx: np.ndarray, images: slice, strip: slice, across: int, down: int, pad: int
) -> None:
    """The way back of `_transformed_inputs`: (tiles, 36, C) added up, and written to dx with an image's last
    strip.
    """
    _, height, width, channels = dx.shape
    n = images.stop - images.start
    tiles = scratch("winograd tiles", inputs.shape, inputs.dtype)
    np.matmul(_INPUTS_BACK[inputs.dtype], inputs, out=tiles)
    tiles = tiles.reshape(n, -1, across, 6, 6 * channels)
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
            place = np.ndarray(
                (n, tiles.shape[1], rows, across, pixels * channels),
                dx.dtype,
                padded,
                (4 * strip.start + i) * row + j * column,
                (image, 4 * row, row, 4 * column, item),
            )
            share = tiles[:, :, :, i : i + rows, j * channels : (j + pixels) * channels].swapaxes(2, 3)
            if alone and not i and not j:
                place[...] = share
            else:
                place += share
    if strip.stop == down:
        dx[images] = padded[:, pad : pad + height, pad : pad + width]


def _blocks(
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
    step = max(1, block_bytes // row_bytes)
    for n in range(images):
        for r in range(0, down, step):
            yield slice(n, n + 1), slice(r, min(r + step, down))


def _transformed_inputs(x: np.ndarray, images: slice, strip: slice, across: int, pad: int) -> np.ndarray:
    """(tiles, 36, C) of the 6 × 6 tiles that overlap by two."""
    _, height, width, channels = x.shape
    n, down = images.stop - images.start, strip.stop - strip.start
    first = strip.start * 4 - pad
    above, below = max(0, -first), max(0, first + 4 * down + 2 - height)
    geometry = (n, down, across, width, channels, pad, above, below, x.dtype)
    inside, source, tiles, matrices, inputs = scratch.views(
        ("winograd", *geometry), partial(_input_views, *geometry)
    )
    inside[...] = x[images, first + above : first + 4 * down + 2 - below, : inside.shape[2]]
    np.copyto(tiles, source)
    np.matmul(_INPUTS[x.dtype], matrices, out=inputs)
    return inputs


def _input_views(
    n: int,
    down: int,
    across: int,
    width: int,
    channels: int,
    pad: int,
    above: int,
    below: int,
    dtype: np.dtype,
) -> tuple[np.ndarray, ...]:
    """Buffers of `_transformed_inputs`. What lies around the image is zero because it is never written."""
    padded = np.zeros((n, 4 * down + 2, 4 * across + 2, channels), dtype)
    inside = padded[:, above : padded.shape[1] - below, pad : pad + width]
    image, row, column, item = padded.strides
    source = np.lib.stride_tricks.as_strided(
        padded,
        (n, down, across, 6, 6 * channels),
        (image, 4 * row, 4 * column, row, item),
        writeable=False,
    )
    tiles = np.empty(source.shape, dtype)
    matrices = tiles.reshape(-1, 36, channels)
    return inside, source, tiles, matrices, _spaced(len(matrices), channels, dtype)


def _spaced(tiles: int, channels: int, dtype: np.dtype) -> np.ndarray:
    """(tiles, 36, channels), the tiles an odd number of cache lines apart.

    The products read one of the 36 from every tile; at a distance with many factors of two, those would share
    a few sets of the cache and drive one another out.
    """
    line = 64 // dtype.itemsize
    lines = -(-36 * channels // line) | 1
    return np.empty((tiles, lines * line), dtype)[:, : 36 * channels].reshape(tiles, 36, channels)


def _products(tiles: int, outputs: int, dtype: np.dtype) -> np.ndarray:
    key = ("winograd products", tiles, outputs, dtype)
    return scratch.views(key, lambda: (_spaced(tiles, outputs, dtype),))[0]


def _place(block: np.ndarray, y: np.ndarray, relu: bool = False) -> None:
    """Write (n, down, across, side, side·K) into y (n, rows, columns, K), dropping what lies beyond its
    edges; with `relu`, 0 for what is negative.
    """
    n, down, across, side, _ = block.shape
    rows, columns, outputs = y.shape[1:]
    place, whole = y, block
    if (rows, columns) == (down * side, across * side):
        image, row, column, item = y.strides
        place = np.ndarray(block.shape, y.dtype, y, 0, (image, side * row, side * column, row, item))
    else:
        whole = block.reshape(n, down, across, side, side, outputs).transpose(0, 1, 3, 2, 4, 5)
        whole = whole.reshape(n, down * side, across * side, outputs)[:, :rows, :columns]
    if relu:
        np.maximum(whole, block.dtype.type(0), out=place)
    else:
        np.copyto(place, whole)


def _collect(y: np.ndarray, block: np.ndarray) -> None:
    """The inverse of `_place`: what lies beyond the edges is zero."""
    _, down, across, side, _ = block.shape
    rows, columns = y.shape[1:3]
    if (rows, columns) != (down * side, across * side):
        missing = (0, down * side - rows), (0, across * side - columns)
        y = np.pad(y, ((0, 0), *missing, (0, 0)))
    image, row, column, item = y.strides
    source = np.lib.stride_tricks.as_strided(
        y, block.shape, (image, side * row, side * column, row, item), writeable=False
    )
    np.copyto(block, source)

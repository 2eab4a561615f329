"""Images ⇄ patches, and the convolution products.

A convolution is one matrix product once every output pixel's neighbourhood lies in a row of its own: (pixels,
k·k·C) times (k·k·C, outputs). The neighbourhoods overlap, so writing them out costs k·k times the image; done
for the whole batch at once it would be bound by memory. Here it is done in tiles that stay in the processor's
second-level cache, and as runs: in NHWC the k pixels of one row of a neighbourhood lie side by side, so that
a neighbourhood is k copies of k·C numbers.

All arrays are (N, H, W, C); weights are (k, k, C, outputs). Scratch memory belongs to the thread.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from engine import winograd, winograd_gradients
from engine.any_convolution import convolve_any, gradients_any, max_pool, output_size, scatter
from engine.epilogue import Epilogue
from engine.memory import aligned_rows, scratch
from engine.pooled import PooledConvolution
from engine.products import SMALL_PRODUCT, product_of_rows
from engine.rectifier import rectify

TILE_BYTES = 1 << 20  # patches of one tile: half of a second-level cache of 2 MiB


def _tiles(images: int, rows: int, bytes_per_row: int, multiple: int = 1) -> Iterator[tuple[slice, slice]]:
    """Whole images, or strips of a `multiple` of rows of one image, whose patches fill about `TILE_BYTES`."""
    bytes_per_image = rows * bytes_per_row
    if bytes_per_image <= TILE_BYTES:
        step = max(1, TILE_BYTES // max(1, bytes_per_image))
        for n in range(0, images, step):
            yield slice(n, min(n + step, images)), slice(0, rows)
    else:
        step = max(1, TILE_BYTES // bytes_per_row // multiple) * multiple
        for n in range(images):
            for r in range(0, rows, step):
                yield slice(n, n + 1), slice(r, min(r + step, rows))


def _neighbourhoods(
    x: np.ndarray,
    images: slice,
    rows: slice,
    columns: int,
    kernel: int,
    stride: int,
    pad: int,
    ones: int = 0,
) -> np.ndarray:
    """What a tile of output rows looks at, as a matrix (n · rows · columns, k·k·C + ones) in scratch memory.

    For one channel it is (n, rows · columns, k·k + ones): runs of k numbers are too short to copy fast, so
    planes of whole rows are copied instead, and the product takes its left side transposed at no cost.
    """
    n, strip = images.stop - images.start, rows.stop - rows.start
    if kernel == 1 and stride == 1 and not pad and not ones:
        return x[images, rows].reshape(-1, x.shape[3])
    first, last = rows.start * stride - pad, (rows.stop - 1) * stride + kernel - pad
    above, below = max(0, -first), max(0, last - x.shape[1])
    geometry = (n, strip, columns, x.shape[2], x.shape[3], kernel, stride, pad, above, below, ones)
    inside, source, patches, matrix = scratch.views(
        ("neighbourhoods", x.dtype, geometry), lambda: _workspace(x.dtype, *geometry)
    )
    if pad:
        inside[...] = x[images, first + above : last - below]
    else:
        image, row = x.strides[:2]
        source = np.ndarray(
            source.shape, x.dtype, x, images.start * image + first * row, (image, *source.strides[1:])
        )
    np.copyto(patches, source)
    return matrix


def _workspace(
    dtype: np.dtype,
    n: int,
    strip: int,
    columns: int,
    width: int,
    channels: int,
    kernel: int,
    stride: int,
    pad: int,
    above: int,
    below: int,
    ones: int,
) -> tuple[np.ndarray, ...]:
    """(where the image goes, all its neighbourhoods, where they are copied to, the same as a matrix).

    The border around the image is zero because it is never written, and so the last columns stay ones.
    """
    high = (strip - 1) * stride + kernel
    padded = np.zeros((n, high, width + 2 * pad, channels), dtype)
    inside = padded[:, above : high - below, pad : pad + width]
    image, row, column, item = padded.strides
    numbers = kernel * kernel * channels
    if channels == 1:
        shape: tuple[int, ...] = (n, kernel, kernel, strip, columns)
        strides: tuple[int, ...] = (image, row, column, row * stride, column * stride)
        planes = np.ones((n, numbers + ones, strip * columns), dtype)
        matrix, copied = planes.transpose(0, 2, 1), planes[:, :numbers]
    else:
        shape = (n, strip, columns, kernel, kernel * channels)
        strides = (image, row * stride, column * stride, row, item)
        matrix = np.ones((n * strip * columns, numbers + ones), dtype)
        copied = matrix[:, :numbers]
    source = np.lib.stride_tricks.as_strided(padded, shape, strides, writeable=False)
    return inside, source, copied.reshape(shape), matrix


class Convolution:
    """The product with one weight (k, k, C, outputs), its layout chosen by its size and made once.

    `pool` tells whether the product will be pooled 2 × 2.
    """

    def __init__(self, weight: np.ndarray, stride: int = 1, pool: bool = False) -> None:
        self.weight, self.stride, self.pool = weight, stride, pool
        kernel, _, self.channels, self.outputs = weight.shape
        self._laid_out: tuple[np.ndarray | None, np.ndarray] | None = None
        self.kernels = self.pooled = None
        if not isinstance(weight, np.ndarray):
            return
        if winograd.suits(kernel, stride, self.channels, self.outputs):
            self.kernels = winograd.transform(weight)
        elif pool and PooledConvolution.suits(kernel, stride, self.channels):
            self.pooled = PooledConvolution(weight)

    def __call__(self, x: np.ndarray, pad: int, epilogue: Epilogue | None = None) -> np.ndarray:
        if not isinstance(x, np.ndarray):
            return convolve_any(x, self.weight, self.stride, pad, epilogue, self.pool)
        if self.pooled is not None:
            return self.pooled(x, pad, epilogue)
        if self.kernels is not None and winograd.pays(x.shape, pad, self.channels):
            return winograd.convolve(x, self.kernels, pad, epilogue, self.pool)
        return self._by_patches(np.ascontiguousarray(x), pad, epilogue)

    def _by_patches(self, x: np.ndarray, pad: int, epilogue: Epilogue | None) -> np.ndarray:
        kernel, stride, outputs = self.weight.shape[0], self.stride, self.outputs
        n, height, width, _ = x.shape
        rows, columns = output_size(height, kernel, stride, pad), output_size(width, kernel, stride, pad)
        side = 2 if self.pool else 1
        y = np.empty((n, rows // side, columns // side, outputs), x.dtype)
        # Where neighbourhoods are copied anyway, a column of ones beside them adds the bias in the product.
        ones = epilogue is not None and (kernel > 1 or outputs > 2 * self.channels)
        matrix = self._matrix(epilogue.bias if epilogue is not None and ones else None)
        if self.pool:
            rows = rows // 2 * 2
        row_bytes = columns * (matrix.shape[0] + outputs) * x.itemsize
        for images, strip in _tiles(n, rows, row_bytes, side):
            patches = _neighbourhoods(x, images, strip, columns, kernel, stride, pad, int(ones))
            done = y[images, strip.start // side : strip.stop // side]
            if self.pool:
                shape = (images.stop - images.start, strip.stop - strip.start, columns, outputs)
                products = scratch("products", shape, x.dtype)
                product_of_rows(patches, matrix, products.reshape(*patches.shape[:-1], outputs))
                max_pool(products, out=done)
            else:
                _product(patches, matrix, done.reshape(*patches.shape[:-1], outputs))
            if epilogue is None:
                continue
            if not ones:
                epilogue(done)
            elif epilogue.relu:
                rectify(done, out=done)
        return y

    def _matrix(self, bias: np.ndarray | None) -> np.ndarray:
        """The weight as (k·k·C, outputs); with a bias as one more row, for the column of ones."""
        if self._laid_out is not None and self._laid_out[0] is bias:
            return self._laid_out[1]
        rows = self.weight.reshape(-1, self.outputs)
        matrix = aligned_rows(len(rows) + (bias is not None), self.outputs, rows.dtype)
        matrix[: len(rows)] = rows
        if bias is not None:
            matrix[-1] = bias
        self._laid_out = bias, matrix
        return matrix

    def gradients(
        self, x: np.ndarray, dy: np.ndarray, pad: int, input_gradient: bool
    ) -> tuple[np.ndarray | None, np.ndarray]:
        """What it hands back without pooling: (dx or None, dweight), for dy (N, H', W', outputs)."""
        if not isinstance(x, np.ndarray):
            return gradients_any(x, self.weight, dy, self.stride, pad, input_gradient)
        dy = np.ascontiguousarray(dy)
        if self.kernels is not None and winograd.pays(x.shape, pad, self.channels):
            return winograd_gradients.gradients(x, self.weight, dy, pad, input_gradient)
        return _gradients_patches(x, self.weight, dy, self.stride, pad, input_gradient)


def convolve(
    x: np.ndarray,
    weight: np.ndarray,
    stride: int = 1,
    pad: int = 0,
    epilogue: Epilogue | None = None,
    pool: bool = False,
) -> np.ndarray:
    """Cross-correlate x (N, H, W, C) with weight (k, k, C, outputs): (N, H', W', outputs).

    `epilogue` changes each finished tile in place (bias, ReLU) while it still lies in the cache; with `pool`,
    a tile is max-pooled 2 × 2 before that, so that three quarters of the epilogue is never computed.
    """
    return Convolution(weight, stride, pool)(x, pad, epilogue)


def convolve_gradients(
    x: np.ndarray, weight: np.ndarray, dy: np.ndarray, stride: int, pad: int, input_gradient: bool
) -> tuple[np.ndarray | None, np.ndarray]:
    """What `convolve` hands back without pooling: (dx or None, dweight), for dy (N, H', W', outputs)."""
    return Convolution(weight, stride).gradients(x, dy, pad, input_gradient)


def _product(patches: np.ndarray, matrix: np.ndarray, out: np.ndarray) -> None:
    """patches @ matrix, for few patches in parts that are small enough for BLAS not to copy the matrix
    first.
    """
    rows, outputs = patches.shape[-2], matrix.shape[1]
    parts = -(-rows * matrix.size // SMALL_PRODUCT)
    if patches.ndim == 3 or rows > 32 or parts == 1:
        product_of_rows(patches, matrix, out)
        return
    step = max(16, outputs // parts // 16 * 16)
    for first in range(0, outputs, step):
        np.matmul(patches, matrix[:, first : first + step], out[:, first : first + step])


def _gradients_patches(
    x: np.ndarray, weight: np.ndarray, dy: np.ndarray, stride: int, pad: int, input_gradient: bool
) -> tuple[np.ndarray | None, np.ndarray]:
    kernel, _, channels, outputs = weight.shape
    if stride == 1 and input_gradient and channels >= outputs // 2 and kernel - 1 - pad >= 0:
        return _gradients_from_output_patches(x, weight, dy, pad)
    dweight = _weight_gradient(x, dy, kernel, stride, pad)
    dx = None
    if input_gradient:
        if stride == 1 and kernel - 1 - pad >= 0:
            dx = convolve(dy, _turned(weight), 1, kernel - 1 - pad)
        else:
            dx = scatter(x.shape, weight, dy, stride, pad)
    return dx, dweight.reshape(weight.shape)


def _turned(weight: np.ndarray) -> np.ndarray:
    """The kernel of the backward convolution: turned by 180°, inputs and outputs exchanged."""
    return np.ascontiguousarray(weight[::-1, ::-1].transpose(0, 1, 3, 2))


def _gradients_from_output_patches(
    x: np.ndarray, weight: np.ndarray, dy: np.ndarray, pad: int
) -> tuple[np.ndarray, np.ndarray]:
    """Both gradients from one set of patches: neighbourhoods of dy serve dx and, against x, the weight."""
    kernel, _, channels, outputs = weight.shape
    x = np.ascontiguousarray(x)
    n, height, width, _ = x.shape
    back = kernel - 1 - pad
    matrix = _turned(weight).reshape(-1, channels)
    dx = np.empty(x.shape, x.dtype)
    turned = np.zeros((channels, kernel * kernel * outputs), x.dtype)
    product = scratch("weight gradient", turned.shape, x.dtype)
    for images, strip in _tiles(n, height, width * kernel * kernel * outputs * x.itemsize):
        patches = _neighbourhoods(dy, images, strip, width, kernel, 1, back)
        if outputs == 1:
            patches = np.ascontiguousarray(patches).reshape(-1, kernel * kernel)
        product_of_rows(patches, matrix, dx[images, strip].reshape(-1, channels))
        np.matmul(x[images, strip].reshape(-1, channels).T, patches, out=product)
        turned += product
    turned_weight = turned.reshape(channels, kernel, kernel, outputs)[:, ::-1, ::-1]
    return dx, np.ascontiguousarray(turned_weight.transpose(1, 2, 0, 3))


def _weight_gradient(x: np.ndarray, dy: np.ndarray, kernel: int, stride: int, pad: int) -> np.ndarray:
    """(k·k·C, outputs), from neighbourhoods of x."""
    x = np.ascontiguousarray(x)
    n, rows, columns, outputs = dy.shape
    channels = x.shape[3]
    total = np.zeros((kernel * kernel * channels, outputs), x.dtype)
    product = scratch("weight gradient", total.shape, x.dtype)
    for images, strip in _tiles(n, rows, columns * kernel * kernel * channels * x.itemsize):
        patches = _neighbourhoods(x, images, strip, columns, kernel, stride, pad)
        if patches.ndim == 3:
            dy_tile = dy[images, strip].reshape(patches.shape[0], patches.shape[1], outputs)
            for planes, part in zip(patches, dy_tile, strict=True):
                np.matmul(planes.T, part, out=product)
                total += product
        else:
            np.matmul(patches.T, dy[images, strip].reshape(-1, outputs), out=product)
            total += product
    return total

"""Convolutions of one picture at a time, as steps of a program (`engine.program`).

Three ways, after the number of channels:

One channel, pooled 2 × 2: the four outputs of one pool are four kernels in one neighbourhood, as in
`engine.pooled`, and the neighbourhoods lie as planes, so that copying them is a few long runs.

Many channels, 3 × 3: Winograd's F(2×2, 3×3) (Lavin, Gray 2016), which needs 16 multiplications for 36, and
16 numbers for the 9 of a kernel. F(4×4, 3×3), which `engine.winograd` uses for batches, multiplies less,
but needs 36 for the 9: the kernels of a whole network then do not fit into the second-level cache, and one
picture is too little work to fetch them for.

Others: the neighbourhoods of all outputs as the rows of one matrix.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, partial

import numpy as np

from engine.memory import Workspace, aligned_copy
from engine.pooled import PooledConvolution
from engine.program import Bound, Calls, Shape, fill, finish, product

_INPUT = np.array([[1, 0, -1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, 1, 0, -1]], np.float64)
_KERNEL = np.array([[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]], np.float64)
_OUTPUT = np.array([[1, 1, 1, 0], [0, 1, -1, -1]], np.float64)
_CONSTANT = 5  # the one of the 16 that each of the four outputs holds once: the bias is added there

MANY_CHANNELS = 16  # from which the transforms cost less than they save


class SingleConvolution:
    """Kernels (k, k, C, K) with bias (K,), and what is done to their product: pooling 2 × 2, ReLU."""

    def __init__(
        self, weight: np.ndarray, bias: np.ndarray | None, stride: int, pad: int, pool: bool, relu: bool
    ) -> None:
        self.weight, self.bias, self.stride, self.pad = weight, bias, stride, pad
        self.pool, self.relu = pool, relu
        self.kernel, _, self.channels, self.outputs = weight.shape

    def bind(self, shape: Shape, out: np.ndarray, work: Workspace) -> Bound:
        """(where the input (1, H, W, C) is to be written, the calls that then fill `out`)."""
        if len(shape) != 4 or shape[3] != self.channels:
            raise ValueError(f"this convolution reads pictures of {self.channels} channels, not {shape}")
        pooled = self.pool and PooledConvolution.suits(self.kernel, self.stride, self.channels)
        if pooled and self.channels == 1:
            return self._planes(shape, out, work)
        if self.kernel == 3 and self.stride == 1 and min(self.channels, self.outputs) >= MANY_CHANNELS:
            return self._winograd(shape, out, work)
        return (self._pooled_patches if pooled else self._patches)(shape, out, work)

    @property
    def _bias_or_zeros(self) -> np.ndarray:
        return np.zeros(self.outputs, self.weight.dtype) if self.bias is None else self.bias

    @cached_property
    def _quads(self) -> PooledConvolution:
        return PooledConvolution(self.weight)

    @cached_property
    def _quads_and_bias(self) -> np.ndarray:
        """(4·K, side² + 1): the bias is one more column, for a plane of ones."""
        return aligned_copy(np.hstack([self._quads.matrix, np.tile(self._bias_or_zeros, 4)[:, None]]))

    @cached_property
    def _halves_and_bias(self) -> np.ndarray:
        """(2, side²·C + 1, 2·K): the bias is one more row, for a column of ones."""
        whole = np.vstack([self._quads.matrix, np.tile(self._bias_or_zeros, 4)])
        return aligned_copy(whole.reshape(len(whole), 2, -1).swapaxes(0, 1))

    def _planes(self, shape: Shape, out: np.ndarray, work: Workspace) -> Bound:
        """Planes (side² + 1, places), where each row of outputs ends with some that are of no use."""
        taps, (_, rows, columns, outputs) = self._quads.side // 2, out.shape
        high, wide = rows + taps - 1, columns + taps - 1
        places = rows * wide
        padded, inside = _padded(shape, self.pad, (2 * high, 2 * wide), out.dtype)
        by_phase = padded[: 2 * high, : 2 * wide, 0].reshape(high, 2, wide, 2).transpose(1, 3, 0, 2)
        flat = np.zeros((2, 2, high * wide + taps), out.dtype)
        planes = np.ones((4 * taps * taps + 1, places), out.dtype)
        strides = (*flat.strides[:2], wide * flat.itemsize, flat.itemsize, flat.itemsize)
        shifted = np.lib.stride_tricks.as_strided(flat, (2, 2, taps, taps, places), strides, writeable=False)
        four = work.empty((4 * outputs, places), out.dtype)
        half, best = (work.empty((n * outputs, places), out.dtype) for n in (2, 1))
        result = best.reshape(outputs, rows, wide)[..., :columns].transpose(1, 2, 0)
        return inside, [
            fill(flat[..., : high * wide].reshape(by_phase.shape), by_phase),
            fill(planes[:-1].reshape(shifted.shape), shifted),
            *product(self._quads_and_bias, planes, four),
            partial(np.maximum, four[: 2 * outputs], four[2 * outputs :], out=half),
            partial(np.maximum, half[:outputs], half[outputs:], out=best),
            *finish(result, self.relu, out[0], best),
        ]

    def _pooled_patches(self, shape: Shape, out: np.ndarray, work: Workspace) -> Bound:
        """Neighbourhoods of four outputs each, two pixels apart; two of the four apart from the other two."""
        _, rows, columns, outputs = out.shape
        inside, copy, patches = self._neighbourhoods(shape, (rows, columns), self._quads.side, 2)
        places = rows * columns
        two = work.empty((2, places, 2 * outputs), out.dtype)
        half, best = (work.empty((places, n * outputs), out.dtype) for n in (2, 1))
        return inside, [
            copy,
            partial(np.matmul, patches, self._halves_and_bias, out=two),
            partial(np.maximum, two[0], two[1], out=half),
            partial(np.maximum, half[:, :outputs], half[:, outputs:], out=best),
            *finish(best.reshape(out.shape), self.relu, out),
        ]

    @cached_property
    def _rows(self) -> np.ndarray:
        """(k·k·C + 1, K): the bias is the last row."""
        return aligned_copy(np.vstack([self.weight.reshape(-1, self.outputs), self._bias_or_zeros]))

    def _patches(self, shape: Shape, out: np.ndarray, work: Workspace) -> Bound:
        """The neighbourhoods of all outputs."""
        rows, columns = self._size(shape)
        inside, copy, patches = self._neighbourhoods(shape, (rows, columns), self.kernel, self.stride)
        y = work.empty((rows, columns, self.outputs), out.dtype)
        calls: Calls = [copy, *product(patches, self._rows, y.reshape(-1, self.outputs))]
        if self.pool:
            rows, columns = rows // 2 * 2, columns // 2 * 2
            pairs = work.empty((rows // 2, columns, self.outputs), out.dtype)
            best = work.empty(out.shape[1:], out.dtype)
            calls.append(partial(np.maximum, y[0:rows:2, :columns], y[1:rows:2, :columns], out=pairs))
            calls.append(partial(np.maximum, pairs[:, 0::2], pairs[:, 1::2], out=best))
            y = best
        return inside, calls + finish(y.reshape(out.shape), self.relu, out)

    def _size(self, shape: Shape) -> tuple[int, int]:
        """Rows and columns of the convolution before it is pooled."""
        more = 2 * self.pad - self.kernel
        return (shape[1] + more) // self.stride + 1, (shape[2] + more) // self.stride + 1

    def _neighbourhoods(
        self, shape: Shape, size: tuple[int, int], kernel: int, stride: int
    ) -> tuple[np.ndarray, Callable[[], object], np.ndarray]:
        """(where the input goes, the call that copies, the matrix (rows · columns, k·k·C + 1) that it fills).

        The last column are ones, for the bias; they stay, as no other step writes there.
        """
        padded, inside = _padded(shape, self.pad, (0, 0), self.weight.dtype)
        row, column, item = padded.strides
        matrix = np.ones((size[0] * size[1], kernel * kernel * self.channels + 1), padded.dtype)
        patches = matrix[:, :-1].reshape(*size, kernel, -1)
        strides = (stride * row, stride * column, row, item)
        source = np.lib.stride_tricks.as_strided(padded, patches.shape, strides, writeable=False)
        return inside, fill(patches, source), matrix

    @cached_property
    def _kernels(self) -> np.ndarray:
        """(16, C, K): the kernels in the space of the products."""
        square = np.kron(_KERNEL, _KERNEL).astype(self.weight.dtype)
        kernels = square @ self.weight.reshape(9, -1)
        return aligned_copy(kernels.reshape(16, self.channels, self.outputs))

    def _winograd(self, shape: Shape, out: np.ndarray, work: Workspace) -> Bound:
        """Tiles of 4 × 4 inputs, two pixels apart, become 2 × 2 outputs: exactly what one pool needs."""
        rows, columns = self._size(shape)
        down, across = (rows // 2, columns // 2) if self.pool else (-(-rows // 2), -(-columns // 2))
        padded, inside = _padded(shape, self.pad, (2 * down + 2, 2 * across + 2), out.dtype)
        row, column, item = padded.strides
        tiles = work.empty((4, 4, down, across, self.channels), out.dtype)
        strides = (row, column, 2 * row, 2 * column, item)
        source = np.lib.stride_tricks.as_strided(padded, tiles.shape, strides, writeable=False)
        inputs = work.empty((16, down * across, self.channels), out.dtype)
        products = work.empty((16, down * across, self.outputs), out.dtype)
        four = work.empty((4, down, across, self.outputs), out.dtype)
        forth, back = (np.kron(matrix, matrix).astype(out.dtype) for matrix in (_INPUT, _OUTPUT))
        calls: Calls = [
            fill(tiles, source),
            partial(forth.dot, tiles.reshape(16, -1), inputs.reshape(16, -1)),
            partial(np.matmul, inputs, self._kernels, out=products),
            partial(back.dot, products.reshape(16, -1), four.reshape(4, -1)),
        ]
        if self.bias is not None:
            constant = products[_CONSTANT]
            everywhere = np.broadcast_to(self.bias, constant.shape).copy()  # of one shape, which is quickest
            calls.insert(3, partial(np.add, constant, everywhere, out=constant))
        return inside, calls + (self._largest(four, out, work) if self.pool else self._spread(four, out))

    def _largest(self, four: np.ndarray, out: np.ndarray, work: Workspace) -> Calls:
        half, best = work.empty((2, *four.shape[1:]), out.dtype), work.empty(four.shape[1:], out.dtype)
        return [
            partial(np.maximum, four[:2], four[2:], out=half),
            partial(np.maximum, half[0], half[1], out=best),
            *finish(best, self.relu, out[0]),
        ]

    def _spread(self, four: np.ndarray, out: np.ndarray) -> Calls:
        """Each of the four (down, across, K) to its rows and columns, those beyond the edge left out."""
        _, down, across, outputs = four.shape
        _, rows, columns, _ = out.shape
        fits = (rows, columns) == (2 * down, 2 * across)
        whole = out[0] if fits else np.empty((2 * down, 2 * across, outputs), out.dtype)
        row, column, item = whole.strides
        strides = (row, column, 2 * row, 2 * column, item)
        place = np.lib.stride_tricks.as_strided(whole, (2, 2, down, across, outputs), strides)
        calls = finish(four.reshape(place.shape), self.relu, place)
        if not fits:
            calls.append(fill(out[0], whole[:rows, :columns]))
        return calls


def _padded(shape: Shape, pad: int, least: tuple[int, int], dtype: np.dtype) -> tuple[np.ndarray, np.ndarray]:
    """A buffer (H, W, C) for a picture (1, H, W, C) with zeros around it, and the picture's place in it."""
    _, height, width, channels = shape
    size = (max(height + 2 * pad, least[0]), max(width + 2 * pad, least[1]), channels)
    padded = np.zeros(size, dtype)
    return padded, padded[None, pad : pad + height, pad : pad + width]

"""The products of a convolution on arrays of any library, CuPy's on a GPU above all.

Whole-batch patches, since memory is fast there, and one call for the whole batch, since each call costs as
much as a small product. NumPy's arrays have a way of their own (`engine.convolution`), which shares what
suits both.
"""

from __future__ import annotations

from typing import Any

from engine import gpu_kernels
from engine.epilogue import Epilogue


def output_size(size: int, kernel: int, stride: int, pad: int) -> int:
    """The number of places where a kernel fits along one side."""
    return (size + 2 * pad - kernel) // stride + 1


def max_pool(x: Any, out: Any | None = None) -> Any:
    """The largest of each 2 × 2 (N, H, W, C -> N, H // 2, W // 2, C); an odd last row or column is left
    out.
    """
    top, bottom = x[:, 0 : x.shape[1] // 2 * 2 : 2], x[:, 1::2]
    xp = x.__array_namespace__()
    rows = xp.maximum(top, bottom)
    width = x.shape[2] // 2 * 2
    if out is None:
        return xp.maximum(rows[:, :, 0:width:2], rows[:, :, 1::2])
    return xp.maximum(rows[:, :, 0:width:2], rows[:, :, 1::2], out=out)


def patches(x: Any, kernel: int, stride: int, pad: int) -> Any:
    """What each output pixel looks at: (N·H'·W', k·k·C)."""
    xp = x.__array_namespace__()
    n, height, width, channels = x.shape
    if kernel == 1 and stride == 1:
        return x.reshape(-1, channels)
    if gpu_kernels.has_kernels(xp, x):
        rows, columns = (output_size(side, kernel, stride, pad) for side in (height, width))
        return gpu_kernels.neighbourhoods(x, kernel, stride, pad, rows, columns)
    padded = x
    if pad:
        padded = xp.zeros((n, height + 2 * pad, width + 2 * pad, channels), dtype=x.dtype)
        padded[:, pad : pad + height, pad : pad + width] = x
    padded = xp.ascontiguousarray(padded)
    rows, columns = output_size(height, kernel, stride, pad), output_size(width, kernel, stride, pad)
    image, row, column, item = padded.strides
    windows = xp.lib.stride_tricks.as_strided(
        padded,
        (n, rows, columns, kernel, kernel * channels),
        (image, row * stride, column * stride, row, item),
    )
    return windows.reshape(-1, kernel * kernel * channels)


def convolve_any(x: Any, weight: Any, stride: int, pad: int, epilogue: Epilogue | None, pool: bool) -> Any:
    """As `engine.convolution.convolve`."""
    kernel, _, _, outputs = weight.shape
    rows, columns = (output_size(side, kernel, stride, pad) for side in x.shape[1:3])
    y = patches(x, kernel, stride, pad) @ weight.reshape(-1, outputs)
    y = y.reshape(x.shape[0], rows, columns, outputs)
    if pool:
        y = max_pool(y)
    if epilogue is not None:
        epilogue(y)
    return y


def gradients_any(
    x: Any, weight: Any, dy: Any, stride: int, pad: int, input_gradient: bool
) -> tuple[Any, Any]:
    """As `engine.convolution.convolve_gradients`."""
    kernel, outputs = weight.shape[0], weight.shape[3]
    dweight = patches(x, kernel, stride, pad).T @ dy.reshape(-1, outputs)
    dx = _input_gradient(x, weight, dy, stride, pad) if input_gradient else None
    return dx, dweight.reshape(weight.shape)


def _input_gradient(x: Any, weight: Any, dy: Any, stride: int, pad: int) -> Any:
    """dx as a convolution of dy, as tiles where neighbourhoods lie side by side, else added up."""
    kernel, _, channels, outputs = weight.shape
    if stride == 1 and kernel > pad:
        turned = weight[::-1, ::-1].transpose(0, 1, 3, 2)
        return convolve_any(dy, turned, 1, kernel - 1 - pad, None, False)
    n, rows, columns, _ = dy.shape
    if stride != kernel or pad or x.shape[1:3] != (rows * stride, columns * stride):
        return scatter(x.shape, weight, dy, stride, pad)
    tiles = dy.reshape(-1, outputs) @ weight.reshape(-1, outputs).T
    tiles = tiles.reshape(n, rows, columns, kernel, kernel, channels).transpose(0, 1, 3, 2, 4, 5)
    return tiles.reshape(x.shape)


def scatter(shape: tuple[int, ...], weight: Any, dy: Any, stride: int, pad: int) -> Any:
    """dx for any stride: each output's share added back to the pixels it looked at."""
    kernel, _, channels, outputs = weight.shape
    n, height, width, _ = shape
    rows, columns = dy.shape[1:3]
    xp = dy.__array_namespace__()
    padded = xp.zeros((n, height + 2 * pad, width + 2 * pad, channels), dtype=dy.dtype)
    flat = dy.reshape(-1, outputs)
    for i in range(kernel):
        for j in range(kernel):
            share = (flat @ weight[i, j].T).reshape(n, rows, columns, channels)
            padded[:, i : i + rows * stride : stride, j : j + columns * stride : stride] += share
    return padded[:, pad : pad + height, pad : pad + width]

"""Matrix products in the parts that BLAS multiplies fastest.

OpenBLAS copies both sides of a product into an order of its own first, except where the product is small. For
a dense layer and a batch of some fifty samples that copying is a fifth of the work; the same product in parts
that are small enough is multiplied where the numbers lie. Other libraries' arrays are multiplied as they are.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy.linalg import blas

from engine.layer import Array
from engine.memory import aligned

SMALL_PRODUCT = 1_000_000  # multiplications up to which OpenBLAS multiplies in place
MOST_PARTS = 8  # of an axis that is summed: more of them are too thin to gain by it
PARTIAL_NUMBERS = 50_000  # of all partial sums together, which are to stay in the first-level cache's reach

FEWEST_ROWS, MOST_ROWS = 32, 48  # of a part, where many rows are multiplied by a weight that fits the cache

GEMM = {np.dtype(np.float32): blas.sgemm, np.dtype(np.float64): blas.dgemm}


@lru_cache(maxsize=256)
def parts_of(size: int, multiplications: int, most: int = MOST_PARTS) -> int:
    """In how many equal parts to cut an axis of `size`, so that each part is a small product; 1 for whole."""
    least = max(1, -(-multiplications // SMALL_PRODUCT))
    return next((parts for parts in range(least, most + 1) if size % parts == 0), 1)


def product(x: Array, weight: Array) -> Array:
    """x (N, inputs) @ weight (inputs, outputs), as the sum of products of some inputs each."""
    if not isinstance(x, np.ndarray) or x.ndim != 2:
        return x @ weight
    (n, inputs), outputs = x.shape, weight.shape[1]
    parts = parts_of(inputs, n * inputs * outputs)
    if parts == 1 or parts * n * outputs > PARTIAL_NUMBERS:
        return x.dot(weight)  # sooner called than `@`
    left, right = x.reshape(n, parts, -1).transpose(1, 0, 2), weight.reshape(parts, -1, outputs)
    return np.add.reduce(np.matmul(left, right), axis=0)


def wide_product(matrix: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """A small matrix (M, K) @ a few very long rows (..., K, N), by columns; an `aligned` array."""
    (m, k), n = matrix.shape, rows.shape[-1]
    parts = parts_of(n, m * k * n, most=64)
    y = aligned((*rows.shape[:-2], m, n), rows.dtype)
    pieces, places = (a.reshape(*a.shape[:-1], parts, -1).swapaxes(-2, -3) for a in (rows, y))
    np.matmul(matrix, pieces, out=places)
    return y


def product_of_rows(x: np.ndarray, weight: np.ndarray, out: np.ndarray) -> None:
    """Fill out (..., N, outputs) with x (..., N, inputs) @ weight, by rows in parts that are small products.

    It pays where some `FEWEST_ROWS` of them are one, and there are many of such parts.
    """
    rows, step = x.shape[-2], min(MOST_ROWS, SMALL_PRODUCT // weight.size // 8 * 8)
    if x.ndim != 2 or step < FEWEST_ROWS or rows < 2 * step:
        np.matmul(x, weight, out=out)
        return
    whole = rows - rows % step
    parts, places = (a[:whole].reshape(-1, step, a.shape[1]) for a in (x, out))
    np.matmul(parts, weight, out=places)
    if whole < rows:
        np.matmul(x[whole:], weight, out=out[whole:])


def weight_gradient(x: Array, dy: Array, most: int = MOST_PARTS) -> Array:
    """x.T @ dy for x (N, inputs) and dy (N, outputs): the gradient of a weight (inputs, outputs), made in at
    `most` so many parts.
    """
    if not isinstance(x, np.ndarray):
        return x.T @ dy
    (n, inputs), outputs = x.shape, dy.shape[1]
    if n == 1 and x.dtype == dy.dtype and x.dtype in GEMM:
        return GEMM[x.dtype](1.0, dy.T, x).T  # NumPy's own has no quick way for one sample
    parts = parts_of(inputs, n * inputs * outputs, most)
    if parts == 1:
        return x.T.dot(dy)
    return np.matmul(x.T.reshape(parts, -1, n), dy).reshape(inputs, outputs)

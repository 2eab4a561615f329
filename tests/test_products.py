"""Products in parts are the products."""

from __future__ import annotations

import numpy as np
import pytest

from engine.products import (
    MOST_PARTS,
    SMALL_PRODUCT,
    parts_of,
    product,
    product_of_rows,
    weight_gradient,
    wide_product,
)
from tests.foreign_array import foreign, here

SHAPES = {
    "small": (4, 30, 7),
    "in parts": (50, 784, 100),
    "in parts, few outputs": (128, 1352, 10),
    "no part divides it": (50, 787, 100),
    "too many partial sums": (60, 512, 256),
    "large": (256, 784, 128),
    "one sample": (1, 1352, 10),
    "one output": (50, 784, 1),
    "none": (0, 784, 100),
}
every_shape = pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
every_dtype = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def matrices(shape: tuple[int, int, int], dtype: type[np.floating]) -> list[np.ndarray]:
    """x (N, inputs), weight (inputs, outputs), dy (N, outputs)."""
    n, inputs, outputs = shape
    rng = np.random.default_rng(1)
    return [rng.standard_normal(s).astype(dtype) for s in ((n, inputs), (inputs, outputs), (n, outputs))]


def check(found: np.ndarray, left: np.ndarray, right: np.ndarray) -> None:
    assert found.dtype == left.dtype
    expected = left.astype(np.float64) @ right.astype(np.float64)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=2e-4)


@every_dtype
@every_shape
def test_the_product(shape: tuple[int, int, int], dtype: type[np.floating]) -> None:
    x, weight, dy = matrices(shape, dtype)
    check(product(x, weight), x, weight)
    check(product(x[:, ::-1], weight), x[:, ::-1], weight)
    gradient = weight_gradient(x, dy)
    check(gradient, x.T, dy)
    assert gradient.flags.c_contiguous  # as optimizers like it


def test_parts_are_small_and_equal() -> None:
    for size, multiplications in ((784, 50 * 784 * 100), (1352, 128 * 1352 * 10), (512, 4_000_000)):
        parts = parts_of(size, multiplications)
        assert 1 < parts <= MOST_PARTS
        assert size % parts == 0
        assert multiplications / parts <= SMALL_PRODUCT
    assert parts_of(784, SMALL_PRODUCT) == 1
    assert parts_of(787, 4_000_000) == 1  # a prime
    assert parts_of(784, (MOST_PARTS + 1) * SMALL_PRODUCT) == 1


@every_dtype
@pytest.mark.parametrize("shape", [(36, 9, 4096), (9, 36, 25600), (36, 9, 1), (36, 9, 40009)], ids=str)
def test_the_product_with_very_long_rows(shape: tuple[int, int, int], dtype: type[np.floating]) -> None:
    m, k, n = shape
    rng = np.random.default_rng(2)
    matrix, rows = rng.standard_normal((m, k)).astype(dtype), rng.standard_normal((2, k, n)).astype(dtype)
    check(wide_product(matrix, rows), matrix, rows)
    check(wide_product(matrix, rows[1]), matrix, rows[1])


def test_other_arrays_are_multiplied_whole() -> None:
    for shape in SHAPES.values():
        x, weight, dy = matrices(shape, np.float32)
        check(here(product(foreign(x), foreign(weight))), x, weight)
        check(here(weight_gradient(foreign(x), foreign(dy))), x.T, dy)


@pytest.mark.parametrize("rows", [1, 31, 96, 97, 500])
@pytest.mark.parametrize(("inputs", "outputs"), [(64, 64), (65, 261), (576, 64), (7, 3)])
@every_dtype
def test_rows_are_multiplied_in_parts(rows: int, inputs: int, outputs: int, dtype: type[np.floating]) -> None:
    x, weight, _ = matrices((rows, inputs, outputs), dtype)
    out = np.full((rows, outputs), np.nan, dtype)
    product_of_rows(x, weight, out)
    np.testing.assert_allclose(out, x @ weight, rtol=1e-4, atol=1e-4)
    many = np.full((2, rows, outputs), np.nan, dtype)
    product_of_rows(np.stack([x, 2 * x]), weight, many)
    np.testing.assert_allclose(many, np.stack([out, 2 * out]), rtol=1e-4, atol=1e-4)

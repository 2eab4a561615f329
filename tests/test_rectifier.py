"""ReLU and what else follows a product, in whatever pieces memory is gone through."""

from __future__ import annotations

import numpy as np
import pytest

from engine.epilogue import Epilogue, places_in_a_row
from engine.rectifier import MOST, ROW, against_zeros, rectify
from tests.foreign_array import foreign, here

SHAPES = [(0,), (1,), (ROW,), (ROW + 1,), (3, ROW), (2, 5, 7), (4, 33, 64), (3, 2, ROW + 8), (70, 130)]


def numbers(shape: tuple[int, ...], dtype: type = np.float32) -> np.ndarray:
    return np.random.default_rng(3).standard_normal(shape).astype(dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_what_is_negative_becomes_0(shape: tuple[int, ...], dtype: type) -> None:
    x = numbers(shape, dtype)
    given, expected = x.copy(), np.where(x > 0, x, 0)
    y = rectify(x)
    assert y.dtype == dtype
    np.testing.assert_array_equal(y, expected)
    np.testing.assert_array_equal(x, given)
    np.testing.assert_array_equal(here(rectify(foreign(x))), expected)
    assert rectify(x, out=x) is x
    np.testing.assert_array_equal(x, expected)


@pytest.mark.parametrize("axis", [0, -1])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_numbers_that_lie_apart(shape: tuple[int, ...], axis: int) -> None:
    x = np.repeat(numbers(shape), 2, axis)
    apart = np.moveaxis(np.moveaxis(x, axis, 0)[::2], 0, axis)
    beside, expected = x.copy(), np.where(apart > 0, apart, 0)
    np.testing.assert_array_equal(rectify(apart), expected)
    rectify(apart, out=apart)
    np.testing.assert_array_equal(apart, expected)
    rest = np.moveaxis(np.moveaxis(beside, axis, 0)[1::2], 0, axis)
    np.testing.assert_array_equal(np.moveaxis(np.moveaxis(x, axis, 0)[1::2], 0, axis), rest)
    np.testing.assert_array_equal(rectify(apart.T), expected.T)


@pytest.mark.parametrize("count", [1, ROW, MOST, MOST + 1, 2 * MOST, 3 * MOST + 3, 16411])  # a prime at last
def test_zeros_for_a_bound_call(count: int) -> None:
    x = numbers((count,))
    rows, zeros = against_zeros(x)
    assert np.shares_memory(rows, x)
    np.testing.assert_array_equal(np.maximum(rows, zeros).reshape(-1), np.where(x > 0, x, 0))


def test_not_a_number_stays_one() -> None:
    x = np.full((3, 64), np.nan, np.float32)
    assert np.isnan(rectify(x)).all()
    assert np.isnan(rectify(x[:, ::2])).all()


@pytest.mark.parametrize("relu", [False, True])
@pytest.mark.parametrize("shape", [(2, 4, 4, 16), (3, 5, 7, 6), (1, 1, 1, 2000), (64, 3)], ids=str)
def test_the_epilogue_adds_the_bias_of_each_output(shape: tuple[int, ...], relu: bool) -> None:
    bias, x = numbers(shape[-1:]), numbers(shape)
    expected = x + bias
    if relu:
        expected = np.where(expected > 0, expected, 0)
    epilogue = Epilogue(bias, relu)
    wide = np.concatenate([x, x], axis=-1)
    for tile in (x.copy(), x.copy(), wide[..., : shape[-1]]):  # twice: what it keeps is used again
        epilogue(tile)
        np.testing.assert_array_equal(tile, expected)
    np.testing.assert_array_equal(wide[..., shape[-1] :], x)


def test_places_in_a_row_divide_them() -> None:
    assert places_in_a_row(64, 16) == 64
    assert places_in_a_row(12, 16) == 4
    assert places_in_a_row(1024, 300) == 32
    assert places_in_a_row(7, 16) == 1

"""Spreading the errors at hints: against the dense equations, and up to the edges."""

from __future__ import annotations

import numpy as np
import pytest

from engine import hint_spread
from engine.hint_spread import spread


def by_loops(light: np.ndarray, error: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Each pair of neighbours, hint and place by itself in a dense system."""
    height, width = light.shape
    system, right = np.zeros((light.size, light.size)), np.zeros((light.size, 2))
    for y in range(height):
        for x in range(width):
            i = y * width + x
            pull = hint_spread.HINTED * weight[y, x]
            system[i, i] += pull + hint_spread.FADING
            right[i] += pull * error[y, x]
            for dy in (-1, 0, 1):
                for dx in (-1, 0, 1):
                    if (dy or dx) and 0 <= y + dy < height and 0 <= x + dx < width:
                        difference = light[y, x] - light[y + dy, x + dx]
                        tie = np.exp(-(difference**2) / 2 / hint_spread.UNLIKE**2) + hint_spread.LEAST
                        tie /= np.hypot(dy, dx)
                        system[i, i] += tie
                        system[i, i + dy * width + dx] -= tie
    return np.linalg.solve(system, right).reshape(height, width, 2)


@pytest.mark.parametrize("size", [(5, 6), (1, 4), (3, 1), (1, 1)])
def test_against_loops(size: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    light, error = rng.uniform(40, 60, size), rng.normal(0, 20, (*size, 2))
    weight = rng.random(size) < 0.4
    weight[0, 0] = True
    found = spread(light.astype(np.float32), error, weight)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, by_loops(light, error, weight), rtol=1e-3, atol=1e-3)


def test_an_error_stays_on_its_side_of_an_edge() -> None:
    light = np.full((20, 30), 20, np.float32)
    light[:, 15:] = 70
    weight, error = np.zeros((20, 30), bool), np.zeros((20, 30, 2))
    weight[10, 5], error[10, 5] = True, (40, -20)
    weight[10, 25] = True
    found = spread(light, error, weight)
    assert found[10, 5] == pytest.approx([40, -20], abs=1)
    assert np.abs(found[:, :14] - (40, -20)).max() < 4
    assert np.abs(found[:, 16:]).max() < 4


def test_nothing_comes_from_nothing() -> None:
    assert not spread(np.full((4, 4), 50, np.float32), np.zeros((4, 4, 2)), np.zeros((4, 4), bool)).any()

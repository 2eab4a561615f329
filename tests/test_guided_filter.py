"""The guided filter against loops over every window, and what it is for: edges."""

from __future__ import annotations

import numpy as np
import pytest

from engine.guided_filter import (
    enlarged,
    enlarged_deep,
    guided_enlargement,
    guided_filter,
    reduced,
    window_mean,
)


def windows(height: int, width: int, radius: int, y: int, x: int) -> tuple[slice, slice]:
    return (
        slice(max(0, y - radius), min(height, y + radius + 1)),
        slice(max(0, x - radius), min(width, x + radius + 1)),
    )


def by_loops(guide: np.ndarray, target: np.ndarray, radius: int, epsilon: float) -> np.ndarray:
    """As in the paper: a line for each window, and for each pixel the mean of the lines of its windows."""
    height, width = guide.shape
    slope, intercept = np.empty((2, height, width))
    for y in range(height):
        for x in range(width):
            there = windows(height, width, radius, y, x)
            g, t = guide[there], target[there]
            slope[y, x] = ((g * t).mean() - g.mean() * t.mean()) / (g.var() + epsilon)
            intercept[y, x] = t.mean() - slope[y, x] * g.mean()
    result = np.empty((height, width))
    for y in range(height):
        for x in range(width):
            there = windows(height, width, radius, y, x)
            result[y, x] = slope[there].mean() * guide[y, x] + intercept[there].mean()
    return result


@pytest.mark.parametrize(
    ("shape", "radius"), [((9, 7), 1), ((9, 7), 3), ((1, 5), 2), ((4, 1), 1), ((1, 1), 2)]
)
def test_against_loops(shape: tuple[int, int], radius: int) -> None:
    rng = np.random.default_rng(0)
    guide, target = rng.uniform(0, 100, shape), rng.normal(0, 20, (*shape, 2))
    found = guided_filter(guide, target, radius, 16.0)
    for channel in range(2):
        expected = by_loops(guide, target[..., channel], radius, 16.0)
        np.testing.assert_allclose(found[..., channel], expected, atol=1e-9)


def test_the_mean_of_a_window_knows_the_border() -> None:
    np.testing.assert_allclose(window_mean(np.ones((5, 3)), 2), 1)
    np.testing.assert_allclose(window_mean(np.array([[0.0, 3, 6]]), 1), [[1.5, 3, 4.5]])


def test_colour_follows_the_edge_of_the_guide() -> None:
    """An edge between two places of the small map, which they share, is where the guide has it."""
    guide = np.full((32, 64), 20, np.float32)
    guide[:, 30:] = 80
    truth = np.where(guide[..., None] > 50, 40, -40).astype(np.float32).repeat(2, axis=2)
    small = reduced(truth, 8, 16)
    found = guided_enlargement(small, guide)
    plain = reduced(small, 32, 64)
    assert found.shape == truth.shape
    assert np.abs(found - truth).mean() < 0.4 * np.abs(plain - truth).mean()
    assert (found[:, 29, 0] < -20).all()
    assert (found[:, 30, 0] > 20).all()


def test_one_colour_stays() -> None:
    guide = np.random.default_rng(0).uniform(0, 100, (40, 52)).astype(np.float32)
    found = guided_enlargement(np.full((10, 13, 2), 7, np.float32), guide)
    np.testing.assert_allclose(found, 7, atol=1e-3)
    assert found.dtype == np.float32


def test_many_channels_are_enlarged_as_few_are() -> None:
    rng = np.random.default_rng(6)
    x = rng.random((5, 7, 3), np.float32)
    for height, width in ((5, 7), (8, 12), (9, 7)):
        np.testing.assert_allclose(
            enlarged_deep(x, height, width), enlarged(x, height, width), rtol=0, atol=1e-5
        )
    deep = enlarged_deep(np.repeat(x, 90, axis=2), 8, 12)
    np.testing.assert_allclose(deep[..., ::90], enlarged(x, 8, 12), rtol=0, atol=1e-5)

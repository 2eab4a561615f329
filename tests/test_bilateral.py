"""What places that look alike say is made alike, and only that."""

from __future__ import annotations

import numpy as np
import pytest

from engine.bilateral import FARTHEST, LIGHTNESS, NEAR, ROUGHNESS, joint_bilateral


def _directly(values: np.ndarray, lightness: np.ndarray) -> np.ndarray:
    """As published, place by place; lightness (4h, 4w)."""
    rows, columns = values.shape[:2]
    places = lightness.astype(np.float64).reshape(rows, 4, columns, 4).transpose(0, 2, 1, 3)
    mean, rough = places.mean(axis=(2, 3)), places.std(axis=(2, 3))
    out = np.empty(values.shape)
    y, x = np.mgrid[:rows, :columns]
    for i in range(rows):
        for j in range(columns):
            far = ((y - i) ** 2 + (x - j) ** 2) / NEAR**2
            far += ((mean - mean[i, j]) / LIGHTNESS) ** 2 + ((rough - rough[i, j]) / ROUGHNESS) ** 2
            weights = np.exp(-far / 2)
            out[i, j] = (weights[..., None] * values).sum(axis=(0, 1)) / weights.sum()
    return out


@pytest.mark.parametrize("shape", [(8, 13), (15, 9), (1, 1), (1, 12)])
def test_it_is_the_filter_as_published(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    rows, columns = shape
    values = rng.normal(size=(rows, columns, 5)).astype(np.float32)
    lightness = (50 + 4 * rng.normal(size=(4 * rows, 4 * columns))).astype(np.float32)
    found = joint_bilateral(values, lightness)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, _directly(values, lightness), atol=1e-4)


@pytest.mark.parametrize("shape", [(48, 10), (10, 48)])
def test_what_is_far_hardly_counts_and_is_left_out(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(1)
    rows, columns = shape
    values = rng.normal(size=(rows, columns, 3)).astype(np.float32)
    lightness = np.full((4 * rows, 4 * columns), 50, np.float32)
    found = joint_bilateral(values, lightness)
    np.testing.assert_allclose(found, _directly(values, lightness), atol=0.05)
    along = 0 if rows > columns else 1
    far = np.moveaxis(values, along, 0)
    far[int(FARTHEST * NEAR) + 10 :] = 1e6  # beyond what the first rows reach
    again = joint_bilateral(values, lightness)
    np.testing.assert_array_equal(np.moveaxis(again, along, 0)[:2], np.moveaxis(found, along, 0)[:2])


def test_a_wall_is_evened_and_its_edge_stays() -> None:
    rng = np.random.default_rng(2)
    lightness = np.full((96, 128), 40, np.float32)
    lightness[:, 64:] = 60
    values = np.zeros((24, 32, 1), np.float32)
    values[:, 16:] = 10
    noisy = values + rng.normal(size=values.shape).astype(np.float32)
    found = joint_bilateral(noisy, lightness)
    for half in (slice(0, 16), slice(16, 32)):
        assert found[:, half].std() < 0.25 * noisy[:, half].std()
    assert np.abs(found - values).max() < 0.5


def test_what_differs_in_roughness_is_told_apart() -> None:
    """Grass before a wall as light as it keeps its green."""
    lightness = np.full((96, 96), 50, np.float32)
    lightness[48::2] += 9
    lightness[49::2] -= 9
    values = np.zeros((24, 24, 1), np.float32)
    values[12:] = 10
    np.testing.assert_allclose(joint_bilateral(values, lightness), values, atol=0.01)

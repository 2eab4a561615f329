"""What hints say about like places: against the textbook's equations, and what a person would expect."""

from __future__ import annotations

import numpy as np
import pytest

from engine import hint_regression as module
from engine.ab_bins import LABELS
from engine.hint_regression import alike, features, hinted, independent, regressed, strokes

FAR = 1e-4  # as good as unlike


def test_likeness() -> None:
    x = np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32)
    found = alike(x, x[:3])
    for i, one in enumerate(x):
        for j, other in enumerate(x[:3]):
            assert found[i, j] == pytest.approx(np.exp(-np.linalg.norm(one - other)), abs=1e-3)


def test_features_tell_places_colours_and_lightness_apart() -> None:
    light = np.full((16, 24), 50, np.float32)
    light[:, 12:] = 80
    ab = np.zeros((16, 24, 2), np.float32)
    ab[8:] = 30
    logits = np.zeros((8, 12, len(LABELS)), np.float32)
    found = features(light, ab, logits).reshape(16, 24, -1)

    def likeness(first: tuple[int, int], second: tuple[int, int]) -> float:
        return float(alike(found[first][None], found[second][None])[0, 0])

    assert likeness((2, 2), (2, 2)) == pytest.approx(1, abs=3e-3)
    assert likeness((2, 2), (2, 6)) > likeness((2, 2), (2, 10)) > likeness((2, 8), (2, 16))  # over the edge
    assert likeness((2, 2), (6, 2)) > 2 * likeness((6, 2), (10, 2))  # as far, but of another colour
    logits[:, :2, 3] = 20
    other = features(light, ab, logits).reshape(16, 24, -1)
    assert alike(other[2, 1][None], other[2, 10][None])[0, 0] < 0.8 * likeness((2, 1), (2, 10))


def _errors(kernel: np.ndarray, error: np.ndarray, likeness: np.ndarray, strokes: int) -> np.ndarray:
    return regressed(kernel, error, likeness, strokes, min(independent(kernel)[0], strokes))


def test_errors_where_they_are_known_and_between() -> None:
    """With many hints that hang together the answer is that of the textbook's Gaussian process."""
    rng = np.random.default_rng(1)
    places = np.sort(rng.uniform(0, 6, 60))[:, None].astype(np.float32)
    error = np.stack([20 * np.sin(places[:, 0]), -10 * np.sin(places[:, 0])], axis=1)
    asked = np.array([[1.5], [3.2], [4.7]], np.float32)
    kernel, likeness = alike(places, places), alike(asked, places)
    found = _errors(kernel, error, likeness, 60)
    wanted = likeness @ np.linalg.solve(kernel + module.NOISE * np.eye(60), error)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, wanted, atol=1)
    np.testing.assert_allclose(found[:, 0], 20 * np.sin(asked[:, 0]), atol=4)


def test_one_stroke_says_nothing_about_the_rest() -> None:
    """However many places it covers; its own error is a thing's."""
    kernel = np.full((8, 8), 0.9) + 0.1 * np.eye(8)
    error = np.tile([40.0, -20.0], (8, 1))
    likeness = np.array([[0.97] * 8, [0.5] * 8, [0.2] * 8])
    found = _errors(kernel, error, likeness, 1)
    assert found[0, 0] > 34
    assert found[1, 0] < 5
    assert found[2, 0] < 1


def test_hints_that_agree_tint_everything_and_others_do_not() -> None:
    kernel = np.full((5, 5), 0.02) + 0.98 * np.eye(5)
    nowhere_near = np.full((1, 5), FAR)
    agree = _errors(kernel, np.tile([30.0, 10.0], (5, 1)), nowhere_near, 5)
    assert agree[0] == pytest.approx([30, 10], rel=0.15)
    rng = np.random.default_rng(0)
    apart = _errors(kernel, rng.normal(0, 30, (5, 2)), nowhere_near, 5)
    assert np.abs(apart).max() < 3


def test_no_errors_no_changes() -> None:
    found = _errors(np.eye(4), np.zeros((4, 2)), np.full((7, 4), 0.5), 4)
    assert not found.any()


def test_for_how_many_hints_they_count() -> None:
    alone, _ = independent(np.eye(6))
    assert alone == pytest.approx(6, rel=0.05)
    close = np.full((6, 6), 0.999) + 0.001 * np.eye(6)
    assert independent(close)[0] == pytest.approx(1, rel=0.05)
    mixed = np.eye(6)
    mixed[:5, :5] = close[:5, :5]
    count, weights = independent(mixed)
    assert count == pytest.approx(2, rel=0.1)
    assert weights.sum() == pytest.approx(1)
    assert weights[5] > 3 * weights[:5].max()


def test_strokes_and_a_bounded_number_of_places() -> None:
    places = np.zeros((60, 80), np.float32)
    assert strokes(places) == 0
    places[5, 3:60] = 2
    places[6, 60] = 1  # touches at a corner
    places[40:, 10:70] = 1
    assert strokes(places) == 2
    found = hinted(places)
    assert len(found) == module.MOST_HINTED == len(set(found.tolist()))
    assert (places.ravel()[found] > 0).all()
    np.testing.assert_array_equal(found, hinted(places))
    places[:] = 0
    places[3, 4] = 1
    assert hinted(places).tolist() == [3 * 80 + 4]

"""Hints: where they come to lie, what is over what, and that they can be kept in a file."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from engine.colour_hints import Hints, Stroke, point
from engine.colour_spaces import lab_from_srgb

RED, BLUE = (200, 30, 40), (20, 60, 220)


def ab(rgb: tuple[int, int, int]) -> np.ndarray:
    return lab_from_srgb(np.array([rgb], np.uint8))[0, 1:]


def test_no_hints_are_nothing() -> None:
    planes = Hints().planes((30, 40), (32, 64))
    assert planes.shape == (32, 64, 3)
    assert not planes.any()


def test_a_point_is_one_pixel_of_the_small_photo() -> None:
    planes = Hints((point(75, 10, RED),)).planes((50, 100), (32, 64))
    assert np.argwhere(planes[..., 2]).tolist() == [[6, 48]]  # 10 · 32 / 50, 75 · 64 / 100
    np.testing.assert_allclose(planes[6, 48], [*ab(RED), 1], atol=1e-3)


def test_a_stroke_is_as_wide_as_it_is() -> None:
    planes = Hints((Stroke(((0, 50), (99, 50)), BLUE, radius=10),)).planes((100, 100), (50, 50))
    rows = np.flatnonzero(planes[:, 25, 2])
    assert 9 <= len(rows) <= 12  # 20 pixels of the photo
    assert abs(rows.mean() - 25) <= 1


def test_the_last_stroke_is_on_top_and_a_layer_over_all() -> None:
    strokes = (point(5, 5, RED, 3), point(5, 5, BLUE, 3))
    np.testing.assert_allclose(Hints(strokes).planes((10, 10), (10, 10))[5, 5, :2], ab(BLUE), atol=1e-3)
    layer = np.zeros((20, 20, 4), np.uint8)
    layer[8:13, 8:13] = (*RED, 255)
    planes = Hints(strokes, layer).planes((10, 10), (10, 10))
    np.testing.assert_allclose(planes[5, 5, :2], ab(RED), atol=0.5)


def test_a_layer_counts_where_it_covers_and_half_transparent_paint_keeps_its_colour() -> None:
    layer = np.zeros((64, 64, 4), np.uint8)
    layer[:32, :32] = (*RED, 128)
    layer[40, 40] = (*BLUE, 255)  # one pixel of sixteen
    planes = Hints(overlay=layer).planes((640, 640), (16, 16))
    assert planes[:8, :8, 2].all()
    np.testing.assert_allclose(planes[3, 3, :2], ab(RED), atol=0.5)
    assert planes[..., 2].sum() == 64


def test_points_beyond_the_photo_are_left_out() -> None:
    planes = Hints((point(-50, 5, RED), point(5, 900, BLUE))).planes((10, 10), (32, 32))
    assert not planes.any()


def test_hints_can_be_kept() -> None:
    hints = Hints((point(1.5, 2, RED, 4), Stroke(((0, 0), (3, 4)), BLUE)))
    again = Hints.from_json(json.loads(json.dumps(hints.to_json())))
    assert again.strokes == hints.strokes


@pytest.mark.parametrize(
    "value",
    [
        "red",
        {"points": []},
        [{"points": [], "colour": "#ffffff"}],
        [{"points": [[1, 2]]}],
        [{"points": [[1]], "colour": "#ffffff"}],
        [{"points": [[1, 2, 3]], "colour": "#ffffff"}],
        [{"points": "ab", "colour": "#ffffff"}],
        [{"points": [[1, 10**400]], "colour": "#ffffff"}],
        [{"points": [[1e7, 2]], "colour": "#ffffff"}],
        [{"points": [[1, 2]], "colour": None}],
        [{"points": [[1, 2]], "colour": "#ffff"}],
        [{"points": [[1, 2]], "colour": "red"}],
        [{"points": [[1, float("nan")]], "colour": "#ffffff"}],
        [{"points": [[1, 2]], "colour": "#ffffff", "radius": -1}],
        [{"points": [[1, 2]], "colour": "#ffffff"}] * 2001,
        [7],
    ],
)
def test_what_are_no_hints(value: Any) -> None:
    with pytest.raises(ValueError, match=r"^[A-Z].*\.$"):
        Hints.from_json(value)


@pytest.mark.parametrize(
    "given",
    [
        Hints((point(1.5, 2, RED, 4), Stroke(((0, 0), (3, 4)), BLUE))),
        [point(1.5, 2, RED, 4), Stroke(((0, 0), (3, 4)), BLUE)],
        Hints((point(1.5, 2, RED, 4), Stroke(((0, 0), (3, 4)), BLUE))).to_json(),
        (point(1.5, 2, RED, 4), {"points": [[0, 0], [3, 4]], "colour": "#143cdc"}),
    ],
)
def test_what_stands_for_hints(given: Any) -> None:
    assert Hints.of(given).strokes == (point(1.5, 2, RED, 4), Stroke(((0, 0), (3, 4)), BLUE))


@pytest.mark.parametrize("value", ["red", {}, [None], [{}], [point(1, 2, RED)] * 2001, 0])
def test_what_does_not_stand_for_hints(value: Any) -> None:
    with pytest.raises(ValueError, match=r"^[A-Z].*\.$"):
        Hints.of(value)
    with pytest.raises(ValueError, match=r"^[A-Z].*\.$"):
        Hints((value,))
    assert not Hints.of(None).strokes
    assert not Hints.of([]).strokes


@pytest.mark.parametrize(
    ("points", "sentence"),
    [
        ((), "at least one point"),
        (((1, 2, 3),), "pairs of numbers"),
        (((1, 2), (5,)), "pairs of numbers"),
        ((1, 2), "pairs of numbers"),
        ((("1", "2"),), "pairs of numbers"),
        (((1, None),), "pairs of numbers"),
        (((True, False),), "pairs of numbers"),
        (None, "pairs of numbers"),
        (((1, 1e6),), "below a million"),
        (((1, float("nan")),), "below a million"),
        (((1, 10**400),), "below a million"),
    ],
)
def test_points_that_are_none(points: Any, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        Stroke(points, RED)


@pytest.mark.parametrize("radius", [-1, float("inf"), "1", None])
def test_a_radius_that_is_none(radius: Any) -> None:
    with pytest.raises(ValueError, match="no radius below 0"):
        Stroke(((1, 2),), RED, radius)


@pytest.mark.parametrize("rgb", [(1.0, 0.0, 0.0), (1, 2), (1, 2, 3, 4), (0, 0, 256), (-1, 0, 0), "red", None])
def test_a_colour_that_is_none(rgb: Any) -> None:
    with pytest.raises(ValueError, match="whole numbers from 0 to 255"):
        Stroke(((1, 2),), rgb)


def test_numbers_of_numpy_can_be_kept() -> None:
    red, green, blue = np.array(RED, np.uint8)
    (stroke,) = json.loads(json.dumps(Hints((point(np.float32(1.5), 2, (red, green, blue)),)).to_json()))  # type: ignore[arg-type]
    assert stroke == {"points": [[1.5, 2.0]], "colour": "#c81e28", "radius": 0.0}


@pytest.mark.parametrize("points", [((2.0, 1.0),), ((0.0, 0.0), (9.0, 5.0))])
@pytest.mark.parametrize("photo", [(1, 1), (360, 480)])
def test_the_widest_brush_covers_all_in_no_time(
    points: tuple[tuple[float, float], ...], photo: tuple[int, int]
) -> None:
    """OpenCV takes as long as a circle is wide, and refuses lines beyond its limit."""
    hints = Hints(tuple(Stroke(points, (200, 30, 30), radius) for radius in (200.0, 999_999.0)))
    assert hints.planes(photo, (32, 48))[..., 2].all()


def test_a_layer_has_four_channels() -> None:
    with pytest.raises(ValueError, match="painted layer"):
        Hints(overlay=np.zeros((4, 4, 3), np.uint8))

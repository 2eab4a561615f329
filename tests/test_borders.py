"""Bars around a picture are found; margins, frames and even pictures stay as they are."""

from __future__ import annotations

import numpy as np
import pytest

from engine.borders import inside_borders
from engine.captcha import generate, read

Bars = tuple[int, int, int, int]


def barred(picture: np.ndarray, bars: Bars, colour: int | tuple[int, int, int] = 0) -> np.ndarray:
    """A picture with so many rows above and below it, and columns left and right."""
    above, below, left, right = bars
    height, width = picture.shape[:2]
    whole = np.full((above + height + below, left + width + right, 3), colour, np.uint8)
    whole[above : above + height, left : left + width] = picture
    return whole


@pytest.mark.parametrize(
    "bars", [(20, 20, 0, 0), (0, 0, 30, 30), (15, 0, 0, 0), (0, 0, 0, 44), (9, 30, 12, 25)]
)
@pytest.mark.parametrize("grain", [0, 5])
def test_bars_are_found_on_all_sides(bars: Bars, grain: int) -> None:
    rng = np.random.default_rng(0)
    inner = rng.integers(120, 220, (50, 160, 3), dtype=np.uint8)
    picture = barred(inner, bars, (250, 248, 240)).astype(np.int16)
    picture[: bars[0]] += rng.integers(-grain, grain + 1, picture[: bars[0]].shape, np.int16)
    found = inside_borders(np.clip(picture, 0, 255).astype(np.uint8))
    assert found == (bars[0], bars[0] + 50, bars[2], bars[2] + 160)


def test_a_margin_stays_since_it_is_the_ground() -> None:
    picture, _ = generate(5, 1, 7, "plain")
    height, width = picture.shape[:2]
    wider = barred(picture, (20, 20, 20, 20), tuple(picture[0, 0].tolist()))
    assert inside_borders(wider) == (0, height + 40, 0, width + 40)


def test_a_thin_frame_stays() -> None:
    inner = np.full((48, 198, 3), 200, np.uint8)
    inner[10:30, 40:60] = 20
    assert inside_borders(barred(inner, (1, 1, 1, 1))) == (0, 50, 0, 200)


@pytest.mark.parametrize("size", [(1, 1), (1, 90), (90, 1), (40, 100)])
def test_an_even_picture_stays(size: tuple[int, int]) -> None:
    assert inside_borders(np.full((*size, 3), 77, np.uint8)) == (0, size[0], 0, size[1])


@pytest.mark.parametrize("bars", [(60, 60, 0, 0), (0, 0, 90, 90), (30, 50, 70, 20)])
def test_a_number_between_bars_is_read_and_its_boxes_stand_on_it(bars: Bars) -> None:
    picture, text = generate(5, 1, 7, "plain")
    alone, between = read(picture), read(barred(picture, bars, (20, 160, 60)))
    assert alone.text == between.text == text
    assert (between.height, between.width) == (
        picture.shape[0] + bars[0] + bars[1],
        picture.shape[1] + bars[2] + bars[3],
    )
    for one, moved in zip(alone.characters, between.characters, strict=True):
        x, y, width, height = one.box
        assert moved.box == (x + bars[2], y + bars[0], width, height)
    np.testing.assert_allclose(between.column_places, alone.column_places + bars[2])


def test_whatever_is_in_a_picture_a_part_of_it_is_left() -> None:
    """Rectangles at random, a picture of two halves among them: all of it may be called a border."""
    rng = np.random.default_rng(4)
    for _ in range(400):
        height, width = rng.integers(1, 60, 2)
        picture = np.full((height, width, 3), rng.integers(0, 256, 3), np.uint8)
        for _ in range(rng.integers(0, 4)):
            top, left = rng.integers(0, height), rng.integers(0, width)
            picture[top : rng.integers(top, height + 1), left:] = rng.integers(0, 256, 3)
        top, below, left, beside = inside_borders(picture)
        assert 0 <= top < below <= height
        assert 0 <= left < beside <= width


@pytest.mark.parametrize("shape", [(20, 40), (1, 2), (100, 100)])
def test_two_halves_are_no_number_and_no_mistake(shape: tuple[int, int]) -> None:
    picture = np.zeros(shape, np.uint8)
    picture[:, shape[1] // 2 :] = 255
    assert read(picture).text in ("", "1")

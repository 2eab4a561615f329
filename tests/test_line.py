"""Any picture of a line as the reader sees it: polarity, contrast, colours and proportions."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from engine.line import (
    HEIGHT,
    NARROWEST,
    WIDEST,
    _on_tiles,
    fitting_width,
    ink_rows,
    line_of,
    line_of_ink,
    line_width,
    place_in,
    quantiles_of_bytes,
    tall_rows,
    thinned_out,
)


def picture(
    ink: tuple[int, int, int], ground: tuple[int, int, int], size: tuple[int, int] = (60, 160)
) -> np.ndarray:
    rgb = np.full((*size, 3), ground, np.uint8)
    cv2.putText(rgb, "407", (30, 45), cv2.FONT_HERSHEY_SIMPLEX, 1.5, ink, 3, cv2.LINE_AA)
    return rgb


def same(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.corrcoef(a.ravel(), b.ravel())[0, 1])


BLACK_ON_WHITE = line_of(picture((0, 0, 0), (255, 255, 255)))


@pytest.mark.parametrize(
    ("ink", "ground"),
    [
        ((255, 255, 255), (0, 0, 0)),
        ((120, 120, 120), (140, 140, 140)),
        ((20, 20, 120), (240, 230, 120)),
        ((255, 255, 0), (0, 0, 160)),
        ((255, 0, 0), (0, 130, 0)),  # of one lightness: only the colours differ
    ],
)
def test_ink_is_bright_on_dark_whatever_its_colours(
    ink: tuple[int, int, int], ground: tuple[int, int, int]
) -> None:
    line = line_of(picture(ink, ground))
    assert line.dtype == np.uint8
    assert same(line, BLACK_ON_WHITE) > 0.97


def test_digits_of_many_colours_are_all_seen() -> None:
    """On a middling ground some are lighter, some darker, and one has the ground's own lightness."""
    ground = (150, 150, 150)
    rgb = picture((0, 0, 0), ground)
    ink = line_of(rgb) > 100
    middle = rgb.shape[1] // 2
    for left, colour in ((0, (20, 20, 20)), (middle - 20, (255, 110, 110)), (middle + 20, (250, 250, 250))):
        part = rgb[:, left:]
        part[np.any(part != ground, axis=2)] = colour
    seen = line_of(rgb)
    for part in np.array_split(np.arange(seen.shape[1]), 3):
        assert np.median(seen[:, part][ink[:, part]]) > 80
    assert np.median(seen[~ink]) < 20


TILES = ((210, 60, 70), (40, 50, 160), (120, 200, 90))  # the middle one's colour is neither's beside it


def on_tiles(spread: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """4, 0 and 7, each on a tile of its own, lighter, darker and of another hue; and where their ink is.

    spread: how far the tiles' colours are from their mean.
    """
    drawn = np.zeros((60, 180), np.uint8)
    for i, digit in enumerate("407"):
        cv2.putText(drawn, digit, (60 * i + 15, 45), cv2.FONT_HERSHEY_SIMPLEX, 1.5, 255, 5, cv2.LINE_AA)
    mask = drawn > 128
    rgb = np.empty((60, 180, 3), np.uint8)
    mean = np.mean(TILES, axis=0)
    for i, (tile, ink) in enumerate(zip(TILES, ((250, 240, 200), (200, 60, 60), (30, 30, 90)), strict=True)):
        part = slice(60 * i, 60 * i + 60)
        rgb[:, part] = mean + spread * (np.array(tile) - mean)
        rgb[:, part][mask[:, part]] = ink
    return rgb, mask


def test_on_tiles_ink_is_what_differs_from_its_own_tile() -> None:
    rgb, mask = on_tiles()
    line = cv2.resize(line_of(rgb), (180, 60), interpolation=cv2.INTER_LINEAR)
    surely = cv2.erode(mask.astype(np.uint8), np.ones((3, 3))) > 0
    nowhere = cv2.dilate(mask.astype(np.uint8), np.ones((7, 7))) == 0
    for part in (slice(4, 56), slice(64, 116), slice(124, 176)):
        assert np.median(line[:, part][surely[:, part]]) > 200
        assert line[:, part][nowhere[:, part]].max() < 30
    assert line[:, 58:62].max() < 60  # the edges between tiles are no strokes


def test_a_stroke_over_all_tiles_does_not_hide_them() -> None:
    rgb, _ = on_tiles()
    cv2.line(rgb, (0, 8), (180, 20), (0, 0, 0), 3)
    line = line_of(rgb)
    assert np.median(line) == 0
    assert (line > 128).mean() < 0.3


def test_one_ground_is_not_taken_for_tiles() -> None:
    """Tiles of nearly one colour are one ground; stripes are no tiles."""
    rgb, _ = on_tiles(spread=0.05)
    assert _on_tiles(rgb) is None
    stripes = np.zeros((40, 120, 3), np.uint8)
    stripes[:, ::8] = stripes[:, 1::8] = stripes[:, 2::8] = 200
    assert _on_tiles(stripes) is None
    noise = np.random.default_rng(0).integers(0, 256, (40, 120, 3), dtype=np.uint8)
    assert _on_tiles(noise) is None


def test_the_ground_is_zero_and_the_ink_is_full() -> None:
    assert np.median(BLACK_ON_WHITE) == 0
    assert BLACK_ON_WHITE.max() == 255


@pytest.mark.parametrize("size", [(60, 160), (30, 80), (50, 150), (24, 100), (100, 400), (1000, 3000)])
def test_proportions_are_kept_up_to_what_the_tiles_need(size: tuple[int, int]) -> None:
    width = line_width(*size)
    assert width % 16 == 8
    assert abs(width - HEIGHT * size[1] / size[0]) <= 8
    assert line_of(np.zeros((*size, 3), np.uint8)).shape == (HEIGHT, width)


@pytest.mark.parametrize("columns", [0, 16, 17, 19, 20, 21])
def test_a_width_gives_as_many_columns_as_are_needed(columns: int) -> None:
    width = fitting_width(10, columns)
    assert width % 16 == 8
    assert width // 4 - 2 >= columns
    assert width == NARROWEST or (width - 16) // 4 - 2 < columns


def test_very_narrow_and_very_wide_pictures_are_bounded() -> None:
    assert line_width(500, 20) == NARROWEST
    assert line_width(20, 20_000) == WIDEST
    assert line_of(np.full((1, 1, 3), 9, np.uint8)).shape == (HEIGHT, NARROWEST)


def test_a_narrow_picture_stands_in_the_middle_of_its_ground() -> None:
    rgb = np.full((40, 20, 3), 200, np.uint8)
    rgb[10:30, 8:12] = 0
    line = line_of(rgb)
    columns = np.flatnonzero(line.max(axis=0) > 128)
    assert abs(columns.mean() - (line.shape[1] - 1) / 2) < 1
    scale, shift = place_in(line.shape[1], 40, 20)
    assert columns.mean() * scale + shift == pytest.approx(9.5, abs=1)


def test_an_even_picture_has_no_ink() -> None:
    assert not line_of(np.full((60, 160, 3), 77, np.uint8)).any()


def test_the_rows_with_ink_are_found_whatever_the_polarity() -> None:
    for ground, ink in ((250, 10), (10, 250)):
        rgb = np.full((120, 300, 3), ground, np.uint8)
        rgb[50:80, 40:200:3] = ink
        rgb[5, 60:64] = ink  # a speck far above
        top, bottom = ink_rows(line_of(rgb), 120, 0.02)
        assert 36 <= top <= 50
        assert 80 <= bottom <= 94


def test_where_there_is_no_ink_all_rows_stay() -> None:
    assert ink_rows(np.zeros((HEIGHT, 90), np.uint8), 33, 0.05) == (0, 33)


def test_strokes_that_run_across_do_not_count_as_tall() -> None:
    rgb = np.full((120, 300, 3), 250, np.uint8)
    cv2.putText(rgb, "8406", (60, 75), cv2.FONT_HERSHEY_SIMPLEX, 1.2, (0, 0, 0), 4, cv2.LINE_AA)
    digits = np.flatnonzero(rgb.min(axis=(1, 2)) < 128)
    for y in (8, 100, 112):
        cv2.line(rgb, (5, y), (295, y + 4), (0, 0, 0), 4, cv2.LINE_AA)
    line = line_of(rgb)
    top, bottom = tall_rows(line, 120, 0.01)
    assert 0 < digits[0] - top <= 12
    assert 0 < bottom - digits[-1] <= 12
    first, end = ink_rows(line, 120, 0.01)
    assert first < 8
    assert end > 100


def test_where_nothing_is_tall_all_rows_stay() -> None:
    line = np.zeros((HEIGHT, 90), np.uint8)
    line[20:22] = 255
    assert tall_rows(line, 33, 0.01) == (0, 33)


def test_thin_strokes_are_made_paler_and_thick_ones_stay() -> None:
    line = np.zeros((HEIGHT, 90), np.uint8)
    line[10:30, 20:26] = 200  # a thick one
    line[5:7] = 180  # a thin one across, apart from it
    before = line.copy()
    thinned = thinned_out(line, 0.5)
    np.testing.assert_array_equal(line, before)
    assert thinned.dtype == np.uint8
    assert (thinned[12:28, 21:25] == 200).all()
    assert (thinned[5:7] == 90).all()
    np.testing.assert_array_equal(thinned_out(line, 0), line)
    assert not thinned_out(line, 1)[5:7].any()


@pytest.mark.parametrize("count", [1, 2, 7, 100, 6001])
def test_quantiles_of_bytes_are_those_of_numpy(count: int) -> None:
    values = np.random.default_rng(count).integers(0, 2 + count % 250, (1, count)).astype(np.uint8)
    shares = np.array([0, 0.005, 0.3, 0.5, 0.995, 1])
    np.testing.assert_allclose(quantiles_of_bytes(values, shares), np.quantile(values, shares))


def test_narrow_ink_is_not_stretched_and_gets_empty_ground_however_bold_it_is() -> None:
    ink = np.zeros((60, 20), np.uint8)
    ink[5:55, 3:17] = 255  # more than half of it
    line = line_of_ink(ink, 72)
    columns = np.flatnonzero(line.max(axis=0) > 128)
    assert line.shape == (40, 72)
    assert len(columns) == pytest.approx(14 * 40 / 60, abs=2)
    assert columns.mean() == pytest.approx(35.5, abs=1)
    assert line[:, :20].max() == line[:, -20:].max() == 0

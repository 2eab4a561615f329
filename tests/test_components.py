"""The classical way: its stages, what it reads, what it splits, and pictures that hold nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from engine.components import TOO_MANY, Stages, clean, find_pieces, read
from engine.images import PictureError
from engine.strip import FACE, draw_strip


def printed(text: str, size: int = 40, gap: float = 3, ink: int = 0, paper: int = 255) -> np.ndarray:
    """Digits in the shipped face, `gap` pixels farther apart than it has them: (H, W) uint8."""
    face = ImageFont.truetype(str(FACE), size, layout_engine=ImageFont.Layout.BASIC)
    width = round(len(text) * (face.getlength("0") + gap)) + 20
    picture = Image.new("L", (width, round(1.4 * size)), paper)
    draw, x = ImageDraw.Draw(picture), 10.0
    for character in text:
        draw.text((round(x), 0.1 * size), character, fill=ink, font=face)
        x += face.getlength(character) + gap
    return np.array(picture)


def check_shapes(stages: Stages) -> None:
    shape = stages.grey.shape
    for array in (stages.grey, stages.ink, stages.cleaned):
        assert array.shape == shape
        assert array.dtype == np.uint8
    assert set(np.unique(stages.ink)) <= {0, 255}
    assert len(stages.boxes) == len(stages.digits) == len(stages.reading.characters)
    assert all(digit.shape == (28, 28) for digit in stages.digits)
    for x, y, w, h in stages.boxes:
        assert 0 <= x < x + w <= shape[1]
        assert 0 <= y < y + h <= shape[0]


# --- what it reads ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [16, 24, 40, 64])
@pytest.mark.parametrize("ink, paper", [(0, 255), (235, 20), (90, 170)])
def test_digits_apart_are_read(size: int, ink: int, paper: int) -> None:
    rng = np.random.default_rng(size)
    for length in (1, 4, 9):
        text = "".join(map(str, rng.integers(0, 10, length)))
        stages = read(printed(text, size, ink=ink, paper=paper))
        assert stages.reading.text == text
        assert stages.note == ""
        check_shapes(stages)


def test_the_tutorials_strip_is_read() -> None:
    assert read(draw_strip()).reading.text == "01234"


def test_all_ten() -> None:
    stages = read(printed("0123456789"))
    assert stages.reading.text == "0123456789"
    lefts = [box[0] for box in stages.boxes]
    assert lefts == sorted(lefts)
    for character in stages.reading.characters:
        assert 0.5 < character.confidence <= 1
        assert character.runner_up != character.text
        assert character.runner_up_confidence < character.confidence


@pytest.mark.parametrize("text", ["88", "35", "40", "26", "2018"])
@pytest.mark.parametrize("size", [24, 48])
def test_digits_that_touch_are_split(text: str, size: int) -> None:
    picture = printed(text, size, gap=-0.1 * size)
    joined = read(picture).cleaned
    columns = (joined > 0).any(axis=0)
    assert np.count_nonzero(np.diff(columns.astype(int)) == 1) < len(text)  # they do touch
    assert read(picture).reading.text == text


def test_equal_parts_where_no_column_has_less_ink() -> None:
    cleaned = np.zeros((40, 120), np.uint8)
    cleaned[10:30, 5:17] = cleaned[10:30, 30:66] = 255  # a digit, and three in one bar
    boxes = [box for box, _ in find_pieces(cleaned)]
    assert boxes == [(5, 10, 12, 20), (30, 10, 12, 20), (42, 10, 12, 20), (54, 10, 12, 20)]


def test_pieces_above_each_other_are_one_digit() -> None:
    picture = printed("1502", 48)
    cut = picture.copy()
    row = picture.shape[0] // 2 - 3
    cut[row : row + 2] = 255
    assert read(cut).reading.text == "1502"


def test_a_frame_is_no_digit() -> None:
    picture = printed("8642")
    picture[:2] = picture[-2:] = 0
    picture[:, :2] = picture[:, -2:] = 0
    assert read(picture).reading.text == "8642"


def test_colours_and_files_are_read(tmp_path: Path) -> None:
    grey = printed("507")
    colours = np.stack([255 - (255 - grey) // 4, grey, grey], axis=2)  # red on white
    Image.fromarray(colours).save(tmp_path / "red.png")
    assert read(tmp_path / "red.png").reading.text == "507"


def test_boxes_are_those_of_the_picture_as_it_came() -> None:
    picture = printed("47", 600, gap=60)
    stages = read(picture)
    assert stages.reading.text == "47"
    assert stages.grey.shape[0] == 240
    for character in stages.reading.characters:
        x, y, w, h = character.box
        ink = np.argwhere(picture[:, max(0, x - 9) : x + w + 9] < 128)
        assert abs(ink[:, 0].min() - y) < 9
        assert abs(ink[:, 0].max() - (y + h)) < 9


# --- what can be set --------------------------------------------------------------------------------------


def test_specks_are_cleaned_away() -> None:
    picture = printed("60309", 48)
    picture[np.random.default_rng(1).random(picture.shape) < 0.02] = 0
    stages = read(picture, speck=3)
    assert stages.reading.text == "60309"
    assert np.count_nonzero(stages.cleaned) < np.count_nonzero(stages.ink)
    raw = read(picture, speck=0)
    np.testing.assert_array_equal(raw.ink, raw.cleaned)


def test_a_median_takes_hairlines_away() -> None:
    picture = printed("2468", 48)
    middle = picture.shape[0] // 2
    picture[middle] = 0
    assert len(read(picture).boxes) != 4 or read(picture).reading.text != "2468"
    assert read(picture, median=3).reading.text == "2468"


def test_clean_keeps_what_is_larger_than_a_speck() -> None:
    ink = np.zeros((20, 30), np.uint8)
    ink[2:4, 2:4] = ink[10:13, 10:13] = 255
    assert np.count_nonzero(clean(ink, 2, 1)) == 9
    assert np.count_nonzero(clean(ink, 3, 1)) == 0
    assert np.count_nonzero(clean(ink, 0, 1)) == 13


def test_the_threshold_can_be_set() -> None:
    picture = printed("19", ink=100, paper=220)
    assert 100 < read(picture).threshold < 220
    assert read(picture, threshold=160).reading.text == "19"
    assert read(picture, threshold=50).reading.text == ""
    assert read(picture, threshold=50).threshold == 50


def test_the_same_picture_is_read_alike() -> None:
    picture = printed("31415")
    one, other = read(picture), read(picture)
    assert one.reading == other.reading
    np.testing.assert_array_equal(one.cleaned, other.cleaned)


# --- what holds nothing -----------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [0, 128, 255])
@pytest.mark.parametrize("shape", [(1, 1), (24, 100), (1, 20_000), (500, 1)])
def test_a_blank_picture_holds_no_digits(shape: tuple[int, int], value: int) -> None:
    stages = read(np.full(shape, value, np.uint8))
    assert stages.reading.text == ""
    assert stages.note == "No digits were found."
    check_shapes(stages)


def test_faint_grain_is_no_ink() -> None:
    grain = np.random.default_rng(0).integers(240, 250, (40, 160)).astype(np.uint8)
    assert not read(grain).ink.any()


def test_a_very_wide_picture() -> None:
    picture = np.full((40, 20_000), 255, np.uint8)
    digits = printed("73", 28)
    picture[: digits.shape[0], 9_000 : 9_000 + digits.shape[1]] = digits
    stages = read(picture)
    assert stages.reading.text == "73"
    assert 9_000 < stages.reading.characters[0].box[0] < 9_050


def test_noise_is_said_to_be_noise() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (60, 3000)).astype(np.uint8)
    stages = read(np.where(noise > 230, 0, 255).astype(np.uint8), speck=0)
    assert stages.reading.text == ""
    assert stages.note == TOO_MANY


def test_what_cannot_be_used_is_said(tmp_path: Path) -> None:
    picture = printed("1")
    with pytest.raises(ValueError, match="a grey level from 0 to 255, not 300"):
        read(picture, threshold=300)
    with pytest.raises(ValueError, match="0 pixels or more, not -1"):
        read(picture, speck=-1)
    with pytest.raises(ValueError, match="1, 3 or 5 pixels wide, not 4"):
        read(picture, median=4)
    with pytest.raises(PictureError, match="There is no file"):
        read(tmp_path / "none.png")

"""The reader of captchas: what it returns for any picture, and floors for what it reads."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from engine import captcha
from engine.captcha import generate, read
from engine.captcha_struck import draw_struck
from engine.captcha_styles import STYLES
from engine.checkpoint import WEIGHTS, load_pretrained
from engine.faces import shipped_faces
from engine.images import PictureError
from engine.line import HEIGHT, line_of

PHOTOS = Path(__file__).parent.parent / "ui/examples/photos"
# Whole numbers right of 200 fresh ones in the faces that the requirements guarantee, each difficulty in turn.
FLOORS = dict.fromkeys(STYLES, 0.9)


@pytest.mark.parametrize("style", STYLES)
def test_it_reads_what_it_draws(style: str) -> None:
    rng = np.random.default_rng((99, len(style)))
    right = 0
    for i in range(200):
        picture, text = generate(int(rng.integers(4, 7)), i % 5 + 1, rng, style)
        right += read(picture).text == text
    assert right / 200 >= FLOORS[style]


@pytest.mark.parametrize("length", range(1, 11))
def test_any_length_is_read(length: int) -> None:
    right = sum(
        read(picture).text == text for picture, text in (generate(length, 1, n, "plain") for n in range(20))
    )
    assert right >= 18


def test_a_reading_says_where_its_digits_stand_and_how_sure_they_are() -> None:
    picture, text = generate(5, 1, 7, "plain")
    reading = read(picture)
    assert reading.text == text == "".join(character.text for character in reading.characters)
    assert (reading.height, reading.width) == picture.shape[:2]
    middles = [x + width / 2 for x, _, width, _ in (character.box for character in reading.characters)]
    assert middles == sorted(middles)
    for character in reading.characters:
        x, y, width, height = character.box
        assert 0 <= x < x + width <= reading.width
        assert 0 <= y < y + height <= reading.height
        assert 0.5 < character.confidence <= 1
        assert character.runner_up != character.text
        assert 0 <= character.runner_up_confidence < character.confidence
    assert not reading.unsure


def test_boxes_stand_over_their_digits() -> None:
    picture = np.full((60, 300, 3), 255, np.uint8)
    for start, digit in ((20, "3"), (180, "8")):
        drawn, _ = _one(digit)
        picture[10:50, start : start + drawn.shape[1]] = drawn
    reading = read(picture)
    assert reading.text == "38"
    (first, _, first_width, _), (second, _, second_width, _) = (c.box for c in reading.characters)
    assert 10 <= first <= 25 < 45 <= first + first_width <= 70
    assert 165 <= second <= 190 < 205 <= second + second_width <= 230


def test_boxes_are_in_the_pixels_of_a_large_picture() -> None:
    small, text = generate(4, 1, 7, "plain")
    large = cv2.resize(small, None, fx=15, fy=15, interpolation=cv2.INTER_NEAREST)
    reading, there = read(small), read(large)
    assert reading.text == there.text == text
    assert (there.width, there.height) == (large.shape[1], large.shape[0])
    # The rows that are looked at begin at whole pixels of the small picture.
    for one, other in zip(reading.characters, there.characters, strict=True):
        np.testing.assert_allclose(np.array(other.box) / 15, one.box, atol=3)


def test_a_number_in_a_very_wide_picture_is_read() -> None:
    small, text = generate(8, 1, 3, "tutorial")
    wide = np.repeat(np.repeat(small, 20, axis=0), 20, axis=1)
    assert read(wide).text == text


def _one(digit: str) -> tuple[np.ndarray, str]:
    picture = STYLES["plain"].draw(digit, 1, np.random.default_rng(1), shipped_faces())
    grey = np.asarray(Image.fromarray(picture).convert("L"))
    ink = np.abs(grey.astype(int) - int(np.median(grey))) > 60
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    tight = 255 - 255 * ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].astype(np.uint8)
    height = 40
    size = (max(1, round(tight.shape[1] * height / tight.shape[0])), height)
    return np.asarray(Image.fromarray(tight).resize(size).convert("RGB")), digit


def test_columns_are_probabilities_over_the_picture() -> None:
    picture, _ = generate(6, 2, 3, "noise")
    reading = read(picture)
    assert reading.columns.dtype == np.float32
    np.testing.assert_allclose(reading.columns.sum(axis=1), 1, rtol=1e-4)
    assert len(reading.column_places) == len(reading.columns)
    assert (np.diff(reading.column_places) > 0).all()
    middle = (reading.column_places[0] + reading.column_places[-1]) / 2
    assert middle == pytest.approx(reading.width / 2, abs=1)
    assert reading.line.shape[0] == HEIGHT


def test_a_path_an_image_and_an_array_are_read_alike(tmp_path: Path) -> None:
    picture, text = generate(4, 2, 11, "package")
    image = Image.fromarray(picture)
    image.save(tmp_path / "number.png")
    assert read(picture).text == read(image).text == read(tmp_path / "number.png").text == text


def test_transparent_and_palette_pictures_are_read(tmp_path: Path) -> None:
    picture, text = generate(5, 1, 21, "tutorial")
    grey = Image.fromarray(picture).convert("L")
    see_through = Image.new("RGBA", grey.size, (0, 0, 0, 0))
    see_through.putalpha(Image.eval(grey, lambda value: 255 - value))
    assert read(see_through).text == text
    Image.fromarray(picture).quantize(8).save(tmp_path / "number.gif")
    assert read(tmp_path / "number.gif").text == text


ABSURD = {
    "1 x 1": np.zeros((1, 1, 3), np.uint8),
    "20,000 wide": np.full((30, 20_000), 255, np.uint8),
    "20,000 high": np.full((20_000, 30), 255, np.uint8),
    "all black": np.zeros((60, 160, 3), np.uint8),
    "all white": np.full((60, 160, 3), 255, np.uint8),
}


@pytest.mark.parametrize("picture", ABSURD.values(), ids=list(ABSURD))
def test_pictures_without_digits_read_as_nothing(picture: np.ndarray) -> None:
    reading = read(picture)
    assert reading.text == ""
    assert reading.characters == ()
    assert not reading.unsure


@pytest.mark.parametrize("name", ["astronaut", "cameraman", "flower", "temple"])
def test_a_photo_without_digits_reads_as_nothing(name: str) -> None:
    assert read(PHOTOS / f"{name}.jpg").text == ""


@pytest.mark.parametrize("name", ["cat", "coffee"])
def test_what_is_round_may_be_taken_for_a_digit(name: str) -> None:
    """Whatever it takes for one lies within the picture and says how sure it is."""
    reading = read(PHOTOS / f"{name}.jpg")
    assert len(reading.text) == len(reading.characters) <= 3
    for character in reading.characters:
        x, y, width, height = character.box
        assert 0 <= x < x + width <= reading.width
        assert 0 <= y < y + height <= reading.height
        assert 0 < character.runner_up_confidence < character.confidence <= 1


def test_deep_and_printed_colours_are_read(tmp_path: Path) -> None:
    picture, text = generate(4, 1, 5, "plain")
    grey = np.asarray(Image.fromarray(picture).convert("L")).astype(np.uint16) * 257
    Image.fromarray(grey).save(tmp_path / "deep.png")
    Image.fromarray(picture).convert("CMYK").save(tmp_path / "printed.jpg", quality=95)
    assert read(tmp_path / "deep.png").text == text
    assert read(tmp_path / "printed.jpg").text == text


def test_no_picture_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "note.png").write_text("no picture")
    with pytest.raises(PictureError, match="no picture that can be opened"):
        read(tmp_path / "note.png")


@pytest.mark.parametrize("name", ["digits", "lenet-5", "digits-8x8", "colorize"])
def test_a_network_for_something_else_gets_a_sentence(name: str) -> None:
    for model in (name, load_pretrained(name)):
        with pytest.raises(ValueError, match=f"the network '{name}' does not read lines of digits"):
            read(np.full((40, 160), 255, np.uint8), model)


# --- drawing ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("style", STYLES)
def test_the_same_seed_gives_the_same_picture(style: str) -> None:
    first, text = generate(5, 3, 42, style)
    again, same = generate(5, 3, np.random.default_rng(42), style)
    np.testing.assert_array_equal(first, again)
    assert text == same
    assert len(text) == 5
    assert generate(5, 3, 43, style)[1] != text


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"length": 0}, "1 to 10 digits, not 0"),
        ({"length": 11}, "1 to 10 digits, not 11"),
        ({"length": "4"}, "1 to 10 digits"),
        ({"difficulty": 6}, "from 1 to 5, not 6"),
        ({"difficulty": True}, "from 1 to 5"),
        ({"style": "wild"}, "no style 'wild'; there are tutorial"),
        ({"style": []}, r"no style \[\]; there are tutorial"),
        ({"rng": "abc"}, "a seed is a whole number from 0 on, not 'abc'"),
        ({"rng": 1.5}, "a seed is a whole number from 0 on, not 1.5"),
        ({"rng": -1}, "a seed is a whole number from 0 on, not -1"),
    ],
)
def test_what_can_not_be_drawn_is_a_sentence(wrong: dict, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        generate(**wrong)


# --- the file -----------------------------------------------------------------------------------------------


def test_the_file_is_small_and_says_how_it_was_made() -> None:
    assert (WEIGHTS / "captcha.npz").stat().st_size <= 1_000_000
    network = load_pretrained("captcha")
    assert network.trained["recipe"] == "captcha"
    assert network.metrics["all"] > 0.9
    assert network.labels == (*"0123456789", "")
    assert captcha.read(np.zeros((40, 90), np.uint8), network).text == ""


def test_closer_looks_find_small_digits_under_strokes() -> None:
    """Digits a third as high as their picture, struck through and with strokes all around."""
    right = closer = 0
    for seed in range(30):
        rng = np.random.default_rng(seed)
        text = "".join(map(str, rng.integers(0, 10, 5)))
        small = STYLES["plain"].draw(text, 1, rng, shipped_faces())
        picture = np.full((3 * small.shape[0], small.shape[1] + 60, 3), 255, np.uint8)
        picture[small.shape[0] : 2 * small.shape[0], 30:-30] = np.where(small < 128, 60, 255)
        for _ in range(5):
            ends = rng.uniform((0, 0, 0, 0), (picture.shape[1], picture.shape[0]) * 2).astype(int).tolist()
            cv2.line(picture, ends[:2], ends[2:], (60, 60, 60), 2)
        reading = captcha.read(picture)
        right += reading.text == text
        box = reading.characters[0].box if reading.characters else (0, 0, 0, 0)
        closer += box[1] > 0
        assert box[1] + box[3] <= picture.shape[0]
    assert right >= 24
    assert closer >= 3


def test_several_looks_read_more_than_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Among strokes that could be digits. (A look at the whole picture alone reads 135 of these.)"""
    network, pictures = load_pretrained("captcha"), []
    for seed in range(150):
        rng = np.random.default_rng((7, seed))
        text = "".join(map(str, rng.integers(0, 10, rng.integers(3, 7))))
        pictures.append((draw_struck(text, rng, shipped_faces()), text))

    def right() -> int:
        return sum(read(picture, network).text == text for picture, text in pictures)

    several = right()
    assert several >= 137
    inked = np.full((HEIGHT, 90), 255, np.uint8)
    inked[[0, -1]] = 0
    of_all = [look for look in captcha.LOOKS if look.rows(inked, 60) == (0, 60) and look.stretch == 1]
    assert len(of_all) == 1
    monkeypatch.setattr(captcha, "LOOKS", of_all)
    assert right() < several


@pytest.mark.parametrize("style", ["plain", "package", "outline"])
def test_boxes_hold_the_digits_from_top_to_bottom(style: str) -> None:
    """Nearly all ink in a digit's columns lies in its box's rows, of tall digits too."""
    shares = []
    for seed in range(10):
        picture, _ = generate(5, 1, seed, style)
        line = line_of(picture)
        ink = np.where(line > 128, line, 0).astype(np.float64)
        across, down = line.shape[1] / picture.shape[1], HEIGHT / picture.shape[0]
        for character in read(picture).characters:
            x, y, width, height = character.box
            columns = ink[:, round(x * across) : round((x + width) * across)]
            inside = columns[round(y * down) : round((y + height) * down)].sum()
            shares.append(inside / max(columns.sum(), 1))
    assert np.mean(shares) > 0.995
    assert min(shares) > 0.95

"""Whole numbers are read: on the pad, on paper of every kind, in several lines, written in many ways."""

from __future__ import annotations

import io
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from engine import numbers
from engine.captcha import generate
from engine.digits import read_number, recognize
from engine.images import PictureError
from engine.number_corpus import SHARES
from engine.number_evaluation import composed
from engine.number_lines import fills, find_lines, holds_several
from engine.number_sources import hand_made_sources
from engine.number_stems import unread_stems
from engine.numbers import read_number_ink
from engine.page_ink import ink_on_page
from engine.strokes import render
from tests.number_pictures import PLAIN, WAYS, ink_of_lines, named, on_pad, strokes, written

BOTH = pytest.mark.parametrize("model", ["numbers", "digits"])
NUMBERS = ["7", "42", "205", "13579", "86420", "1234567890"]
# Of 40 composed numbers on each kind of paper; some points below what was measured.
FLOORS = {"pad": 0.85, "blank": 0.8, "lined": 0.75, "cheque": 0.7, "textured": 0.7, "binary": 0.7}


def page(*texts: str, height: float = 60, size: tuple[int, int] = (480, 640)) -> np.ndarray:
    """Lines of digits on white: (H, W) uint8."""
    return 255 - ink_of_lines([named(text) for text in texts], height, 5, size, (70, 60))


def on_yellow_lines_in_shadow(grey: np.ndarray) -> np.ndarray:
    """A page as a photo of yellow, lined paper, half of it in a shadow: (H, W, 3) uint8."""
    height, width = grey.shape
    paper = np.full((height, width, 3), (244, 226, 142), np.float32)
    for row in range(25, height, 48):
        paper[row : row + 2] = (150, 174, 196)
    picture = paper + (np.array([40, 50, 120]) - paper) * (1 - grey[..., None] / np.float32(255))
    x = np.linspace(-1, 1, width)[None, :, None] + np.linspace(-0.6, 0.6, height)[:, None, None]
    return np.rint(picture * (1 - 0.5 / (1 + np.exp(-14 * x)))).astype(np.uint8)


@BOTH
@pytest.mark.parametrize("text", NUMBERS)
def test_a_number_on_white_is_read(text: str, model: str) -> None:
    reading = read_number(written(text), model)
    assert reading.text == text
    assert not reading.unsure
    assert reading.seconds > 0


@BOTH
@pytest.mark.parametrize("texts", [("42",), ("1234",), ("12", "345"), ("98765", "43210")])
def test_the_pad_holds_several_digits_and_lines(texts: tuple[str, ...], model: str) -> None:
    assert read_number_ink(on_pad(*texts), model).text == "\n".join(texts)


@BOTH
def test_three_small_lines_keep_their_order_and_all_digits_but_one(model: str) -> None:
    wanted = ("31", "59", "26")
    lines = read_number_ink(on_pad(*wanted), model).text.split("\n")
    assert [len(line) for line in lines] == [2, 2, 2]
    assert sum(a != b for a, b in zip("".join(lines), "".join(wanted), strict=True)) <= 1


@pytest.mark.parametrize("name", WAYS)
def test_every_way_of_writing_is_read(name: str) -> None:
    """Alone, and between two other digits."""
    digit = WAYS[name][0]
    alone = 255 - ink_of_lines([[name]], 60, 5, (130, 110), (30, 20))
    assert recognize(alone).digit == digit
    assert read_number(alone).text == str(digit)
    between = 255 - ink_of_lines([[PLAIN[2], name, PLAIN[0]]], 60, 5, (130, 220), (20, 24))
    assert read_number(between).text == f"2{digit}0"


def test_the_ways_that_differ_from_country_to_country_are_there() -> None:
    wanted = {"1, a stem", "1 with a hook", "7 with a bar", "7 with a corner", "4, open", "4, closed"}
    assert wanted | {"9 with a long tail"} <= set(WAYS)


def test_lined_yellow_paper_in_a_shadow() -> None:
    picture = on_yellow_lines_in_shadow(page("40718", "2935"))
    assert read_number(picture).text == "40718\n2935"


def test_white_on_black() -> None:
    assert read_number(255 - page("40718", "2935")).text == "40718\n2935"


def test_a_line_that_climbs() -> None:
    matrix = cv2.getRotationMatrix2D((320, 240), 8, 1)
    turned = cv2.warpAffine(page("907142"), matrix, (640, 480), borderValue=255)
    assert read_number(turned).text == "907142"


@pytest.mark.parametrize("pen", [3, 5, 8])
@pytest.mark.parametrize("text", ["1", "11", "1984", "2118", "701"])
def test_thin_upright_stems_are_ones(text: str, pen: int) -> None:
    """As with a ruler: the reader of lines has learnt to leave out what could be a rule of the paper."""
    names = ["1, a stem" if digit == "1" else PLAIN[int(digit)] for digit in text]
    ink = ink_of_lines([names], 90, pen, (280, 440), (60, 90), gap=0.3)
    assert read_number_ink(ink).text == text
    assert read_number(255 - ink).text == text
    assert read_number(255 - ink[70:200, 30:]).text == text, "a picture that is the line"


def test_a_stem_is_as_high_as_digits_upright_straight_and_alone() -> None:
    ink = np.zeros((160, 500), np.uint8)
    for x, top, bottom in ((40, 40, 130), (48, 30, 50), (200, 90, 120), (260, 0, 150)):
        cv2.line(ink, (x, top), (x, bottom), 255, 4)  # one; something close by; a low one; a rule
    cv2.line(ink, (300, 130), (370, 40), 255, 4)  # a slash
    cv2.ellipse(ink, (440, 85), (24, 45), 0, 90, 270, 255, 4)  # a bracket
    assert unread_stems(ink, 90, []) == []
    ink[:, 44:90] = 0
    ((x, y, w, h),) = unread_stems(ink, 90, [])
    assert unread_stems(ink, 90, [52.0]) == [], "it was read, if not exactly there"
    assert len(unread_stems(ink, 90, [335.0])) == 1, "another was"
    assert (x, w) == pytest.approx((38, 5), abs=1)
    assert (y, h) == pytest.approx((38, 95), abs=3)
    cv2.line(ink, (10, 40), (36, 130), 255, 4)  # now it is half of a digit
    assert unread_stems(ink, 90, []) == []


@pytest.mark.parametrize("beyond", [10, 30])
def test_bars_between_digits_are_no_ones(beyond: int) -> None:
    picture = np.full((240, 480), 255, np.uint8)
    for i, digit in enumerate("4072"):
        ink = ink_of_lines([[PLAIN[int(digit)]]], 60, 5, (90, 70), (14, 14))
        picture[70:160, 40 + 100 * i : 110 + 100 * i] = 255 - ink
        cv2.line(picture, (25 + 100 * i, 84 - beyond), (25 + 100 * i, 144 + beyond), 0, 2)
    assert read_number(picture).text == "4072"


@BOTH
@pytest.mark.parametrize("rows", [1, 3])
def test_digits_that_a_lost_row_has_cut_in_two_are_one_line(rows: int, model: str) -> None:
    picture = written("40275", 100, 6)
    picture[75 : 75 + rows] = 255
    assert read_number(picture, model).text == "40275"


@pytest.mark.parametrize("size", [24, 32, 46])
def test_a_small_digit_is_found_wherever_it_stands(size: int) -> None:
    ink = ink_of_lines([["3"]], size, max(2, size / 12), (size + 10, size + 10), (6, 5))
    for left in range(2, 280 - size - 12, 47):
        for top in range(2, 280 - size - 12, 47):
            paper = np.full((280, 280), 255, np.uint8)
            paper[top : top + len(ink), left : left + len(ink)] = 255 - ink
            assert read_number(paper).text == "3", (left, top)


@pytest.mark.parametrize(
    "ink",
    [np.zeros((0, 0), np.uint8), np.zeros((9, 9)), np.zeros((9, 9, 3), np.uint8), np.zeros((9, 9), bool)],
)
def test_ink_of_another_kind_gets_a_sentence(ink: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"\(H, W\) of uint8 with some pixels, not"):
        read_number_ink(ink)


def test_dots_dashes_and_rules_are_left_out() -> None:
    picture = page("1450", "627")
    cv2.circle(picture, (140, 118), 4, 0, -1)  # behind the 1
    cv2.line(picture, (330, 90), (390, 88), 0, 5)  # behind the number
    cv2.line(picture, (40, 240), (600, 242), 0, 4)  # under the second
    assert read_number(picture).text == "1450\n627"


def test_a_line_of_much_lower_digits_is_read_too_and_dirt_is_not() -> None:
    sheet = np.full((560, 640), 255, np.uint8)
    sheet[:300] = page("4071", height=160, size=(300, 640))
    sheet[340:480] = page("2935", height=48, size=(140, 640))
    assert read_number(sheet).text == "4071\n2935"
    sheet[340:] = 255
    for x in range(80, 560, 90):
        cv2.circle(sheet, (x, 420 + x % 40), 6, 0, -1)
    assert read_number(sheet).text == "4071"


def test_small_writing_on_a_large_sheet() -> None:
    sheet = np.full((1500, 2000), 250, np.uint8)
    sheet[700:820, 900:1220] = page("8315", height=50)[40:160, 40:360]
    reading = read_number(sheet)
    assert reading.text == "8315"
    assert (reading.width, reading.height) == (2000, 1500)
    x, y, _, h = reading.characters[0].box
    assert 900 <= x <= 1000
    assert y >= 700
    assert y + h <= 820


@BOTH
def test_boxes_lie_on_their_digits(model: str) -> None:
    names, height = named("40719"), 60.0
    picture = 255 - ink_of_lines([names], height, 5, (130, 420), (30, 28))
    reading = read_number(picture, model)
    expected = []
    for name in range(len(names)):
        before = strokes(names[: name + 1], height)
        own = before[-len(WAYS[names[name]][1]) :]
        points = np.concatenate(own) + np.array([30, 28])
        expected.append((*points.min(0), *points.max(0)))
    for character, (left, top, right, bottom) in zip(reading.characters, expected, strict=True):
        x, y, w, h = character.box
        np.testing.assert_allclose((x, y, x + w, y + h), (left, top, right, bottom), atol=7)


def test_boxes_of_a_reduced_photo_are_in_its_own_pixels() -> None:
    small = read_number(page("508"))
    large = read_number(cv2.resize(page("508"), (3200, 2400), interpolation=cv2.INTER_CUBIC))
    assert large.text == "508"
    for one, other in zip(small.characters, large.characters, strict=True):
        np.testing.assert_allclose(np.array(other.box) / 5, one.box, atol=4)


def test_a_photo_lies_as_its_exif_says() -> None:
    """Orientation 6: the camera was turned, and the file is to be turned back by a quarter to the right."""
    image = Image.fromarray(np.rot90(page("3062")))
    exif = Image.Exif()
    exif[0x0112] = 6
    file = io.BytesIO()
    image.save(file, "JPEG", quality=92, exif=exif)
    reading = read_number(Image.open(file))
    assert reading.text == "3062"
    assert (reading.width, reading.height) == (640, 480)


def test_a_blank_picture_says_nothing() -> None:
    for blank in (np.full((400, 600), 255, np.uint8), np.zeros((300, 300, 3), np.uint8)):
        reading = read_number(blank)
        assert (reading.text, reading.characters) == ("", ())
    assert read_number_ink(np.zeros((140, 140), np.uint8)).text == ""


def test_a_file_that_is_no_picture(tmp_path: Path) -> None:
    (tmp_path / "no.png").write_bytes(b"nothing")
    with pytest.raises(PictureError, match="no picture"):
        read_number(tmp_path / "no.png")


@pytest.mark.parametrize("kind", SHARES)
def test_composed_numbers_on_every_kind_of_paper(kind: str) -> None:
    numbers = composed(kind, 40, hand_made_sources())
    right = np.mean([read_number(picture).text == text for picture, text in numbers])
    assert right >= FLOORS[kind]


# --- lines ------------------------------------------------------------------------------------------------


def test_lines_are_found_from_top_to_bottom() -> None:
    ink = 255 - page("1234", "56", "7890", height=50)
    lines = find_lines(ink)
    assert len(lines) == 3
    assert all(line.ink.max() == 255 for line in lines)
    assert [round((line.top - lines[0].top) / 80) for line in lines] == [0, 1, 2]
    assert all(abs(line.height - 50) < 12 for line in lines)


def test_a_line_holds_nothing_of_its_neighbours() -> None:
    """The tail of a 9 reaches into the line below."""
    ink = 255 - page("0000", "11", height=50)
    cv2.line(ink, (198, 100), (198, 160), 255, 5)
    lines = find_lines(ink)
    assert len(lines) == 2
    first, second = (np.count_nonzero(line.ink > 100) for line in lines)
    assert np.count_nonzero(ink > 100) == pytest.approx(first + second, rel=0.03)


def test_frames_and_specks_are_no_ink() -> None:
    ink = 255 - page("628")
    cv2.rectangle(ink, (0, 0), (639, 479), 255, 4)
    ink[300:303, 500:503] = 255
    (line,) = find_lines(ink)
    assert line.left > 50
    assert line.ink.shape[1] < 300


def test_the_ink_of_a_page_has_no_shadow_and_no_rules() -> None:
    grey = page("407", "35")
    ink = ink_on_page(on_yellow_lines_in_shadow(grey))
    written_on = cv2.dilate(255 - grey, np.ones((9, 9), np.uint8)) > 60
    assert np.median(ink[grey < 60]) > 180
    assert np.mean(ink[~written_on] > 100) < 0.01


def test_a_picture_that_is_one_line() -> None:
    tight = written("4521")
    assert fills(find_lines(255 - tight), tight.shape)
    assert not fills(find_lines(255 - page("4521")), (480, 640))


@pytest.mark.parametrize("name", WAYS)
def test_one_digit_is_not_called_several(name: str) -> None:
    assert not holds_several(ink_of_lines([[name]], 80, 6, (140, 140), (30, 12)))


def test_several_digits_are_told_from_one() -> None:
    assert holds_several(on_pad("42"))
    assert holds_several(on_pad("7", "1"))
    assert not holds_several(np.zeros((140, 140), np.uint8))


# --- cuts -------------------------------------------------------------------------------------------------


def test_touching_digits_are_read() -> None:
    """With less than no gap between them, three digits are one piece of ink."""
    ink = ink_of_lines([named("302")], 70, 6, (140, 240), (30, 30), gap=-0.06)
    assert cv2.connectedComponents((ink > 100).astype(np.uint8))[0] - 1 == 1
    assert read_number_ink(ink, "numbers").text == "302"


def test_a_network_of_single_digits_cuts_what_touches() -> None:
    ink = ink_of_lines([named("53")], 70, 6, (140, 200), (30, 30), gap=-0.05)
    assert cv2.connectedComponents((ink > 100).astype(np.uint8))[0] - 1 == 1
    assert read_number_ink(ink, "digits").text == "53"


@pytest.mark.parametrize("side", [30, 90, 250])
def test_a_single_digit_on_a_large_pad_is_read(side: int) -> None:
    """One digit is a narrow line, and is not stretched to the width that a line has at least."""
    examples = Path(__file__).parent.parent / "ui/examples/strokes.json"
    for digit, drawn in json.loads(examples.read_text(encoding="utf-8")).items():
        points = [np.array(stroke, np.float32).reshape(-1, 2) * side + 100 for stroke in drawn]
        pad = render(points, max(2.0, 0.07 * side), (500, 500))
        assert read_number_ink(pad).text == digit


def test_printed_numbers_are_read_too_by_who_knows_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the reader of handwriting is not certain, the reader of captchas is asked."""
    pictures = [generate(2 + seed % 6, 2, seed, style) for seed in range(25) for style in ("plain", "print")]

    def right() -> int:
        return sum(read_number(picture).text == text for picture, text in pictures)

    both = right()
    assert both >= 48
    monkeypatch.setattr(numbers, "PRINTED", "numbers")
    assert right() < both


@pytest.mark.parametrize("shape", [(1, 500), (2, 90), (3, 3000), (600, 1), (5, 3000), (20, 400)])
def test_an_even_strip_is_no_number(shape: tuple[int, int]) -> None:
    assert read_number(np.full((*shape, 3), 255, np.uint8)).text == ""

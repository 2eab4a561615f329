"""The Captcha tab's handlers, without a page: what they answer to pictures, made, brought and absurd."""

import re
from html import escape
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import gradio as gr
import numpy as np
import pytest
from PIL import Image

from engine.architectures import build
from engine.captcha import CaptchaReading
from engine.captcha_lessons import Exercise
from engine.captcha_styles import STYLES
from engine.checkpoint import CheckpointError
from engine.network import Network
from engine.reading import Character
from tests.browser import ROOT
from ui import captcha_answer, captcha_api, captcha_classical, captcha_maker, captcha_origins, captcha_pupil
from ui.captcha import Handlers
from ui.captcha_maker import Made, draw, exercise_of, remembered, seed_of
from ui.limits import Limits

HANDLERS = Handlers(Limits())
MAKE = ("dots", 5, 3, 11)


@pytest.fixture(autouse=True)
def untrained(monkeypatch: pytest.MonkeyPatch) -> Network:
    """Any network will do here: what it reads does not matter."""
    network = build("captcha", np.random.default_rng(0)).freeze()
    monkeypatch.setattr(captcha_pupil, "load_pretrained", lambda name: network)
    return network


def show(path: Path, made: Made | None = None) -> str:
    html, *_ = HANDLERS.read_picture(str(path), made or {}, None, False)
    assert isinstance(html, str)
    return html


# --- absurd pictures --------------------------------------------------------------------------------------


def one_pixel(path: Path) -> None:
    Image.new("RGB", (1, 1), "red").save(path)


def a_very_wide_one(path: Path) -> None:
    Image.new("L", (20_000, 20), 200).save(path)


def a_very_high_one(path: Path) -> None:
    Image.new("L", (3, 9_000), 90).save(path)


def all_black(path: Path) -> None:
    Image.new("RGB", (160, 60)).save(path)


def sixteen_bits(path: Path) -> None:
    Image.fromarray(np.arange(160 * 60, dtype=np.uint16).reshape(60, 160) * 6).save(path)


def cmyk(path: Path) -> None:
    Image.new("CMYK", (200, 70), (20, 200, 10, 5)).save(path, "JPEG")


def an_animation(path: Path) -> None:
    frames = [Image.new("P", (100, 40), i) for i in range(3)]
    frames[0].save(path, "GIF", save_all=True, append_images=frames[1:])


def a_photo(path: Path) -> None:
    path.write_bytes((ROOT / "ui/examples/marker.jpg").read_bytes())


def a_see_through_palette(path: Path) -> None:
    Image.new("P", (90, 30), 0).save(path, transparency=0)


PICTURES = [
    one_pixel, a_very_wide_one, a_very_high_one, all_black, sixteen_bits, cmyk, an_animation, a_photo,
    a_see_through_palette,
]  # fmt: skip


@pytest.mark.parametrize("write", PICTURES, ids=lambda write: write.__name__)
def test_any_picture_gets_an_answer(write: Any, tmp_path: Path) -> None:
    path = tmp_path / ("x.jpg" if write is cmyk else "x.gif" if write is an_animation else "x.png")
    write(path)
    html = show(path)
    assert 'role="status"' in html
    assert 'class="heat"' in html
    stages, _ = captcha_classical.show(str(path), True, 128, 2, 1)
    assert "1. Grey" in stages or 'role="alert"' in stages
    assert set(captcha_api.read_captcha(str(path))) >= {"text", "unsure", "characters"}


def a_letter(path: Path) -> None:
    path.write_text("Dear network,")


def nothing(path: Path) -> None:
    path.write_bytes(b"")


def half_a_picture(path: Path) -> None:
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (60, 90, 3), np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[:900])


@pytest.mark.parametrize("write", [a_letter, nothing, half_a_picture], ids=lambda write: write.__name__)
def test_what_is_no_picture_gets_a_sentence(write: Any, tmp_path: Path) -> None:
    path = tmp_path / "x.png"
    write(path)
    assert re.search(r'role="alert">[A-Z][^<]+\.</p>', show(path))
    assert 'role="alert"' in captcha_classical.show(str(path), True, 128, 2, 1)[0]
    with pytest.raises(gr.Error) as refused:
        captcha_api.read_captcha(str(path))
    assert refused.value.message.endswith(".")


def test_without_a_picture_there_is_an_invitation() -> None:
    assert captcha_answer.BRING in HANDLERS.read_picture(None, {}, None, False)[0]
    with pytest.raises(gr.Error, match="Send a picture"):
        captcha_api.read_captcha("")


def test_a_missing_network_is_told_in_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def missing(name: str) -> Network:
        raise CheckpointError("There is no network 'captcha'.")

    monkeypatch.setattr(captcha_pupil, "load_pretrained", missing)
    one_pixel(tmp_path / "x.png")
    assert 'role="alert">There is no network' in show(tmp_path / "x.png")


# --- making -----------------------------------------------------------------------------------------------


def test_the_same_seed_makes_the_same_picture() -> None:
    picture, made, about, html, _ = HANDLERS.make(*MAKE, {}, None, False)
    again = HANDLERS.make(*MAKE, {}, None, False)
    np.testing.assert_array_equal(picture, again[0])
    assert made == again[1]
    assert len(next(iter(made.values()))) == 5
    assert escape(STYLES["dots"].sentence) in about
    assert "captcha-truth" in html
    other, *_ = HANDLERS.make("dots", 5, 3, 12, {}, None, False)
    assert other.shape != picture.shape or not np.array_equal(other, picture)


def test_the_button_takes_a_new_seed_and_says_which() -> None:
    seeds = set()
    for _ in range(3):
        seed, picture, *_ = HANDLERS.make_another("plain", 4, 1, {}, None, False)
        np.testing.assert_array_equal(picture, HANDLERS.make("plain", 4, 1, seed, {}, None, False)[0])
        seeds.add(seed)
    assert len(seeds) > 1


def test_what_was_just_made_is_not_read_twice_but_known_again(tmp_path: Path) -> None:
    picture, made, *_ = HANDLERS.make(*MAKE, {}, None, False)
    path = tmp_path / "image.png"
    Image.fromarray(picture).save(path)
    skipped, *_ = HANDLERS.read_picture(str(path), made, None, False)
    assert not isinstance(skipped, str)
    html, _, _ = HANDLERS.read_again(str(path), made, None, False)
    assert "captcha-truth" in html
    assert "captcha-truth" not in show(path), "nobody knows what a brought picture says"


def test_only_so_many_made_pictures_are_remembered() -> None:
    made: Made = {}
    for seed in range(captcha_maker.MOST_MADE + 5):
        made = remembered(made, *draw(Exercise("tutorial", 9), seed))
    assert len(made) <= captcha_maker.MOST_MADE
    newest, text = draw(Exercise("tutorial", 9), captcha_maker.MOST_MADE + 4)
    assert made[captcha_maker.digest(newest)] == text


@pytest.mark.parametrize(
    "fields", [("cat", 4, 2), (None, 4, 2), ("dots", 0, 2), ("dots", 11, 2), ("dots", 2.5, 2), ("dots", 4, 9)]
)
def test_fields_that_can_not_be_get_a_sentence(fields: tuple[Any, Any, Any]) -> None:
    with pytest.raises(ValueError, match=r"\.$"):
        exercise_of(*fields)
    with pytest.raises(gr.Error):
        HANDLERS.make(*fields, 1, {}, None, False)
    with pytest.raises(gr.Error):
        captcha_api.generate_captcha(fields[1], fields[2], fields[0])


@pytest.mark.parametrize("value", [None, float("nan"), float("inf"), -3, 1e12, 2.7])
def test_any_number_is_a_seed(value: float | None) -> None:
    assert 0 <= seed_of(value) <= captcha_maker.MOST_SEED


def test_each_style_has_a_picture_on_its_button() -> None:
    rules = captcha_maker.thumbnail_styles()
    assert rules.count("data:image/webp;base64,") == len(STYLES)
    assert len(rules) < 60_000


# --- what is shown of a reading ---------------------------------------------------------------------------


def reading(*characters: Character) -> CaptchaReading:
    columns = np.zeros((12, 11), np.float32)
    columns[:, 10] = 1
    columns[3:5] = np.eye(11, dtype=np.float32)[7]
    places = np.arange(12, dtype=np.float32) * 10 + 20
    text = "".join(character.text for character in characters)
    return CaptchaReading(text, characters, columns, places, np.zeros((40, 56), np.uint8), 150, 60, 0.004)


def html_of(found: CaptchaReading, truth: str = "") -> str:
    network = cast(Network, SimpleNamespace(parameter_count=399_371))
    return captcha_answer.to_html(np.zeros((60, 150, 3), np.uint8), found, network, truth)


SURE = Character("7", 0.98, (15, 0, 30, 60), "1", 0.004)
UNSURE = Character("4", 0.45, (60, 0, 30, 60), "9", 0.4)


def test_the_number_its_digits_and_their_rivals_are_told() -> None:
    html = html_of(reading(SURE, UNSURE))
    assert 'role="status">74</p>' in html
    assert "98\u00a0%" in html
    assert "45\u00a0%" in html
    assert "<i>or</i> 9<small>40\u00a0%" in html
    assert "399,371 parameters" in html


@pytest.mark.parametrize(
    "characters, sentence",
    [
        ((SURE, SURE), None),
        ((SURE, SURE, UNSURE), "Not sure about the 3rd digit: 4 or 9?"),
        ((UNSURE, UNSURE), "Not sure about the 1st (4 or 9?) and the 2nd (4 or 9?)."),
        ((UNSURE,) * 10, "the 4th (4 or 9?) and 6 more."),
    ],
)
def test_doubt_is_said(characters: tuple[Character, ...], sentence: str | None) -> None:
    html = html_of(reading(*characters))
    assert (sentence in html) if sentence else ("Not sure" not in html)


@pytest.mark.parametrize(
    "share, said",
    [
        (1, "100 %"),
        (0.9994, "99 %"),
        (0.994, "99 %"),
        (0.45, "45 %"),
        (0.004, "0.4 %"),
        (0.0001, "&lt;\u202f0.1 %"),
    ],
)
def test_shares_are_rounded_with_care(share: float, said: str) -> None:
    assert captcha_answer.percent_short(share).replace("\u00a0", " ") == said


def test_no_digits_are_said() -> None:
    html = html_of(reading())
    assert captcha_answer.NO_DIGITS in html
    assert "captcha-digits" not in html


def test_whether_it_is_right_is_said_where_that_is_known() -> None:
    assert "Right." in html_of(reading(SURE), truth="7")
    assert "Wrong: the picture says 1." in html_of(reading(SURE), truth="1")
    assert "captcha-truth" not in html_of(reading(SURE))


def test_the_strip_stands_under_what_it_has_seen() -> None:
    left, width = captcha_answer.extent(reading(SURE))
    assert left == pytest.approx(10)  # the first column's middle is at 20 of 150, and 10 wide
    assert width == pytest.approx(80)
    heat = captcha_answer.heat(reading(SURE).columns)
    assert heat.shape == (11, 12, 4)
    assert heat[7, 3, 3] == 255
    assert heat[10, 3, 3] == 0
    spoken = captcha_answer.spoken_columns(reading(SURE))
    assert spoken == "From left to right, 12 columns say: 3 × nothing, 2 × 7 (100%), 7 × nothing."


def test_boxes_are_where_the_characters_are() -> None:
    assert "left:10.00%;top:0.00%;width:20.00%;height:100.00%" in html_of(reading(SURE))


# --- for programs -----------------------------------------------------------------------------------------


def test_programs_draw_what_the_page_draws() -> None:
    picture, text = captcha_api.generate_captcha(6, 1, "outline", 5)
    np.testing.assert_array_equal(picture, draw(Exercise("outline", 6, 1), 5)[0])
    assert len(text) == 6
    assert text.isdigit()


# --- step by step -----------------------------------------------------------------------------------------


def test_the_classical_way_shows_its_stages(tmp_path: Path) -> None:
    picture, text = captcha_api.generate_captcha(5, 1, "tutorial", 3)
    path = str(tmp_path / "plain.png")
    Image.fromarray(picture).save(path)
    html, level = captcha_classical.show(path, True, 1, 2, 1)
    assert [f"{n}. " in html for n in (1, 2, 3, 4)] == [True] * 4
    assert f'role="status">{text}</p>' in html
    assert 0 < level < 255
    other, kept = captcha_classical.show(path, False, 1, 2, 1)
    assert text not in other, "at that threshold there is no ink"
    assert not isinstance(kept, int)


def test_the_classical_way_rests_while_it_is_closed() -> None:
    answers = captcha_classical.follow(False, "/no/such/file", True, 128, 2, 1)
    assert not any(isinstance(answer, str) for answer in answers)
    assert "No picture." in captcha_classical.follow(True, None, True, 128, 2, 1)[0]


def test_the_story_is_told_in_order() -> None:
    *_, (html, looks) = captcha_origins.begin(None)
    assert looks is not None
    assert looks["learning"].text == "01284"
    assert "never seen" in html
    *_, (html, looks) = captcha_origins.press_cure(looks)
    assert looks["cure"].text == "01234"
    assert looks["cure"].handwritten < looks["learning"].handwritten - 0.05
    assert "forgotten" in html
    *_, (html, looks) = captcha_origins.press_replay(looks)
    assert looks["rehearsal"].text == "01234"
    assert looks["rehearsal"].handwritten > looks["cure"].handwritten + 0.05
    assert html.count("<tr>") == 4
    assert "Only the one that rehearsed" in html

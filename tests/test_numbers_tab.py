"""The section Whole numbers without a browser: its handlers and the HTML they make."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import numpy as np
import pytest
from PIL import Image

from engine.numbers import NumberReading
from engine.reading import Character
from tests.number_pictures import on_pad, written
from ui import draw, numbers, numbers_answer, numbers_hint
from ui.numbers_hint import hint
from ui.sketchpad import PREFIX


def sketch(ink: np.ndarray) -> str:
    """What the pad sends."""
    out = io.BytesIO()
    Image.fromarray(255 - ink).save(out, "PNG")
    return PREFIX + base64.b64encode(out.getvalue()).decode()


def picture(tmp_path: Path, text: str, turned: int = 0) -> str:
    path = tmp_path / f"{text}.png"
    Image.fromarray(np.rot90(written(text), turned)).save(path)
    return str(path)


def test_the_pad_is_read_line_by_line() -> None:
    told = numbers.read_pad(sketch(on_pad("12", "345")))
    assert '<p class="number-spoken hidden" role="status">12, 345</p>' in told
    assert told.count("<ol>") == 2
    assert told.count('class="box ') == 5


def test_a_blank_pad_and_no_picture_say_what_to_do() -> None:
    assert numbers.BLANK in numbers.read_pad("")
    assert numbers.NO_PICTURE in numbers.read_picture(None)


def test_bad_input_gets_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "no.png").write_bytes(b"nothing")
    assert "no picture that can be opened" in numbers.read_picture(str(tmp_path / "no.png"))
    assert 'role="alert"' in numbers.read_pad("data:image/png;base64,????")
    assert numbers.turn_left(str(tmp_path / "no.png")) == gr.skip()  # it has been said why


def test_nothing_is_read_while_the_section_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: Any) -> None:
        raise AssertionError("it was read")

    monkeypatch.setattr(numbers, "read_number_ink", forbidden)
    assert numbers.follow_pad(False, sketch(on_pad("42"))) == gr.skip()


def test_the_hint_is_for_several_digits_alone() -> None:
    for is_open in (False, True):
        one, two = (
            draw.read_drawing(sketch(on_pad(text)), ["digits"], {}, is_open, False)[2] for text in ("7", "42")
        )
        assert one == ""
        assert "More than one digit? As a whole <b>42</b>." in two
    assert hint("no drawing") == ""


def test_several_lines_are_said_in_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numbers_hint, "read_number_ink", lambda ink: SimpleNamespace(text="42\n7"))
    assert "As a whole <b>42 / 7</b>." in hint(sketch(on_pad("42")))
    monkeypatch.setattr(numbers_hint, "read_number_ink", lambda ink: SimpleNamespace(text=""))
    assert "Read the whole number" in hint(sketch(on_pad("42")))


def test_many_lines_of_one_digit_ask_for_a_turn() -> None:
    character = Character("4", 0.99, (1, 2, 3, 4), "9", 0.01)

    def said(text: str) -> str:
        digits = text.replace("\n", "")
        reading = NumberReading(text, (character,) * len(digits), 100, 50, 0.02)
        return numbers_answer.to_html(np.full((50, 100), 255, np.uint8), reading)

    assert "lie on its side?" in said("1\n0\n91\n0\n7")
    for text in ("1\n0\n7", "12\n34\n56\n7", "1234"):
        assert "lie on its side?" not in said(text)


def test_a_picture_can_be_turned(tmp_path: Path) -> None:
    lying = picture(tmp_path, "5302", turned=1)
    upright = numbers.turn_right(lying)
    assert ">5302<" in numbers.read_picture(upright)
    np.testing.assert_array_equal(numbers.turn_left(lying), np.rot90(upright, 2))
    assert numbers.turn_left(None) == gr.skip()


def reading(*confidences: float) -> NumberReading:
    characters = tuple(Character("4", share, (5, 6, 10, 20), "9", 0.1) for share in confidences)
    return NumberReading("4" * len(confidences), characters, 100, 50, 0.02)


def test_unsure_digits_are_marked_with_the_runner_up() -> None:
    told = numbers_answer.to_html(np.zeros((50, 100), np.uint8), reading(0.99, 0.6))
    assert told.count('<span class="rival">or 9</span>') == 1
    assert "Not sure about the 2nd digit: 4 or 9?" in told
    assert told.count('class="box unsure"') == told.count('class="box sure"') == 1
    assert "left:5.00%;top:12.00%;width:10.00%;height:40.00%" in told
    assert "2 digits · read in 20" in told
    many = numbers_answer.to_html(np.zeros((50, 100), np.uint8), reading(0.7, 0.6, 0.9))
    assert "Not sure about 2 of 3 digits." in many


def test_the_endpoint_tells_everything(tmp_path: Path) -> None:
    told = numbers.read_number(picture(tmp_path, "407"))
    assert told["text"] == "407"
    assert told["unsure"] is False
    assert [one["text"] for one in told["characters"]] == ["4", "0", "7"]
    assert set(told["characters"][0]) == {"text", "confidence", "runner_up", "runner_up_confidence", "box"}
    assert all(type(value) is int for one in told["characters"] for value in one["box"])
    with pytest.raises(gr.Error, match="Send a picture"):
        numbers.read_number("")


def test_the_examples_are_there() -> None:
    assert [path.stem for path in numbers.EXAMPLES] == ["cheque", "note", "sideways"]
    assert all(path.stat().st_size < 60_000 for path in numbers.EXAMPLES)

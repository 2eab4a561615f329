"""Whatever is typed beside a slider becomes a value that it has."""

from __future__ import annotations

import math
from typing import Any

import gradio as gr
import pytest
from gradio.data_classes import ImageData

from ui.fields import image, slider


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        (0.5, 0.5),
        (9, 2),
        (-1, 0),
        (0.73, 0.75),
        (None, 1),
        (math.nan, 1),
        (math.inf, 1),
        ("9", 1),
        (10**400, 1),
    ],
)
def test_a_number_is_brought_within_and_to_a_step(typed: Any, value: float) -> None:
    assert slider(0, 2, 1, step=0.05, label="Saturation").preprocess(typed) == pytest.approx(value)


def test_a_step_leaves_no_remainder() -> None:
    saturation = slider(0, 2, 1, step=0.05, label="Saturation")
    assert [saturation.preprocess(value) for value in (0.7, 0.3, 1.15)] == [0.7, 0.3, 1.15]


def test_whole_steps_give_whole_numbers() -> None:
    digits = slider(1, 5, 2, step=1, label="Digits")
    for typed in (3, 3.4, 2.6):
        found = digits.preprocess(typed)
        assert found == 3
        assert isinstance(found, int)
    odd = slider(1, 5, 3, step=2, label="Median")
    assert [odd.preprocess(typed) for typed in (0, 1.9, 2.1, 99)] == [1, 1, 3, 5]


@pytest.mark.parametrize(
    ("typed", "value"),
    [(7, 7), (-5, 0), (1e20, 99), (2.6, 3), (None, None), ("x", None), (math.nan, None), (10**400, None)],
)
def test_a_number_is_brought_between_its_bounds(typed: Any, value: int | None) -> None:
    assert gr.Number(5, minimum=0, maximum=99, precision=0).preprocess(typed) == value


def test_a_number_without_bounds_is_what_was_typed() -> None:
    assert gr.Number(0.1).preprocess(-1e9) == -1e9


@pytest.mark.parametrize(
    ("chosen", "value"), [("a", "a"), ("gone", None), (None, None), (7, None), ([], None)]
)
def test_a_choice_is_one_of_those_there_are(chosen: Any, value: str | None) -> None:
    assert gr.Radio([("A", "a"), ("B", "b")], value="b").preprocess(chosen) == value


@pytest.mark.parametrize(
    ("chosen", "value"),
    [
        (["b", "a"], ["b", "a"]),
        (["gone", "a"], ["gone", "a"]),
        (["a"] * 99, ["a"]),
        ([7, "b"], ["b"]),
        (None, []),
        ("a", []),
        (list("abcdefghijklmnopqrstuvwxyz0123456789"), list("abcdefghijklmnopqrstuvwxyz012345")),
    ],
)
def test_choices_are_taken_as_they_are_once_each(chosen: Any, value: list[str]) -> None:
    assert gr.CheckboxGroup([("A", "a"), ("B", "b")]).preprocess(chosen) == value


def test_it_holds_for_what_gradio_makes_anew() -> None:
    made = slider(0, 2, 1, step=0.05, label="Saturation")
    again = type(made)(**{**made.constructor_args, "render": False})
    assert again.preprocess(9) == 2


def test_a_picture_is_left_for_the_engine_to_open() -> None:
    field = image(label="A picture")
    assert field.preprocess(ImageData(path="/there/is/none.png")) == "/there/is/none.png"
    assert field.preprocess(None) is None

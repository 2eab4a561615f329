"""Whole numbers: what stands on the pad, live, and on any picture, with boxes drawn over it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np

from engine.checkpoint import CheckpointError
from engine.digits import read_number as read_digits
from engine.images import Picture, PictureError, open_picture
from engine.numbers import read_number_ink
from ui import numbers_answer
from ui.draw import DrawTab
from ui.events import AT_ONCE, NEWEST, watch
from ui.fields import image
from ui.programs import described, file_at, offer, refusal
from ui.sketchpad import open_sketch

EXAMPLES = sorted((Path(__file__).parent / "examples" / "numbers").glob("*.jpg"))
LARGEST = 2000  # pixels: a larger picture is turned and shown at this size
BLANK = "Write several digits on the pad above."
NO_PICTURE = "Bring a picture, or try one."
INTRODUCTION = (
    '<p class="number-about">Several digits, several lines, by hand or printed: a photo of a note, the '
    "amount on a cheque. Each line is found and read as a whole. Dots and dashes are left out.</p>"
)


# --- handlers --------------------------------------------------------------------------------------------


def read_pad(sketch: str | None) -> str:
    """What stands on the pad."""
    try:
        ink = open_sketch(sketch)
        if ink is None:
            return numbers_answer.waiting(BLANK)
        return numbers_answer.to_html(255 - ink, read_number_ink(ink))
    except (PictureError, CheckpointError) as error:
        return numbers_answer.failed(str(error))


def read_picture(path: Picture | None) -> str:
    """What stands on a picture."""
    if path is None or (isinstance(path, str) and not path):
        return numbers_answer.waiting(NO_PICTURE)
    try:
        picture = open_picture(path, longest=LARGEST)
        return numbers_answer.to_html(picture, read_digits(picture))
    except (PictureError, CheckpointError) as error:
        return numbers_answer.failed(str(error))


def follow_pad(is_open: bool, sketch: str | None) -> Any:
    """The drawing has changed, or the section was opened."""
    return read_pad(sketch) if is_open else gr.skip()


def turn(path: str | None, quarters: int) -> Any:
    """The picture turned to the left by so many quarters; the section reads it when it arrives."""
    if not path:
        return gr.skip()
    try:
        return np.ascontiguousarray(np.rot90(open_picture(path, longest=LARGEST), quarters))
    except PictureError:
        return gr.skip()  # what is wrong with it has been said where the reading would stand


def turn_left(path: str | None) -> Any:
    return turn(path, 1)


def turn_right(path: str | None) -> Any:
    return turn(path, -1)


def read_number(picture: str) -> dict[str, Any]:
    """Read the digits, by hand or printed, in a picture: one number or several lines, on any paper.

    Args:
        picture: an image file: PNG, JPEG, WebP, GIF, BMP or TIFF

    Returns:
        "text": the digits, lines separated by newlines, "" where there are none; "unsure": whether any digit
        is less than 50 % sure; "characters": for each digit its "text", "confidence" (0 to 1), "runner_up",
        "runner_up_confidence" and "box" (x, y, width, height in pixels of the upright picture); "width",
        "height": the upright picture's size
    """
    if not picture:
        raise refusal("Send a picture file.")
    try:
        return described(read_digits(picture))
    except (PictureError, CheckpointError) as error:
        raise refusal(error) from error


# --- layout ----------------------------------------------------------------------------------------------


def build(drawn: DrawTab) -> None:
    """The section, closed; nothing is read until it is opened."""
    with gr.Accordion("Whole numbers", open=False, elem_id="numbers") as section:
        gr.HTML(INTRODUCTION, apply_default_css=False)
        with gr.Row(equal_height=False, elem_id="numbers-parts"):
            with gr.Column(min_width=300):
                title("On the pad")
                on_pad = panel(BLANK, "numbers-pad")
            with gr.Column(min_width=300):
                title("On a picture")
                picture, left, right = picture_field()
                told = panel(NO_PICTURE, "numbers-told")
    is_open = drawn.numbers_open
    watch(section, is_open)
    drawn.for_numbers.change(follow_pad, [is_open, drawn.pad], on_pad, **NEWEST)
    picture.change(read_picture, picture, told, **NEWEST)
    left.click(turn_left, picture, picture, **AT_ONCE)
    right.click(turn_right, picture, picture, **AT_ONCE)
    endpoint()


def title(words: str) -> None:
    gr.HTML(f"<h3>{words}</h3>", apply_default_css=False, elem_classes="number-title")


def panel(blank: str, name: str) -> gr.HTML:
    """Where a reading is shown; `blank` stands there at first."""
    return gr.HTML(numbers_answer.waiting(blank), apply_default_css=False, elem_id=name)


def picture_field() -> tuple[gr.Image, gr.Button, gr.Button]:
    """Where a picture is brought, two buttons that turn it, and some to try."""
    picture = image(
        format="png",
        sources=["upload", "clipboard", "webcam"],
        label="A picture of numbers",
        show_label=False,
        buttons=["fullscreen"],
        height=220,
        elem_id="numbers-picture",
    )
    with gr.Row(elem_id="numbers-turn"):
        left = gr.Button("↺ Turn left", size="sm", min_width=110, elem_id="numbers-left")
        right = gr.Button("↻ Turn right", size="sm", min_width=110, elem_id="numbers-right")
    gr.Examples([[str(path)] for path in EXAMPLES], picture, label="Try one", elem_id="numbers-examples")
    return picture, left, right


def endpoint() -> None:
    """/read_number for programs: a plain file in, JSON out."""
    with gr.Row(visible=False):
        file, found = gr.File(label="picture"), gr.JSON(label="reading")
        offer(read_number, [file], [found], [file_at("ui/examples/numbers/note.jpg")])

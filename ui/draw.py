"""The Draw tab: a digit drawn or photographed, read by one network or by several side by side."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np

from engine.checkpoint import pretrained_names
from engine.digits import Prediction, recognize, recognize_ink
from engine.images import PictureError
from engine.network import Network
from engine.own_digits import OwnDigits
from ui import own_networks, programs
from ui.answer import Answer, facts_of, to_html
from ui.events import flag, newest, note, signal, tickets
from ui.fields import image
from ui.limits import Limits
from ui.numbers_hint import hint, hint_panel
from ui.own_networks import GoneError, Own, choices, find
from ui.programs import file_at, refusal, short
from ui.sketchpad import open_sketch, sketchpad

TAB = "draw"  # what gr.Tabs calls this tab
DEFAULT = "digits"  # the network that reads for programs that name none

EXAMPLES = Path(__file__).parent / "examples"
STROKES = json.loads((EXAMPLES / "strokes.json").read_text(encoding="utf-8"))
PHOTOS = sorted(path for path in EXAMPLES.iterdir() if path.suffix in (".jpg", ".png"))

BLANK = np.zeros((28, 28), np.uint8)  # no ink
NO_INK = "no ink found"


@dataclass(frozen=True)
class DrawTab:
    """What other tabs and the sections below need of this one.

    pad: the sketchpad; its value goes through `open_sketch`. picker: the networks that read, a list of names.
    own_networks: this visitor's own, an Own; `own_networks.offer` changes both. below_answer: between their
    answer and the picker. own_digits: the visitor's labelled drawings, an OwnDigits.

    The rest are signals (see ui/events.py). again: has the drawing read once more. for_teach: others read
    now. for_numbers, for_inside: the drawing was read, which the sections listen to while they are open;
    whether they are is in numbers_open and inside_open.
    """

    pad: gr.HTML
    picker: gr.CheckboxGroup
    own_networks: gr.State
    below_answer: gr.Column
    own_digits: gr.State
    again: gr.Number
    for_teach: gr.Textbox
    for_numbers: gr.Number
    for_inside: gr.Number
    numbers_open: gr.Checkbox
    inside_open: gr.Checkbox


# --- handlers -----------------------------------------------------------------------------------


def read_sketch(
    sketch: str | None, names: list[str], own: Own, request: gr.Request | None = None
) -> tuple[str, Own]:
    """What the chosen networks say to the drawing, and the visitor's networks, kept for another while."""
    if request is not None:
        own_networks.remember(request.session_hash, own)
    try:
        ink = open_sketch(sketch)
    except PictureError as error:
        return to_html([Answer("", failure=str(error))], ""), own
    paper = BLANK if ink is None else ink
    return to_html(ask(partial(recognize_ink, paper), names, own), "draw a digit"), own


def read_drawing(
    sketch: str | None,
    names: list[str],
    own: Own,
    numbers_open: bool,
    inside_open: bool,
    request: gr.Request | None = None,
) -> tuple[Any, ...]:
    """Something has changed: (answer, own networks, hint, who reads, for pictures and for Teach, signals)."""
    told, own = read_sketch(sketch, names, own, request)
    signals = (next(tickets) if is_open else gr.skip() for is_open in (numbers_open, inside_open))
    readers = json.dumps(names)
    return told, own, hint(sketch), readers, readers, *signals


def leave(request: gr.Request) -> None:
    """The tab was closed: the visitor's networks are kept no longer."""
    own_networks.leave(request.session_hash)


def read_picture(path: str | None, names: list[str], own: Own) -> tuple[str, Own]:
    """What the chosen networks say to an uploaded picture; nothing where there is none."""
    if not path:
        return "", own
    return to_html(ask(partial(recognize, path), names, own), NO_INK), own


def ask(read: Callable[[Network], Prediction], names: list[str], own: Own) -> list[Answer]:
    """One answer for each chosen network, the first's where none is chosen. `read` has a network read."""
    return [answer(read, name, own) for name in names or pretrained_names()[:1]]


def answer(read: Callable[[Network], Prediction], name: str, own: Own) -> Answer:
    """One network's answer, or the sentence that says why there is none."""
    try:
        network = find(name, own)
        return Answer(name, facts_of(network), read(network))
    except (GoneError, PictureError) as error:
        return Answer(name, failure=str(error))


def recognize_digit(picture: str, network: str = DEFAULT) -> dict[str, Any]:
    """Read the one handwritten digit in a picture.

    Any polarity, paper, size and position will do.

    Args:
        picture: an image file: PNG, JPEG, WebP, GIF, BMP or TIFF
        network: the name of a shipped network; "digits" reads best

    Returns:
        "digit": 0 to 9, or null where there is no ink; "answer": in words, such as "4 or 9?" when unsure;
        "unsure": whether the likeliest digit is less than 60 % sure; "probabilities": ten numbers for 0 to 9
        that sum to 1, all 0 where there is no ink; "network": which network read
    """
    if not picture:
        raise refusal("Send a picture file.")
    if network not in pretrained_names():
        raise refusal(f"There is no network {short(network)}; choose from {', '.join(pretrained_names())}.")
    try:
        prediction = recognize(picture, network)
    except PictureError as error:
        raise refusal(error) from error
    return {
        "digit": prediction.digit,
        "answer": NO_INK if prediction.digit is None else prediction.sentence,
        "unsure": prediction.unsure,
        "probabilities": [round(float(share), 6) for share in prediction.probabilities],
        "network": network,
    }


# --- layout -------------------------------------------------------------------------------------


def build() -> DrawTab:
    """Lay the tab out and wire it; to be called inside its gr.Tab."""
    keep_seconds = Limits.from_environment(os.environ).keep_seconds
    own: gr.State = gr.State({}, time_to_live=keep_seconds)
    own_digits: gr.State = gr.State(OwnDigits(), time_to_live=keep_seconds)
    with gr.Row(elem_id="draw", equal_height=False):
        with gr.Column(min_width=300, elem_id="draw-pad"):
            pad = sketchpad(
                "Sketchpad: draw a digit",
                "Draw here",
                elem_id="pad",
                instead="The ten buttons that follow have a digit drawn.",
                kept_as="paint-by-numpy.pad",
            )
            several = hint_panel()
            drawn_examples()
        with gr.Column(min_width=300, elem_id="draw-answer"):
            heard = gr.HTML(read_sketch("", [], {})[0], apply_default_css=False, elem_id="answer")
            below_answer = gr.Column(elem_id="draw-below-answer")
            picker = gr.CheckboxGroup(
                choices(own={}),
                value=pretrained_names()[:1],
                label="Read by",
                info="Choose several and compare.",
                elem_id="picker",
            )
    picture, told = picture_reader()
    again, for_numbers, for_inside, is_open = signal(), signal(), signal(), (flag(), flag())
    readers, for_teach = note(json.dumps(picker.value)), note(json.dumps(picker.value))
    newest(
        [pad.change, picker.change, again.change, *(section.change for section in is_open)],
        read_drawing,
        [pad, picker, own, *is_open],
        [heard, own, several, readers, for_teach, for_numbers, for_inside],
    )
    newest([picture.change, readers.change], read_picture, [picture, picker, own], [told, own])
    endpoint()
    signals = again, for_teach, for_numbers, for_inside, *is_open
    return DrawTab(pad, picker, own, below_answer, own_digits, *signals)


def drawn_examples() -> None:
    """A row of ten drawings; a click has the pad draw one, stroke by stroke."""
    buttons = "".join(example_button(digit, strokes) for digit, strokes in STROKES.items())
    gr.HTML(
        f'<div class="drawings" role="group" aria-label="Watch a digit being drawn">{buttons}</div>',
        apply_default_css=False,
        js_on_load="""
element.addEventListener("click", (event) => {
  const strokes = event.target.closest("button")?.dataset.strokes;
  if (strokes) document.querySelector("#pad .pad").dispatchEvent(
    new CustomEvent("sketch", {detail: {strokes: JSON.parse(strokes)}}));
});""",
        elem_id="drawings",
    )


def example_button(digit: str, strokes: list[list[float]]) -> str:
    """A thumbnail that carries its strokes."""
    lines = "".join(
        f'<polyline points="{" ".join(f"{v * 100:.1f}" for v in stroke)}"/>' for stroke in strokes
    )
    return (
        f'<button type="button" aria-label="{digit}" title="Watch a {digit} being drawn" '
        f'data-strokes="{json.dumps(strokes)}">'
        f'<svg viewBox="22 12 56 76" aria-hidden="true">{lines}</svg></button>'
    )


def picture_reader() -> tuple[gr.Image, gr.HTML]:
    """The part for pictures: upload, clipboard or camera on the left; examples and the answer beside it."""
    gr.HTML(
        "<h2>Or bring a picture</h2><p>A photo or scan of one digit: any pen, any paper, anywhere on it.</p>",
        apply_default_css=False,
        elem_classes="section",
    )
    with gr.Row(elem_id="bring", equal_height=False):
        with gr.Column(min_width=300):
            picture = image(
                sources=["upload", "clipboard", "webcam"],
                label="A picture of one digit",
                show_label=False,  # it would lie on the picture
                buttons=["fullscreen"],
                height=300,
                elem_id="picture",
            )
        with gr.Column(min_width=300):
            gr.Examples([[str(path)] for path in PHOTOS], picture, label="Try one", elem_id="photos")
            told = gr.HTML("", apply_default_css=False, elem_id="picture-answer")
    return picture, told


def endpoint() -> None:
    """/recognize_digit for programs: a plain file in, JSON out."""
    with gr.Row(visible=False):
        file, found = gr.File(label="picture"), gr.JSON(label="answer")
        network = gr.Dropdown([*pretrained_names()], value=DEFAULT, label="network")
        examples = [file_at("ui/examples/lined-paper.jpg"), DEFAULT]
        programs.offer(recognize_digit, [file, network], [found], examples)

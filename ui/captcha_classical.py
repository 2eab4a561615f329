"""The classical way on the current picture: threshold, clean, cut into pieces, one digit each."""

from __future__ import annotations

from html import escape
from typing import Any

import cv2
import gradio as gr
import numpy as np

from engine.components import Stages, read
from engine.images import PictureError
from ui.captcha_answer import percent_short
from ui.events import flag, newest, watch
from ui.fields import slider
from ui.pictures import data_uri, shrunk

THRESHOLD, SPECK, MEDIAN = 128, 2, 1
WIDE = 520  # pixels of a stage's picture
INTRODUCTION = (
    "How captchas were read before: find a threshold between ink and paper, clean, cut into connected "
    "pieces, split wide ones, read each piece on its own. Where digits touch or lines cross them, it fails."
)


# --- handlers --------------------------------------------------------------------------------------------


def show(path: str | None, found: bool, threshold: float, speck: float, median: float) -> tuple[Any, Any]:
    """All stages of a picture, and the threshold in use. found: whether Otsu's method finds the threshold."""
    if not path:
        return '<p class="captcha-none">No picture.</p>', gr.skip()
    try:
        stages = read(path, None if found else float(threshold), int(speck), int(median))
    except (PictureError, ValueError) as error:
        return f'<p class="failure" role="alert">{escape(str(error))}</p>', gr.skip()
    return to_html(stages), round(stages.threshold) if found else gr.skip()


def follow(is_open: bool, *fields: Any) -> tuple[Any, Any]:
    """The picture or a setting has changed; nothing is computed while the part is closed."""
    return show(*fields) if is_open else (gr.skip(), gr.skip())


# --- HTML ------------------------------------------------------------------------------------------------


def to_html(stages: Stages) -> str:
    """Every stage as a picture, in order, and the reading."""
    said = escape(stages.reading.text) or escape(stages.note) or "No digits found."
    kind = "number" if stages.reading.text else "none"
    steps = (
        _stage("1. Grey", stages.grey),
        _stage("2. Ink", 255 - stages.ink),
        _stage("3. Cleaned", 255 - stages.cleaned),
        _stage(f"4. Pieces: {len(stages.boxes)}", boxed(stages)),
    )
    return (
        f'<div class="classical"><p>{INTRODUCTION}</p><div class="stages">{"".join(steps)}</div>'
        f'{_digits(stages)}<p class="said {kind}" role="status">{said}</p></div>'
    )


def _stage(title: str, picture: np.ndarray) -> str:
    source = data_uri(shrunk(picture, WIDE))
    return f'<figure><img src="{source}" alt=""><figcaption>{escape(title)}</figcaption></figure>'


def boxed(stages: Stages) -> np.ndarray:
    """The grey picture with a box around each piece, (H, W, 3) uint8."""
    picture = np.repeat(stages.grey[..., None], 3, axis=2)
    for x, y, width, height in stages.boxes:
        cv2.rectangle(picture, (x, y), (x + width - 1, y + height - 1), (31, 152, 115), 1)
    return picture


def _digits(stages: Stages) -> str:
    pairs = zip(stages.digits, stages.reading.characters, strict=True)
    figures = "".join(
        f'<figure><img src="{data_uri(seen)}" alt=""><figcaption><b>{escape(character.text)}</b> '
        f"<small>{percent_short(character.confidence)}</small></figcaption></figure>"
        for seen, character in pairs
    )
    return f'<div class="pieces">{figures}</div>'


# --- layout ----------------------------------------------------------------------------------------------


def build(picture: gr.Image, is_new: gr.Number) -> None:
    """The part, closed; nothing is computed until it is opened. is_new: the signal that `picture` is."""
    is_open = flag()
    with gr.Accordion("Step by step: the classical way", open=False, elem_id="captcha-classical") as part:
        with gr.Row(elem_id="captcha-classical-settings"):
            threshold = slider(0, 255, THRESHOLD, step=1, label="Threshold", min_width=140)
            speck = slider(0, 12, SPECK, step=1, label="Noise: largest speck", min_width=140)
            median = slider(1, 5, MEDIAN, step=2, label="Median filter", min_width=140)
        found = gr.Checkbox(True, label="Find the threshold (Otsu)", container=False, elem_id="captcha-otsu")
        told = gr.HTML("", apply_default_css=False)
    fields = [picture, found, threshold, speck, median]
    watch(part, is_open)
    threshold.input(None, None, found, js="() => false")  # it is the visitor's from now on
    settings = [found.input, threshold.input, speck.input, median.input]
    newest([is_new.change, is_open.change, *settings], follow, [is_open, *fields], [told, threshold])

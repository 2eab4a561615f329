"""The Captcha tab's parts on the page, but for the form that makes pictures: how they lie and change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr
import numpy as np

from engine.captcha_lessons import BATCH
from ui.captcha_school import SchoolView
from ui.fields import image, slider
from ui.limits import Limits

LESSON, REPLAY = 3200, 50  # pictures, and how many of a hundred are replayed
PURPOSE = (
    "For pictures that this page or common open-source generators make, or that are your own. It knows "
    "digits alone: a letter is read as the digit it looks like most."
)


@dataclass(frozen=True)
class Stage:
    """The components that a SchoolView changes, in the order of `shown`."""

    score: gr.HTML
    lesson: gr.HTML
    chart: gr.HTML
    marks: gr.HTML
    score_start: gr.Button
    score_stop: gr.Button
    lesson_start: gr.Button
    lesson_stop: gr.Button
    keep: gr.Row
    download: gr.DownloadButton

    @property
    def outputs(self) -> list[Any]:
        return [getattr(self, name) for name in self.__dataclass_fields__]


def shown(view: SchoolView) -> list[Any]:
    """The updates of a Stage's components that a view asks for."""
    texts = (view.score, view.lesson, view.chart, view.marks)
    updates = [gr.skip() if text is None else text for text in texts]
    if view.busy is None:
        return [*updates, *(gr.skip() for _ in range(6))]
    buttons = [
        gr.update(visible=view.busy != "score", interactive=not view.busy),
        gr.update(visible=view.busy == "score"),
        gr.update(visible=view.busy != "lesson", interactive=not view.busy),
        gr.update(visible=view.busy == "lesson"),
    ]
    taught = not view.busy and view.taught
    file = gr.update(value=view.file) if view.file else gr.skip()
    return [*updates, *buttons, gr.update(visible=taught), file]


@dataclass(frozen=True)
class LessonPart:
    """The components of Teach it."""

    pictures: gr.Slider
    replay: gr.Slider
    panels: tuple[gr.HTML, gr.HTML, gr.HTML]
    start: gr.Button
    stop: gr.Button
    keep: gr.Row
    download: gr.DownloadButton
    reset: gr.Button
    upload: gr.UploadButton


def panel(html: str, name: str) -> gr.HTML:
    """A part of the page that is drawn by this tab's own HTML and CSS."""
    return gr.HTML(html, apply_default_css=False, elem_id=name)


def picture_field(first: np.ndarray) -> gr.Image:
    """Where a picture is dropped, pasted or taken; it holds one from the start."""
    picture = image(
        first,
        format="png",
        sources=["upload", "clipboard", "webcam"],
        label="A picture with digits",
        show_label=False,
        buttons=["download", "fullscreen"],
        height=190,
        elem_id="captcha-picture",
    )
    gr.HTML(f"<p>{PURPOSE}</p>", apply_default_css=False, elem_id="captcha-purpose")
    return picture


def lay_out_score(limits: Limits) -> tuple[gr.HTML, gr.Button, gr.Button]:
    """Score it: its panel, start and stop."""
    gr.HTML(
        f"<h2>Score it</h2><p>{limits.score_pictures} new pictures of the style above, made and read.</p>",
        apply_default_css=False,
        elem_classes="section",
    )
    with gr.Row(elem_classes=["buttons", "turns"]):
        start = gr.Button("Score it", elem_id="captcha-score", scale=0, min_width=160)
        stop_button = gr.Button(
            "Stop", variant="stop", visible=False, elem_id="captcha-score-stop", scale=0, min_width=160
        )
    return panel("", "captcha-scored"), start, stop_button


def lay_out_lesson(limits: Limits) -> LessonPart:
    """Teach it."""
    gr.HTML(
        "<h2>Teach it</h2><p>Train a copy of your own further on the style above. "
        "Replayed pictures of the other styles keep it from forgetting them.</p>",
        apply_default_css=False,
        elem_classes="section",
    )
    most = limits.max_lesson_pictures
    with gr.Row(elem_id="captcha-lesson-settings"):
        pictures = slider(
            min(BATCH, most),
            most,
            min(LESSON, most),
            step=BATCH,
            label="Pictures",
            min_width=120,
        )
        replay = slider(0, 90, REPLAY, step=10, label="Replayed, %", min_width=120)
    with gr.Row(elem_classes=["buttons", "turns"]):
        start = gr.Button("Teach it", elem_id="captcha-teach", scale=0, min_width=140)
        stop_button = gr.Button(
            "Stop", variant="stop", visible=False, elem_id="captcha-teach-stop", scale=0, min_width=140
        )
        upload = gr.UploadButton(
            "Bring a copy back", file_types=[".npz"], elem_id="captcha-upload", scale=0, min_width=200
        )
    lesson = panel("", "captcha-lesson")
    with gr.Row(visible=False, elem_id="captcha-keep") as keep:
        reset_button = gr.Button("Reset", elem_id="captcha-reset", scale=0, min_width=120)
        download = gr.DownloadButton("Download", elem_id="captcha-download", scale=0, min_width=120)
    chart, marks = panel("", "captcha-loss"), panel("", "captcha-marks")
    return LessonPart(
        pictures, replay, (lesson, chart, marks), start, stop_button, keep, download, reset_button, upload
    )

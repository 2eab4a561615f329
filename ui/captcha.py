"""The Captcha tab: a picture with digits is brought or made, and read; scored, taught, taken apart."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import gradio as gr
import numpy as np
from gradio.context import Context

from engine.captcha import LARGEST, CaptchaReading, read
from engine.captcha_lessons import BATCH, Exercise, Lesson
from engine.checkpoint import CheckpointError
from engine.images import Picture, PictureError, open_picture
from ui import (
    captcha_answer,
    captcha_classical,
    captcha_maker,
    captcha_origins,
    captcha_pupil,
    captcha_school,
)
from ui.captcha_maker import Made, Maker, digest, exercise_of, remembered, seed_of
from ui.captcha_pupil import Pupil
from ui.captcha_school import SchoolView
from ui.draw import path_of
from ui.limits import Limits, spoken_time

TAB = "captcha"
LESSON, REPLAY = 3200, 50  # pictures, and how many of a hundred are replayed
PURPOSE = "For pictures that this page or common open-source generators make, or that are your own."
QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}


# --- handlers: unpack, one call, pack --------------------------------------------------------------------


def answer(picture: Picture, pupil: Pupil | None, made: Made, note: str = "") -> str:
    """What the visitor's reader says of a picture, or the sentence that says why it says nothing."""
    try:
        network = (pupil or Pupil()).reader
        rgb = open_picture(picture, longest=LARGEST)
        reading = read(rgb, network)
    except (PictureError, CheckpointError) as error:
        return captcha_answer.failed(str(error))
    taught = "Read by your taught copy" if pupil is not None and pupil.network is not None else ""
    truth = made.get(digest(rgb), "")
    return note + captcha_answer.to_html(rgb, reading, network, truth, taught)


@dataclass(frozen=True)
class Handlers:
    """What the page calls, under the limits of this page."""

    limits: Limits

    def read_picture(
        self, path: str | None, made: Made, pupil: Pupil | None, had_copy: bool
    ) -> tuple[Any, ...]:
        """The picture has changed: the answer, the pupil. What the page has just made is already read."""
        if path and is_made(path, made):
            return gr.skip(), gr.skip()
        return self._answer(path, made, pupil, had_copy), pupil

    def read_again(
        self, path: str | None, made: Made, pupil: Pupil | None, had_copy: bool
    ) -> tuple[Any, ...]:
        """The reader has changed: the answer, the pupil, whether there is a copy."""
        has_copy = pupil is not None and pupil.network is not None
        return self._answer(path, made, pupil, had_copy), pupil, has_copy

    def make(
        self,
        style: str | None,
        length: float | None,
        difficulty: float | None,
        seed: float | None,
        made: Made,
        pupil: Pupil | None,
        had_copy: bool,
    ) -> tuple[Any, ...]:
        """A field has changed: the picture, what was made so far, the style's sentence, answer and pupil."""
        try:
            exercise = exercise_of(style, length, difficulty)
        except ValueError as error:
            raise gr.Error(str(error)) from error
        picture, text = captcha_maker.draw(exercise, seed_of(seed))
        made = remembered(made, picture, text)
        told = answer(picture, pupil, made, self._expired(pupil, had_copy))
        return picture, made, captcha_maker.about(style), told, pupil

    def make_another(
        self,
        style: str | None,
        length: float | None,
        difficulty: float | None,
        made: Made,
        pupil: Pupil | None,
        had_copy: bool,
    ) -> tuple[Any, ...]:
        """Make one was pressed: a new seed, and then as `make`."""
        seed = secrets.randbelow(1_000_000)
        return seed, *self.make(style, length, difficulty, seed, made, pupil, had_copy)

    def begin_score(
        self,
        style: str | None,
        length: float | None,
        difficulty: float | None,
        pupil: Pupil | None,
        request: gr.Request,
    ) -> tuple[Any, ...]:
        """Score it."""
        return self._begin(pupil, request, (style, length, difficulty), None)

    def begin_lesson(
        self,
        style: str | None,
        length: float | None,
        difficulty: float | None,
        pictures: float | None,
        replay: float | None,
        pupil: Pupil | None,
        request: gr.Request,
    ) -> tuple[Any, ...]:
        """Teach it."""
        count = int(np.clip(pictures or LESSON, BATCH, self.limits.max_lesson_pictures))
        share = float(np.clip(replay if replay is not None else REPLAY, 0, 100)) / 100
        return self._begin(pupil, request, (style, length, difficulty), (count, share))

    def work(self, pupil: Pupil | None) -> Iterator[tuple[Any, ...]]:
        """What was planned. The pupil is written with each view, so that its time to live begins anew."""
        yield pupil, *shown(SchoolView())
        with closing(captcha_school.carry_out(pupil, self.limits)) as views:
            for view in views:
                yield pupil, *shown(view)

    def _begin(
        self,
        pupil: Pupil | None,
        request: gr.Request,
        fields: tuple[Any, ...],
        taught: tuple[int, float] | None,
    ) -> tuple[Any, ...]:
        try:
            exercise = exercise_of(*fields)
        except ValueError as error:
            raise gr.Error(str(error)) from error
        wanted: Exercise | Lesson = exercise
        if taught is not None:
            seed = secrets.randbelow(2**31)
            wanted = Lesson(exercise, *taught, checked=self.limits.check_pictures, seed=seed)
        pupil, view = captcha_school.plan(pupil, wanted, self.limits)
        captcha_pupil.remember(request.session_hash, pupil)
        return pupil, *shown(view)

    def _answer(self, path: str | None, made: Made, pupil: Pupil | None, had_copy: bool) -> str:
        if not path:
            return captcha_answer.EMPTY
        return answer(path, pupil, made, self._expired(pupil, had_copy))

    def _expired(self, pupil: Pupil | None, had_copy: bool) -> str:
        if not had_copy or pupil is not None:
            return ""
        kept = spoken_time(self.limits.keep_seconds)
        return captcha_answer.note(
            f"Your copy was kept for {kept} after its last use; the shipped network reads."
        )


def is_made(path: str, made: Made) -> bool:
    """Whether the page itself made this picture a moment ago."""
    try:
        return digest(open_picture(path, longest=LARGEST)) in made
    except PictureError:
        return False


def stop(pupil: Pupil | None) -> list[Any]:
    """Stop, of a score or a lesson."""
    return shown(captcha_school.stop(pupil))


def reset(pupil: Pupil | None) -> list[Any]:
    """Reset: the visitor's own copy is forgotten."""
    return shown(captcha_school.reset(pupil))


def let_go(pupil: Pupil | None) -> None:
    """The visitor was away for longer than `keep_seconds`."""
    if pupil is not None:
        pupil.release()


def leave(request: gr.Request) -> None:
    """The tab was closed: nothing of the visitor's is computed or kept any more."""
    captcha_pupil.leave(request.session_hash)


# --- for programs ----------------------------------------------------------------------------------------


def read_captcha(picture: str) -> dict[str, Any]:
    """Read the digits in a picture that this app or a common open-source generator made, or that is your own.

    One to ten digits in one line; any polarity, colours and size will do.

    Args:
        picture: an image file: PNG, JPEG, WebP, GIF, BMP or TIFF

    Returns:
        "text": the digits, "" where there are none; "unsure": whether any digit is less than 50 % sure;
        "characters": for each digit its "text", "confidence" (0 to 1), "runner_up", "runner_up_confidence"
        and "box" (x, y, width, height in pixels); "width", "height": the picture's size
    """
    if not picture:
        raise gr.Error("Send a picture file.")
    try:
        return described(read(picture, Pupil().reader))
    except (PictureError, CheckpointError) as error:
        raise gr.Error(str(error)) from error


def described(reading: CaptchaReading) -> dict[str, Any]:
    """A reading as JSON has it."""
    characters = [
        {
            "text": character.text,
            "confidence": round(character.confidence, 6),
            "runner_up": character.runner_up,
            "runner_up_confidence": round(character.runner_up_confidence, 6),
            "box": list(character.box),
        }
        for character in reading.characters
    ]
    size = {"width": reading.width, "height": reading.height}
    return {"text": reading.text, "unsure": reading.unsure, "characters": characters, **size}


def generate_captcha(
    length: float = 4, difficulty: float = 2, style: str = "package", seed: float = 0
) -> tuple[np.ndarray, str]:
    """Draw a captcha of random digits. The same arguments give the same picture.

    Args:
        length: how many digits, 1 to 10
        difficulty: 1 to 5
        style: tutorial, plain, noise, package, overlap, outline, dots, texture, print or colours
        seed: a whole number

    Returns:
        the picture as a PNG file, and its digits
    """
    try:
        exercise = exercise_of(style, length, difficulty)
    except ValueError as error:
        raise gr.Error(str(error)) from error
    return captcha_maker.draw(exercise, seed_of(seed))


def endpoints() -> None:
    """/read_captcha and /generate_captcha: plain files and values in and out."""
    with gr.Row(visible=False):
        file, found = gr.File(label="picture"), gr.JSON(label="reading")
        gr.Button().click(read_captcha, file, found, api_name="read_captcha")
        length, difficulty = gr.Number(4, label="length"), gr.Number(2, label="difficulty")
        style, seed = gr.Textbox("package", label="style"), gr.Number(0, label="seed")
        picture, text = gr.Image(format="png", label="picture"), gr.Textbox(label="text")
        fields = [length, difficulty, style, seed]
        gr.Button().click(generate_captcha, fields, [picture, text], api_name="generate_captcha")


# --- layout ----------------------------------------------------------------------------------------------


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


def build() -> None:
    """Lay the tab out and wire it; to be called inside its gr.Tab."""
    limits = Limits.from_environment(os.environ)
    handlers = Handlers(limits)
    pupil: gr.State = gr.State(None, time_to_live=limits.keep_seconds, delete_callback=let_go)
    had_copy: gr.State = gr.State(False)  # outlives the pupil, to tell who was away for long
    exercise = exercise_of(captcha_maker.STYLE, captcha_maker.LENGTH, captcha_maker.DIFFICULTY)
    first, says = captcha_maker.draw(exercise, captcha_maker.SEED)
    made: gr.State = gr.State(remembered({}, first, says))
    with gr.Row(elem_id="captcha", equal_height=False):
        with gr.Column(scale=10, min_width=300, elem_id="captcha-bring"):
            picture = picture_field(first)
            maker = captcha_maker.lay_out()
        with gr.Column(scale=15, min_width=300, elem_id="captcha-told"):
            told = panel(answer(first, None, made.value), "captcha-answer")
    with gr.Row(elem_id="captcha-school", equal_height=False):
        with gr.Column(min_width=300):
            score, score_start, score_stop = lay_out_score(limits)
        with gr.Column(min_width=300):
            lesson = lay_out_lesson(limits)
    captcha_origins.build()
    captcha_classical.build(picture)
    stage = Stage(
        score,
        *lesson.panels,
        score_start,
        score_stop,
        lesson.start,
        lesson.stop,
        lesson.keep,
        lesson.download,
    )
    seen = [told, pupil]
    again = [picture, made, pupil, had_copy]
    picture.change(handlers.read_picture, again, seen, queue=False, trigger_mode="always_last", **QUIET)
    wire_maker(handlers, maker, [made, pupil, had_copy], [picture, made, maker.about, *seen])
    wire_school(handlers, stage, maker, lesson, pupil, again, [*seen, had_copy])
    endpoints()
    assert Context.root_block is not None
    Context.root_block.unload(leave)


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


def panel(html: str, name: str) -> gr.HTML:
    """A part of the page that is drawn by this tab's own HTML and CSS."""
    return gr.HTML(html, apply_default_css=False, elem_id=name)


def picture_field(first: np.ndarray) -> gr.Image:
    """Where a picture is dropped, pasted or taken; it holds one from the start."""
    picture = gr.Image(
        first,
        type="filepath",
        format="png",
        sources=["upload", "clipboard", "webcam"],
        label="A picture with digits",
        show_label=False,
        buttons=["download", "fullscreen"],
        height=190,
        elem_id="captcha-picture",
    )
    # Gradio would open the file first, without the engine's guards and sentences.
    picture.preprocess = path_of  # type: ignore[method-assign]
    gr.HTML(f"<p>{PURPOSE}</p>", apply_default_css=False, elem_id="captcha-purpose")
    return picture


def lay_out_score(limits: Limits) -> tuple[gr.HTML, gr.Button, gr.Button]:
    """Score it: its panel, start and stop."""
    gr.HTML(
        f"<h2>Score it</h2><p>{limits.score_pictures} new pictures of the style above, made and read.</p>",
        apply_default_css=False,
        elem_classes="section",
    )
    with gr.Row(elem_classes="captcha-buttons"):
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
        pictures = gr.Slider(
            min(BATCH, most),
            most,
            min(LESSON, most),
            step=BATCH,
            label="Pictures",
            buttons=[],
            min_width=120,
        )
        replay = gr.Slider(0, 90, REPLAY, step=10, label="Replayed, %", buttons=[], min_width=120)
    with gr.Row(elem_classes="captcha-buttons"):
        start = gr.Button("Teach it", elem_id="captcha-teach", scale=0, min_width=160)
        stop_button = gr.Button(
            "Stop", variant="stop", visible=False, elem_id="captcha-teach-stop", scale=0, min_width=160
        )
    lesson = panel("", "captcha-lesson")
    with gr.Row(visible=False, elem_id="captcha-keep") as keep:
        reset_button = gr.Button("Reset", elem_id="captcha-reset", scale=0, min_width=120)
        download = gr.DownloadButton("Download", elem_id="captcha-download", scale=0, min_width=120)
    chart, marks = panel("", "captcha-loss"), panel("", "captcha-marks")
    return LessonPart(
        pictures, replay, (lesson, chart, marks), start, stop_button, keep, download, reset_button
    )


def wire_maker(handlers: Handlers, maker: Maker, states: list[gr.State], outputs: list[Any]) -> None:
    """Each field draws anew as it changes; the button takes a new seed."""
    live: dict[str, Any] = {"queue": False, "trigger_mode": "always_last", **QUIET}
    gr.on(
        [field.input for field in (maker.style, maker.length, maker.difficulty, maker.seed)],
        handlers.make,
        [*maker.inputs, *states],
        outputs,
        **live,
    )
    exercise = [maker.style, maker.length, maker.difficulty]
    maker.button.click(handlers.make_another, [*exercise, *states], [maker.seed, *outputs], **live)


def wire_school(
    handlers: Handlers,
    stage: Stage,
    maker: Maker,
    lesson: LessonPart,
    pupil: gr.State,
    again: list[Any],
    seen: list[Any],
) -> None:
    """Score and Teach: a quick answer, then the work; after a lesson the picture is read again."""
    exercise = [maker.style, maker.length, maker.difficulty]
    outputs = [pupil, *stage.outputs]
    scores = stage.score_start.click(handlers.begin_score, [*exercise, pupil], outputs, **QUIET)
    scores.then(
        handlers.work,
        pupil,
        outputs,
        concurrency_id="captcha-score",
        concurrency_limit=handlers.limits.max_trainings,
        **QUIET,
    )
    fields = [*exercise, lesson.pictures, lesson.replay, pupil]
    begun = stage.lesson_start.click(handlers.begin_lesson, fields, outputs, **QUIET)
    taught = begun.then(
        handlers.work,
        pupil,
        outputs,
        concurrency_id="train",
        concurrency_limit=handlers.limits.max_trainings,
        **QUIET,
    )
    for button in (stage.score_stop, stage.lesson_stop):
        button.click(stop, pupil, stage.outputs, queue=False, **QUIET)
    gone = lesson.reset.click(reset, pupil, stage.outputs, queue=False, **QUIET)
    for event in (taught, gone):
        event.then(handlers.read_again, again, seen, queue=False, **QUIET)

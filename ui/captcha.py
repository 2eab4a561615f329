"""The Captcha tab: a picture with digits is brought or made, and read; scored, taught, taken apart."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio.context import Context

from engine.captcha import read
from engine.checkpoint import CheckpointError
from engine.images import Picture, PictureError, open_picture
from ui import (
    captcha_answer,
    captcha_api,
    captcha_classical,
    captcha_maker,
    captcha_origins,
    captcha_pupil,
    captcha_school_tab,
)
from ui.captcha_maker import Made, Maker, digest, exercise_of, remembered, seed_of
from ui.captcha_pupil import Pupil
from ui.captcha_stage import Stage, lay_out_lesson, lay_out_score, panel, picture_field
from ui.events import AT_ONCE, NUMBERED, Turns, in_turn, newest, request_number, signal, tickets
from ui.limits import Limits, spoken_time
from ui.messages import message
from ui.programs import refusal

TAB = "captcha"
LARGEST = 1600  # pixels: a picture goes into the page no longer than this


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


def kept(pupil: Pupil | None) -> Any:
    """The pupil, written again so that it is kept longer; nobody does not undo one who came meanwhile."""
    return gr.skip() if pupil is None else pupil


@dataclass(frozen=True)
class Handlers:
    """What the page calls, under the limits of this page."""

    limits: Limits

    def read_picture(
        self, path: str | None, made: Made, pupil: Pupil | None, had_copy: bool
    ) -> tuple[Any, ...]:
        """The picture has changed: answer, pupil, signal. What the page has just made is already read."""
        if path and is_made(path, made):
            return gr.skip(), gr.skip(), next(tickets)
        return self._answer(path, made, pupil, had_copy), kept(pupil), next(tickets)

    def read_again(
        self, path: str | None, made: Made, pupil: Pupil | None, had_copy: bool
    ) -> tuple[Any, ...]:
        """The reader has changed: the answer, the pupil, whether there is a copy."""
        has_copy = pupil is not None and pupil.network is not None
        return self._answer(path, made, pupil, had_copy), kept(pupil), has_copy

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
            raise refusal(error) from error
        picture, text = captcha_maker.draw(exercise, seed_of(seed))
        made = remembered(made, picture, text)
        told = answer(picture, pupil, made, self._expired(pupil, had_copy))
        return picture, made, captcha_maker.about(style), told, kept(pupil)

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

    def _answer(self, path: str | None, made: Made, pupil: Pupil | None, had_copy: bool) -> str:
        if not path:
            return captcha_answer.EMPTY
        return answer(path, pupil, made, self._expired(pupil, had_copy))

    def _expired(self, pupil: Pupil | None, had_copy: bool) -> str:
        if not had_copy or pupil is not None:
            return ""
        kept = spoken_time(self.limits.keep_seconds)
        return message(f"Your copy was kept for {kept} after its last use; the shipped network reads.")


def is_made(path: str, made: Made) -> bool:
    """Whether the page itself made this picture a moment ago."""
    try:
        return digest(open_picture(path, longest=LARGEST)) in made
    except PictureError:
        return False


def let_go(pupil: Pupil | None) -> None:
    """The visitor was away for longer than `keep_seconds`."""
    if pupil is not None:
        pupil.release()


def leave(request: gr.Request) -> None:
    """The tab was closed: nothing of the visitor's is computed or kept any more."""
    captcha_pupil.sessions.leave(request.session_hash)


# --- layout ----------------------------------------------------------------------------------------------


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
    is_new = signal()
    captcha_classical.build(picture, is_new)
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
    turns = Turns()  # a picture that is brought, one that is made, and a lesson all end in an answer
    newest([picture.change], handlers.read_picture, again, [*seen, is_new], turns)
    wire_maker(handlers, maker, [made, pupil, had_copy], [picture, made, maker.about, *seen], turns)
    changed = captcha_school_tab.wire(limits, stage, maker, lesson, pupil)
    read_again = in_turn(handlers.read_again, turns)
    for event in changed:
        event.then(read_again, [*again, request_number()], [*seen, had_copy], js=NUMBERED, **AT_ONCE)
    captcha_api.endpoints()
    assert Context.root_block is not None
    Context.root_block.unload(leave)


def wire_maker(
    handlers: Handlers, maker: Maker, states: list[gr.State], outputs: list[Any], turns: Turns
) -> None:
    """Each field draws anew as it changes; the button takes a new seed."""
    fields = maker.style, maker.length, maker.difficulty, maker.seed
    newest([field.input for field in fields], handlers.make, [*maker.inputs, *states], outputs, turns)
    exercise = [maker.style, maker.length, maker.difficulty]
    again = [maker.seed, *outputs]
    newest([maker.button.click], handlers.make_another, [*exercise, *states], again, turns)

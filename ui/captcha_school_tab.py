"""Score and Teach on the Captcha tab: what the page calls, and how it is wired."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import gradio as gr
import numpy as np

from engine.captcha_lessons import BATCH, Exercise, Lesson
from ui import captcha_pupil, captcha_school
from ui.captcha_maker import Maker, exercise_of
from ui.captcha_pupil import Pupil
from ui.captcha_school import SchoolView
from ui.captcha_stage import LESSON, REPLAY, LessonPart, Stage, shown
from ui.events import AT_ONCE, QUEUED
from ui.limits import Limits
from ui.programs import refusal

# --- handlers: unpack, one call, pack --------------------------------------------------------------------


@dataclass(frozen=True)
class Handlers:
    """What the page calls, under the limits of this page."""

    limits: Limits

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

    def bring_back(self, path: str | None, pupil: Pupil | None, request: gr.Request) -> tuple[Any, ...]:
        """Bring a copy back."""
        pupil, view = captcha_school.bring_back(pupil, path, self.limits)
        captcha_pupil.sessions.remember(request.session_hash, pupil)
        return pupil, *shown(view)

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
            raise refusal(error) from error
        wanted: Exercise | Lesson = exercise
        if taught is not None:
            seed = secrets.randbelow(2**31)
            wanted = Lesson(exercise, *taught, checked=self.limits.check_pictures, seed=seed)
        pupil, view = captcha_school.plan(pupil, wanted, self.limits)
        captcha_pupil.sessions.remember(request.session_hash, pupil)
        return pupil, *shown(view)


def stop(pupil: Pupil | None) -> list[Any]:
    """Stop, of a score or a lesson."""
    return shown(captcha_school.stop(pupil))


def reset(pupil: Pupil | None) -> list[Any]:
    """Reset: the visitor's own copy is forgotten."""
    return shown(captcha_school.reset(pupil))


# --- layout ---------------------------------------------------------------------------------------------


def wire(limits: Limits, stage: Stage, maker: Maker, lesson: LessonPart, pupil: gr.State) -> tuple[Any, ...]:
    """Score and Teach: a quick answer, then the work. What comes back: the events that change the reader."""
    handlers = Handlers(limits)
    exercise = [maker.style, maker.length, maker.difficulty]
    outputs = [pupil, *stage.outputs]
    scores = stage.score_start.click(handlers.begin_score, [*exercise, pupil], outputs, **AT_ONCE)
    scores.then(
        handlers.work,
        pupil,
        outputs,
        concurrency_id="captcha-score",
        concurrency_limit=limits.max_trainings,
        **QUEUED,
    )
    fields = [*exercise, lesson.pictures, lesson.replay, pupil]
    begun = stage.lesson_start.click(handlers.begin_lesson, fields, outputs, **AT_ONCE)
    taught = begun.then(
        handlers.work,
        pupil,
        outputs,
        concurrency_id="train",
        concurrency_limit=limits.max_trainings,
        **QUEUED,
    )
    for button in (stage.score_stop, stage.lesson_stop):
        button.click(stop, pupil, stage.outputs, **AT_ONCE)
    gone = lesson.reset.click(reset, pupil, stage.outputs, **AT_ONCE)
    back = lesson.upload.upload(handlers.bring_back, [lesson.upload, pupil], outputs, **AT_ONCE)
    return taught, gone, back

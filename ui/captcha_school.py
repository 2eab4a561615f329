"""What Score and Teach do, without Gradio: a visitor's pupil goes in, views come out.

`plan` only notes what is wanted and answers at once; `carry_out` does it, and may have to wait for a place.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field

from engine.captcha_lessons import Checked, Exercise, Lesson, PictureRead, score, teach
from engine.checkpoint import CheckpointError, load
from engine.training import BatchDone, Finished
from ui import captcha_school_view as html
from ui.captcha_pupil import Pupil
from ui.curve import Curve
from ui.limits import Limits, spoken_time
from ui.messages import bar, message
from ui.places import places

TICK = 0.2  # seconds between two views
BEFORE, LEARNING = 0.15, 0.85  # where the bar of a lesson goes on from a check to the lesson, and back


@dataclass(frozen=True)
class SchoolView:
    """What of the two parts changes; None leaves it as it is. busy: "score", "lesson" or "" for neither."""

    score: str | None = None
    lesson: str | None = None
    chart: str | None = None
    marks: str | None = None
    busy: str | None = None
    taught: bool = False  # whether there is a copy to reset and to download
    file: str | None = None


def plan(pupil: Pupil | None, wanted: Exercise | Lesson, limits: Limits) -> tuple[Pupil, SchoolView]:
    """Score or Teach was pressed."""
    pupil = pupil or Pupil()
    if pupil.errand.busy:
        return pupil, SchoolView()
    pupil.errand.want(wanted)
    if isinstance(wanted, Exercise):
        return pupil, SchoolView(score=html.scoring(None, [], limits.score_pictures), busy="score")
    text = places.wait(limits.max_trainings) or "Beginning …"
    return pupil, SchoolView(
        lesson=bar(0, text, "Progress of the lesson"),
        chart=html.loss_chart(None, limits.max_lesson_pictures),
        marks="",
        busy="lesson",
    )


def stop(pupil: Pupil | None) -> SchoolView:
    """Stop was pressed. What is being done answers itself; where nothing is, this does."""
    if pupil is None:
        return SchoolView(busy="")
    waited = pupil.errand.cancel()
    if waited is None:
        return SchoolView() if pupil.errand.busy else ended(pupil)
    said = message("Stopped before it began.")
    return ended(pupil, score=said) if isinstance(waited, Exercise) else ended(pupil, lesson=said)


def reset(pupil: Pupil | None) -> SchoolView:
    """Reset was pressed: the shipped network reads again."""
    if pupil is None:
        return SchoolView(busy="")
    if pupil.errand.busy:
        return SchoolView()
    pupil.forget()
    return ended(pupil, lesson=message("Back to the shipped network."), chart="", marks="")


def bring_back(pupil: Pupil | None, path: str | None, limits: Limits) -> tuple[Pupil, SchoolView]:
    """A downloaded copy comes back, in the place of what was taught here."""
    pupil = pupil or Pupil()
    if pupil.errand.busy or path is None:
        return pupil, SchoolView()
    try:
        network = load(path)
        if network.labels != pupil.reader.labels or not network.preprocessing.any_width:
            raise CheckpointError("It holds another kind of network, no reader of captchas.")
        if network.parameter_count > limits.max_parameters:
            raise CheckpointError(f"It has more than {limits.max_parameters:,} parameters.")
    except CheckpointError as error:
        return pupil, ended(pupil, lesson=message(f"This file can't be used. {error}", "error"))
    pupil.forget()
    pupil.graduate(network, "in lessons before")
    said = message("Your copy is back and reads from now on, for you alone.", "done")
    return pupil, ended(pupil, lesson=said, chart="", marks="")


def ended(
    pupil: Pupil,
    score: str | None = None,
    lesson: str | None = None,
    chart: str | None = None,
    marks: str | None = None,
) -> SchoolView:
    """A view in which nothing is going on any more."""
    return SchoolView(score, lesson, chart, marks, "", pupil.network is not None, pupil.file())


def carry_out(pupil: Pupil | None, limits: Limits) -> Generator[SchoolView, None, None]:
    """Do what was planned. A lesson that is left in the middle (a closed page) is lost."""
    wanted = pupil.errand.take() if pupil is not None else None
    if pupil is None or wanted is None:
        return
    with pupil.errand.under_way() as stop:
        try:
            if isinstance(wanted, Exercise):
                yield from _scored(pupil, wanted, stop, limits)
            else:
                with places.one():
                    yield from _taught(pupil, wanted, stop, limits)
        except CheckpointError as error:
            pupil.errand.busy = False
            said = message(str(error), "error")
            yield ended(pupil, score=said) if isinstance(wanted, Exercise) else ended(pupil, lesson=said)


def _scored(pupil: Pupil, exercise: Exercise, stop: threading.Event, limits: Limits) -> Iterator[SchoolView]:
    misread: list[PictureRead] = []
    last: PictureRead | None = None
    shown = time.monotonic()
    seed = time.time_ns() % 2**32  # pictures that nobody has seen, at each press
    events = score(pupil.reader, exercise, limits.score_pictures, seed, stop)
    for last in events:
        if last.read != last.text:
            misread.append(last)
        if time.monotonic() - shown >= TICK:
            yield SchoolView(score=html.scoring(last, misread, last.count))
            shown = time.monotonic()
    if pupil.errand.left:
        return
    pupil.errand.busy = False
    yield ended(pupil, score=html.scored(last, misread, exercise, stop.is_set()))


@dataclass
class Class:
    """A lesson as it goes on: what its events have said so far."""

    lesson: Lesson
    marks: html.Marks
    curve: Curve = field(default_factory=Curve)
    fraction: float = 0.0
    text: str = ""
    reason: str = ""  # of the end of the learning; "" where it did not begin
    learnt: int = 0
    seconds: float = 0.0

    def note(self, event: Checked | BatchDone | Finished) -> None:
        if isinstance(event, Checked):
            self._note_check(event)
        elif isinstance(event, BatchDone):
            self.learnt, self.seconds = event.images_seen, event.seconds
            self.curve.add(float(event.images_seen), event.loss)
            done = (event.step + 1) / event.steps
            self.fraction = BEFORE + (LEARNING - BEFORE) * done
            left = spoken_time(max(1.0, event.seconds / done * (1 - done)))
            self.text = f"Learning: {self.learnt:,} of {self.lesson.pictures:,} pictures · {left} left"
        else:
            self.reason = event.reason

    def _note_check(self, event: Checked) -> None:
        self.marks.note(event)
        tested = self.marks.after if event.after else self.marks.before
        part = (len(tested) + event.done % event.count / event.count) / len(html.STYLES)
        self.fraction = LEARNING + (1 - LEARNING) * part if event.after else BEFORE * part
        what = "again after the lesson" if event.after else "before the lesson"
        self.text = f"Reading pictures of each style {what}: {html.STYLES[event.style].title}"

    @property
    def summary(self) -> str:
        """The end in words."""
        if not self.learnt:
            return "Stopped before anything was learnt."
        took = spoken_time(self.seconds)
        learnt = f"{self.learnt:,} pictures in {took} ({html.lesson_text(self.lesson)})"
        if self.reason == "done":
            return f"Learnt {learnt}. Your copy reads from now on, for you alone."
        if self.reason == "stopped":
            return f"Stopped after {learnt}. Your copy reads with what it has learnt."
        return f"The lesson ended early: {self.reason}. Your copy has its last sound weights."


def _taught(pupil: Pupil, lesson: Lesson, stop: threading.Event, limits: Limits) -> Iterator[SchoolView]:
    pupil_network = pupil.reader.copy()
    going = Class(lesson, html.Marks(lesson.exercise.style, lesson.checked))
    going.curve.memory = max(3.0, lesson.steps / 20)
    deadline = time.monotonic() + limits.max_seconds
    shown = 0.0
    with closing(teach(pupil_network, lesson, stop)) as events:
        for event in events:
            if pupil.errand.left:
                break  # else the check that follows a lesson that was stopped would be made
            going.note(event)
            now = time.monotonic()
            if now > deadline and not going.reason:
                stop.set()
            if now - shown >= TICK:
                yield _lesson_view(going)
                shown = time.monotonic()
    if pupil.errand.left:
        return
    pupil.errand.busy = False
    if going.learnt:
        pupil.graduate(pupil_network, html.described(lesson.exercise))
    yield ended(
        pupil,
        lesson=message(going.summary, "done"),
        chart=html.loss_chart(going.curve, going.learnt or lesson.pictures),
        marks=html.marks_table(going.marks),
    )


def _lesson_view(going: Class) -> SchoolView:
    return SchoolView(
        lesson=bar(going.fraction, going.text, "Progress of the lesson"),
        chart=html.loss_chart(going.curve, going.lesson.pictures),
        marks=html.marks_table(going.marks),
    )

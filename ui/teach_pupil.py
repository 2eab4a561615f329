"""A visitor's own copies of networks, and the lessons they had: each can be undone, bit for bit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

import gradio as gr
import numpy as np

from engine import checkpoint
from engine.checkpoint import load_pretrained
from engine.datasets import Dataset
from engine.ink import fit_digit
from engine.lesson_samples import samples
from engine.lessons import Classroom, Drawing, Lesson, Plan, teach
from engine.network import Network
from engine.own_digits import OwnDigits
from engine.validation import accuracy
from ui.own_networks import Own, find
from ui.visitors import Belongings, Sessions

MOST_LESSONS = 20  # that can be undone
MOST_COURSES = 3  # networks that a visitor teaches at a time
MOST_DRAWINGS = 40  # that a lesson does not forget
ROUNDS = 5  # of a lesson with all of one's own digits
ALL = Plan(steps=40, least=40, fresh=48, weight=0.05, variants=8)


@dataclass(frozen=True, eq=False)
class State:
    """A network after a lesson, and all that it was taught. What one press did has one `press` number."""

    network: Network
    drawings: tuple[Drawing, ...]
    press: int


@dataclass(eq=False)
class Course:
    """The lessons of one network. base: its name; name: its copy's, as the picker has it, "" so far."""

    base: str
    original: Network
    room: Classroom
    name: str = ""
    states: list[State] = field(default_factory=list)

    @property
    def network(self) -> Network:
        """What is taught next, and reads meanwhile."""
        return self.states[-1].network if self.states else self.original

    @property
    def size(self) -> int:
        return self.network.preprocessing.size

    def correct(self, ink: np.ndarray, label: int) -> Lesson:
        """Teach one drawing. ValueError where there is no ink."""
        drawing = Drawing.of_ink(ink, label, self.size)
        return self._taught((*self._known(), drawing), Plan(), self._press())

    def learn_all(self, digits: OwnDigits) -> Lesson:
        """Teach a visitor's own digits in a few rounds, but for those kept aside; the last round's lesson."""
        data, press = digits.split()[0], self._press()
        own = tuple(
            Drawing(seen_by(picture, self.size), picture, int(label))
            for picture, label in zip(data.images, data.labels, strict=True)
        )
        for _ in range(ROUNDS):
            lesson = self._taught((*self._known()[:8], *own), ALL, press, keep=self._known())
            if not lesson.kept:
                break
        return lesson

    def undo(self) -> bool:
        """Take back what the last press did; False where nothing was taught."""
        if not self.states:
            return False
        press = self.states[-1].press
        while self.states and self.states[-1].press == press:
            self.states.pop()
        return True

    def marks(self, kept: Dataset) -> list[float]:
        """The share of the kept drawings read right, 0 to 1: before any lesson, and after each."""
        pictures = np.stack([seen_by(picture, self.size) for picture in kept.images])
        data = Dataset(pictures, kept.labels, kept.name)
        return [accuracy(network, data) for network in (self.original, *(s.network for s in self.states))]

    def _known(self) -> tuple[Drawing, ...]:
        return self.states[-1].drawings[-MOST_DRAWINGS:] if self.states else ()

    def _press(self) -> int:
        return self.states[-1].press + 1 if self.states else 0

    def _taught(
        self,
        drawings: tuple[Drawing, ...],
        plan: Plan,
        press: int,
        keep: tuple[Drawing, ...] | None = None,
    ) -> Lesson:
        lesson = teach(self.network, drawings, self.room, plan, seed=len(self.states))
        if lesson.kept:
            known = drawings if keep is None else keep
            self.states = [*self.states[-(MOST_LESSONS - 1) :], State(lesson.network, known, press)]
        return lesson


def seen_by(picture: np.ndarray, size: int) -> np.ndarray:
    """A fitted picture (28, 28) as a network of another size reads it."""
    return picture if len(picture) == size else fit_digit(picture, size)


@cache
def room_of(name: str) -> Classroom:
    """The classroom of a shipped network, which all visitors share; nothing in it changes."""
    network = load_pretrained(name)
    return Classroom(network, samples(network.preprocessing.size))


class Pupil(Belongings):
    """Belongs to one visitor. kept: the own digits that the visitor's page has stored last."""

    def __init__(self) -> None:
        super().__init__()
        self.courses: dict[str, Course] = {}
        self.kept: OwnDigits | None = None

    def attend(self, name: str, own: Own) -> Course:
        """The course of a network or of its taught copy. ValueError with a sentence where it can't have one.

        A network that has made room for others begins anew.
        """
        course = next((c for c in self.courses.values() if name in (c.base, c.name)), None)
        if course is None:
            course = self._begin(name, own)
            while len(self.courses) >= MOST_COURSES:
                del self.courses[next(iter(self.courses))]
            self.courses[name] = course
        return course

    def taught(self, names: Sequence[str]) -> Course | None:
        """The course of the first of `names` that is a taught copy; None where none of them is."""
        copies = {course.name: course for course in self.courses.values() if course.states}
        return next((copies[name] for name in names if name in copies), None)

    def _begin(self, name: str, own: Own) -> Course:
        network = find(name, own)
        if name not in own:
            return Course(name, network, room_of(name))
        return Course(name, network, Classroom(network, samples(network.preprocessing.size)))

    def file(self, course: Course) -> str:
        """The network of a course as an .npz file to be downloaded."""
        stem = "".join(c if c.isalnum() and c.isascii() else "-" for c in course.base)[:40]
        path = self.folder() / f"{stem}-my-hand.npz"
        checkpoint.save(course.network, path)
        return str(path)

    def release(self) -> None:
        self.courses = {}
        self.kept = None
        super().release()


sessions = Sessions()


def known(pupil: Pupil | None, request: gr.Request) -> Pupil:
    """The visitor's pupil, which is let go of when the tab is closed."""
    pupil = pupil or Pupil()
    sessions.remember(request.session_hash, pupil)
    return pupil

"""A reader of captchas at school: marked on one style, and taught that style further.

Both are generators of events: they compute, and the caller shows, counts and stops. `teach` trains the very
network that it is given, so a shared one has to be copied first.
"""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass

import numpy as np

from engine.captcha import DIFFICULTIES, LONGEST_TEXT, generate, read
from engine.captcha_styles import STYLES
from engine.line import HEIGHT, WIDEST_LEARNT, fitting_width, line_of
from engine.losses import columns_needed, ctc
from engine.network import Network
from engine.optimizers import AdamW
from engine.schedules import one_cycle
from engine.training import BatchDone, EpochDone, Finished, train

BATCH = 16  # pictures of about one width that are learnt together
SORTED = 4  # batches that are drawn at a time and sorted by width
LEARNING_RATE = (
    6e-4  # a fifth of what a new network begins with: enough to learn, too little to forget at once
)
FOR_LESSON, FOR_CHECK = 0, 1  # where the seeds part, so that no picture of a check is ever learnt


@dataclass(frozen=True)
class Exercise:
    """Which pictures: one style, at a difficulty, with numbers of one length."""

    style: str
    length: int = 4
    difficulty: int = 2

    def draw(self, rng: np.random.Generator) -> tuple[np.ndarray, str]:
        """A picture (H, W, 3) uint8 and its digits."""
        return generate(self.length, self.difficulty, rng, self.style)


@dataclass(frozen=True, slots=True, eq=False)
class PictureRead:
    """One picture of a score: what it said, what was read, and how many of `done` were right so far."""

    done: int
    count: int
    right: int
    picture: np.ndarray
    text: str
    read: str


@dataclass(frozen=True)
class Lesson:
    """What is taught and how.

    pictures: how many are learnt. replay: the share of them, 0 to 1, that are drawn in other styles, so that
    those are not forgotten (rehearsal; Robins 1995). checked: pictures of each style, read before and after.
    """

    exercise: Exercise
    pictures: int = 1600
    replay: float = 0.5
    checked: int = 40
    learning_rate: float = LEARNING_RATE
    seed: int = 0

    def __post_init__(self) -> None:
        if not (self.pictures >= BATCH and 0 <= self.replay <= 1 and self.checked > 0):
            raise ValueError(
                f"a lesson needs {BATCH} pictures or more, a replay from 0 to 1 and at least one picture to "
                f"check, not {self.pictures}, {self.replay} and {self.checked}"
            )

    @property
    def steps(self) -> int:
        return self.pictures // BATCH


@dataclass(frozen=True, slots=True)
class Checked:
    """One more picture of a style was read, before the lesson or after it."""

    style: str
    after: bool
    done: int
    count: int
    right: int


LessonEvent = Checked | BatchDone | Finished


def score(
    network: Network,
    exercise: Exercise,
    count: int = 50,
    seed: int = 0,
    stop: threading.Event | None = None,
) -> Iterator[PictureRead]:
    """Draw `count` pictures and read each; a picture counts as right where every digit is."""
    right = 0
    for i in range(count):
        if stop is not None and stop.is_set():
            return
        picture, text = exercise.draw(np.random.default_rng((seed, FOR_CHECK, i)))
        found = read(picture, network).text
        right += found == text
        yield PictureRead(i + 1, count, right, picture, text, found)


def teach(
    network: Network, lesson: Lesson, stop: threading.Event | None = None
) -> Generator[LessonEvent, None, None]:
    """Check every style, train `network` in place, check again with the same pictures.

    Stopping ends what goes on: during the lesson, what was learnt so far is checked (the event is cleared for
    that); during a check, everything. With the same seed the same events come again, but for their seconds.
    """
    tests = {style: PictureSet(exercise) for style, exercise in checks(lesson).items()}
    yield from _check(network, lesson, tests, False, stop)
    if stop is not None and stop.is_set():
        return
    batches = LessonBatches(lesson)
    optimizer = AdamW(lesson.learning_rate)
    with closing(train(network, batches, ctc, optimizer, epochs=1, schedule=one_cycle, stop=stop)) as events:
        yield from (event for event in events if not isinstance(event, EpochDone))
    if stop is not None:
        stop.clear()
    yield from _check(network, lesson, tests, True, stop)


def checks(lesson: Lesson) -> dict[str, Exercise]:
    """What is checked: the lesson's own exercise first, and each other style as it is met most often."""
    own = lesson.exercise
    others = {style: Exercise(style, min(own.length + 1, 5)) for style in STYLES if style != own.style}
    return {own.style: own, **others}


class PictureSet:
    """Pictures to be checked, (H, W, 3) uint8, and their digits: drawn when first needed, kept for later."""

    def __init__(self, exercise: Exercise) -> None:
        self.exercise = exercise
        self._drawn: list[tuple[np.ndarray, str]] = []

    def picture(self, i: int, seed: int) -> tuple[np.ndarray, str]:
        while len(self._drawn) <= i:
            self._drawn.append(self.exercise.draw(np.random.default_rng((seed, FOR_CHECK, len(self._drawn)))))
        return self._drawn[i]


def _check(
    network: Network,
    lesson: Lesson,
    tests: dict[str, PictureSet],
    after: bool,
    stop: threading.Event | None,
) -> Iterator[Checked]:
    for style, pictures in tests.items():
        right = 0
        for i in range(lesson.checked):
            if stop is not None and stop.is_set():
                return
            picture, text = pictures.picture(i, lesson.seed)
            right += read(picture, network).text == text
            yield Checked(style, after, i + 1, lesson.checked, right)


class LessonBatches:
    """Batches for `engine.training.train`: (16, 40, W) uint8 and labels (16, 10) filled up with -1.

    Pictures are drawn for some batches at a time and sorted by width, so that those of a batch, which have to
    be of one width, are hardly stretched.
    """

    def __init__(self, lesson: Lesson) -> None:
        self.lesson = lesson
        self._others = [style for style in STYLES if style != lesson.exercise.style]
        self._drawn: tuple[int, list[tuple[np.ndarray, str]]] = (-1, [])

    @property
    def steps_per_epoch(self) -> int:
        return self.lesson.steps

    def batch(self, step: int) -> tuple[np.ndarray, np.ndarray]:
        turn, place = divmod(step, SORTED)
        if self._drawn[0] != turn:
            self._drawn = turn, self._draw(turn)
        chosen = self._drawn[1][place * BATCH : (place + 1) * BATCH]
        labels = np.full((BATCH, LONGEST_TEXT), -1, np.int64)
        for row, (_, text) in zip(labels, chosen, strict=True):
            row[: len(text)] = [int(digit) for digit in text]
        height, natural = chosen[BATCH // 2][0].shape[:2]
        needed = int(columns_needed(labels).max())
        width = fitting_width(min(HEIGHT * natural / height, WIDEST_LEARNT), needed)
        return np.stack([line_of(picture, width) for picture, _ in chosen]), labels

    def _draw(self, turn: int) -> list[tuple[np.ndarray, str]]:
        rng = np.random.default_rng((self.lesson.seed, FOR_LESSON, turn))
        drawn = [self._exercise(rng).draw(rng) for _ in range(SORTED * BATCH)]
        drawn.sort(key=lambda pair: pair[0].shape[1] / pair[0].shape[0])
        order = rng.permutation(SORTED)
        return [drawn[i * BATCH + j] for i in order for j in range(BATCH)]

    def _exercise(self, rng: np.random.Generator) -> Exercise:
        if not self._others or rng.random() >= self.lesson.replay:
            return self.lesson.exercise
        style = self._others[int(rng.integers(len(self._others)))]
        difficulty = int(rng.integers(DIFFICULTIES.start, DIFFICULTIES.stop))
        return Exercise(style, int(rng.integers(1, LONGEST_TEXT + 1)), difficulty)

"""Lessons for the captcha reader: scores, batches, what is taught and what stays as it was."""

import threading
from dataclasses import replace

import numpy as np
import pytest

from engine import captcha_lessons
from engine.architectures import build
from engine.captcha_lessons import (
    BATCH,
    Checked,
    Exercise,
    Lesson,
    LessonBatches,
    LessonEvent,
    PictureRead,
    checks,
    score,
    teach,
)
from engine.captcha_styles import STYLES
from engine.losses import ctc
from engine.network import Network
from engine.preprocessing import to_network_input
from engine.training import BatchDone, Finished

SMALL = Lesson(Exercise("tutorial", 3), pictures=4 * BATCH, checked=1, seed=5)


@pytest.fixture
def network() -> Network:
    return build("captcha", np.random.default_rng(0))


def loss_of(network: Network, exercise: Exercise) -> float:
    """The mean loss on a batch that no lesson with SMALL's seed sees."""
    lesson = replace(SMALL, exercise=exercise, replay=0.0, seed=99)
    lines, labels = LessonBatches(lesson).batch(0)
    return ctc(network.predict(to_network_input(lines, network.preprocessing)), labels)[0]


def run(network: Network, lesson: Lesson, stop: threading.Event | None = None) -> list[LessonEvent]:
    return list(teach(network, lesson, stop))


# --- score ----------------------------------------------------------------------------------------------


def test_a_score_counts_what_is_read_right(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []

    def every_second_right(picture: np.ndarray, reader: Network) -> object:
        seen.append(len(seen))
        text = texts[seen[-1]] if seen[-1] % 2 else "x"
        return type("Found", (), {"text": text})

    exercise = Exercise("plain", 5, 3)
    texts = [event.text for event in score(network, exercise, 4, seed=1)]
    monkeypatch.setattr(captcha_lessons, "read", every_second_right)
    events = list(score(network, exercise, 4, seed=1))
    assert [event.right for event in events] == [0, 1, 1, 2]
    assert [event.done for event in events] == [1, 2, 3, 4]
    assert all(len(event.text) == 5 and event.picture.ndim == 3 for event in events)


def test_a_score_repeats_with_its_seed_and_can_be_stopped(network: Network) -> None:
    def texts(seed: int) -> list[str]:
        return [event.text for event in score(network, Exercise("dots"), 3, seed)]

    assert texts(1) == texts(1) != texts(2)
    stop = threading.Event()
    events: list[PictureRead] = []
    for event in score(network, Exercise("dots"), 9, 0, stop):
        events.append(event)
        stop.set()
    assert len(events) == 1


# --- batches --------------------------------------------------------------------------------------------


def test_batches_are_what_the_training_takes() -> None:
    batches = LessonBatches(Lesson(Exercise("package", 10, 5), replay=0.5, seed=2))
    for step in (0, 3, 4, 1):
        lines, labels = batches.batch(step)
        assert lines.shape[:2] == (BATCH, 40)
        assert lines.dtype == np.uint8
        assert (lines.shape[2] - 8) % 16 == 0
        assert labels.shape == (BATCH, 10)
        assert labels.dtype == np.int64
        filled = labels >= 0
        assert filled.any(axis=1).all()
        assert (filled[:, :-1] >= filled[:, 1:]).all(), "digits first, then -1"


def test_a_batch_depends_on_its_step_alone() -> None:
    there, back = LessonBatches(SMALL), LessonBatches(SMALL)
    first = [there.batch(step) for step in range(6)]
    for step in (5, 0, 4, 2):
        for one, other in zip(first[step], back.batch(step), strict=True):
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("replay", [0.0, 0.5])
def test_replay_is_the_share_of_other_styles(replay: float, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[str] = []
    draw = Exercise.draw

    def noted(self: Exercise, rng: np.random.Generator) -> tuple[np.ndarray, str]:
        drawn.append(self.style)
        return draw(self, rng)

    monkeypatch.setattr(Exercise, "draw", noted)
    batches = LessonBatches(Lesson(Exercise("plain"), replay=replay))
    for step in range(0, 16, 4):
        batches.batch(step)
    others = sum(style != "plain" for style in drawn) / len(drawn)
    assert abs(others - replay) < 0.12
    if replay:
        assert len(set(drawn)) == len(STYLES)


def test_the_longest_texts_fit_into_narrow_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    narrow = np.zeros((40, 40, 3), np.uint8)
    monkeypatch.setattr(Exercise, "draw", lambda self, rng: (narrow, "7777777777"))
    images, labels = LessonBatches(Lesson(Exercise("plain"))).batch(0)
    ctc(np.zeros((len(images), images.shape[2] // 4 - 2, 11), np.float32), labels)


@pytest.mark.parametrize("wrong", [{"pictures": 3}, {"replay": 1.5}, {"checked": 0}])
def test_a_lesson_that_can_not_be_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="a lesson needs"):
        replace(SMALL, **wrong)  # type: ignore[arg-type]


# --- teach ----------------------------------------------------------------------------------------------


def test_a_lesson_checks_learns_and_checks_again(network: Network) -> None:
    events = run(network, SMALL)
    kinds = [type(event).__name__ for event in events]
    styles = len(STYLES)
    assert kinds == ["Checked"] * styles + ["BatchDone"] * 4 + ["Finished"] + ["Checked"] * styles
    checked = [event for event in events if isinstance(event, Checked)]
    assert [event.after for event in checked] == [False] * styles + [True] * styles
    assert checked[0].style == "tutorial"
    assert {event.style for event in checked} == set(STYLES)
    assert checks(SMALL)["tutorial"] == SMALL.exercise


def test_what_is_taught_is_learnt(network: Network) -> None:
    before = loss_of(network, SMALL.exercise)
    lesson = replace(SMALL, pictures=24 * BATCH, replay=0.0, learning_rate=3e-3)
    losses = [event.loss for event in run(network, lesson) if isinstance(event, BatchDone)]
    assert np.mean(losses[-4:]) < 0.5 * np.mean(losses[:2])
    assert loss_of(network, SMALL.exercise) < before


def test_the_same_seed_teaches_the_same(network: Network) -> None:
    other = network.copy()
    losses = [
        [event.loss for event in run(one, SMALL) if isinstance(event, BatchDone)] for one in (network, other)
    ]
    assert losses[0] == losses[1]
    for one, two in zip(network.state().values(), other.state().values(), strict=True):
        np.testing.assert_array_equal(one, two)


def test_a_frozen_network_is_not_taught(network: Network) -> None:
    network.freeze()
    kept = {name: array.copy() for name, array in network.state().items()}
    with pytest.raises(ValueError, match="read-only"):
        run(network, SMALL)
    for name, array in network.state().items():
        np.testing.assert_array_equal(kept[name], array)


def test_stop_ends_the_lesson_and_what_was_learnt_is_checked(network: Network) -> None:
    stop = threading.Event()
    events: list[LessonEvent] = []
    for event in teach(network, SMALL, stop):
        events.append(event)
        if isinstance(event, BatchDone):
            stop.set()
    assert sum(isinstance(event, BatchDone) for event in events) == 1
    (end,) = [event for event in events if isinstance(event, Finished)]
    assert end.reason == "stopped"
    assert sum(isinstance(event, Checked) and event.after for event in events) == len(STYLES)


def test_stop_during_a_check_ends_everything(network: Network) -> None:
    stop = threading.Event()
    events = []
    for event in teach(network, SMALL, stop):
        events.append(event)
        stop.set()
    assert len(events) == 1

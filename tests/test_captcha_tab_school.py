"""Score it and Teach it, without a page: what is shown, whose copy is taught, what is let go of."""

import gc
import threading
import weakref
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import gradio as gr
import numpy as np
import pytest

from engine import checkpoint
from engine.architectures import build
from engine.captcha_lessons import BATCH, Exercise, Lesson
from engine.captcha_styles import STYLES
from engine.network import Network
from ui import captcha, captcha_pupil, captcha_school
from ui.captcha_pupil import Pupil
from ui.captcha_school import SchoolView
from ui.captcha_school_tab import Handlers
from ui.captcha_stage import Stage, shown
from ui.limits import Limits
from ui.places import places

LIMITS = Limits(max_lesson_pictures=3 * BATCH, score_pictures=4, check_pictures=1)
EXERCISE = Exercise("tutorial", 3, 1)
LESSON = Lesson(EXERCISE, 2 * BATCH, checked=1)


@pytest.fixture(autouse=True)
def untrained(monkeypatch: pytest.MonkeyPatch) -> Network:
    """The network that all visitors share."""
    network = build("captcha", np.random.default_rng(0)).freeze()
    monkeypatch.setattr(captcha_pupil, "load_pretrained", lambda name: network)
    monkeypatch.setattr(captcha_school, "TICK", 0.0)
    return network


def request(session: str = "me") -> gr.Request:
    return cast(gr.Request, SimpleNamespace(session_hash=session))


def do(
    pupil: Pupil | None, wanted: Exercise | Lesson, limits: Limits = LIMITS
) -> tuple[Pupil, list[SchoolView]]:
    """Press the button and wait for the end."""
    pupil, first = captcha_school.plan(pupil, wanted, limits)
    return pupil, [first, *captcha_school.carry_out(pupil, limits)]


def weights(network: Network) -> dict[str, np.ndarray]:
    return {name: array.copy() for name, array in network.state().items()}


# --- score ------------------------------------------------------------------------------------------------


def test_a_score_is_counted_with_its_misread_pictures() -> None:
    pupil, views = do(None, EXERCISE)
    assert views[0].busy == "score"
    assert "progressbar" in (views[1].score or "")
    end = views[-1]
    assert "of 4</b> read right" in (end.score or "")
    assert (end.score or "").count("<figure>") == 4  # an untrained network reads none
    assert end.busy == ""
    assert not pupil.errand.busy
    assert not end.taught


def test_a_score_stops() -> None:
    pupil, _ = captcha_school.plan(None, EXERCISE, LIMITS)
    views = captcha_school.carry_out(pupil, LIMITS)
    next(views)
    captcha_school.stop(pupil)
    end = list(views)[-1]
    assert "Stopped after" in (end.score or "")
    assert end.busy == ""


# --- teach ------------------------------------------------------------------------------------------------


def test_a_lesson_teaches_a_copy_and_leaves_the_shared_network(untrained: Network) -> None:
    before = weights(untrained)
    pupil, views = do(None, LESSON)
    assert pupil.network is not None
    assert pupil.network is not untrained
    assert pupil.reader is pupil.network
    for name, array in untrained.state().items():
        np.testing.assert_array_equal(array, before[name])
    assert any(not np.array_equal(before[name], array) for name, array in pupil.network.state().items())
    end = views[-1]
    assert "Learnt 32 pictures" in (end.lesson or "")
    assert (end.marks or "").count("<tr") == len(STYLES) + 2
    assert (end.chart or "").count("<polyline") == 2
    assert end.taught
    assert any("Learning: 16 of 32" in (view.lesson or "") for view in views)
    assert places.taken == 0


def test_a_second_lesson_goes_on_from_the_first() -> None:
    pupil, _ = do(None, LESSON)
    first = pupil.network
    do(pupil, LESSON)
    assert pupil.network is not first
    assert len(pupil.lessons) == 2


def test_stop_keeps_what_was_learnt() -> None:
    pupil, _ = captcha_school.plan(None, replace(LESSON, pictures=50 * BATCH), LIMITS)
    views = captcha_school.carry_out(pupil, LIMITS)
    for view in views:
        if "Learning" in (view.lesson or ""):
            captcha_school.stop(pupil)
            break
    end = list(views)[-1]
    assert "Stopped after 16 pictures" in (end.lesson or "")
    assert end.taught
    assert end.marks


@pytest.mark.parametrize("when", ["Learning", "again after", "before the lesson"])
def test_who_leaves_during_a_lesson_gets_nothing_more(when: str) -> None:
    pupil, _ = captcha_school.plan(None, replace(LESSON, pictures=50 * BATCH), LIMITS)
    views = captcha_school.carry_out(pupil, LIMITS)
    for view in views:
        if when in (view.lesson or ""):
            break
        if when == "again after" and "Learning" in (view.lesson or ""):
            captcha_school.stop(pupil)
    else:
        pytest.fail(f"nothing was said of {when}")
    pupil.release()
    assert list(views) == [], "no check is made any more"
    assert pupil.network is None
    assert places.taken == 0
    assert pupil._folder is None, "nothing was written"


def test_stop_before_it_began_teaches_nothing() -> None:
    pupil, _ = captcha_school.plan(None, LESSON, LIMITS)
    view = captcha_school.stop(pupil)
    assert "Stopped before it began" in (view.lesson or "")
    assert list(captcha_school.carry_out(pupil, LIMITS)) == []
    assert pupil.network is None
    assert not pupil.errand.busy


def test_a_lesson_ends_when_its_time_is_over() -> None:
    _, views = do(None, replace(LESSON, pictures=40 * BATCH), replace(LIMITS, max_seconds=1e-9))  # type: ignore
    assert "Stopped" in (views[-1].lesson or "")


def test_reset_brings_the_shipped_network_back(untrained: Network) -> None:
    pupil, _ = do(None, LESSON)
    view = captcha_school.reset(pupil)
    assert pupil.reader is untrained
    assert not view.taught
    assert view.chart == ""


def test_a_busy_pupil_begins_nothing_else() -> None:
    pupil, _ = captcha_school.plan(None, LESSON, LIMITS)
    _, view = captcha_school.plan(pupil, EXERCISE, LIMITS)
    assert view == SchoolView()
    assert pupil.errand.take() == LESSON


def test_the_taught_copy_can_be_downloaded_and_is_what_reads(tmp_path: Path) -> None:
    pupil, views = do(None, LESSON)
    assert views[-1].file
    loaded = checkpoint.load(views[-1].file)
    for name, array in loaded.state().items():
        np.testing.assert_array_equal(array, cast(Network, pupil.network).state()[name])
    picture, _ = EXERCISE.draw(np.random.default_rng(0))
    assert "Read by your taught copy" in captcha.answer(picture, pupil, {})
    assert "Read by the shipped network" in captcha.answer(picture, None, {})


# --- visitors ---------------------------------------------------------------------------------------------


def test_a_downloaded_copy_comes_back(tmp_path: Path, untrained: Network) -> None:
    pupil, _ = do(None, LESSON)
    file = pupil.file()
    assert file is not None
    taught = weights(pupil.reader)
    other, view = captcha_school.bring_back(None, file, LIMITS)
    assert "is back" in (view.lesson or "")
    assert view.taught
    assert view.file is not None
    for name, array in weights(other.reader).items():
        np.testing.assert_array_equal(array, taught[name])
    captcha_school.reset(other)
    assert other.reader is untrained
    _, again = do(other, LESSON)  # it can be taught on
    assert again[-1].taught


def test_what_is_no_reader_of_captchas_is_refused_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "bad.npz").write_bytes(b"nothing")
    checkpoint.save(build("mlp-16", np.random.default_rng(0)), tmp_path / "digits.npz")
    checkpoint.save(build("captcha", np.random.default_rng(0)), tmp_path / "large.npz")
    few = replace(LIMITS, max_parameters=1000)
    for name, limits, sentence in (
        ("bad.npz", LIMITS, "can&#x27;t be used"),
        ("digits.npz", LIMITS, "no reader of captchas"),
        ("large.npz", few, "more than 1,000 parameters"),
    ):
        pupil, view = captcha_school.bring_back(None, str(tmp_path / name), limits)
        assert sentence in (view.lesson or "")
        assert pupil.network is None
    assert captcha_school.bring_back(None, None, LIMITS)[1] == SchoolView()
    pupil.errand.busy = True
    assert captcha_school.bring_back(pupil, str(tmp_path / "large.npz"), LIMITS) == (pupil, SchoolView())


def test_two_visitors_learn_without_mixing() -> None:
    alone = [do(None, replace(LESSON, seed=seed))[0] for seed in (1, 2)]
    pupils = [captcha_school.plan(None, replace(LESSON, seed=seed), LIMITS)[0] for seed in (1, 2)]
    threads = [threading.Thread(target=list, args=(captcha_school.carry_out(one, LIMITS),)) for one in pupils]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for one, other in zip(alone, pupils, strict=True):
        for name, array in cast(Network, one.network).state().items():
            np.testing.assert_array_equal(array, cast(Network, other.network).state()[name])


def test_leaving_lets_go_of_everything() -> None:
    handlers = Handlers(LIMITS)
    pupil, *_ = handlers.begin_lesson("tutorial", 3, 1, 2 * BATCH, 0, None, request())
    list(handlers.work(pupil))
    network, path = weakref.ref(pupil.network), Path(pupil.file())
    assert path.exists()
    captcha.leave(request("somebody else"))
    assert network() is not None
    captcha.leave(request())
    gc.collect()
    assert network() is None
    assert not path.exists()
    captcha.let_go(None)


def test_a_closed_page_ends_a_lesson_in_the_middle() -> None:
    pupil, _ = captcha_school.plan(None, replace(LESSON, pictures=50 * BATCH), LIMITS)
    views = captcha_school.carry_out(pupil, LIMITS)
    while "Learning" not in (next(views).lesson or ""):
        pass
    assert places.taken == 1
    views.close()
    assert places.taken == 0
    assert pupil.network is None
    assert not pupil.errand.busy


def test_what_has_expired_is_said() -> None:
    handlers = captcha.Handlers(LIMITS)
    *_, html, _ = handlers.make("plain", 4, 1, 1, {}, None, True)
    assert "Your copy was kept for 1 h" in html
    *_, html, _ = handlers.make("plain", 4, 1, 1, {}, Pupil(), True)
    assert "was kept" not in html


# --- packing ----------------------------------------------------------------------------------------------


def test_a_view_has_an_update_for_each_component() -> None:
    names = Stage.__dataclass_fields__
    for view in (SchoolView(), SchoolView(busy="score"), SchoolView(busy="", taught=True, file="x")):
        assert len(shown(view)) == len(names)
    busy = dict(zip(names, shown(SchoolView(busy="lesson")), strict=True))
    seen = [
        name for name in ("score_start", "score_stop", "lesson_start", "lesson_stop") if busy[name]["visible"]
    ]
    assert seen == ["score_start", "lesson_stop"]
    assert busy["score_start"]["interactive"] is False


@pytest.mark.parametrize(
    "asked, count", [(10**9, 3 * BATCH), (1, BATCH), (None, 3 * BATCH)], ids=["most", "least", "none"]
)
def test_a_lesson_has_its_limits(asked: Any, count: int) -> None:
    pupil, *_ = Handlers(LIMITS).begin_lesson("plain", 4, 1, asked, 50, None, request())
    lesson = pupil.errand.take()
    assert isinstance(lesson, Lesson)
    assert lesson.pictures == count
    assert lesson.checked == 1


def test_a_missing_network_ends_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> Network:
        raise checkpoint.CheckpointError("There is no network 'captcha'.")

    monkeypatch.setattr(captcha_pupil, "load_pretrained", missing)
    for wanted, part in ((EXERCISE, "score"), (LESSON, "lesson")):
        pupil, views = do(None, wanted)
        assert "There is no network" in (getattr(views[-1], part) or "")
        assert not pupil.errand.busy

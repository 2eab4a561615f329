"""The Train tab without a browser: what its buttons do to a visitor's runs, and what they show."""

import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import gradio as gr
import numpy as np
import pytest

from engine import datasets
from tests.trainings import LIMITS, LONG, SMALL, go_on, losses, run_of, train, train_some_steps, weights
from ui import trainer
from ui.run_book import RunBook
from ui.train import Stage, shown
from ui.train_view import View, charts
from ui.training_run import Phase, Record
from ui.training_settings import QUICK_SETTINGS, presets


@pytest.fixture
def stopped() -> RunBook:
    """A run of two epochs that was stopped at its 13th of 40 steps."""
    return train_some_steps(SMALL)


# --- a run ------------------------------------------------------------------------------------------


def test_a_run_ends_with_all_that_the_end_shows() -> None:
    book, views = train(None, SMALL)
    end = views[-1]
    assert end.busy is False
    assert end.continues == "Run 1"
    assert "done: 2 epochs" in (end.status or "")
    assert "180 test pictures" in (end.report or "")
    assert (end.report or "").count("<tr>") == 11  # ten digits and the head
    assert 'class="mistakes"' in (end.report or "")
    assert (end.weights or "").count("<img") == 16
    assert "Run 1" in (end.runs or "")
    assert (run_of(book).record.test_accuracy or 0) > 0.5  # ten digits by chance: 0.1


def test_training_is_announced_before_it_ends() -> None:
    _, views = train(None, replace(SMALL, epochs=40))
    busy = [view for view in views[:-1] if view.status]
    assert len(busy) >= 3
    assert "progressbar" in (busy[-1].status or "")
    assert views[0].busy is True  # the answer to the click
    assert views[-1].busy is False


def test_the_same_seed_gives_the_same_losses() -> None:
    one, _ = train(None, SMALL)
    other, _ = train(None, SMALL)
    third, _ = train(None, replace(SMALL, seed=4))
    assert losses(one) == losses(other)
    assert losses(one) != losses(third)


def test_views_come_at_most_five_times_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0

    def monotonic() -> float:
        nonlocal now
        now += 0.01
        return now

    monkeypatch.setattr("ui.training_run.time.monotonic", monotonic)
    book, _ = trainer.plan(None, False, replace(SMALL, epochs=10), LIMITS)
    times = [now for _ in trainer.carry_out(book, LIMITS)]
    gaps = np.diff(times[2:-1])  # the first view tells that it began, the last that it ended
    assert len(gaps) > 5
    assert gaps.min() >= 0.2 - 1e-9


# --- stop and continue --------------------------------------------------------------------------------


def test_stop_ends_where_it_is_and_shows_what_the_end_shows(stopped: RunBook) -> None:
    run = run_of(stopped)
    assert run.phase is Phase.PAUSED
    assert 0 < run.steps_done < 40
    assert run.examination is not None
    assert run.can_continue
    assert not stopped.errand.busy


def test_the_stop_button_reaches_a_run_at_its_next_batch() -> None:
    book, _ = trainer.plan(None, False, LONG, LIMITS)
    views = trainer.carry_out(book, LIMITS)
    while book.run is None or book.run.steps_done == 0:
        next(views)
    done = book.run.steps_done
    assert trainer.stop(book) == View()  # the run answers, not the button
    end = list(views)[-1]
    assert book.run.steps_done == done + 1
    assert "Run 1 stopped after" in (end.status or "")
    assert "test pictures" in (end.report or "")
    assert end.continues == "Run 1"


@pytest.mark.parametrize("schedule", ["constant", "cosine", "one-cycle"])
def test_continue_goes_on_exactly_as_if_there_had_been_no_stop(schedule: str) -> None:
    settings = replace(SMALL, schedule=schedule)
    whole, _ = train(None, settings)
    book = train_some_steps(settings)
    assert run_of(book).steps_done < 40
    go_on(book, settings)
    assert run_of(book).steps_done == 40
    assert losses(book) == losses(whole)
    for name, array in weights(whole).items():
        np.testing.assert_array_equal(weights(book)[name], array)


def test_continue_after_the_end_adds_epochs() -> None:
    four, _ = train(None, replace(SMALL, epochs=4))
    book, _ = train(None, SMALL)
    views = go_on(book, SMALL)
    assert "done: 4 epochs" in (views[-1].status or "")
    assert losses(book) == losses(four)
    assert len(book.records) == 1  # the same run, not a second one


def test_the_test_of_the_earlier_weights_is_not_shown_while_a_run_goes_on() -> None:
    book, views = train(None, SMALL)
    assert score_of(views[-1]) != "–"
    going = go_on(book, SMALL)
    assert {score_of(view) for view in going[:-1] if view.runs} == {"–"}
    assert score_of(going[-1]) != "–"


def test_a_run_that_is_closed_while_it_goes_on_has_no_test() -> None:
    book, _ = train(None, SMALL)
    trainer.plan_more(book, LONG, LIMITS)
    views = trainer.carry_out(book, LIMITS)
    next(views)
    next(views)
    run_of(book).left = True
    views.close()
    assert run_of(book).record.test_accuracy is None


def score_of(view: View) -> str:
    """What stands under Test in the first row of the runs."""
    return re.findall(r"<td>([^<]*)</td>", (view.runs or "").split("<tbody>")[1])[3]


def test_continue_names_its_run_whatever_is_chosen() -> None:
    first, _ = train(None, SMALL)
    _, views = train(first, replace(SMALL, seed=4))
    update = dict(zip(Stage.__dataclass_fields__, shown(views[-1]), strict=True))["more"]
    assert update == gr.update(visible=True, value="Continue run 2")
    assert "Run 2 is done" in (views[-1].status or "")


def test_a_preset_gives_its_name_to_draw() -> None:
    quick = Record(3, QUICK_SETTINGS, QUICK_SETTINGS.title)
    assert quick.short_title == "run 3: quick look"
    once = presets()["mlp-100 (one at a time)"]
    assert Record(1, once, once.title).short_title == "run 1: mlp-100 (one at a time)"
    assert Record(1, SMALL, SMALL.title).short_title == "run 1: my own layers"


def test_charts_without_a_run_on_them_say_which_was_taken_off() -> None:
    assert "Press Train" in (charts(None).loss or "")
    book, _ = train(None, SMALL)
    book.remove(1)
    for chart in (charts(book).loss, charts(book).accuracy):
        assert "Run 1 was taken off the charts." in (chart or "")
        assert "Press Train" not in (chart or "")


def test_a_run_that_was_taken_off_the_charts_comes_back_when_it_goes_on() -> None:
    book, _ = train(None, SMALL)
    run = run_of(book)
    book.remove(run.record.number)
    assert book.records == []
    go_on(book, SMALL)
    assert book.records == [run.record]


def test_a_network_brought_during_a_run_is_refused_with_a_sentence(tmp_path: Path) -> None:
    book, _ = trainer.plan(None, False, LONG, LIMITS)
    views = trainer.carry_out(book, LIMITS)
    while book.run is None or book.run.steps_done == 0:
        next(views)
    assert trainer.plan_upload(book, str(tmp_path / "mine.npz"), LIMITS) == (book, View())
    assert any("Stop first" in (next(views).status or "") for _ in range(50))
    trainer.stop(book)
    list(views)


def test_a_closed_page_pauses_the_run_and_gives_its_place_up() -> None:
    before = trainer.places.taken
    book, _ = trainer.plan(None, False, LONG, LIMITS)
    views = trainer.carry_out(book, LIMITS)
    while book.run is None or book.run.steps_done == 0:
        next(views)
    assert trainer.places.taken == before + 1
    views.close()
    assert trainer.places.taken == before
    assert run_of(book).phase is Phase.PAUSED
    assert not book.errand.busy
    again = run_of(book).work(threading.Event(), 60.0)
    next(again)  # it is not held any more
    again.close()


def test_stop_before_it_began_takes_the_plan_back() -> None:
    book, _ = trainer.plan(None, False, SMALL, LIMITS)
    view = trainer.stop(book)
    assert "before it began" in (view.status or "")
    assert view.busy is False
    assert list(trainer.carry_out(book, LIMITS)) == []
    assert book.records == []


def test_stop_without_a_run_frees_the_buttons() -> None:
    assert trainer.stop(None).busy is False
    assert trainer.stop(RunBook()).busy is False


# --- what goes wrong ----------------------------------------------------------------------------------


def test_a_loss_that_is_not_finite_ends_with_a_sentence_and_finite_weights() -> None:
    settings = replace(SMALL, layers="dense 32, dense 32, dense 10", optimizer="SGD", learning_rate=100.0)
    settings = replace(settings, loss="squared error", epochs=20)
    book, views = train(None, settings)
    end = views[-1]
    assert run_of(book).phase is Phase.FAILED
    assert 'role="alert"' in (end.status or "")
    assert "smaller learning rate" in (end.status or "")
    assert end.report  # it shows what the kept weights read
    assert end.continues is None
    assert all(np.isfinite(array).all() for array in weights(book).values())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"learning_rate": 0.0}, "learning rate"),
        ({"learning_rate": None}, "learning rate"),
        ({"learning_rate": float("nan")}, "learning rate"),
        ({"batch_size": 0}, "batch"),
        ({"batch_size": None}, "batch"),
        ({"batch_size": 5000}, "1,024"),
        ({"epochs": 0}, "epochs"),
        ({"epochs": float("inf")}, "epochs"),
        ({"images": 3}, "pictures"),
        ({"seed": -1}, "seed"),
        ({"weight_decay": 7.0}, "weight decay"),
        ({"loss": "hinge"}, "loss"),
        ({"network": "resnet"}, "network"),
        ({"data": "letters"}, "data"),
        ({"layers": "conv 3x3x16, rellu, dense 10"}, "rellu"),
        ({"layers": "dense 9"}, "10 outputs"),
        ({"layers": ""}, "no layer"),
        ({"layers": "relu, " * 100 + "dense 10"}, "longer than"),
        ({"network": "lenet-5"}, "28×28"),
        ({"rule": "raw error"}, "sigmoid"),
    ],
)
def test_settings_that_cannot_be_run_are_refused_at_once(change: dict[str, object], said: str) -> None:
    book, view = trainer.plan(None, False, replace(SMALL, **change), LIMITS)  # type: ignore[arg-type]
    assert 'role="alert"' in (view.status or "")
    assert said in (view.status or "")
    assert view.busy is False
    assert list(trainer.carry_out(book, LIMITS)) == []


def test_a_refusal_leaves_the_earlier_run_to_be_continued(stopped: RunBook) -> None:
    _, view = trainer.plan(stopped, True, replace(SMALL, layers="nonsense"), LIMITS)
    assert view.continues == "Run 1"
    assert view.usable
    assert view.report is None


def test_data_that_are_not_to_be_had_are_told_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(name: str, progress: object = None) -> datasets.Splits:
        raise datasets.DataUnavailable("MNIST is not on this machine.")

    monkeypatch.setattr("ui.data_source.load", nowhere)
    book, views = train(None, presets()["mlp-100"])
    assert "MNIST is not on this machine" in (views[-1].status or "")
    assert "8×8 digits are always here" in (views[-1].status or "")
    assert views[-1].busy is False
    assert not book.errand.busy


def test_a_download_shows_its_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    told = threading.Event()

    def slowly(name: str, progress: object = None) -> datasets.Splits:
        assert callable(progress)
        progress(0.5, "Downloading MNIST: half of it")
        told.wait(5)
        return datasets.load("digits-8x8")

    monkeypatch.setattr("ui.data_source.load", slowly)
    book, _ = trainer.plan(None, False, SMALL, LIMITS)
    views = trainer.carry_out(book, LIMITS)
    first = next(views)
    told.set()
    assert "half of it" in (first.status or "")
    assert 'aria-valuenow="50.0"' in (first.status or "")
    assert list(views)[-1].busy is False


@pytest.fixture(autouse=True)
def no_place_is_left_taken() -> Iterator[None]:
    before = trainer.places.taken
    yield
    assert trainer.places.taken == before

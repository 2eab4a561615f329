"""The Train tab without a browser: what its buttons do to a visitor's book of runs, and what they show."""

import gc
import re
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine import checkpoint, datasets
from ui import charts, run_book, trainer
from ui.curve import CAPACITY, Curve
from ui.examination import judged
from ui.limits import Limits, spoken_time
from ui.run_book import MOST_RECORDS, RunBook
from ui.train import Stage, shown
from ui.training_form import choose_data, choose_network, choose_preset, read_layers, settings_of, values_of
from ui.training_run import Phase, Run
from ui.training_settings import OWN, QUICK, Settings, SettingsError, build_network, checked, presets
from ui.training_view import epoch_scale
from ui.view import View
from ui.weight_pictures import first_weights

LIMITS = Limits()
SMALL = Settings(
    data="digits-8x8",
    network=OWN,
    layers="dense 16, relu, dropout 0.2, dense 10",
    loss="cross-entropy",
    optimizer="Adam",
    learning_rate=0.01,
    schedule="constant",
    batch_size=16,
    epochs=2,
    images=320,
    seed=3,
    rule="backpropagation",
)


def train(book: RunBook | None, settings: Settings, limits: Limits = LIMITS) -> tuple[RunBook, list[View]]:
    """Press Train and wait for the end."""
    book, answer = trainer.plan(book, False, settings, limits)
    return book, [answer, *trainer.carry_out(book, limits)]


def go_on(book: RunBook, settings: Settings, limits: Limits = LIMITS) -> list[View]:
    """Press Continue and wait for the end."""
    _, answer = trainer.plan_more(book, settings, limits)
    return [answer, *trainer.carry_out(book, limits)]


def run_of(book: RunBook) -> Run:
    assert book.run is not None
    return book.run


def weights(book: RunBook) -> dict[str, np.ndarray]:
    return {name: array.copy() for name, array in run_of(book).network.state().items()}


def losses(book: RunBook) -> list[float]:
    return [point.value for point in run_of(book).record.loss.points]


class StopAfter(threading.Event):
    """Set once it was asked `count` times: a visitor who presses Stop in the middle."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.count = count

    def is_set(self) -> bool:
        self.count -= 1
        return self.count < 0


@pytest.fixture
def stopped() -> RunBook:
    """A run of two epochs that was stopped at its 13th of 40 steps."""
    return train_some_steps(SMALL)


def train_some_steps(settings: Settings) -> RunBook:
    book, _ = trainer.plan(None, False, settings, LIMITS)
    book.stop = StopAfter(13)
    list(trainer.carry_out(book, LIMITS))
    return book


# --- a run ------------------------------------------------------------------------------------------


def test_a_run_ends_with_all_that_the_end_shows() -> None:
    book, views = train(None, SMALL)
    end = views[-1]
    assert end.busy is False
    assert end.can_continue
    assert "Done: 2 epochs" in (end.status or "")
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
    assert not stopped.busy


def test_the_stop_button_reaches_a_run_at_its_next_batch() -> None:
    book, _ = trainer.plan(None, False, replace(SMALL, epochs=100), LIMITS)
    views = trainer.carry_out(book, LIMITS)
    while book.run is None or book.run.steps_done == 0:
        next(views)
    done = book.run.steps_done
    assert trainer.stop(book) == View()  # the run answers, not the button
    end = list(views)[-1]
    assert book.run.steps_done == done + 1
    assert "Stopped after" in (end.status or "")
    assert "test pictures" in (end.report or "")
    assert end.can_continue


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
    assert "Done: 4 epochs" in (views[-1].status or "")
    assert losses(book) == losses(four)
    assert len(book.records) == 1  # the same run, not a second one


def test_a_closed_page_pauses_the_run_and_gives_its_place_up() -> None:
    before = trainer.places.taken
    book, _ = trainer.plan(None, False, replace(SMALL, epochs=100), LIMITS)
    views = trainer.carry_out(book, LIMITS)
    while book.run is None or book.run.steps_done == 0:
        next(views)
    assert trainer.places.taken == before + 1
    views.close()
    assert trainer.places.taken == before
    assert run_of(book).phase is Phase.PAUSED
    assert not book.busy
    assert not run_of(book).active


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
    assert not end.can_continue
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
    assert view.can_continue
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
    assert not book.busy


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


# --- limits -------------------------------------------------------------------------------------------


def test_limits_come_from_the_environment() -> None:
    limits = Limits.from_environment({"PAINT_BY_NUMPY_MAX_EPOCHS": "7", "PAINT_BY_NUMPY_MAX_SECONDS": " 60 "})
    assert (limits.max_epochs, limits.max_seconds) == (7, 60)
    assert limits.max_trainings == Limits().max_trainings


@pytest.mark.parametrize("text", ["0", "-3", "many", "2.5"])
def test_a_limit_that_is_no_whole_number_is_named(text: str) -> None:
    with pytest.raises(ValueError, match="PAINT_BY_NUMPY_MAX_TRAININGS"):
        Limits.from_environment({"PAINT_BY_NUMPY_MAX_TRAININGS": text})


def test_too_many_epochs_are_cut_and_said() -> None:
    limits = Limits(max_epochs=3)
    book, views = train(None, replace(SMALL, epochs=50), limits)
    assert run_of(book).record.epochs_done == 3
    assert "at most 3 epochs" in (views[-1].status or "")
    more = go_on(book, SMALL, limits)
    assert "at most 3 epochs" in (more[-1].status or "")
    assert run_of(book).record.epochs_done == 3


def test_continue_stays_within_the_epochs_that_are_lent() -> None:
    limits = Limits(max_epochs=3)
    book, _ = train(None, SMALL, limits)
    views = go_on(book, SMALL, limits)
    assert run_of(book).record.epochs_done == 3
    assert "at most 3 epochs" in (views[-1].status or "")


def test_a_run_pauses_when_its_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0

    def monotonic() -> float:
        nonlocal now
        now += 0.05
        return now

    monkeypatch.setattr("ui.training_run.time.monotonic", monotonic)
    limits = Limits(max_seconds=1)
    book, views = train(None, replace(SMALL, epochs=100), limits)
    assert run_of(book).phase is Phase.PAUSED
    assert "at most 1 s at a time" in (views[-1].status or "")
    assert views[-1].can_continue


def test_large_networks_and_large_steps_are_refused() -> None:
    with pytest.raises(SettingsError, match="parameters"):
        build_network(SMALL, Limits(max_parameters=100))
    wide = replace(SMALL, layers="conv 5x5x64 same, conv 5x5x64 same, pool 2, dense 10", batch_size=1024)
    with pytest.raises(SettingsError, match=r"batch of \d+ or less"):
        build_network(wide, LIMITS)
    build_network(replace(wide, batch_size=16), LIMITS)


def test_a_visitor_who_has_to_wait_is_told() -> None:
    limits = Limits(max_trainings=1)
    busy, _ = trainer.plan(None, False, replace(SMALL, epochs=100), limits)
    with closing(trainer.carry_out(busy, limits)) as views:
        next(views)
        _, answer = trainer.plan(None, False, SMALL, limits)
    assert "1 of 1 places" in (answer.status or "")


def test_every_preset_can_be_run_within_the_default_limits() -> None:
    for settings in presets().values():
        ready, notes = checked(settings, LIMITS)
        build_network(ready, LIMITS)
        assert not notes


# --- several runs, several visitors -------------------------------------------------------------------


def test_runs_stay_on_the_charts_up_to_a_number() -> None:
    book: RunBook | None = None
    for _ in range(MOST_RECORDS + 2):
        book, views = train(book, replace(SMALL, epochs=1))
    assert book is not None
    assert [record.number for record in book.records] == list(range(3, MOST_RECORDS + 3))
    assert len({record.colour for record in book.records}) == MOST_RECORDS
    assert (views[-1].loss or "").count('class="line"') == MOST_RECORDS


def test_what_is_sent_at_each_tick_stays_small() -> None:
    book: RunBook | None = None
    for _ in range(MOST_RECORDS):
        book, views = train(book, replace(SMALL, batch_size=1, epochs=1))
    assert book is not None
    last = views[-1]
    assert len((last.loss or "") + (last.accuracy or "") + (last.status or "")) < 24_000


def test_a_view_has_an_update_for_each_component() -> None:
    names = Stage.__dataclass_fields__
    assert len(shown(View())) == len(names)
    assert len(shown(View(status="", busy=True))) == len(names)
    updates = dict(zip(names, shown(View(busy=False, usable=True, can_continue=True)), strict=True))
    visible = [name for name in ("train", "stop", "more", "keep") if updates[name]["visible"]]
    assert visible == ["train", "more", "keep"]


def test_a_run_can_be_taken_off_the_charts() -> None:
    book, _ = train(None, SMALL)
    train(book, SMALL)
    book.remove(1)
    assert [record.number for record in book.records] == [2]


def test_two_visitors_train_at_once_without_mixing() -> None:
    alone, _ = train(None, SMALL)
    other_alone, _ = train(None, replace(SMALL, seed=8))
    books = [trainer.plan(None, False, replace(SMALL, seed=seed), LIMITS)[0] for seed in (3, 8)]
    threads = [threading.Thread(target=list, args=(trainer.carry_out(book, LIMITS),)) for book in books]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert losses(books[0]) == losses(alone)
    assert losses(books[1]) == losses(other_alone)


def test_only_the_newest_network_is_kept() -> None:
    book, _ = train(None, SMALL)
    first = weakref.ref(run_of(book).network)
    train(book, SMALL)
    gc.collect()
    assert first() is None


def test_leaving_stops_the_run_and_frees_its_network() -> None:
    book, _ = trainer.plan(None, False, replace(SMALL, epochs=100), LIMITS)
    run_book.remember("a session", book)
    views = trainer.carry_out(book, LIMITS)
    while book.run is None or book.run.steps_done == 0:
        next(views)
    done, network = book.run.steps_done, weakref.ref(book.run.network)
    run = weakref.ref(book.run)
    run_book.forget("a session")
    began = time.monotonic()
    list(views)
    assert time.monotonic() - began < 1
    assert book.run is None
    still = run()
    assert still is None or still.steps_done <= done + 1
    del views, still
    gc.collect()
    assert network() is None


def test_the_register_of_sessions_holds_no_book() -> None:
    kept, _ = train(None, SMALL)
    book = weakref.ref(kept)
    run_book.remember("another session", kept)
    del kept
    gc.collect()
    assert book() is None
    run_book.forget("another session")  # gone by itself, and that is no error
    run_book.forget(None)


def test_what_has_expired_is_said() -> None:
    _, view = trainer.plan_more(None, SMALL, LIMITS)
    assert "kept for 1 h" in (view.status or "")
    assert not view.usable
    book, _ = trainer.plan(None, True, SMALL, LIMITS)
    end = list(trainer.carry_out(book, LIMITS))[-1]
    assert "kept for 1 h" in (end.status or "")
    _, views = train(None, SMALL)
    assert "kept for" not in (views[-1].status or "")


# --- files --------------------------------------------------------------------------------------------


def bring_back(path: Path) -> tuple[RunBook, View]:
    book, answer = trainer.plan_upload(None, str(path), LIMITS)
    return book, [answer, *trainer.carry_out(book, LIMITS)][-1]


def test_a_downloaded_network_comes_back_and_can_be_trained_further(tmp_path: Path) -> None:
    book, views = train(None, SMALL)
    assert views[-1].file is not None
    copy = tmp_path / "mine.npz"
    copy.write_bytes(Path(views[-1].file).read_bytes())
    again, view = bring_back(copy)
    assert run_of(again).examination is not None
    assert run_of(again).record.test_accuracy == run_of(book).record.test_accuracy
    for name, array in weights(book).items():
        np.testing.assert_array_equal(weights(again)[name], array)
    assert view.can_continue
    more = go_on(again, replace(SMALL, data="mnist", network="lenet-5"))  # its own data and layers count
    assert "Done: 2 epochs" in (more[-1].status or "")
    assert not all(np.array_equal(weights(book)[name], array) for name, array in weights(again).items())


def test_the_file_says_how_it_was_trained() -> None:
    _, views = train(None, SMALL)
    network = checkpoint.load(views[-1].file or "")
    assert network.trained["optimizer"] == "Adam"
    assert network.trained["epochs"] == 2
    assert 0.5 < network.metrics["digits-8x8 test"] <= 1


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04 and then nothing"])
def test_a_file_that_is_no_network_is_refused_and_the_run_stays(
    tmp_path: Path, content: bytes, stopped: RunBook
) -> None:
    path = tmp_path / "bad.npz"
    path.write_bytes(content)
    book, view = trainer.plan_upload(stopped, str(path), LIMITS)
    assert "This file can&#x27;t be used" in (view.status or "")
    assert 'role="alert"' in (view.status or "")
    assert view.can_continue
    assert list(trainer.carry_out(book, LIMITS)) == []


def test_a_network_for_other_pictures_is_refused(tmp_path: Path) -> None:
    network = build_network(SMALL, LIMITS)
    network.labels = tuple("abcdefghij")[:10]
    network.preprocessing = replace(network.preprocessing, size=16)
    network.input_shape = (16, 16, 1)
    path = tmp_path / "other.npz"
    checkpoint.save(network, path)
    _, view = bring_back(path)
    assert "This file can&#x27;t be used" in (view.status or "")


def test_a_book_that_is_released_takes_its_files_along() -> None:
    book, views = train(None, SMALL)
    path = Path(views[-1].file or "")
    assert path.exists()
    book.release()
    assert not path.parent.exists()


# --- the form -----------------------------------------------------------------------------------------


def test_a_preset_sets_every_field() -> None:
    for name, settings in presets().items():
        values = choose_preset(LIMITS, name)
        assert settings_of(tuple(values[: len(values_of(settings))])) == settings


def test_data_and_network_follow_each_other() -> None:
    values = values_of(replace(SMALL, network="lenet-5", data="digits-8x8"))
    network, layers, images, *_ = choose_data(LIMITS, *values)
    assert (network, images) == ("digits-8x8", 1437)
    data, layers, images, *_ = choose_network(LIMITS, *values)
    assert (data, images) == ("mnist", 55_000)
    assert layers.startswith("conv 5x5x6")


def test_edited_layers_are_the_visitors_own_and_a_mistake_is_named() -> None:
    values = values_of(replace(presets()["lenet-5"], layers="conv 3x3x16, rellu, dense 10"))
    network, note = read_layers(LIMITS, *values)
    assert network == OWN
    assert "rellu" in note
    assert 'role="alert"' in note


def test_layers_that_a_network_brought_leave_it_chosen() -> None:
    for settings in presets().values():
        network, note = read_layers(LIMITS, *values_of(settings))
        assert network == settings.network
        assert "parameters" in note


def test_the_quick_look_is_first() -> None:
    assert next(iter(presets())) == QUICK


# --- what is drawn -------------------------------------------------------------------------


def test_a_curve_of_many_losses_has_few_points_and_keeps_the_mean() -> None:
    curve = Curve(memory=100)
    values = np.random.default_rng(0).random(10_000)
    for i, value in enumerate(values):
        curve.add(i / 100, float(value))
    assert CAPACITY // 2 <= len(curve.points) <= CAPACITY
    assert curve.points[-1].x == pytest.approx(99.99)
    whole = curve.points[:-1]
    assert np.mean([point.value for point in whole]) == pytest.approx(values.mean(), abs=0.01)
    assert curve.smooth == pytest.approx(values[-300:].mean(), abs=0.1)


def test_a_smoothed_curve_keeps_up_with_a_fast_beginning() -> None:
    curve = Curve(memory=1000)
    for i in range(100):
        curve.add(i, 10.0 if i < 10 else 1.0)
    assert curve.smooth == pytest.approx(1.0, abs=0.1)


def test_a_smoothed_curve_begins_at_its_first_loss() -> None:
    curve = Curve(memory=50)
    curve.add(0.0, 2.5)
    assert curve.smooth == pytest.approx(2.5)


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [(0, 1, (0, 0.2, 0.4, 0.6, 0.8, 1)), (0.95, 1, (0.95, 0.96, 0.97, 0.98, 0.99, 1))],
)
def test_ticks_are_round(low: float, high: float, ticks: tuple[float, ...]) -> None:
    assert charts.linear_scale(low, high).ticks == pytest.approx(ticks)


def test_a_logarithmic_scale_has_equal_distances_for_equal_ratios() -> None:
    scale = charts.log_scale(0.001, 10)
    assert scale.ticks == pytest.approx((0.001, 0.01, 0.1, 1, 10))
    assert scale.place(0.1) == pytest.approx(0.5)
    assert len(charts.log_scale(0.3, 2.4).ticks) >= 3
    assert np.isfinite(scale.place(0.0))


def test_the_newest_run_is_never_a_sliver_beside_a_longer_one() -> None:
    book, _ = train(None, replace(SMALL, epochs=20))
    assert epoch_scale(book).high == 20
    train(book, SMALL)
    assert epoch_scale(book).high == 4  # twice its two epochs
    early, _ = trainer.plan(None, False, replace(SMALL, epochs=100), LIMITS)
    with closing(trainer.carry_out(early, LIMITS)) as views:
        while early.run is None or early.run.steps_done < 5:
            next(views)
        assert early.run.record.epochs_done <= epoch_scale(early).high < 100


def test_a_chart_escapes_its_words_and_draws_each_line() -> None:
    lines = [charts.Line([(0, 1), (1, 0)], "red"), charts.Line([(0, 0)], "blue", faint=True)]
    drawn = charts.chart("<b>", "", lines, charts.linear_scale(0, 1), charts.linear_scale(0, 1), "x")
    assert "&lt;b&gt;" in drawn
    assert drawn.count("<polyline") == 2
    first = re.findall(r'class="line" points="([^"]+)"', drawn)
    assert first == ["0.0,0.0 1000.0,400.0"]


def test_first_weights_are_pictures_of_what_they_multiply() -> None:
    network = build_network(replace(SMALL, layers="pool 2, dense 5, relu, dense 10"), LIMITS)
    pictures = first_weights(network)
    assert pictures is not None
    assert pictures.shape == (5, 4, 4)
    weight = next(array for name, array in network.parameters.items() if name.endswith("weight"))
    np.testing.assert_array_equal(pictures[2].ravel(), weight[:, 2])
    convolution = first_weights(build_network(replace(SMALL, layers="conv 3x3x7, dense 10"), LIMITS))
    assert convolution is not None
    assert convolution.shape == (7, 3, 3)


def test_the_examination_counts_and_finds_the_most_confident_mistakes() -> None:
    data = datasets.Dataset(np.zeros((4, 8, 8), np.uint8), np.array([0, 1, 1, 2]), "made up")
    found = np.array([[0.9, 0.1, 0], [0.6, 0.4, 0], [0.2, 0.8, 0], [0.8, 0.1, 0.1]], np.float32)
    examination = judged(found, data, ("a", "b", "c"))
    assert examination.confusion.tolist() == [[1, 0, 0], [1, 1, 0], [1, 0, 0]]
    assert (examination.right, examination.count) == (2, 4)
    assert [(m.actual, m.read) for m in examination.mistakes] == [("c", "a"), ("b", "a")]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "0 s"), (59, "59 s"), (60, "1 min"), (200, "3 min 20 s"), (3900, "1 h 5 min")],
)
def test_times_are_spoken(seconds: float, words: str) -> None:
    assert spoken_time(seconds) == words


@pytest.fixture(autouse=True)
def no_place_is_left_taken() -> Iterator[None]:
    before = trainer.places.taken
    yield
    assert trainer.places.taken == before

"""Several runs, several visitors: what stays, what is shared, what is freed, what comes back as a file."""

import gc
import threading
import time
import weakref
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine import checkpoint
from engine.architectures import from_text
from engine.images import Preprocessing
from tests.trainings import LIMITS, LONG, SMALL, go_on, losses, run_of, train, train_some_steps, weights
from ui import run_book, trainer
from ui.run_book import MOST_RECORDS, RunBook
from ui.train import Stage, shown
from ui.train_view import View
from ui.visitors import Belongings

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
    updates = dict(zip(names, shown(View(busy=False, usable=True, continues="Run 1")), strict=True))
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
    book, _ = trainer.plan(None, False, LONG, LIMITS)
    run_book.sessions.remember("a session", book)
    views = trainer.carry_out(book, LIMITS)
    while book.run is None or book.run.steps_done == 0:
        next(views)
    done, network = book.run.steps_done, weakref.ref(book.run.network)
    run = weakref.ref(book.run)
    run_book.sessions.leave("a session")
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
    run_book.sessions.remember("another session", kept)
    del kept
    gc.collect()
    assert book() is None
    run_book.sessions.leave("another session")  # gone by itself, and that is no error
    run_book.sessions.leave(None)


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
    assert view.continues == "Run 1"
    more = go_on(again, replace(SMALL, data="mnist", network="lenet-5"))  # its own data and layers count
    assert "done: 2 epochs" in (more[-1].status or "")
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
    assert view.continues == "Run 1"
    assert list(trainer.carry_out(book, LIMITS)) == []


def test_a_network_for_other_pictures_is_refused(tmp_path: Path) -> None:
    network = from_text("dense 10", (16, 16, 1), preprocessing=Preprocessing(size=16))
    path = tmp_path / "other.npz"
    checkpoint.save(network, path)
    _, view = bring_back(path)
    assert "it reads 16×16 pictures" in (view.status or "")


def test_a_book_that_is_released_takes_its_files_along() -> None:
    book, views = train(None, SMALL)
    path = Path(views[-1].file or "")
    assert path.exists()
    book.release()
    assert not path.parent.exists()


@pytest.fixture
def stopped() -> RunBook:
    """A run of two epochs that was stopped at its 13th of 40 steps."""
    return train_some_steps(SMALL)


def test_a_folder_that_is_asked_for_too_late_goes_with_its_owner() -> None:
    belongings = Belongings()
    first = belongings.folder()
    belongings.release()
    assert not first.exists()
    late = belongings.folder()  # what was under way did not know
    assert late.is_dir()
    del belongings
    gc.collect()
    assert not late.exists()

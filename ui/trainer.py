"""What the buttons of the Train tab do, without Gradio: a visitor's book goes in, views come out.

`plan`, `plan_more` and `plan_upload` only note what is wanted and answer at once; `carry_out` does it, and
may have to wait for a place. So Stop, and a message, reach a visitor who waits.
"""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import replace

from engine.checkpoint import CheckpointError, load
from engine.datasets import DataUnavailable, Splits
from engine.network import Network
from engine.own_digits import OwnDigits
from ui import training_view as html
from ui.data_source import fetch
from ui.limits import Limits, spoken_time
from ui.messages import message
from ui.places import places
from ui.run_book import More, New, RunBook, Upload
from ui.train_view import View, ended, expired, live, refused, waiting
from ui.training_run import Phase
from ui.training_settings import (
    PICTURE_SIZES,
    Settings,
    SettingsError,
    build_network,
    check_fit,
    check_size,
    checked,
)

NOT_BEGUN = "Stopped before it began."


def plan(
    book: RunBook | None, had_runs: bool, settings: Settings, limits: Limits, own: OwnDigits | None = None
) -> tuple[RunBook, View]:
    """Train was pressed. own: the visitor's digits."""
    fresh = book or RunBook()
    if fresh.errand.busy:
        return fresh, View()
    try:
        settings, notes = checked(settings, limits)
        build_network(settings, limits)  # so that an error is told now, not after waiting
    except SettingsError as error:
        return fresh, refused(fresh, str(error))
    fresh.want(New(settings, own), notes)
    if book is None and had_runs:
        fresh.notes.append(
            f"Your earlier runs were kept for {spoken_time(limits.keep_seconds)} and are gone."
        )
    return fresh, waiting(limits)


def plan_more(book: RunBook | None, settings: Settings, limits: Limits) -> tuple[RunBook | None, View]:
    """Continue was pressed: on from a pause, or some more epochs, or first epochs for an uploaded network."""
    if book is None or book.run is None:
        return book, expired(limits)
    run = book.run
    if book.errand.busy or not run.can_continue:
        return book, View()
    if run.phase is Phase.PAUSED:
        book.want(More(), [])
        return book, waiting(limits)
    try:
        if run.settings is None:
            settings = replace(settings, data=data_for(run.network))
        settings, notes = checked(settings, limits)
        check_fit(run.network, run.settings or settings, limits)
    except SettingsError as error:
        return book, refused(book, str(error))
    epochs = min(run.epochs + settings.epochs, limits.max_epochs)
    if run.epochs >= limits.max_epochs:
        return book, refused(
            book, f"This page trains a network for at most {limits.max_epochs} epochs; it has had them."
        )
    if run.epochs and epochs < run.epochs + settings.epochs:
        notes = [f"This page trains a network for at most {limits.max_epochs} epochs, so it goes on to that."]
    book.want(More(settings, epochs), notes)
    return book, waiting(limits)


def plan_upload(book: RunBook | None, path: str | None, limits: Limits) -> tuple[RunBook, View]:
    """A file was uploaded."""
    book = book or RunBook()
    if book.errand.busy and path is not None:
        book.notes.append("Stop first, and then bring the network back.")
    if book.errand.busy or path is None:
        return book, View()
    try:
        network = load(path)
        data_for(network)
        check_size(network, 100, limits)
    except (CheckpointError, SettingsError) as error:
        return book, refused(book, f"This file can't be used: {error}")
    book.want(Upload(network), [])
    return book, waiting(limits)


def data_for(network: Network) -> str:
    """The data set whose pictures a network reads."""
    size = network.preprocessing.size
    if len(network.labels) == 10 and size in PICTURE_SIZES.values():
        return next(data for data, known in PICTURE_SIZES.items() if known == size)
    raise SettingsError(
        f"it reads {size}×{size} pictures of {len(network.labels)} kinds, and the data here are "
        "8×8 and 28×28 pictures of ten digits."
    )


def stop(book: RunBook | None) -> View:
    """Stop was pressed. A run that is being worked on answers itself; where none is, this does."""
    if book is None:
        return View(status="", busy=False)
    if book.errand.cancel() is not None:
        return replace(ended(book), status=message(NOT_BEGUN))
    return View() if book.errand.busy else ended(book)


def carry_out(book: RunBook | None, limits: Limits) -> Generator[View, None, None]:
    """Do what was planned. Closing the generator pauses a run; its place is given up in any case."""
    wanted = book.errand.take() if book is not None else None
    if book is None or wanted is None:
        return
    with places.one(), book.errand.under_way() as stop:
        try:
            yield from _prepared(book, wanted, limits)
            if stop.is_set():
                book.errand.busy = False
                yield replace(ended(book), status=message(NOT_BEGUN))
            else:
                yield from _worked(book, stop, limits)
        except DataUnavailable as error:
            yield refused(book, f"{error} The 8×8 digits are always here.")
        except SettingsError as error:
            yield refused(book, str(error))


def _prepared(book: RunBook, wanted: New | More | Upload, limits: Limits) -> Iterator[View]:
    """Data and network as wanted; book.run is then the run to work on."""
    if isinstance(wanted, New):
        splits = yield from _fetched(wanted.settings.data, wanted.own)
        book.start(wanted.settings, splits, limits)
    elif isinstance(wanted, Upload):
        try:
            splits = yield from _fetched(data_for(wanted.network))
        except DataUnavailable as error:
            book.bring_back(wanted.network, None)
            book.notes.append(f"It could not be tested: {error}")
        else:
            book.bring_back(wanted.network, splits)
    elif book.run is not None and wanted.settings is not None:
        if book.run.settings is None:
            book.run.adopt(wanted.settings)
        else:
            book.run.prolong(wanted.epochs)


def _fetched(data: str, own: OwnDigits | None = None) -> Generator[View, None, Splits]:
    """The data, with a bar while they are downloaded."""
    splits = None
    for step in fetch(data, own):
        if isinstance(step, Splits):
            splits = step
        else:
            yield View(status=html.progress(*step), busy=True)
    assert splits is not None
    return splits


def _worked(book: RunBook, stop: threading.Event, limits: Limits) -> Iterator[View]:
    run = book.run
    assert run is not None
    with closing(run.work(stop, limits.max_seconds)) as ticks:
        yield live(book, 0)
        for tick, _ in enumerate(ticks, 1):
            yield live(book, tick)
    if book.run is run:
        book.errand.busy = False
        note_results(book)
        yield ended(book)


def note_results(book: RunBook) -> None:
    """Write into the network what its file says of it."""
    run = book.run
    assert run is not None
    network, settings = run.network, run.settings
    if settings is not None:
        network.trained = {
            "data": settings.data,
            "loss": settings.loss,
            "optimizer": settings.optimizer,
            "learning_rate": settings.learning_rate,
            "schedule": settings.schedule,
            "rule": settings.rule,
            "batch_size": settings.batch_size,
            "images": settings.images,
            "seed": settings.seed,
            "epochs": round(run.record.epochs_done, 3),
            "seconds": round(run.record.seconds, 1),
        }
    if run.examination is not None:
        network.metrics = {f"{run.examination.data} test": round(run.examination.accuracy, 5)}

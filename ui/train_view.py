"""What the Train tab shows at each moment, as one value that no component has to be known for."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ui import training_view as html
from ui.limits import Limits, spoken_time
from ui.messages import message
from ui.places import places
from ui.report import report
from ui.run_book import RunBook
from ui.weight_pictures import weight_pictures

WEIGHTS_EVERY = 3  # ticks: pictures are larger than curves


@dataclass(frozen=True)
class View:
    """What of the tab changes; None leaves it as it is. busy: whether Stop is offered, or Train, Continue."""

    status: str | None = None
    loss: str | None = None
    accuracy: str | None = None
    weights: str | None = None
    report: str | None = None
    runs: str | None = None
    busy: bool | None = None
    continues: str | None = None  # the run that Continue would go on with, if it is offered
    usable: bool = False  # whether there is a network to use in Draw and to download
    file: str | None = None  # that network


def live(book: RunBook, tick: int) -> View:
    """What a running training shows."""
    run = book.run
    if run is None:
        return View()
    pictures = tick % WEIGHTS_EVERY == 0
    return View(
        status=html.status(book),
        loss=html.loss_chart(book),
        accuracy=html.accuracy_chart(book),
        weights=weight_pictures(run.network) if pictures else None,
        report="" if tick == 0 else None,
        runs=html.run_table(book) if pictures else None,
        busy=True if pictures else None,
    )


def ended(book: RunBook) -> View:
    """Everything that the end shows, whoever or whatever ended it."""
    run = book.run
    if run is None:
        return View(status="", busy=False)
    return replace(
        charts(book),
        status=html.status(book),
        weights=weight_pictures(run.network),
        report="" if run.examination is None else report(run.examination),
        busy=False,
        continues=continued(book),
        usable=True,
        file=book.file(),
    )


def continued(book: RunBook) -> str | None:
    """The run that Continue would go on with."""
    return html.name(book.run.record) if book.run is not None and book.run.can_continue else None


def charts(book: RunBook | None) -> View:
    """The charts and the table anew."""
    book = book or RunBook()
    return View(loss=html.loss_chart(book), accuracy=html.accuracy_chart(book), runs=html.run_table(book))


def refused(book: RunBook, sentence: str) -> View:
    """Why nothing was done. What was there stays."""
    book.errand.busy = False
    run = book.run
    return View(
        status=message(sentence, "error"),
        busy=False,
        continues=continued(book),
        usable=run is not None,
    )


def expired(limits: Limits) -> View:
    kept = spoken_time(limits.keep_seconds)
    sentence = (
        f"Your network was kept for {kept} after its last use and is gone. Train again, or upload its file."
    )
    return View(status=message(sentence, "error"), busy=False)


def waiting(limits: Limits) -> View:
    """The answer to a click, before the training has a place."""
    wait = places.wait(limits.max_trainings)
    return View(status=message(wait) if wait else html.progress(0.0, "Beginning …"), busy=True)

"""A visitor's runs as HTML: the progress, the two charts, the table of runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from ui.charts import Line, Scale, chart, linear_scale, log_scale, round_up
from ui.limits import spoken_time
from ui.messages import bar, message
from ui.run_book import RunBook
from ui.training_run import Phase, Record, Run

FLOORS = (0.95, 0.9, 0.8, 0.5, 0.0)  # where the accuracy axis may begin
EPOCHS = "epochs (times that every picture was seen)"
EMPTY_LOSS = "Press Train, and watch it fall."
EMPTY_ACCURACY = "And this one rises."
TAKEN_OFF = "{run} was taken off the charts."
NO_CURVE = "{run} has no curve yet."


def progress(fraction: float, text: str) -> str:
    """How far the training is."""
    return bar(fraction, text, "Progress of the training")


def status(book: RunBook) -> str:
    """Where the newest run is, in a bar or a sentence, and a sentence for each limit that bit."""
    notes = "".join(message(note) for note in book.notes)
    run = book.run
    if run is None:
        return notes
    if run.phase in (Phase.READY, Phase.TRAINING):
        return progress(run.pace.fraction, pace_text(run)) + notes
    if run.phase is Phase.TESTING:
        return progress(run.pace.fraction, "Reading the test pictures …") + notes
    if run.phase is Phase.FAILED:
        return message(run.reason, "error") + notes
    return message(ended_text(run), "done") + notes


def pace_text(run: Run) -> str:
    pace = run.pace
    parts = [f"Epoch {min(run.epochs, int(run.record.epochs_done) + 1)} of {run.epochs}"]
    if pace.images_per_second:
        parts.append(f"{pace.images_per_second:,.0f} pictures/s")
    if pace.seconds_left is not None:
        left = spoken_time(pace.seconds_left) if pace.seconds_left >= 1 else "less than a second"
        parts.append(f"{left} left")
    return " · ".join(parts)


def ended_text(run: Run) -> str:
    run_name = name(run.record)
    if run.settings is None:
        return f"The network is back, as {run_name.lower()}. Continue trains it by the settings chosen."
    if run.phase is Phase.DONE:
        epochs = f"{run.epochs} epoch{'s' * (run.epochs > 1)}"
        return (
            f"{run_name} is done: {epochs} in {spoken_time(run.record.seconds)}. Continue adds as many "
            "epochs as are set now, all else as it was."
        )
    stopped = f"{run_name} stopped after {run.record.epochs_done:.1f} of {run.epochs} epochs."
    return f"{stopped} {run.reason or 'Continue goes on from exactly here.'}"


def loss_chart(book: RunBook) -> str:
    """The loss of each run, smoothed; behind the newest its batches, faint. Earlier: fewer points."""
    curves = [(record, record.loss.points) for record in book.records if record.loss.points]
    lines = []
    for record, points in curves:
        newest = record is curves[-1][0]
        if newest:
            lines.append(Line([(p.x, p.value) for p in points], record.colour, faint=True))
        few = points if newest else [*points[::2], points[-1]]
        lines.append(Line([(p.x, p.smooth) for p in few], record.colour))
    y = loss_scale([p.smooth for _, points in curves for p in points], book.log_loss)
    summary = "; ".join(
        f"{name(record)}: from {points[0].smooth:.3g} to {points[-1].smooth:.3g}" for record, points in curves
    )
    return chart(
        "Loss",
        "lower is better",
        lines,
        epoch_scale(book),
        y,
        EPOCHS,
        summary=summary or empty(book, EMPTY_LOSS),
    )


def empty(book: RunBook, invitation: str) -> str:
    """What stands where there is no curve: the invitation, unless there is a run."""
    if book.run is None:
        return invitation
    why = NO_CURVE if book.run.record in book.records else TAKEN_OFF
    return why.format(run=name(book.run.record))


def loss_scale(values: Sequence[float], log: bool) -> Scale:
    if not values:
        return linear_scale(0.0, 1.0)
    if log:
        return log_scale(max(min(values) * 0.7, 1e-6), max(values) * 1.2)
    return linear_scale(0.0, max(values) * 1.08)


def accuracy_chart(book: RunBook) -> str:
    """The validation accuracy of each run; the axis begins where the better part of the runs lies."""
    shown = [record for record in book.records if record.checks]
    lines = [Line(record.checks, record.colour) for record in shown]
    y = accuracy_scale(record.checks for record in shown)
    summary = "; ".join(f"{name(record)}: {record.checks[-1][1]:.1%}" for record in shown)
    return chart(
        "Accuracy",
        "on pictures it does not learn from",
        lines,
        epoch_scale(book),
        y,
        EPOCHS,
        "{:.0%}".format,
        summary or empty(book, EMPTY_ACCURACY),
    )


def accuracy_scale(runs: Iterable[Sequence[tuple[float, float]]]) -> Scale:
    """Up to 100 %, from the highest floor that shows the later three quarters of every run."""
    lowest = [min(value for _, value in checks[len(checks) // 4 :]) for checks in runs]
    floor = next(floor for floor in FLOORS if floor <= min(lowest, default=0.0))
    return linear_scale(floor, 1.0)


def epoch_scale(book: RunBook) -> Scale:
    """As far as the runs have come, but never so far that the newest is a sliver at the left.

    While the newest grows, the axis goes on from one round number to the next.
    """
    ends = [record.epochs_done for record in book.records]
    run = book.run
    if run is not None and run.epochs and run.record in book.records:
        newest = min(float(run.epochs), round_up(max(run.record.epochs_done, run.epochs / 100)))
        ends = [newest, *(min(end, 2 * newest) for end in ends)]
    return linear_scale(0.0, max(ends)) if any(ends) else Scale(0.0, 1.0, ())


def name(record: Record) -> str:
    return f"Run {record.number}"


def run_table(book: RunBook) -> str:
    """The runs on the charts with their colours: the legend, and what came of each."""
    if not book.records:
        return ""
    rows = "".join(_row(record, book) for record in reversed(book.records))
    return (
        '<section class="runs"><h3>Runs on the charts</h3>'
        "<p>Only the newest run's network is kept, the others' curves are.</p>"
        '<div class="scroll"><table><thead><tr>'
        '<th scope="col">Run</th><th scope="col" class="what">Settings</th><th scope="col">Epochs</th>'
        '<th scope="col">Loss</th><th scope="col">Best</th><th scope="col">Test</th><th scope="col">Time</th>'
        f"<td></td></tr></thead><tbody>{rows}</tbody></table></div></section>"
    )


def _row(record: Record, book: RunBook) -> str:
    busy = book.errand.busy and book.run is not None and book.run.record is record
    label = f"Take {name(record)} off the charts"
    remove = f'<button type="button" data-remove="{record.number}" aria-label="{label}">×</button>'
    best, test = record.best_check, None if busy else record.test_accuracy  # while busy, of other weights
    cells = (
        f"{record.epochs_done:.3g}" if record.epochs_done else "–",
        "–" if record.loss.smooth is None else f"{record.loss.smooth:.3g}",
        "–" if best is None else f"{best:.1%}",
        "–" if test is None else f"{test:.2%}",
        spoken_time(record.seconds) if record.seconds else "–",
    )
    return (
        f'<tr><th scope="row"><i style="background:{record.colour}"></i>{name(record)}</th>'
        f'<td class="what">{escape(described(record))}</td>{"".join(f"<td>{cell}</td>" for cell in cells)}'
        f"<td>{'' if busy else remove}</td></tr>"
    )


def described(record: Record) -> str:
    """What sets a run apart from the others, in a line."""
    settings = record.settings
    if settings is None:
        return record.title
    return " · ".join(
        (
            record.title,
            f"{settings.optimizer} {settings.learning_rate:g}"
            + ("" if settings.schedule == "constant" else f" {settings.schedule}"),
            f"batch {settings.batch_size}",
            f"{settings.images:,} pictures",
            settings.loss,
            *(() if settings.rule == "backpropagation" else (settings.rule,)),
            f"seed {settings.seed}",
        )
    )

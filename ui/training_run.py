"""One training of one visitor: it can pause at any batch, go on exactly from there, and be let go of.

Pure Python: nothing here knows the page. `Run.work` is a generator that computes for a moment and yields,
some five times a second; whoever shows it decides what of it to show.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from enum import Enum

from engine.datasets import Splits
from engine.losses import LOSSES
from engine.network import Network
from engine.rules import RULES
from engine.schedules import SCHEDULES
from engine.training import BatchDone, Event, Finished, ShuffledBatches, train
from ui.curve import Curve
from ui.examination import Examination, accuracy, examine
from ui.limits import spoken_time
from ui.training_settings import Settings, preset_of

TICK = 0.2  # seconds between two yields
CHECKED = 1000  # validation pictures: the same for every run, so that runs can be compared
CHECKS = 24  # of the validation accuracy in one run, if it has no more epochs than that
SMOOTHED = 40  # the smoothed loss looks back over this part of a run
MOST_CHECKS = 200  # on the chart


class Phase(Enum):
    """Where a run is. PAUSED can go on in mid-epoch, DONE can be given more epochs, FAILED can't go on."""

    READY = "ready"
    TRAINING = "training"
    TESTING = "testing"
    PAUSED = "paused"
    DONE = "done"
    FAILED = "failed"


@dataclass
class Record:
    """What stays of a run on the charts, also when its network is gone."""

    number: int
    settings: Settings | None
    title: str
    colour: str = ""
    loss: Curve = field(default_factory=Curve)
    checks: list[tuple[float, float]] = field(default_factory=list)  # (epochs done, validation accuracy)
    test_accuracy: float | None = None
    epochs_done: float = 0.0
    seconds: float = 0.0  # of training, without checks and pauses

    @property
    def short_title(self) -> str:
        """For a button or a list: a list of layers would be too long there. The preset says more."""
        settings = self.settings
        what = self.title if settings is None else preset_of(settings) or settings.network
        return f"run {self.number}: {what}"

    @property
    def best_check(self) -> float | None:
        return max((value for _, value in self.checks), default=None)


@dataclass
class Pace:
    """How fast a run goes. fraction: of all its steps."""

    fraction: float = 0.0
    images_per_second: float = 0.0
    seconds_left: float | None = None


class Run:
    """A network in training. `settings` is None for an uploaded network until it is trained further."""

    epochs = 0  # planned, in all
    steps_per_epoch = 0

    def __init__(
        self, record: Record, network: Network, splits: Splits | None, settings: Settings | None = None
    ) -> None:
        self.record, self.network, self.splits = record, network, splits
        self.settings: Settings | None = None
        self.phase = Phase.READY
        self.reason = ""
        self.pace = Pace()
        self.examination: Examination | None = None
        self.steps_done = 0
        self.left = False  # nobody wants the rest
        self._shown = 0.0  # when it last yielded
        self._busy = threading.Lock()  # a run computes in one thread at a time
        if settings is not None:
            self.adopt(settings)

    @property
    def can_continue(self) -> bool:
        return self.splits is not None and self.phase in (Phase.PAUSED, Phase.DONE)

    def adopt(self, settings: Settings) -> None:
        """Plan a training with these settings; the run has none so far."""
        assert self.splits is not None
        self.settings = self.record.settings = settings
        self._optimizer = settings.make_optimizer()
        self._data = self.splits.train.take(settings.images)
        self._batches = ShuffledBatches(self._data, settings.batch_size, settings.seed)
        self.steps_per_epoch = self._batches.steps_per_epoch
        self.epochs = settings.epochs
        steps = self.steps_per_epoch * self.epochs
        self._check_every = max(1, steps // max(CHECKS, min(self.epochs, 2 * CHECKS)))
        self.record.loss.memory = max(3.0, steps / SMOOTHED)
        self.phase = Phase.READY

    def prolong(self, epochs: int) -> None:
        """Plan up to `epochs` in all."""
        self.epochs = max(self.epochs, epochs)

    def work(self, stop: threading.Event, seconds: float) -> Generator[None]:
        """Train until the end, until `stop` is set or for `seconds`; then test. Yields about every TICK.

        Closing the generator pauses the run where it is.
        """
        if not self._busy.acquire(blocking=False):
            return
        try:
            ended = self._finished_phase()
            if self.settings is not None and self.steps_done < self.steps_per_epoch * self.epochs:
                ended = Phase.PAUSED
                with closing(self._events()) as events:
                    yield from self._train(events, stop, time.monotonic() + seconds)
                ended = self.phase
            if not self.left:
                self.phase = Phase.TESTING
                yield from self._test()
        finally:
            self.phase = ended
            self._busy.release()

    def _finished_phase(self) -> Phase:
        return Phase.FAILED if self.phase is Phase.FAILED else Phase.DONE

    def _events(self) -> Generator[Event]:
        """The steps that are still to be done, the same ones as if there had been no pause."""
        assert self.settings is not None
        yield from train(
            self.network,
            self._batches,
            LOSSES[self.settings.loss],
            self._optimizer,
            epochs=self.epochs,
            schedule=SCHEDULES[self.settings.schedule],
            rule=RULES[self.settings.rule],
            targets=self.settings.targets,
            first_step=self.steps_done,
        )

    def _train(self, events: Iterator[Event], stop: threading.Event, deadline: float) -> Iterator[None]:
        self.phase, self.reason, self.examination = Phase.TRAINING, "", None
        self.record.test_accuracy = None  # it was of other weights
        if not self.record.checks:
            yield from self._check()
        began, from_step = time.monotonic(), self.steps_done
        while self.phase is Phase.TRAINING:
            before = time.perf_counter()
            event = next(events)
            self.record.seconds += time.perf_counter() - before
            if isinstance(event, BatchDone):
                self._note_batch(event)
                if self._check_due():
                    yield from self._check()
            elif isinstance(event, Finished):
                self._note_end(event)
            now = time.monotonic()
            if self.phase is Phase.TRAINING and (stop.is_set() or now > deadline):
                self._pause(stop, now - began)
            if now - self._shown >= TICK:
                self._note_pace(now - began, from_step)
                yield from self._breathe()

    def _breathe(self) -> Iterator[None]:
        """Yield, but not before TICK has passed since the last time."""
        if time.monotonic() - self._shown >= TICK:
            yield
            self._shown = time.monotonic()

    def _check_due(self) -> bool:
        """At even distances, and soon after the beginning, where most happens."""
        every = self._check_every
        return self.steps_done % every == 0 or self.steps_done in (
            every // 16,
            every // 8,
            every // 4,
            every // 2,
        )

    def _note_batch(self, event: BatchDone) -> None:
        self.steps_done = event.step + 1
        self.record.epochs_done = self.steps_done / self.steps_per_epoch
        self.record.loss.add(self.record.epochs_done, event.loss)

    def _note_end(self, event: Finished) -> None:
        if event.reason == "done":
            self.phase = Phase.DONE
            return
        self.phase = Phase.FAILED
        self.reason = (
            f"After {self.steps_done:,} steps the loss was no longer a finite number, so the run was stopped "
            "and the last finite weights were kept. A smaller learning rate usually helps."
        )

    def _pause(self, stop: threading.Event, seconds: float) -> None:
        self.phase = Phase.PAUSED
        if not stop.is_set():
            self.reason = (
                f"This page trains for at most {spoken_time(seconds)} at a time. Continue goes on from here."
            )

    def _note_pace(self, seconds: float, from_step: int) -> None:
        assert self.settings is not None
        steps, done = self.steps_per_epoch * self.epochs, self.steps_done - from_step
        self.pace = Pace(
            fraction=self.steps_done / steps,
            images_per_second=self.record.epochs_done * len(self._data) / max(1e-9, self.record.seconds),
            seconds_left=seconds / done * (steps - self.steps_done) if done else None,
        )

    def _check(self) -> Iterator[None]:
        """One point of the validation accuracy."""
        assert self.splits is not None
        found = [0.0]
        for share in accuracy(self.network, self.splits.validation.take(CHECKED)):
            found.append(share)
            yield from self._breathe()
        self.record.checks.append((self.record.epochs_done, found[-1]))
        if len(self.record.checks) > MOST_CHECKS:
            del self.record.checks[1:-1:2]

    def _test(self) -> Iterator[None]:
        if self.splits is None:
            return
        for result in examine(self.network, self.splits.test):
            self.examination = result
            yield from self._breathe()
        if self.examination is not None:
            self.record.test_accuracy = self.examination.accuracy

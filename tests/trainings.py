"""Short trainings on the 8x8 digits, as the Train tab's tests press its buttons."""

import threading
from dataclasses import replace

import numpy as np

from ui import trainer
from ui.limits import Limits
from ui.run_book import RunBook
from ui.train_view import View
from ui.training_run import Run
from ui.training_settings import OWN, Settings

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
LONG = replace(SMALL, epochs=100, batch_size=1)  # seconds, for what happens meanwhile


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


def train_some_steps(settings: Settings) -> RunBook:
    book, _ = trainer.plan(None, False, settings, LIMITS)
    book.errand.stop = StopAfter(13)
    list(trainer.carry_out(book, LIMITS))
    return book

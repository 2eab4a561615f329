"""Where a run's data come from, and what is said about them before."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import numpy as np

from engine.datasets import DataUnavailable, Splits, available, concatenate, load
from engine.own_digits import OwnDigits
from ui.training_settings import MINE, WITH_MINE

POLL = 0.2  # seconds

EXPLANATIONS = {
    "digits-8x8": "1,797 digits of 43 people, shrunk to 8×8 gray pixels. Small, and always here.",
    "mnist": "70,000 digits by some 500 people, 28×28 pixels: what most networks of this kind learn from.",
    MINE: "The drawings that you kept in Draw. Every third of each digit is not learnt: it is read to check "
    "how well your hand is known.",
    WITH_MINE: "MNIST, with one of your drawings after every tenth picture. What is checked is how well your "
    "hand is read, on every third drawing, which is not learnt; the final test is MNIST's.",
}
LEAST = 15  # of one's own digits
SHARE = 10  # pictures of MNIST for each of one's own
HERE = "MNIST is on this machine."
TO_DOWNLOAD = "MNIST is not on this machine yet: the first training downloads it once, 11 MB."


def explained(data: str) -> str:
    """What a data set is, and whether it is at hand."""
    if data in ("mnist", WITH_MINE):
        return f"{EXPLANATIONS[data]} {HERE if available('mnist') else TO_DOWNLOAD}"
    return EXPLANATIONS[data]


def fetch(data: str, own: OwnDigits | None = None) -> Iterator[tuple[float, str] | Splits]:
    """(fraction, text) while the data are read or downloaded, at last the data. Raises DataUnavailable.

    own: the visitor's digits, for the data that are made of them.

    A thread of its own does the waiting, so that a visitor who leaves is not waited for; what it fetches is
    kept.
    """
    if data == MINE:
        yield with_own(None, own or OwnDigits())
        return
    loading = _Loading("mnist" if data == WITH_MINE else data)
    loading.start()
    loading.join(POLL)
    while loading.is_alive():
        yield loading.progress
        loading.join(POLL)
    if loading.error is not None:
        raise loading.error
    assert loading.splits is not None
    yield with_own(loading.splits, own or OwnDigits()) if data == WITH_MINE else loading.splits


def with_own(mnist: Splits | None, own: OwnDigits) -> Splits:
    """One's own digits alone, or among MNIST's, one for each SHARE of those.

    Those kept aside are what is checked meanwhile, and tested at the end where there is nothing else.
    """
    learnt, kept = own.split()
    if len(own) < LEAST or not len(kept):
        raise DataUnavailable(
            f"You have kept {len(own)} of your own digits, and at least {LEAST} are needed, three or more of "
            "some. Draw them in Draw, and choose Keep it as a … under the answer."
        )
    if mnist is None:
        return Splits(learnt, kept, kept)
    mine = learnt.subset(np.arange(len(mnist.train) // SHARE) % len(learnt))
    both = concatenate((mnist.train, mine), WITH_MINE)
    # Strewn evenly, so that the first so many pictures have their share too.
    places = np.concatenate([np.arange(len(mnist.train)), np.arange(len(mine)) * SHARE + SHARE - 0.5])
    return Splits(both.subset(np.argsort(places)), kept, mnist.test)


class _Loading(threading.Thread):
    def __init__(self, data: str) -> None:
        super().__init__(daemon=True)
        self.data = data
        self.progress = (0.0, "Opening the pictures …")
        self.splits: Splits | None = None
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            self.splits = load(self.data, self._note)
        except Exception as error:  # raised again in the visitor's thread
            self.error = error

    def _note(self, fraction: float, text: str) -> None:
        self.progress = (fraction, text)

"""Where a run's data come from, and what is said about them before."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from engine.datasets import Splits, available, load

POLL = 0.2  # seconds

EXPLANATIONS = {
    "digits-8x8": "1,797 digits of 43 people, shrunk to 8×8 gray pixels. Small, and always here.",
    "mnist": "70,000 digits by some 500 people, 28×28 pixels: what most networks of this kind learn from.",
}
HERE = "It is on this machine."
TO_DOWNLOAD = "It is not on this machine yet: the first training downloads it once, 11 MB."


def explained(data: str) -> str:
    """What a data set is, and whether it is at hand."""
    if data == "mnist":
        return f"{EXPLANATIONS[data]} {HERE if available(data) else TO_DOWNLOAD}"
    return EXPLANATIONS[data]


def fetch(data: str) -> Iterator[tuple[float, str] | Splits]:
    """(fraction, text) while the data are read or downloaded, at last the data. Raises DataUnavailable.

    A thread of its own does the waiting, so that a visitor who leaves is not waited for; what it fetches is
    kept.
    """
    loading = _Loading(data)
    loading.start()
    loading.join(POLL)
    while loading.is_alive():
        yield loading.progress
        loading.join(POLL)
    if loading.error is not None:
        raise loading.error
    assert loading.splits is not None
    yield loading.splits


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

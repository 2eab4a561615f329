"""How many trainings run at one time, of all visitors."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Places:
    """Counts the trainings that run now, only to tell who waits what for: the queue does the waiting."""

    def __init__(self) -> None:
        self.taken = 0
        self._lock = threading.Lock()

    @contextmanager
    def one(self) -> Iterator[None]:
        with self._lock:
            self.taken += 1
        try:
            yield
        finally:
            with self._lock:
                self.taken -= 1

    def wait(self, most: int) -> str:
        """What is said to a visitor who has to wait, where so many run at most; "" who need not."""
        if self.taken < most:
            return ""
        return (
            f"{self.taken} of {most} places are taken by other visitors. "
            "Yours begins by itself as soon as one is free."
        )


places = Places()

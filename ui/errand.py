"""Work of some seconds that a visitor has asked for: noted at once, done when there is a place for it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

T = TypeVar("T")


class Errand(Generic[T]):
    """Belongs to one visitor, who has one thing done at a time.

    busy: something is wanted or being done. stop: set where that should end; each has one of its own.
    left: the visitor has gone, and nothing is to be computed or kept any more.
    """

    def __init__(self) -> None:
        self.wanted: T | None = None
        self.busy = False
        self.stop = threading.Event()
        self.left = False

    def want(self, wanted: T) -> None:
        """Note what is to be done next."""
        self.wanted, self.busy, self.stop = wanted, True, threading.Event()

    def take(self) -> T | None:
        """What is to be done, once."""
        wanted, self.wanted = self.wanted, None
        return wanted

    def cancel(self) -> T | None:
        """Stop was pressed: what still waited for a place, and is not done now; None where it was begun, and
        ends by itself, or where nothing was wanted.
        """
        self.stop.set()
        waited = self.take()
        if waited is not None:
            self.busy = False
        return waited

    @contextmanager
    def under_way(self) -> Iterator[threading.Event]:
        """While what was taken is being done: its `stop`. Afterwards the next can be wanted, as it can once
        `busy` is False before; what was wanted since then stays so. An OSError ends it without a word where
        the visitor has left, and the folder of files with them.
        """
        stop = self.stop
        try:
            yield stop
        except OSError:
            if not self.left:
                raise
        finally:
            if self.stop is stop:
                self.busy = False

    def leave(self) -> None:
        """The visitor has gone."""
        self.left = True
        self.stop.set()
        self.wanted, self.busy = None, False

"""What a visitor has here: a folder of files, and all that is let go of when the visitor leaves."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Callable
from pathlib import Path

_root = tempfile.TemporaryDirectory(prefix="paint-by-numpy-", ignore_cleanup_errors=True)
ROOT = Path(_root.name)  # of all that visitors bring and make while this process runs; gone with it


class Belongings:
    """Of one visitor. What is more than files is released by those who derive from this."""

    def __init__(self) -> None:
        self._folder: Path | None = None
        self._tidy: Callable[[], object] = lambda: None

    def folder(self) -> Path:
        """Where this visitor's files are written; gone with the visitor, or with this object where something
        that was under way when the visitor left has still asked for it.
        """
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(dir=ROOT))
            self._tidy = weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        return self._folder

    def release(self) -> None:
        """Let go of everything: the visitor has left, or has been away for long."""
        self._tidy()
        self._folder = None


class Sessions:
    """Which belongings are whose, so that `unload`, which is given no state, can release them.

    The references are weak: nothing is kept by being in here.
    """

    def __init__(self) -> None:
        self.by_session: weakref.WeakValueDictionary[str, Belongings] = weakref.WeakValueDictionary()

    def remember(self, session: str | None, belongings: Belongings) -> None:
        if session:
            self.by_session[session] = belongings

    def leave(self, session: str | None) -> None:
        """Release what the session that has just ended had."""
        belongings = self.by_session.pop(session, None) if session else None
        if belongings is not None:
            belongings.release()

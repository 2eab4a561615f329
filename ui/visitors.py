"""What a visitor has here: a folder of files, and all that is let go of when the visitor leaves."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from pathlib import Path

_root = tempfile.TemporaryDirectory(prefix="paint-by-numpy-", ignore_cleanup_errors=True)
ROOT = Path(_root.name)  # of all that visitors bring and make while this process runs; gone with it


class Belongings:
    """Of one visitor. What is more than files is released by those who derive from this."""

    def __init__(self) -> None:
        self._folder: Path | None = None
        self._left = False

    def folder(self) -> Path:
        """Where this visitor's files are written; gone with the visitor, and then a FileNotFoundError."""
        if self._left:
            raise FileNotFoundError("The visitor has left, and the files with them.")
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(dir=ROOT))
        return self._folder

    def release(self) -> None:
        """Let go of everything, for good: the visitor has left, or has been away for long."""
        self._left = True
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
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

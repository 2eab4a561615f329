"""What one visitor has in the Colorize tab: a photo, files to be downloaded, what is being done."""

from __future__ import annotations

import shutil
import tempfile
import threading
import weakref
from pathlib import Path
from typing import Any

from ui.colorize_apprentice import Apprentice
from ui.colorize_photo import Photo, Settings


class Easel:
    """Belongs to one visitor. `photo` is replaced, never changed: it may be painted at this moment.

    lock: held while something of it is computed, so that a visitor's own answers come in order.
    painted: the photo, its hints and the settings that the page shows.
    """

    def __init__(self) -> None:
        self.photo: Photo | None = None
        self.painted: tuple[Photo, Settings] | None = None
        self.apprentice = Apprentice()
        self.lock = threading.Lock()
        self.stop = threading.Event()
        self.busy = False
        self.wanted: tuple[list[str], Settings] | None = None
        self._folder: Path | None = None

    def __deepcopy__(self, memo: dict[int, Any]) -> Easel:
        """A new one: Gradio copies what a state begins with for each visitor."""
        return Easel()

    def folder(self) -> Path:
        """Where this visitor's files are written; gone with the visitor."""
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="paint-by-numpy-"))
        return self._folder

    def want(self, files: list[str], settings: Settings) -> None:
        """Note which photos are to be coloured next."""
        self.wanted, self.busy, self.stop = (files, settings), True, threading.Event()

    def take(self) -> tuple[list[str], Settings] | None:
        """What is to be coloured, once."""
        wanted, self.wanted = self.wanted, None
        return wanted

    def release(self) -> None:
        """Stop, and let go of everything: the visitor has left, or has been away for long."""
        self.stop.set()
        self.apprentice.release()
        self.photo = self.painted = self.wanted = None
        self.busy = False
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None


# Which easel belongs to which session, so that `unload`, which is given no state, can release it.
_easels: weakref.WeakValueDictionary[str, Easel] = weakref.WeakValueDictionary()


def remember(session: str | None, easel: Easel) -> None:
    if session:
        _easels[session] = easel


def leave(session: str | None) -> None:
    """Release what the session that has just ended had."""
    easel = _easels.pop(session, None) if session else None
    if easel is not None:
        easel.release()

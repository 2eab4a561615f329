"""A visitor's own copy of the captcha reader, and what of it is being done right now."""

from __future__ import annotations

import shutil
import tempfile
import threading
import weakref
from pathlib import Path

from engine import checkpoint
from engine.captcha_lessons import Exercise, Lesson
from engine.checkpoint import load_pretrained
from engine.network import Network

NAME = "captcha"


class Pupil:
    """Belongs to one visitor. `network` is replaced after a lesson, never changed: it may be reading."""

    def __init__(self) -> None:
        self.network: Network | None = None  # None: nothing was taught, the shipped one reads
        self.lessons: list[str] = []
        self.stop = threading.Event()
        self.busy = False
        self.wanted: Exercise | Lesson | None = None  # to be scored, to be taught
        self._folder: Path | None = None

    @property
    def reader(self) -> Network:
        """The network that reads for this visitor; CheckpointError where none is shipped."""
        return self.network or load_pretrained(NAME)

    def want(self, wanted: Exercise | Lesson) -> None:
        """Note what is to be done next."""
        self.wanted, self.busy, self.stop = wanted, True, threading.Event()

    def take(self) -> Exercise | Lesson | None:
        """What is to be done, once."""
        wanted, self.wanted = self.wanted, None
        return wanted

    def graduate(self, network: Network, what: str) -> None:
        """What was taught reads from now on."""
        self.network = network.freeze()
        self.lessons.append(what)

    def forget(self) -> None:
        """Back to the shipped network."""
        self.network, self.lessons = None, []

    def file(self) -> str | None:
        """The taught network as an .npz file to be downloaded."""
        if self.network is None:
            return None
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="paint-by-numpy-"))
        path = self._folder / "captcha-taught.npz"
        checkpoint.save(self.network, path)
        return str(path)

    def release(self) -> None:
        """Stop, and let go of everything: the visitor has left, or has been away for long."""
        self.stop.set()
        self.forget()
        self.wanted, self.busy = None, False
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None


# Which pupil belongs to which session, so that `unload`, which is given no state, can release it.
_pupils: weakref.WeakValueDictionary[str, Pupil] = weakref.WeakValueDictionary()


def remember(session: str | None, pupil: Pupil) -> None:
    if session:
        _pupils[session] = pupil


def leave(session: str | None) -> None:
    """Release what the session that has just ended had."""
    pupil = _pupils.pop(session, None) if session else None
    if pupil is not None:
        pupil.release()

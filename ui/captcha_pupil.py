"""A visitor's own copy of the captcha reader, and what of it is being done right now."""

from __future__ import annotations

from engine import checkpoint
from engine.captcha_lessons import Exercise, Lesson
from engine.checkpoint import load_pretrained
from engine.network import Network
from ui.errand import Errand
from ui.visitors import Belongings, Sessions

NAME = "captcha"


class Pupil(Belongings):
    """Belongs to one visitor. `network` is replaced after a lesson, never changed: it may be reading.

    errand: what is to be scored, or to be taught.
    """

    def __init__(self) -> None:
        super().__init__()
        self.network: Network | None = None  # None: nothing was taught, the shipped one reads
        self.lessons: list[str] = []
        self.errand: Errand[Exercise | Lesson] = Errand()

    @property
    def reader(self) -> Network:
        """The network that reads for this visitor; CheckpointError where none is shipped."""
        return self.network or load_pretrained(NAME)

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
        path = self.folder() / "captcha-taught.npz"
        checkpoint.save(self.network, path)
        return str(path)

    def release(self) -> None:
        self.errand.leave()
        self.forget()
        super().release()


sessions = Sessions()

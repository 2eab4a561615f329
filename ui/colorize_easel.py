"""What one visitor has in the Colorize tab: a photo, files to be downloaded, what is being done."""

from __future__ import annotations

import threading
from typing import Any

from ui.colorize_apprentice import Apprentice
from ui.colorize_photo import Photo, Settings
from ui.visitors import Belongings, Sessions


class Easel(Belongings):
    """Belongs to one visitor. `photo` is replaced, never changed: it may be painted at this moment.

    lock: held while something of it is computed, so that a visitor's own answers come in order.
    painted: the photo, its hints and the settings that the page shows.
    """

    def __init__(self) -> None:
        super().__init__()
        self.photo: Photo | None = None
        self.painted: tuple[Photo, Settings] | None = None
        self.apprentice = Apprentice()
        self.lock = threading.Lock()
        self.stop = threading.Event()
        self.busy = False
        self.wanted: tuple[list[str], Settings] | None = None

    def __deepcopy__(self, memo: dict[int, Any]) -> Easel:
        """A new one: Gradio copies what a state begins with for each visitor."""
        return Easel()

    def want(self, files: list[str], settings: Settings) -> None:
        """Note which photos are to be coloured next."""
        self.wanted, self.busy, self.stop = (files, settings), True, threading.Event()

    def take(self) -> tuple[list[str], Settings] | None:
        """What is to be coloured, once."""
        wanted, self.wanted = self.wanted, None
        return wanted

    def release(self) -> None:
        self.stop.set()
        self.apprentice.release()
        self.photo = self.painted = self.wanted = None
        self.busy = False
        super().release()


sessions = Sessions()

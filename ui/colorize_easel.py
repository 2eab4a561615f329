"""What one visitor has in the Colorize tab: a photo, files to be downloaded, what is being done."""

from __future__ import annotations

import threading
from typing import Any

from engine.colour_hints import Hints
from ui.colorize_apprentice import Apprentice
from ui.colorize_photo import Photo, Settings
from ui.errand import Errand
from ui.visitors import Belongings, Sessions

MOST_REMEMBERED = 20  # photos whose hints are


class Easel(Belongings):
    """Belongs to one visitor. `photo` is replaced, never changed: it may be painted at this moment.

    hints: those of photos that were here before, by the digests of their files, so that none are lost by a
    click on another photo. lock: held while something is computed, so that a visitor's own answers come in
    order. painted: the photo, its hints and the settings that the page shows. many: the files that are to be
    coloured one after the other, and how.
    """

    def __init__(self) -> None:
        super().__init__()
        self.photo: Photo | None = None
        self.hints: dict[bytes, Hints] = {}
        self.painted: tuple[Photo, Settings] | None = None
        self.apprentice = Apprentice()
        self.lock = threading.Lock()
        self.many: Errand[tuple[list[str], Settings]] = Errand()

    def __deepcopy__(self, memo: dict[int, Any]) -> Easel:
        """A new one: Gradio copies what a state begins with for each visitor."""
        return Easel()

    def bring(self, photo: Photo) -> Photo:
        """Put another photo on the easel, with the hints that it had when it was here before."""
        last = self.photo
        if last is not None:
            self.hints.pop(last.digest, None)
            if last.hints.strokes:
                self.hints[last.digest] = last.hints
            while len(self.hints) > MOST_REMEMBERED:
                del self.hints[next(iter(self.hints))]
        before = self.hints.get(photo.digest)
        self.photo = photo if before is None else photo.told(before)
        return self.photo

    def release(self) -> None:
        self.many.leave()
        self.apprentice.release()
        self.photo = self.painted = None
        self.hints.clear()
        super().release()


sessions = Sessions()

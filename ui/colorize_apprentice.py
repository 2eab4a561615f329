"""A visitor's network of single pixels, and the pair that it is learning from."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from engine import checkpoint
from engine.network import Network
from engine.painting import Choices, Look, Pair
from ui.curve import Curve
from ui.errand import Errand

FILE = "pixel-colours.npz"
MOST_PSNR = 60.0  # dB that a chart shows


@dataclass
class Lesson:
    """One course of learning: what it is, and the curves so far, over epochs."""

    pair: Pair
    choices: Choices
    loss: Curve = field(default_factory=Curve)
    psnr: Curve = field(default_factory=Curve)
    last: Look | None = None

    def note(self, look: Look) -> None:
        self.last = look
        epochs = look.pixels / (look.all_pixels / look.epochs)
        if look.loss is not None:
            self.loss.add(epochs, look.loss)
        self.psnr.add(epochs, min(look.psnr, MOST_PSNR))


class Apprentice:
    """Belongs to one visitor. `network` is replaced, never changed: it may be painting."""

    def __init__(self) -> None:
        self.network: Network | None = None
        self.errand: Errand[Lesson] = Errand()

    def file(self, folder: Path) -> str | None:
        """The network as an .npz file to be downloaded."""
        if self.network is None:
            return None
        checkpoint.save(self.network, folder / FILE)
        return str(folder / FILE)

    def release(self) -> None:
        self.errand.leave()
        self.network = None

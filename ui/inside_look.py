"""What the section Inside looks at: one network, the drawing as it gets it, and what it computes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from engine.checkpoint import pretrained_names
from engine.images import PictureError, fit_digit, to_network_input
from engine.network import Network
from engine.stages import Pass, run
from ui.draw import BLANK
from ui.own_networks import GoneError, Own, find
from ui.sketchpad import open_sketch


@dataclass(frozen=True)
class Look:
    """A network and a drawing. ink: (side, side) uint8, 255 is ink, fitted as the network was taught."""

    name: str
    network: Network
    ink: np.ndarray

    @property
    def blank(self) -> bool:
        return not self.ink.any()

    @property
    def amounts(self) -> np.ndarray:
        """The ink as (side, side) float32 from 0 to 1."""
        return self.ink.astype(np.float32) / 255

    @cached_property
    def seen(self) -> Pass:
        """All that the network computes for the drawing."""
        return run(self.network, to_network_input(self.ink[None], self.network.preprocessing))

    @property
    def digit(self) -> int:
        """The network's answer."""
        return int(self.seen.probabilities.argmax())


def look_at(sketch: str | None, name: str | None, own: Own) -> Look | str:
    """A Look, or the sentence that says why there is none."""
    name = name or pretrained_names()[0]
    try:
        network = find(name, own)
        ink = open_sketch(sketch)
        fitted = fit_digit(BLANK if ink is None else ink, network.preprocessing.size)
    except (GoneError, PictureError) as error:
        return str(error)
    return Look(name, network, fitted)

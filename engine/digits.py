"""Reading one digit: a picture or a sketch in, the answer out."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from engine.checkpoint import load_pretrained
from engine.images import Picture, open_picture
from engine.ink import fit_digit
from engine.network import Network
from engine.paper import ink_of
from engine.preprocessing import to_network_input

SURE = 0.8  # an answer less probable than this is called unsure
RIVAL = 0.25  # a digit with this part of the best one's probability is named beside it


@dataclass(frozen=True, eq=False)
class Prediction:
    """What a network makes of one picture.

    digit: None where there is no ink. probabilities: (10,) float32, all 0 where there is no ink.
    network_input: the picture that the network reads, (28, 28) or (8, 8) uint8, ink bright. The two times are
    in seconds.
    """

    digit: int | None
    probabilities: np.ndarray
    network_input: np.ndarray
    preparing_seconds: float = 0.0
    network_seconds: float = 0.0

    @property
    def confidence(self) -> float:
        return float(self.probabilities.max())

    @property
    def runner_up(self) -> int | None:
        return None if self.digit is None else int(np.argsort(self.probabilities)[-2])

    @property
    def unsure(self) -> bool:
        return self.digit is not None and self.confidence < SURE

    @property
    def sentence(self) -> str:
        """ "draw a digit", "4", or "4 or 9?"."""
        if self.digit is None:
            return "draw a digit"
        if not self.unsure:
            return str(self.digit)
        order = np.argsort(self.probabilities)[::-1]
        rivals = [int(d) for d in order[1:3] if self.probabilities[d] >= RIVAL * self.confidence]
        names = [str(self.digit), *map(str, rivals)]
        return f"{', '.join(names[:-1])} or {names[-1]}?" if rivals else f"{self.digit}?"


def recognize(picture: Picture, model: str | Network = "digits") -> Prediction:
    """Read a picture of one digit: a path, a PIL.Image or a uint8 array, any polarity, size and background.

    model: the name of a shipped network, or a network. Raises PictureError where the picture can't be used.
    """
    start = time.perf_counter()
    ink = ink_of(open_picture(picture))
    return _read(ink, model, start)


def recognize_ink(ink: np.ndarray, model: str | Network = "digits") -> Prediction:
    """Read ink (H, W) uint8, 255 where the pen has been: what a sketchpad knows without looking for it."""
    return _read(ink, model, time.perf_counter())


def _read(ink: np.ndarray, model: str | Network, start: float) -> Prediction:
    network = load_pretrained(model) if isinstance(model, str) else model
    fitted = fit_digit(ink, network.preprocessing.size)
    x = to_network_input(fitted[None], network.preprocessing)
    prepared = time.perf_counter()
    if not fitted.any():
        return Prediction(None, np.zeros(len(network.labels), np.float32), fitted, prepared - start, 0.0)
    probabilities = network.probabilities(x)[0]
    done = time.perf_counter()
    return Prediction(int(probabilities.argmax()), probabilities, fitted, prepared - start, done - prepared)

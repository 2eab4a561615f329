"""Reading one digit: any picture in, the digit and ten probabilities out. Several: `read_number`."""

from dataclasses import dataclass
from time import perf_counter

import numpy as np

from engine.checkpoint import load_pretrained
from engine.images import Picture, fit_digit, ink_of, open_picture, to_network_input
from engine.network import DIGITS, Network
from engine.numbers import read_number

__all__ = ["Prediction", "read_number", "recognize", "recognize_ink"]

LONGEST = 640  # pixels: ink is sought in a copy no longer than this
SURE = 0.6  # a digit less probable than this is named with its rival
RIVAL = 0.25  # a rival has at least this part of the best's probability


@dataclass(frozen=True)
class Prediction:
    """What a network says to one picture.

    digit: the most probable, None where there is no ink. probabilities: (10,) float32, all 0 where there is
    no ink. network_input: (28, 28) or (8, 8) uint8, the picture that the network saw, white on black.
    preparing_seconds, network_seconds: the time to find and fit the ink, and the time that the network took.
    """

    digit: int | None
    probabilities: np.ndarray
    network_input: np.ndarray
    preparing_seconds: float = 0.0
    network_seconds: float = 0.0

    @property
    def runner_up(self) -> int | None:
        """The second most probable digit, None where there is no ink."""
        return None if self.digit is None else int(np.argsort(self.probabilities)[-2])

    @property
    def confidence(self) -> float:
        """The probability of the digit; 0 where there is none."""
        return float(self.probabilities.max())

    @property
    def unsure(self) -> bool:
        """Whether there is a digit, but not one that the network is sure of."""
        return self.digit is not None and self.confidence < SURE

    @property
    def sentence(self) -> str:
        """In words: "4", "4 or 9?", or "draw a digit" where there is no ink."""
        if self.digit is None:
            return "draw a digit"
        if not self.unsure:
            return str(self.digit)
        rival = self.runner_up
        near = rival is not None and self.probabilities[rival] >= RIVAL * self.confidence
        return f"{self.digit} or {rival}?" if near else f"{self.digit}?"


def recognize(picture: Picture, model: Network | str = "digits") -> Prediction:
    """Read the one digit in a picture, whatever its polarity, paper, light, size and place.

    picture: a path, a PIL.Image or a uint8 array (H, W), (H, W, 3) or (H, W, 4). model: a network or the name
    of a shipped one. PictureError where the picture can't be used, CheckpointError where no network has that
    name, ValueError where it does not read single digits.
    """
    network = _network(model)
    start = perf_counter()
    ink = ink_of(open_picture(picture, longest=LONGEST))
    return _read(ink, network, start)


def recognize_ink(ink: np.ndarray, model: Network | str = "digits") -> Prediction:
    """Read one digit from its ink, (H, W) uint8, 255 is ink, as a sketchpad has it."""
    return _read(ink, _network(model), perf_counter())


def reads_digits(network: Network) -> bool:
    """Whether it says which of ten digits a whole picture shows."""
    seen = network.preprocessing
    return network.labels == DIGITS and not (seen.any_width or seen.photo or seen.neighbourhood)


def _network(model: Network | str) -> Network:
    network = load_pretrained(model) if isinstance(model, str) else model
    if not reads_digits(network):
        name = model if isinstance(model, str) else network.name
        raise ValueError(f"the network {name!r} does not read single digits")
    return network


def _read(ink: np.ndarray, network: Network, start: float) -> Prediction:
    fitted = fit_digit(ink, network.preprocessing.size)
    fitted.flags.writeable = False
    found = perf_counter()
    if not fitted.any():
        return Prediction(None, np.zeros(10, np.float32), fitted, found - start)
    probabilities = network.probabilities(to_network_input(fitted[None], network.preprocessing))[0]
    read = perf_counter()
    return Prediction(int(probabilities.argmax()), probabilities, fitted, found - start, read - found)

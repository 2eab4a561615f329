"""Learning to colour from one pair of pictures: an article's network of single pixels, made to work.

Each pixel's gray neighbourhood goes through a hidden layer of sigmoids to red, green and blue, which are
sigmoids too; descent lessens the squared error ("BP neural network: from NumPy to TensorFlow 2", CSDN 2021).
What it learns is which colour goes with which gray in that one picture, and a little of edges and textures;
so another picture that it paints gets the colours of the first.

Why the article's own starts learn nothing: with weights from 0 to 1 and none below, 64 hidden values of ½ to
1 add up to some 16 to 30 for each output, whatever the picture. There a sigmoid is 1 to within 10⁻⁷ and
its slope, by which every gradient is multiplied, is as small: white, and white it stays. Weights around 0
with the deviation 1/√n (LeCun et al. 1998) keep the sums where the slope is.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Collection, Generator, Iterator
from dataclasses import asdict, dataclass

import numpy as np

from engine import pixel_networks
from engine.images import Picture, PictureError, open_picture
from engine.initializers import Initializer, he, lecun, truncated_normal, uniform
from engine.losses import Loss, mean_squared_error, squared_error
from engine.neighbourhoods import NEIGHBOURHOODS
from engine.network import Network
from engine.optimizers import OPTIMIZERS
from engine.pixel_networks import COLOURS, MOST_HIDDEN, gray_of, paint_gray
from engine.pixel_steps import PixelSteps
from engine.preprocessing import to_network_input
from engine.training import NOT_FINITE

STARTS: dict[str, Initializer] = {
    "1/√n": lecun,
    "√(2/n)": he,
    "uniform": uniform,
    "truncated normal": truncated_normal(0.5, 0.5),
}
LOSSES: dict[str, Loss] = {"squared error": squared_error, "mean squared error": mean_squared_error}
LONGEST = 256  # pixels a side of the pictures that are learnt from
MOST_BATCH, MOST_EPOCHS, MOST_RATE = 4096, 10_000, 1000
CHUNK = 2048  # pixels that are learnt between two looks at the clock


@dataclass(frozen=True)
class Choices:
    """How to learn. The names are those of NEIGHBOURHOODS, OPTIMIZERS, STARTS and LOSSES.

    `batch`: pixels a step. `shuffled`: whether each epoch has the pixels in another order, or all in reading
    order. Biases start at 0. ValueError, with a sentence, for what can't be.
    """

    neighbourhood: str = "4 neighbours"
    hidden: int = 64
    learning_rate: float = 1.0
    batch: int = 64
    epochs: int = 50
    optimizer: str = "SGD"
    start: str = "1/√n"
    loss: str = "squared error"
    shuffled: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        tables: dict[str, Collection[str]] = {
            "neighbourhood": NEIGHBOURHOODS,
            "optimizer": OPTIMIZERS,
            "start": STARTS,
            "loss": LOSSES,
        }
        for field, table in tables.items():
            if getattr(self, field) not in table:
                raise ValueError(f"{field} is one of {', '.join(table)}, not {getattr(self, field)!r}")
        for field, most in {"hidden": MOST_HIDDEN, "batch": MOST_BATCH, "epochs": MOST_EPOCHS}.items():
            if not 1 <= getattr(self, field) <= most:
                raise ValueError(f"{field} is from 1 to {most}, not {getattr(self, field)}")
        if not 0 < self.learning_rate <= MOST_RATE:
            raise ValueError(
                f"the learning rate is above 0 and at most {MOST_RATE}, not {self.learning_rate}"
            )


@dataclass(frozen=True)
class Preset:
    """Choices that have a name, and a sentence on what comes of them."""

    choices: Choices
    sentence: str


PRESETS: dict[str, Preset] = {
    "repaired": Preset(
        Choices(),
        "Weights around 0, with the deviation 1/√n: the sums stay where a sigmoid has a slope, so it learns.",
    ),
    "as published in NumPy": Preset(
        Choices(start="uniform", batch=1, epochs=10, shuffled=False),
        "No weight is negative, so every output adds up to about 16 or more, where a sigmoid is 1 and flat: "
        "the picture is white at once, and with a slope of nothing it learns nothing.",
    ),
    "as published in Keras": Preset(
        Choices(start="truncated normal", loss="mean squared error"),
        "Weights around ½ instead of 0: the outputs still add up to about 24, so it is white here too.",
    ),
}


@dataclass(frozen=True, eq=False)
class Pair:
    """What is learnt from. gray: (H, W) uint8; colour: (H, W, 3) uint8, of the same size."""

    gray: np.ndarray
    colour: np.ndarray

    @property
    def gray_psnr(self) -> float:
        """How near the gray picture itself comes to the colour one, in dB: what has to be beaten."""
        return psnr(np.repeat(self.gray[..., None], 3, axis=2), self.colour)


@dataclass(frozen=True, eq=False)
class Look:
    """A look at the network while it learns.

    pixels: learnt up to now, of `all_pixels` in all epochs. epoch: those completed. loss: the mean over the
    pixels since the look before, None before the first step. psnr: of the picture, in dB. picture: (H, W, 3)
    uint8, the gray one painted now.
    """

    pixels: int
    all_pixels: int
    epoch: int
    epochs: int
    loss: float | None
    psnr: float
    picture: np.ndarray
    seconds: float


@dataclass(frozen=True, eq=False)
class Learnt:
    """The end. reason: "done", "stopped" or a sentence that says what went wrong; network: as it is now."""

    reason: str
    network: Network
    look: Look


# --- the pictures -----------------------------------------------------------------------------------------


def pair_of(colour: Picture, gray: Picture | None = None, longest: int = LONGEST) -> Pair:
    """The pair to learn from, at most `longest` pixels a side; without `gray` that is made of `colour`.

    PictureError where one can't be used, or where their sizes differ.
    """
    truth = open_picture(colour, longest)
    shades = gray_of(truth) if gray is None else gray_of(gray, longest)
    if shades.shape != truth.shape[:2]:
        sizes = [f"{width} × {height}" for height, width in (shades.shape, truth.shape[:2])]
        raise PictureError(
            f"The gray picture is {sizes[0]} and the colour one {sizes[1]} pixels here; they have to be of "
            "one size, so that each pixel has its colour."
        )
    return Pair(shades, truth)


def psnr(picture: np.ndarray, truth: np.ndarray) -> float:
    """Peak signal to noise ratio of two uint8 pictures, in dB; infinite where they are equal."""
    error = float(np.square(picture.astype(np.float32) - truth).mean(dtype=np.float64))
    return 10 * math.log10(255**2 / error) if error else math.inf


# --- learning ---------------------------------------------------------------------------------------------


def learn(
    pair: Pair, choices: Choices, stop: threading.Event | None = None, pause: float = 0.25
) -> Generator[Look | Learnt, None, None]:
    """Learn from a pair and show what comes out meanwhile, at most once in `pause` seconds.

    The first look is before the first step, the last is `Learnt`'s own, which also comes when `stop` was set
    or when the numbers were not finite any more; then the last finite ones are kept. May be left at any
    event. The same pair and choices give the same network.
    """
    rng = np.random.default_rng(choices.seed)
    network = pixel_networks.new_network(choices.neighbourhood, choices.hidden, STARTS[choices.start], rng)
    course = _Course(network, pair, choices)
    yield course.look(network)
    reason, shown = "done", time.perf_counter()
    for finite in course.learn():
        if not finite or course.pixels == course.all_pixels:
            reason = "done" if finite else NOT_FINITE
            break
        if stop is not None and stop.is_set():
            reason = "stopped"
            break
        if time.perf_counter() - shown >= pause:
            yield course.look(network)
            shown = time.perf_counter()
    last = course.look(network)
    yield last
    network.trained = asdict(choices) | {"epochs": last.epoch, "pixels": last.pixels}
    network.metrics = {"psnr": round(min(last.psnr, 99.0), 2)}
    yield Learnt(reason, network, last)


class _Course:
    """One training on its way: chunk after chunk of pixels, epoch after epoch."""

    def __init__(self, network: Network, pair: Pair, choices: Choices) -> None:
        self.pair, self.choices = pair, choices
        optimizer = OPTIMIZERS[choices.optimizer](choices.learning_rate)
        self.steps = PixelSteps(network, LOSSES[choices.loss], optimizer, choices.batch)
        self.parameters = network.parameters
        self.inputs = to_network_input(pair.gray[None], network.preprocessing)
        self.targets = pair.colour.reshape(-1, len(COLOURS)) * np.float32(1 / 255)
        self.pixels, self.all_pixels = 0, choices.epochs * len(self.inputs)
        self.began = time.perf_counter()
        self._loss, self._seen = 0.0, 0

    def learn(self) -> Iterator[bool]:
        """Learn; after each chunk, whether the numbers are still finite. Else they are those before it."""
        count = len(self.inputs)
        chunk = max(1, CHUNK // self.choices.batch) * self.choices.batch
        kept = {name: array.copy() for name, array in self.parameters.items()}
        for epoch in range(self.choices.epochs):
            rng = np.random.default_rng((self.choices.seed, epoch))
            order = rng.permutation(count) if self.choices.shuffled else np.arange(count)
            for start in range(0, count, chunk):
                index = order[start : start + chunk]
                loss = self.steps.learn(self.inputs[index], self.targets[index])
                if not math.isfinite(loss) or not all(np.isfinite(a).all() for a in self.parameters.values()):
                    _copy(kept, self.parameters)
                    yield False
                    return
                _copy(self.parameters, kept)
                self._loss, self._seen = self._loss + loss, self._seen + len(index)
                self.pixels += len(index)
                yield True

    def look(self, network: Network) -> Look:
        picture = paint_gray(network, self.pair.gray)
        loss = self._loss / self._seen if self._seen else None
        self._loss, self._seen = 0.0, 0
        return Look(
            self.pixels,
            self.all_pixels,
            self.pixels // len(self.inputs),
            self.choices.epochs,
            loss,
            psnr(picture, self.pair.colour),
            picture,
            time.perf_counter() - self.began,
        )


def _copy(source: dict[str, np.ndarray], target: dict[str, np.ndarray]) -> None:
    for name, array in source.items():
        target[name][...] = array

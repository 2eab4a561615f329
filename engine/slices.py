"""The tutorial's captcha reader: equal slices, an 8 x 8 network, a misread 3, its cure and what that forgets.

The strip "0 1 2 3 4" is cut into five equal slices, each is shrunk to 8 x 8 and read by the 64-32-10 network
that learnt scikit-learn's handwritten digits by the tutorial's own rule (`engine.rules.raw_error`). It reads
a printed 3 as an 8. A few passes over a picture of threes cure that, and spoil the handwritten digits: what
is learnt last overwrites what was learnt first (McCloskey, Cohen 1989). Replaying old samples among the new
ones keeps both: rehearsal (Ratcliff 1990; Robins 1995).

How the strip becomes 8 x 8 was chosen by measuring, as was how long the cure lasts: black ink on white paper
is inverted, each slice is resized without smoothing and every pixel made ink or paper, so that the network
gets 1 and 0.01 as it does for full and empty pixels of a handwritten digit.
"""

from __future__ import annotations

import threading
from collections.abc import Generator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from engine import datasets
from engine.datasets import Dataset, concatenate
from engine.network import Network
from engine.preprocessing import Preprocessing, to_network_input
from engine.recipes import RECIPES
from engine.rehearsal import InOrder, Rehearsal
from engine.training import BatchDone, Batches, Finished, ShuffledBatches, accuracy, train

FACE = Path(__file__).parent / "fonts" / "LiberationSans-Regular.ttf"
FACE_SIZE = 23
UNITS = 2048  # the size at which the face itself was designed
WIDTH, HEIGHT = 100, 24
PLACE = (5, 0)  # where the text begins: five digits and their spaces are 90 pixels wide
PARTS = 5
SIDE = 8
INK = 80  # of 255: a pixel of a shrunk slice with more ink than this is ink
TEXT, CURE_TEXT = "0 1 2 3 4", "3 3 3 3 3"
SYMBOLS = frozenset("0123456789 ")
CURE_RATE, CURE_PASSES = 0.1, 3
OLD_PER_NEW, REHEARSAL_PASSES = 10, 8
RECIPE = "digits-8x8"
STAGES = ("learning", "cure", "rehearsal")
LOOKS = 12  # how often the network is looked at while it learns to read handwriting


@dataclass(frozen=True, eq=False)
class Strip:
    """A picture on its way into the network.

    picture: (H, W) uint8, black on white. slices: each (H, about W / 5) uint8. shrunk: (5, 8, 8) uint8, white
    ink on black. inputs: (5, 8, 8) float32 from 0.01 to 1, what the network gets.
    """

    picture: np.ndarray
    slices: tuple[np.ndarray, ...]
    shrunk: np.ndarray
    inputs: np.ndarray


@dataclass(frozen=True, eq=False)
class Look:
    """What a network makes of the strip, and of handwriting.

    text: a digit for each slice. outputs: (5, 10) float32, how much each slice looks like each digit, 0 to 1.
    handwritten: the share, 0 to 1, of 360 handwritten digits it never learnt from that it reads right.
    """

    text: str
    outputs: np.ndarray
    handwritten: float


@dataclass(frozen=True, eq=False)
class Progress:
    """A look at the network while it learns. stage: one of STAGES; step: samples learnt of `steps`, in this
    stage.
    """

    stage: str
    step: int
    steps: int
    look: Look
    seconds: float


@dataclass(frozen=True, eq=False)
class Told:
    """The end of the story. networks: by stage, as each left it; reason: "done", "stopped" or a sentence."""

    reason: str
    networks: dict[str, Network]
    looks: dict[str, Look]


# --- the picture ------------------------------------------------------------------------------------------


def draw_strip(text: str = TEXT) -> np.ndarray:
    """Draw digits and spaces in Liberation Sans 23: (24, 100) uint8, black on white.

    ValueError for other characters, and for a text that is too long for the picture.
    """
    if not set(text) <= SYMBOLS:
        raise ValueError(f"a strip holds digits and spaces, not {text[:40]!r}")
    places = PLACE[0] + np.cumsum([0.0, *map(_advance, text)])
    if places[-1] > WIDTH:
        raise ValueError(f"{text[:40]!r} is too long for a strip of {WIDTH} pixels")
    picture = Image.new("L", (WIDTH, HEIGHT), 255)
    draw = ImageDraw.Draw(picture)
    for character, x in zip(text, places, strict=False):
        draw.text((round(x), PLACE[1]), character, fill=0, font=_face(FACE_SIZE))
    return np.array(picture)


def _advance(character: str) -> float:
    """The width of a character, unrounded; Pillow alone has it only where a library for layouts is there."""
    return _face(UNITS).getlength(character) * FACE_SIZE / UNITS


@cache
def _face(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(FACE), size, layout_engine=ImageFont.Layout.BASIC)


def cut(picture: np.ndarray, parts: int = PARTS) -> list[np.ndarray]:
    """Cut a picture (H, W) uint8 into equal slices, left to right; widths differ by a pixel at most.

    ValueError for another array, and for a picture with fewer columns than slices.
    """
    _check_grey(picture)
    if not 1 <= parts <= picture.shape[1]:
        raise ValueError(f"a picture {picture.shape[1]} pixels wide can't be cut into {parts} slices")
    return np.array_split(picture, parts, axis=1)


def shrink(part: np.ndarray) -> np.ndarray:
    """Bring a slice, black on white, to (8, 8) float32 as the network gets it: 0.01 is paper, 1 is ink."""
    return _inputs(_shrunk(part)[None])[0]


def _shrunk(part: np.ndarray) -> np.ndarray:
    """A slice, black on white, as (8, 8) uint8, white on black."""
    _check_grey(part)
    small = cv2.resize(255 - part, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
    return cv2.threshold(small, INK, 255, cv2.THRESH_BINARY)[1]


def _inputs(shrunk: np.ndarray) -> np.ndarray:
    return to_network_input(shrunk, _preprocessing())[..., 0]


@cache
def _preprocessing() -> Preprocessing:
    return new_network().preprocessing


def _check_grey(picture: np.ndarray) -> None:
    if picture.ndim != 2 or picture.dtype != np.uint8 or picture.size == 0:
        raise ValueError(f"a grey picture is a uint8 array (H, W), not {picture.dtype} {picture.shape}")


def prepare(picture: np.ndarray, parts: int = PARTS) -> Strip:
    """Every stage from a grey picture, black on white, to what the network gets."""
    slices = tuple(cut(picture, parts))
    shrunk = np.stack([_shrunk(part) for part in slices])
    inputs = _inputs(shrunk)
    for array in (picture := picture.copy(), shrunk, inputs):
        array.setflags(write=False)
    return Strip(picture, slices, shrunk, inputs)


@cache
def strip_of(text: str = TEXT) -> Strip:
    """The strip with this text, drawn and prepared once."""
    return prepare(draw_strip(text))


# --- the network ------------------------------------------------------------------------------------------


def look(network: Network, strip: Strip) -> Look:
    """Let the network read a strip, and the handwritten digits that were kept aside."""
    outputs = network.predict(to_network_input(strip.shrunk, network.preprocessing))
    text = "".join(str(digit) for digit in outputs.argmax(axis=1))
    return Look(text, outputs, accuracy(network, held_out()))


@cache
def held_out() -> Dataset:
    """The fifth of scikit-learn's digits, 360 of them, that no stage learns from."""
    splits = datasets.load(RECIPE)
    return concatenate((splits.validation, splits.test), RECIPE)


def new_samples() -> Dataset:
    """What the cure learns: the five slices of a picture of threes."""
    shrunk = strip_of(CURE_TEXT).shrunk
    return Dataset(shrunk, np.full(len(shrunk), 3, np.int64), "threes")


# --- the three stages -------------------------------------------------------------------------------------

Lesson = Generator[Progress, None, str]


def new_network(seed: int = 0) -> Network:
    """The 64-32-10 network before it has learnt anything."""
    return replace(RECIPES[RECIPE], seed=seed).build()


def learn(
    network: Network, seed: int = 0, rule: str = "raw error", stop: threading.Event | None = None
) -> Lesson:
    """Learn the handwritten digits by the recipe "digits-8x8"; returns the reason of the end."""
    data = ShuffledBatches(datasets.load(RECIPE).train, 1, seed)
    recipe = RECIPES[RECIPE]
    steps = data.steps_per_epoch * recipe.epochs
    return _lesson("learning", network, data, recipe.epochs, recipe.learning_rate, rule, steps // LOOKS, stop)


def cure(
    network: Network,
    rule: str = "raw error",
    passes: int = CURE_PASSES,
    learning_rate: float = CURE_RATE,
    stop: threading.Event | None = None,
) -> Lesson:
    """Learn the five threes alone, a few times over, as the tutorial does: the 3 is cured, the rest fades."""
    return _lesson("cure", network, InOrder(new_samples()), passes, learning_rate, rule, 1, stop)


def rehearse(
    network: Network,
    seed: int = 0,
    rule: str = "raw error",
    passes: int = REHEARSAL_PASSES,
    learning_rate: float = CURE_RATE,
    old_per_new: int = OLD_PER_NEW,
    stop: threading.Event | None = None,
) -> Lesson:
    """Learn the threes with old samples replayed among them (Robins 1995): the 3 is cured, the rest stays."""
    data = Rehearsal(new_samples(), datasets.load(RECIPE).train, old_per_new, seed)
    return _lesson("rehearsal", network, data, passes, learning_rate, rule, data.steps_per_epoch, stop)


def _lesson(
    stage: str,
    network: Network,
    data: Batches,
    epochs: int,
    learning_rate: float,
    rule: str,
    every: int,
    stop: threading.Event | None,
) -> Lesson:
    """Train one sample a step and look at the network every so many steps, and at the end."""
    recipe = replace(RECIPES[RECIPE], rule=rule, learning_rate=learning_rate)
    strip = strip_of()
    for event in train(
        network,
        data,
        recipe.loss_function,
        recipe.make_optimizer(),
        epochs=epochs,
        rule=recipe.rule_function,
        targets=recipe.targets,
        stop=stop,
    ):
        if isinstance(event, Finished):
            return event.reason
        if isinstance(event, BatchDone):
            step = event.step + 1
            if step % every == 0 or step == event.steps:
                yield Progress(stage, step, event.steps, look(network, strip), event.seconds)
    return "stopped"


def tell(
    seed: int = 0, rule: str = "raw error", stop: threading.Event | None = None
) -> Generator[Progress | Told, None, None]:
    """The whole story, as it happens: learn, then cure one copy by threes alone and one by rehearsal.

    Ends with `Told`, also when `stop` was set meanwhile; may be left at any event. The same seed tells the
    same story.
    """
    networks: dict[str, Network] = {}
    looks: dict[str, Look] = {}
    taught = new_network(seed)
    for stage in STAGES:
        network = taught if stage == "learning" else taught.copy()
        lesson = _start(stage, network, seed, rule, stop)
        reason = yield from _followed(lesson, looks)
        if reason != "done":
            yield Told(reason, networks, looks)
            return
        networks[stage] = network
    yield Told("done", networks, looks)


def _start(stage: str, network: Network, seed: int, rule: str, stop: threading.Event | None) -> Lesson:
    if stage == "learning":
        return learn(network, seed, rule, stop)
    if stage == "cure":
        return cure(network, rule, stop=stop)
    return rehearse(network, seed, rule, stop=stop)


def _followed(lesson: Lesson, looks: dict[str, Look]) -> Lesson:
    """Pass a lesson's events on and keep the last look of its stage."""
    while True:
        try:
            event = next(lesson)
        except StopIteration as end:
            return str(end.value)
        looks[event.stage] = event.look
        yield event

"""The tutorial's captcha reader: equal slices, an 8 x 8 network, a misread 3, its cure and what that forgets.

The strip "0 1 2 3 4" is cut into five equal slices, each is shrunk to 8 x 8 and read by the 64-32-10 network
that learnt scikit-learn's handwritten digits by the tutorial's own rule (`engine.rules.raw_error`). It reads
a printed 3 as an 8. A few passes over a picture of threes cure that, and spoil the handwritten digits: what
is learnt last overwrites what was learnt first (McCloskey, Cohen 1989). Replaying old samples among the new
ones keeps both: rehearsal (Ratcliff 1990; Robins 1995).

The picture is made in `engine.strip`; how long the cure lasts was chosen by measuring.
"""

from __future__ import annotations

import threading
from collections.abc import Generator
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from engine import datasets
from engine.datasets import Dataset, concatenate
from engine.network import Network
from engine.preprocessing import to_network_input
from engine.recipes import RECIPES
from engine.rehearsal import InOrder, Rehearsal
from engine.strip import Strip, strip_of
from engine.training import BatchDone, Batches, Finished, ShuffledBatches, train
from engine.validation import accuracy

CURE_TEXT = "3 3 3 3 3"
CURE_RATE, CURE_PASSES = 0.1, 3
OLD_PER_NEW, REHEARSAL_PASSES = 10, 8
RECIPE = "digits-8x8"
STAGES = ("learning", "cure", "rehearsal")
LOOKS = 12  # how often the network is looked at while it learns to read handwriting


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

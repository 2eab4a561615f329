"""Teaching a digit network one person's hand: a few steps on a copy, from the drawing that it misread.

The drawing is learnt in many variants, and at every step old pictures are shown again with what the network
said of them *before*, so that it goes on saying it: rehearsal (Ratcliff 1990; Robins 1995) with the old
network's own answers as targets (learning without forgetting; Li, Hoiem 2016). An examination before and
after says what the lesson cost; one that cost too much is undone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine import inference
from engine.augmentation import STRONG, augment
from engine.ink import fit_digit
from engine.layer import Array, Layer
from engine.layers import Sigmoid
from engine.lesson_samples import Samples
from engine.losses import softmax
from engine.network import DIGITS, Network
from engine.optimizers import Adam
from engine.preprocessing import to_network_input

# A hand repeats itself: its variants differ less than those of many people.
SAME_HAND = replace(
    STRONG,
    shift=0.6,
    scale=0.06,
    rotation=0.10,
    shear=0.12,
    elastic=0.6,
    pen=0.2,
    gamma=0.15,
    fading=30.0,
    blurred=0.0,
    noisy=0.0,
    specked=0.0,
    torn=0.0,
)
WORK = 150_000  # multiplications for a picture in the layers that learn
CHUNK = 250  # pictures at a time through the layers that do not learn
MOST_SHOWN = 1000  # old pictures that go through layers that do not learn: it takes most of the time
MOST_LOST = 0.002  # of the examination, 0 to 1, by all lessons together: the one that loses more is undone
PARTS = (1.0, 0.6, 0.35)  # of a lesson, tried one after another where it costs too much


@dataclass(frozen=True, eq=False)
class Drawing:
    """One drawing and what it was meant to be.

    seen: (size, size) uint8, as the network reads it. picture: (28, 28) uint8, of which variants are made.
    """

    seen: np.ndarray
    picture: np.ndarray
    label: int

    @classmethod
    def of_ink(cls, ink: np.ndarray, label: int, size: int = 28) -> Drawing:
        """From ink (H, W) uint8, 255 is ink. ValueError where there is none."""
        picture = fit_digit(ink)
        if not picture.any():
            raise ValueError("there is no ink to learn from")
        return cls(picture if size == 28 else fit_digit(ink, size), picture, label)


@dataclass(frozen=True)
class Plan:
    """How a lesson goes.

    steps: at most. fresh, replayed: pictures in a step of new drawings' variants and of old pictures.
    weight: of the new ones' mean error beside the old ones', which grows by `growth` each step. sure, known:
    how probable the label of the last drawing and of the earlier ones has to be for the lesson to end early,
    but not before `least` steps. variants: of each drawing.
    """

    steps: int = 400
    least: int = 10
    learning_rate: float = 1e-3
    fresh: int = 32
    replayed: int = 160
    weight: float = 0.002
    growth: float = 1.01
    sure: float = 0.62
    known: float = 0.5
    variants: int = 32
    most_lost: float = MOST_LOST


@dataclass(frozen=True, eq=False)
class Lesson:
    """What came of a lesson.

    network: the taught copy, frozen, or the network that was to be taught where the lesson was undone.
    before, after: the share of the examination that was read right, 0 to 1, before the first lesson of all
    and after this one; `after` is what the lesson led to, also where it was undone. probabilities: (2, 10) of
    the last drawing, before and after.
    """

    network: Network
    kept: bool
    before: float
    after: float
    steps: int
    probabilities: np.ndarray

    @property
    def lost(self) -> float:
        """How much of the examination is read worse than before, 0 to 1; below 0 where it is read better."""
        return self.before - self.after


class Classroom:
    """What stays the same from lesson to lesson of one network and its copies.

    The layers below the first that learns never change, so what they make of the old pictures is computed
    once. ValueError where the network does not read one of ten digits.
    """

    def __init__(self, network: Network, samples: Samples) -> None:
        if network.labels != DIGITS or network.preprocessing.size != samples.replay.images.shape[1]:
            raise ValueError("this network does not read digits of the size that is taught here")
        self.first = first_to_learn(network)
        self.samples = samples
        shown = MOST_SHOWN if self.first else len(samples.replay)
        self.replayed = self.features(network, samples.replay.images[:shown])
        self.examined = self.features(network, samples.examination.images)
        self.answers = outputs(self.head(network), self.replayed)[0]
        self.before = self.examine(network)

    def head(self, network: Network) -> list[Layer]:
        """The layers that learn, and those between them."""
        return network.layers[self.first :]

    def features(self, network: Network, images: np.ndarray) -> Array:
        """What the layers that do not learn make of pictures (N, size, size)."""
        steps = inference.plan(network.layers[: self.first])
        parts = (images[i : i + CHUNK] for i in range(0, len(images), CHUNK))
        inputs = (to_network_input(part, network.preprocessing) for part in parts)
        return np.concatenate([inference.run(steps, x) for x in inputs])

    def examine(self, network: Network) -> float:
        """The share of the examination, 0 to 1, that the network or a copy of it reads right."""
        found = inference.run(inference.plan(self.head(network)), self.examined)
        return float((found.argmax(axis=1) == self.samples.examination.labels).mean())


def first_to_learn(network: Network) -> int:
    """The lowest layer that learns: what convolutions see stays, layers above learn as far as WORK reaches.

    The last layer that can learn always does.
    """
    work, first = 0, len(network.layers)
    for i, (kind, shape, count) in reversed(list(enumerate(network.summary()))):
        work += count * int(np.prod(shape[:-1]))
        learnt = first < len(network.layers)
        if learnt and count and (work > WORK or kind != "Dense"):
            return first
        if count:
            first = i
    return 0  # all of them


def outputs(
    layers: Sequence[Layer], x: Array
) -> tuple[Array, Callable[[Array], dict[tuple[int, str], Array]]]:
    """(outputs, backward): sigmoids, or the softmax of logits; the way back begins before either.

    backward takes the error of the outputs, which is the gradient there: of the cross-entropy of all ten
    together behind a softmax, of each of ten behind sigmoids. It gives {(layer, parameter): gradient}.
    """
    sigmoid = isinstance(layers[-1], Sigmoid)
    ways = []
    for layer in layers[: len(layers) - sigmoid]:
        x, way = layer.forward(x)  # not in training: normalised by what all pictures were like, not these few
        ways.append(way)

    def backward(error: Array) -> dict[tuple[int, str], Array]:
        gradients: dict[tuple[int, str], Array] = {}
        lowest = next(i for i, layer in enumerate(layers) if layer.parameters)
        for i in reversed(range(lowest, len(ways))):
            error, own = ways[i](error, input_gradient=i > lowest)
            gradients |= {(i, name): gradient for name, gradient in own.items()}
        return gradients

    return layers[-1].predict(x) if sigmoid else softmax(x), backward


def variants(drawings: Sequence[Drawing], count: int, rng: np.random.Generator) -> np.ndarray:
    """Each drawing `count` times as the same hand might have drawn it: (N * count, size, size) uint8."""
    drawn = augment(np.repeat([drawing.picture for drawing in drawings], count, axis=0), rng, SAME_HAND)
    size = drawings[0].seen.shape[0]
    return drawn if size == drawn.shape[1] else np.stack([fit_digit(picture, size) for picture in drawn])


def teach(
    network: Network, drawings: Sequence[Drawing], room: Classroom, plan: Plan = Plan(), seed: int = 0
) -> Lesson:
    """Teach a copy of `network` the last of `drawings`, without forgetting those before it.

    room: made with `network` or with the one that it is a copy of. A lesson that costs too much is taken
    half-way, or less, where that suffices to read the drawing. The same seed gives the same numbers.
    """
    copy = network.copy()
    copy.metrics = {}  # they were measured before the lesson
    seen = to_network_input(drawings[-1].seen[None], network.preprocessing)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # numbers that run away are undone
        steps = _learn(copy, drawings, room, plan, np.random.default_rng(seed))
        cost, kept = room.before - room.examine(copy), False
        learnt = {name: array.copy() for name, array in copy.state().items()}
        for part in PARTS:
            old = network.state()
            copy.set_state({name: old[name] + part * (learnt[name] - old[name]) for name in old})
            lost, right = room.before - room.examine(copy), copy.predict(seen).argmax() == drawings[-1].label
            sound = all(np.isfinite(array).all() for array in copy.state().values())
            kept = bool(sound and lost <= plan.most_lost + 1e-9 and (part == 1 or right))
            if kept:
                cost = lost
                break
        said = np.concatenate([network.probabilities(seen), copy.freeze().probabilities(seen)])
    return Lesson(copy if kept else network, kept, room.before, room.before - cost, steps, said)


def _learn(
    network: Network, drawings: Sequence[Drawing], room: Classroom, plan: Plan, rng: np.random.Generator
) -> int:
    """The steps of a lesson, on `network` in place; how many were taken."""
    head = room.head(network)
    labels = np.array([drawing.label for drawing in drawings])
    seen = room.features(network, np.stack([drawing.seen for drawing in drawings]))
    fresh = np.concatenate([seen, room.features(network, variants(drawings, plan.variants, rng))])
    inputs = np.concatenate([fresh, room.replayed])
    wanted = np.concatenate([labels, np.repeat(labels, plan.variants)])
    targets = np.concatenate([np.eye(10, dtype=np.float32)[wanted], room.answers])
    weights = np.repeat([plan.weight / plan.fresh, 1 / plan.replayed], [plan.fresh, plan.replayed])
    weights = weights.astype(np.float32)[:, None]
    needed = np.repeat([plan.known, plan.sure], [len(drawings) - 1, 1])
    optimizer = Adam(plan.learning_rate)
    for step in range(plan.steps):
        if step >= plan.least and _knows(head, seen, labels, needed):
            return step
        new = rng.integers(len(fresh), size=plan.fresh)
        old = rng.integers(len(fresh), len(inputs), size=plan.replayed)
        chosen = np.concatenate([new, old])
        found, backward = outputs(head, inputs[chosen])
        gradients = backward((found - targets[chosen]) * weights)
        named = {f"{room.first + i}.{name}": gradient for (i, name), gradient in gradients.items()}
        optimizer.step(network.parameters, named)
        weights[: plan.fresh] *= plan.growth
    return plan.steps


def _knows(head: Sequence[Layer], seen: Array, labels: np.ndarray, needed: np.ndarray) -> bool:
    """Whether each drawing is read as what it is, with at least the probability that is needed."""
    found = outputs(head, seen)[0]
    shares = found / found.sum(axis=1, keepdims=True)
    return bool((shares[np.arange(len(labels)), labels] >= needed).all())

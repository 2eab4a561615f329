"""A network at work on one picture, layer by layer, and its layers grouped into stages a person can follow.

A stage is one layer that gathers numbers (a convolution, a pool, a dense layer, a sum of two branches) and
what changes its numbers one by one afterwards: batch normalisation, ReLU, sigmoid.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.layer import Array, Layer
from engine.layers import (
    AveragePool2D,
    BatchNorm,
    Conv2D,
    Dropout,
    Flatten,
    MaxPool2D,
    ReLU,
    Residual,
    Sequential,
    Sigmoid,
    Skip,
    Tanh,
    UpSample2D,
)
from engine.network import Network

ONE_BY_ONE = (BatchNorm, ReLU, Sigmoid, Tanh, Dropout)


@dataclass(frozen=True)
class Step:
    """One layer at work. sources: the steps whose output it reads; step 0 is the picture and has no layer.

    output: what it gave, (1, H, W, C) or (1, n), as the network itself computes it.
    """

    layer: Layer | None
    sources: tuple[int, ...]
    output: Array
    opens_branch: bool = False


@dataclass(frozen=True)
class Stage:
    """Consecutive steps: `head` gathers, those after it up to `last` change numbers one by one."""

    head: int
    last: int


@dataclass(frozen=True)
class Pass:
    """All that a network computed for one picture. Stage 0 is the picture; probabilities: (labels,)."""

    network: Network
    steps: list[Step]
    stages: list[Stage]
    probabilities: np.ndarray

    def output(self, stage: int) -> np.ndarray:
        """What a stage gives, (H, W, C) or (n,); what is only laid out flat behind it is still a picture."""
        chosen = self.stages[stage]
        outputs = [self.steps[i] for i in range(chosen.head, chosen.last + 1)]
        return next(s.output[0] for s in reversed(outputs) if not isinstance(s.layer, Flatten))

    def stage_of(self, step: int) -> int:
        """The stage to which a step belongs."""
        return next(i for i, stage in enumerate(self.stages) if stage.head <= step <= stage.last)

    def sources(self, stage: int) -> list[int]:
        """The stages that a stage reads, without repetition; none for the picture."""
        return list(dict.fromkeys(self.stage_of(i) for i in self.steps[self.stages[stage].head].sources))


def run(network: Network, x: Array) -> Pass:
    """What each layer of a network makes of one input x (1, H, W, C)."""
    if len(x) != 1:
        raise ValueError(f"one picture is looked at, not {len(x)}")
    steps = [Step(None, (), x)]
    _walk(network.layers, steps, 0)
    return Pass(network, steps, _stages(steps), network.probabilities(x)[0])


def _walk(layers: Sequence[Layer], steps: list[Step], at: int, opens_branch: bool = False) -> int:
    """Append the steps of `layers`, which read step `at`; returns the last one's number."""
    for layer in layers:
        x = steps[at].output
        if isinstance(layer, Sequential):
            at = _walk(layer.layers, steps, at, opens_branch)
        elif isinstance(layer, Residual | Skip):
            inner = _walk([layer.inner], steps, at, opens_branch=True)
            parts = x, steps[inner].output
            joined = parts[0] + parts[1] if isinstance(layer, Residual) else np.concatenate(parts, axis=-1)
            steps.append(Step(layer, (at, inner), joined))
            at = len(steps) - 1
        else:
            steps.append(Step(layer, (at,), layer.predict(x), opens_branch))
            at = len(steps) - 1
        opens_branch = False
    return at


def _stages(steps: list[Step]) -> list[Stage]:
    heads = [i for i, step in enumerate(steps) if i == 0 or not _joins(step, after_picture=i == 1)]
    return [Stage(head, end - 1) for head, end in zip(heads, [*heads[1:], len(steps)], strict=True)]


def _joins(step: Step, after_picture: bool) -> bool:
    """Whether a step belongs to the stage before it."""
    if step.opens_branch:
        return False  # what the branch begins with is still needed as it was
    if after_picture:
        return isinstance(step.layer, Flatten | Dropout)
    return isinstance(step.layer, (*ONE_BY_ONE, Flatten))


# --- where a unit looks -----------------------------------------------------------------------------------

Range = tuple[np.ndarray, np.ndarray]  # firsts and ends, one of each for every row or column


def reach(seen: Pass, stage: int, axis: int) -> np.ndarray:
    """Which rows (axis 0) or columns (axis 1) of the picture each row or column of a stage's maps sees.

    Returns (rows, 2) int, [first, end); (1, 2) where there are no maps: such units see the whole picture.
    """
    side = seen.steps[0].output.shape[1 + axis]
    shape = seen.output(stage).shape
    if len(shape) != 3:
        return np.array([[0, side]])
    places = np.arange(shape[axis])
    first, end = _back(seen.steps, seen.stages[stage].head, (places, places + 1), axis)
    return np.stack([np.clip(first, 0, side), np.clip(end, 0, side)], axis=1)


def window(seen: Pass, stage: int, axis: int) -> np.ndarray:
    """The same in the maps that the stage reads itself; it may reach over their edges, where zeros stand."""
    step = seen.steps[seen.stages[stage].head]
    shape, source = seen.output(stage).shape, seen.output(seen.sources(stage)[0]).shape
    if len(shape) != 3:
        return np.array([[0, source[axis] if len(source) == 3 else 1]])
    places = np.arange(shape[axis])
    return np.stack(_through(step, (places, places + 1), seen.steps, axis), axis=1)


def _back(steps: list[Step], index: int, places: Range, axis: int) -> Range:
    step = steps[index]
    if not step.sources:
        return places
    through = _through(step, places, steps, axis)
    found = [_back(steps, source, through, axis) for source in step.sources]
    first, end = found[0]
    for other_first, other_end in found[1:]:
        first, end = np.minimum(first, other_first), np.maximum(end, other_end)
    return first, end


def _through(step: Step, places: Range, steps: list[Step], axis: int) -> Range:
    """What ranges of a step's rows read of the rows in front of it."""
    layer, (first, end) = step.layer, places
    if isinstance(layer, Conv2D):
        low = first * layer.stride - layer.pad
        return low, (end - 1) * layer.stride - layer.pad + layer.kernel
    if isinstance(layer, MaxPool2D | AveragePool2D):
        return first * 2, end * 2
    if isinstance(layer, UpSample2D):
        return first // 2, (end - 1) // 2 + 1
    if isinstance(layer, (*ONE_BY_ONE, Residual, Skip)):
        return first, end
    source = steps[step.sources[0]].output.shape[1:]
    whole = source[axis] if len(source) == 3 else 1
    return np.zeros_like(first), np.full_like(end, whole)

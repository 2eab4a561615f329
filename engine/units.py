"""One unit of a network taken apart: what it reads, its weights, the products, their sum, the activation.

What adds up here: `total` is the sum of the shown products in float32, in reading order (rows, columns,
channels), and then the bias. The layer itself adds the same products in another order (in a matrix product,
or by `engine.winograd`), so `before`, its own number, differs from `total` by float32 rounding and by nothing
else. Every number from `before` to `activation` is the network's own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from engine.layers import (
    AveragePool2D,
    BatchNorm,
    Conv2D,
    Dense,
    Flatten,
    GlobalAveragePool,
    MaxPool2D,
    Residual,
    Sigmoid,
    Skip,
    UpSample2D,
)
from engine.stages import Pass, Step, reach, window

ROUNDINGS = 4  # additions in another order differ by a few roundings, of which most cancel
Box = tuple[int, int, int, int]  # top, left, bottom, right; the last two just outside


@dataclass(frozen=True)
class After:
    """What one layer makes of the number before it; batch normalisation is value · factor + shift."""

    kind: str
    value: np.float32
    factor: np.float32 | None = None
    shift: np.float32 | None = None


@dataclass(frozen=True)
class Unit:
    """One number of a stage and where it comes from.

    kind: "weighted" (products are added), "largest" (one of the patch), "share" (of all outputs), "copy" (one
    number as it is), "picture" (a pixel). patch: (h, w, c) or (n,) float32, what it reads, with zeros outside
    the maps; weights and products in the same shape, None where there are none. reads: the number of the
    stage that the patch is of. box: the patch's place in that stage's maps; sees: what of the picture it
    depends on. rounding: how far `total` may lie from `before`.
    """

    kind: str
    place: tuple[int, ...]
    reads: int
    patch: np.ndarray
    box: Box
    sees: Box
    total: np.float32
    before: np.float32
    activation: np.float32
    weights: np.ndarray | None = None
    products: np.ndarray | None = None
    bias: np.float32 | None = None
    after: tuple[After, ...] = ()
    rounding: float = 0.0


def look(seen: Pass, stage: int, place: tuple[int, ...]) -> Unit:
    """Take apart the number at `place`, (row, column, channel) or (number,), of a stage.

    The stage after the last one is that of the probabilities. IndexError where there is no such number.
    """
    if stage == len(seen.stages):
        return _share(seen, place)
    if not 0 <= stage < len(seen.stages):
        raise IndexError(f"there are {len(seen.stages)} stages, not one numbered {stage}")
    shape = seen.output(stage).shape
    if len(place) != len(shape) or not all(0 <= i < n for i, n in zip(place, shape, strict=True)):
        raise IndexError(f"stage {stage} gives {shape}; there is no number {place}")
    step = seen.steps[seen.stages[stage].head]
    activation = seen.output(stage)[place]
    boxes = _box(seen, stage, place, window), _box(seen, stage, place, reach)
    if step.layer is None:
        values = np.array([activation])
        return Unit("picture", place, 0, values, *boxes, activation, activation, activation)
    before = step.output[0][place]
    patch, weights, bias = _gathered(seen, step, place, boxes[0])
    total, products, kind = _gather(step, patch, weights, bias)
    reads = seen.sources(stage)[0]
    return Unit(
        kind, place, reads, patch, *boxes, total, before, activation,
        weights, products, bias, _after(seen, stage, place), _rounding(seen, step, weights, bias),
    )  # fmt: skip


def _rounding(seen: Pass, step: Step, weights: np.ndarray | None, bias: np.float32 | None) -> float:
    """A few float32 roundings of the largest sum that such weights and such maps can make.

    Of the largest of the whole maps, because Winograd's tiles mix a patch with what lies beside it.
    """
    if weights is None:
        return 0.0
    largest = float(np.abs(seen.steps[step.sources[0]].output).max(initial=0))
    sums = largest * float(np.abs(weights).sum()) + abs(float(bias or 0))
    return ROUNDINGS * float(np.finfo(np.float32).eps) * sums


def _box(
    seen: Pass, stage: int, place: tuple[int, ...], ranges: Callable[[Pass, int, int], np.ndarray]
) -> Box:
    """The rows and columns that `ranges` (`window` or `reach`) names for a place."""
    if stage == 0:
        row, column = place[:2]
        return row, column, row + 1, column + 1
    at = place[:2] if len(place) == 3 else (0, 0)
    (top, bottom), (left, right) = (ranges(seen, stage, axis)[at[axis]] for axis in (0, 1))
    return int(top), int(left), int(bottom), int(right)


def _gathered(
    seen: Pass, step: Step, place: tuple[int, ...], box: Box
) -> tuple[np.ndarray, np.ndarray | None, np.float32 | None]:
    """(patch, weights, bias) of the unit at `place` of a stage's first layer."""
    layer, source = step.layer, seen.steps[step.sources[0]].output[0]
    channel = place[-1]
    if isinstance(layer, Conv2D | Dense):
        weight = layer.parameters["weight"][..., channel]
        bias = layer.parameters["bias"][channel] if "bias" in layer.parameters else None
        if isinstance(layer, Conv2D):
            return _cut(source, box), weight, bias
        patch = source[place[:-1]]
        shape = _unflattened(seen, step) or patch.shape
        return patch.reshape(shape), weight.reshape(shape), bias
    if isinstance(layer, MaxPool2D):
        return _cut(source, box)[..., channel : channel + 1], None, None
    if isinstance(layer, AveragePool2D | GlobalAveragePool):
        patch = _cut(source, box)[..., channel : channel + 1]
        return patch, np.full_like(patch, 1 / patch.size), None
    if isinstance(layer, Residual):
        parts = np.array([seen.steps[i].output[0][place] for i in step.sources])
        return parts, np.ones_like(parts), None
    if isinstance(layer, Skip):
        own = source.shape[-1]
        part, at = (0, channel) if channel < own else (1, channel - own)
        return seen.steps[step.sources[part]].output[0][(*place[:-1], at)].reshape(1), None, None
    if isinstance(layer, UpSample2D):
        return source[place[0] // 2, place[1] // 2, channel].reshape(1), None, None
    if isinstance(layer, BatchNorm) and len(place) == source.ndim:
        factor, shift = layer.affine()
        return source[place].reshape(1), factor[channel].reshape(1), shift[channel]
    return step.output[0][place].reshape(1), None, None


def _unflattened(seen: Pass, step: Step) -> tuple[int, ...] | None:
    """The shape of the maps in front of a dense layer, where they were only laid out flat."""
    before = seen.steps[step.sources[0]]
    if isinstance(before.layer, Flatten):
        return seen.steps[before.sources[0]].output.shape[1:]
    return None


def _cut(source: np.ndarray, box: Box) -> np.ndarray:
    """A box of the maps (H, W, C); zeros where it reaches over their edges."""
    top, left, bottom, right = box
    patch = np.zeros((bottom - top, right - left, source.shape[2]), source.dtype)
    rows = slice(max(0, top), min(source.shape[0], bottom))
    columns = slice(max(0, left), min(source.shape[1], right))
    inside = source[rows, columns]
    high, wide = rows.start - top, columns.start - left
    patch[high : high + inside.shape[0], wide : wide + inside.shape[1]] = inside
    return patch


def _gather(
    step: Step, patch: np.ndarray, weights: np.ndarray | None, bias: np.float32 | None
) -> tuple[np.float32, np.ndarray | None, str]:
    """(total, products, kind)"""
    if weights is None:
        largest = isinstance(step.layer, MaxPool2D)
        return (patch.max(), None, "largest") if largest else (patch.flat[0], None, "copy")
    products = patch * weights
    total = np.add.accumulate(products.ravel())[-1]  # one after another, in float32
    return (total if bias is None else total + bias), products, "weighted"


def _after(seen: Pass, stage: int, place: tuple[int, ...]) -> tuple[After, ...]:
    """What the stage's other layers make of the number, one after another."""
    found = []
    chosen = seen.stages[stage]
    for step in seen.steps[chosen.head + 1 : chosen.last + 1]:
        if isinstance(step.layer, Flatten):
            break
        factor = shift = None
        if isinstance(step.layer, BatchNorm):
            factor, shift = (values[place[-1]] for values in step.layer.affine())
        found.append(After(type(step.layer).__name__, step.output[0][place], factor, shift))
    return tuple(found)


def _share(seen: Pass, place: tuple[int, ...]) -> Unit:
    """A probability: its part of all outputs, which softmax makes positive first (e to their power)."""
    outputs = seen.steps[-1].output[0]
    if len(place) != 1 or not 0 <= place[0] < len(outputs):
        raise IndexError(f"there are {len(outputs)} probabilities; there is no number {place}")
    sigmoid = isinstance(seen.network.layers[-1], Sigmoid)
    positive = outputs + (outputs.sum() == 0) if sigmoid else np.exp(outputs - outputs.max())
    share = seen.probabilities[place[0]]
    last = len(seen.stages) - 1
    whole = _box(seen, last, (0,), reach)
    total = positive[place[0]] / positive.sum()
    return Unit("share", place, last, outputs, whole, whole, total, share, share, products=positive)

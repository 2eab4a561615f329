"""A computation on arrays of known shapes, as a list of NumPy calls whose arguments are bound once.

For one small picture the arithmetic takes about as long as finding buffers, making views and passing
arguments. A program has all of that behind it. It is put together from its end: each step is told where its
result is to go, and says in return where it wants its input, so that a result is written straight into the
(padded, extended) buffer of the next step.

The buffers are the program's own, so a program belongs to one thread; what it returns is a copy. What a step
needs for itself alone comes from one `Workspace` for all steps: the less memory they go through, the more of
the weights stays in the cache.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property, partial
from itertools import pairwise
from typing import Protocol

import numpy as np

from engine.memory import Workspace, aligned_copy
from engine.products import SMALL_PRODUCT
from engine.rectifier import against_zeros

Calls = list[Callable[[], object]]
Shape = tuple[int, ...]
Bound = tuple[np.ndarray, Calls]
Function = Callable[[np.ndarray], np.ndarray]


class Step(Protocol):
    """One step of a program, for one input (1, …)."""

    def bind(self, shape: Shape, out: np.ndarray, work: Workspace) -> Bound:
        """(where the input of `shape` is to be written, the calls that then fill `out`)."""
        ...


class Program:
    """`steps` in a row; `shapes` are those of the input and of each step's result."""

    def __init__(self, steps: Sequence[Step], shapes: Sequence[Shape], dtype: np.dtype) -> None:
        self.output = place = np.empty(shapes[-1], dtype)
        self.calls: Calls = []
        work = Workspace()
        for step, shape in zip(reversed(steps), reversed(shapes[:-1]), strict=True):
            work.clear()
            place, calls = step.bind(shape, place, work)
            self.calls = calls + self.calls
        self.input = place

    def __call__(self, x: np.ndarray) -> np.ndarray:
        self.input[...] = x
        for call in self.calls:
            call()
        return self.output.copy()


class Whole:
    """Any function of an array as a step; its result is copied."""

    def __init__(self, function: Function) -> None:
        self.function = function

    def bind(self, shape: Shape, out: np.ndarray, work: Workspace) -> Bound:
        inside = np.empty(shape, out.dtype)
        return inside, [lambda: np.copyto(out, self.function(inside))]


class Reshape:
    """The same numbers in another shape: nothing to be done where they lie in one piece."""

    def bind(self, shape: Shape, out: np.ndarray, work: Workspace) -> Bound:
        if out.flags.c_contiguous:
            return out.reshape(shape), []
        inside = np.empty(shape, out.dtype)
        return inside, [fill(out, inside.reshape(out.shape))]


class Product:
    """x (1, inputs) @ weight (inputs, outputs) + bias, then ReLU or another function, if any.

    The bias is one more row of the weight, for an input that is always 1.
    """

    def __init__(
        self, weight: np.ndarray, bias: np.ndarray | None, relu: bool = False, after: Function | None = None
    ) -> None:
        self.weight, self.bias, self.relu, self.after = weight, bias, relu, after

    @cached_property
    def _rows(self) -> np.ndarray:
        return aligned_copy(self.weight if self.bias is None else np.vstack([self.weight, self.bias]))

    def bind(self, shape: Shape, out: np.ndarray, work: Workspace) -> Bound:
        x = np.ones(len(self._rows), out.dtype)
        y = np.empty(out.shape[1], out.dtype)
        after = self.after
        last = finish(y, self.relu, out[0]) if after is None else [lambda: np.copyto(out[0], after(y))]
        return x[: len(self.weight)].reshape(shape), [partial(x.dot, self._rows, y), *last]


class Mean:
    """The mean over all places: (1, H, W, C) -> (1, C)."""

    def bind(self, shape: Shape, out: np.ndarray, work: Workspace) -> Bound:
        places = shape[1] * shape[2]
        inside = np.empty(shape, out.dtype)
        share = np.full(places, 1 / places, out.dtype)
        y = np.empty(shape[3], out.dtype)
        return inside, [partial(share.dot, inside.reshape(places, -1), y), *finish(y, False, out[0])]


def fill(target: np.ndarray, source: np.ndarray) -> Callable[[], object]:
    """The call that copies. Methods of arrays are called sooner than functions of NumPy, as in products."""
    return partial(target.__setitem__, ..., source)


def finish(y: np.ndarray, relu: bool, out: np.ndarray, memory: np.ndarray | None = None) -> Calls:
    """The calls that bring y to `out`, with `relu` nothing below 0.

    Where y is a view of some `memory` of the step's own, all of that is changed first: what lies together is
    quicker.
    """
    if not relu:
        return [fill(out, y)]
    rows, zeros = against_zeros(y if memory is None else memory)
    if memory is None and out.flags.c_contiguous:
        return [partial(np.maximum, rows, zeros, out=out.reshape(rows.shape))]
    return [partial(np.maximum, rows, zeros, out=rows), fill(out, y)]


def product(a: np.ndarray, b: np.ndarray, out: np.ndarray) -> Calls:
    """out = a @ b for matrices, by rows in parts that are small enough for BLAS not to copy them first."""
    parts = min(4, len(a), -(-a.size * b.shape[1] // SMALL_PRODUCT))
    cuts = [len(a) * i // parts for i in range(parts + 1)]
    return [partial(a[i:j].dot, b, out[i:j]) for i, j in pairwise(cuts)]

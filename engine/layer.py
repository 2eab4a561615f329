"""The contract that all layers keep.

`layer.forward(x, training=False)` returns `(y, backward)`, and `backward(dy)` returns `(dx, gradients)`: the
gradient stands beside the computation that it belongs to, and what it needs to remember lives in the closure.
A layer itself holds its parameters and never an input, so two threads may use one network at once.
`gradients` has the names of `layer.parameters`. With `backward(dy, input_gradient=False)`, a layer that has
parameters may return None for dx.

Images are (N, H, W, C). A layer keeps the dtype that it is given and takes its array functions from the
array.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

Array = Any  # a NumPy array, or a CuPy array on a GPU
Gradients = dict[str, Array]
Backward = Callable[..., tuple[Array, Gradients]]


class Layer:
    """One step of a network: named parameters that are trained, and buffers that are only saved."""

    def __init__(self) -> None:
        self.parameters: dict[str, Array] = {}
        self.buffers: dict[str, Array] = {}

    def forward(self, x: Array, training: bool = False) -> tuple[Array, Backward]:
        raise NotImplementedError

    def predict(self, x: Array) -> Array:
        """`forward` without what only the gradient needs."""
        return self.forward(x)[0]

    def config(self) -> dict[str, Any]:
        """Everything but the numbers, as JSON."""
        return {"kind": type(self).__name__}

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of one output for one input of `shape` (without the axis of samples)."""
        return shape


def column_sums(x: Array) -> Array:
    """The sum of each channel over samples and places: (..., C) -> (C,), as one product."""
    rows = x.reshape(-1, x.shape[-1])
    if isinstance(x, np.ndarray):
        return _ones(rows.shape[0], x.dtype).dot(rows)
    return x.__array_namespace__().ones(rows.shape[0], dtype=x.dtype) @ rows


@lru_cache(maxsize=32)
def _ones(count: int, dtype: np.dtype) -> np.ndarray:
    ones = np.ones(count, dtype)
    ones.setflags(write=False)  # every thread's
    return ones

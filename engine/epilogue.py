"""What follows a product while it still lies in the cache: bias and ReLU, in place."""

from __future__ import annotations

import numpy as np

from engine.layer import Array
from engine.rectifier import rectify

LONG_ROW = 1 << 14  # a row of less than half of it is buffered where it is added to others: half the speed


def places_in_a_row(count: int, channels: int) -> int:
    """How many of `count` places to lay side by side: a power of two that divides them."""
    fold = 1
    while count % (2 * fold) == 0 and 2 * fold * channels <= LONG_ROW:
        fold *= 2
    return fold


class Epilogue:
    """bias (outputs,) is added; with `relu`, what is negative becomes 0."""

    def __init__(self, bias: Array, relu: bool) -> None:
        self.bias, self.relu = bias, relu
        self._rows: dict[int, Array] = {1: bias}

    def __call__(self, tile: Array) -> None:
        """Change tile (..., outputs)."""
        rows, bias = tile, self.bias
        if isinstance(tile, np.ndarray) and tile.flags.c_contiguous:
            outputs = tile.shape[-1]
            fold = places_in_a_row(tile.size // outputs, outputs)
            rows, bias = tile.reshape(-1, fold * outputs), self._bias_row(fold)
        rows += bias
        if self.relu:
            rectify(rows, out=rows)

    def _bias_row(self, fold: int) -> Array:
        """The bias for `fold` places side by side."""
        row = self._rows.get(fold)
        if row is None:
            row = np.empty((fold, *self.bias.shape), self.bias.dtype)
            row[...] = self.bias
            row = self._rows[fold] = row.reshape(-1)
        return row

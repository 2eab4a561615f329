"""What follows a product while it still lies in the cache: bias and ReLU, in place."""

from __future__ import annotations

from engine.layer import Array


class Epilogue:
    """bias (outputs,) is added; with `relu`, what is negative becomes 0."""

    def __init__(self, bias: Array, relu: bool) -> None:
        self.bias, self.relu = bias, relu
        self._zero = bias.dtype.type(0)
        xp = bias.__array_namespace__()
        self._add, self._maximum = xp.add, xp.maximum

    def __call__(self, tile: Array) -> None:
        """Change tile (..., outputs)."""
        self._add(tile, self.bias, out=tile)
        if self.relu:
            self._maximum(tile, self._zero, out=tile)

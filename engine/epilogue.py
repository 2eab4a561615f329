"""What follows a product while it still lies in the cache: bias and ReLU, in place."""

from __future__ import annotations

from dataclasses import dataclass

from engine.layer import Array


@dataclass(frozen=True, eq=False)
class Epilogue:
    """bias (outputs,) is added; with `relu`, what is negative becomes 0."""

    bias: Array
    relu: bool

    def __call__(self, tile: Array) -> None:
        """Change tile (..., outputs)."""
        self._apply(tile, self.bias)

    def on_planes(self, planes: Array) -> None:
        """Change planes (N, outputs, places)."""
        self._apply(planes, self.bias[:, None])

    def _apply(self, values: Array, bias: Array) -> None:
        xp = values.__array_namespace__()
        xp.add(values, bias, out=values)
        if self.relu:
            xp.maximum(values, values.dtype.type(0), out=values)

"""A curve that stays small however long the run is: what a chart needs of a hundred thousand losses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

CAPACITY = 240  # points: finer than a chart of 400 pixels can show


@dataclass(frozen=True)
class Point:
    """x in epochs; the mean of the batches since the point before; the smoothed value at x."""

    x: float
    value: float
    smooth: float


@dataclass
class Curve:
    """Losses batch by batch. Neighbouring points are merged when there are too many, so memory is bounded.

    memory: over how many batches the smoothed line looks back at most, as a moving average. In the
    beginning, where the loss falls fast, it looks back over a fifth of the batches so far.
    """

    memory: float = 1.0
    stride: int = 1
    _points: list[Point] = field(default_factory=list)
    _sum: float = 0.0
    _count: int = 0
    _average: float = 0.0
    _seen: int = 0
    _x: float = 0.0

    def add(self, x: float, value: float) -> None:
        self._average += (value - self._average) / min(max(1.0, self.memory), 1 + self._seen / 5)
        self._seen += 1
        self._sum += value
        self._count += 1
        self._x = x
        if self._count == self.stride:
            self._points.append(self._unfinished())
            self._sum, self._count = 0.0, 0
            if len(self._points) >= CAPACITY:
                self._points = merged(self._points)
                self.stride *= 2

    @property
    def points(self) -> list[Point]:
        """At most CAPACITY points, the newest loss included."""
        return [*self._points, self._unfinished()] if self._count else list(self._points)

    @property
    def smooth(self) -> float | None:
        """The smoothed value now, None before the first."""
        return self._average if self._seen else None

    def _unfinished(self) -> Point:
        return Point(self._x, self._sum / self._count, self._average)


def merged(points: Sequence[Point]) -> list[Point]:
    """Every two neighbours as one, at the later one's place."""
    pairs = zip(points[0::2], points[1::2], strict=True)
    return [Point(b.x, (a.value + b.value) / 2, b.smooth) for a, b in pairs]

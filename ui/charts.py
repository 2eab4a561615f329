"""Line charts as inline SVG: small enough to send five times a second, sharp at any width, in both themes.

The lines stretch with the page (`preserveAspectRatio="none"`, strokes that don't scale); the words around
them are ordinary text, placed in per cent, so that they keep their size on a phone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 1000, 400  # units of the drawing, not pixels


@dataclass(frozen=True)
class Line:
    """One line of a chart. points: (x, y); faint: what lies behind the line that matters."""

    points: Sequence[tuple[float, float]]
    colour: str
    faint: bool = False


@dataclass(frozen=True)
class Scale:
    """From values to 0..1 along an axis, with the values that are written beside it."""

    low: float
    high: float
    ticks: tuple[float, ...]
    log: bool = False

    def place(self, value: float) -> float:
        if self.log:
            low, high = math.log(self.low), math.log(self.high)
            return (math.log(max(value, 1e-12)) - low) / (high - low)
        return (value - self.low) / (self.high - self.low)


def linear_scale(low: float, high: float, count: int = 5) -> Scale:
    """From `low` to `high`, with about `count` round ticks."""
    if not high > low:
        high = low + 1.0
    step = round_up((high - low) / count)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return Scale(low, high, tuple(round(i * step, 10) for i in range(first, last + 1)))


def log_scale(low: float, high: float) -> Scale:
    """Equal distances for equal ratios. Ticks at powers of ten, also at 2 and 5 of each where those are
    few."""
    low, high = max(low, 1e-9), max(high, low * 2, 2e-9)
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for digits in ((1,), (1, 2, 5)):
        ticks = tuple(digit * 10.0**power for power in decades for digit in digits)
        within = tuple(tick for tick in ticks if low * 0.999 <= tick <= high * 1.001)
        if len(within) >= 3:
            break
    return Scale(low, high, within, log=True)


def round_up(step: float) -> float:
    """The next of 1, 2, 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(step))
    return next(digit * power for digit in (1, 2, 5, 10) if digit * power >= step * 0.999)


def chart(
    title: str,
    hint: str,
    lines: Sequence[Line],
    x: Scale,
    y: Scale,
    x_label: str,
    y_text: Callable[[float], str] = "{:g}".format,
    summary: str = "",
) -> str:
    """A figure: title, a hint beside it, grid, lines, axes.

    summary: what a screen reader says of the lines; where there are none yet, everybody sees it.
    """
    plot = [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none" aria-hidden="true">',
        *(f'<line class="grid" x1="0" x2="{WIDTH}" {_level(y, tick)}/>' for tick in y.ticks),
        *(_path(line, x, y) for line in sorted(lines, key=lambda line: not line.faint)),
        "</svg>",
        *(
            f'<span class="y" style="bottom:{100 * y.place(tick):.2f}%">{escape(y_text(tick))}</span>'
            for tick in y.ticks
        ),
        *(f'<span class="x" style="left:{100 * x.place(tick):.2f}%">{tick:g}</span>' for tick in x.ticks),
    ]
    if not lines:
        plot.append(f'<p class="placeholder" aria-hidden="true">{escape(summary)}</p>')
    return (
        f'<figure class="chart" role="img" aria-label="{escape(title)}. {escape(summary)}">'
        f"<figcaption><b>{escape(title)}</b> <small>{escape(hint)}</small></figcaption>"
        f'<div class="plot">{"".join(plot)}</div><div class="x-label">{escape(x_label)}</div></figure>'
    )


def _level(y: Scale, value: float) -> str:
    height = f"{HEIGHT * (1 - y.place(value)):.1f}"
    return f'y1="{height}" y2="{height}"'


def _path(line: Line, x: Scale, y: Scale) -> str:
    """A polyline; a single point is a dot. What lies outside the frame is cut off by the SVG itself."""
    if not line.points:
        return ""
    places = [(WIDTH * x.place(a), HEIGHT * (1 - y.place(b))) for a, b in line.points]
    places = [(a, min(max(b, -HEIGHT), 2 * HEIGHT)) for a, b in places]
    if len(places) == 1:
        places = [places[0], places[0]]
    text = " ".join(f"{a:.1f},{b:.1f}" for a, b in places)
    kind = "faint" if line.faint else "line"
    return f'<polyline class="{kind}" points="{text}" style="stroke:{line.colour}"/>'

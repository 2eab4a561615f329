"""Several looks at a line of digits, taken in turn as long as no text leaves so little doubt.

A look shows some rows of the picture, wider or narrower, thin strokes perhaps paler. Small digits under long
strokes are larger in the rows that hold them, and fewer strokes are left; where strokes are paler, hooks
beside the digits are no digits any more. Looks err apart from each other, so what two say is likelier right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from engine.decoding import decode
from engine.line import line_of, line_width, thinned_out

# From the whole picture's line (40, W) and its height to the first row to look at and the one after the last.
Rows = Callable[[np.ndarray, int], tuple[int, int]]
# From the first row, the one after the last and a stretch to the line (40, W) uint8 that they make.
Lines = Callable[[int, int, float], np.ndarray]
# From a line to what each of its columns says, (T, 11).
Reader = Callable[[np.ndarray], np.ndarray]

SURE = 0.95  # no more looks are taken where a text is as probable
COIN = (
    0.5  # a text that no look finds as likely as so much for each digit is nothing: a leaf, a face, a wheel
)


class Look(NamedTuple):
    """rows: those to look at. stretch: of the line. thin: what is so thin is made paler."""

    rows: Rows
    stretch: float = 1.0
    thin: np.ndarray | None = None


@dataclass(frozen=True)
class Seen:
    """What the network says, `columns` (T, 11), of a picture's rows from `top` to `bottom`, made into `line`.

    text, probability: the most probable text and how probable it is.
    """

    columns: np.ndarray
    line: np.ndarray
    top: int
    bottom: int
    text: str
    probability: float


def surest(looks: Sequence[Look], whole: np.ndarray, height: int, lines: Lines, read: Reader) -> Seen:
    """Of the looks that say the most probable text, the surest. whole: the line (40, W) of all the picture;
    height: the picture's.
    """
    seen: list[Seen] = []
    for look in looks:
        top, bottom, line = looked_at(look, whole, height, lines)
        if any(np.array_equal(line, one.line) for one in seen):
            continue  # it would say the same once more
        columns = read(line)
        seen.append(Seen(columns, line, top, bottom, *decode(columns)))
        doubts = _doubts(seen)
        text = min(doubts, key=lambda one: doubts[one])
        if doubts[text] <= 1 - SURE:
            break
    return max((one for one in seen if one.text == text), key=lambda one: one.probability)


def lines_of(rgb: np.ndarray) -> Lines:
    """The lines of a picture (H, W, 3) uint8."""

    def line(top: int, bottom: int, stretch: float) -> np.ndarray:
        return line_of(rgb[top:bottom], line_width(bottom - top, stretch * rgb.shape[1]))

    return line


def unless_guessed(seen: Seen) -> Seen:
    """The same, saying nothing where it is less sure than a coin for each digit."""
    return replace(seen, text="") if seen.probability < COIN ** len(seen.text) else seen


def looked_at(look: Look, whole: np.ndarray, height: int, lines: Lines) -> tuple[int, int, np.ndarray]:
    """A look's first row of a picture, the one after its last, and their line."""
    top, bottom = look.rows(whole, height)
    as_it_is = (top, bottom, look.stretch) == (0, height, 1)
    line = whole if as_it_is else lines(top, bottom, look.stretch)
    return top, bottom, line if look.thin is None else thinned_out(line, thin=look.thin)


def _doubts(seen: Iterable[Seen]) -> dict[str, float]:
    """Each text that was read, and how probable it is wrong if looks that agree err apart from each other."""
    doubts: dict[str, float] = {}
    for one in seen:
        doubts[one.text] = doubts.get(one.text, 1.0) * (1 - one.probability)
    return doubts

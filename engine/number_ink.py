"""One hand writing digits and marks: pieces of ink, all by the same pen at the same slant."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import cv2
import numpy as np

from engine.chances import chance, pick, whole, within
from engine.number_sources import Sources
from engine.strokes import Hand, Strokes, render_pieces, smooth, vary

# A hand strays less from its own ways within one number than hands differ among each other.
WITHIN = Hand(rotation=0.055, slant=0.06, stretch=0.09, warp=0.022, tremble=0.004, joints=0.012, ends=0.05)
SHAPED = replace(WITHIN, rotation=0.08, slant=0.1, stretch=0.17, warp=0.034, tremble=0.006, joints=0.02)
Points = list[tuple[float, float]]


@dataclass(frozen=True, eq=False)
class Blot:
    """Ink of one digit or mark. mask: (h, w) uint8, tight. left, top: where it lies, in pixels; y = 0 is the
    line that is written on. begin, end: where the pen touched down first and left last, from left and top.
    """

    mask: np.ndarray
    left: int = 0
    top: int = 0
    begin: tuple[float, float] | None = None
    end: tuple[float, float] | None = None

    def moved(self, right: int, down: int) -> Blot:
        return Blot(self.mask, self.left + right, self.top + down, self.begin, self.end)


@dataclass(frozen=True, eq=False)
class Writing:
    """How one number is written. height: of a digit, in pixels. pen: its width, in pixels. slant: sideways
    per unit of height; stretch: how much wider than found. ways: from a digit to some ink.
    """

    height: float
    pen: float
    slant: float
    stretch: float
    ways: tuple[Callable[[int, np.random.Generator, float], Blot], ...] = field(default=())

    def digit(self, digit: int, rng: np.random.Generator, size: float) -> Blot:
        """One digit, `size` times as high as the others, standing on y = 0."""
        return pick(rng, self.ways)(digit, rng, size)

    def matrix(self) -> np.ndarray:
        """Slant and stretch for column vectors (x, y), y down."""
        return np.array([[self.stretch, -self.slant], [0, 1]])


def some_writing(sources: Sources, rng: np.random.Generator) -> Writing:
    """Any hand and any pen."""
    height = float(np.exp(within(rng, np.log(18), np.log(60))))
    pen = max(1.0, height * float(np.exp(within(rng, np.log(0.035), np.log(0.19)))))
    slant = float(np.clip(rng.normal(0.1, 0.22), -0.5, 0.75))
    return by_a_hand(Writing(height, pen, slant, float(np.exp(rng.normal(0.0, 0.13)))), sources, rng)


def by_a_hand(writing: Writing, sources: Sources, rng: np.random.Generator) -> Writing:
    """The writing with ways of its own: one writer's strokes, hand-made shapes, or pictures of digits."""
    return replace(writing, ways=_ways(writing, sources, rng))


def _ways(
    writing: Writing, sources: Sources, rng: np.random.Generator
) -> tuple[Callable[[int, np.random.Generator, float], Blot], ...]:
    def pictured(digit: int, rng: np.random.Generator, size: float) -> Blot:
        images = sources.pictures[digit]
        return from_picture(images[rng.integers(len(images))], writing, rng, size)

    def written_by(*hands: tuple[tuple[Strokes, ...], ...]) -> Callable[..., Blot]:
        habits = [pick(rng, hands)[digit] for digit in range(10)]
        return lambda digit, rng, size: from_strokes(pick(rng, habits[digit]), writing, rng, size)

    if chance(rng, 0.38) and all(len(images) for images in sources.pictures):
        return (pictured,)
    writer = written_by(pick(rng, sources.writers))
    if not sources.shapes or chance(rng, 0.5):
        return (writer,)
    # Habits are kept within a number: this writer's digits, but some of them in a hand-made way.
    habits = [[pick(rng, sources.shapes[digit])] for digit in range(10)]
    odd = rng.random(10) < 0.6

    def mixed(digit: int, rng: np.random.Generator, size: float) -> Blot:
        if odd[digit]:
            return from_strokes(habits[digit][0], writing, rng, size, SHAPED)
        return writer(digit, rng, size)

    return (mixed,)


def from_strokes(
    strokes: Strokes, writing: Writing, rng: np.random.Generator, size: float, hand: Hand = WITHIN
) -> Blot:
    """A digit drawn anew from the way of a pen."""
    slanted = [stroke @ writing.matrix().T.astype(np.float32) for stroke in vary(strokes, rng, hand)]
    points = np.concatenate(slanted)
    low, high = points.min(0), points.max(0)
    scale = writing.height * size / max(float(high[1] - low[1]), 0.55 * float(high[0] - low[0]), 1e-3)
    return drawn([(stroke - low) * scale for stroke in slanted], writing.pen, rng)


def drawn(strokes: Strokes, pen: float, rng: np.random.Generator) -> Blot:
    """Ink of strokes in pixels, standing on y = 0; one in four is pressed unevenly."""
    margin = pen / 2 + 1.5
    points = np.concatenate(list(strokes))
    low = points.min(0) - margin
    width, height = np.ceil(points.max(0) - low + margin).astype(int)
    lines = [smooth((stroke - low).astype(np.float32), 3) for stroke in strokes]
    pieces = [(line, pen) for line in lines]
    if chance(rng, 0.25):
        pieces = [piece for line in lines for piece in _pressed(line, pen, rng)]
    mask = render_pieces(pieces, (int(height), int(width)))
    begin, end = lines[0][0], lines[-1][-1]
    return Blot(
        mask,
        0,
        -int(height) + round(margin),
        (float(begin[0]), float(begin[1])),
        (float(end[0]), float(end[1])),
    )


def _pressed(line: np.ndarray, pen: float, rng: np.random.Generator) -> list[tuple[np.ndarray, float]]:
    """A line in short overlapping pieces, whose width swells and fades along the way."""
    along = np.arange(0, max(1, len(line) - 1), 5)
    swell = 0.3 * np.sin(along / len(line) * within(rng, 2, 8) + within(rng, 0, 6.3))
    return [(line[at : at + 6], pen * (1 + more)) for at, more in zip(along, swell, strict=True)]


def from_picture(picture: np.ndarray, writing: Writing, rng: np.random.Generator, size: float) -> Blot:
    """A digit of 28 x 28 pixels enlarged, slanted, and its pen made wider or finer as its edges allow."""
    rows, columns = np.flatnonzero(picture.max(1) > 40), np.flatnonzero(picture.max(0) > 40)
    if not len(rows):
        return Blot(np.full((2, 2), 255, np.uint8), 0, -2)
    tight = picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    high, wide = tight.shape
    scale = writing.height * size / max(high, 0.55 * wide)
    matrix = writing.matrix() @ np.diag([scale, scale])
    turn = rng.normal(0, 0.05)
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) @ matrix
    corners = matrix @ np.array([[-1, wide, wide, -1], [-1, -1, high, high]], np.float64)
    low = corners.min(1)
    width, height = np.ceil(corners.max(1) - low).astype(int) + 1
    large = cv2.warpAffine(
        tight, np.column_stack([matrix, -low]), (int(width), int(height)), flags=cv2.INTER_CUBIC
    )
    middle = within(rng, 70, 165)
    gain = within(rng, 130 / middle, 3.5)  # at least so much that the ground stays 0
    large = cv2.convertScaleAbs(np.maximum(large.astype(np.float32) - middle + 128 / gain, 0), alpha=gain)
    x, y, w, h = cv2.boundingRect(cv2.threshold(large, 25, 255, cv2.THRESH_BINARY)[1])
    return Blot(large[y : y + h, x : x + w], 0, -h) if w else Blot(np.full((2, 2), 255, np.uint8), 0, -2)


# --- marks --------------------------------------------------------------------------------------------------


def mark(name: str, writing: Writing, rng: np.random.Generator) -> Blot:
    """One of `MARKS` in this hand, in place above or below the line that is written on."""
    ways = MARKS[name](rng)
    slant = np.array([[1, -writing.slant], [0, 1]], np.float32)
    strokes = [(np.array(way, np.float32) @ slant.T) * np.float32(writing.height) for way in ways]
    blot = drawn(strokes, writing.pen * within(rng, 0.85, 1.25), rng)
    lowest = max(float(stroke[:, 1].max()) for stroke in strokes)
    return Blot(blot.mask, 0, blot.top + round(lowest))


def _dot(rng: np.random.Generator) -> list[Points]:
    y = within(rng, -0.12, 0.05)
    return [[(0, y), (within(rng, 0, 0.05), y + within(rng, 0, 0.04))]]


def _comma(rng: np.random.Generator) -> list[Points]:
    y = within(rng, -0.12, 0.02)
    return [[(0.06, y), (0.05, y + 0.1), (-within(rng, 0.0, 0.12), y + within(rng, 0.15, 0.32))]]


def _dash(rng: np.random.Generator) -> list[Points]:
    y, long = within(rng, -0.65, -0.3), within(rng, 0.25, 1.3)
    return [[(0, y), (long / 2, y + rng.normal(0, 0.03)), (long, y + rng.normal(0, 0.06))]]


def _equals(rng: np.random.Generator) -> list[Points]:
    y, long, gap = within(rng, -0.8, -0.3), within(rng, 0.25, 0.6), within(rng, 0.12, 0.25)
    return [[(0, y), (long, y - 0.02)], [(0.02, y + gap), (long, y + gap - 0.02)]]


def _hash(rng: np.random.Generator) -> list[Points]:
    lean = within(rng, 0.05, 0.25)
    bars: list[Points] = [[(x + lean, -0.75), (x, -0.05)] for x in (0.2, 0.42)]
    return [*bars, [(0, -0.52), (0.7, -0.55)], [(0, -0.28), (0.66, -0.3)]]


def _crossed_dash(rng: np.random.Generator) -> list[Points]:
    """A long dash with two short bars through it, as fills up a cheque's line."""
    y, long = within(rng, -0.6, -0.35), within(rng, 0.6, 1.4)
    at = within(rng, 0.25, 0.6) * long
    bars: list[Points] = [[(at + x + 0.07, y - 0.2), (at + x, y + 0.2)] for x in (0, 0.16)]
    return [[(0, y), (long, y - 0.02)], *bars[: whole(rng, 1, 2)]]


def _dollar(rng: np.random.Generator) -> list[Points]:
    curve = [(0.5, -0.8), (0.3, -0.95), (0.05, -0.75), (0.15, -0.55), (0.45, -0.42), (0.5, -0.18)]
    curve += [(0.25, -0.02), (0.0, -0.15)]
    bars: list[Points] = [[(0.3 + x, -1.1), (0.26 + x, 0.12)] for x in (0, 0.1)]
    return [curve, *bars[: whole(rng, 1, 2)]]


def _euro(rng: np.random.Generator) -> list[Points]:
    bow = [(0.6, -0.85), (0.4, -0.97), (0.12, -0.75), (0.06, -0.45), (0.14, -0.12), (0.4, 0.0), (0.6, -0.12)]
    return [bow, [(-0.05, -0.58), (0.42, -0.58)], [(-0.05, -0.38), (0.4, -0.38)]]


def _pound(rng: np.random.Generator) -> list[Points]:
    stem = [(0.55, -0.8), (0.4, -0.95), (0.25, -0.8), (0.25, -0.3), (0.05, 0.0), (0.3, -0.05), (0.6, 0.0)]
    return [stem, [(0.05, -0.45), (0.45, -0.45)]]


def _yen(rng: np.random.Generator) -> list[Points]:
    arms: list[Points] = [[(0, -0.95), (0.28, -0.5), (0.28, 0)], [(0.58, -0.95), (0.28, -0.5)]]
    return [*arms, [(0.05, -0.42), (0.52, -0.42)], [(0.05, -0.24), (0.52, -0.24)]]


MARKS: dict[str, Callable[[np.random.Generator], list[Points]]] = {
    "dot": _dot,
    "comma": _comma,
    "dash": _dash,
    "equals": _equals,
    "hash": _hash,
    "crossed dash": _crossed_dash,
    "dollar": _dollar,
    "euro": _euro,
    "pound": _pound,
    "yen": _yen,
}

"""Digits as pen strokes: read from recordings, varied as hands vary them, drawn as the page's own pad does.

A stroke is one way of the pen from down to up: a float32 array (M, 2) of points, x to the right and **y
down**, as on a canvas whose pixel (row 0, column 0) covers the square from (0, 0) to (1, 1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

Strokes = Sequence[np.ndarray]

SUPERSAMPLING = 4  # each pixel is drawn as 4x4, then averaged
FIXED_POINT_BITS = 8  # cv2 takes its coordinates as whole 1/256 pixels


@dataclass(frozen=True, eq=False)
class StrokeSample:
    """One recorded digit."""

    strokes: tuple[np.ndarray, ...]
    label: int
    writer: str


def load_strokes(path: Path | str) -> list[StrokeSample]:
    """The recordings of an .npz file.

    The file holds `points` (M, 2) with y pointing **up**, `stroke_offsets` (where each stroke begins in
    points), `sample_offsets` (the first stroke of each sample), both with the end as their last entry,
    `labels` and `writers`. Units differ from file to file; only shapes matter here.
    """
    with np.load(path, allow_pickle=False) as file:
        points = file["points"].astype(np.float32) * np.array([1, -1], np.float32)
        strokes = np.split(points, file["stroke_offsets"][1:-1])
        bounds, labels, writers = file["sample_offsets"], file["labels"], file["writers"]
    return [
        StrokeSample(tuple(s for s in strokes[first:end] if len(s)), int(label), str(writer))
        for first, end, label, writer in zip(bounds[:-1], bounds[1:], labels, writers, strict=True)
    ]


# --- drawing ------------------------------------------------------------------------------------------------


def render(strokes: Strokes, pen_width: float, canvas: int | tuple[int, int], steps: int = 4) -> np.ndarray:
    """The ink that strokes leave on a canvas: round caps and joins, soft edges, curves between the points.

    strokes: in pixels of the canvas; a single point leaves a dot. pen_width: pixels. canvas: its side, or
    (height, width). steps: straight pieces per curve; 0 joins the points themselves.
    Returns (H, W) uint8, 255 is ink; edges are exact to an eighth of a pixel.
    """
    return render_pieces([(smooth(stroke, steps), pen_width) for stroke in strokes], canvas)


def render_pieces(pieces: Sequence[tuple[np.ndarray, float]], canvas: int | tuple[int, int]) -> np.ndarray:
    """As `render`, for polylines that each have their own pen width."""
    height, width = (canvas, canvas) if isinstance(canvas, int) else canvas
    fine = np.zeros((height * SUPERSAMPLING, width * SUPERSAMPLING), np.uint8)
    prepared = [(_fixed_point(line), *_brushes(pen_width * SUPERSAMPLING)) for line, pen_width in pieces]
    for line, outer, cover, _ in prepared:
        if cover:
            cv2.polylines(fine, [line], False, cover, outer, cv2.LINE_8, FIXED_POINT_BITS)
    for line, _, _, inner in prepared:  # after all the soft edges, or an edge would wipe out what it crosses
        if inner:
            cv2.polylines(fine, [line], False, 255, inner, cv2.LINE_8, FIXED_POINT_BITS)
    return cv2.resize(fine, (width, height), interpolation=cv2.INTER_AREA)


def _fixed_point(line: np.ndarray) -> np.ndarray:
    """Points of the canvas as cv2 wants them: supersampled, pixel centres at whole numbers, in 1/256."""
    if len(line) == 1:
        line = np.repeat(line, 2, axis=0)
    return np.rint((line * SUPERSAMPLING - 0.5) * (1 << FIXED_POINT_BITS)).astype(np.int32)


def _brushes(width: float) -> tuple[int, int, int]:
    """How cv2 draws a line of any width: the thickness of a gray outer line, its gray, the inner thickness.

    cv2's lines are always an odd number of pixels wide: thickness 1 gives 1, an even thickness t gives t + 1.
    A width between two odd ones is the narrow line upon the wide one in gray.
    """
    if width <= 1:
        return 1, max(1, round(255 * width)), 0
    narrow = int((width - 1) // 2) * 2 + 1
    cover = round(255 * (width - narrow) / 2)
    return narrow + 1, cover, narrow - 1 if narrow > 1 else 1


def smooth(stroke: np.ndarray, steps: int = 4) -> np.ndarray:
    """A hand's curve through few points: quadratic Bezier arcs between midpoints, the points as handles.

    This is what drawing pads do (`quadraticCurveTo`). A point given twice stays a corner.
    """
    if len(stroke) < 3 or steps == 0:
        return stroke
    middles = (stroke[:-1] + stroke[1:]) / 2
    t = (np.arange(steps, dtype=np.float32) / steps)[None, :, None]
    start, handle, end = middles[:-1, None], stroke[1:-1, None], middles[1:, None]
    arcs = (1 - t) ** 2 * start + 2 * t * (1 - t) * handle + t**2 * end
    return np.concatenate([stroke[:1], arcs.reshape(-1, 2), middles[-1:], stroke[-1:]])


# --- variation ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Hand:
    """How far a hand strays. Lengths are parts of the longer side; spreads are standard deviations."""

    rotation: float = 0.10  # radians
    slant: float = 0.17  # sideways per unit of height
    stretch: float = 0.14  # of the logarithm of width : height
    warp: float = 0.025  # of each of three slow waves that bend the plane
    tremble: float = 0.005  # of each point
    joints: float = 0.012  # of a whole stroke against the others
    ends: float = 0.05  # at most so much too long or too short
    density: tuple[float, float] = (9.0, 22.0)  # points that the pen reports along one longer side


STEADY = Hand()


def vary(strokes: Strokes, rng: np.random.Generator, hand: Hand = STEADY) -> list[np.ndarray]:
    """The same digit by another hand. Returns strokes whose box is centred on (0, 0), its longer side 1."""
    points = np.concatenate(list(strokes))
    low, high = points.min(0), points.max(0)
    centre, side = (low + high) / 2, max(float((high - low).max()), 1e-6)
    spacing = 1 / rng.uniform(*hand.density)
    resampled = [_resample((stroke - centre) / side, spacing, hand.ends, rng) for stroke in strokes]
    moved = _bend(np.concatenate(resampled) @ _affine(hand, rng), hand, rng)
    moved += rng.normal(0, hand.tremble, moved.shape)
    if len(resampled) > 1:
        shifts = rng.normal(0, hand.joints, (len(resampled), 2))
        moved += np.repeat(shifts, [len(stroke) for stroke in resampled], axis=0)
    low, high = moved.min(0), moved.max(0)
    moved = ((moved - (low + high) / 2) / max(float((high - low).max()), 1e-6)).astype(np.float32)
    ends = np.cumsum([len(stroke) for stroke in resampled])
    return [moved[end - len(stroke) : end] for end, stroke in zip(ends, resampled, strict=True)]


def _affine(hand: Hand, rng: np.random.Generator) -> np.ndarray:
    """A 2x2 matrix for row vectors: stretch, slant, then turn."""
    turn, slant, stretch = rng.standard_normal(3) * (hand.rotation, hand.slant, hand.stretch)
    cos, sin = np.cos(turn), np.sin(turn)
    stretched = np.array([[np.exp(stretch / 2), 0], [0, np.exp(-stretch / 2)]])
    return stretched @ np.array([[1, 0], [slant, 1]]) @ np.array([[cos, sin], [-sin, cos]])


def _bend(points: np.ndarray, hand: Hand, rng: np.random.Generator) -> np.ndarray:
    """Move each point along three plane waves of at most one period over the digit, or it would shiver."""
    direction, periods, phase = rng.random((3, 3)) * [[2 * np.pi], [0.8], [2 * np.pi]] + [[0.0], [0.2], [0.0]]
    waves = np.sin(2 * np.pi * periods * (points @ np.stack([np.cos(direction), np.sin(direction)])) + phase)
    return points + waves @ rng.normal(0, hand.warp, (3, 2))


def _resample(stroke: np.ndarray, spacing: float, ends: float, rng: np.random.Generator) -> np.ndarray:
    """Points about `spacing` apart, both ends up to `ends` too long or too short (by an eighth at most)."""
    steps = np.diff(stroke, axis=0)
    lengths = np.hypot(steps[:, 0], steps[:, 1])
    moved = lengths > 0
    if not moved.any():
        return stroke[:1]
    stroke = stroke[np.concatenate([[True], moved])]
    way = np.concatenate([[0.0], np.cumsum(lengths[moved])])
    total = float(way[-1])
    begin, end = np.minimum(rng.uniform(-ends, ends, 2), total / 8) * (1, -1) + (0, total)
    count = max(3, round((end - begin) / spacing) + 1)
    at = np.linspace(begin, end, count)
    at[1:-1] += rng.uniform(-0.3, 0.3, count - 2) * ((end - begin) / (count - 1))  # a pen reports unevenly
    resampled = np.stack([np.interp(at, way, stroke[:, 0]), np.interp(at, way, stroke[:, 1])], axis=1)
    resampled[0] += (stroke[0] - stroke[1]) / lengths[moved][0] * max(0.0, -begin)
    resampled[-1] += (stroke[-1] - stroke[-2]) / lengths[moved][-1] * max(0.0, end - total)
    return resampled


def draw(strokes: Strokes, rng: np.random.Generator, pen: tuple[float, float] = (0.02, 0.19)) -> np.ndarray:
    """Ink of strokes whose longer side is 1, with some pen on a canvas just large enough: (H, W) uint8.

    pen: the thinnest and widest pen, as parts of the longer side; widths are drawn evenly on a logarithmic
    scale. One drawing in four is pressed unevenly.
    """
    side = float(rng.uniform(36, 72))
    pen_width = side * float(np.exp(rng.uniform(np.log(pen[0]), np.log(pen[1]))))
    margin = pen_width / 2 + 2
    points = np.concatenate(list(strokes))
    low, high = points.min(0) * side, points.max(0) * side
    width, height = np.ceil(high - low + 2 * margin + 1).astype(int)
    offset = (margin - low + rng.random(2)).astype(np.float32)
    placed = [smooth(stroke * np.float32(side) + offset, 3) for stroke in strokes]
    pieces = (
        _pressed(placed, pen_width, rng) if rng.random() < 0.25 else [(line, pen_width) for line in placed]
    )
    return render_pieces(pieces, (int(height), int(width)))


def _pressed(lines: Strokes, pen_width: float, rng: np.random.Generator) -> list[tuple[np.ndarray, float]]:
    """Each line in short overlapping pieces whose pen widths swell and fade along the way."""
    pieces = []
    for line in lines:
        along = np.arange(0, max(1, len(line) - 1), 5)
        swell = 0.25 * np.sin(along / len(line) * rng.uniform(2, 8) + rng.uniform(0, 2 * np.pi))
        pieces += [(line[at : at + 6], pen_width * (1 + more)) for at, more in zip(along, swell, strict=True)]
    return pieces

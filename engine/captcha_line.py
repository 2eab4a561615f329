"""A line of digits: how each one stands, how far they are apart, and how large the picture around them is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.chances import within
from engine.glyphs import Pose, Stamp, bounds, glyph, stamp, tight


@dataclass(frozen=True)
class Setting:
    """How a line is set. Lengths are in heights of a digit; a range, +-, is drawn anew for each digit."""

    height: float = 34.0  # of a 0, in pixels
    gap: float = 0.12  # between the inks of neighbours; below zero they overlap
    gap_range: float = 0.0
    pitch: float = 0.0  # above zero: typewriting, all middles this far apart, and no gap counts
    turn: float = 0.0  # +- degrees
    slant: float = 0.0  # of the whole line
    slant_range: float = 0.0
    size_range: float = 0.0
    up_down: float = 0.0
    stretch: float = 1.0
    stretch_range: float = 0.0
    corners: float = 0.0  # how far a digit's corners are pulled about
    slope: float = 0.0  # rise of the baseline per pixel
    wave: float = 0.0  # of the baseline
    wave_length: float = 5.0
    alternate: float = 0.0  # every other digit stands so much lower
    overlap_most: float = 0.34  # of the narrower neighbour's width


def set_line(
    text: str, faces: Sequence[str], setting: Setting, rng: np.random.Generator, swing: float | None = None
) -> list[Stamp]:
    """A tight stamp per digit, each in its own face of `faces` (taken in turn); the first begins at x = 0."""
    phase = within(rng, 0, 2 * math.pi) if swing is None else swing
    jitters = rng.random((len(text), 6)) * 2 - 1
    pulls = (rng.random((len(text), 8)) * 2 - 1) * setting.corners if setting.corners else None
    placed: list[Stamp] = []
    pen, last = 0.0, None
    for i, (digit, jitter) in enumerate(zip(text, jitters.tolist(), strict=True)):
        corners = tuple(pulls[i].tolist()) if pulls is not None else ()
        pose = _pose(setting, jitter, corners)
        drop = setting.up_down * jitter[4] + setting.alternate * (i % 2)
        drop += setting.wave * math.sin(phase + pen / (setting.height * setting.wave_length) * 2 * math.pi)
        baseline = setting.height * drop - pen * setting.slope
        face = faces[i % len(faces)]
        one = tight(stamp(face, digit, pose, pen, baseline))
        gap = (setting.gap + setting.gap_range * jitter[5]) * setting.height
        if setting.pitch > 0:
            shift = round(pen - (one.left + one.right) / 2)
            pen += setting.pitch * setting.height
        else:
            narrower = min(one.mask.shape[1], last.mask.shape[1]) if last else 0
            shift = round(pen + (max(gap, -setting.overlap_most * narrower) if last else 0)) - one.left
            pen = float(one.right + shift)
        last = one.moved(shift, 0)
        placed.append(last)
    return placed


def _pose(setting: Setting, jitter: Sequence[float], corners: tuple[float, ...]) -> Pose:
    return Pose(
        height=setting.height * (1 + setting.size_range * jitter[0]),
        turn=setting.turn * jitter[1],
        slant=setting.slant + setting.slant_range * jitter[2],
        stretch=setting.stretch * (1 + setting.stretch_range * jitter[3]),
        corners=corners,
    )


def typeset(text: str, face: str, height: float, tracking: float = 0.0) -> list[Stamp]:
    """Digits set as a printer sets them: each face's own advances, upright, on one baseline."""
    placed, pen = [], 0.0
    for digit in text:
        drawn = glyph(face, digit, height)
        scale = height / drawn.height
        middle = pen + (drawn.bearing + drawn.mask.shape[1] / 2) * scale
        placed.append(tight(stamp(face, digit, Pose(height), middle, 0.0)))
        pen += drawn.advance * scale + tracking * height
    return placed


def framed(
    stamps: Sequence[Stamp], left: float, top: float, right: float, bottom: float
) -> tuple[list[Stamp], int, int]:
    """The stamps moved into a picture with these margins in pixels, and that picture's width and height."""
    x0, y0, x1, y1 = bounds(stamps)
    moved = [one.moved(round(left) - x0, round(top) - y0) for one in stamps]
    return moved, max(round(left + right) + x1 - x0, 8), max(round(top + bottom) + y1 - y0, 8)


def centred(
    stamps: Sequence[Stamp], width: int, height: int, rng: np.random.Generator, loose: float = 0.0
) -> tuple[list[Stamp], int, int]:
    """The stamps in the middle of a picture at least that large; loose from 0 to 1 lets them stray."""
    x0, y0, x1, y1 = bounds(stamps)
    width, height = max(width, x1 - x0 + 2), max(height, y1 - y0 + 2)
    free_x, free_y = width - (x1 - x0), height - (y1 - y0)
    left = round(free_x * (0.5 + 0.5 * loose * (2 * rng.random() - 1)))
    top = round(free_y * (0.5 + 0.5 * loose * (2 * rng.random() - 1)))
    return [one.moved(left - x0, top - y0) for one in stamps], width, height

"""Digits among strokes that could be theirs: as dark, as thick, beside them as often as across them.

What tells a stroke from a digit is then only where it runs, how it tapers and that it does not stand in the
line; a reader that is never shown such strokes reads the beginning of each as one more digit.
"""

from __future__ import annotations

import cv2
import numpy as np

from engine import captcha_grounds as grounds
from engine import captcha_ink as ink_tools
from engine import captcha_marks as marks
from engine.captcha_colours import away_from, colour_of, flat, painted
from engine.captcha_damage import damage
from engine.captcha_line import Setting, framed, set_line
from engine.captcha_styles import stroke_width
from engine.chances import chance, pick, whole, within
from engine.faces import Faces
from engine.glyphs import coloured


def draw_struck(text: str, rng: np.random.Generator, faces: Faces) -> np.ndarray:
    """One captcha of digits and strokes in one ink or nearly: (H, W, 3) uint8."""
    hard = float(rng.random()) ** 2
    digit = 18 + 26 * float(rng.random())
    files = faces.some(rng, len(text) if chance(rng, 0.3) else 1)
    setting = Setting(
        height=digit,
        gap=within(rng, 0, 0.35) if chance(rng, 0.7) else within(rng, 0.2, 0.8),
        gap_range=within(rng, 0, 0.15),
        turn=within(rng, 0, 26) if chance(rng, 0.6) else 0.0,
        slant_range=within(rng, 0, 0.2) if chance(rng, 0.2) else 0.0,
        size_range=within(rng, 0, 0.25) if chance(rng, 0.4) else 0.0,
        up_down=within(rng, 0, 0.3) if chance(rng, 0.6) else 0.0,
        stretch=within(rng, 0.8, 1.25) if chance(rng, 0.3) else 1.0,
    )
    stamps = set_line(text, files, setting, rng)
    beside, above = pick(rng, (0.3, 1.0, 2.0)), pick(rng, (0.2, 0.5, 1.2))
    left, right = (digit * within(rng, 0.1, 0.2 + beside) for _ in range(2))
    top, bottom = (digit * within(rng, 0.1, 0.15 + above) for _ in range(2))
    stamps, width, height = framed(stamps, left, top, right, bottom)
    paper = colour_of(rng, within(rng, 150, 255) if chance(rng, 0.8) else within(rng, 0, 90), rng.random())
    inks = np.rint([away_from(rng, paper, within(rng, 70, 190), 0.6)] * len(text)).astype(np.uint8)
    ink, paint = coloured(stamps, inks, width, height)
    thick = stroke_width(ink)
    struck = _strokes(rng, width, height, thick, (left, width - right), hard)
    bent_first = chance(rng, 0.45)
    if chance(rng, 0.75):
        strength = within(rng, 0.2, 0.6 + 0.6 * hard)
        for _ in range(pick(rng, (1, 1, 1, 2))):
            kind = pick(rng, tuple(ink_tools.BENDS))
            if bent_first:
                ink, paint = ink_tools.bend(rng, kind, strength, ink, paint)
            else:
                ink, paint, struck = ink_tools.bend(rng, kind, strength, ink, paint, struck)
    picture = _ground(rng, width, height, paper, thick)
    if chance(rng, 0.2):
        picture = _shadowed(picture, rng, cv2.max(ink, struck), thick)
    colour = inks[0].astype(np.float64)
    if chance(rng, 0.35):
        colour += (paper - colour) * within(rng, 0.1, 0.5)
    first, last = ((struck, colour), (ink, paint)) if chance(rng, 0.4) else ((ink, paint), (struck, colour))
    picture = painted(painted(picture, *first), *last)
    if chance(rng, 0.4):
        count = round(width * height * within(rng, 0.0005, 0.006))
        picture = painted(picture, marks.discs(rng, width, height, count, (0.5, 1.4), 0.1), colour)
    return damage(picture, rng, 0.15 + 0.5 * hard)


def _strokes(
    rng: np.random.Generator,
    width: int,
    height: int,
    thick: float,
    line: tuple[float, float],
    hard: float,
) -> np.ndarray:
    """A mask of strokes, as thick as the digits' or thinner; line: from where to where the digits stand."""
    mask = marks.empty(width, height)
    for _ in range(whole(rng, 1, 2 + round(3 * hard))):
        thickness = max(1.0, thick * (0.15 + (0.4 + 0.4 * hard) * float(rng.random())))
        roll = float(rng.random())
        if roll < 0.3:
            forked(mask, rng, line, thickness)
        elif roll < 0.5:
            twigged(mask, rng, line, thickness)
        elif roll < 0.6:
            marks.stroke(mask, marks.wandering(rng, width, height), thickness)
        else:
            points = marks.KINDS[pick(rng, tuple(marks.KINDS))](rng, width, height)
            tapering(mask, points, thickness, within(rng, 0.4, 1) * thickness)
    return mask


def forked(mask: np.ndarray, rng: np.random.Generator, line: tuple[float, float], thickness: float) -> None:
    """One to three curves that begin near each other at an end of the line or beyond, and run along it."""
    height, width = mask.shape
    left = chance(rng, 0.65)
    begin = line[0] if left else line[1]
    room = begin if left else width - begin
    way = 1 if left else -1
    begin -= way * within(rng, -0.4 * height, max(room, 0.2 * height))
    apart = pick(rng, (0.0, 0.1, 0.3)) * height
    for _ in range(pick(rng, (1, 2, 2, 3))):
        length = height * np.exp(within(rng, np.log(0.2), np.log(5)))
        x = begin + way * length * np.array([0, within(rng, 0, 0.5), within(rng, 0.3, 1), 1])
        x[0] += apart * rng.normal()
        y = height * (within(rng, 0.3, 0.7) + within(rng, 0.3, 1.1) * (rng.random(4) - 0.5))
        points = marks.curve(np.stack([x, y], axis=1))
        tapering(mask, points, thickness, thickness * within(rng, 0.3, 1.2))


def twigged(mask: np.ndarray, rng: np.random.Generator, line: tuple[float, float], thickness: float) -> None:
    """A curve along the line that has one or two twigs near where it begins, beside the digits."""
    height = mask.shape[0]
    left = chance(rng, 0.65)
    begin, way = (line[0], 1) if left else (line[1], -1)
    begin -= way * within(rng, -0.1, 0.6) * height
    length = (line[1] - line[0]) * within(rng, 0.3, 1.2)
    x = begin + way * length * np.array([0, within(rng, 0.1, 0.4), within(rng, 0.5, 0.9), 1])
    y = height * (0.5 + within(rng, 0.1, 0.9) * (rng.random(4) - 0.5))
    points = marks.curve(np.stack([x, y], axis=1))
    tapering(mask, points, thickness, thickness * within(rng, 0.3, 1.2))
    for _ in range(pick(rng, (1, 1, 2))):
        root = points[int(within(rng, 0, 0.3) * (len(points) - 1))]
        turn = within(rng, -1.4, 1.4)
        reach = height * within(rng, 0.12, 0.55)
        tip = root - way * reach * np.array([np.cos(turn), np.sin(turn)])
        bow = (root + tip) / 2 + 0.25 * reach * rng.normal(size=2)
        twig = marks.curve(np.stack([tip, bow, bow, root]))
        tapering(mask, twig, thickness * within(rng, 0.4, 1.2), thickness)


def tapering(mask: np.ndarray, points: np.ndarray, first: float, last: float, pieces: int = 5) -> None:
    """A polyline whose thickness goes from `first` to `last` in a few pieces, onto a mask, in place."""
    bounds = np.linspace(0, len(points) - 1, min(pieces, len(points) - 1) + 1).round().astype(int)
    for begin, end, thickness in zip(
        bounds[:-1], bounds[1:], np.linspace(first, last, len(bounds) - 1), strict=True
    ):
        marks.stroke(mask, points[begin : end + 1], float(thickness))


def _ground(rng: np.random.Generator, width: int, height: int, paper: np.ndarray, thick: float) -> np.ndarray:
    """Flat, shaded, or squared in another colour."""
    roll = float(rng.random())
    if roll < 0.35:
        kind = pick(rng, tuple(grounds.GROUNDS))
        return grounds.ground(rng, kind, width, height, paper, within(rng, 5, 40))
    picture = flat(paper, width, height)
    if roll < 0.55:
        spacing, line = within(rng, 0.1, 0.3) * height, max(1.0, within(rng, 0.1, 0.5) * thick)
        lines = marks.grid(rng, width, height, spacing, line)
        if chance(rng, 0.5):
            (lines,) = ink_tools.bend(rng, pick(rng, tuple(ink_tools.BENDS)), within(rng, 0.3, 1), lines)
        colour = away_from(rng, paper, within(rng, 20, 110))
        return painted(picture, lines, colour, within(rng, 0.5, 1))
    return picture


def _shadowed(picture: np.ndarray, rng: np.random.Generator, ink: np.ndarray, thick: float) -> np.ndarray:
    """A soft dark shadow beside the ink."""
    shift = rng.integers(-5, 6, 2).tolist()
    shadow = cv2.GaussianBlur(
        np.roll(ink, shift, (0, 1)), (0, 0), within(rng, 0.6, 1.2) * max(1.5, thick / 2)
    )
    return painted(picture, shadow, np.zeros(3), within(rng, 0.2, 0.5))

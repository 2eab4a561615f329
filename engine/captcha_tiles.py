"""Digits that stand on tiles, one on each: turned far, anywhere, in faces, sizes and colours of their own.

The tiles have one colour or each its own. Straight strokes in a digit's colour run across its tile, longer
ones and discs over all of them. A line's rhythm says nothing here; every digit stands for itself.
"""

from __future__ import annotations

import cv2
import numpy as np

from engine import captcha_ink as ink_tools
from engine import captcha_marks as marks
from engine.captcha_colours import away_from, colour_of, flat, painted
from engine.captcha_damage import damage
from engine.chances import chance, pick, whole, within
from engine.faces import Faces
from engine.glyphs import Pose, Stamp, merged, stamp, tight

MOST_TURNED = 55.0  # degrees, where a picture is at its hardest


def draw_tiles(text: str, rng: np.random.Generator, faces: Faces) -> np.ndarray:
    """One captcha of tiles side by side: (H, W, 3) uint8."""
    hard = float(rng.random())
    side = round(within(rng, 36, 90))
    width = round(side * within(rng, 0.8, 1.05))
    alike = chance(rng, 0.45)
    paper = _paper(rng)
    struck = 0 if chance(rng, 0.2) else whole(rng, 1, 2)
    tiles = [
        _tile(digit, rng, faces.pick(rng), width, side, paper if alike else _paper(rng), struck, hard)
        for digit in text
    ]
    picture = np.concatenate(tiles, axis=1)
    for _ in range(round(4 * hard * float(rng.random()))):
        colour = np.zeros(3) if chance(rng, 0.5) else colour_of(rng, within(rng, 0, 255), float(rng.random()))
        line = marks.lines(rng, picture.shape[1], side, 1, (1, 0.035 * side), ("straight",))
        picture = painted(picture, line, colour)
    for _ in range(round(len(text) * 10 * hard * float(rng.random()) ** 2)):
        spot = np.rint(colour_of(rng, within(rng, 0, 255), 1.0)).tolist()
        place = whole(rng, 0, picture.shape[1]), whole(rng, 0, side)
        cv2.circle(picture, place, whole(rng, 1, round(0.08 * side)), spot, -1, cv2.LINE_AA)
    return damage(picture, rng, 0.3 * hard) if chance(rng, 0.4) else picture


def _paper(rng: np.random.Generator) -> np.ndarray:
    return colour_of(rng, within(rng, 10, 245), float(rng.random()) ** 0.5)


def _tile(
    digit: str,
    rng: np.random.Generator,
    face: str,
    width: int,
    height: int,
    paper: np.ndarray,
    struck: int,
    hard: float,
) -> np.ndarray:
    """One digit on its tile, (height, width, 3), with so many strokes across in its colour."""
    pose = Pose(
        height=height * within(rng, 0.32, 0.6),
        turn=within(rng, -1, 1) * (10 + (MOST_TURNED - 10) * hard),
        stretch=within(rng, 0.8, 1.15),
    )
    one = _in_the_middle(tight(stamp(face, digit, pose, 0.0, 0.0)), width, height, rng)
    ink = merged([one], width, height)
    if pose.height > 18 and chance(rng, 0.08):
        ink = ink_tools.hollow(ink)
    for _ in range(struck):
        # From anywhere towards the other side, so that it crosses a good part of the tile.
        begin = rng.random(2)
        end = np.where(begin >= 0.5, rng.random(2) * (begin - 0.2), 1 - rng.random(2) * (0.8 - begin))
        thick = within(rng, 0.015, 0.025 + 0.02 * hard) * height
        marks.stroke(ink, np.stack([begin, end]) * (width, height), thick)
    colour = away_from(rng, paper, within(rng, 40, 130 - 50 * hard))
    return painted(flat(paper, width, height), ink, colour)


def _in_the_middle(one: Stamp, width: int, height: int, rng: np.random.Generator) -> Stamp:
    """A stamp near the middle of a tile, as far out as it stays whole, if it fits at all."""
    free = np.array([width - one.mask.shape[1], height - one.mask.shape[0]])
    x, y = np.rint(free * (0.5 + pick(rng, (0.3, 0.6, 1.0)) * (rng.random(2) - 0.5))).astype(int).tolist()
    return one.moved(x - one.left, y - one.top)

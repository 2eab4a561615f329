"""Digits built of dots, as in Go's dchest/captcha: coarse bitmaps, skewed and waved, struck by a sine."""

from __future__ import annotations

import math

import cv2
import numpy as np

from engine import captcha_ink as ink_tools
from engine import captcha_marks as marks
from engine.captcha_colours import colour_of, flat, painted
from engine.chances import chance, pick, whole, within
from engine.faces import Faces
from engine.glyphs import glyph

# Five by seven dots each, as a display's character generator has them.
BITMAPS = {
    digit: np.array([[dot == "#" for dot in row] for row in rows.split()], np.uint8)
    for digit, rows in {
        "0": ".###. #...# #...# #...# #...# #...# .###.",
        "1": "..#.. .##.. ..#.. ..#.. ..#.. ..#.. .###.",
        "2": ".###. #...# ....# ...#. ..#.. .#... #####",
        "3": ".###. #...# ....# ..##. ....# #...# .###.",
        "4": "...#. ..##. .#.#. #..#. ##### ...#. ...#.",
        "5": "##### #.... ####. ....# ....# #...# .###.",
        "6": ".###. #.... #.... ####. #...# #...# .###.",
        "7": "##### ....# ...#. ...#. ..#.. ..#.. ..#..",
        "8": ".###. #...# #...# .###. #...# #...# .###.",
        "9": ".###. #...# #...# .#### ....# ....# .###.",
    }.items()
}


def bitmap(digit: str, face: str | None, rows: int) -> np.ndarray:
    """A digit as a bitmap of 0 and 1: of a face, thinned to `rows` rows, or the display's own 5 by 7."""
    if face is None:
        return BITMAPS[digit]
    mask = glyph(face, digit, 40).mask
    columns = max(3, round(mask.shape[1] * rows / mask.shape[0]))
    small = cv2.resize(mask, (columns, rows), interpolation=cv2.INTER_AREA)
    return (small > min(110, 0.55 * int(small.max()))).astype(np.uint8)


def _dotted(
    text: str, face: str | None, rows: int, cell: float, difficulty: int, rng: np.random.Generator
) -> np.ndarray:
    """All digits' dots on one mask, without margins but for what a skew needs."""
    maps = [bitmap(digit, face, rows) for digit in text]
    gap = within(rng, 0.8, 2.4)
    height = math.ceil(cell * (max(len(one) for one in maps) + 4))
    width = math.ceil(cell * (sum(one.shape[1] + gap for one in maps) + 4))
    mask = marks.empty(width, height)
    skew, spread = 0.06 * difficulty, 0.10 * difficulty * cell
    left = 2.0 * cell
    for one in maps:
        lean, drop = within(rng, -skew, skew), within(rng, -0.5, 0.5) * cell * min(difficulty, 3)
        ys, xs = np.nonzero(one)
        x = left + (xs + 0.5) * cell - lean * (ys - len(one) / 2) * cell
        y = 2 * cell + (ys + 0.5) * cell + drop
        sizes = cell * 0.5 + rng.random(len(xs)) * spread * 0.6 + 0.1
        for centre_x, centre_y, size in zip(x.tolist(), y.tolist(), sizes.tolist(), strict=True):
            middle = (round(centre_x * 16), round(centre_y * 16))
            cv2.circle(mask, middle, round(size * 16), 255, -1, cv2.LINE_AA, 4)
        left += (one.shape[1] + gap) * cell
    return mask


def _struck(mask: np.ndarray, rng: np.random.Generator, cell: float) -> None:
    """A sine made of overlapping dots along the whole line, in place."""
    height, width = mask.shape
    middle, size = within(rng, 0.35, 0.65) * height, within(rng, 0.08, 0.22) * height
    wave, phase = 2 * math.pi / within(rng, 1.2 * height, 3.2 * height), within(rng, 0, 6.3)
    slope = within(rng, -0.12, 0.12) * height / width
    x = np.arange(0.0, width, 2.0)
    y = middle + size * np.sin(x * wave + phase) + slope * (x - width / 2)
    marks.stroke(mask, np.stack([x, y], axis=1), max(1.0, cell * within(rng, 0.4, 1.0)))


def draw_dots(text: str, difficulty: int, rng: np.random.Generator, faces: Faces) -> np.ndarray:
    """The digits of dots, waved; circles of noise; from difficulty 2 on a sine through them."""
    face = faces.pick(rng) if chance(rng, 0.6) else None
    rows = whole(rng, 11, 18) if face else 7
    cell = within(rng, 30, 52) / rows
    mask = _dotted(text, face, rows, cell, difficulty, rng)
    if difficulty >= 2:
        _struck(mask, rng, cell * min(rows / 11, 1))
    mask = np.pad(mask, rng.integers(2, 13, (2, 2)))
    (mask,) = ink_tools.bend(rng, "waved", 0.2 * difficulty, mask)
    height, width = mask.shape
    circles = marks.discs(
        rng, width, height, round(width * 0.06 * difficulty), (0.5, cell * 0.45), 0.1 * difficulty
    )
    colour = colour_of(rng, within(rng, 20, 150), float(rng.random()))
    paper = colour_of(rng, 255 if chance(rng, 0.5) else within(rng, 215, 255), 0.4)
    if difficulty >= 3 and chance(rng, 0.25):
        colour, paper = paper, colour * 0.6
    picture = painted(flat(paper, width, height), circles, colour, pick(rng, (1.0, 0.6)))
    return painted(picture, mask, colour)

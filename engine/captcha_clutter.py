"""What is strewn over captchas beside the strokes across: stray strokes, dots and small writing."""

from __future__ import annotations

import numpy as np

from engine import captcha_marks as marks
from engine.captcha_colours import away_from, painted
from engine.chances import chance, pick, whole, within
from engine.faces import LIBERATION
from engine.glyphs import Pose, merged, stamp

LETTERS = "0123456789abcdefhknprstuvwxyz"


def strays(rng: np.random.Generator, width: int, height: int, thick: float, hard: float) -> np.ndarray:
    """Strokes as dark as the digits' and nearly as thick that are none, beside them as often as across."""
    mask = marks.empty(width, height)
    for _ in range(whole(rng, 1, 2 + round(2 * hard))):
        points = marks.wandering(rng, width, height)
        if chance(rng, 0.5):  # into the margins, where nothing else tells that it is no digit
            inwards = within(rng, 0, 0.2) * width
            points[:, 0] += (inwards if chance(rng, 0.5) else width - inwards) - points[0, 0]
        marks.stroke(mask, points, max(1.0, thick * within(rng, 0.2, 0.6 + 0.3 * hard)))
    return mask


def strewn(
    picture: np.ndarray,
    rng: np.random.Generator,
    paper: np.ndarray,
    inks: np.ndarray,
    thick: float,
    hard: float,
) -> np.ndarray:
    """One kind of clutter, in the digits' colours or in others."""
    height, width = picture.shape[:2]
    kind = pick(rng, ("lines", "lines", "lines", "pepper", "discs", "dashes", "grid", "specks", "writing"))
    if kind == "lines":
        reach = (1.0, 1.0) if chance(rng, 0.5) else (1.0, max(1.2, 0.8 * thick * hard))
        sort = pick(rng, (("straight",), ("bezier",), ("sine",), ("arc",), ("waving",), tuple(marks.KINDS)))
        for _ in range(whole(rng, 1, 2 + round(4 * hard))):
            line = marks.lines(rng, width, height, 1, reach, sort)
            picture = painted(picture, line, _clutter_colour(rng, paper, inks), within(rng, 0.4, 1))
        return picture
    area = width * height
    if kind == "pepper":
        mask = marks.pepper(rng, width, height, within(rng, 0.003, 0.02 + 0.05 * hard))
    elif kind == "specks":
        mask = marks.pepper(rng, width, height, within(rng, 0.002, 0.01 + 0.012 * hard), pick(rng, (2, 3)))
    elif kind == "discs":
        count = max(1, round(area / 400 * float(rng.random()) * (0.3 + hard)))
        mask = marks.discs(rng, width, height, count, (0.5, max(1.0, thick * 0.6)), float(rng.random()))
    elif kind == "dashes":
        mask = marks.dashes(
            rng, width, height, round(area / 250 * float(rng.random())) + 1, within(rng, 3, 12)
        )
    elif kind == "writing":
        mask = _small_writing(rng, width, height, hard)
    else:
        mask = marks.grid(rng, width, height, within(rng, 5, 24), 1)
    return painted(picture, mask, _clutter_colour(rng, paper, inks), within(rng, 0.3, 1))


def _clutter_colour(rng: np.random.Generator, paper: np.ndarray, inks: np.ndarray) -> np.ndarray:
    if chance(rng, 0.4):
        return inks[whole(rng, 0, len(inks) - 1)]
    return away_from(rng, paper, within(rng, 20, 110))


def _small_writing(rng: np.random.Generator, width: int, height: int, hard: float) -> np.ndarray:
    """Letters and digits far smaller than those that count, as ThinkPHP's captchas strew them."""
    size = within(rng, 6, max(7.0, 0.2 * height))
    count = round(within(rng, 4, 8 + 25 * hard) * width * height / (40 * 120))
    places = rng.random((count, 3)) * (width, height, 60) - (0, 0, 30)
    stamps = [
        stamp(str(LIBERATION), pick(rng, LETTERS), Pose(size, turn=turn), x, y)
        for x, y, turn in places.tolist()
    ]
    return merged(stamps, width, height)

"""The pictures a reader learns from: far more various than the app's styles, yet readable by a person.

`draw_varied` mixes freely what captcha generators do: the line and its faces, the ink, the strokes across,
the ground, the damage. All of it hangs on one number, how hard this picture is, so that seldom everything is
at its worst at once.
"""

from __future__ import annotations

import cv2
import numpy as np

from engine import captcha_grounds as grounds
from engine import captcha_ink as ink_tools
from engine import captcha_marks as marks
from engine.captcha_clutter import strays, strewn
from engine.captcha_colours import away_from, brightness, colour_of, flat, painted
from engine.captcha_damage import damage
from engine.captcha_line import Setting, framed, set_line, typeset
from engine.captcha_styles import stroke_width
from engine.chances import chance, pick, whole, within
from engine.faces import Faces
from engine.glyphs import Stamp, coloured


def draw_varied(text: str, rng: np.random.Generator, faces: Faces) -> np.ndarray:
    """One captcha of no particular style: (H, W, 3) uint8, mostly 30 to 90 pixels high."""
    hard = float(rng.random()) ** 1.5
    stamps = _line(text, rng, faces, hard)
    strength = within(rng, 0.2, 0.6 + 0.9 * hard) if chance(rng, 0.5) else 0.0
    stamps, width, height = framed(stamps, *_margins(stamps, rng, 0.1 * strength))
    paper = colour_of(rng, _paper_brightness(rng), float(rng.random()) ** 1.5)
    picture, spread = _ground(rng, width, height, paper, hard)
    contrast = spread + within(rng, 130 - 70 * hard, 200 - 60 * hard)
    inks = _inks(rng, paper, contrast, len(text))
    ink, paint = coloured(stamps, inks, width, height)
    thick = stroke_width(ink)
    ink = _treated(ink, rng, thick, hard)
    if chance(rng, 0.45):  # below the digits
        picture = strewn(picture, rng, paper, inks, thick, hard)
    if chance(rng, 0.35):
        count = whole(rng, 1, 2 + round(3 * hard))
        reach = (1.0, max(1.2, thick * (0.3 + 0.4 * hard)))
        own = marks.lines(rng, width, height, count, reach, tuple(marks.KINDS))
        ink = cv2.max(ink, own)
    if chance(rng, 0.25):
        ink = cv2.max(ink, strays(rng, width, height, thick, hard))
    if strength:
        kinds = [pick(rng, tuple(ink_tools.BENDS)) for _ in range(pick(rng, (1, 1, 2)))]
        for kind in kinds:
            ink, paint = ink_tools.bend(rng, kind, strength / len(kinds) ** 0.5, ink, paint)
    picture = _laid(picture, rng, ink, paint, paper)
    if chance(rng, 0.35):  # above them
        picture = strewn(picture, rng, paper, inks, thick, hard)
    if chance(rng, 0.03):
        picture = _parted(picture, rng)
    return damage(picture, rng, 0.25 + 0.8 * hard)


# --- the line -----------------------------------------------------------------------------------------------


def _line(text: str, rng: np.random.Generator, faces: Faces, hard: float) -> list[Stamp]:
    height = 20 + 38 * float(rng.random()) ** 1.3
    if chance(rng, 0.2):
        return typeset(text, faces.pick(rng), height, within(rng, -0.02, 0.5) * float(rng.random()))
    files = faces.some(rng, len(text) if chance(rng, 0.3) else 1)
    if chance(rng, 0.12):
        return set_line(text, files, _each_for_itself(rng, height, hard), rng)
    setting = Setting(
        height=height,
        gap=within(rng, -0.16 * hard, 0.25) if chance(rng, 0.75) else within(rng, 0.2, 1.0),
        gap_range=within(rng, 0, 0.15 * hard) if chance(rng, 0.5) else 0.0,
        pitch=within(rng, 0.7, 1.2) if chance(rng, 0.2) else 0.0,
        turn=within(rng, 0, 10 + 28 * hard) if chance(rng, 0.7) else 0.0,
        slant=within(rng, -0.35, 0.35) if chance(rng, 0.3) else 0.0,
        slant_range=within(rng, 0, 0.3 * hard) if chance(rng, 0.3) else 0.0,
        size_range=within(rng, 0, 0.28) if chance(rng, 0.45) else 0.0,
        up_down=within(rng, 0, 0.3) if chance(rng, 0.5) else 0.0,
        stretch=within(rng, 0.7, 1.4) if chance(rng, 0.4) else 1.0,
        stretch_range=within(rng, 0, 0.2) if chance(rng, 0.3) else 0.0,
        corners=within(rng, 0, 0.14 * (0.3 + hard)) if chance(rng, 0.3) else 0.0,
        slope=within(rng, -0.15, 0.15) if chance(rng, 0.25) else 0.0,
        wave=within(rng, 0, 0.3) if chance(rng, 0.25) else 0.0,
        wave_length=within(rng, 2.5, 9),
        alternate=within(rng, -0.35, 0.35) if chance(rng, 0.08) else 0.0,
        overlap_most=0.12 + 0.18 * hard,
    )
    return set_line(text, files, setting, rng)


def _each_for_itself(rng: np.random.Generator, height: float, hard: float) -> Setting:
    """Every digit is pulled another way, so that it may be narrow or small beside its neighbours."""
    far = 0.4 + 0.6 * hard
    return Setting(
        height=height,
        gap=within(rng, 0.05, 0.35),
        gap_range=within(rng, 0, 0.15),
        turn=within(rng, 0, 12 * far),
        slant_range=within(rng, 0.1, 0.4 * far),
        size_range=within(rng, 0.05, 0.35 * far),
        up_down=within(rng, 0, 0.2),
        stretch=within(rng, 0.7, 1.0),
        stretch_range=within(rng, 0.1, 0.4 * far),
        corners=within(rng, 0, 0.22 * far),
    )


def _margins(
    stamps: list[Stamp], rng: np.random.Generator, least: float
) -> tuple[float, float, float, float]:
    """From `least` to as wide as a digit is high; now and then far more on one side."""
    height = float(np.mean([one.mask.shape[0] for one in stamps]))
    most = pick(rng, (0.1, 0.4, 0.4, 0.8, 1.3))
    shares = least + rng.random(4) * most
    if chance(rng, 0.2):
        shares[whole(rng, 0, 3)] += within(rng, 0.3, 2.0)
    left, top, right, bottom = (shares * height).tolist()
    return left, top, right, bottom


# --- colours and grounds ------------------------------------------------------------------------------------


def _paper_brightness(rng: np.random.Generator) -> float:
    """White or pale in most captchas, dark in many, in between in some."""
    roll = float(rng.random())
    if roll < 0.2:
        return 255.0
    if roll < 0.6:
        return within(rng, 175, 252)
    return within(rng, 0, 70) if roll < 0.87 else within(rng, 70, 175)


def _ground(
    rng: np.random.Generator, width: int, height: int, paper: np.ndarray, hard: float
) -> tuple[np.ndarray, float]:
    """A ground, and how far in brightness it strays from its colour."""
    if chance(rng, 0.5):
        return flat(paper, width, height), 0.0
    spread = within(rng, 5, 15 + 45 * hard)
    return grounds.ground(rng, pick(rng, tuple(grounds.GROUNDS)), width, height, paper, spread), spread


def _inks(rng: np.random.Generator, paper: np.ndarray, contrast: float, count: int) -> np.ndarray:
    """One colour for all digits, or one for each: (count, 3) uint8."""
    if chance(rng, 0.68):
        colours = [away_from(rng, paper, contrast, within(rng, 0, 1))] * count
    else:
        colours = [away_from(rng, paper, contrast * within(rng, 0.75, 1)) for _ in range(count)]
    return np.rint(np.stack(colours)).astype(np.uint8)


# --- the ink ------------------------------------------------------------------------------------------------


def _treated(ink: np.ndarray, rng: np.random.Generator, thick: float, hard: float) -> np.ndarray:
    """Bolder, lighter, hollow, dotted, hatched, worn or cut through."""
    roll = float(rng.random())
    if roll < 0.08 and thick < 0.12 * ink.shape[0]:
        return ink_tools.bolder(ink)
    if roll < 0.14 and thick > 3.5:
        return ink_tools.lighter(ink)
    if roll < 0.30:
        return ink_tools.filled(ink, rng, thick)
    if roll < 0.38:
        height, width = ink.shape
        through = marks.lines(rng, width, height, whole(rng, 1, 3), (1, 1.2 + hard))
        return ink_tools.cut(ink, through)
    return ink


def _laid(
    picture: np.ndarray, rng: np.random.Generator, ink: np.ndarray, paint: np.ndarray, paper: np.ndarray
) -> np.ndarray:
    """The ink on its ground, with a shadow, a rim or a shine, or none."""
    roll = float(rng.random())
    if roll < 0.10:
        shift = (whole(rng, -3, 3), whole(rng, 1, 3))
        shadow = (
            cv2.blur(np.roll(ink, shift, (0, 1)), (3, 3)) if chance(rng, 0.6) else np.roll(ink, shift, (0, 1))
        )
        picture = painted(
            picture, shadow, colour_of(rng, 0.7 * brightness(paper), 0.3), within(rng, 0.3, 0.8)
        )
    elif roll < 0.17:
        rim = 255.0 if brightness(paint.reshape(-1, 3).max(axis=0)) < brightness(paper) else 0.0
        picture = painted(
            picture, ink_tools.bolder(ink, pick(rng, (1, 1, 2))), np.full(3, rim), within(rng, 0.4, 1)
        )
    elif roll < 0.25:
        height, width = ink.shape
        shade = grounds.clouds(rng, width, height, within(rng, 4, 40)).reshape(height, width, 1) * within(
            rng, 5, 40
        )
        paint = np.clip(paint + shade, 0, 255).astype(np.uint8)
    return painted(picture, ink, paint, 1.0 if chance(rng, 0.8) else within(rng, 0.65, 1))


# --- what lies over and under them --------------------------------------------------------------------------


def _parted(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Part of the picture with all its colours turned into their opposites."""
    part = marks.polygon(rng, picture.shape[1], picture.shape[0])
    return cv2.absdiff(picture, cv2.merge((part,) * 3))


# --- what a corpus may mix ----------------------------------------------------------------------------------

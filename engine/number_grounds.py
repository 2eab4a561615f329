"""What handwritten numbers stand on: plain, lined and squared paper, cheques with wavy patterns, photos.

Each takes a generator and the size; it returns (height, width, 3) float32 from 0 to 255. `rule` is how far
apart printed lines are, in pixels: about what the digits' height asks for.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import cv2
import numpy as np

from engine import captcha_grounds as grounds
from engine.captcha_colours import colour_of
from engine.captcha_grounds import clouds
from engine.chances import chance, pick, whole, within
from engine.empty_pictures import part_of_a_photo

TINTS = [np.array(tint) for tint in ((250, 240, 170), (245, 230, 120), (250, 220, 210), (205, 225, 245))]
Paper = Callable[[np.random.Generator, int, int, float], np.ndarray]


def _sheet(width: int, height: int, colour: np.ndarray) -> np.ndarray:
    sheet = np.empty((height, width, 3), np.float32)
    sheet[:] = colour
    return sheet


def blank(rng: np.random.Generator, width: int, height: int, rule: float) -> np.ndarray:
    """White to grey, now and then yellow, pink or blue paper with some grain."""
    bright = within(rng, 175, 255) if chance(rng, 0.7) else within(rng, 120, 200)
    colour = np.full(3, bright)
    if chance(rng, 0.35):
        colour = pick(rng, TINTS) * (bright / 250)
    sheet = _sheet(width, height, colour)
    if chance(rng, 0.5):
        sheet += clouds(rng, width, height, within(rng, 2, 30))[..., None] * within(rng, 1, 6)
    return sheet


def lined(rng: np.random.Generator, width: int, height: int, rule: float) -> np.ndarray:
    """Ruled or squared paper, its lines level or a little tilted."""
    sheet = blank(rng, width, height, rule)
    colour = colour_of(rng, within(rng, 90, 200), within(rng, 0.1, 1))
    across = rule * within(rng, 0.8, 1.6)
    tilt = rng.normal(0, 0.02)
    strength = within(rng, 0.25, 0.9)
    _rule(sheet, rng, across, tilt, colour, strength, False)
    if chance(rng, 0.4):
        across *= pick(rng, (1.0, 1.0, 0.5))
        _rule(sheet, rng, across, -tilt, colour, strength, True)
    return sheet


def _rule(
    sheet: np.ndarray,
    rng: np.random.Generator,
    every: float,
    tilt: float,
    colour: np.ndarray,
    strength: float,
    upright: bool,
) -> None:
    """Parallel lines, in place."""
    y, x = _coordinates(sheet)
    along = x - tilt * y if upright else y - tilt * x
    off = np.abs((along + within(rng, 0, every)) % every - every / 2)
    line = np.clip(within(rng, 0.8, 1.7) - off, 0, 1) * strength
    sheet += (colour - sheet) * line[..., None].astype(np.float32)


def _coordinates(sheet: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    height, width = sheet.shape[:2]
    return np.arange(height, dtype=np.float32)[:, None], np.arange(width, dtype=np.float32)[None]


def cheque(rng: np.random.Generator, width: int, height: int, rule: float) -> np.ndarray:
    """Security paper: one to four families of fine waves, arcs or screens, and perhaps a printed rule."""
    bright = within(rng, 120, 248)
    colour = np.full(3, bright) if chance(rng, 0.6) else colour_of(rng, bright, within(rng, 0.1, 0.6))
    sheet = _sheet(width, height, colour)
    depth = within(rng, 10, 75) * (0.5 + bright / 400)
    for _ in range(pick(rng, (1, 1, 2, 2, 3, 4))):
        tone = within(rng, 0.35, 1.0) * depth * (-1 if chance(rng, 0.8) else 0.6)
        tint = tone * (0.8 + 0.4 * rng.random(3)) if chance(rng, 0.3) else tone
        share = pick(rng, (waves, waves, waves, arcs, screen))(rng, width, height, rule)
        if chance(rng, 0.25):  # the pattern belongs to a part of the cheque only
            share = share * (clouds(rng, width, height, rule * within(rng, 1, 4)) > within(rng, -0.4, 0.2))
        sheet += share[..., None] * np.float32(tint)
    if chance(rng, 0.5):
        sheet += clouds(rng, width, height, within(rng, 1, 2.5))[..., None] * within(rng, 2, 14)
    if chance(rng, 0.2):
        sheet += clouds(rng, width, height, rule * within(rng, 0.3, 2))[..., None] * within(rng, 5, 25)
    if chance(rng, 0.5):
        _frame(sheet, rng)
    return sheet


def waves(rng: np.random.Generator, width: int, height: int, rule: float) -> np.ndarray:
    """Fine parallel lines that wave, as guilloches do: (height, width) float32, 0 to 1."""
    y, x = np.arange(height, dtype=np.float32)[:, None], np.arange(width, dtype=np.float32)[None]
    way = within(rng, -0.6, 0.6) if chance(rng, 0.7) else within(rng, -math.pi / 2, math.pi / 2)
    along, across = x * math.cos(way) + y * math.sin(way), y * math.cos(way) - x * math.sin(way)
    every = max(2.2, rule * within(rng, 0.05, 0.3))
    swing = rule * within(rng, 0, 0.5) * (1 if chance(rng, 0.75) else 0)
    bent = across + swing * np.sin(along * (6.28 / (rule * within(rng, 0.6, 4))) + within(rng, 0, 6.3))
    if chance(rng, 0.3):
        bent = bent + 0.4 * swing * np.sin(along * (6.28 / (rule * within(rng, 0.3, 1.5))))
    return _lines(rng, bent, every)


def arcs(rng: np.random.Generator, width: int, height: int, rule: float) -> np.ndarray:
    """Fine circles or ellipses about one point."""
    x0, y0 = within(rng, -0.5, 1.5) * width, within(rng, -2, 3) * height
    y, x = np.arange(height, dtype=np.float32)[:, None], np.arange(width, dtype=np.float32)[None]
    squash = within(rng, 0.4, 1.6)
    radius = np.hypot((x - np.float32(x0)) * np.float32(squash), y - np.float32(y0))
    if chance(rng, 0.4):  # a rosette
        angle = np.arctan2(y - np.float32(y0), x - np.float32(x0))
        radius = radius + rule * within(rng, 0.05, 0.3) * np.sin(angle * whole(rng, 5, 40))
    return _lines(rng, radius, max(2.2, rule * within(rng, 0.06, 0.35)))


def screen(rng: np.random.Generator, width: int, height: int, rule: float) -> np.ndarray:
    """A fine screen of dots or dashes, or crossing lines, level or turned."""
    y, x = np.arange(height, dtype=np.float32)[:, None], np.arange(width, dtype=np.float32)[None]
    way, every = within(rng, 0, math.pi / 2), max(2.1, rule * within(rng, 0.05, 0.16))
    one = np.cos((x * math.cos(way) + y * math.sin(way)) * (6.28 / every))
    other = np.cos((y * math.cos(way) - x * math.sin(way)) * (6.28 / (every * within(rng, 0.7, 2))))
    return np.clip((one * other) * within(rng, 0.6, 2) + within(rng, -0.2, 0.4), 0, 1).astype(np.float32)


def _lines(rng: np.random.Generator, place: np.ndarray, every: float) -> np.ndarray:
    """1 where `place` is a multiple of `every`, soft or sharp, fine or broad lines."""
    wave = np.cos(place * np.float32(6.28 / every) + np.float32(within(rng, 0, 6.3)))
    return np.clip((wave - within(rng, -0.2, 0.7)) * within(rng, 0.8, 4), 0, 1).astype(np.float32)


def _frame(sheet: np.ndarray, rng: np.random.Generator) -> None:
    """Printed lines at the rim: what the amount is written on, or the box around it; in place."""
    height, width = sheet.shape[:2]
    mask = np.zeros((height, width), np.uint8)
    thick, tilt = max(1, round(height * within(rng, 0.01, 0.045))), rng.normal(0, 0.015) * width
    for low, high in ((0.8, 1.0), (0.0, 0.12)):
        if chance(rng, 0.6 if low else 0.35):
            y = within(rng, low, high) * height
            ends = ((-9, round((y - tilt) * 16)), (16 * width + 9, round((y + tilt) * 16)))
            cv2.line(mask, *ends, 255, thick, cv2.LINE_AA, 4)
    if chance(rng, 0.12):
        x = round((within(rng, 0, 0.04) if chance(rng, 0.6) else within(rng, 0.96, 1)) * width)
        cv2.line(mask, (x, 0), (x, height), 255, thick, cv2.LINE_AA)
    dark = sheet * within(rng, 0.15, 0.75)
    sheet += (dark - sheet) * (mask[..., None] / np.float32(255))


def textured(rng: np.random.Generator, width: int, height: int, rule: float) -> np.ndarray:
    """One of the captchas' grounds, or a pale part of a photo."""
    bright = within(rng, 130, 240)
    if chance(rng, 0.4):
        photo = part_of_a_photo(rng, width, height).astype(np.float32)
        return bright + (photo - photo.mean()) * within(rng, 0.1, 0.45)
    kind = pick(rng, tuple(grounds.GROUNDS))
    colour = colour_of(rng, bright, within(rng, 0, 0.6))
    return grounds.GROUNDS[kind](rng, width, height, colour, within(rng, 5, 40))


PAPERS: dict[str, Paper] = {"blank": blank, "lined": lined, "cheque": cheque, "textured": textured}

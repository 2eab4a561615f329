"""Grounds that digits are printed on: from one flat colour to something like a photograph.

Each takes the colour it varies around and how far it may go from that, in steps of 0 to 255 of brightness; it
returns (height, width, 3) float32, not yet clipped.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import cv2
import numpy as np

from engine import captcha_marks as marks
from engine.chances import chance, pick, whole, within

Ground = Callable[[np.random.Generator, int, int, np.ndarray, float], np.ndarray]


def clouds(rng: np.random.Generator, width: int, height: int, cell: float, channels: int = 1) -> np.ndarray:
    """Smooth noise between -1 and 1 with features of about `cell` pixels: (height, width[, channels])."""
    rows, columns = max(2, math.ceil(height / cell) + 2), max(2, math.ceil(width / cell) + 2)
    coarse = rng.random((rows, columns, channels), np.float32) * 2 - 1
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)


def _filled(width: int, height: int, colour: np.ndarray) -> np.ndarray:
    picture = np.empty((height, width, 3), np.float32)
    picture[:] = colour
    return picture


def _tint(rng: np.random.Generator, spread: float) -> np.ndarray:
    """A direction to vary in: all channels alike, each a little different."""
    return (spread * (0.7 + 0.6 * rng.random(3) - 0.3)).astype(np.float32)


def gradient(
    rng: np.random.Generator, width: int, height: int, colour: np.ndarray, spread: float
) -> np.ndarray:
    """From one side to the other, in any direction."""
    way = within(rng, 0, 2 * math.pi)
    x = np.linspace(-1, 1, width, dtype=np.float32) * math.cos(way)
    y = np.linspace(-1, 1, height, dtype=np.float32) * math.sin(way)
    share = (x[None] + y[:, None]) / (abs(math.cos(way)) + abs(math.sin(way)))
    return _filled(width, height, colour) + share[:, :, None] * _tint(rng, spread)


def mottled(
    rng: np.random.Generator, width: int, height: int, colour: np.ndarray, spread: float
) -> np.ndarray:
    """Three octaves of smooth noise, each of its own colour or all grey."""
    picture = _filled(width, height, colour)
    channels, cell = pick(rng, (1, 3)), within(rng, 6, 60)
    for octave in range(3):
        noise = clouds(rng, width, height, max(cell / 2**octave, 1.5), channels)
        noise = noise.reshape(height, width, channels)
        picture += noise * (spread * 0.6 / 2**octave)
    return picture


def grainy(
    rng: np.random.Generator, width: int, height: int, colour: np.ndarray, spread: float
) -> np.ndarray:
    """Noise in every pixel, sometimes in blots of two or three."""
    size = pick(rng, (1, 1, 1, 2, 3))
    channels = pick(rng, (1, 3))
    rows, columns = math.ceil(height / size), math.ceil(width / size)
    noise = rng.standard_normal((rows, columns, channels), np.float32) * (spread * 0.4)
    if size > 1:
        noise = noise.repeat(size, axis=0).repeat(size, axis=1)[:height, :width]
    return _filled(width, height, colour) + noise


def striped(
    rng: np.random.Generator, width: int, height: int, colour: np.ndarray, spread: float
) -> np.ndarray:
    """Stripes or a checked pattern, soft or sharp, along any direction."""
    way, wave = within(rng, 0, math.pi), 2 * math.pi / within(rng, 4, 40)
    x, y = np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)
    bands = np.sin(wave * (x[None] * math.cos(way) + y[:, None] * math.sin(way)) + within(rng, 0, 6.3))
    if chance(rng, 0.35):
        bands = bands * np.sin(wave * (y[:, None] * math.cos(way) - x[None] * math.sin(way)))
    if chance(rng, 0.5):
        bands = np.clip(bands * 6, -1, 1)
    return _filled(width, height, colour) + bands[:, :, None] * _tint(rng, spread)


def squared(
    rng: np.random.Generator, width: int, height: int, colour: np.ndarray, spread: float
) -> np.ndarray:
    """Squared or ruled paper."""
    drawn = marks.grid(rng, width, height, within(rng, 5, 22), within(rng, 0.6, 2))
    side = _tint(rng, spread) * pick(rng, (-1, 1))
    return _filled(width, height, colour) + (drawn.astype(np.float32) / 255)[:, :, None] * side


def blotted(
    rng: np.random.Generator, width: int, height: int, colour: np.ndarray, spread: float
) -> np.ndarray:
    """Discs, rings and polygons, each a little brighter or darker."""
    picture = _filled(width, height, colour)
    for _ in range(whole(rng, 2, 6)):
        if chance(rng, 0.6):
            shape = marks.discs(rng, width, height, whole(rng, 1, 6), (2, height * 0.6), 0.3)
        else:
            shape = marks.polygon(rng, width, height)
        shade = (rng.random(3) * 2 - 1) * 0.5 + within(rng, -0.5, 0.5)
        picture += (shape.astype(np.float32) / 255)[:, :, None] * (shade * spread * 0.7).astype(np.float32)
    return np.clip(picture, colour - spread, colour + spread).astype(np.float32)


def crumpled(
    rng: np.random.Generator, width: int, height: int, colour: np.ndarray, spread: float
) -> np.ndarray:
    """Paper that was crumpled: facets with sharp creases, lit from one side."""
    folds = np.zeros((height, width), np.float32)
    x, y = np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)
    for _ in range(whole(rng, 3, 6)):
        way, place = within(rng, 0, math.pi), within(rng, 0, 1)
        along = x[None] * math.cos(way) + y[:, None] * math.sin(way)
        along = along - (place * width * math.cos(way) + place * height * math.sin(way))
        folds += np.abs(along % within(rng, 25, 70) - 15) * within(rng, -1, 1)
    folds -= cv2.blur(folds, (31, 31))
    folds /= max(float(np.abs(folds).max()), 1e-3)
    return (
        _filled(width, height, colour)
        + folds[:, :, None] * spread
        + clouds(rng, width, height, 1.5)[:, :, None] * (0.1 * spread)
    )


def scene(rng: np.random.Generator, width: int, height: int, colour: np.ndarray, spread: float) -> np.ndarray:
    """Something like a blurred photograph: patches of light and colour with some edges in them."""
    picture = mottled(rng, width, height, colour, spread * 0.6)
    for _ in range(whole(rng, 1, 4)):
        shape = marks.polygon(rng, width, height)
        soft = cv2.blur(shape, (whole(rng, 1, 9),) * 2)
        shade = (rng.random(3) * 2 - 1) * spread * 0.6
        picture += (soft.astype(np.float32) / 255)[:, :, None] * shade.astype(np.float32)
    picture += clouds(rng, width, height, within(rng, 1, 3)).reshape(height, width, 1) * (spread * 0.15)
    return np.clip(picture, colour - spread, colour + spread).astype(np.float32)


GROUNDS: dict[str, Ground] = {
    "gradient": gradient,
    "mottled": mottled,
    "grainy": grainy,
    "striped": striped,
    "squared": squared,
    "blotted": blotted,
    "crumpled": crumpled,
    "scene": scene,
}


def ground(
    rng: np.random.Generator, kind: str, width: int, height: int, colour: np.ndarray, spread: float
) -> np.ndarray:
    """One of `GROUNDS` by name: (height, width, 3) uint8."""
    return np.clip(GROUNDS[kind](rng, width, height, colour, spread), 0, 255).astype(np.uint8)

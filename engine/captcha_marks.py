"""What captchas strew over their digits, as soft masks: lines, curves, sines, arcs, circles, grids, dots."""

from __future__ import annotations

import math

import cv2
import numpy as np

from engine.chances import chance, pick, whole, within

BITS = 4  # cv2 takes coordinates in 1/16 pixels


def empty(width: int, height: int) -> np.ndarray:
    return np.zeros((height, width), np.uint8)


def stroke(mask: np.ndarray, points: np.ndarray, thickness: float) -> None:
    """A polyline (N, 2) of x, y onto a mask, in place; thinner than a pixel becomes paler."""
    line = np.rint(points * (1 << BITS)).astype(np.int32)
    strength = 255 if thickness >= 1 else round(255 * max(thickness, 0.3))
    cv2.polylines(mask, [line], False, strength, max(1, round(thickness)), cv2.LINE_AA, BITS)


def _across(rng: np.random.Generator, width: int, height: int, reach: float = 1.0) -> np.ndarray:
    """Left and right ends of something that crosses the picture: (2, 2)."""
    low, high = height * (0.5 - 0.5 * reach), height * (0.5 + 0.5 * reach)
    begin, end = within(rng, -0.1, 0.25), within(rng, 0.75, 1.1)
    return np.array([[begin * width, within(rng, low, high)], [end * width, within(rng, low, high)]])


def straight(rng: np.random.Generator, width: int, height: int) -> np.ndarray:
    """Across, or anywhere between two points."""
    if chance(rng, 0.6):
        return _across(rng, width, height)
    return rng.random((2, 2)) * (width, height)


def curve(corners: np.ndarray, steps: int = 24) -> np.ndarray:
    """The cubic Bézier curve of four corners (4, 2): (steps + 1, 2)."""
    t = np.linspace(0, 1, steps + 1)[:, None]
    s = 1 - t
    return s**3 * corners[0] + 3 * s * s * t * corners[1] + 3 * s * t * t * corners[2] + t**3 * corners[3]


def bezier(rng: np.random.Generator, width: int, height: int) -> np.ndarray:
    """A cubic curve from the left to the right: (25, 2)."""
    ends = _across(rng, width, height)
    inner = rng.random((2, 2)) * (width, height * 1.2) - (0, height * 0.1)
    return curve(np.stack([ends[0], inner[0], inner[1], ends[1]]))


def sine(rng: np.random.Generator, width: int, height: int) -> np.ndarray:
    """A wave with up to four crests along the picture, its middle sloping a little."""
    x = np.arange(-2.0, width + 3.0, 2.0)
    crests, size = within(rng, 0.5, 4), within(rng, 0.06, 0.3) * height
    middle = height * within(rng, 0.35, 0.65) + (x / width - 0.5) * height * within(rng, -0.3, 0.3)
    return np.stack([x, middle + size * np.sin(crests * 2 * np.pi * x / width + within(rng, 0, 6.3))], axis=1)


def arc(rng: np.random.Generator, width: int, height: int) -> np.ndarray:
    """A part of an ellipse that hangs in the picture."""
    begin, length = within(rng, 0, 6.3), within(rng, 1.5, 5)
    t = np.linspace(begin, begin + length, 28)
    reach_x, reach_y = within(rng, 0.15, 0.6) * width, within(rng, 0.15, 0.6) * height
    x0, y0 = within(rng, 0.1, 0.9) * width, within(rng, 0.1, 0.9) * height
    return np.stack([x0 + reach_x * np.cos(t), y0 + reach_y * np.sin(t)], axis=1)


def gentle(rng: np.random.Generator, width: int, height: int) -> np.ndarray:
    """A wave whose crests are at least one and a half picture heights apart."""
    x = np.arange(-2.0, width + 3.0, 2.0)
    size, wave = within(rng, 0.05, 0.2) * height, 2 * np.pi / (height * within(rng, 1.5, 4))
    return np.stack(
        [x, height * within(rng, 0.35, 0.65) + size * np.sin(wave * x + within(rng, 0, 6.3))], axis=1
    )


def waving(rng: np.random.Generator, width: int, height: int) -> np.ndarray:
    """A wave along any direction, flat or steep, over a part of the picture: (steps, 2)."""
    length = height * within(rng, 0.6, 3)
    along = np.arange(0, length, 1.5)
    wave = height * within(rng, 0.12, 0.9)
    aside = wave * within(rng, 0.03, 0.22) * np.sin(2 * np.pi * along / wave + within(rng, 0, 6.3))
    way = rng.normal(0, 0.4)
    x0, y0 = within(rng, -0.1, 0.9) * width, within(rng, 0.0, 1.0) * height
    x = x0 + along * math.cos(way) - aside * math.sin(way)
    return np.stack([x, y0 + along * math.sin(way) + aside * math.cos(way)], axis=1)


def wandering(rng: np.random.Generator, width: int, height: int) -> np.ndarray:
    """A stroke that begins anywhere and turns as it goes, smoothly or in jags: (steps, 2)."""
    steps, stride = whole(rng, 4, 26), height * within(rng, 0.03, 0.13)
    turns = rng.normal(0, within(rng, 0.05, 0.9), steps)
    way = within(rng, 0, 6.3) + np.cumsum(turns)
    moves = np.stack([np.cos(way), np.sin(way)], axis=1) * stride
    return rng.random(2) * (width, height) + np.cumsum(moves, axis=0)


KINDS = {
    "gentle": gentle,
    "straight": straight,
    "bezier": bezier,
    "sine": sine,
    "arc": arc,
    "waving": waving,
}
CROSSING = ("gentle", "straight", "bezier", "sine", "arc")


def lines(
    rng: np.random.Generator,
    width: int,
    height: int,
    count: int,
    thickness: tuple[float, float] = (1, 1),
    kinds: tuple[str, ...] = CROSSING,
) -> np.ndarray:
    """Some lines of these kinds, as thick as the range in pixels says: (height, width) uint8."""
    mask = empty(width, height)
    for _ in range(count):
        stroke(mask, KINDS[pick(rng, kinds)](rng, width, height), within(rng, *thickness))
    return mask


def grid(rng: np.random.Generator, width: int, height: int, spacing: float, thickness: float) -> np.ndarray:
    """Squared paper, or its horizontal or vertical lines alone; perhaps leaning."""
    mask = empty(width, height)
    which = pick(rng, ("both", "both", "rows", "columns"))
    lean = within(rng, -0.3, 0.3) * height if chance(rng, 0.4) else 0.0
    if which != "rows":
        for x in np.arange(within(rng, 0, spacing), width, spacing):
            stroke(mask, np.array([[x, 0], [x + lean, height]]), thickness)
    if which != "columns":
        for y in np.arange(within(rng, 0, spacing), height, spacing):
            stroke(mask, np.array([[0, y], [width, y + lean * 0.5]]), thickness)
    return mask


def discs(
    rng: np.random.Generator, width: int, height: int, count: int, radius: tuple[float, float], hollow: float
) -> np.ndarray:
    """Filled circles, a share of them rings."""
    mask = empty(width, height)
    numbers = rng.random((count, 4)) * (width, height, 1, 1)
    for x, y, size, ring in numbers.tolist():
        reach = radius[0] + (radius[1] - radius[0]) * size
        middle = (round(x * 16), round(y * 16))
        thickness = 1 if ring < hollow else -1
        cv2.circle(mask, middle, max(8, round(reach * 16)), 255, thickness, cv2.LINE_AA, BITS)
    return mask


def pepper(rng: np.random.Generator, width: int, height: int, share: float, size: int = 1) -> np.ndarray:
    """Single specks of `size` pixels on a share of the picture."""
    rows, columns = math.ceil(height / size), math.ceil(width / size)
    specks = (rng.random((rows, columns), np.float32) < share).view(np.uint8) * np.uint8(255)
    return specks if size == 1 else np.kron(specks, np.ones((size, size), np.uint8))[:height, :width]


def dashes(rng: np.random.Generator, width: int, height: int, count: int, length: float) -> np.ndarray:
    """Short strokes in all directions."""
    mask = empty(width, height)
    numbers = rng.random((count, 3)) * (width, height, math.pi)
    for x, y, way in numbers.tolist():
        dx, dy = math.cos(way) * length * 0.5, math.sin(way) * length * 0.5
        stroke(mask, np.array([[x - dx, y - dy], [x + dx, y + dy]]), 1)
    return mask


def polygon(rng: np.random.Generator, width: int, height: int) -> np.ndarray:
    """One filled shape that covers part of the picture."""
    mask = empty(width, height)
    points = rng.random((whole(rng, 3, 5), 2)) * (width * 1.2, height * 1.4) - (0.1 * width, 0.2 * height)
    cv2.fillPoly(mask, [np.rint(points * 16).astype(np.int32)], 255, cv2.LINE_AA, BITS)
    return mask

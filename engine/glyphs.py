"""Single digits as masks: drawn by FreeType once per face and size, then placed and bent with OpenCV.

A mask is (H, W) uint8, 255 is ink. Heights are those of the face's own 0 in pixels, so that every face looks
equally large; the other digits keep their proportion to it, and old-style figures hang below the line.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from engine.faces import NoFaces, font

STEP = 1.19  # sizes are drawn in steps of this ratio; what lies between is scaled from the next larger one
SMALLEST = 6.0
REFERENCE = 100  # pixels per em at which a face's proportions are taken
_pillow = threading.Lock()  # FreeType's faces are no thread's own


@dataclass(frozen=True, eq=False)
class Glyph:
    """One digit of one face: its tight mask, and where that lies on the line."""

    mask: np.ndarray
    above: float  # from the baseline up to the mask's top row, in pixels
    advance: float  # how far the next digit's origin is, in pixels
    bearing: float  # from the origin to the mask's first column, in pixels
    height: float  # of the face's 0


@lru_cache(maxsize=4096)
def _em_per_height(face: str) -> float:
    """How many pixels per em make the face's 0 one pixel high."""
    with _pillow:
        _, top, _, bottom = font(face, REFERENCE).getbbox("0", anchor="ls")
    return REFERENCE / max(bottom - top, 1)


@lru_cache(maxsize=40_000)
def _drawn(face: str, digit: str, step: int) -> Glyph:
    height = SMALLEST * STEP**step
    size = max(4, round(height * _em_per_height(face)))
    with _pillow:
        loaded = font(face, size)
        left, top, _, _ = loaded.getbbox(digit, anchor="ls")
        drawn, _ = loaded.getmask2(digit, "L", anchor="ls")
        advance = loaded.getlength(digit)
        ink = np.array(drawn, np.uint8).reshape(drawn.size[1], drawn.size[0])
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    if not rows.size:
        raise NoFaces(f"The typeface {face} draws nothing for {digit!r}.")
    mask = np.ascontiguousarray(ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])
    mask.flags.writeable = False
    return Glyph(
        mask, float(-top - rows[0]), float(advance), float(left + columns[0]), size / _em_per_height(face)
    )


def glyph(face: str, digit: str, height: float) -> Glyph:
    """The glyph drawn at least `height` pixels high (the face's 0); the caller scales it down the rest."""
    step = math.ceil(math.log(max(height, SMALLEST) / SMALLEST) / math.log(STEP) - 1e-9)
    return _drawn(face, digit, step)


@dataclass(frozen=True, eq=False)
class Stamp:
    """A mask and where its first row and column lie in a picture; rows grow downwards."""

    mask: np.ndarray
    left: int
    top: int

    @property
    def right(self) -> int:
        return self.left + self.mask.shape[1]

    @property
    def bottom(self) -> int:
        return self.top + self.mask.shape[0]

    def moved(self, right: int, down: int) -> Stamp:
        return Stamp(self.mask, self.left + right, self.top + down)


@dataclass(frozen=True)
class Pose:
    """How one digit stands: its height in pixels (that of a 0), and how it is turned and bent."""

    height: float
    turn: float = 0.0  # degrees, anticlockwise
    slant: float = 0.0  # how far the top leans to the right, per pixel of height
    stretch: float = 1.0  # of the width
    corners: tuple[float, ...] = ()  # 8 numbers: how far each corner is moved, in heights (perspective)


def stamp(face: str, digit: str, pose: Pose, x: float, baseline: float) -> Stamp:
    """A digit whose middle stands at `x`, on a baseline; turned about its own middle."""
    drawn = glyph(face, digit, pose.height)
    rows, columns = drawn.mask.shape
    scale = pose.height / drawn.height
    radians = math.radians(pose.turn)
    cos, sin = math.cos(radians), math.sin(radians)
    # turn @ slant @ stretch, with y down
    a, b = cos * pose.stretch * scale, (-cos * pose.slant + sin) * scale
    c, d = -sin * pose.stretch * scale, (sin * pose.slant + cos) * scale
    middle_y = baseline - (drawn.above - rows / 2) * scale
    half_x, half_y = columns / 2, rows / 2
    reach_x = abs(a) * half_x + abs(b) * half_y + 1.0
    reach_y = abs(c) * half_x + abs(d) * half_y + 1.0
    if pose.corners:
        margin = max(abs(corner) for corner in pose.corners) * pose.height
        reach_x, reach_y = reach_x + margin, reach_y + margin
    left, top = math.floor(x - reach_x), math.floor(middle_y - reach_y)
    size = (math.ceil(x + reach_x) - left + 1, math.ceil(middle_y + reach_y) - top + 1)
    cx, cy = half_x - 0.5, half_y - 0.5
    dx, dy = x - left - 0.5, middle_y - top - 0.5
    matrix = np.array([[a, b, dx - a * cx - b * cy], [c, d, dy - c * cx - d * cy]])
    if not pose.corners:
        return Stamp(cv2.warpAffine(drawn.mask, matrix, size, flags=cv2.INTER_LINEAR), left, top)
    box = np.array([[0, 0], [columns, 0], [columns, rows], [0, rows]], np.float32)
    moved = box @ matrix[:, :2].T + matrix[:, 2] + np.reshape(pose.corners, (4, 2)) * pose.height
    bent = cv2.getPerspectiveTransform(box, moved.astype(np.float32))
    return Stamp(cv2.warpPerspective(drawn.mask, bent, size, flags=cv2.INTER_LINEAR), left, top)


def tight(one: Stamp, level: int = 40) -> Stamp:
    """The stamp without its empty rows and columns."""
    x, y, width, height = cv2.boundingRect((one.mask > level).view(np.uint8))
    if width == 0:
        return one
    return Stamp(one.mask[y : y + height, x : x + width], one.left + x, one.top + y)


def bounds(stamps: Sequence[Stamp]) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of all stamps together."""
    return (
        min(one.left for one in stamps),
        min(one.top for one in stamps),
        max(one.right for one in stamps),
        max(one.bottom for one in stamps),
    )


def merged(stamps: Sequence[Stamp], width: int, height: int) -> np.ndarray:
    """All stamps on one empty mask (height, width); what lies outside is cut off."""
    ink = np.zeros((height, width), np.uint8)
    for one in stamps:
        window, part = _window(one, width, height)
        np.maximum(ink[window], one.mask[part], out=ink[window])
    return ink


def _window(one: Stamp, width: int, height: int) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """Where a stamp lies in a picture, and which part of it does."""
    top, bottom = max(one.top, 0), max(min(one.bottom, height), 0)
    left, right = max(one.left, 0), max(min(one.right, width), 0)
    bottom, right = max(bottom, top), max(right, left)
    window = (slice(top, bottom), slice(left, right))
    return window, (slice(top - one.top, bottom - one.top), slice(left - one.left, right - one.left))


def coloured(
    stamps: Sequence[Stamp], colours: np.ndarray, width: int, height: int
) -> tuple[np.ndarray, np.ndarray]:
    """The merged mask (H, W), and the colour at each pixel of it (H, W, 3); later digits lie on top."""
    ink = merged(stamps, width, height)
    paint = np.empty((height, width, 3), np.uint8)
    paint[:] = colours[0]
    for one, colour in zip(stamps, colours, strict=True):
        window, part = _window(one, width, height)
        paint[window][one.mask[part] > 8] = colour
    return ink, paint

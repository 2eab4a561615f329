"""Pictures of digits as other people would have written, held and photographed them.

`augment` keeps the size of MNIST's pictures; `distort` returns twice that size, with nothing lost by scaling
down before `engine.ink.fit_digit` crops and fits the digit anew. Elastic distortion is Simard, Steinkraus and
Platt's (2003), here with smooth displacements from a coarse grid; it, the shift, scale, turn and shear are
one resampling.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

FINE = 2  # pictures are distorted at this many times their size


@dataclass(frozen=True)
class Strength:
    """How far `augment` goes. Lengths: pixels of the 28; angles: radians; (s): a standard deviation."""

    shift: float = 2.0  # at most
    scale: float = 0.10  # (s) of the logarithm
    stretch: float = 0.10  # (s) of the logarithm of width : height
    rotation: float = 0.12  # (s), at most 0.26 (15 degrees)
    shear: float = 0.16  # (s)
    elastic: float = 0.85  # (s) at the knots of a 4x4 grid
    pen: float = 0.30  # (s) of the logarithm of the pen width
    gamma: float = 0.25  # (s) of the logarithm
    fading: float = 60  # the darkest ink is up to so much short of 255
    blurred: float = 0.10  # part of the pictures, as are the next three
    noisy: float = 0.08
    specked: float = 0.04
    torn: float = 0.04


STRONG = Strength()
MAX_ROTATION = 0.26
PEN_WIDTHS = (1.5, 4.2)  # a pen is not made thinner or wider than this, in pixels of the 28


def augment(images: np.ndarray, rng: np.random.Generator, strength: Strength = STRONG) -> np.ndarray:
    """Each picture as another hand might have written it. images: (N, H, W) uint8; returns the same shape.

    The same generator state gives the same pictures.
    """
    height, width = images.shape[1:]
    fine = distort(images, rng, strength)
    small = [cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA) for picture in fine]
    return np.stack(small) if small else images.copy()


def distort(images: np.ndarray, rng: np.random.Generator, strength: Strength = STRONG) -> np.ndarray:
    """As `augment`, at twice the size: (N, H, W) -> (N, 2H, 2W) uint8."""
    count, height, width = images.shape
    maps = _maps(count, (height, width), rng, strength)
    growth = _pen_growth(images, rng, strength) * FINE
    tones = _tone_curves(count, rng, strength)
    rare = rng.random((count, 4)) < (strength.torn, strength.specked, strength.blurred, strength.noisy)
    result = np.empty((count, height * FINE, width * FINE), np.uint8)
    for i, image in enumerate(images):
        enlarged = cv2.resize(image, None, fx=FINE, fy=FINE, interpolation=cv2.INTER_CUBIC)
        x, y = maps[i]
        picture = cv2.remap(enlarged, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
        picture = cv2.LUT(with_pen(picture, float(growth[i])), tones[i])
        for spoil, wanted in zip((_tear, _speck, _blur, _grain), rare[i], strict=True):
            if wanted:
                picture = spoil(picture, rng)
        result[i] = picture
    return result


# --- where each pixel comes from ----------------------------------------------------------------------------


def _maps(count: int, size: tuple[int, int], rng: np.random.Generator, strength: Strength) -> np.ndarray:
    """For each pixel of the distorted picture where it lies in the enlarged one: (N, 2, 2H, 2W), x first."""
    height, width = size[0] * FINE, size[1] * FINE
    y = np.arange(height, dtype=np.float32) - (height - 1) / 2
    x = np.arange(width, dtype=np.float32) - (width - 1) / 2
    matrix = _affine(count, rng, strength)
    shift = rng.uniform(-strength.shift * FINE, strength.shift * FINE, (count, 2)).astype(np.float32)
    knots = rng.normal(0, strength.elastic * FINE, (count, 2, 4, 4)).astype(np.float32)
    # (2H, 4) @ (N, 2, 4, 4) @ (4, 2W): cubic interpolation between the knots, rows then columns
    bend = _from_knots(height) @ knots @ _from_knots(width).T
    maps = np.empty((count, 2, height, width), np.float32)
    for axis, middle in enumerate(((width - 1) / 2, (height - 1) / 2)):
        straight = matrix[:, axis, 0, None, None] * x + matrix[:, axis, 1, None, None] * y[:, None]
        maps[:, axis] = bend[:, axis] + straight + (shift[:, axis] + middle)[:, None, None]
    return maps


def _affine(count: int, rng: np.random.Generator, strength: Strength) -> np.ndarray:
    """Random scale, stretch, shear and turn, from the new picture back to the old: (N, 2, 2) float32."""
    scale, stretch, shear, turn = rng.standard_normal((4, count)) * np.array(
        [[strength.scale], [strength.stretch], [strength.shear], [strength.rotation]]
    )
    turn = np.clip(turn, -MAX_ROTATION, MAX_ROTATION)
    wide, high = np.exp(scale + stretch / 2), np.exp(scale - stretch / 2)
    cos, sin = np.cos(turn), np.sin(turn)
    rows = [[wide * cos, wide * (shear * cos - sin)], [high * sin, high * (shear * sin + cos)]]
    return np.array(rows, np.float32).transpose(2, 0, 1)


@cache
def _from_knots(length: int) -> np.ndarray:
    """How the values at 4 knots spread over `length` pixels, by cubic interpolation: (length, 4) float32."""
    at = np.linspace(0, 3, length)
    return np.stack([_lagrange(at, knot) for knot in range(4)], axis=1).astype(np.float32)


def _lagrange(at: np.ndarray, knot: int) -> np.ndarray:
    others = [other for other in range(4) if other != knot]
    return np.prod([(at - other) / (knot - other) for other in others], axis=0)


# --- the pen and the paper ----------------------------------------------------------------------------------


def pen_widths(images: np.ndarray) -> np.ndarray:
    """About how wide each picture's pen was, in pixels: twice the ink's area over the length of its edge."""
    ink = images.astype(np.float32)
    down = np.diff(ink, axis=1, prepend=0)
    across = np.diff(ink, axis=2, prepend=0)
    edge = np.sqrt(down**2 + across**2).sum((1, 2))
    return 2 * ink.sum((1, 2)) / np.maximum(edge, 1)


def _pen_growth(images: np.ndarray, rng: np.random.Generator, strength: Strength) -> np.ndarray:
    """How many pixels wider (or narrower) each picture's pen shall be, within PEN_WIDTHS."""
    widths = pen_widths(images)
    wanted = np.clip(widths * np.exp(rng.normal(0, strength.pen, len(widths))), *PEN_WIDTHS)
    return wanted - widths


def with_pen(picture: np.ndarray, growth: float) -> np.ndarray:
    """The picture by a pen wider by `growth` pixels: gray dilation, or erosion where it is negative."""
    radius = abs(growth) / 2
    whole = int(radius)
    morph = cv2.dilate if growth > 0 else cv2.erode
    if whole:
        picture = morph(picture, _disc(whole))
    part = radius - whole
    if part < 0.05:
        return picture
    return cv2.addWeighted(picture, 1 - part, morph(picture, _disc(1)), part, 0)


@cache
def _disc(radius: int) -> np.ndarray:
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))


def _tone_curves(count: int, rng: np.random.Generator, strength: Strength) -> np.ndarray:
    """For each picture what becomes of each gray: a gamma, and ink not quite black: (N, 256) uint8."""
    gamma = np.exp(rng.normal(0, strength.gamma, (count, 1)))
    darkest = 255 - strength.fading * rng.random((count, 1)) ** 2
    return np.round((np.arange(256) / 255) ** gamma * darkest).astype(np.uint8)


def _blur(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.6, 1.5))


def _grain(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The noise of a camera."""
    noise = rng.normal(0, rng.uniform(4, 22), picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


def _speck(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A grain of dust or two."""
    picture = picture.copy()
    height, width = picture.shape
    for x, y in rng.integers((0, 0), (width, height), (int(rng.integers(1, 3)), 2)).tolist():
        cv2.circle(picture, (x, y), int(rng.integers(0, 2)), int(rng.integers(90, 256)), -1)
    return picture


def _tear(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A hair's breadth without ink, where a pen skipped or a scanner missed a line."""
    picture = picture.copy()
    height, width = picture.shape
    middle = np.array([width, height]) * rng.uniform(0.3, 0.7, 2)
    angle = rng.uniform(0, np.pi)
    reach = np.array([np.cos(angle), np.sin(angle)]) * width
    begin, end = np.rint([middle - reach, middle + reach]).astype(int).tolist()
    cv2.line(picture, begin, end, 0, 1, cv2.LINE_AA)
    return picture

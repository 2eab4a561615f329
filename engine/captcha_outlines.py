"""Digits as curves, as npm's svg-captcha draws them: glyph outlines, a little shaken, with curves across."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from engine import captcha_marks as marks
from engine.captcha_colours import colour_of, flat, painted
from engine.chances import chance, pick, whole, within
from engine.faces import Faces
from engine.glyphs import glyph

CURVE_STEPS = 4
FINE = 140.0  # outlines are traced from digits this high, in pixels


@lru_cache(maxsize=4096)
def outlines(face: str, digit: str) -> tuple[np.ndarray, ...]:
    """A digit's contours as closed curves (4 * N, 2), in heights of the face's 0, around its middle."""
    drawn = glyph(face, digit, FINE)
    mask = cv2.copyMakeBorder(drawn.mask, *(2,) * 4, cv2.BORDER_CONSTANT)
    found, _ = cv2.findContours((mask > 127).astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    middle = np.array([mask.shape[1] / 2, mask.shape[0] / 2])
    contours = []
    for contour in found:
        if cv2.contourArea(contour) < 12:
            continue
        simple = cv2.approxPolyDP(contour, 1.1, True)[:, 0].astype(np.float64)
        contours.append(rounded((simple + 0.5 - middle) / drawn.height).astype(np.float32))
    return tuple(contours)


def rounded(points: np.ndarray) -> np.ndarray:
    """A closed curve through control points: corners where the way turns sharply, a spline elsewhere."""
    before, after, beyond = np.roll(points, 1, 0), np.roll(points, -1, 0), np.roll(points, -2, 0)
    t = (np.arange(CURVE_STEPS) / CURVE_STEPS)[None, :, None]
    p0, p1, p2, p3 = (side[:, None] for side in (before, points, after, beyond))
    length = np.linalg.norm(after - points, axis=1)[:, None, None]
    tangents = []
    for ahead, behind in ((p2 - p1, p1 - p0), (p3 - p2, p2 - p1)):
        far = np.linalg.norm(ahead, axis=2, keepdims=True) + 1e-9
        near = np.linalg.norm(behind, axis=2, keepdims=True) + 1e-9
        way = ahead / far + behind / near
        smooth = (ahead * behind).sum(axis=2, keepdims=True) > 0.72 * far * near
        tangents.append(np.where(smooth, way * 0.5 * length, 0))
    m1, m2 = tangents
    sharp = (np.abs(m1).sum(axis=2, keepdims=True) == 0) & (np.abs(m2).sum(axis=2, keepdims=True) == 0)
    spline = (
        (2 * t**3 - 3 * t**2 + 1) * p1
        + (t**3 - 2 * t**2 + t) * m1
        + (3 * t**2 - 2 * t**3) * p2
        + (t**3 - t**2) * m2
    )
    return np.where(sharp, p1 + (p2 - p1) * t, spline).reshape(-1, 2)


def _shaken(count: int, shake: float, rng: np.random.Generator) -> np.ndarray:
    """How far the points of a curve move when each of its control points moves by up to +-shake."""
    pulls = (rng.random((count, 1, 2)) - 0.5) * (2 * shake)
    t = (np.arange(CURVE_STEPS) / CURVE_STEPS)[:, None]
    return (pulls * (1 - t) + np.concatenate([pulls[1:], pulls[:1]]) * t).reshape(-1, 2)


def outlined_digit(
    mask: np.ndarray,
    face: str,
    digit: str,
    middle: tuple[float, float],
    height: float,
    rng: np.random.Generator,
    shake: float = 0.0,
    turn: float = 0.0,
    line: float = 0.0,
) -> None:
    """A digit's path onto a mask in place: filled, or stroked with `line` pixels; control points shaken."""
    cos, sin = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    turned = np.array([[cos, -sin], [sin, cos]]) * height
    curves = []
    for points in outlines(face, digit):
        curve = points + _shaken(len(points) // CURVE_STEPS, shake, rng) if shake else points
        curves.append(np.rint((curve @ turned + middle) * 16).astype(np.int32))
    if line <= 0:
        cv2.fillPoly(mask, curves, 255, cv2.LINE_AA, 4)
    else:
        cv2.polylines(mask, curves, True, 255, max(1, round(line)), cv2.LINE_AA, 4)


def draw_outline(text: str, difficulty: int, rng: np.random.Generator, faces: Faces) -> np.ndarray:
    """150x50, wider for more than four digits; grey or coloured paths and curves on white or a colour."""
    width, height = max(150, 8 + 35 * len(text)), 50
    if difficulty >= 3 and chance(rng, 0.4):
        width, height = round(width * within(rng, 0.85, 1.25)), round(height * within(rng, 0.8, 1.6))
    size = height * within(rng, 0.62, 0.62 + 0.05 * difficulty)
    coloured = chance(rng, 0.15 * difficulty)
    dark = coloured and chance(rng, 0.3)
    paper = colour_of(rng, within(rng, 10, 60) if dark else within(rng, 190, 250), 0.9)
    picture = flat(paper if coloured else np.full(3, 255.0), width, height)
    spacing = (width - 2) / (len(text) + 1)
    size = min(size, spacing * 1.9)
    face, line = faces.pick(rng), (pick(rng, (1.0, 1.5, 2.0)) if chance(rng, 0.08 * difficulty) else 0.0)
    for i, digit in enumerate(text):
        mask = marks.empty(width, height)
        middle = (spacing * (i + 1) + within(rng, -1, 1), height / 2 + within(rng, -1, 1) * difficulty)
        shake, turn = 0.004 * difficulty, within(rng, -4, 4) * (difficulty - 1)
        outlined_digit(mask, face, digit, middle, size, rng, shake, turn, line)
        picture = painted(picture, mask, _ink(rng, coloured, dark))
    for _ in range(whole(rng, 1, max(1, difficulty))):
        curve = marks.lines(rng, width, height, 1, (1, 0.7 + 0.3 * difficulty), ("bezier",))
        picture = painted(picture, curve, _ink(rng, coloured, dark))
    return picture


def _ink(rng: np.random.Generator, coloured: bool, dark_ground: bool) -> np.ndarray:
    if not coloured:
        return np.full(3, within(rng, 17, 119))
    return colour_of(rng, within(rng, 140, 240) if dark_ground else within(rng, 30, 120), 0.9)

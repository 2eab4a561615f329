"""What may befall a line of digits after it is drawn: bent by waves or a lens, struck through, scratched.

It is done to the reader's own 40 rows, where it costs a thirtieth of drawing a picture; so each drawn one can
be learnt several times and look different each time.
"""

from __future__ import annotations

import cv2
import numpy as np

from engine.line import RATHER_THIN, THIN, thinned_out
from engine.line_corpus import shaken

BENT, STRUCK, THINNED = 0.25, 0.25, 0.4  # of the lines
# What counts as thin, and how often.
THIN_KINDS = (THIN, np.ones((3, 3), np.uint8), RATHER_THIN)
THIN_SHARES = (0.5, 0.25, 0.25)


def battered(line: np.ndarray, width: int, rng: np.random.Generator) -> np.ndarray:
    """A line (40, W) uint8 brought to a width, shaken, and now and then bent or struck, or its thin strokes
    made paler, as the reader does in closer looks.
    """
    moved = shaken(line, width, rng)
    if rng.random() < BENT:
        moved = lens(moved, rng) if rng.random() < 0.4 else waves(moved, rng)
    if rng.random() < STRUCK:
        moved = strokes(moved, rng)
    if rng.random() < THINNED:
        moved = thinned_out(moved, rng.uniform(0.2, 0.8), THIN_KINDS[rng.choice(3, p=THIN_SHARES)])
    return moved


def waves(line: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Ripples across and along: each row and each column moved along a sine."""
    height, width = line.shape
    down, across = np.mgrid[0:height, 0:width].astype(np.float32)
    lengths = np.exp(rng.uniform(np.log(2), np.log(14), 2))  # pixels for a radian
    reach = rng.uniform(0, 1, 2) * np.minimum(3.2, 0.16 * lengths + 1)
    phases = rng.uniform(0, 2 * np.pi, 2)
    x = across + np.float32(reach[0]) * np.sin(down / np.float32(lengths[0]) + np.float32(phases[0]))
    y = down + np.float32(reach[1]) * np.sin(across / np.float32(lengths[1]) + np.float32(phases[1]))
    return _taken_from(line, x, y)


def lens(line: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """One to three round places where the line is drawn together or blown up."""
    height, width = line.shape
    down, across = np.mgrid[0:height, 0:width].astype(np.float32)
    x, y = across.copy(), down.copy()
    for _ in range(int(rng.integers(1, 4))):
        dx = across - np.float32(rng.uniform(0, width))
        dy = down - np.float32(rng.uniform(0.1, 0.9) * height)
        share = np.minimum(np.hypot(dx, dy) / np.float32(rng.uniform(0.4, 1.2) * height), 1)
        push = np.float32(rng.uniform(-0.32, 0.32)) * np.sin(np.pi * share)
        x, y = x + dx * push, y + dy * push
    return _taken_from(line, x, y)


def strokes(line: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """One to five strokes, straight or waving, of the ink's brightness or nearly; now and then of the
    ground's.
    """
    struck = line.copy()
    height, width = line.shape
    ink = float(np.percentile(line, 97)) * rng.uniform(0.5, 1)
    for _ in range(int(rng.integers(1, 6))):
        length = rng.uniform(0.5, 4) * height
        along = np.linspace(-0.5, 0.5, 24) * length
        lean = rng.normal(0, 0.5)
        swing = rng.uniform(0, 0.12) * height * np.sin(along / rng.uniform(2, 12) + rng.uniform(0, 6.3))
        swing += rng.normal(0, 0.25) * height * (2 * along / length) ** 2
        x = rng.uniform(-0.05, 1.05) * width + along * np.cos(lean) - swing * np.sin(lean)
        y = rng.uniform(0.05, 0.95) * height + along * np.sin(lean) + swing * np.cos(lean)
        points = np.rint(np.stack([x, y], axis=1) * 16).astype(np.int32)
        brightness = float(line.min()) if rng.random() < 0.08 else ink
        thickness = int(rng.choice((1, 1, 1, 2, 2, 3)))
        cv2.polylines(struck, [points], False, brightness, thickness, cv2.LINE_AA, 4)
    return struck


def _taken_from(line: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    edge = int(np.median(line[:, :: max(1, line.shape[1] - 1)]))
    return cv2.remap(line, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=edge)

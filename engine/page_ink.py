"""The ink of a page of any paper, without rules and shadows, also where there is little of it."""

from __future__ import annotations

import cv2
import numpy as np

from engine.ground import FAINTEST, contrast_with, small_copy
from engine.paper import NOISE_LIMIT, darker_half, grain_of, sheet_in
from engine.ruled_paper import without_rules

RULED = 40  # of 255: from here on a pixel may belong to a rule
ACROSS, UNBROKEN = 0.35, 0.95  # of the width: at least so long is a rule; of that: without a gap
SMALLEST_TILE = 8  # pixels


def ink_on_page(rgb: np.ndarray) -> np.ndarray:
    """The ink of a page (H, W, 3) uint8: (H, W) uint8, 255 is ink; all zeros where there is none.

    As `engine.paper.ink_of`, but for small writing on large sheets too, and nothing is dropped for its size.
    """
    ink = np.zeros(rgb.shape[:2], np.uint8)
    small = small_copy(rgb)
    sheet = sheet_in(small, rgb.shape[:2])
    if sheet is not None:
        rgb = np.ascontiguousarray(rgb[sheet])
        small = small_copy(rgb)
    contrast = contrast_with(rgb, small)
    contrast = without_rules(contrast - np.median(darker_half(contrast)))
    grain = grain_of(contrast)
    faintest = max(FAINTEST, NOISE_LIMIT * grain)
    level = _level(contrast, faintest)
    if level < faintest:
        return ink
    low = max(0.12 * level, min(2.5 * grain, 0.35 * level))
    soft = np.clip((contrast - low) * (255 / (0.85 * level - low)), 0, 255)
    soft = without_long_lines(np.rint(soft).astype(np.uint8))
    ink[sheet or (slice(None), slice(None))] = without_long_lines(np.ascontiguousarray(soft.T)).T
    return ink


def without_long_lines(ink: np.ndarray) -> np.ndarray:
    """Ink (H, W) uint8 without thin lines that come in from a side and run far; what crosses them stays.

    These are rules that differ in strength along their way, as in a shadow, or that are too few to be told by
    their regularity.
    """
    height, width = ink.shape
    mask = cv2.threshold(ink, RULED, 255, cv2.THRESH_BINARY)[1]
    level = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((1, max(32, width // 8)), np.uint8))
    joined = cv2.dilate(level, np.ones((3, 9), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    ruled = stats[:, cv2.CC_STAT_WIDTH] >= ACROSS * width
    ruled &= stats[:, cv2.CC_STAT_HEIGHT] < max(12, 0.06 * height)
    left, right = stats[:, cv2.CC_STAT_LEFT], stats[:, cv2.CC_STAT_LEFT] + stats[:, cv2.CC_STAT_WIDTH]
    ruled &= (left <= 2) | (right >= width - 2)  # a digit's bar is long too in a small picture
    ruled[0] = False
    for n in np.flatnonzero(ruled).tolist():
        x, y, w, h, _ = stats[n].tolist()
        ruled[n] = np.count_nonzero((level[y : y + h, x : x + w] > 0).any(0)) >= UNBROKEN * (w - 8)
    if count < 2 or not ruled.any():
        return ink
    band = cv2.dilate(np.where(ruled[labels], level, 0), np.ones((5, 1), np.uint8))
    rest = np.where(band > 0, 0, ink).astype(np.uint8)
    wider = cv2.dilate(rest, np.ones((1, 5), np.uint8))  # what crosses may lean
    crossing = cv2.morphologyEx(wider, cv2.MORPH_CLOSE, np.ones((15, 1), np.uint8))
    return np.where(band > 0, np.minimum(ink, crossing), ink).astype(np.uint8)


def _level(contrast: np.ndarray, faintest: float) -> float:
    """How far full ink stands out, however little there is of it: the strongest tiles' strongest pixels.

    Where that is less than `faintest`, one small digit may lie in a single tile: then of smaller ones.
    """
    calm = cv2.GaussianBlur(contrast, (3, 3), 0)
    side = min(max(4, min(32, min(calm.shape) // 6)), *calm.shape)
    while True:
        tiles = _maxima(calm, side)
        level = float(np.median(np.sort(tiles)[-max(3, len(tiles) // 200) :]))
        if level >= faintest or side < 2 * SMALLEST_TILE:
            return level
        side //= 2


def _maxima(values: np.ndarray, side: int) -> np.ndarray:
    """The largest of the values (H, W) in each square tile; those at the right and below may be cut."""
    below, beside = (-n % side for n in values.shape)
    whole = cv2.copyMakeBorder(values, 0, below, 0, beside, cv2.BORDER_REPLICATE)
    rows, columns = (n // side for n in whole.shape)
    return np.asarray(whole.reshape(rows, side, columns, side).max((1, 3))).ravel()

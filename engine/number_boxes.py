"""Where each digit of a line stands: its ink between the middles that a reader of columns tells."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import cv2
import numpy as np

from engine.number_lines import INKED, LOWEST, Box

MOSTLY = 0.7  # of a piece's ink lies in one digit's part: then all of it belongs there
REACH = 0.5  # of the digits' height: how far a digit reaches beyond its middle at most, at a line's ends


def boxes_between(ink: np.ndarray, middles: Sequence[float], height: float) -> list[Box]:
    """One box around the ink of each digit. ink: (h, w) uint8; middles: of the digits, in its pixels, from
    left to right; height: of a digit.

    Neighbours are parted where the least ink is between their middles. A part without ink gets a box as high
    as the line.
    """
    mask = cv2.threshold(ink, INKED, 255, cv2.THRESH_BINARY)[1]
    cuts = parting(mask, middles, height)
    owner = _owners(mask, cuts, height)
    boxes = []
    for i, (left, right) in enumerate(pairwise(cuts)):
        rows, columns = np.flatnonzero((owner == i).any(1)), np.flatnonzero((owner == i).any(0))
        if len(rows):
            x, y = int(columns[0]), int(rows[0])
            boxes.append((x, y, int(columns[-1]) + 1 - x, int(rows[-1]) + 1 - y))
        else:
            boxes.append((left, 0, max(1, right - left), len(ink)))
    return boxes


def parting(mask: np.ndarray, middles: Sequence[float], height: float) -> list[int]:
    """Where the digits' parts begin and end: one more than there are digits, from left to right."""
    width = mask.shape[1]
    inked = cv2.blur((mask > 0).mean(axis=0, dtype=np.float32)[None], (3, 1))[0]
    cuts = [round(max(0, middles[0] - REACH * height))] if len(middles) else []
    for one, other in pairwise(middles):
        low, high = round(one + 0.15 * (other - one)), round(other - 0.15 * (other - one))
        low, high = max(0, min(low, width - 1)), min(width, max(high, low + 1))
        between = np.arange(low, high)
        # With equal ink, the middle of the gap.
        cost = inked[low:high] + 0.02 * np.abs(between - (one + other) / 2) / max(1.0, height)
        cuts.append(int(between[cost.argmin()]) if len(between) else round((one + other) / 2))
    if len(middles):
        cuts.append(round(min(width, middles[-1] + REACH * height)))
    return cuts


def _owners(mask: np.ndarray, cuts: list[int], height: float) -> np.ndarray:
    """The digit (0, 1, ...) that each pixel of ink belongs to, -1 where there is none: (h, w) int."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    place = np.searchsorted(np.array(cuts[1:-1]), np.arange(mask.shape[1]), side="right")
    by_column = np.broadcast_to(place, mask.shape)
    digits = max(1, len(cuts) - 1)
    shares = np.bincount(labels.ravel() * digits + by_column.ravel(), minlength=count * digits)
    shares = shares.reshape(count, digits)
    best, total = shares.argmax(1), shares.sum(1)
    whole = shares.max(1) >= MOSTLY * total
    owner = np.where(whole[labels], best[labels], by_column)
    dropped = stats[:, cv2.CC_STAT_HEIGHT] < 0.5 * LOWEST * height  # dots and dashes
    dropped[0] = True
    return np.where(dropped[labels], -1, owner)

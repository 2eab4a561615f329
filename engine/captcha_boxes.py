"""From where to where each digit of a picture stands: its ink between the middles that the reader tells."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from engine.line import HEIGHT, INK, TALL, place_in
from engine.number_boxes import parting

GAP = 3  # so many columns of a line without ink part a digit from what is beside it
WIDE = 0.5  # of the digits' rows: how far a digit reaches to each side of its middle at most


def spans(
    line: np.ndarray, middles: Sequence[float], rows: tuple[int, int], size: tuple[int, int]
) -> list[tuple[int, int]]:
    """Of each digit the first column and the one after the last, in pixels of the picture.

    line: (40, W) uint8, all of the picture. middles: of the digits, from left to right; rows: those that they
    stand in, the first and the one after the last; size: of the picture, (height, width), all in its pixels.

    Neighbours are parted where the least tall ink is between their middles. A digit without ink, or among
    strokes that run on, reaches as far as a digit may.
    """
    height, width = size
    scale, shift = place_in(line.shape[1], height, width)
    top, bottom = (round(row * HEIGHT / height) for row in rows)
    seen = np.ascontiguousarray(line[top : max(bottom, top + 1)])
    at = [(middle - shift) / scale for middle in middles]
    tall = cv2.threshold(cv2.morphologyEx(seen, cv2.MORPH_OPEN, TALL), int(INK), 255, cv2.THRESH_BINARY)[1]
    cuts = parting(tall, at, len(seen))
    inked = cv2.reduce(seen, 0, cv2.REDUCE_MAX)[0] > INK
    found = []
    for i, middle in enumerate(at):
        reach = WIDE * len(seen)
        left = int(np.clip(round(max(cuts[i], middle - reach)), 0, line.shape[1] - 1))
        right = int(np.clip(round(min(cuts[i + 1], middle + reach)), left + 1, line.shape[1]))
        ink = left + np.flatnonzero(inked[left:right])
        if len(ink):
            left, right = _together(ink, middle)
        first = int(np.clip(np.floor(left * scale + shift), 0, width - 1))
        found.append((first, int(np.clip(np.ceil(right * scale + shift), first + 1, width))))
    return found


def _together(ink: np.ndarray, middle: float) -> tuple[int, int]:
    """Of columns with ink, in order, the first and the one after the last of those around the middle."""
    parts = np.split(ink, np.flatnonzero(np.diff(ink) > GAP) + 1)
    nearest = min(parts, key=lambda part: max(part[0] - middle, middle - part[-1], 0.0))
    return int(nearest[0]), int(nearest[-1]) + 1

"""Straight upright strokes that stand alone in a line of digits: 1s that a reader of lines may leave out.

Forms, squared paper and cheques are full of thin straight lines, which the reader has learnt to leave out.
One that is as high as the digits, and stands free between them, is a 1.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from engine.number_lines import FOUNDING, GAP, INKED, SPECK, Box

HIGHEST = 1.3  # of the digits' height
SLIM = 0.16  # of its length: so wide a stem is at most
LEANS = 0.35  # sideways, of its height
FREE = 0.12  # of the digits' height: so far from a stem stands no other ink


def unread_stems(ink: np.ndarray, height: float, middles: Sequence[float]) -> list[Box]:
    """The boxes of such strokes in a line's ink (h, w) uint8, from left to right, that no digit was read at.

    height: of a digit. middles: of the digits that were read, in the ink's pixels; each was read at the piece
    that it is nearest to.
    """
    mask = cv2.threshold(ink, INKED, 255, cv2.THRESH_BINARY)[1]
    mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((round(GAP * height) + 1, 1), np.uint8))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    names = 1 + np.flatnonzero(stats[1:, 2:4].max(1) >= SPECK * height)
    x, _, w, h = stats[names, :4].T
    away = [np.maximum(0, np.maximum(x - middle, middle - x - w)) for middle in middles]
    read = sorted({int(distances.argmin()) for distances in away}) if len(names) else []
    usual = float(np.median(h[read])) if read else height  # bars between digits may be most of the pieces
    found = []
    for i in np.argsort(x).tolist():
        high = FOUNDING * usual <= h[i] <= HIGHEST * usual
        others = np.arange(len(names)) != i
        gaps = np.maximum(x[others] - x[i] - w[i], x[i] - x[others] - w[others])
        free = (gaps >= FREE * height).all() and w[i] <= (LEANS + SLIM) * h[i]
        if i not in read and high and free and _is_straight(labels == names[i]):
            found.append(tuple(stats[names[i], :4].tolist()))
    return found


def _is_straight(mask: np.ndarray) -> bool:
    """Whether a piece (h, w) bool is one straight stroke, upright or nearly so."""
    points = np.argwhere(mask)[:, ::-1].astype(np.float32)
    _, (one, other), _ = cv2.minAreaRect(points)
    rows = points[:, 1] - points[:, 1].min()
    top, bottom = (points[part, 0].mean() for part in (rows <= 0.1 * rows.max(), rows >= 0.9 * rows.max()))
    leans = abs(top - bottom) <= LEANS * max(1.0, rows.max())
    return bool(leans and min(one, other) + 1 <= SLIM * (max(one, other) + 1) + 1)

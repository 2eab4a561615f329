"""The lines of a page: which pieces of its ink stand in one line."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

INKED = 100  # of 255: from here on a pixel belongs to a piece of ink
LOWEST = 0.42  # of the digits' height: a lower piece is a mark or a part of a digit
FOUNDING = 0.7  # of the digits' height: so high a piece is a digit, and tells where a line is
SPECK = 0.12  # of the digits' height: a piece that extends less is no ink
BESIDE = 0.45  # of the lower one's height that neighbours in a line share
FAR = 4.0  # digits' heights: neighbours in a line are no farther apart, where they stand a little higher
LOWEST_DIGIT = 12  # pixels
SMALLER = 0.18  # of the digits' height: lower writing on the same page is dirt
GAP = 0.08  # of the digits' height: pieces with such a gap from top to bottom are one, as a pen skips
LONG = 3.0  # digits' heights: a low piece so long is a rule
CLEARLY = 0.03  # of the digits' height: with such a gap between them, pieces are several digits
FILLS = 2.3  # heights of its only line: a picture no higher than this is that line
TOO_LOW = 1.9  # heights of its highest line: no picture so low holds two
MOST_LINES, MOST_PIECES = 40, 3000

Box = tuple[int, int, int, int]  # x, y, width, height


@dataclass(frozen=True, eq=False)
class Line:
    """One line of ink, level: ink (h, w) uint8 holds its own pieces alone, 255 is ink. left, top: where its
    corner lies in the picture. slope: how far the line falls per pixel; each column was moved up by that much
    from the line's left end on. height: of its digits, in pixels.
    """

    ink: np.ndarray
    left: int
    top: int
    slope: float
    height: float

    def in_picture(self, box: Box) -> Box:
        """A box of this line in pixels of the picture."""
        x, y, w, h = box
        return self.left + x, self.top + y + round(self.slope * (x + w / 2)), w, h


def digit_height(boxes: np.ndarray, areas: np.ndarray) -> float:
    """How high digits are: the median of the pieces at least half as high as those that most ink is in.

    boxes: (N, 4) x, y, width, height.
    """
    heights = boxes[:, 3].astype(np.float64)
    order = np.argsort(heights)
    share = np.cumsum(areas[order]) / areas.sum()
    high = heights[order][int(np.searchsorted(share, 0.75))]
    return float(np.median(heights[heights >= 0.5 * high]))


def find_lines(ink: np.ndarray) -> list[Line]:
    """The lines of ink (H, W) from top to bottom; none where there is nothing to read."""
    mask = cv2.threshold(ink, INKED, 255, cv2.THRESH_BINARY)[1]
    labels, names, boxes, areas = _pieces(mask)
    real = ~_is_frame(boxes, ink.shape)
    if not real.any():
        return []
    height = digit_height(boxes[real], areas[real])
    skipped = round(GAP * height)
    if skipped:
        closing = np.ones((skipped + 1, 1), np.uint8)
        labels, names, boxes, areas = _pieces(cv2.morphologyEx(mask, cv2.MORPH_CLOSE, closing))
        real = ~_is_frame(boxes, ink.shape)
        if not real.any():
            return []
        height = digit_height(boxes[real], areas[real])
    real &= boxes[:, 2:].max(1) >= SPECK * height
    real &= ~((boxes[:, 2] > LONG * height) & (boxes[:, 3] < 0.4 * height))
    names, boxes = names[real], boxes[real]
    groups = [(group, height) for group in _grouped(boxes, height)]
    groups += _smaller_writing(boxes, areas[real], groups, height)
    lines = [_line(ink, labels, names[group], boxes[group], high) for group, high in groups[:MOST_LINES]]
    return sorted(lines, key=lambda line: line.top + line.slope * line.ink.shape[1] / 2)


def _pieces(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Connected pieces, the largest first: their names in every pixel, (H, W) int; of each its name, its box
    x, y, width, height and its area.
    """
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    names = 1 + np.argsort(-stats[1:, cv2.CC_STAT_AREA], kind="stable")[:MOST_PIECES]
    return labels, names, stats[names, :4], stats[names, cv2.CC_STAT_AREA]


def fills(lines: list[Line], shape: tuple[int, ...]) -> bool:
    """Whether a picture of this shape is one line from edge to edge, as a cheque's amount cut out is."""
    if not lines:
        return False
    return shape[0] <= (FILLS if len(lines) == 1 else TOO_LOW) * max(len(line.ink) for line in lines)


def _is_frame(boxes: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Which boxes reach along a whole side of the picture and touch it: edges, frames, shadows."""
    x, y, w, h = boxes.T
    height, width = shape
    touches = (x <= 1) | (y <= 1) | (x + w >= width - 1) | (y + h >= height - 1)
    low, slim = h < 0.12 * height, w < 0.04 * width
    framing = (w > 0.95 * width) & (h > 0.95 * height)
    return framing & (len(boxes) > 1) | touches & ((w > 0.6 * width) & low | (h > 0.8 * height) & slim)


def _grouped(boxes: np.ndarray, height: float) -> list[np.ndarray]:
    """Positions of the boxes of each line. High boxes found lines from left to right, then half as high ones
    do that are inside no line; low ones join the nearest.
    """
    x, y, w, h = boxes.T
    order = np.argsort(x + w / 2)
    groups: list[list[int]] = []
    for least, most in ((FOUNDING, np.inf), (LOWEST, FOUNDING)):
        for i in [int(i) for i in order if least * height <= h[i] < most * height]:
            best = max(groups, key=lambda group: _shared(boxes, group, i), default=None)
            if best is not None and _shared(boxes, best, i) >= BESIDE:
                best.append(i)
                best.sort(key=lambda n: x[n] + w[n] / 2)
            else:
                groups.append([i])
    groups = _joined(boxes, groups)
    middles = y + h / 2
    for i in np.flatnonzero(h < LOWEST * height).tolist():
        near = min(groups, key=lambda group: _away(boxes, group, i, middles), default=None)
        if near is not None and _away(boxes, near, i, middles) < height:
            near.append(i)
    return [np.array(sorted(group)) for group in groups]


def _smaller_writing(
    boxes: np.ndarray, areas: np.ndarray, groups: list[tuple[np.ndarray, float]], height: float
) -> list[tuple[np.ndarray, float]]:
    """Lines of much lower digits than the others, among the pieces that are in none and far from all: each
    with the height of its digits. Of specks none is made.
    """
    grouped = [boxes[group] for group, _ in groups]
    left = np.setdiff1d(
        np.arange(len(boxes)), np.concatenate([np.array([], int), *(group for group, _ in groups)])
    )
    far = [i for i in left.tolist() if all(_beyond(there, boxes[i]) > height / 2 for there in grouped)]
    if not far:
        return []
    own = digit_height(boxes[far], areas[far])
    if own < max(LOWEST_DIGIT, SMALLER * height):
        return []
    lines = [np.array(far)[group] for group in _grouped(boxes[far], own)]
    return [(line, own) for line in lines if boxes[line, 3].max() >= FOUNDING * own]


def _beyond(there: np.ndarray, box: np.ndarray) -> float:
    """How many rows lie between a box and a line, of which it may be a mark; 0 where it is beside."""
    top, bottom = there[:, 1].min(), (there[:, 1] + there[:, 3]).max()
    return float(max(0, box[1] - bottom, top - box[1] - box[3]))


def _shared(boxes: np.ndarray, group: list[int], i: int) -> float:
    """The part of the lower one's height that box i shares with its two neighbours in a group together."""
    x, y, w, h = (int(value) for value in boxes[i])
    there = boxes[group]
    distances = np.abs(there[:, 0] + there[:, 2] / 2 - x - w / 2)
    near = there[np.argsort(distances)[:2]]
    top, bottom = float(near[:, 1].min()), float((near[:, 1] + near[:, 3]).max())
    if distances.min() > FAR * max(h, bottom - top):
        top, bottom = top + 0.2 * (bottom - top), bottom - 0.2 * (bottom - top)
    return (min(bottom, y + h) - max(top, y)) / max(1.0, min(bottom - top, h))


def _joined(boxes: np.ndarray, groups: list[list[int]]) -> list[list[int]]:
    """Groups that share their rows are one line: a high digit at its beginning may have parted them."""
    joined: list[list[int]] = []
    for group in sorted(groups, key=lambda group: -len(group)):
        top, bottom = np.median(boxes[group, 1]), np.median(boxes[group, 1] + boxes[group, 3])
        for other in joined:
            there = boxes[other]
            low, high = np.median(there[:, 1]), np.median(there[:, 1] + there[:, 3])
            apart = _overlap(boxes[group], there) < 0.3
            if apart and (min(bottom, high) - max(top, low)) >= 0.6 * min(bottom - top, high - low):
                other += group
                break
        else:
            joined.append(group)
    return joined


def _overlap(some: np.ndarray, others: np.ndarray) -> float:
    """The part of the narrower one's extent from left to right that two groups of boxes share."""
    left, right = some[:, 0].min(), (some[:, 0] + some[:, 2]).max()
    low, high = others[:, 0].min(), (others[:, 0] + others[:, 2]).max()
    return float(min(right, high) - max(left, low)) / max(1.0, float(min(right - left, high - low)))


def _away(boxes: np.ndarray, group: list[int], i: int, middles: np.ndarray) -> float:
    """How far a low piece lies from the nearest box of a group, in pixels."""
    x, y, w, h = boxes[group].T
    right, down = boxes[i][0] + boxes[i][2] / 2, middles[i]
    dx = np.maximum(0, np.maximum(x - right, right - x - w))
    dy = np.maximum(0, np.maximum(y - down, down - y - h))
    return float(np.hypot(0.5 * dx, dy).min())


def _line(ink: np.ndarray, labels: np.ndarray, names: np.ndarray, boxes: np.ndarray, height: float) -> Line:
    """The pieces of one line cut out, level, with soft edges and nothing of other lines."""
    slope = _slope(boxes, height)
    left, right = int(boxes[:, 0].min()), int((boxes[:, 0] + boxes[:, 2]).max())
    top, bottom = int(boxes[:, 1].min()), int((boxes[:, 1] + boxes[:, 3]).max())
    lookup = np.zeros(int(labels.max()) + 1, np.uint8)
    lookup[names] = 1
    near = cv2.dilate(lookup[labels[top:bottom, left:right]], np.ones((3, 3), np.uint8))
    own = ink[top:bottom, left:right] * near
    if slope:
        own, moved = _level_out(own, slope)
        top += moved
    rows = np.flatnonzero((own > INKED).any(1))
    own = np.ascontiguousarray(own[rows[0] : rows[-1] + 1])
    return Line(own, left, top + int(rows[0]), slope, height)


def _slope(boxes: np.ndarray, height: float) -> float:
    """How far the line falls per pixel; 0 where that is little or can't be told."""
    x, y, w, h = boxes[boxes[:, 3] >= LOWEST * height].T.astype(np.float64)
    if len(x) < 3 or np.ptp(x) < 2.5 * height:
        return 0.0
    middles = x + w / 2
    slope = float(np.polyfit(middles, y + h / 2, 1)[0])
    return slope if 0.03 < abs(slope) < 0.6 else 0.0


def _level_out(own: np.ndarray, slope: float) -> tuple[np.ndarray, int]:
    """Each column moved so that the line is level, and how far down its first row then lies."""
    h, w = own.shape
    above = max(0.0, slope * w)
    taller = h + int(np.ceil(abs(slope) * w))
    matrix = np.array([[1, 0, 0], [-slope, 1, above]], np.float64)
    return cv2.warpAffine(own, matrix, (w, taller), flags=cv2.INTER_LINEAR), -round(above)


def holds_several(ink: np.ndarray) -> bool:
    """Whether there clearly is more than one digit: high pieces beside each other, or lines below."""
    lines = find_lines(ink)
    if len(lines) > 1:
        return True
    for line in lines:
        mask = cv2.threshold(line.ink, INKED, 255, cv2.THRESH_BINARY)[1]
        stats = cv2.connectedComponentsWithStats(mask, connectivity=8)[2][1:]
        high = stats[stats[:, 3] >= FOUNDING * line.height]
        high = high[np.argsort(high[:, 0])]
        reach = np.maximum.accumulate(high[:, 0] + high[:, 2])[:-1]
        if (high[1:, 0] - reach > CLEARLY * line.height).any():
            return True
    return False

"""The classical way to read a row of digits: threshold, clean, cut into pieces, one digit each.

It needs digits that stand apart, or nearly so, on even ground. Every stage is kept, so that a page can show
where it goes wrong: a threshold by Otsu (1979), a median filter and the removal of specks, connected pieces,
wide pieces split where the fewest inked pixels lie above each other, and our `digits` network for each digit.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np

from engine.digits import Prediction, recognize_ink
from engine.images import Picture, open_picture
from engine.network import Network
from engine.reading import Character, Reading

Box = tuple[int, int, int, int]  # x, y, width, height

LONGEST, TALLEST = 20_000, 240  # pixels: a larger picture is reduced first
FAINTEST = 16.0  # grey levels: where ink and paper differ less, there is no ink
LOWEST = 0.45  # of the digits' height: a piece that is lower is no digit
NEAR = 0.15  # of their height together: pieces with a wider gap between them are no parts of one digit
STACKED = 0.5  # pieces that share this part of the narrower one's width stand above each other
WIDE = 1.45  # a piece wider than so many digits is several that touch
WIDTH_OF_HEIGHT = 0.62  # how wide a digit is, where the others don't tell
WIDEST = 1.0  # of the digits' height: what is wider tells nothing of one digit's width
NARROWEST = 0.38  # ... and what is narrower is a 1
REACH = 0.3  # of a digit's width: so far from an equal part a cut may move to find less ink
PULL = 1.2  # how much a cut keeps to equal parts, as a part of the height in ink
FRAME = 0.95  # of the picture's sides: a thin piece that reaches so far frames the others
MOST = 40  # pieces: more are noise
LITTER = 4000  # ... and of so many none are even joined
TOO_MANY = f"There are more than {MOST} pieces of ink: raise the noise filter or move the threshold."


@dataclass(frozen=True, eq=False)
class Stages:
    """What each step made of the picture, all of one size (H, W).

    grey: uint8. threshold: the grey level between ink and paper. ink: uint8, 255 is ink. cleaned: the ink
    without its noise. boxes: one for each digit, left to right, in pixels of these arrays; the boxes of
    `reading` are in pixels of the picture as it was brought. digits: what the network saw of each, (28, 28)
    uint8. note: a sentence where nothing could be read, else "".
    """

    grey: np.ndarray
    threshold: float
    ink: np.ndarray
    cleaned: np.ndarray
    boxes: tuple[Box, ...]
    digits: tuple[np.ndarray, ...]
    reading: Reading
    note: str = ""


def read(
    picture: Picture,
    threshold: float | None = None,
    speck: int = 2,
    median: int = 1,
    model: Network | str = "digits",
) -> Stages:
    """Read a row of digits and keep every stage.

    threshold: a grey level from 0 to 255, None for Otsu's. speck: pieces with no more than speck x speck
    pixels are noise, 0 keeps all. median: the side of a median filter, 1 for none, 3 or 5 against single
    pixels and hairlines. ValueError for other settings, PictureError where the picture can't be used.
    """
    _check(threshold, speck, median)
    grey, scale = _grey(picture)
    level, dark = _level(grey)
    threshold = level if threshold is None else float(threshold)
    ink = _ink(grey, threshold, dark)
    cleaned = clean(ink, speck, median)
    pieces = find_pieces(cleaned)
    note = TOO_MANY if len(pieces) > MOST else "" if pieces else "No digits were found."
    soft = _soft_ink(grey, cleaned, dark)
    said = [] if note else [(recognize_ink(_piece(soft, mask, box), model), box) for box, mask in pieces]
    said = [(prediction, box) for prediction, box in said if prediction.digit is not None]
    characters = tuple(_character(prediction, box, scale) for prediction, box in said)
    return Stages(
        grey,
        threshold,
        ink,
        cleaned,
        tuple(box for _, box in said),
        tuple(prediction.network_input for prediction, _ in said),
        Reading("".join(character.text for character in characters), characters),
        note,
    )


def _check(threshold: float | None, speck: int, median: int) -> None:
    if threshold is not None and not 0 <= threshold <= 255:
        raise ValueError(f"a threshold is a grey level from 0 to 255, not {threshold}")
    if speck < 0:
        raise ValueError(f"specks have a size of 0 pixels or more, not {speck}")
    if median not in (1, 3, 5):
        raise ValueError(f"a median filter is 1, 3 or 5 pixels wide, not {median}")


# --- from the picture to its ink --------------------------------------------------------------------------


def _grey(picture: Picture) -> tuple[np.ndarray, tuple[float, float]]:
    """The picture in grey, not too large, and how many of its own pixels one of these is, across and down."""
    colours = open_picture(picture, longest=LONGEST)
    grey = cv2.cvtColor(colours, cv2.COLOR_RGB2GRAY)
    height, width = grey.shape
    if height <= TALLEST:
        return grey, (1.0, 1.0)
    size = max(1, round(width * TALLEST / height)), TALLEST
    return cv2.resize(grey, size, interpolation=cv2.INTER_AREA), (width / size[0], height / TALLEST)


def _level(grey: np.ndarray) -> tuple[float, bool]:
    """The grey level that parts ink and paper best (Otsu 1979), and whether the ink is the darker part.

    Ink is the lesser part of the whole picture, whatever its border shows.
    """
    level = float(cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)[0]) + 0.5
    return level, bool(2 * np.count_nonzero(grey < level) <= grey.size)


def _ink(grey: np.ndarray, threshold: float, dark: bool) -> np.ndarray:
    """Ink (255) on the one side of the threshold; none where both sides look alike."""
    mask = grey < threshold if dark else grey > threshold
    if mask.all() or not mask.any():
        return np.zeros(grey.shape, np.uint8)
    if abs(float(grey[mask].mean()) - float(grey[~mask].mean())) < FAINTEST:
        return np.zeros(grey.shape, np.uint8)
    return np.where(mask, 255, 0).astype(np.uint8)


def clean(ink: np.ndarray, speck: int, median: int) -> np.ndarray:
    """Ink without its noise: a median filter first, then no piece of at most speck x speck pixels."""
    if median > 1:
        ink = cv2.medianBlur(ink, median)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    kept = stats[:, cv2.CC_STAT_AREA] > speck * speck
    kept[0] = False  # the paper
    return np.where(kept[labels], 255, 0).astype(np.uint8)


def _soft_ink(grey: np.ndarray, cleaned: np.ndarray, dark: bool) -> np.ndarray:
    """How much ink each pixel has, 0 to 255: the network reads soft edges better than hard ones."""
    inked = cleaned > 0
    if not inked.any() or inked.all():
        return cleaned
    values = grey.astype(np.float32)
    paper = float(np.median(values[~inked]))
    full = float(np.quantile(values[inked], 0.2 if dark else 0.8))
    if abs(full - paper) < 1:
        return cleaned
    soft: np.ndarray = np.clip((values - paper) * (255 / (full - paper)), 0, 255).astype(np.uint8)
    return soft


# --- from the ink to its digits ---------------------------------------------------------------------------


def find_pieces(cleaned: np.ndarray) -> list[tuple[Box, np.ndarray]]:
    """One box for each digit, left to right, and the mask (height, width) of the ink in it.

    cleaned: (H, W) uint8, 255 is ink. More than MOST pieces are not all cut: that is no row of digits.
    """
    _, labels, stats, _ = cv2.connectedComponentsWithStats(cleaned, connectivity=8)
    found = [((x, y, w, h), frozenset((n,))) for n, (x, y, w, h, _) in enumerate(stats.tolist()) if n]
    if not found:
        return []
    if len(found) > LITTER:
        return [((x, y, w, h), labels[y : y + h, x : x + w] > 0) for (x, y, w, h), _ in found[: MOST + 1]]
    merged = _merged(_without_frame(found, stats[:, cv2.CC_STAT_AREA], cleaned.shape))
    height = _digit_height([box for box, _ in merged])
    merged = [(box, names) for box, names in merged if box[3] >= LOWEST * height]
    width = _digit_width([box for box, _ in merged], height)
    pieces: list[tuple[Box, np.ndarray]] = []
    for box, names in sorted(merged, key=lambda one: one[0])[: MOST + 1]:
        x, y, w, h = box
        mask = np.isin(labels[y : y + h, x : x + w], list(names))
        pieces += _split(box, mask, width)
    return pieces


Found = tuple[Box, frozenset[int]]  # a box and the labels of the pieces in it


def _without_frame(found: list[Found], areas: np.ndarray, shape: tuple[int, ...]) -> list[Found]:
    """Drop a thin piece that runs around the picture, where there is anything else."""

    def frames(box: Box, names: frozenset[int]) -> bool:
        area = sum(int(areas[n]) for n in names)
        wide, high = box[2] >= FRAME * shape[1], box[3] >= FRAME * shape[0]
        return wide and high and area < 0.3 * box[2] * box[3]

    inner = [(box, names) for box, names in found if not frames(box, names)]
    return inner or found


def _merged(found: list[Found]) -> list[Found]:
    """Join pieces that stand above each other, as the parts of a broken 5 do."""
    merged: list[Found] = []
    for box, names in sorted(found, key=lambda one: one[0]):
        while merged and _stacked(merged[-1][0], box):
            last, others = merged.pop()
            box, names = _around(last, box), names | others
        merged.append((box, names))
    return merged


def _stacked(one: Box, other: Box) -> bool:
    shared = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    gap = max(one[1], other[1]) - min(one[1] + one[3], other[1] + other[3])
    return shared >= STACKED * min(one[2], other[2]) and gap <= NEAR * _around(one, other)[3]


def _around(one: Box, other: Box) -> Box:
    left, top = min(one[0], other[0]), min(one[1], other[1])
    right, bottom = max(one[0] + one[2], other[0] + other[2]), max(one[1] + one[3], other[1] + other[3])
    return left, top, right - left, bottom - top


def _digit_height(boxes: list[Box]) -> float:
    """The median height of those pieces that are at least half as high as the highest."""
    heights = np.array([h for _, _, _, h in boxes])
    return float(np.median(heights[heights >= heights.max() / 2]))


def _digit_width(boxes: list[Box], height: float) -> float:
    """The median width of those pieces that look like one digit, and not like a 1."""
    widths = [w for _, _, w, _ in boxes if NARROWEST * height <= w <= WIDEST * height]
    return float(np.median(widths)) if widths else max(1.0, WIDTH_OF_HEIGHT * height)


def _split(box: Box, mask: np.ndarray, width: float) -> list[tuple[Box, np.ndarray]]:
    """Cut a wide piece into digits, each cut near an equal part and where the least ink is in its way."""
    x, y, w, h = box
    count = max(1, round(w / width)) if w > WIDE * width else 1
    if count == 1 or count > MOST:
        return [(box, mask)] * min(count, MOST + 1)
    projection = mask.sum(axis=0) / h
    cuts = [0, *(_cut(projection, w * n / count, w / count) for n in range(1, count)), w]
    parts = []
    for left, right in pairwise(cuts):
        rows = np.flatnonzero(mask[:, left:right].any(axis=1))
        if right - left < 1 or rows.size == 0:
            continue
        top, bottom = int(rows[0]), int(rows[-1]) + 1
        parts.append(((x + left, y + top, right - left, bottom - top), mask[top:bottom, left:right]))
    return parts


def _cut(projection: np.ndarray, middle: float, width: float) -> int:
    """The column near `middle` with the least ink; the farther off, the less it is trusted."""
    reach = REACH * width
    columns = np.arange(max(1, round(middle - reach)), min(len(projection), round(middle + reach) + 1))
    if columns.size == 0:
        return round(middle)
    cost = projection[columns] + PULL * np.abs(columns - middle) / width
    return int(columns[np.argmin(cost)])


def _piece(soft: np.ndarray, mask: np.ndarray, box: Box) -> np.ndarray:
    """The soft ink of one piece, with a pixel around it and nothing of its neighbours."""
    x, y, w, h = box
    near = cv2.dilate(np.pad(mask.astype(np.uint8), 1), np.ones((3, 3), np.uint8))
    there = np.pad(soft, 1)[y : y + h + 2, x : x + w + 2]
    return there * near


def _character(prediction: Prediction, box: Box, scale: tuple[float, float]) -> Character:
    across, down = scale
    x, y, w, h = box
    rival = prediction.runner_up
    return Character(
        str(prediction.digit),
        prediction.confidence,
        (round(x * across), round(y * down), max(1, round(w * across)), max(1, round(h * down))),
        "" if rival is None else str(rival),
        0.0 if rival is None else float(prediction.probabilities[rival]),
    )

"""Finding the ink of one digit in any picture: a photo of paper, a screenshot, a scan, a chalkboard.

The picture's light and its paper are estimated in Lab colour on a small copy. Ink is what stands out from the
paper in one direction of colour, has sharp edges, and is no frame, no ruled line and no speck.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from engine.ground import DEEPEST, FAINTEST, SIDES, SmallCopy, contrast_with, small_copy, square
from engine.ruled_paper import without_rules

NOISE_LIMIT = 6.0  # ink that stands out less, in standard deviations of the paper's grain, is grain
SOFTEST = 0.1  # an edge blurred over more than this part of the longer side is a shadow's
SMALLEST = 0.03  # of the longer side: ink that extends less is a speck
SMALL = 0.06  # of the longer side: so far a digit extends at least where there is next to no ink
CLEAN = 0.5  # Lab units of grain: paper as a screen has it
MAIN = 0.12  # of the longer side: a piece that extends so far can be the digit
SAMPLE = 40_000  # pixels are enough for statistics
CARD = 0.15  # a solid blot that fills this part of the picture is a sheet that lies on something

CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))


def ink_of(picture: np.ndarray) -> np.ndarray:
    """The ink in a picture of one digit, whatever its polarity, its colours, its background and its shadows.

    picture: (H, W, 3) uint8 RGB or (H, W) uint8 gray. Returns (H, W) uint8: 255 is ink, 0 is ground, edges
    are soft; all zeros where there is no ink.
    """
    if picture.ndim == 2:
        picture = cv2.cvtColor(picture, cv2.COLOR_GRAY2RGB)
    ink = np.zeros(picture.shape[:2], np.uint8)
    top, left, paper = 0, 0, picture
    small = small_copy(paper)
    for _ in range(2):  # a card on a sheet on a table
        sheet = sheet_in(small, paper.shape[:2])
        if sheet is None:
            break
        top, left = top + sheet[0].start, left + sheet[1].start
        paper = np.ascontiguousarray(paper[sheet])
        small = small_copy(paper)
    height, width = paper.shape[:2]
    ink[top : top + height, left : left + width] = _ink_on(paper, small)
    return ink


def _ink_on(picture: np.ndarray, small: SmallCopy) -> np.ndarray:
    """The ink on a picture that is all paper."""
    longer = max(picture.shape[:2])
    contrast = contrast_with(picture, small)
    if grain_of(contrast) > 0.5 and longer > 100:
        contrast = cv2.GaussianBlur(contrast, (0, 0), min(1.5, longer / 300))
    grain = grain_of(contrast)
    contrast = without_rules(contrast - np.median(darker_half(contrast)))
    faintest = max(FAINTEST, NOISE_LIMIT * grain)
    for _ in range(3):
        level = _ink_level(contrast)
        if level < faintest and grain < CLEAN:
            level = _level_of_little(contrast)
        if level < faintest:
            break
        threshold = _threshold(contrast, level)
        strokes, foreign = _strokes(contrast, threshold, level)
        if not foreign.any():
            low = max(0.1 * level, min(3 * grain, 0.5 * threshold))
            soft = np.clip((contrast - low) * (255 / (0.9 * level - low)), 0, 255)
            soft[cv2.dilate(strokes, square(5)) == 0] = 0
            return np.rint(soft).astype(np.uint8)
        contrast[cv2.dilate(foreign, square(9)) > 0] = 0  # it was no ink, and no measure of ink
    return np.zeros(contrast.shape, np.uint8)


def _ink_level(contrast: np.ndarray) -> float:
    """How far full ink stands out: the median of the strongest few pixels."""
    return float(np.quantile(_sampled(contrast), 0.998))


def _level_of_little(contrast: np.ndarray) -> float:
    """The same where there is less ink than that, on paper without grain: a small digit on a large sheet."""
    smallest = SMALL * max(contrast.shape)
    mask = cv2.threshold(contrast, FAINTEST, 255, cv2.THRESH_BINARY)[1].astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    large = stats[:, cv2.CC_STAT_WIDTH : cv2.CC_STAT_HEIGHT + 1].max(1) >= smallest
    large[0] = False
    ink = contrast[large[labels]]
    return float(np.quantile(ink, 0.6)) if len(ink) else 0.0


def _threshold(contrast: np.ndarray, level: float) -> float:
    """Midway between the means of ink and ground (Ridler and Calvard), beginning at the ink."""
    sample = _sampled(contrast)
    threshold = level / 2
    for _ in range(8):
        ink = sample > threshold
        threshold = 0.5 * (float(sample[ink].mean()) + max(0.0, float(sample[~ink].mean())))
    return min(threshold, 0.6 * level)


@dataclass(frozen=True)
class Piece:
    """One connected piece of what may be ink."""

    extent: int  # its longer side
    is_stroke: bool
    leaves: bool  # runs along the picture's edge, or frames the picture


def _strokes(contrast: np.ndarray, threshold: float, level: float) -> tuple[np.ndarray, np.ndarray]:
    """Two masks (0, 255): the pieces that are strokes, and those that only leave or frame the picture.

    The latter are taken for strokes where there is nothing else.
    """
    mask = cv2.threshold(contrast, 0.7 * threshold, 255, cv2.THRESH_BINARY)[1].astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    pieces = [Piece(0, is_stroke=False, leaves=False)]  # the ground
    for n, (x, y, w, h, _) in enumerate(stats[1:].tolist(), 1):
        if max(w, h) < SMALLEST * max(contrast.shape):
            pieces.append(Piece(max(w, h), is_stroke=False, leaves=False))
            continue
        box = slice(max(0, y - 2), y + h + 2), slice(max(0, x - 2), x + w + 2)
        here, there = labels[box] == n, contrast[box]
        strong = float(there[here].max()) > min(1.3 * threshold, 0.8 * level)
        softest = 3 + max(contrast.shape) * SOFTEST * (2 if level > DEEPEST else 1)
        is_stroke = strong and _softness(here, there) < softest
        pieces.append(Piece(max(w, h), is_stroke, _leaves(labels == n, (x, y, w, h))))
    inner = max((piece.extent for piece in pieces if piece.is_stroke and not piece.leaves), default=0)
    others = inner > MAIN * max(contrast.shape)
    kept = np.array([piece.is_stroke and not (others and piece.leaves) for piece in pieces])
    foreign = np.array([others and piece.leaves for piece in pieces])
    return np.where(kept[labels], 255, 0).astype(np.uint8), np.where(foreign[labels], 255, 0).astype(np.uint8)


def _softness(here: np.ndarray, there: np.ndarray) -> float:
    """Over how many pixels the edges of a piece `here` (a mask) are smeared out in the contrast `there`."""
    slope = np.hypot(cv2.Sobel(there, cv2.CV_32F, 1, 0), cv2.Sobel(there, cv2.CV_32F, 0, 1)) / 8
    steepest = cv2.dilate(slope, square(3))  # along the middle of a thin stroke the slope is 0
    return float(there[here].mean()) / max(float(np.median(steepest[_outline(here)])), 1e-6)


def _outline(mask: np.ndarray) -> np.ndarray:
    return mask & (cv2.erode(mask.astype(np.uint8), CROSS, borderValue=0) == 0)


def _leaves(mask: np.ndarray, box: tuple[int, int, int, int]) -> bool:
    """Whether a piece runs along the picture's edge or frames the picture. box: x, y, width, height."""
    x, y, w, h = box
    on_edge = sum(int(np.count_nonzero(mask[side])) for side in SIDES)
    inner = mask[y : y + h, x : x + w]
    if on_edge > 0.25 * np.count_nonzero(_outline(inner)):
        return True
    on_box = sum(
        int(np.count_nonzero(strip))
        for strip in (inner[:2].any(0), inner[-2:].any(0), inner[:, :2].any(1), inner[:, -2:].any(1))
    )
    return w > 0.7 * mask.shape[1] and h > 0.7 * mask.shape[0] and on_box > 1.2 * (w + h)


def _sampled(contrast: np.ndarray) -> np.ndarray:
    """Every so many pixels of a large picture: enough for its statistics."""
    step = max(1, round(np.sqrt(contrast.size / SAMPLE)))
    return np.ascontiguousarray(contrast[::step, ::step])


def darker_half(contrast: np.ndarray) -> np.ndarray:
    """The pixels that are ground: those below the middle of the range."""
    sample = _sampled(contrast)
    return sample[sample <= 0.5 * np.sum(np.quantile(sample, (0.01, 0.99)))]


def grain_of(contrast: np.ndarray) -> float:
    """The standard deviation of the ground, from its darker half."""
    ground = darker_half(contrast)
    return float(np.median(ground) - np.quantile(ground, 0.05)) / 1.286


def sheet_in(small: SmallCopy, size: tuple[int, int]) -> tuple[slice, slice] | None:
    """The inside of a sheet that lies on something, in a picture of `size` (height, width), if any."""
    distance = np.linalg.norm(small.off_ground, axis=2).astype(np.float32)
    mask = (cv2.medianBlur(distance, 3) > max(15.0, 0.4 * float(distance.max()))).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=4)
    if count < 2 or min(mask.shape) < 24:
        return None
    n = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    x, y, w, h, area = (int(value) for value in stats[n])
    blot = (labels == n).astype(np.uint8)
    outline = cv2.findContours(blot, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)[0][0]
    corners = cv2.approxPolyDP(outline, 0.03 * cv2.arcLength(outline, True), True)
    inside = cv2.contourArea(outline)
    at_edge = min(x, y, mask.shape[1] - x - w, mask.shape[0] - y - h) == 0
    if at_edge or area < max(CARD * mask.size, 0.75 * inside) or len(corners) != 4 or min(w, h) < 24:
        return None
    zoom_y, zoom_x = size[0] / mask.shape[0], size[1] / mask.shape[1]
    margin_y, margin_x = h / 40 + 1, w / 40 + 1
    rows = slice(round((y + margin_y) * zoom_y), round((y + h - margin_y) * zoom_y))
    return rows, slice(round((x + margin_x) * zoom_x), round((x + w - margin_x) * zoom_x))

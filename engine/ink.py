"""From ink to the picture a network reads: crop, judge the pen, fit, centre.

*Ink* is a uint8 map (H, W): 255 is ink, 0 is ground, in between are soft edges. Everything a person draws,
uploads or trains on passes through `fit_digit`, so the networks see one kind of digit: MNIST's.
"""

from dataclasses import dataclass

import cv2
import numpy as np

WORK_SIDE = 80  # pen widths are judged on a copy this long: four pixels for each of the final 20
GROUND = 0.06  # fainter than this part of the darkest ink is ground
SOLID = 0.4  # from this part of the darkest ink on, a pixel is inside the stroke
SPECK_AREA, SPECK_GAP = 0.12, 0.15  # a blot is this small beside the digit's area, this far off for its side
DUST_AREA, DUST_GAP = 0.015, 0.04  # the same for a grain of dust, which may lie closer
FINE = 4  # a digit is placed to a quarter of a pixel
NEAR = 0.1  # a pen so little beside the range is left as it is: scaled, it may measure so much wider
TORN = 1.5  # working pixels: thinned ink that lies so much farther off than it was cut has lost a stroke
DOT = 0.55  # a pen this wide for its ink has drawn a dot (a disk comes to 0.67), not a stroke


@dataclass(frozen=True)
class Look:
    """How one data set draws its digits. Pen widths are parts of the digit's longer side."""

    box: int  # the longer side, in pixels
    thinnest: float
    widest: float
    by_mass: bool  # centred by mass (MNIST) or by its box (scikit-learn's digits)


def look_of(size: int) -> Look:
    """The look of MNIST (28 pixels: a 20-pixel box, centred by mass) or of scikit-learn's 8x8 digits."""
    if size < 16:
        return Look(box=size, thinnest=0.175, widest=0.28, by_mass=False)
    return Look(box=round(size * 20 / 28), thinnest=0.105, widest=0.19, by_mass=True)


def fit_digit(ink: np.ndarray, size: int = 28) -> np.ndarray:
    """Fit the ink of one digit into a size x size picture as MNIST does, with a pen as wide as MNIST's.

    ink: (H, W) uint8, 255 is ink. Returns (size, size) uint8; all zeros where there is no ink. The result
    hardly depends on the place, scale and pen width of the drawing, and a picture that is already so stays as
    it is. The box and the centre of mass are those of MNIST (LeCun, Cortes, Burges).
    """
    if ink.ndim != 2 or ink.dtype != np.uint8:
        raise ValueError(f"ink is a uint8 array (H, W), not {ink.dtype} {ink.shape}")
    look = look_of(size)
    digit, work = _without_specks(_crop(ink))
    if digit.size == 0:
        return np.zeros((size, size), np.uint8)
    mask = _above(work, 255 * SOLID)
    inside = _distance(mask)
    pen = 4.0 * (cv2.mean(inside, mask)[0] - 0.5)  # the mean way to a stroke's edge is a quarter of its width
    side = max(work.shape)
    growth = _growth(pen / side, look) * side
    if growth:
        digit = _grown(work, mask, growth) if growth > 0 else _thinned(mask, inside, growth)
    box = look.box if pen < DOT * side else max(1, look.box // 4)
    return _placed(digit, box, size, look.by_mass)


def _crop(ink: np.ndarray) -> np.ndarray:
    """The box around the ink, at full contrast; empty where there is none."""
    if ink.size == 0:
        return np.zeros((0, 0), np.uint8)
    darkest = int(ink.max())
    if darkest == 0:
        return ink[:0, :0]
    if darkest < 255:
        ink = cv2.convertScaleAbs(ink, alpha=255 / darkest)
    x, y, w, h = cv2.boundingRect(_above(ink, 255 * GROUND))
    return ink[y : y + h, x : x + w]


def _without_specks(digit: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Crop again, without the specks that lie far from the digit; also returns the working copy."""
    if digit.size == 0:
        return digit, digit
    work = _working_copy(digit)
    mask = _above(work, 255 * SOLID)
    count, _, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8, ltype=cv2.CV_16U)
    if count <= 2:
        return digit, work
    x, y, w, h, area = stats[1:].T
    boxes = np.stack([x, y, x + w, y + h], 1)
    kept = area >= SPECK_AREA * area.max()
    left, top = boxes[kept, :2].min(0)
    right, bottom = boxes[kept, 2:].max(0)
    beside, below = (left - boxes[:, 2], boxes[:, 0] - right), (top - boxes[:, 3], boxes[:, 1] - bottom)
    gap = np.maximum.reduce([*beside, *below])
    side = max(right - left, bottom - top)
    kept |= (gap <= SPECK_GAP * side) & ((area >= DUST_AREA * area.max()) | (gap <= DUST_GAP * side))
    if kept.all():
        return digit, work
    zoom = np.array(digit.shape)[::-1] / np.array(work.shape)[::-1]
    left, top = np.maximum(np.floor((boxes[kept, :2].min(0) - 1) * zoom), 0).astype(int)
    right, bottom = np.ceil((boxes[kept, 2:].max(0) + 1) * zoom).astype(int)
    digit = _crop(np.ascontiguousarray(digit[top:bottom, left:right]))
    return digit, _working_copy(digit)


def _working_copy(digit: np.ndarray) -> np.ndarray:
    """The digit with a longer side of `WORK_SIDE`; a hairline is widened first, or it would vanish."""
    shrink = max(digit.shape) / WORK_SIDE
    if shrink > 1.5:
        width = round(shrink)
        digit = cv2.dilate(digit, np.ones((width, width), np.uint8))
    return _scaled(digit, WORK_SIDE)


def _scaled(digit: np.ndarray, side: int) -> np.ndarray:
    """Scale to a longer side of `side` pixels: area averages down, linear up."""
    height, width = digit.shape
    scale = side / max(height, width)
    if scale == 1:
        return digit
    to = max(1, round(width * scale)), max(1, round(height * scale))
    return cv2.resize(digit, to, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)


def _above(ink: np.ndarray, level: float) -> np.ndarray:
    """A mask, 0 and 255."""
    return cv2.threshold(ink, level, 255, cv2.THRESH_BINARY)[1]


def _distance(mask: np.ndarray) -> np.ndarray:
    """For each ink pixel the way to the ground, which also lies around the picture; 1 for the outermost."""
    framed = cv2.copyMakeBorder(mask, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    return cv2.distanceTransform(framed, cv2.DIST_L2, 5)[1:-1, 1:-1]


def _growth(pen: float, look: Look) -> float:
    """How much wider the pen must get to be in the look's range; like `pen`, a part of the longer side.

    The side grows with the pen, so (pen + growth) / (1 + growth) = wanted.
    """
    if pen >= DOT or look.thinnest * (1 - NEAR) <= pen <= look.widest * (1 + NEAR):
        return 0.0
    wanted = min(max(pen, look.thinnest), look.widest)
    return (wanted - pen) / (1 - wanted)


def _grown(work: np.ndarray, mask: np.ndarray, growth: float) -> np.ndarray:
    """The digit drawn with a pen wider by `growth` pixels, its edges soft; faint strokes stay as they are."""
    margin = int(np.ceil(growth / 2))
    around = cv2.copyMakeBorder(mask, margin, margin, margin, margin, cv2.BORDER_CONSTANT, value=0)
    outside = cv2.distanceTransform(cv2.bitwise_not(around), cv2.DIST_L2, 5)
    soft = cv2.convertScaleAbs(np.clip(outside, 0, growth / 2 + 1), alpha=-255, beta=255 * (growth / 2 + 1))
    inner = soft[margin:-margin, margin:-margin]
    np.maximum(inner, work, out=inner)
    return soft


def _thinned(mask: np.ndarray, inside: np.ndarray, growth: float) -> np.ndarray:
    """The digit drawn with a pen narrower by `-growth` pixels, or by less where that would tear it."""
    before = _topology(mask)
    for part in (1.0, 0.6, 0.3):
        cut = -growth / 2 * part
        soft = cv2.convertScaleAbs(np.maximum(inside, cut), alpha=255, beta=-255 * cut)
        thin = _above(soft, 127)
        if _topology(thin) == before and _reach(thin, mask) < cut + TORN:
            return _crop(soft)
    return mask


def _reach(thin: np.ndarray, mask: np.ndarray) -> float:
    """How far the ink of `mask` lies from that of `thin`, all but its last few corners."""
    away = cv2.distanceTransform(cv2.bitwise_not(thin), cv2.DIST_L2, 5)[mask > 0]
    return float(np.partition(away, -1 - away.size // 20)[-1 - away.size // 20])


def _topology(mask: np.ndarray) -> tuple[int, int]:
    """How many pieces of ink and of ground there are."""
    ground = cv2.copyMakeBorder(cv2.bitwise_not(mask), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=255)
    pieces, _ = cv2.connectedComponents(mask, connectivity=8)
    return pieces, cv2.connectedComponents(ground, connectivity=4)[0]


def _placed(digit: np.ndarray, box: int, size: int, by_mass: bool) -> np.ndarray:
    """Scale the digit to a longer side of `box` and put its centre of mass (or its box) in the middle.

    What must be scaled is placed to a quarter of a pixel; what fits already is only moved, by whole pixels.
    """
    side = max(digit.shape)
    if by_mass and side in (box, box + 1):  # an edge may lie on the way to the next pixel
        box, fine = side, 1
    else:
        fine = FINE if by_mass else 1
    digit = _scaled(digit, box * fine)
    height, width = digit.shape
    centre_x, centre_y = (width - 1) / 2, (height - 1) / 2
    if by_mass:
        moments = cv2.moments(digit)
        centre_x, centre_y = moments["m10"] / moments["m00"], moments["m01"] / moments["m00"]
    # In MNIST the centre of mass lies in the middle of pixel (14, 14), not on its corner.
    middle = (size / 2 + (0.5 if by_mass else 0)) * fine - 0.5
    left = min(max(round(middle - centre_x), 0), size * fine - width)
    top = min(max(round(middle - centre_y), 0), size * fine - height)
    picture: np.ndarray = np.zeros((size * fine, size * fine), np.uint8)
    picture[top : top + height, left : left + width] = digit
    if fine > 1:
        picture = cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA)
    darkest = int(picture.max())
    return picture if darkest in (0, 255) else cv2.convertScaleAbs(picture, alpha=255 / darkest)

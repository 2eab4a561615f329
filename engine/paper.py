"""Finding the ink of one digit in any picture: a photo of paper, a screenshot, a scan, a chalkboard.

The picture is compared with its own ground, a smooth surface in Lab colour fitted to the picture's edge and to all that
agrees with it. Ink is what stands out from there in one direction of colour, has an edge, and is no frame, rule or speck.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import scipy.fft

from engine.ruled_paper import without_rules

SMALL = 96  # the ground is smooth: a copy this long is enough to find it
TINY = 20  # so small a picture is taken to be evenly lit
BROAD = 0.45  # what is broader than this part of the longer side is shade, not a stroke
FAINTEST = 7.0  # Lab units: ink that stands out less can't be told from paper
NOISE_LIMIT = 6.0  # ... nor ink that stands out less than this many standard deviations of the paper's noise
SOFTEST = 0.1  # an edge blurred over more than this part of the longer side is a shadow's
SMALLEST = 0.03  # of the longer side: ink that extends less is a speck
STEEP, STEEP_SHARE = (
    2.5,
    0.3,
)  # light changes less than this from pixel to pixel (Lab units; of the steepest change)
MAIN = 0.12  # of the longer side: a piece that extends so far can be the digit
CARD = 0.15  # a solid blot that fills this part of the picture is a sheet that lies on something

CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))


def ink_of(picture: np.ndarray) -> np.ndarray:
    """The ink in a picture of one digit, whatever its polarity, its colours, its background and its shadows.

    picture: (H, W, 3) uint8 RGB or (H, W) uint8 gray. Returns (H, W) uint8: 255 is ink, 0 is ground, edges are soft;
    all zeros where there is no ink.
    """
    if picture.ndim == 2:
        picture = cv2.cvtColor(picture, cv2.COLOR_GRAY2RGB)
    ink = np.zeros(picture.shape[:2], np.uint8)
    window = (slice(None), slice(None))
    small = _small(picture)
    for _ in range(2):  # a card on a sheet on a table
        sheet = _sheet_in(small, picture[window].shape[:2])
        if sheet is None:
            break
        top, left = window[0].start or 0, window[1].start or 0
        window = (
            slice(top + sheet[0].start, top + sheet[0].stop),
            slice(left + sheet[1].start, left + sheet[1].stop),
        )
        small = _small(picture[window])
    ink[window] = _ink_on(picture[window], small)
    return ink


def _ink_on(picture: np.ndarray, small: "Small") -> np.ndarray:
    """The ink on a picture that is all paper."""
    height, width = picture.shape[:2]
    longer = max(height, width)
    contrast = _contrast(picture, small)
    noise = _noise(contrast)
    if noise > 0.5 and longer > 100:
        contrast = cv2.GaussianBlur(contrast, (0, 0), min(1.5, longer / 300))
        noise = _noise(contrast)
    contrast = without_rules(contrast)
    kept = np.zeros((height, width), np.uint8)
    for _ in range(3):
        level = _ink_level(contrast)
        if level < max(FAINTEST, NOISE_LIMIT * noise):
            return np.zeros((height, width), np.uint8)
        threshold = _threshold(contrast, level)
        kept, foreign = _strokes(contrast, threshold, level)
        if not foreign.any():
            break
        contrast[cv2.dilate(foreign, _square(9)) > 0] = 0
    low = max(0.1 * level, min(3 * noise, 0.5 * threshold))
    soft = np.clip((contrast - low) * (255 / (0.9 * level - low)), 0, 255)
    soft[cv2.dilate(kept, _square(5)) == 0] = 0
    return np.rint(soft).astype(np.uint8)


# --- the ground, and what stands out from it ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Small:
    """A small copy of a picture in Lab, split: colours = ground + off_ground."""

    ground: np.ndarray  # (h, w, 3)
    off_ground: np.ndarray  # (h, w, 3)


def _square(side: int) -> np.ndarray:
    return np.ones((side, side), np.uint8)


def _small(picture: np.ndarray) -> Small:
    height, width = picture.shape[:2]
    scale = min(1.0, SMALL / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    colours = _lab(picture if scale == 1 else cv2.resize(picture, size, interpolation=cv2.INTER_AREA))
    flat = _without_shading(colours) if max(size) > TINY else colours
    ground = _ground(flat)
    return Small(colours - flat + ground, flat - ground)


def _without_shading(colours: np.ndarray) -> np.ndarray:
    """Take away what changes gently, as light does: keep the steep gradients and integrate them again.

    This is Retinex (Land and McCann) in Horn's form; the Poisson equation is solved by cosine transforms.
    """
    right, down = np.zeros_like(colours), np.zeros_like(colours)
    right[:, :-1], down[:-1] = np.diff(colours, axis=1), np.diff(colours, axis=0)
    steepness = np.sqrt((right**2 + down**2).sum(-1))
    gentle = STEEP * min(3.0, SMALL / max(colours.shape))
    steep = steepness > max(gentle, STEEP_SHARE * float(np.quantile(steepness, 0.995)))
    reach = 1 + 2 * _blur(colours, steepness)
    steep = cv2.dilate(steep.astype(np.uint8), _square(reach)) > 0
    right[~steep], down[~steep] = 0, 0
    divergence = right + down
    divergence[:, 1:] -= right[:, :-1]
    divergence[1:] -= down[:-1]
    height, width = steep.shape
    y, x = np.cos(np.pi * np.arange(height) / height), np.cos(np.pi * np.arange(width) / width)
    eigenvalues = 2 * (y[:, None] + x) - 4
    eigenvalues[0, 0] = 1
    waves = scipy.fft.dctn(divergence, axes=(0, 1), norm="ortho") / eigenvalues[..., None]
    waves[0, 0] = 0
    flat = scipy.fft.idctn(waves, axes=(0, 1), norm="ortho").astype(np.float32)
    shading = colours - flat
    blur = max(colours.shape) / 40
    return colours - cv2.GaussianBlur(shading, (0, 0), blur).reshape(colours.shape)


def _blur(colours: np.ndarray, steepness: np.ndarray) -> int:
    """Over how many pixels the steepest edges are smeared out, at least 1."""
    lightness = np.ascontiguousarray(np.linalg.norm(colours, axis=2), np.float32)
    around = _square(1 + 2 * round(SOFTEST / 2 * max(lightness.shape) + 1))
    span = cv2.morphologyEx(lightness, cv2.MORPH_GRADIENT, around)
    steepest = steepness >= max(float(np.quantile(steepness, 0.995)), 1e-6)
    return max(1, round(float(np.median(span[steepest] / steepness[steepest]) if steepest.any() else 0)))


def _contrast(picture: np.ndarray, small: Small) -> np.ndarray:
    """How far each pixel stands out from the ground towards the ink's colour: (H, W) float32, in Lab units."""
    height, width = picture.shape[:2]
    towards = _ink_direction(small.off_ground)
    ground = small.ground @ towards
    if max(ground.shape) > TINY:
        ground += _shade(small.off_ground @ towards)
    contrast = _lab(picture) @ towards - cv2.resize(ground, (width, height), interpolation=cv2.INTER_LINEAR)
    return contrast - np.median(_lower(contrast))


def _lab(picture: np.ndarray) -> np.ndarray:
    """CIE L*a*b*, float32: lightness 0..100, a and b about -100..100."""
    return cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_RGB2Lab)


def _ground(flat: np.ndarray) -> np.ndarray:
    """The ground's colour (3,) in an evenly lit picture: it starts from the picture's edge and takes in what agrees."""
    height, width = flat.shape[:2]
    colours = flat.reshape(-1, 3)
    ring = np.ones((height, width), bool)
    rim = max(1, round(0.04 * max(height, width)))
    ring[rim:-rim, rim:-rim] = False
    ring = ring.ravel()
    ground = np.median(colours[ring], axis=0)
    for _ in range(6):
        off = np.linalg.norm(colours - ground, axis=1)
        spread = max(1.5, 1.5 * float(np.median(off[ring])))
        weight = np.where(ring, 2.0, 1.0) / (1 + (off / spread) ** 2) ** 2
        ground = weight @ colours / weight.sum()
    return ground.astype(np.float32)


def _ink_direction(off_ground: np.ndarray) -> np.ndarray:
    """The unit vector in Lab from the ground's colour to the ink's, from what stands out most."""
    off = off_ground.reshape(-1, 3)
    distance = np.linalg.norm(off, axis=1)
    strong = off[distance >= max(np.quantile(distance, 0.97), 0.5 * np.quantile(distance, 0.998))]
    axis = np.linalg.eigh(strong.T @ strong)[1][:, -1].astype(np.float32)
    along = off @ axis
    return axis if np.sum(along * np.abs(along)) > 0 else -axis


def _shade(standing_out: np.ndarray) -> np.ndarray:
    """What is left of hard shadows: what is too broad to be a stroke, and comes in from the picture's edge."""
    calm = cv2.medianBlur(standing_out.astype(np.float32), 3)
    across = max(3, round(BROAD * max(calm.shape)))
    broad = cv2.morphologyEx(
        calm, cv2.MORPH_OPEN, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (across, across))
    )
    count, labels, stats, _ = cv2.connectedComponentsWithStats((broad > 0.5 * FAINTEST).astype(np.uint8))
    contact = sum(
        np.bincount(side, minlength=count) for side in (labels[0], labels[-1], labels[:, 0], labels[:, -1])
    )
    inside = contact < np.sqrt(stats[:, cv2.CC_STAT_AREA])
    inside[0] = False
    broad[inside[labels]] = 0
    return cv2.GaussianBlur(broad, (0, 0), max(0.5, across / 20))


def _lower(contrast: np.ndarray) -> np.ndarray:
    """The pixels that are ground: those below the middle of the range."""
    return contrast[contrast <= 0.5 * np.sum(np.quantile(contrast, (0.01, 0.99)))]


def _noise(contrast: np.ndarray) -> float:
    """The standard deviation of the ground."""
    ground = _lower(contrast)
    return (
        float(np.median(ground) - np.quantile(ground, 0.05)) / 1.286
    )  # of half a Gaussian, if there is no ink


# --- ink or not --------------------------------------------------------------------------------------------------------


def _ink_level(contrast: np.ndarray) -> float:
    """How far full ink stands out: the mean of the strongest few pixels, outliers cut."""
    strongest = np.sort(contrast, axis=None)[::-1]
    few = max(1, round(0.004 * strongest.size))
    return float(np.median(strongest[:few]))


def _threshold(contrast: np.ndarray, level: float) -> float:
    """Midway between the mean of the ink and the mean of the ground (Ridler and Calvard), beginning at the ink."""
    threshold = level / 2
    for _ in range(8):
        ink = contrast > threshold
        threshold = 0.5 * (float(contrast[ink].mean()) + max(0.0, float(contrast[~ink].mean())))
    return min(threshold, 0.6 * level)


def _strokes(contrast: np.ndarray, threshold: float, level: float) -> tuple[np.ndarray, np.ndarray]:
    """Two masks (0, 255): the pieces that are strokes, and the strong ones that leave or frame the picture.

    The latter are taken for strokes only where there is nothing else.
    """
    mask = cv2.threshold(contrast, 0.7 * threshold, 255, cv2.THRESH_BINARY)[1].astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    pieces = [Piece(0, False, False)]
    pieces += [_piece(n, stats[n], labels, contrast, threshold, level) for n in range(1, count)]
    inner = max((piece.extent for piece in pieces if piece.is_stroke and not piece.leaves), default=0)
    others = inner > MAIN * max(contrast.shape)
    kept = np.array([piece.is_stroke and not (others and piece.leaves) for piece in pieces])
    foreign = np.array([others and piece.leaves for piece in pieces])
    return tuple(np.where(chosen[labels], 255, 0).astype(np.uint8) for chosen in (kept, foreign))


@dataclass(frozen=True)
class Piece:
    """One connected piece of what may be ink."""

    extent: int  # its longer side
    is_stroke: bool
    leaves: bool  # runs along the picture's edge, or frames the picture


def _piece(
    n: int, stat: np.ndarray, labels: np.ndarray, contrast: np.ndarray, threshold: float, level: float
) -> Piece:
    x, y, w, h = (int(value) for value in stat[:4])
    longer = max(labels.shape)
    if max(w, h) < SMALLEST * longer:
        return Piece(max(w, h), False, False)
    y0, x0 = max(0, y - 2), max(0, x - 2)  # with a margin, or a straight stroke would have no edges
    here = labels[y0 : y + h + 2, x0 : x + w + 2] == n
    there = contrast[y0 : y + h + 2, x0 : x + w + 2]
    strong = float(there[here].max()) > min(1.3 * threshold, 0.8 * level)
    edge = here & (cv2.erode(here.astype(np.uint8), CROSS, borderValue=0) == 0)
    slope = np.hypot(cv2.Sobel(there, cv2.CV_32F, 1, 0), cv2.Sobel(there, cv2.CV_32F, 0, 1)) / 8
    slope = cv2.dilate(slope, _square(3))  # the slope along a thin stroke's middle is 0
    ramp = float(there[here].mean()) / max(float(np.median(slope[edge])), 1e-6)
    here = labels[y : y + h, x : x + w] == n
    height, width = labels.shape
    sides = [here[:, 0] if x == 0 else None, here[0] if y == 0 else None]
    sides += [here[:, -1] if x + w == width else None, here[-1] if y + h == height else None]
    touching = sum(int(side.sum()) for side in sides if side is not None)
    on_box = int(
        here[:2].any(0).sum() + here[-2:].any(0).sum() + here[:, :2].any(1).sum() + here[:, -2:].any(1).sum()
    )
    is_frame = w > 0.7 * width and h > 0.7 * height and on_box > 1.2 * (w + h)
    return Piece(
        max(w, h), strong and ramp < SOFTEST * longer + 3, touching > 0.25 * int(edge.sum()) or is_frame
    )


def _sheet_in(small: Small, size: tuple[int, int]) -> tuple[slice, slice] | None:
    """The inside of a sheet that lies on something, in a picture of `size` (height, width); None where there is none."""
    distance = np.linalg.norm(small.off_ground, axis=2).astype(np.float32)
    mask = (cv2.medianBlur(distance, 3) > max(15.0, 0.4 * float(distance.max()))).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=4)
    if count < 2 or min(mask.shape) < 24:
        return None
    n = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    x, y, w, h, area = (int(value) for value in stats[n])
    outline = cv2.findContours((labels == n).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)[0][
        0
    ]
    corners = cv2.approxPolyDP(outline, 0.03 * cv2.arcLength(outline, True), True)
    inside = cv2.contourArea(outline)
    at_edge = min(x, y, mask.shape[1] - x - w, mask.shape[0] - y - h) == 0
    if at_edge or area < max(CARD * mask.size, 0.75 * inside) or len(corners) != 4 or min(w, h) < 24:
        return None
    zoom_y, zoom_x = size[0] / mask.shape[0], size[1] / mask.shape[1]
    margin_y, margin_x = h / 40 + 1, w / 40 + 1
    rows = slice(round((y + margin_y) * zoom_y), round((y + h - margin_y) * zoom_y))
    return rows, slice(round((x + margin_x) * zoom_x), round((x + w - margin_x) * zoom_x))

"""The light and the paper of a picture, in Lab colour, and what stands out from them.

What changes gently is light; what most of the picture and of its edge agree on is paper.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import scipy.fft

SMALL = 96  # the ground is smooth: a copy this long is enough to find it
TINY = 20  # so small a picture is taken to be evenly lit
BROAD = 0.45  # what is broader than this part of the longer side is shade, not a stroke
FAINTEST = 7.0  # Lab units: ink that stands out less can't be told from paper
ALIKE = 5.0  # Lab units: two colours of one paper
DEEPEST = 50.0  # Lab units: no shadow stands out so much
STEEP = 2.5  # Lab units: light changes less than this from one pixel of the small copy to the next
STEEP_SHARE = 0.3  # ... and less than this part of the steepest changes
FROM_OUTSIDE = (
    1.6  # of a shadow's size lies on the picture's edge: half a picture has 2.8, a corner 2 and more
)
SIDES = ((0, slice(None)), (-1, slice(None)), (slice(None), 0), (slice(None), -1))


@dataclass(frozen=True)
class SmallCopy:
    """A small copy of a picture in Lab: lit paper, and what lies on it; the sum is the picture."""

    ground: np.ndarray  # (h, w, 3)
    off_ground: np.ndarray  # (h, w, 3)


def square(side: int) -> np.ndarray:
    """The structuring element of that many pixels a side."""
    return np.ones((side, side), np.uint8)


def small_copy(picture: np.ndarray) -> SmallCopy:
    """Reduce a picture (H, W, 3) uint8 RGB and estimate its light and its paper."""
    height, width = picture.shape[:2]
    scale = min(1.0, SMALL / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    colours = _lab(picture if scale == 1 else cv2.resize(picture, size, interpolation=cv2.INTER_AREA))
    flat = _without_shading(colours) if max(size) > TINY else colours
    paper = _paper(flat)
    return SmallCopy(colours - flat + paper, flat - paper)


def _without_shading(colours: np.ndarray) -> np.ndarray:
    """Take away what changes gently, as light does: keep the steep changes and integrate them again.

    This is Retinex (Land and McCann 1971) in the form that Horn gave it (1974).
    """
    right, down = np.zeros_like(colours), np.zeros_like(colours)
    right[:, :-1], down[:-1] = np.diff(colours, axis=1), np.diff(colours, axis=0)
    steepness = np.sqrt((right**2 + down**2).sum(-1))
    gentle = STEEP * min(3.0, SMALL / max(colours.shape))
    steep = steepness > max(gentle, STEEP_SHARE * float(np.quantile(steepness, 0.995)))
    steep = cv2.dilate(steep.astype(np.uint8), square(1 + 2 * _blur(colours, steepness))) > 0
    right[~steep], down[~steep] = 0, 0
    shading = colours - _integrated(right, down)
    blur = max(colours.shape) / 40  # light is smoother still
    return colours - cv2.GaussianBlur(shading, (0, 0), blur).reshape(colours.shape)


def _integrated(right: np.ndarray, down: np.ndarray) -> np.ndarray:
    """The picture (mean 0) whose changes come closest to these: Poisson's equation, by cosine transforms."""
    divergence = right + down
    divergence[:, 1:] -= right[:, :-1]
    divergence[1:] -= down[:-1]
    height, width = divergence.shape[:2]
    y, x = np.cos(np.pi * np.arange(height) / height), np.cos(np.pi * np.arange(width) / width)
    eigenvalues = 2 * (y[:, None] + x) - 4
    eigenvalues[0, 0] = 1
    waves = scipy.fft.dctn(divergence, axes=(0, 1), norm="ortho") / eigenvalues[..., None]
    waves[0, 0] = 0
    return scipy.fft.idctn(waves, axes=(0, 1), norm="ortho").astype(np.float32)


def _blur(colours: np.ndarray, steepness: np.ndarray) -> int:
    """Over how many pixels the steepest edges of strong ink are smeared out, at least 1."""
    lightness = np.ascontiguousarray(np.linalg.norm(colours, axis=2), np.float32)
    around = square(1 + 2 * round(0.08 * max(lightness.shape) + 1))
    span = cv2.morphologyEx(lightness, cv2.MORPH_GRADIENT, around)
    steepest = (steepness >= max(float(np.quantile(steepness, 0.995)), 1e-6)) & (span > DEEPEST)
    if not steepest.any():
        return 1
    return max(1, round(float(np.median(span[steepest] / steepness[steepest]))))


def contrast_with(picture: np.ndarray, small: SmallCopy) -> np.ndarray:
    """How far each pixel stands out from the ground towards the ink's colour: (H, W) float32, Lab units."""
    height, width = picture.shape[:2]
    towards = _ink_direction(small.off_ground)
    ground = small.ground @ towards
    if max(ground.shape) > TINY:
        ground += _shade(small.off_ground @ towards)
    return _lab(picture) @ towards - cv2.resize(ground, (width, height), interpolation=cv2.INTER_LINEAR)


def _lab(picture: np.ndarray) -> np.ndarray:
    """CIE L*a*b*, float32: lightness 0..100, a and b about -100..100."""
    return cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_RGB2Lab)


def _paper(flat: np.ndarray) -> np.ndarray:
    """The paper's colour (3,) in an evenly lit picture: most of the picture and of its edge agree with it.

    It is sought among the colours of the picture and of its four sides, and settled by reweighting.
    """
    rim = max(1, round(0.04 * max(flat.shape)))
    strips = (flat[:rim], flat[-rim:], flat[:, :rim], flat[:, -rim:])
    sides = [strip.reshape(-1, 3) for strip in strips]
    ring, colours = np.concatenate(sides), flat.reshape(-1, 3)
    candidates = [np.median(part, axis=0) for part in (*sides, ring, colours)]
    paper = max(candidates, key=lambda colour: _support(ring, colour) + _support(colours, colour))
    for _ in range(4):
        off = np.linalg.norm(colours - paper, axis=1)
        weight = 1 / (1 + (off / ALIKE) ** 2) ** 2
        paper = weight @ colours / weight.sum()
    return paper.astype(np.float32)


def _support(colours: np.ndarray, colour: np.ndarray) -> float:
    """The part of the pixels that are alike, from 0 to 1."""
    return float(np.mean(np.linalg.norm(colours - colour, axis=1) < 2 * ALIKE))


def _ink_direction(off_ground: np.ndarray) -> np.ndarray:
    """The unit vector in Lab from the ground's colour to the ink's, from what stands out most."""
    off = off_ground.reshape(-1, 3)
    distance = np.linalg.norm(off, axis=1)
    strong = off[distance >= max(np.quantile(distance, 0.97), 0.5 * np.quantile(distance, 0.998))]
    axis = np.linalg.eigh(strong.T @ strong)[1][:, -1].astype(np.float32)
    along = strong @ axis
    return axis if np.sum(along * np.abs(along)) > 0 else -axis


def _shade(standing_out: np.ndarray) -> np.ndarray:
    """What is left of hard shadows: too broad to be a stroke, and coming in from the picture's edge."""
    calm = cv2.medianBlur(standing_out.astype(np.float32), 3)
    across = max(3, round(BROAD * max(calm.shape)))
    disk = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (across, across))
    broad = cv2.morphologyEx(calm, cv2.MORPH_OPEN, disk)
    count, labels, stats, _ = cv2.connectedComponentsWithStats((broad > 0.5 * FAINTEST).astype(np.uint8))
    contact = np.sum([np.bincount(labels[side], minlength=count) for side in SIDES], axis=0)
    inside = contact < FROM_OUTSIDE * np.sqrt(stats[:, cv2.CC_STAT_AREA])
    inside[0] = False
    broad[inside[labels]] = 0
    return cv2.GaussianBlur(broad, (0, 0), max(0.5, across / 20))

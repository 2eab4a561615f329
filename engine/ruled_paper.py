"""Taking the printed lines of ruled or squared paper away."""

import cv2
import numpy as np

SCALE = 160  # lines are sought on a copy this long
TILTS = np.linspace(-0.14, 0.14, 15)  # slopes of the lines
FANS = np.linspace(
    -0.12, 0.12, 5
)  # how much the slope changes from top to bottom: seen at an angle, lines converge
THROUGH = 0.12  # a line may be missing in this part of its length
AT_LEAST = 3  # lines; fewer could be a digit's own strokes


def without_rules(contrast: np.ndarray) -> np.ndarray:
    """Take lines that run right through the picture, across or down, out of a contrast map.

    contrast: (H, W) float32, ink positive, ground about 0. What is clearly darker than the line that it
    crosses stays.
    """
    if min(contrast.shape) < 48:
        return contrast
    without = _without_rows(contrast)
    return np.ascontiguousarray(_without_rows(np.ascontiguousarray(without.T)).T)


def _without_rows(contrast: np.ndarray) -> np.ndarray:
    height, width = contrast.shape
    rim = max(3, width // 16)
    if min(_lines(_lit(side.mean(1))) for side in (contrast[:, :rim], contrast[:, -rim:])) < AT_LEAST:
        return contrast  # quickly, as on most paper: no lines come in from both sides
    tilt, fan = _slopes(contrast)
    profile = _profile(contrast, tilt, fan)
    if _lines(profile) < AT_LEAST:
        return contrast
    x, y = _axes(height, width)
    profile = cv2.dilate(profile[:, None], np.ones((5, 1), np.uint8))
    row = ((y - tilt * x) / (1 + fan * x) + 0.5) * (height - 1)
    rule = cv2.remap(profile, np.zeros_like(row), row, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.where((rule > 0) & (contrast < 2 * rule), np.minimum(contrast, 0), contrast)


def _axes(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """x (W,) and y (H, 1), both from -0.5 to 0.5."""
    y = np.linspace(-0.5, 0.5, height, dtype=np.float32)[:, None]
    return np.linspace(-0.5, 0.5, width, dtype=np.float32), y


def _straightened(contrast: np.ndarray, tilt: float, fan: float) -> np.ndarray:
    """The picture sheared so that lines of the slope tilt + fan * y become rows."""
    height, width = contrast.shape
    x, y = _axes(height, width)
    row = np.float32(height - 1) * (y + x * np.float32(tilt) + x * y * np.float32(fan) + np.float32(0.5))
    column = np.ascontiguousarray(np.broadcast_to(np.arange(width, dtype=np.float32), row.shape))
    return cv2.remap(contrast, column, row, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _slopes(contrast: np.ndarray) -> tuple[float, float]:
    """The tilt and fan for which rows differ most from their neighbours: coarsely, then twice finer."""
    scale = min(1.0, SCALE / max(contrast.shape))
    small = cv2.resize(contrast, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    small = np.clip(small, 0, 2 * float(np.quantile(small, 0.9)) + 1)

    def sharpest(tilts: np.ndarray, fans: np.ndarray) -> tuple[float, float]:
        slopes = [(float(tilt), float(fan)) for tilt in tilts for fan in fans]
        return max(slopes, key=lambda slope: np.square(np.diff(_straightened(small, *slope).mean(1))).sum())

    tilt, fan = sharpest(TILTS, FANS)
    for step in (0.007, 0.0035):
        steps = np.array([-step, 0, step])
        tilt, fan = sharpest(tilt + steps, fan + 4 * steps)
    return tilt, fan


def _profile(contrast: np.ndarray, tilt: float, fan: float) -> np.ndarray:
    """How strong a line each row holds: (H,) float32, 0 where there is none."""
    softened = cv2.GaussianBlur(_straightened(contrast, tilt, fan), (9, 3), 0)
    return _lit(np.quantile(softened, THROUGH, axis=1).astype(np.float32))


def _lit(rows: np.ndarray) -> np.ndarray:
    """What stands out in a profile, 0 elsewhere."""
    rows = rows - np.median(rows)
    return np.where(rows > max(1.0, 0.25 * float(rows.max())), rows, 0).astype(np.float32)


def _lines(profile: np.ndarray) -> int:
    lit = profile > 0
    return int(np.count_nonzero(lit[1:] & ~lit[:-1]))

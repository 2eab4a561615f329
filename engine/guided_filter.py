"""Small maps of colour brought to the size of a photo along the edges of its lightness.

The guided filter (He, Sun, Tang 2013): in each window the map is taken for a line of the guide, value = slope
· guide + intercept, by least squares; what a pixel gets is the mean over the windows that hold it. So the map
gets edges where the guide has them and is smooth elsewhere. The lines are found on the small map and only
then enlarged (He, Sun 2015).
"""

from __future__ import annotations

import cv2
import numpy as np


def window_mean(x: np.ndarray, radius: int) -> np.ndarray:
    """The mean over the part of each (2 · radius + 1)² window that lies within x (H, W) or (H, W, C)."""
    counts = _window_sum(np.ones(x.shape[:2], x.dtype), radius)
    return _window_sum(x, radius) / (counts[..., None] if x.ndim == 3 else counts)


def _window_sum(x: np.ndarray, radius: int) -> np.ndarray:
    """The sum over each window, with nothing beyond the edges."""
    side = 2 * radius + 1
    total = cv2.boxFilter(x, -1, (side, side), normalize=False, borderType=cv2.BORDER_CONSTANT)
    return np.asarray(total).reshape(x.shape)


def guided_lines(
    guide: np.ndarray, target: np.ndarray, radius: int, epsilon: float
) -> tuple[np.ndarray, np.ndarray]:
    """(slope, intercept) with target ≈ slope · guide + intercept: guide (H, W), the others (H, W, C).

    epsilon: the variance of the guide below which a window counts as flat.
    """
    mean = window_mean(guide, radius)
    target_mean = window_mean(target, radius)
    variance = window_mean(guide * guide, radius) - mean * mean
    together = window_mean(guide[..., None] * target, radius) - mean[..., None] * target_mean
    slope = together / (np.maximum(variance, 0) + guide.dtype.type(epsilon))[..., None]
    intercept = target_mean - slope * mean[..., None]
    return window_mean(slope, radius), window_mean(intercept, radius)


def guided_filter(guide: np.ndarray, target: np.ndarray, radius: int, epsilon: float) -> np.ndarray:
    """target (H, W, C) smoothed along the edges of guide (H, W)."""
    slope, intercept = guided_lines(guide, target, radius, epsilon)
    return slope * guide[..., None] + intercept


def enlarged(x: np.ndarray, height: int, width: int) -> np.ndarray:
    """x (H, W, C) float32 at another size, linearly between the middles of its pixels."""
    if x.shape[:2] == (height, width):
        return x
    return cv2.resize(x, (width, height), interpolation=cv2.INTER_LINEAR).reshape(height, width, -1)


def enlarged_deep(x: np.ndarray, height: int, width: int) -> np.ndarray:
    """As `enlarged`, reduced too, for more channels than OpenCV takes: two products with matrices."""
    if x.shape[:2] == (height, width):
        return x
    rows = _between_middles(height, x.shape[0]) @ x.reshape(len(x), -1)
    wide: np.ndarray = _between_middles(width, x.shape[1]) @ rows.reshape(height, *x.shape[1:])
    return wide


def _between_middles(count: int, known: int) -> np.ndarray:
    """(count, known): the weights by which `known` places in a row give `count` ones, linearly."""
    at = np.clip((np.arange(count) + 0.5) * (known / count) - 0.5, 0, known - 1)
    weights = 1 - np.abs(at[:, None] - np.arange(known))
    return np.maximum(weights, 0).astype(np.float32)


def reduced(x: np.ndarray, height: int, width: int) -> np.ndarray:
    """x (H, W) or (H, W, C) at another size: the mean of what each pixel covers; enlarged where it is
    smaller.
    """
    smaller = x.shape[0] > height or x.shape[1] > width
    way = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    return cv2.resize(x, (width, height), interpolation=way).reshape(height, width, *x.shape[2:])


def guided_enlargement(
    small: np.ndarray, guide: np.ndarray, radius: int = 2, epsilon: float = 16.0
) -> np.ndarray:
    """small (h, w, C) float32 brought to the size of guide (H, W) float32 along the guide's edges.

    radius: of the window, in pixels of `small`; epsilon: of a guide in units of lightness, 0 to 100.
    """
    low = reduced(guide, *small.shape[:2])
    slope, intercept = guided_lines(low, small, radius, epsilon)
    result = enlarged(slope, *guide.shape)
    result = result * guide[..., None]
    result += enlarged(intercept, *guide.shape)
    return result

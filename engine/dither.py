"""Pictures of few colours, mixed from dots: faxes, old GIFs. Their grain is as strong as ink."""

from __future__ import annotations

import cv2
import numpy as np

APART = 40  # of 255: by how much a dot differs from both of its neighbours in a row
DITHERED = (
    0.15  # of the pixels are such dots; in grass seen from near it is a tenth, on a cheque next to none
)
ROW_STEP = 4  # every so many rows are looked at
BLUR = 1.0  # pixels, deviation, that mixes the dots


def undithered(rgb: np.ndarray) -> np.ndarray:
    """A picture (H, W, 3) uint8 with its dots mixed where it is made of such; others as they are."""
    return cv2.GaussianBlur(rgb, (0, 0), BLUR) if is_dithered(rgb) else rgb


def is_dithered(rgb: np.ndarray) -> bool:
    """Whether many pixels of (H, W, 3) stand out from both neighbours, in one channel at least."""
    rows = rgb[::ROW_STEP].astype(np.int16)
    if rows.shape[1] < 3:
        return False
    left, right = rows[:, 1:-1] - rows[:, :-2], rows[:, 1:-1] - rows[:, 2:]
    dots = (np.minimum(left, right) > APART) | (np.maximum(left, right) < -APART)
    return bool(dots.mean(axis=(0, 1)).max() > DITHERED)

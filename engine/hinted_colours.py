"""The network's colours brought to what hints say: at their places, in what belongs to them, and all over.

From far to near: how colourful the photo is at all, then errors of like places (`engine.hint_regression`),
then what is left, up to the edges around (`engine.hint_spread`), then the hints themselves.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from engine.guided_filter import guided_enlargement, reduced
from engine.hint_regression import alike, features, hinted, independent, regressed, strokes
from engine.hint_spread import spread

CELL = 2  # pixels of what the network sees, on a side, that have one correction by hints
CLOSE = 1.5  # pixels of what the network sees over which a hint is then made exact
MUCH = 15  # pixels of what the network sees that hints cover: from there on its own colours are as pale as
PALER = 0.15  # this, since what hints say is spread over them and counts for more
UNHINTED, SEVERAL = 0.2, 5  # part of its colours without hints in the mean, from so many strokes on
USUAL_CHROMA = 10.0
DOUBT = 2.0  # in how colourful hints say that a photo is: in hints of the usual chroma, where there are two


class Said(NamedTuple):
    """What the network says: logits (h / 4, w / 4, 261), and the colours (h, w, 2) they are taken for."""

    logits: np.ndarray
    ab: np.ndarray


def hinted_colours(
    lightness: np.ndarray, hints: np.ndarray, told: Said, untold: Said, saturation: float = 1.0
) -> np.ndarray:
    """a and b (h, w, 2) float32 for each pixel of what the network sees.

    lightness: (h, w); hints: (h, w, 3), a, b and where they are; told, untold: by the network with and
    without hints. saturation: times all but the hints.
    """
    drawn = strokes(hints[..., 2])
    share = np.float32(UNHINTED * min(1, (drawn - 1) / (SEVERAL - 1)))
    logits, ab = (one + (other - one) * share for one, other in zip(told, untold, strict=True))
    at = hinted(hints[..., 2])
    colours, own = (values.reshape(-1, 2)[at] for values in (hints[..., :2], untold.ab))
    every = features(lightness, ab, logits)
    likeness = alike(every, every[at])
    count, weights = independent(likeness[at])
    count = min(count, drawn)
    paler = 1 - PALER * min(1, float(hints[..., 2].sum()) / MUCH)
    ab *= np.float32(paler * colourfulness(colours, own, count, weights))

    error = colours - ab.reshape(-1, 2)[at]
    ab += regressed(likeness[at], error, likeness, drawn, count).reshape(ab.shape)
    ab *= np.float32(saturation)
    return _made_exact(corrected(ab, lightness, hints), hints)


def colourfulness(hints: np.ndarray, own: np.ndarray, count: float, weights: np.ndarray) -> float:
    """By what the network's colours should be multiplied, at most 1, as hints (K, 2) compare with its own
    colours there, (K, 2).

    count, weights: for how many independent hints they count, and each of them in the mean. Hints that agree
    count by the fifth power: one gray thing tells little about the others, four tell that the photo is gray.
    """
    chroma, own_chroma = (np.hypot(*values.T) for values in (hints, own))
    doubt = DOUBT * USUAL_CHROMA**2 / max(count - 1, 1e-3) ** 5
    ratio = (weights @ (chroma * own_chroma) + doubt) / (weights @ own_chroma**2 + doubt)
    return min(1.0, float(ratio))


def corrected(ab: np.ndarray, lightness: np.ndarray, hints: np.ndarray) -> np.ndarray:
    """ab (h, w, 2) with its errors at the hints (h, w, 3) spread over what belongs to them.

    Computed for cells of 2 × 2, where it takes a fifth of the time and hints reach farther.
    """
    rows, columns = (side // CELL for side in lightness.shape)

    def total(values: np.ndarray) -> np.ndarray:
        summed: np.ndarray = values.reshape(rows, CELL, columns, CELL, -1).sum(axis=(1, 3))
        return summed

    known = hints[..., 2:]
    counts = total(known)
    error = total((hints[..., :2] - ab) * known) / np.maximum(counts, 1)
    found = spread(reduced(lightness, rows, columns), error, counts[..., 0] > 0)
    changed: np.ndarray = ab + guided_enlargement(found, lightness, radius=1)
    return changed


def _made_exact(ab: np.ndarray, hints: np.ndarray) -> np.ndarray:
    """ab (h, w, 2) as the hints (h, w, 3) have it where they are, fading into what is around them."""
    weight = np.ascontiguousarray(hints[..., 2])
    error = (hints[..., :2] - ab) * weight[..., None]
    near = cv2.GaussianBlur(error, (0, 0), CLOSE)
    near /= (cv2.GaussianBlur(weight, (0, 0), CLOSE) + np.float32(0.004))[..., None]
    return ab + near

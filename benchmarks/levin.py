"""Colour spread from hints by optimisation (Levin, Lischinski, Weiss 2004), written from the paper.

Each pixel's colour is a weighted mean of its eight neighbours' colours, with weights that fall with the
difference of lightness; the hinted pixels have theirs. That is one sparse system of linear equations for a
and one for b of CIE Lab, solved exactly. (The paper spreads U and V along Y; here it is a and b along L, so
that every method in the table keeps the same lightness.) It knows no photo but the one before it: where no
hint is near in lightness, it carries on with what is.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import csc_matrix, csr_matrix, identity
from scipy.sparse.linalg import splu

from engine.colour_hints import Hints
from engine.screen_colours import lightness_of, srgb_bytes

FLATTEST = 2e-6  # variance of lightness (0 to 1) below which a window counts as flat
STEADY = 0.6  # of a window's variance is the scale on which neighbours differ


def affinity(lightness: np.ndarray) -> csr_matrix:
    """The weights of each pixel's neighbours, for lightness (H, W) from 0 to 1: (H·W, H·W), rows summing to
    1.
    """
    height, width = lightness.shape
    number = np.arange(height * width).reshape(height, width)
    padded = np.pad(lightness.astype(np.float64), 1, constant_values=np.nan)
    numbers = np.pad(number, 1, constant_values=-1)
    shifts = [(i, j) for i in range(3) for j in range(3) if (i, j) != (1, 1)]
    around = np.stack([padded[i : i + height, j : j + width] for i, j in shifts], axis=-1)
    places = np.stack([numbers[i : i + height, j : j + width] for i, j in shifts], axis=-1)
    variance = np.nanvar(np.concatenate([around, lightness[..., None]], axis=-1), axis=-1)
    difference = (around - lightness[..., None]) ** 2
    # The likest neighbour keeps a weight of at least a hundredth.
    scale = np.maximum(STEADY * variance, np.nanmin(difference, axis=-1) / np.log(100))
    weight = np.exp(-difference / np.maximum(scale, FLATTEST)[..., None])
    inside = places >= 0
    weight[~inside] = 0
    weight /= weight.sum(axis=-1, keepdims=True)
    rows = np.broadcast_to(number[..., None], places.shape)
    return csr_matrix((weight[inside], (rows[inside], places[inside])), shape=(number.size, number.size))


def spread(lightness: np.ndarray, known: np.ndarray, ab: np.ndarray) -> np.ndarray:
    """Colours (H, W, 2) from those of ab where `known` (H, W) is true; lightness (H, W) from 0 to 1."""
    fixed = known.ravel()
    if not fixed.any():
        return np.zeros((*lightness.shape, 2))
    weights = affinity(lightness)
    free = csr_matrix((np.where(fixed, 0.0, 1.0), (range(fixed.size), range(fixed.size))))
    system: csc_matrix = (identity(fixed.size) - free @ weights).tocsc()
    right = np.where(fixed[:, None], ab.reshape(-1, 2), 0.0)
    return splu(system, permc_spec="COLAMD").solve(right).reshape(*lightness.shape, 2)


def colorize(truth: np.ndarray, hints: Hints) -> np.ndarray:
    """A photo (H, W, 3) uint8 coloured from its lightness and hints."""
    light = lightness_of(truth)
    height, width = light.shape
    planes = hints.planes((height, width), (height, width))
    ab = spread(light / 100, planes[..., 2] > 0, planes[..., :2])
    return srgb_bytes(np.dstack([light, ab]).astype(np.float32))

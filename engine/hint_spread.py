"""What hints say beyond what the network says, spread to where it belongs.

At a hint the network's colour is wrong by a known error. Like a colour in Levin, Lischinski and Weiss (2004),
that error is taken to be alike in neighbours of like lightness; unlike there it fades slowly, for far away
the network knows better. All of it is one sparse symmetric system of linear equations.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_matrix, csc_matrix, diags
from scipy.sparse.linalg import splu

UNLIKE = 1.5  # units of lightness over which neighbours have little to do with each other
LEAST = 1e-5  # of the tie between any two neighbours
FADING = 5e-5  # how strongly each place is tied to no error at all
HINTED = 10.0  # and a hinted one to its own error


def spread(lightness: np.ndarray, error: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Errors (h, w, 2) of all places, from those where weight (h, w) is above 0; lightness (h, w), 0 to
    100.
    """
    ties = _ties(lightness.astype(np.float64))
    pull = HINTED * weight.astype(np.float64).ravel()
    own = np.asarray(ties.sum(axis=0)).ravel() + pull + FADING
    system = (diags(own) - ties).tocsc()
    solver = splu(system, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True})
    return solver.solve(pull[:, None] * error.reshape(-1, 2)).reshape(error.shape).astype(np.float32)


def _ties(lightness: np.ndarray) -> csc_matrix:
    """How much each place has to do with its eight neighbours: symmetric, (h·w, h·w)."""
    height, width = lightness.shape
    number = np.arange(height * width).reshape(height, width)
    firsts, seconds, ties = [], [], []
    for down, across in ((0, 1), (1, 0), (1, 1), (1, -1)):
        here = slice(0, height - down), slice(max(0, -across), width - max(0, across))
        there = slice(down, height), slice(max(0, across), width - max(0, -across))
        difference = lightness[here] - lightness[there]
        tie = np.exp(-(difference**2) / (2 * UNLIKE**2)) + LEAST
        firsts.append(number[here].ravel())
        seconds.append(number[there].ravel())
        ties.append(tie.ravel() / (2**0.5 if down and across else 1))
    i, j, values = (np.concatenate(parts) for parts in (firsts, seconds, ties))
    both = np.concatenate([i, j]), np.concatenate([j, i])
    return coo_matrix((np.concatenate([values, values]), both), shape=(number.size, number.size)).tocsc()

"""What is said of the places of a picture, evened among those that look alike: a joint bilateral filter
(Petschnigg et al. 2004), whose weights fall with the distance of two places, the difference of their
lightness and that of how rough they are.

So a wall or a sky gets one colour, not patches of several, and edges stay. A guided filter of that width
would draw colours across them.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np

from engine.guided_filter import reduced

NEAR = 6.0  # places: the deviation of the distance, over which weights fall
LIGHTNESS, ROUGHNESS = 2.0, 1.5  # the same of L, 0 to 100, and of its deviation within a place
FARTHEST = 2.5  # deviations of the distance; what lies farther above or below is left out
ROWS = 8  # of places that are computed at once, by one of two threads


def joint_bilateral(values: np.ndarray, lightness: np.ndarray) -> np.ndarray:
    """The mean of values (h, w, C) float32 over places that look alike; lightness: (H, W), of any size."""
    rows, columns = values.shape[:2]
    if columns > rows:  # the fewer places in a row, the fewer are compared
        return joint_bilateral(values.swapaxes(0, 1), lightness.T).swapaxes(0, 1)
    seen = _features(np.ascontiguousarray(lightness), rows, columns)
    flat = np.ascontiguousarray(values).reshape(rows, columns, -1)
    out = np.empty_like(flat)
    with ThreadPoolExecutor(min(2, os.cpu_count() or 1)) as pool:
        list(pool.map(partial(_fill, flat, seen, out), range(0, rows, ROWS)))
    return out


def _fill(values: np.ndarray, seen: np.ndarray, out: np.ndarray, top: int) -> None:
    """Some rows of `out`, from `top` on: means of values (h, w, C) by what is seen (h, w, features)."""
    reach = int(FARTHEST * NEAR)
    here, around = slice(top, top + ROWS), slice(max(0, top - reach), top + ROWS + reach)
    mine, others = (seen[part].reshape(-1, seen.shape[2]) for part in (here, around))
    far = (mine**2).sum(axis=1)[:, None] + (others**2).sum(axis=1) - 2 * mine @ others.T
    far /= -2
    weights = np.exp(far, out=far)
    weights /= weights.sum(axis=1, keepdims=True)
    out[here] = (weights @ values[around].reshape(len(others), -1)).reshape(out[here].shape)


def _features(lightness: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """What the weights compare, in deviations: (rows, columns, 4) float32."""
    mean = reduced(lightness, rows, columns)
    variance = reduced(lightness * lightness, rows, columns) - mean * mean
    y, x = np.mgrid[:rows, :columns].astype(np.float32) / np.float32(NEAR)
    rough = np.sqrt(np.maximum(variance, 0))
    return np.stack([y, x, mean / np.float32(LIGHTNESS), rough / np.float32(ROUGHNESS)], axis=-1)

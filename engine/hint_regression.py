"""What hints say about places that are like theirs, wherever in a photo those are.

At a hint the network's colour is wrong by a known error. Errors are taken for a Gaussian process (Rasmussen,
Williams 2006; kriging): the more two places are alike (near, as light, as smooth, of the same colours by the
network's word) the more alike their errors. There are three guesses: that errors reach far, that they are
things' own and reach a quarter as far, and that all of the photo is off by one colour, as old prints are. How
probable the known errors are under each weighs its answer. One hint says nothing about that and is taken for
a thing's own; a few that agree tint everything.
"""

from __future__ import annotations

import cv2
import numpy as np

from engine import ab_bins
from engine.guided_filter import enlarged_deep

# How far two places are apart that are alike by one over e, were all else the same.
APART, LIGHTER, OTHER_COLOUR, ROUGHER, OTHER_COLOURS = 1.5, 12.0, 25.0, 15.0, 2.0
AROUND = 1.0  # places over which the deviation of the lightness is taken
SHARPNESS = 0.3  # of the network's probabilities, as `ab_bins.probabilities` takes it
NOISE = 0.03  # the part of a hint's error that is its own
NEAR = 4  # times as near are the errors of things alone
TINTED, TINT = 0.1, 3.0  # how often all is off by one colour, and by how much, squared
MOST_HINTED = 200  # places: of more, so many by chance


def features(lightness: np.ndarray, ab: np.ndarray, logits: np.ndarray) -> np.ndarray:
    """What decides how alike places are, as distances: (h·w, D) float32.

    lightness: (h, w); ab: (h, w, 2), the network's colours; logits: (h', w', 261).
    """
    rows, columns = lightness.shape
    side = min(rows, columns)
    mean, square = (cv2.GaussianBlur(x, (0, 0), AROUND) for x in (lightness, lightness * lightness))
    roughness = np.sqrt(np.maximum(square - mean * mean, 0))
    y, x = np.mgrid[0:rows, 0:columns] / (APART * side)
    # The distance of square roots of probabilities is Hellinger's.
    shares = enlarged_deep(np.sqrt(ab_bins.probabilities(logits, SHARPNESS)), rows, columns)
    planes = [x, y, lightness / LIGHTER, roughness / ROUGHER, ab / OTHER_COLOUR, shares / OTHER_COLOURS]
    found = np.dstack(planes).reshape(rows * columns, -1).astype(np.float32)
    found -= found.mean(axis=0)  # so that small distances are not lost in large squares
    return found


def alike(features: np.ndarray, others: np.ndarray) -> np.ndarray:
    """How alike places (N, D) and others (K, D) are: (N, K), from 0 to 1."""
    squares = (features**2).sum(axis=1)[:, None] + (others**2).sum(axis=1)
    squares -= 2 * features @ others.T
    np.maximum(squares, 1e-9, out=squares)
    return np.asarray(np.exp(-np.sqrt(squares, out=squares), out=squares))


def strokes(places: np.ndarray) -> int:
    """How many strokes the places (h, w) above 0 are: those side by side are one."""
    return cv2.connectedComponents((places > 0).astype(np.uint8), connectivity=8)[0] - 1


def hinted(places: np.ndarray) -> np.ndarray:
    """The numbers of the places (h, w) that are above 0, or `MOST_HINTED` of them."""
    found = np.flatnonzero(places)
    if len(found) <= MOST_HINTED:
        return found
    return np.sort(np.random.default_rng(0).permutation(found)[:MOST_HINTED])


def independent(kernel: np.ndarray) -> tuple[float, np.ndarray]:
    """For how many independent ones hints count of whom it is known how alike they are, (K, K), and by what
    weight each counts in a mean over the photo, (K,) summing to 1.
    """
    shares = np.linalg.solve(_noisy(kernel), np.ones(len(kernel)))
    weights = np.maximum(shares, 0)
    return float(shares.sum()), weights / weights.sum()


def regressed(
    kernel: np.ndarray, error: np.ndarray, likeness: np.ndarray, count: int, independents: float
) -> np.ndarray:
    """The errors (N, 2) of places, from those of hints (K, 2).

    kernel: how alike the hints are, (K, K); likeness: the places and they, (N, K); count: of strokes, whose
    places have one error because one hand gave them one colour: that is no evidence that others have it too;
    independents: for how many independent hints they count, at most as many as there are strokes.
    """
    answers, evidence = [], []
    for before, reach, tint in _guesses(max(independents - 1, 0.01)):
        covariance = _noisy(kernel**reach) + tint
        pull = np.linalg.solve(covariance, error)
        answers.append(likeness**reach @ pull + tint * pull.sum(axis=0))
        # The logarithm of how probable the errors are, at whatever scale suits them best.
        fit = len(error) * np.log((error * pull).sum() + 1e-6) + np.linalg.slogdet(covariance)[1]
        evidence.append(np.log(before) - fit * min(1.0, (count - 1) / len(error)))
    odds = np.exp(np.array(evidence) - max(evidence))
    answer: np.ndarray = np.tensordot(odds / odds.sum(), np.array(answers), 1)
    return answer.astype(np.float32)


def _guesses(told: float) -> list[tuple[float, float, float]]:
    """Each guess: how probable it is before errors are looked at, the power of the likeness, and the tint;
    told: how many hints there are that are independent of the first.
    """
    things = 1 / (1 + told**3)
    return [
        (things, NEAR, 0.0),
        ((1 - things) * (1 - TINTED), 1, 0.0),
        ((1 - things) * TINTED, 1, TINT),
    ]


def _noisy(kernel: np.ndarray) -> np.ndarray:
    return np.asarray(kernel.astype(np.float64) + NOISE * np.eye(len(kernel)))

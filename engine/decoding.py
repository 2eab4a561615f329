"""From what each column says to a text (Graves et al. 2006): best path, and a search over prefixes."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Sign:
    """One sign of a text and the columns, first to last, that say it; `peak` says it most clearly."""

    label: int
    first: int
    last: int
    peak: int


CLEAR = 0.98  # where each column is as sure as this, its best sign is taken without a search
NOTHING = 0.9995  # a column that is so sure of the blank begins no sign and continues none
UNLIKELY = 1e-4  # a sign that a column finds less probable is not tried there
HOPELESS = 1e-3  # of the best text's probability: what a worse one is given up below


def best_path(probabilities: np.ndarray) -> list[Sign]:
    """The most probable sign of each column; repeats are one, and the last of the signs, the blank, is none.

    probabilities: (T, K).
    """
    best = probabilities.argmax(axis=1)
    blank = probabilities.shape[1] - 1
    signs = []
    starts = [0, *(np.flatnonzero(np.diff(best)) + 1).tolist(), len(best)]
    for first, end in itertools.pairwise(starts):
        label = int(best[first]) if end > first else blank
        if label != blank:
            peak = first + int(probabilities[first:end, label].argmax())
            signs.append(Sign(label, first, end - 1, peak))
    return signs


def prefix_beam(probabilities: np.ndarray, width: int = 8) -> list[tuple[tuple[int, ...], float]]:
    """The `width` most probable texts with their probabilities, each summed over its ways; best first.

    probabilities: (T, K), the blank last. A text's ways end in a blank or in its last sign; the two are kept
    apart, because only behind a blank does the same sign begin anew (Hannun et al. 2014). Texts that become
    less probable than `HOPELESS` times the best one are given up.
    """
    blank = probabilities.shape[1] - 1
    beams: dict[tuple[int, ...], tuple[float, float]] = {(): (1.0, 0.0)}
    for column in probabilities.tolist():
        nothing = column[blank]
        if nothing > NOTHING:
            beams = {text: ((ways[0] + ways[1]) * nothing, 0.0) for text, ways in beams.items()}
            continue
        likely = [(sign, p) for sign, p in enumerate(column[:blank]) if p > UNLIKELY]
        grown: dict[tuple[int, ...], tuple[float, float]] = {}
        for text, (in_blank, in_sign) in beams.items():
            either = in_blank + in_sign
            last = text[-1] if text else blank
            known = grown.get(text, (0.0, 0.0))
            grown[text] = known[0] + either * nothing, known[1] + (in_sign * column[last] if text else 0.0)
            for sign, p in likely:
                longer = (*text, sign)
                known = grown.get(longer, (0.0, 0.0))
                grown[longer] = known[0], known[1] + (in_blank if sign == last else either) * p
        best = sorted(grown.items(), key=_whole, reverse=True)[:width]
        least = HOPELESS * sum(best[0][1])
        beams = {text: ways for text, ways in best if ways[0] + ways[1] >= least}
    return [(text, sum(ways)) for text, ways in sorted(beams.items(), key=_whole, reverse=True)]


def _whole(item: tuple[tuple[int, ...], tuple[float, float]]) -> float:
    return item[1][0] + item[1][1]


def align(probabilities: np.ndarray, text: tuple[int, ...]) -> list[Sign]:
    """The most probable way of one text over the columns (Viterbi). ValueError where it has none."""
    columns, classes = probabilities.shape
    states = np.full(2 * len(text) + 1, classes - 1)
    states[1::2] = text
    skip = np.zeros(len(states), bool)
    skip[3::2] = states[3::2] != states[1:-2:2]
    with np.errstate(divide="ignore"):
        log_p = np.log(probabilities.astype(np.float64))[:, states]
    score = np.full(len(states), -np.inf)
    score[:2] = log_p[0, :2]
    origins = np.zeros((columns, len(states)), np.int64)
    for t in range(1, columns):
        ways = np.full((3, len(states)), -np.inf)
        ways[0] = score
        ways[1, 1:] = score[:-1]
        ways[2, 2:] = np.where(skip[2:], score[:-2], -np.inf)
        origins[t] = ways.argmax(axis=0)
        score = ways.max(axis=0) + log_p[t]
    state = len(states) - 1 if len(states) == 1 or score[-1] >= score[-2] else len(states) - 2
    if not np.isfinite(score[state]):
        raise ValueError(f"a text of {len(text)} signs does not fit into {columns} columns")
    trail = [state]
    for t in range(columns - 1, 0, -1):
        trail.append(trail[-1] - int(origins[t, trail[-1]]))
    way = np.array(trail[::-1])
    signs = []
    for i, label in enumerate(text):
        here = np.flatnonzero(way == 2 * i + 1)
        peak = int(here[probabilities[here, label].argmax()])
        signs.append(Sign(int(label), int(here[0]), int(here[-1]), peak))
    return signs


def decode(columns: np.ndarray) -> tuple[str, float]:
    """The most probable text of (T, 11) and how probable it is: the best path if it is clear, else a
    search.
    """
    best = columns.max(axis=1)
    if best.min() >= CLEAR:
        return in_text(sign.label for sign in best_path(columns)), float(best.prod())
    digits, probability = prefix_beam(columns)[0]
    return in_text(digits), probability


def signs_of(columns: np.ndarray, text: str) -> list[Sign]:
    """Where the digits of a text stand in the columns (T, 11) that say it."""
    signs = best_path(columns)  # which is the most probable way of its own text
    if in_text(sign.label for sign in signs) == text:
        return signs
    return align(columns, tuple(map(int, text)))


def in_text(digits: Iterable[int]) -> str:
    """Digits as one word."""
    return "".join(map(str, digits))

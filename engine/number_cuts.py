"""Reading a line with a network that knows single digits: cut it too often, read every run of pieces, and
choose the run of digits that is most probable together (a shortest path, by dynamic programming).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from engine.ink import fit_digit
from engine.network import Network
from engine.number_lines import INKED, LOWEST, Box
from engine.preprocessing import to_network_input

MOST_TOGETHER = 5  # pieces that may be one digit
WIDE, WIDEST = 0.75, 1.35  # of the digits' height: from here on a piece may be several; no digit is wider
APART = 0.3  # of the digits' height: a wider gap is never inside a digit
BETWEEN_CUTS = 0.14  # of the digits' height
LIKELY_WIDTH, WIDTH_SPREAD = 0.58, 0.25  # of a digit, as a part of its height; spread of the logarithm
# How much likelier two digits must be than one to cut connected ink, as a logarithm: at all, and for
# each digit's height of ink that is cut through.
CUTTING, THROUGH = 0.4, 12.0
LEFT_OUT = 20.0  # the same for leaving out a piece as high as a digit; a dot costs next to nothing
MOST_RUNS = 600  # a line that could be read in more ways is no line of digits


@dataclass(frozen=True, eq=False)
class Cut:
    """One digit of a line: its box in the line's pixels and the network's ten probabilities."""

    box: Box
    probabilities: np.ndarray


def read_by_cutting(ink: np.ndarray, height: float, network: Network) -> list[Cut]:
    """The digits of a line of ink (h, w) uint8, from left to right. height: of a digit."""
    pieces = _pieces(ink, height)
    runs = _runs(pieces, height)
    if not runs or len(runs) > MOST_RUNS:
        return []
    cuts = _read(ink, pieces, runs, network)
    return [cuts[run] for run in _best_way(pieces, cuts, height)]


Run = tuple[int, int]  # from a piece up to, without, another


@dataclass(frozen=True, eq=False)
class _Piece:
    box: Box
    mask: np.ndarray  # (h, w) of the box, 0 or 1
    name: int  # of the connected piece that it is a part of
    through: float  # how much ink its right side is cut through, in digits' heights


def _pieces(ink: np.ndarray, height: float) -> list[_Piece]:
    """Connected pieces, wide ones cut wherever there is least ink, from left to right."""
    mask = cv2.threshold(ink, INKED, 1, cv2.THRESH_BINARY)[1]
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    pieces = []
    for n, (x, y, w, h, _) in enumerate(stats[1:].tolist(), 1):
        if max(w, h) < 0.12 * height:
            continue
        own = (labels[y : y + h, x : x + w] == n).astype(np.uint8)
        cuts = _cuts(own, height) if w > WIDE * height else []
        through = [*(float(own[:, cut].sum()) / height for cut in cuts), 0.0]
        bounds = zip([0, *cuts], [*cuts, w], through, strict=True)
        pieces += [_slice(own, (x, y), slice(a, b), n, cut) for a, b, cut in bounds]
    return sorted(pieces, key=lambda piece: piece.box[0] + piece.box[2] / 2)


def _slice(own: np.ndarray, corner: tuple[int, int], columns: slice, name: int, through: float) -> _Piece:
    part = own[:, columns]
    rows = np.flatnonzero(part.any(1))
    top, bottom = (int(rows[0]), int(rows[-1]) + 1) if len(rows) else (0, 1)
    box = corner[0] + columns.start, corner[1] + top, part.shape[1], bottom - top
    return _Piece(box, part[top:bottom], name, through)


def _cuts(own: np.ndarray, height: float) -> list[int]:
    """Columns where a piece may be cut: where it is thinnest, not too near each other."""
    inked = cv2.blur(own.sum(0, dtype=np.float32)[None], (3, 1))[0] / height
    apart = max(2, round(BETWEEN_CUTS * height))
    found: list[int] = []
    for column in np.argsort(inked, kind="stable").tolist():
        inside = apart <= column <= len(inked) - apart
        if inside and inked[column] < 0.55 and all(abs(column - other) >= apart for other in found):
            found.append(column)
    return sorted(found[: 3 + 3 * round(own.shape[1] / height)])


def _runs(pieces: list[_Piece], height: float) -> list[Run]:
    """Which pieces could together be one digit."""
    runs = []
    for first in range(len(pieces)):
        right = 0
        for end in range(first + 1, min(first + MOST_TOGETHER, len(pieces)) + 1):
            x, _, w, _ = pieces[end - 1].box
            box = _around(pieces[first:end])
            if box[2] > WIDEST * height or (right and x - right > APART * height):
                break
            right = max(right, x + w)
            if box[3] >= LOWEST * height:
                runs.append((first, end))
    return runs


def _around(pieces: list[_Piece]) -> Box:
    x = min(piece.box[0] for piece in pieces)
    y = min(piece.box[1] for piece in pieces)
    right = max(piece.box[0] + piece.box[2] for piece in pieces)
    bottom = max(piece.box[1] + piece.box[3] for piece in pieces)
    return x, y, right - x, bottom - y


def _read(ink: np.ndarray, pieces: list[_Piece], runs: list[Run], network: Network) -> dict[Run, Cut]:
    """What the network says to each run."""
    fitted, boxes = [], []
    for first, end in runs:
        x, y, w, h = box = _around(pieces[first:end])
        own = np.zeros((h + 2, w + 2), np.uint8)
        for piece in pieces[first:end]:
            px, py, pw, ph = piece.box
            view = own[py - y + 1 : py - y + 1 + ph, px - x + 1 : px - x + 1 + pw]
            np.maximum(view, piece.mask, out=view)
        near = cv2.dilate(own, np.ones((3, 3), np.uint8))
        there = cv2.copyMakeBorder(ink, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)[
            y : y + h + 2, x : x + w + 2
        ]
        fitted.append(fit_digit(there * near, network.preprocessing.size))
        boxes.append(box)
    said = network.probabilities(to_network_input(np.stack(fitted), network.preprocessing))
    return {run: Cut(box, row) for run, box, row in zip(runs, boxes, said, strict=True)}


def _best_way(pieces: list[_Piece], cuts: dict[Run, Cut], height: float) -> list[Run]:
    """The runs that follow each other and are most probable together; dots and dashes may be left out."""
    worst = -1e9
    score, way = [0.0] + [worst] * len(pieces), [(0, False)] * (len(pieces) + 1)
    for end in range(1, len(pieces) + 1):
        left_out = LEFT_OUT * (pieces[end - 1].box[3] / height) ** 2
        score[end], way[end] = score[end - 1] - left_out, (end - 1, False)
        for first in range(max(0, end - MOST_TOGETHER), end):
            cut = cuts.get((first, end))
            if cut is None:
                continue
            value = score[first] + _likely(cut, height)
            if end < len(pieces) and pieces[end - 1].name == pieces[end].name:
                value -= CUTTING + THROUGH * pieces[end - 1].through
            if value > score[end]:
                score[end], way[end] = value, (first, True)
    runs, end = [], len(pieces)
    while end:
        first, digit = way[end]
        if digit:
            runs.append((first, end))
        end = first
    return runs[::-1]


def _likely(cut: Cut, height: float) -> float:
    """The logarithm of how probable a digit so wide and so clear is."""
    _, _, w, h = cut.box
    width = 0.0
    if w > LIKELY_WIDTH * max(h, height):
        width = (np.log(w / max(h, height) / LIKELY_WIDTH) / WIDTH_SPREAD) ** 2
    return float(np.log(max(float(cut.probabilities.max()), 1e-6)) - 0.5 * width)

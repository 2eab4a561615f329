"""A handwritten number as ink: the marks in it, how far its digits are apart, how its line wanders."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np

from engine.chances import chance, pick, within
from engine.number_ink import Blot, Writing, mark, some_writing
from engine.number_sources import Sources
from engine.strokes import render_pieces

LEADING = ("dollar", "dollar", "euro", "pound", "yen", "hash", "equals", "dash")
TRAILING = ("dash", "dash", "dash", "equals", "hash", "crossed dash", "dot", "comma", "dot dash", "euro")
DEEP = (1, 4, 7, 9)  # digits that may reach below the line
WIDEST_OVERLAP = 0.5  # of the narrower neighbour's width


@dataclass(frozen=True, eq=False)
class Ink:
    """A number in ink. mask: (H, W) uint8, tight. boxes: x, y, width, height of each digit. height: of a
    digit, in pixels. pen: its width in pixels.
    """

    mask: np.ndarray
    boxes: tuple[tuple[int, int, int, int], ...]
    height: float
    pen: float


@dataclass(frozen=True)
class Spacing:
    """Lengths are parts of a digit's height. gap: the least between two neighbours' inks, give or take
    `spread`; `tight` of the neighbours touch anyway. zeros: how high zeros are beside other digits. size: how
    much heights differ. wander, slope: of the line. ligature: of the neighbours joined by a stroke.
    """

    gap: float
    spread: float = 0.05
    tight: float = 0.1
    zeros: float = 1.0
    size: float = 0.07
    wander: float = 0.04
    slope: float = 0.0
    ligature: float = 0.0


def some_spacing(rng: np.random.Generator) -> Spacing:
    """As people space their digits: mostly naturally, now and then touching, overlapping or far apart."""
    kind = rng.random()
    if kind < 0.62:
        gap = within(rng, 0.03, 0.34)
    elif kind < 0.8:
        gap = within(rng, -0.06, 0.02)
    elif kind < 0.88:
        gap = within(rng, -0.16, -0.04)
    else:
        gap = within(rng, 0.3, 0.9)
    return Spacing(
        gap,
        spread=within(rng, 0.01, 0.1),
        tight=within(rng, 0, 0.3),
        zeros=within(rng, 0.55, 1.0) if chance(rng, 0.3) else 1.0,
        size=within(rng, 0.02, 0.13),
        wander=within(rng, 0.0, 0.09),
        slope=float(rng.normal(0, 0.035)),
        ligature=within(rng, 0.1, 0.7) if chance(rng, 0.12) else 0.0,
    )


def write_number(
    digits: np.ndarray,
    sources: Sources,
    rng: np.random.Generator,
    writing: Writing | None = None,
    spacing: Spacing | None = None,
    marks: float = 1.0,
) -> Ink:
    """The digits (N,) in some hand; the same generator gives the same ink. marks scales how often there are
    marks between, before and behind them.
    """
    writing = writing or some_writing(sources, rng)
    spacing = spacing or some_spacing(rng)
    names = _with_marks([str(digit) for digit in digits], rng, marks)
    blots = [_written(name, writing, spacing, rng) for name in names]
    placed = _placed(blots, names, writing.height, spacing, rng)
    is_digit = [name.isdigit() for name in names]
    joins = [
        stroke
        for (one, a), (other, b) in pairwise(zip(placed, is_digit, strict=True))
        if a and b and chance(rng, spacing.ligature)
        for stroke in _ligature(one, other, writing)
    ]
    return _together(placed, is_digit, joins, writing)


def _with_marks(names: list[str], rng: np.random.Generator, marks: float) -> list[str]:
    """The digits as names, with marks between them; "" is a wide gap."""
    roll = rng.random(4)
    if roll[0] < 0.42 * marks and len(names) > 3:
        kind = pick(rng, ("dot", "dot", "dot", "comma", ""))
        for at in range(len(names) - 3, 0, -3):
            names.insert(at, kind)
    elif roll[0] < 0.5 * marks and len(names) > 1:
        names.insert(1 + int(rng.random() * (len(names) - 1)), pick(rng, ("dot", "comma", "dash", "")))
    if roll[1] < 0.12 * marks:
        names.insert(0, pick(rng, LEADING))
    if roll[2] < 0.34 * marks:
        names += pick(rng, TRAILING).replace("crossed dash", "crossed-dash").split()
    return [name.replace("-", " ") for name in names]


def _written(name: str, writing: Writing, spacing: Spacing, rng: np.random.Generator) -> Blot:
    if not name:
        return Blot(np.zeros((1, max(1, round(writing.height * within(rng, 0.2, 0.7)))), np.uint8), 0, -1)
    if not name.isdigit():
        return mark(name, writing, rng)
    digit = int(name)
    size = float(np.exp(rng.normal(0, spacing.size))) * (spacing.zeros if digit == 0 else 1.0)
    blot = writing.digit(digit, rng, size)
    down = rng.normal(0, spacing.wander)
    if digit in DEEP and chance(rng, 0.15):
        down += within(rng, 0.05, 0.3)
    return blot.moved(0, round(down * writing.height))


def _placed(
    blots: list[Blot], names: list[str], height: float, spacing: Spacing, rng: np.random.Generator
) -> list[Blot]:
    """Each blot right of the one before it, as near as the spacing has it."""
    placed: list[Blot] = []
    for blot, name in zip(blots, names, strict=True):
        gap = spacing.gap + rng.normal(0, spacing.spread)
        if chance(rng, spacing.tight):
            gap = min(gap, rng.normal(0, 0.03))
        if not name.isdigit() or (placed and not names[len(placed) - 1].isdigit()):
            gap = max(gap, within(rng, 0.02, 0.3))  # marks stand apart, or they would be parts of digits
        left = _beside(placed[-1], blot, gap * height) if placed else 0
        placed.append(blot.moved(left, round(-spacing.slope * left)))
    return placed


def _beside(last: Blot, blot: Blot, gap: float) -> int:
    """Where a blot begins whose ink comes as near as `gap` pixels to the last one's, in some row."""
    right = last.left + last.mask.shape[1]
    top, bottom = max(last.top, blot.top), min(last.top + len(last.mask), blot.top + len(blot.mask))
    narrower = min(last.mask.shape[1], blot.mask.shape[1])
    least = right - round(WIDEST_OVERLAP * narrower)
    if bottom <= top:
        return max(least, right + round(gap))
    one = last.mask[top - last.top : bottom - last.top] > 100
    other = blot.mask[top - blot.top : bottom - blot.top] > 100
    reach = np.where(one.any(1), one.shape[1] - one[:, ::-1].argmax(1), -(10**6))
    begin = np.where(other.any(1), other.argmax(1), 10**6)
    # What lies up to two rows off is a neighbour too.
    reach = cv2.dilate(reach.astype(np.float32)[:, None], np.ones((5, 1), np.uint8))[:, 0]
    nearest = float((begin - reach).min())
    if nearest > 10**5:
        return max(least, right + round(gap))
    return max(least, last.left + round(gap - nearest))


def _ligature(one: Blot, other: Blot, writing: Writing) -> list[np.ndarray]:
    """The stroke from where one digit ends to where the next begins, if that is not far."""
    if one.end is None or other.begin is None:
        return []
    ends = np.array(
        [
            [one.left + one.end[0], one.top + one.end[1]],
            [other.left + other.begin[0], other.top + other.begin[1]],
        ],
        np.float32,
    )
    if float(np.hypot(*(ends[1] - ends[0]))) > 0.9 * writing.height:
        return []
    middle = ends.mean(0) + np.array([0, 0.08 * writing.height], np.float32)
    return [np.stack([ends[0], middle, ends[1]])]


def _together(placed: list[Blot], is_digit: list[bool], joins: list[np.ndarray], writing: Writing) -> Ink:
    """One mask that holds all of them; where inks meet, the stronger counts."""
    margin = max(2, round(writing.pen))
    left, top = min(blot.left for blot in placed) - margin, min(blot.top for blot in placed) - margin
    right = max(blot.left + blot.mask.shape[1] for blot in placed) + margin
    bottom = max(blot.top + blot.mask.shape[0] for blot in placed) + margin
    mask = np.zeros((bottom - top, right - left), np.uint8)
    if joins:
        lines = [((line - (left, top)).astype(np.float32), 0.8 * writing.pen) for line in joins]
        mask = render_pieces(lines, mask.shape)
    for blot in placed:
        h, w = blot.mask.shape
        part = mask[blot.top - top : blot.top - top + h, blot.left - left : blot.left - left + w]
        np.maximum(part, blot.mask, out=part)
    boxes = tuple(
        (blot.left - left, blot.top - top, blot.mask.shape[1], blot.mask.shape[0])
        for blot, wanted in zip(placed, is_digit, strict=True)
        if wanted
    )
    return Ink(mask, boxes, writing.height, writing.pen)

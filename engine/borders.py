"""Bars and borders around a picture that are no part of it: letterboxes, what a screenshot has around it."""

from __future__ import annotations

import numpy as np

SAME = 12  # of 255: colours so near are one
FAR = 48  # a border's colour is so far from that of what it is around; a margin's is not, and stays
LEAST = 0.04  # of a side; what is thinner is a frame that belongs to the picture
SAMPLES = 24  # pixels along each side that are looked at for the commonest colour


def inside_borders(rgb: np.ndarray) -> tuple[int, int, int, int]:
    """The part of a picture (H, W, 3) uint8 within its borders, as (top, bottom, left, right): the first
    row, the one after the last, the first column and the one after the last. All of it where there are none.
    """
    height, width = rgb.shape[:2]
    top, below = _even(rgb), _even(rgb[::-1])
    if top + below >= height:
        return 0, height, 0, width
    columns = rgb[top : height - below].swapaxes(0, 1)
    left, beside = _even(columns), _even(columns[::-1])
    if left + beside >= width:
        return 0, height, 0, width
    if max(top, below) < LEAST * height and max(left, beside) < LEAST * width:
        return 0, height, 0, width
    inner = columns[left : width - beside]
    step_x, step_y = (-(-side // SAMPLES) for side in inner.shape[:2])
    ground = np.median(inner[::step_x, ::step_y], axis=(0, 1))

    def border(lines: int, side: int, colour: np.ndarray) -> int:
        far = np.abs(colour - ground).max() > FAR
        return lines if far and lines >= LEAST * side else 0

    return (
        border(top, height, rgb[0, 0]),
        height - border(below, height, rgb[-1, 0]),
        border(left, width, columns[0, 0]),
        width - border(beside, width, columns[-1, 0]),
    )


def _even(lines: np.ndarray) -> int:
    """How many of lines (N, M, 3), from the first on, have one colour, all the same."""
    colour = lines[0, 0].astype(np.int16)
    begin, block = 0, 1
    while begin < len(lines):
        even = (np.abs(lines[begin : begin + block] - colour) <= SAME).all(axis=(1, 2))
        if not even.all():
            return begin + int(even.argmin())
        begin += len(even)
        block *= 2
    return len(lines)

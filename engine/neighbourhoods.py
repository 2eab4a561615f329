"""A pixel and those around it: what a network of single pixels reads.

Beyond the edge of the picture everything is zero, so that every pixel has a whole neighbourhood.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Neighbourhood:
    """Which pixels are read: the places (row, column) of a square of `side` pixels whose middle is the pixel
    itself, from left to right and from top to bottom.
    """

    side: int
    places: tuple[tuple[int, int], ...]

    @property
    def inputs(self) -> int:
        return len(self.places)


def _square(side: int) -> Neighbourhood:
    return Neighbourhood(side, tuple((row, column) for row in range(side) for column in range(side)))


NEIGHBOURHOODS: dict[str, Neighbourhood] = {
    "4 neighbours": Neighbourhood(3, ((0, 1), (1, 0), (1, 1), (1, 2), (2, 1))),
    "8 neighbours": _square(3),
    "24 neighbours": _square(5),
}


def neighbours(pictures: np.ndarray, name: str) -> np.ndarray:
    """Pictures (N, H, W) -> the neighbourhood of each pixel in reading order, (N·H·W, inputs), same dtype.

    KeyError for an unknown name.
    """
    kind = NEIGHBOURHOODS[name]
    count, height, width = pictures.shape
    pad = kind.side // 2
    padded = np.pad(pictures, ((0, 0), (pad, pad), (pad, pad)))
    rows = np.empty((count, height, width, kind.inputs), pictures.dtype)
    for i, (row, column) in enumerate(kind.places):
        rows[..., i] = padded[:, row : row + height, column : column + width]
    return rows.reshape(-1, kind.inputs)

"""How well the captcha reader reads: fresh pictures of each style, in faces that it has not learnt from."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from engine.captcha import read
from engine.captcha_styles import STYLES
from engine.faces import Faces, NoFaces, debian_faces, shipped_faces
from engine.network import Network

SEED = 2_000_000_000  # far from every seed of the training


def measure(network: Network, count: int = 100, styles: Iterable[str] = STYLES) -> dict[str, float]:
    """The share (0 to 1) of whole numbers that are read right, by style, at each difficulty in turn."""
    try:
        faces = debian_faces("validation")
    except NoFaces:
        faces = shipped_faces()
    figures = {style: round(read_right(network, style, count, faces), 4) for style in styles}
    return figures | {"all": round(float(np.mean(list(figures.values()))), 4)}


def read_right(network: Network, style: str, count: int, faces: Faces) -> float:
    """The share of `count` fresh pictures of 4 to 6 digits that are read right."""
    right = 0
    for i in range(count):
        rng = np.random.default_rng((SEED, i))
        text = "".join(map(str, rng.integers(0, 10, rng.integers(4, 7))))
        right += read(STYLES[style].draw(text, i % 5 + 1, rng, faces), network).text == text
    return right / count

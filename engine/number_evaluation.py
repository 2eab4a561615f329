"""How well a reader of handwritten numbers reads numbers by hands that it has not learnt from."""

from __future__ import annotations

import numpy as np

from engine.network import Network
from engine.number_corpus import SHARES, draw_number, random_number
from engine.number_sources import Sources, tuning_sources
from engine.numbers import look_at

SEED = 2_100_000_000  # far from every seed of the training


def measure(network: Network, count: int = 100) -> dict[str, float]:
    """The share (0 to 1) of whole numbers that are read right, on each kind of paper. DataUnavailable where
    the digits to compose them from are not here.
    """
    sources = tuning_sources()
    figures = {kind: round(read_right(network, kind, count, sources), 4) for kind in SHARES}
    return figures | {"all": round(float(np.mean(list(figures.values()))), 4)}


def read_right(network: Network, kind: str, count: int, sources: Sources) -> float:
    """The share of `count` fresh numbers that the network alone reads right."""
    right = 0
    for picture, text in composed(kind, count, sources):
        right += look_at(picture, network).text == text
    return right / count


def composed(kind: str, count: int, sources: Sources) -> list[tuple[np.ndarray, str]]:
    """Pictures of one number each on one kind of paper, and their digits; the same each time."""
    made = []
    for i in range(count):
        rng = np.random.default_rng((SEED, i, list(SHARES).index(kind)))
        digits = random_number(rng)
        made.append((draw_number(digits, kind, sources, rng), "".join(map(str, digits))))
    return made

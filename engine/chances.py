"""What is drawn by chance: a number, one of several, whether at all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

T = TypeVar("T")


def within(rng: np.random.Generator, low: float, high: float) -> float:
    """A number between two others."""
    return low + (high - low) * float(rng.random())


def whole(rng: np.random.Generator, low: int, high: int) -> int:
    """A whole number from `low` to `high`, both possible."""
    return low + int(rng.random() * (high - low + 1))


def pick(rng: np.random.Generator, options: Sequence[T]) -> T:
    """One of the options; a fraction of the time of Generator.choice."""
    return options[int(rng.random() * len(options))]


def chance(rng: np.random.Generator, probability: float) -> bool:
    return bool(rng.random() < probability)

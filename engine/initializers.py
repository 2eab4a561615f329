"""Where weights start: each initializer is a function (rng, shape, fan_in) -> float32 array.

`fan_in` is the number of inputs that one output sums over: n for a dense layer of n inputs, k·k·C for a
k × k convolution over C channels.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Initializer = Callable[[np.random.Generator, tuple[int, ...], int], np.ndarray]


def he(rng: np.random.Generator, shape: tuple[int, ...], fan_in: int) -> np.ndarray:
    """N(0, √(2/n)), which keeps the variance of ReLU layers constant (He et al. 2015)."""
    return (rng.standard_normal(shape, dtype=np.float32) * np.float32(np.sqrt(2.0 / fan_in))).astype(
        np.float32
    )


def lecun(rng: np.random.Generator, shape: tuple[int, ...], fan_in: int) -> np.ndarray:
    """N(0, 1/√n), for sigmoid and tanh layers (LeCun et al. 1998)."""
    return rng.standard_normal(shape, dtype=np.float32) * np.float32(1.0 / np.sqrt(fan_in))


def normal(deviation: float) -> Initializer:
    """N(0, deviation), whatever the layer's size."""

    def initial(rng: np.random.Generator, shape: tuple[int, ...], fan_in: int) -> np.ndarray:
        return rng.standard_normal(shape, dtype=np.float32) * np.float32(deviation)

    return initial


def uniform(rng: np.random.Generator, shape: tuple[int, ...], fan_in: int) -> np.ndarray:
    """Evenly from [0, 1), as `numpy.random.rand` has it: no weight is negative."""
    return rng.random(shape, dtype=np.float32)


def truncated_normal(mean: float, deviation: float) -> Initializer:
    """N(mean, deviation) without what lies beyond two deviations, which is drawn again, as Keras has it."""

    def initial(rng: np.random.Generator, shape: tuple[int, ...], fan_in: int) -> np.ndarray:
        drawn = rng.standard_normal(shape, dtype=np.float32)
        while (beyond := np.abs(drawn) > 2).any():
            drawn[beyond] = rng.standard_normal(int(beyond.sum()), dtype=np.float32)
        return drawn * np.float32(deviation) + np.float32(mean)

    return initial


def zeros(rng: np.random.Generator, shape: tuple[int, ...], fan_in: int) -> np.ndarray:
    """All zero: the usual start of a bias."""
    return np.zeros(shape, np.float32)

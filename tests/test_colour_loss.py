"""The colouriser's loss against loops and against differences."""

from __future__ import annotations

import numpy as np
import pytest

from engine import ab_bins
from engine.losses import PALE, colour_cross_entropy, colour_cross_entropy_by_photo


def example() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (2, 3, 4, 261))
    return logits, rng.integers(-70, 71, (2, 3, 4, 2)).astype(np.int8)


def test_against_loops() -> None:
    logits, colours = example()
    values = []
    for row, colour in zip(logits.reshape(-1, 261), colours.reshape(-1, 2), strict=True):
        nearest, share = ab_bins.soft_encode(colour)
        target = np.zeros(261)
        target[nearest] = share
        log_p = row - np.log(np.exp(row).sum())
        weight = float((ab_bins.training_weights() * target).sum())
        values.append(-weight * float((target * log_p).sum()))
    assert colour_cross_entropy(logits, colours)[0] == pytest.approx(np.mean(values), rel=1e-5)


def test_gradient() -> None:
    logits, colours = example()
    rng = np.random.default_rng(1)
    _, gradient = colour_cross_entropy(logits, colours)
    assert gradient.dtype == np.float64
    for _ in range(3):
        direction = rng.normal(size=logits.shape)
        ahead, behind = (colour_cross_entropy(logits + h * direction, colours)[0] for h in (1e-5, -1e-5))
        assert (ahead - behind) / 2e-5 == pytest.approx(float((gradient * direction).sum()), rel=1e-6)


def test_float32_stays_and_nothing_overflows() -> None:
    logits, colours = example()
    value, gradient = colour_cross_entropy((1000 * logits).astype(np.float32), colours)
    assert gradient.dtype == np.float32
    assert np.isfinite(value)
    assert np.isfinite(gradient).all()


def test_the_mean_of_two_halves_is_the_whole() -> None:
    """So that two threads can share a batch."""
    logits, colours = example()
    halves = [colour_cross_entropy(logits[i : i + 1], colours[i : i + 1]) for i in range(2)]
    value, gradient = colour_cross_entropy(logits, colours)
    assert value == pytest.approx(np.mean([half[0] for half in halves]))
    np.testing.assert_allclose(gradient, np.concatenate([half[1] for half in halves]) / 2, atol=1e-12)


def test_pale_photos_weigh_more() -> None:
    """Two photos alone, then together: the mean of the two values weighs as their chroma says."""
    logits, colours = example()
    colours[0] //= 8
    alone = [colour_cross_entropy(logits[i : i + 1], colours[i : i + 1])[0] for i in (0, 1)]
    chroma = (colours.astype(np.float64) ** 2).sum(axis=3).mean(axis=(1, 2))
    weights = 1 / (chroma + PALE)
    value, gradient = colour_cross_entropy_by_photo(logits, colours)
    assert value == pytest.approx(float((weights * alone).sum() / weights.sum()), rel=1e-5)
    plain = colour_cross_entropy(logits, colours)[1]
    ratio = gradient[0] / plain[0], gradient[1] / plain[1]
    np.testing.assert_allclose(ratio[0], 2 * weights[0] / weights.sum(), rtol=1e-4)
    np.testing.assert_allclose(ratio[1], 2 * weights[1] / weights.sum(), rtol=1e-4)

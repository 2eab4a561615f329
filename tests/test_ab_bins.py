"""The colouriser's colours: sRGB is covered, colours are shared as published, weights can be undone."""

from __future__ import annotations

import numpy as np
import pytest

from engine import ab_bins
from engine.ab_bins import BINS, LABELS, SHARE, decode, probabilities, soft_encode
from engine.colour_spaces import lab_from_srgb

PLACE = {label: i for i, label in enumerate(LABELS)}


def test_every_colour_of_a_screen_is_near_a_bin() -> None:
    levels = np.arange(0, 256, 5, dtype=np.uint8)
    cube = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(-1, 3)
    rounded = np.rint(lab_from_srgb(cube)[:, 1:] / 10) * 10
    assert {f"{int(a)} {int(b)}" for a, b in rounded} <= set(LABELS)
    assert len(LABELS) == len(set(LABELS)) == len(BINS) == len(SHARE) == 261
    assert SHARE.sum() == pytest.approx(1)
    assert SHARE.argmax() == PLACE["0 0"]


def test_a_bin_shares_with_its_four_neighbours() -> None:
    nearest, share = soft_encode(np.array([20.0, 30.0]))
    assert {LABELS[i] for i in nearest} == {"20 30", "10 30", "30 30", "20 20", "20 40"}
    assert nearest[0] == PLACE["20 30"]
    neighbour = np.exp(-(10**2) / (2 * 5**2))
    np.testing.assert_allclose(share, np.array([1] + [neighbour] * 4) / (1 + 4 * neighbour), rtol=1e-5)


def test_soft_encoding_against_a_sorted_list() -> None:
    for colour in np.random.default_rng(0).uniform(-70, 70, (20, 2)):
        distances = [float(np.hypot(*(colour - one))) for one in BINS]
        five = sorted(range(261), key=distances.__getitem__)[:5]
        shares = np.array([np.exp(-(distances[i] ** 2) / 50) for i in five])
        nearest, share = soft_encode(colour)
        assert nearest.tolist() == five
        np.testing.assert_allclose(share, shares / shares.sum(), rtol=1e-3)


def test_the_table_is_the_encoding_of_whole_numbers() -> None:
    nearest, share, weight = ab_bins.targets()
    colours = np.array([[0, 0], [-120, 120], [53, -71], [120, -120]], np.int8)
    where = ab_bins.place(colours)
    expected_nearest, expected_share = soft_encode(colours)
    np.testing.assert_array_equal(nearest[where], expected_nearest)
    np.testing.assert_allclose(share[where], expected_share, rtol=1e-5)
    rare, common = weight[ab_bins.place(np.array([70, 40]))], weight[ab_bins.place(np.array([0, 0]))]
    assert rare > 5 * common


def test_weights_are_one_on_the_mean_and_larger_where_colours_are_rare() -> None:
    for weights in (ab_bins.weights(), ab_bins.training_weights()):
        assert (weights * SHARE).sum() == pytest.approx(1)
        assert weights.argmin() == PLACE["0 0"]
        assert weights[PLACE["100 -60"]] == weights.max()
    # Without a share of its own a bin has the uniform half alone.
    raw = 1 / (0.5 / 261)
    ratio = ab_bins.weights().max() / ab_bins.weights().min()
    assert 1 < ratio < raw
    assert ab_bins.training_weights().max() / ab_bins.training_weights().min() == pytest.approx(ratio**0.5)


def test_faithful_undoes_the_weights_of_training() -> None:
    rng = np.random.default_rng(0)
    truth = rng.dirichlet(np.full(261, 0.1), 5)
    seen = np.log(truth * ab_bins.training_weights() + 1e-12).astype(np.float32)
    np.testing.assert_allclose(decode(seen, 0), truth @ BINS, atol=0.05)


def test_vivid_is_more_colourful() -> None:
    logits = np.random.default_rng(0).normal(size=(50, 261)).astype(np.float32)
    logits += np.log(SHARE + 1e-5).astype(np.float32)
    kept = logits.copy()
    chroma = [float(np.hypot(*decode(logits, vivid).T).mean()) for vivid in (0, 0.25, 0.5, 0.75, 1)]
    assert chroma == sorted(chroma)
    assert chroma[-1] > 1.4 * chroma[0]
    np.testing.assert_array_equal(logits, kept)


@pytest.mark.parametrize("vivid", [0.0, 0.5, 1.0])
def test_what_is_certain_stays(vivid: float) -> None:
    logits = np.full((1, 261), -50, np.float32)
    logits[0, PLACE["-40 50"]] = 50
    np.testing.assert_allclose(decode(logits, vivid), [[-40, 50]], atol=1e-3)
    assert probabilities(logits, vivid).sum() == pytest.approx(1)


def test_vivid_has_ends() -> None:
    for vivid in (-0.1, 1.1, float("nan")):
        with pytest.raises(ValueError, match="vivid goes from 0 to 1"):
            decode(np.zeros((1, 261), np.float32), vivid)

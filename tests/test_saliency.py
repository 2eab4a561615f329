"""Why: gradients against finite differences, occlusion where it can be known exactly, and changed digits."""

from __future__ import annotations

import numpy as np
import pytest

from engine import saliency
from engine.checkpoint import load_pretrained
from engine.ink import fit_digit
from engine.layer import Layer
from engine.layers import Dense, Flatten, Sequential, Sigmoid
from engine.network import Network
from tests.drawings import drawn


def ink_of(digit: int, side: int = 28) -> np.ndarray:
    return fit_digit(drawn(digit), side).astype(np.float32) / 255


def in_float64(network: Network) -> Sequential:
    """The network's layers up to softmax or sigmoid, in double precision."""
    twin = network.copy()

    def widen(layer: Layer) -> None:
        for arrays in (layer.parameters, layer.buffers):
            for name, array in arrays.items():
                arrays[name] = array.astype(np.float64)

    for layer in twin.layers:
        widen(layer)
    last = isinstance(twin.layers[-1], Sigmoid)
    return Sequential(twin.layers[:-1] if last else twin.layers)


def exact_evidence(network: Network, wide: Sequential, ink: np.ndarray, digit: int) -> float:
    """Written out from its definition: padded, scaled, one output minus the mean of the others."""
    how = network.preprocessing
    outputs = wide.predict(np.pad(ink, how.pad)[None, :, :, None] * how.scale + how.offset)[0]
    return float(outputs[digit] - (outputs.sum() - outputs[digit]) / 9)


@pytest.mark.parametrize("name", ["digits", "lenet-5", "cnn-8", "mlp-100", "mlp-relu-128", "digits-8x8"])
def test_the_map_of_strokes_against_finite_differences(name: str) -> None:
    network = load_pretrained(name)
    wide, digit = in_float64(network), 3
    ink = ink_of(digit, network.preprocessing.size)
    found = saliency.strokes(network, ink, digit)
    assert (found[ink == 0] == 0).all()
    assert np.abs(found).max() > 0.01
    step = 1e-5
    inked = np.argwhere(ink > 0)
    for row, column in inked[np.random.default_rng(0).permutation(len(inked))[:25]]:
        more, less = ink.astype(np.float64), ink.astype(np.float64)
        more[row, column] += step
        less[row, column] -= step
        rise = exact_evidence(network, wide, more, digit) - exact_evidence(network, wide, less, digit)
        expected = rise / (2 * step) * ink[row, column]
        assert found[row, column] == pytest.approx(expected, abs=2e-4 * float(np.abs(found).max()))


def test_evidence_is_what_it_says() -> None:
    network = load_pretrained("lenet-5")
    inks = np.stack([ink_of(3), ink_of(8)])
    found = saliency.evidence(network, inks, 3)
    expected = [exact_evidence(network, in_float64(network), ink, 3) for ink in inks]
    np.testing.assert_allclose(found, expected, rtol=1e-4)
    assert found[0] > found[1]


def linear() -> Network:
    """One dense layer: what a place holds is known without a network."""
    return Network([Flatten(), Dense(28 * 28, 10, rng=np.random.default_rng(0))], (28, 28, 1))


def test_of_a_linear_network_the_strokes_add_up_to_the_evidence() -> None:
    network, ink = linear(), ink_of(6)
    both = saliency.evidence(network, np.stack([ink, np.zeros_like(ink)]), 6)
    assert saliency.strokes(network, ink, 6).sum() == pytest.approx(both[0] - both[1], abs=1e-4)


def test_of_a_linear_network_occlusion_is_the_strokes_in_each_window() -> None:
    network, ink = linear(), ink_of(6)
    strokes, found = saliency.strokes(network, ink, 6), saliency.occlusion(network, ink, 6)
    for row, column in ((14, 14), (0, 27), (9, 20)):
        windows = [
            strokes[max(0, y) : y + 5, max(0, x) : x + 5].sum()
            for y in range(-4, 28, 2)
            for x in range(-4, 28, 2)
            if y <= row < y + 5 and x <= column < x + 5
        ]
        assert found[row, column] == pytest.approx(np.mean(windows), abs=1e-4)


def test_the_stem_of_a_seven_speaks_for_it() -> None:
    found = saliency.occlusion(load_pretrained("digits"), ink_of(7), 7)
    assert found.max() > 5 * max(0, -found.min())
    assert (found[:, :3] == 0).all(), "nothing is drawn there"


@pytest.mark.parametrize(
    ("name", "digit", "other"),
    [("digits", 4, 9), ("digits", 3, 8), ("lenet-5", 7, 1), ("cnn-8", 4, 9), ("mlp-100", 3, 8),
     ("digits-8x8", 3, 8)],
)  # fmt: skip
def test_what_would_make_it_another_digit(name: str, digit: int, other: int) -> None:
    network = load_pretrained(name)
    ink = ink_of(digit, network.preprocessing.size)
    change = saliency.turn_into(network, ink, other)
    assert change.reached
    assert change.probability >= 0.5
    assert change.ink.min() >= 0
    assert change.ink.max() <= 1
    assert 0 < np.abs(change.ink - ink).sum() < 2.5 * ink.sum()
    almost = ink + np.float32(0.9) * (change.ink - ink)
    inputs = saliency.to_network_input(almost[None], network.preprocessing)
    assert network.probabilities(inputs)[0, other] < 0.5, "less would have done"


def test_a_four_becomes_a_nine_where_it_is_open() -> None:
    """The top is closed: more ink there than anywhere else."""
    ink = ink_of(4)
    added = saliency.turn_into(load_pretrained("digits"), ink, 9).ink - ink
    assert added[:14].sum() > 2 * abs(added[14:].sum())


def test_a_digit_that_it_is_already_needs_no_change() -> None:
    ink = ink_of(4)
    change = saliency.turn_into(load_pretrained("digits"), ink, 4)
    assert change.reached
    assert change.steps == 0
    np.testing.assert_array_equal(change.ink, ink)


def test_smoothing_keeps_the_sum_and_spreads_one_pixel() -> None:
    dot = np.zeros((5, 5), np.float32)
    dot[2, 2] = 16
    expected = np.zeros((5, 5))
    expected[1:4, 1:4] = [[1, 2, 1], [2, 4, 2], [1, 2, 1]]
    np.testing.assert_array_equal(saliency.smoothed(dot), expected)

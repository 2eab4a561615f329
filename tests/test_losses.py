"""Losses against numbers that were worked out by hand, or that Keras's manual gives."""

from __future__ import annotations

import itertools
import math
import re
from typing import Any

import numpy as np
import pytest

from engine.layer import Array
from engine.losses import (
    LOSSES,
    Loss,
    cross_entropy,
    ctc,
    mean_squared_error,
    one_hot,
    softmax,
    squared_error,
)
from tests.foreign_array import foreign

# Softmax of (ln 1, ln 2, ln 5) is (1, 2, 5) / 8.
LOGITS = np.log([[1.0, 2.0, 5.0]])


def test_cross_entropy_of_one_label() -> None:
    value, gradient = cross_entropy(np.array([[0, math.log(3)]]), np.array([1]))
    assert value == pytest.approx(0.28768207)  # ln 4/3
    np.testing.assert_allclose(gradient, [[0.25, -0.25]])


def test_cross_entropy_is_a_mean_over_the_samples() -> None:
    value, gradient = cross_entropy(np.concatenate([LOGITS, LOGITS]), np.array([2, 0]))
    assert value == pytest.approx((0.47000363 + 2.07944154) / 2)  # ln 8/5 and ln 8
    np.testing.assert_allclose(gradient, [[1 / 16, 1 / 8, -3 / 16], [-7 / 16, 1 / 8, 5 / 16]])


def test_cross_entropy_of_logits_in_any_order_of_memory() -> None:
    logits, labels = np.random.default_rng(0).standard_normal((5, 3)), np.array([2, 0, 1, 1, 0])
    value, gradient = cross_entropy(logits, labels)
    turned = np.asfortranarray(logits)
    assert cross_entropy(turned, labels)[0] == pytest.approx(value)
    np.testing.assert_allclose(cross_entropy(turned, labels)[1], gradient)
    np.testing.assert_allclose(gradient.sum(axis=1), 0, atol=1e-12)  # 1 was taken off in each row


@pytest.mark.parametrize("labels", [[2, 0, 1, 3, 0], [2, 0, -1, 1, 0], [2, 0, 1], [[2], [0], [1], [1], [0]]])
def test_labels_that_are_none_get_a_sentence(labels: list[Any]) -> None:
    """Below 0 they would count from behind, and the gradient would be wrong without a word."""
    with pytest.raises(ValueError, match="labels"):
        cross_entropy(np.zeros((5, 3), np.float32), np.array(labels))
    if np.ndim(labels) == 1 and len(labels) == 5:
        with pytest.raises(ValueError, match="labels go from 0 to 2"):
            one_hot(np.array(labels), 3)


@pytest.mark.parametrize(
    "labels", [np.array([[1], [0]]), np.array([True, False]), np.array([1.0, 0.0]), np.array(1)]
)
def test_labels_are_integers_of_one_axis(labels: np.ndarray) -> None:
    sentence = re.escape(f"labels should be integers of shape (N,), not {labels.dtype} {labels.shape}")
    with pytest.raises(ValueError, match=sentence):
        one_hot(labels, 2)
    with pytest.raises(ValueError, match="labels should be"):
        cross_entropy(np.zeros((2, 3), np.float32), labels)


@pytest.mark.parametrize("labels", [[[0.0, 1.0]], [[True, False]], [0, 1], [[0, 1], [1, 0]]])
def test_texts_are_integers_of_two_axes(labels: Any) -> None:
    with pytest.raises(ValueError, match=r"labels should be integers of shape \(N, L\)|a text for each of 1"):
        ctc(np.zeros((1, 8, 4), np.float32), np.array(labels))


@pytest.mark.parametrize("loss", [squared_error, mean_squared_error])
@pytest.mark.parametrize("target", [np.array([1, 0]), np.array([[1], [0]]), np.array(1.0), np.ones((1, 2))])
def test_targets_are_as_the_outputs_are(loss: Loss, target: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"targets should be \(2, 2\) as the outputs are"):
        loss(np.zeros((2, 2), np.float32), target)


@pytest.mark.parametrize(
    ("labels", "sentence"),
    [([[0, 3]], "labels go from 0 to 2"), ([[0, -2]], "ends at"), ([[0, -1, 1]], "ends at its first -1")],
)
def test_texts_that_are_none_get_a_sentence(labels: list[list[int]], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        ctc(np.zeros((1, 8, 4), np.float32), np.array(labels))


def test_cross_entropy_of_soft_targets() -> None:
    value, gradient = cross_entropy(LOGITS, np.array([[0.5, 0.5, 0]]))
    assert value == pytest.approx(1.73286795)  # half of ln 8 and half of ln 4
    np.testing.assert_allclose(gradient, [[-0.375, -0.25, 0.625]])
    value, gradient = cross_entropy(LOGITS, np.array([[0.0, 0.0, 3.0]]))  # weighs three times
    assert value == pytest.approx(3 * 0.47000363)
    np.testing.assert_allclose(gradient, [[0.375, 0.75, -1.125]])


def test_keras_examples() -> None:
    """From the pages of keras.losses.CategoricalCrossentropy and keras.losses.MeanSquaredError."""
    probabilities = np.array([[0.05, 0.95, 1e-9], [0.1, 0.8, 0.1]])
    assert cross_entropy(np.log(probabilities), np.array([1, 2]))[0] == pytest.approx(1.177, abs=5e-4)
    prediction, target = np.array([[1.0, 1.0], [1.0, 0.0]]), np.array([[0.0, 1.0], [0.0, 0.0]])
    assert mean_squared_error(prediction, target)[0] == 0.5


@pytest.mark.parametrize(("label", "value", "slopes"), [(0, 0, [0, 0]), (1, 2000, [1, -1])])
def test_logits_of_a_thousand(label: int, value: float, slopes: list[float]) -> None:
    for dtype in (np.float32, np.float64):
        logits = np.array([[1000, -1000]], dtype)
        for target in (np.array([label]), one_hot(np.array([label]), 2).astype(dtype)):
            found, gradient = cross_entropy(logits, target)
            assert found == value
            np.testing.assert_array_equal(gradient, [slopes])


def test_softmax() -> None:
    np.testing.assert_allclose(softmax(LOGITS), [[0.125, 0.25, 0.625]])
    assert softmax(np.array([[1000, -1000, -1000]], np.float32)).tolist() == [[1, 0, 0]]
    assert softmax(np.array([[-1000, -1000]], np.float32)).tolist() == [[0.5, 0.5]]


PREDICTION = np.array([[1.0, 2.0, 5.0], [2.0, 4.0, 0.0]])
TARGET = np.array([[0.0, 0.0, 5.0], [0.0, 1.0, 1.0]])  # errors 1, 2, 0 and 2, 3, -1; their squares sum to 19


def test_squared_error() -> None:
    value, gradient = squared_error(PREDICTION, TARGET)
    assert value == 19 / 4  # half, and half for two samples
    np.testing.assert_array_equal(gradient, [[0.5, 1, 0], [1, 1.5, -0.5]])


def test_mean_squared_error() -> None:
    value, gradient = mean_squared_error(PREDICTION, TARGET)
    assert value == pytest.approx(19 / 6)
    np.testing.assert_allclose(gradient, np.array([[1, 2, 0], [2, 3, -1]]) / 3)


every_loss = pytest.mark.parametrize("name", LOSSES)


def some(dtype: type[np.floating] = np.float64) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    target = rng.uniform(size=(5, 4))
    return rng.standard_normal((5, 4)).astype(dtype), (target / target.sum(1, keepdims=True)).astype(dtype)


@every_loss
def test_gradients(name: str) -> None:
    loss, (prediction, target) = LOSSES[name], some()
    _, gradient = loss(prediction, target)
    for place in np.ndindex(prediction.shape):
        step = np.zeros_like(prediction)
        step[place] = 1e-5
        slope = (loss(prediction + step, target)[0] - loss(prediction - step, target)[0]) / 2e-5
        assert gradient[place] == pytest.approx(slope, rel=1e-6, abs=1e-10)


@every_loss
def test_twice_the_samples_give_the_same_loss(name: str) -> None:
    loss, (prediction, target) = LOSSES[name], some()
    value, gradient = loss(prediction, target)
    twice, halves = loss(np.concatenate([prediction] * 2), np.concatenate([target] * 2))
    assert twice == pytest.approx(value)
    np.testing.assert_allclose(halves, np.concatenate([gradient, gradient]) / 2)


@every_loss
def test_dtype_and_inputs_are_kept(name: str) -> None:
    prediction, target = some(np.float32)
    given, wanted = prediction.copy(), target.copy()
    value, gradient = LOSSES[name](prediction, target)
    assert isinstance(value, float)
    assert gradient.dtype == np.float32
    np.testing.assert_array_equal(prediction, given)
    np.testing.assert_array_equal(target, wanted)


@pytest.mark.parametrize("loss", [*LOSSES.values()], ids=[*LOSSES])
def test_other_array_libraries(loss: Loss) -> None:
    prediction, target = some()
    value, gradient = loss(prediction, target)
    value_there, gradient_there = loss(foreign(prediction), foreign(target))
    assert value_there == pytest.approx(value)
    np.testing.assert_allclose(gradient_there.inside, gradient)


def test_labels_of_other_array_libraries() -> None:
    labels = foreign(np.array([0, 3, 1, 1, 2]))
    prediction, _ = some()
    value, gradient = cross_entropy(foreign(prediction), labels)
    here, gradient_here = cross_entropy(prediction, labels.inside)
    assert value == pytest.approx(here)
    np.testing.assert_allclose(gradient.inside, gradient_here)
    targets: Array = one_hot(labels, 4)
    np.testing.assert_array_equal(targets.inside, one_hot(labels.inside, 4))


def test_one_hot() -> None:
    targets = one_hot(np.array([2, 0]), 3, 0.01, 0.99)
    assert targets.dtype == np.float32
    np.testing.assert_allclose(targets, [[0.01, 0.01, 0.99], [0.99, 0.01, 0.01]])
    assert one_hot(np.array([9])).tolist() == [[0] * 9 + [1]]


# --- CTC ----------------------------------------------------------------------------------------------------


def all_ways(logits: np.ndarray, text: tuple[int, ...]) -> float:
    """The probability of a text, summed over every way to write it: (T, K) with the blank last."""
    columns, classes = logits.shape
    odds = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    total = 0.0
    for way in itertools.product(range(classes), repeat=columns):
        signs = tuple(sign for sign, _ in itertools.groupby(way) if sign != classes - 1)
        if signs == text:
            total += float(np.prod(odds[np.arange(columns), way]))
    return total


def filled(texts: list[tuple[int, ...]]) -> np.ndarray:
    longest = max(len(text) for text in texts)
    return np.array([[*text, *[-1] * (longest - len(text))] for text in texts])


TEXTS = [(0,), (0, 1), (1, 1), (2, 0, 2), (0, 0, 0), (), (2, 2, 1)]


@pytest.mark.parametrize("text", TEXTS, ids=str)
def test_ctc_is_the_sum_over_all_ways(text: tuple[int, ...]) -> None:
    logits = np.random.default_rng(len(text)).normal(0, 2, (1, 5, 4))
    value, _ = ctc(logits, filled([text, (0, 1, 2)])[:1])
    assert value == pytest.approx(-np.log(all_ways(logits[0], text)), rel=1e-10)


def test_ctc_is_the_mean_over_texts_of_different_lengths() -> None:
    logits = np.random.default_rng(3).normal(0, 2, (len(TEXTS), 5, 4))
    each = [-np.log(all_ways(row, text)) for row, text in zip(logits, TEXTS, strict=True)]
    assert ctc(logits, filled(TEXTS))[0] == pytest.approx(np.mean(each), rel=1e-10)


def test_the_gradient_of_ctc_is_its_slope() -> None:
    rng = np.random.default_rng(4)
    logits, labels = rng.normal(0, 3, (len(TEXTS), 7, 4)), filled(TEXTS)
    _, gradient = ctc(logits, labels)
    for n, t, k in np.ndindex(gradient.shape):
        step = np.zeros_like(logits)
        step[n, t, k] = 1e-5
        slope = (ctc(logits + step, labels)[0] - ctc(logits - step, labels)[0]) / 2e-5
        assert gradient[n, t, k] == pytest.approx(slope, rel=1e-5, abs=1e-8)


def test_ctc_keeps_float32_and_bears_hopeless_logits() -> None:
    logits = np.zeros((2, 40, 11), np.float32)
    logits[:, :, 10] = 1000
    value, gradient = ctc(logits, np.array([[1, 2, 3, 4], [5, 5, -1, -1]]))
    assert gradient.dtype == np.float32
    assert np.isfinite(gradient).all()
    assert value == pytest.approx((4 + 2) / 2 * 1000, rel=0.01)


def test_a_text_too_long_for_its_columns_is_refused() -> None:
    ctc(np.zeros((1, 3, 4)), np.array([[0, 1, 0]]))
    with pytest.raises(ValueError, match="too long for 3 columns"):
        ctc(np.zeros((1, 3, 4)), np.array([[0, 0, 1]]))  # a blank has to stand between equal signs

"""Losses against numbers that were worked out by hand, or that Keras's manual gives."""

from __future__ import annotations

import math

import numpy as np
import pytest

from engine.layer import Array
from engine.losses import LOSSES, Loss, cross_entropy, mean_squared_error, one_hot, softmax, squared_error
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

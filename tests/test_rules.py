"""The tutorial's rule against the tutorial's loop, written once more in plain NumPy."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from engine.initializers import lecun
from engine.layers import Conv2D, Dense, Flatten, Layer, MaxPool2D, ReLU, Sequential, Sigmoid, Tanh
from engine.losses import cross_entropy, mean_squared_error, one_hot, squared_error
from engine.network import Network
from engine.optimizers import SGD
from engine.rules import RULES, backpropagation, raw_error

RATE = 0.2


def network(*sizes: int, seed: int = 0) -> Network:
    rng = np.random.default_rng(seed)
    layers: list[Layer] = [Flatten()]
    for inputs, outputs in pairwise(sizes):
        layers += [Dense(inputs, outputs, bias=False, initial=lecun, rng=rng), Sigmoid()]
    return Network(layers, (8, 8, 1))


def samples(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Pictures from 0.01 to 1 and targets of 0.01 and 0.99, as the tutorial has them."""
    rng = np.random.default_rng(3)
    pictures = (rng.integers(0, 17, (count, 8, 8, 1)) / 16 * 0.99 + 0.01).astype(np.float32)
    return pictures, one_hot(rng.integers(0, 10, count), 10, 0.01, 0.99)


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def tutorial(weights: list[np.ndarray], pictures: np.ndarray, targets: np.ndarray) -> list[np.ndarray]:
    """The published loop, one sample after another: matrices (outputs, inputs) and columns."""
    weights = [w.T.astype(np.float64) for w in weights]
    for picture, target in zip(pictures, targets, strict=True):
        signals = [picture.reshape(-1, 1).astype(np.float64)]
        for w in weights:
            signals.append(sigmoid(np.dot(w, signals[-1])))
        errors = target.reshape(-1, 1) - signals[-1]
        for i in reversed(range(len(weights))):
            below = np.dot(weights[i].T, errors)
            slope = signals[i + 1] * (1.0 - signals[i + 1])
            weights[i] = weights[i] + RATE * np.dot(errors * slope, signals[i].T)
            errors = below
    return [w.T for w in weights]


@pytest.mark.parametrize("sizes", [(64, 10), (64, 32, 10), (64, 24, 16, 10)])
def test_raw_error_is_the_tutorials_loop(sizes: tuple[int, ...]) -> None:
    net, (pictures, targets) = network(*sizes), samples(60)
    before = [p.copy() for p in net.parameters.values()]
    expected = tutorial(before, pictures, targets)
    optimizer = SGD(RATE)
    for i in range(len(pictures)):
        value, gradients = raw_error(net, pictures[i : i + 1], targets[i : i + 1], squared_error)
        if i == 0:
            output = net.predict(pictures[:1])
            assert value == pytest.approx(0.5 * ((output - targets[:1]) ** 2).sum(), rel=1e-5)
        optimizer.step(net.parameters, gradients)
    for found, wanted, old in zip(net.parameters.values(), expected, before, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-3, atol=1e-5)
        assert np.abs(found - old).max() > 0.01


def test_it_is_the_true_gradient_in_the_last_layer_and_only_there() -> None:
    net, (pictures, targets) = network(64, 32, 10), samples(5)
    value, raw = raw_error(net, pictures, targets, squared_error)
    true_value, true = backpropagation(net, pictures, targets, squared_error)
    assert value == pytest.approx(true_value)
    assert raw.keys() == true.keys() == net.parameters.keys()
    np.testing.assert_allclose(raw["3.weight"], true["3.weight"], rtol=1e-5)
    # The slope of a sigmoid is at most a quarter, so what is handed down without it is larger.
    assert np.linalg.norm(raw["1.weight"]) > 4 * np.linalg.norm(true["1.weight"])


def test_a_batch_is_the_mean_of_its_samples() -> None:
    net, (pictures, targets) = network(64, 32, 10), samples(4)
    _, together = raw_error(net, pictures, targets, squared_error)
    single = [raw_error(net, pictures[i : i + 1], targets[i : i + 1], squared_error)[1] for i in range(4)]
    for name, gradient in together.items():
        np.testing.assert_allclose(
            gradient, np.mean([one[name] for one in single], axis=0), rtol=1e-4, atol=1e-7
        )


def test_biases_learn_too() -> None:
    net = Network([Flatten(), Dense(64, 10), Sigmoid()], (8, 8, 1))
    pictures, targets = samples(3)
    _, raw = raw_error(net, pictures, targets, mean_squared_error)
    _, true = backpropagation(net, pictures, targets, mean_squared_error)
    np.testing.assert_allclose(raw["1.bias"], true["1.bias"], rtol=1e-5)


@pytest.mark.parametrize(
    "layers",
    [
        [],
        [Flatten()],
        [Flatten(), Dense(64, 10)],
        [Flatten(), Dense(64, 10), ReLU()],
        [Flatten(), Dense(64, 10), Sigmoid(), Dense(10, 10)],
        [Flatten(), Dense(64, 10), Tanh(), Dense(10, 10), Sigmoid()],
        [Flatten(), Sigmoid(), Dense(64, 10)],
        [Conv2D(1, 2, 3), Sigmoid(), Flatten(), Dense(72, 10), Sigmoid()],
        [MaxPool2D(), Flatten(), Dense(16, 10), Sigmoid()],
        [Flatten(), Sequential([Dense(64, 10), Sigmoid()])],
    ],
    ids=lambda layers: "-".join(type(layer).__name__ for layer in layers) or "none",
)
def test_other_networks_are_refused(layers: list[Layer]) -> None:
    pictures, targets = samples(2)
    with pytest.raises(ValueError, match="dense layers that are each followed by a sigmoid, and no others"):
        raw_error(Network(layers, (8, 8, 1)), pictures, targets, squared_error)


def test_backpropagation_is_the_gradient_of_the_loss() -> None:
    """Along the gradient the loss changes by the gradient's square."""
    net, (pictures, targets) = network(64, 32, 10), samples(5)
    for parameters in (net.layers[1].parameters, net.layers[3].parameters):
        parameters["weight"] = parameters["weight"].astype(np.float64)
    for loss in (squared_error, mean_squared_error, cross_entropy):
        _, gradients = backpropagation(net, pictures.astype(np.float64), targets.astype(np.float64), loss)
        values = []
        for step in (1e-4, -1e-4):
            moved = [parameter.copy() for parameter in net.parameters.values()]
            for name, parameter in net.parameters.items():
                parameter += step * gradients[name]
            values.append(loss(net.forward(pictures.astype(np.float64))[0], targets.astype(np.float64))[0])
            for parameter, old in zip(net.parameters.values(), moved, strict=True):
                parameter[...] = old
        squares = sum(float((gradient**2).sum()) for gradient in gradients.values())
        assert (values[0] - values[1]) / 2e-4 == pytest.approx(squares, rel=1e-5)


def test_names() -> None:
    assert RULES["backpropagation"] is backpropagation
    assert RULES["raw error"] is raw_error

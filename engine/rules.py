"""Training rules: how an error at the output becomes a gradient for each parameter.

A rule is (network, x, target, loss) -> (value, gradients).
"""

from __future__ import annotations

from collections.abc import Callable

from engine.layer import Array, Gradients
from engine.layers import Dense, Sigmoid
from engine.losses import Loss
from engine.network import Network

Rule = Callable[[Network, Array, Array, Loss], tuple[float, Gradients]]


def backpropagation(network: Network, x: Array, target: Array, loss: Loss) -> tuple[float, Gradients]:
    """The true gradient of the loss (Rumelhart, Hinton, Williams 1986)."""
    prediction, backward = network.forward(x, training=True)
    value, error = loss(prediction, target)
    return value, backward(error, input_gradient=False)[1]


def raw_error(network: Network, x: Array, target: Array, loss: Loss) -> tuple[float, Gradients]:
    """The rule of a much-copied tutorial: hidden layers get the error of the layer above *before* its
    derivative.

    Each dense layer's own weights learn from error · f′, as they should; but what is handed down through the
    weights is the raw error. It is no gradient of anything, and on the 8 × 8 digits with two epochs it learns
    faster, because the sigmoid's derivative (at most ¼) no longer shrinks what reaches the hidden layer.

    Only for networks of dense layers that are each followed by a sigmoid. ValueError for others.
    """
    pairs = _dense_sigmoid_pairs(network)
    backwards = []
    for _, dense, sigmoid in pairs:
        x, through_dense = dense.forward(x.reshape(x.shape[0], -1), training=True)
        x, through_sigmoid = sigmoid.forward(x, training=True)
        backwards.append((through_dense, through_sigmoid))
    value, error = loss(x, target)
    gradients: Gradients = {}
    for (i, _, _), (through_dense, through_sigmoid) in zip(reversed(pairs), reversed(backwards), strict=True):
        slope, _ = through_sigmoid(error)
        for name, gradient in through_dense(slope, input_gradient=False)[1].items():
            gradients[f"{i}.{name}"] = gradient
        error, _ = through_dense(error)
    return value, gradients


def _dense_sigmoid_pairs(network: Network) -> list[tuple[int, Dense, Sigmoid]]:
    layers = [(i, layer) for i, layer in enumerate(network.layers) if type(layer).__name__ != "Flatten"]
    pairs = []
    for (i, dense), (_, sigmoid) in zip(layers[::2], layers[1::2], strict=False):
        if isinstance(dense, Dense) and isinstance(sigmoid, Sigmoid):
            pairs.append((i, dense, sigmoid))
    if not pairs or len(pairs) * 2 != len(layers):
        raise ValueError(
            "the raw-error rule needs dense layers that are each followed by a sigmoid, and no others"
        )
    return pairs


RULES: dict[str, Rule] = {"backpropagation": backpropagation, "raw error": raw_error}

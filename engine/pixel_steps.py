"""Two ways to train a network of single pixels: through its layers, or one pixel at a time.

A step on one pixel multiplies a handful of numbers, and calling the layers takes far longer than the
arithmetic. `OnePixel` does the same arithmetic in the same order, so that it gives the same numbers to the
last bit, on arrays that were made once: only NumPy's own calls are left.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy import add, dot, matmul, multiply, subtract, tanh

from engine.layers import Dense, Sigmoid
from engine.losses import Loss, mean_squared_error, squared_error
from engine.network import Network
from engine.optimizers import SGD
from engine.rules import backpropagation


class Steps(Protocol):
    """What learns."""

    def learn(self, inputs: np.ndarray, targets: np.ndarray) -> float:
        """Learn pixels (N, n) and their colours (N, 3), float32 from 0 to 1, in this order.

        Returns the sum of the pixels' losses, each as it was before its step.
        """
        ...


def steps_of(network: Network, loss: Loss, optimizer: SGD, batch: int) -> Steps:
    """The quickest way to train this network: `Batches`, or `OnePixel` where the batch is 1."""
    if batch == 1:
        return OnePixel(network, loss, optimizer)
    return Batches(network, loss, optimizer, batch)


class Batches:
    """So many pixels a step, through the layers."""

    def __init__(self, network: Network, loss: Loss, optimizer: SGD, batch: int) -> None:
        self.network, self.loss, self.optimizer, self.batch = network, loss, optimizer, batch
        self.parameters = network.parameters

    def learn(self, inputs: np.ndarray, targets: np.ndarray) -> float:
        total = 0.0
        with np.errstate(over="ignore", invalid="ignore"):
            for start in range(0, len(inputs), self.batch):
                part = slice(start, start + self.batch)
                x = inputs[part]
                value, gradients = backpropagation(self.network, x, targets[part], self.loss)
                self.optimizer.step(self.parameters, gradients)
                total += value * len(x)
        return total


class OnePixel:
    """One pixel a step, for networks of a dense, a sigmoid, a dense and a sigmoid layer.

    From now on the network's parameters are views of one flat array, so that plain descent moves them all in
    two calls. ValueError for other networks and other losses.
    """

    def __init__(self, network: Network, loss: Loss, optimizer: SGD) -> None:
        kinds = [type(layer) for layer in network.layers]
        if kinds != [Dense, Sigmoid, Dense, Sigmoid] or len(network.parameters) != 4:
            raise ValueError("one pixel a step needs a dense, a sigmoid, a dense and a sigmoid layer")
        if loss not in (squared_error, mean_squared_error):
            raise ValueError("one pixel a step needs the squared error, or its mean")
        self.optimizer = optimizer
        self.flat = np.concatenate([array.reshape(-1) for array in network.parameters.values()])
        self.slope = np.zeros_like(self.flat)
        self.weights, self.slopes = _views(self.flat, network), _views(self.slope, network)
        for name, view in self.weights.items():
            number, _, kind = name.partition(".")
            network.layers[int(number)].parameters[kind] = view
        outputs = network.parameters["2.bias"].size
        self.rate = np.full_like(self.flat, optimizer.learning_rate)
        self._step = self._descend if type(optimizer) is SGD else self._optimize
        # The value of an error is its square times the first; its gradient is the error times the second.
        mean = loss is mean_squared_error
        self.value = 1 / outputs if mean else 0.5
        self.pull = 2 / outputs if mean else 1.0

    def learn(self, inputs: np.ndarray, targets: np.ndarray) -> float:
        errors = np.empty_like(targets)
        with np.errstate(over="ignore", invalid="ignore"):
            self._learn(inputs, targets, errors)
            return float(np.square(errors, dtype=np.float64).sum()) * self.value

    def _learn(self, inputs: np.ndarray, targets: np.ndarray, errors: np.ndarray) -> None:
        """All in one loop and by short names, since another call or look-up would cost some of its speed.

        x (1, n) → h (1, hidden) → y (1, 3); dh and dy are the gradients of the sums, so of the biases too.
        """
        w1, b1, w2, b2 = self.weights.values()
        dw1, db1, dw2, db2 = self.slopes.values()
        b1, b2, dh, dy = b1[None], b2[None], db1[None], db2[None]
        h, y, handed_down, pulled = (np.empty_like(array) for array in (b1, b2, b1, b2))
        h_half, y_half, pull = np.full_like(h, 0.5), np.full_like(y, 0.5), np.full_like(y, self.pull)
        h_one, y_one = np.ones_like(h), np.ones_like(y)
        h_column, w2_across = h.T, w2.T
        rows = zip(inputs[:, None], inputs[:, :, None], targets[:, None], errors[:, None], strict=True)
        for x, x_column, target, error in rows:
            matmul(x, w1, h)
            add(h, b1, h)
            multiply(h, h_half, h)  # the sigmoid, by way of tanh
            tanh(h, h)
            multiply(h, h_half, h)
            add(h, h_half, h)
            matmul(h, w2, y)
            add(y, b2, y)
            multiply(y, y_half, y)
            tanh(y, y)
            multiply(y, y_half, y)
            add(y, y_half, y)
            subtract(y, target, error)
            subtract(y_one, y, dy)
            multiply(dy, y, dy)
            multiply(error, pull, pulled)
            multiply(dy, pulled, dy)
            matmul(dy, w2_across, handed_down)
            subtract(h_one, h, dh)
            multiply(dh, h, dh)
            multiply(dh, handed_down, dh)
            dot(x_column, dh, dw1)
            dot(h_column, dy, dw2)
            self._step()

    def _descend(self) -> None:
        """Plain descent: the gradient, times the rate, off all the weights."""
        multiply(self.slope, self.rate, self.slope)
        subtract(self.flat, self.slope, self.flat)

    def _optimize(self) -> None:
        self.optimizer.step(self.weights, self.slopes)


def _views(flat: np.ndarray, network: Network) -> dict[str, np.ndarray]:
    """Parts of a flat array, by the names and in the shapes of the network's parameters."""
    views, start = {}, 0
    for name, array in network.parameters.items():
        views[name] = flat[start : start + array.size].reshape(array.shape)
        start += array.size
    return views

"""How a network of single pixels takes its steps: without its layers, which would be slower than their work.

A step on one pixel, or on 64, multiplies a handful of numbers, and making the arrays for it and calling the
layers takes longer than the arithmetic. Here the same arithmetic is done in the same order, so that it gives
the same numbers to the last bit, on arrays that were made once: only NumPy's own calls are left.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy import add, divide, dot, matmul, multiply, subtract, tanh

from engine.layers import Dense, Sigmoid
from engine.losses import Loss, mean_squared_error, squared_error
from engine.network import Network
from engine.optimizers import AXPY, SGD


class PixelSteps:
    """Trains a network of a dense, a sigmoid, a dense and a sigmoid layer, so many pixels a step.

    From now on the network's parameters are views of one flat array, so that plain descent at a rate of 1
    moves them all in one call. ValueError for other networks and other losses.
    """

    def __init__(self, network: Network, loss: Loss, optimizer: SGD, batch: int) -> None:
        kinds = [type(layer) for layer in network.layers]
        if kinds != [Dense, Sigmoid, Dense, Sigmoid] or len(network.parameters) != 4:
            raise ValueError("these steps need a dense, a sigmoid, a dense and a sigmoid layer")
        if loss not in (squared_error, mean_squared_error):
            raise ValueError("these steps need the squared error, or its mean")
        self.optimizer, self.batch, self.mean = optimizer, batch, loss is mean_squared_error
        self.flat = np.concatenate([array.reshape(-1) for array in network.parameters.values()])
        self.slope = np.zeros_like(self.flat)
        self.weights, self.slopes = _views(self.flat, network), _views(self.slope, network)
        for name, view in self.weights.items():
            number, _, kind = name.partition(".")
            network.layers[int(number)].parameters[kind] = view
        self._axpy = AXPY[self.flat.dtype]
        self._pairs = [
            (slope.reshape(-1), weight.reshape(-1))
            for slope, weight in zip(self.slopes.values(), self.weights.values(), strict=True)
        ]
        self._step = self._optimize
        if type(optimizer) is SGD:
            self._step = self._descend if optimizer.learning_rate != 1 else self._descend_by_1

    def learn(self, inputs: np.ndarray, targets: np.ndarray) -> float:
        """Learn pixels (N, n) and their colours (N, 3), float32 from 0 to 1, in this order; the last step
        takes what is left.

        Returns the sum of the pixels' losses, each as it was before its step.
        """
        errors = np.empty_like(targets)
        whole = len(inputs) // self.batch * self.batch
        with np.errstate(over="ignore", invalid="ignore"):
            for part, batch in ((slice(whole), self.batch), (slice(whole, None), len(inputs) - whole)):
                if batch:
                    arrays = (inputs[part], targets[part], errors[part])
                    self._learn(*(array.reshape(-1, batch, array.shape[1]) for array in arrays))
            squares = float(np.square(errors, dtype=np.float64).sum())
        return squares / targets.shape[1] if self.mean else squares / 2

    def _learn(self, inputs: np.ndarray, targets: np.ndarray, errors: np.ndarray) -> None:
        """Steps on (steps, batch, …): all in one loop and by short names, since a further call would cost.

        x (batch, n) → h (batch, hidden) → y (batch, 3); dh and dy are the gradients of the sums.
        """
        batch, outputs = targets.shape[1:]
        w1, b1, w2, b2 = self.weights.values()
        dw1, db1, dw2, db2 = self.slopes.values()
        h, dh, handed_down = (np.empty((batch, b1.size), b1.dtype) for _ in range(3))
        y, dy = (np.empty((batch, outputs), b2.dtype) for _ in range(2))
        h_half, h_one, y_half, y_one = (np.full_like(a, fill) for a in (h, y) for fill in (0.5, 1))
        scale, by = (multiply, 2 / y.size) if self.mean else (divide, batch)
        scale_by, scaled, many = np.full_like(y, by), by != 1, batch > 1
        product: Callable[..., Any] = matmul if many else dot  # which is quicker for a single row
        if not many:  # the one row of gradients is the biases' own
            dh, dy = db1[None], db2[None]
        ones = np.ones(batch, b1.dtype)
        h_across, w2_across, step = h.T, w2.T, self._step
        for x, x_across, target, error in zip(
            inputs, inputs.transpose(0, 2, 1), targets, errors, strict=True
        ):
            product(x, w1, h)
            add(h, b1, h)
            multiply(h, h_half, h)  # the sigmoid, by way of tanh
            tanh(h, h)
            multiply(h, h_half, h)
            add(h, h_half, h)
            product(h, w2, y)
            add(y, b2, y)
            multiply(y, y_half, y)
            tanh(y, y)
            multiply(y, y_half, y)
            add(y, y_half, y)
            subtract(y, target, error)
            subtract(y_one, y, dy)
            multiply(dy, y, dy)
            if scaled:
                scale(error, scale_by, y)
                multiply(dy, y, dy)
            else:
                multiply(dy, error, dy)
            product(dy, w2_across, handed_down)
            subtract(h_one, h, dh)
            multiply(dh, h, dh)
            multiply(dh, handed_down, dh)
            product(x_across, dh, dw1)
            product(h_across, dy, dw2)
            if many:
                dot(ones, dh, db1)
                dot(ones, dy, db2)
            step()

    def _descend(self) -> None:
        """Plain descent: the gradient, times the rate, off each of the weights."""
        axpy, change = self._axpy, -self.optimizer.learning_rate
        for slope, weight in self._pairs:
            axpy(slope, weight, a=change)

    def _descend_by_1(self) -> None:
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

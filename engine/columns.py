"""The layers that read a picture from left to right: its columns as a sequence, and convolutions along it."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.initializers import Initializer, he
from engine.layer import Array, Backward, Gradients, Layer, column_sums


class Columns(Layer):
    """Each column of an image becomes one row of numbers: (N, H, W, C) -> (N, W, H·C)."""

    def forward(self, x: Array, training: bool = False) -> tuple[Array, Backward]:
        n, height, width, channels = x.shape

        def backward(dy: Array, input_gradient: bool = True) -> tuple[Array, Gradients]:
            return dy.reshape(n, width, height, channels).swapaxes(1, 2), {}

        return x.swapaxes(1, 2).reshape(n, width, height * channels), backward

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        height, width, channels = shape
        return (width, height * channels)


class Conv1D(Layer):
    """Cross-correlation of x (N, W, inputs) along W with weight (k, inputs, outputs), plus bias.

    (k - 1) / 2 zeros stand on both sides, so that W stays; k is odd. With k = 1 it is one dense layer for all
    columns.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int,
        bias: bool = True,
        initial: Initializer = he,
        rng: np.random.Generator | None = None,
    ) -> None:
        super().__init__()
        if kernel % 2 == 0:
            raise ValueError(f"a convolution along a sequence needs an odd kernel, not {kernel}")
        rng = rng or np.random.default_rng(0)
        self.kernel = kernel
        self.parameters["weight"] = initial(rng, (kernel, inputs, outputs), kernel * inputs)
        if bias:
            self.parameters["bias"] = np.zeros(outputs, np.float32)

    def forward(self, x: Array, training: bool = False) -> tuple[Array, Backward]:
        weight = self.parameters["weight"]
        windows = _windows(x, self.kernel)
        y = windows @ weight.reshape(-1, weight.shape[2])
        if "bias" in self.parameters:
            y += self.parameters["bias"]

        def backward(dy: Array, input_gradient: bool = True) -> tuple[Array, Gradients]:
            flat = dy.reshape(-1, dy.shape[2])
            gradients = {"weight": (windows.T @ flat).reshape(weight.shape)}
            if "bias" in self.parameters:
                gradients["bias"] = column_sums(dy)
            if not input_gradient:
                return None, gradients
            # The kernel of the way back: turned round, inputs and outputs exchanged.
            turned = weight[::-1].swapaxes(1, 2).reshape(-1, weight.shape[1])
            return (_windows(dy, self.kernel) @ turned).reshape(x.shape), gradients

        return y.reshape(*x.shape[:2], weight.shape[2]), backward

    def predict(self, x: Array) -> Array:
        y = correlate(x, self.parameters["weight"])
        if "bias" in self.parameters:
            y += self.parameters["bias"]
        return y

    def config(self) -> dict[str, Any]:
        kernel, inputs, outputs = self.parameters["weight"].shape
        return super().config() | {
            "inputs": inputs,
            "outputs": outputs,
            "kernel": kernel,
            "bias": "bias" in self.parameters,
        }

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return (shape[0], self.parameters["weight"].shape[2])


def correlate(x: Array, weight: Array) -> Array:
    """x (N, W, inputs) with weight (k, inputs, outputs): (N, W, outputs)."""
    y = _windows(x, weight.shape[0]) @ weight.reshape(-1, weight.shape[2])
    return y.reshape(*x.shape[:2], weight.shape[2])


def _windows(x: Array, kernel: int) -> Array:
    """What each place of x (N, W, C) looks at, as a matrix (N·W, k·C)."""
    n, width, channels = x.shape
    if kernel == 1:
        return x.reshape(-1, channels)
    xp = x.__array_namespace__()
    pad = (kernel - 1) // 2
    padded = xp.zeros((n, width + 2 * pad, channels), dtype=x.dtype)
    padded[:, pad : pad + width] = x
    # Neighbouring places lie side by side in memory, so that a window is one run of k·C numbers.
    windows = xp.lib.stride_tricks.as_strided(padded, (n, width, kernel * channels), padded.strides)
    return windows.reshape(n * width, kernel * channels)

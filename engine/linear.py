"""The layers that multiply by weights."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.any_convolution import output_size
from engine.convolution import Convolution
from engine.epilogue import Epilogue
from engine.initializers import Initializer, he, zeros
from engine.layer import Array, Backward, Gradients, Layer, column_sums
from engine.products import product, weight_gradient


class Dense(Layer):
    """x (N, inputs) @ weight (inputs, outputs) + bias."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        bias: bool = True,
        initial: Initializer = he,
        initial_bias: Initializer = zeros,
        rng: np.random.Generator | None = None,
    ) -> None:
        super().__init__()
        if min(inputs, outputs) < 1:
            raise ValueError(f"a dense layer has inputs and outputs, not {inputs} and {outputs}")
        rng = rng or np.random.default_rng(0)
        self.parameters["weight"] = initial(rng, (inputs, outputs), inputs)
        if bias:
            self.parameters["bias"] = initial_bias(rng, (outputs,), inputs)

    def forward(self, x: Array, training: bool = False) -> tuple[Array, Backward]:
        weight = self.parameters["weight"]

        def backward(dy: Array, input_gradient: bool = True) -> tuple[Array, Gradients]:
            gradients = {"weight": weight_gradient(x, dy)}
            if "bias" in self.parameters:
                gradients["bias"] = column_sums(dy)
            return (dy.dot(weight.T) if input_gradient else None), gradients

        return self.predict(x), backward

    def predict(self, x: Array) -> Array:
        y = product(x, self.parameters["weight"])
        if "bias" in self.parameters:
            y += self.parameters["bias"]
        return y

    def config(self) -> dict[str, Any]:
        inputs, outputs = self.parameters["weight"].shape
        return super().config() | {"inputs": inputs, "outputs": outputs, "bias": "bias" in self.parameters}

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return (self.parameters["weight"].shape[1],)


class Conv2D(Layer):
    """Cross-correlation of x (N, H, W, inputs) with weight (k, k, inputs, outputs), plus bias.

    padding "valid" looks only at whole neighbourhoods; "same" surrounds the image with (k - 1) / 2 zeros, so
    that at stride 1 the size stays.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int,
        stride: int = 1,
        padding: str = "valid",
        bias: bool = True,
        initial: Initializer = he,
        rng: np.random.Generator | None = None,
    ) -> None:
        super().__init__()
        if min(inputs, outputs, kernel, stride) < 1:
            sizes = f"{inputs} inputs, {outputs} outputs, kernel {kernel}, stride {stride}"
            raise ValueError(f"a convolution has at least one of each, not {sizes}")
        if padding not in ("valid", "same"):
            raise ValueError(f'padding is "valid" or "same", not {padding!r}')
        if padding == "same" and kernel % 2 == 0:
            raise ValueError(f'padding "same" needs an odd kernel, not {kernel}')
        rng = rng or np.random.default_rng(0)
        self.kernel, self.stride, self.padding = kernel, stride, padding
        self.pad = (kernel - 1) // 2 if padding == "same" else 0
        self.parameters["weight"] = initial(rng, (kernel, kernel, inputs, outputs), kernel * kernel * inputs)
        if bias:
            self.parameters["bias"] = np.zeros(outputs, np.float32)

    def forward(self, x: Array, training: bool = False) -> tuple[Array, Backward]:
        product = Convolution(self.parameters["weight"], self.stride)

        def backward(dy: Array, input_gradient: bool = True) -> tuple[Array, Gradients]:
            dx, dweight = product.gradients(x, dy, self.pad, input_gradient)
            gradients = {"weight": dweight}
            if "bias" in self.parameters:
                gradients["bias"] = column_sums(dy)
            return dx, gradients

        return product(x, self.pad, self._add_bias()), backward

    def predict(self, x: Array) -> Array:
        return Convolution(self.parameters["weight"], self.stride)(x, self.pad, self._add_bias())

    def _add_bias(self) -> Epilogue | None:
        bias = self.parameters.get("bias")
        return None if bias is None else Epilogue(bias, relu=False)

    def config(self) -> dict[str, Any]:
        inputs, outputs = self.parameters["weight"].shape[2:]
        return super().config() | {
            "inputs": inputs,
            "outputs": outputs,
            "kernel": self.kernel,
            "stride": self.stride,
            "padding": self.padding,
            "bias": "bias" in self.parameters,
        }

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        height, width, _ = shape
        size = [output_size(s, self.kernel, self.stride, self.pad) for s in (height, width)]
        return (size[0], size[1], self.parameters["weight"].shape[3])

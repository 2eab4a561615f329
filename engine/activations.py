"""The functions between the weights."""

from __future__ import annotations

from engine.layer import Array, Backward, Gradients, Layer
from engine.rectifier import rectify


class Sigmoid(Layer):
    """1 / (1 + exp(-x)), by way of tanh, which cannot overflow."""

    def forward(self, x: Array, training: bool = False) -> tuple[Array, Backward]:
        y = self.predict(x)

        def backward(dy: Array, input_gradient: bool = True) -> tuple[Array, Gradients]:
            dx = 1 - y
            dx *= y
            dx *= dy
            return dx, {}

        return y, backward

    def predict(self, x: Array) -> Array:
        half = x.dtype.type(0.5)
        y = x * half
        x.__array_namespace__().tanh(y, out=y)
        y *= half
        y += half
        return y


class ReLU(Layer):
    """max(x, 0)."""

    def forward(self, x: Array, training: bool = False) -> tuple[Array, Backward]:
        y = self.predict(x)

        def backward(dy: Array, input_gradient: bool = True) -> tuple[Array, Gradients]:
            return dy * (y > 0), {}

        return y, backward

    def predict(self, x: Array) -> Array:
        return rectify(x)


class Tanh(Layer):
    """The hyperbolic tangent."""

    def forward(self, x: Array, training: bool = False) -> tuple[Array, Backward]:
        y = self.predict(x)

        def backward(dy: Array, input_gradient: bool = True) -> tuple[Array, Gradients]:
            return dy * (1 - y * y), {}

        return y, backward

    def predict(self, x: Array) -> Array:
        return x.__array_namespace__().tanh(x)

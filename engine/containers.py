"""Layers that contain layers: the branches of residual networks and U-Nets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from engine import fusion
from engine.layer import Array, Backward, Gradients, Layer


class Sequential(Layer):
    """One layer after another; the third layer's weight is named "2.weight"."""

    def __init__(self, layers: Sequence[Layer]) -> None:
        self.layers = list(layers)

    @property
    def parameters(self) -> dict[str, Array]:  # type: ignore[override]
        return {
            f"{i}.{name}": p for i, layer in enumerate(self.layers) for name, p in layer.parameters.items()
        }

    @property
    def buffers(self) -> dict[str, Array]:  # type: ignore[override]
        return {f"{i}.{name}": b for i, layer in enumerate(self.layers) for name, b in layer.buffers.items()}

    def forward(self, x: Array, training: bool = False) -> tuple[Array, Backward]:
        backwards: list[tuple[int, Backward]] = []
        first = 0
        while first < len(self.layers):
            forward, count = fusion.step(self.layers, first, x, training)
            x, backward = forward(x, training)
            backwards.append((first, backward))
            first += count

        # Below the first layer that learns nobody needs a gradient, unless the caller does.
        lowest = next((i for i, layer in enumerate(self.layers) if layer.parameters), 0)

        def backward_all(dy: Array, input_gradient: bool = True) -> tuple[Array, Gradients]:
            gradients: Gradients = {}
            for i, backward in reversed(backwards):
                if i < lowest and not input_gradient:
                    return None, gradients
                dy, own = backward(dy, input_gradient=input_gradient or i > lowest)
                for name, gradient in own.items():
                    gradients[f"{i}.{name}"] = gradient
            return dy, gradients

        return x, backward_all

    def predict(self, x: Array) -> Array:
        for layer in self.layers:
            x = layer.predict(x)
        return x

    def config(self) -> dict[str, Any]:
        return super().config() | {"layers": [layer.config() for layer in self.layers]}

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        for layer in self.layers:
            shape = layer.output_shape(shape)
        return shape


class _Around(Layer):
    """A layer around one inner layer, whose parameters are named "inner.…"."""

    def __init__(self, inner: Layer) -> None:
        self.inner = inner

    @property
    def parameters(self) -> dict[str, Array]:  # type: ignore[override]
        return {f"inner.{name}": p for name, p in self.inner.parameters.items()}

    @property
    def buffers(self) -> dict[str, Array]:  # type: ignore[override]
        return {f"inner.{name}": b for name, b in self.inner.buffers.items()}

    def config(self) -> dict[str, Any]:
        return super().config() | {"inner": self.inner.config()}


class Residual(_Around):
    """x + inner(x) (He et al. 2016); inner keeps the shape."""

    def forward(self, x: Array, training: bool = False) -> tuple[Array, Backward]:
        y, inner_backward = self.inner.forward(x, training)

        def backward(dy: Array, input_gradient: bool = True) -> tuple[Array, Gradients]:
            dx, gradients = inner_backward(dy)
            return dx + dy, {f"inner.{name}": g for name, g in gradients.items()}

        return x + y, backward

    def predict(self, x: Array) -> Array:
        return x + self.inner.predict(x)


class Skip(_Around):
    """x beside inner(x), joined along the channels (Ronneberger et al. 2015); inner keeps height and
    width.
    """

    def forward(self, x: Array, training: bool = False) -> tuple[Array, Backward]:
        y, inner_backward = self.inner.forward(x, training)
        channels = x.shape[-1]

        def backward(dy: Array, input_gradient: bool = True) -> tuple[Array, Gradients]:
            dx, gradients = inner_backward(dy[..., channels:])
            return dx + dy[..., :channels], {f"inner.{name}": g for name, g in gradients.items()}

        return x.__array_namespace__().concatenate([x, y], axis=-1), backward

    def predict(self, x: Array) -> Array:
        return x.__array_namespace__().concatenate([x, self.inner.predict(x)], axis=-1)

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return (*shape[:-1], shape[-1] + self.inner.output_shape(shape)[-1])


def leaves(layer: Layer) -> Iterator[Layer]:
    """The layers that hold arrays themselves, in the order of the network's names."""
    if isinstance(layer, Sequential):
        for inner in layer.layers:
            yield from leaves(inner)
    elif hasattr(layer, "inner"):
        yield from leaves(layer.inner)
    else:
        yield layer

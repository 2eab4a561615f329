"""Prediction without a gradient: layers that follow one another become one step.

Batch normalisation outside training is a·x + b for each channel, so it is folded into the weights before it;
bias and ReLU are done in place on each finished tile of a convolution; and 2 × 2 max-pooling is done on the
tile before both (adding a constant and ReLU keep the order of numbers), where three quarters of the work
falls away.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from engine.columns import correlate
from engine.convolution import Convolution
from engine.epilogue import Epilogue
from engine.layer import Array, Layer
from engine.layers import (
    BatchNorm,
    Conv1D,
    Conv2D,
    Dense,
    MaxPool2D,
    ReLU,
    Residual,
    Sequential,
    Sigmoid,
    Skip,
)

Step = Callable[[Array], Array]


def plan(layers: Sequence[Layer]) -> list[Step]:
    """The steps that compute what `layers` would, one after another."""
    steps: list[Step] = []
    i = 0
    while i < len(layers):
        layer = layers[i]
        if isinstance(layer, Conv2D):
            step, used = _convolution(layer, layers[i + 1 :])
        elif isinstance(layer, Conv1D):
            step, used = _along(layer, layers[i + 1 :])
        elif isinstance(layer, Dense):
            step, used = _dense(layer, layers[i + 1 :])
        else:
            step, used = _other(layer), 0
        steps.append(step)
        i += 1 + used
    return steps


def run(steps: Sequence[Step], x: Array) -> Array:
    for step in steps:
        x = step(x)
    return x


def _other(layer: Layer) -> Step:
    if isinstance(layer, Sequential):
        steps = plan(layer.layers)
        return lambda x: run(steps, x)
    if isinstance(layer, Residual):
        inner = plan([layer.inner])
        return lambda x: x + run(inner, x)
    if isinstance(layer, Skip):
        inner = plan([layer.inner])
        return lambda x: x.__array_namespace__().concatenate([x, run(inner, x)], axis=-1)
    return layer.predict


def _fold(weight: Array, bias: Array | None, norm: BatchNorm) -> tuple[Array, Array]:
    a, b = norm.affine()
    return weight * a, b if bias is None else bias * a + b


def _convolution(layer: Conv2D, following: Sequence[Layer]) -> tuple[Step, int]:
    """The convolution with what of BatchNorm, MaxPool2D and ReLU follows it, and how many those were."""
    weight = layer.parameters["weight"]
    bias = layer.parameters.get("bias")
    pool = relu = False
    used = 0
    for after in following:
        if isinstance(after, BatchNorm) and not relu and (not pool or bool((after.affine()[0] > 0).all())):
            # Behind a maximum only a positive factor may move in front of it.
            weight, bias = _fold(weight, bias, after)
        elif isinstance(after, MaxPool2D) and not pool:
            pool = True
        elif isinstance(after, ReLU):
            relu = True
        else:
            break
        used += 1
    epilogue = _epilogue(weight, bias, relu)
    pad = layer.pad
    product = Convolution(weight, layer.stride, pool)
    return lambda x: product(x, pad, epilogue), used


def _dense(layer: Dense, following: Sequence[Layer]) -> tuple[Step, int]:
    """The product with what of BatchNorm and one activation follows it."""
    weight = layer.parameters["weight"]
    bias = layer.parameters.get("bias")
    used = 0
    if following and isinstance(following[0], BatchNorm):
        weight, bias = _fold(weight, bias, following[0])
        used = 1
    activation = following[used] if used < len(following) else None
    relu = isinstance(activation, ReLU)
    epilogue = _epilogue(weight, bias, relu)
    after = activation.predict if isinstance(activation, Sigmoid) else None

    def step(x: Array) -> Array:
        y = x @ weight
        if epilogue is not None:
            epilogue(y)
        return y if after is None else after(y)

    return step, used + (relu or after is not None)


def _along(layer: Conv1D, following: Sequence[Layer]) -> tuple[Step, int]:
    """The convolution along a sequence with what of BatchNorm and ReLU follows it."""
    weight = layer.parameters["weight"]
    bias = layer.parameters.get("bias")
    used = 0
    if following and isinstance(following[0], BatchNorm):
        weight, bias = _fold(weight, bias, following[0])
        used = 1
    relu = used < len(following) and isinstance(following[used], ReLU)
    epilogue = _epilogue(weight, bias, relu)

    def step(x: Array) -> Array:
        y = correlate(x, weight)
        if epilogue is not None:
            epilogue(y)
        return y

    return step, used + relu


def _epilogue(weight: Array, bias: Array | None, relu: bool) -> Epilogue | None:
    if bias is None and not relu:
        return None
    xp = weight.__array_namespace__()
    return Epilogue(xp.zeros(weight.shape[-1], dtype=weight.dtype) if bias is None else bias, relu)

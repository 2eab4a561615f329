"""Prediction without a gradient: layers that follow one another become one step.

Batch normalisation outside training is a·x + b for each channel, so it is folded into the weights before it;
bias and ReLU are done in place on each finished tile of a convolution; and 2 × 2 max-pooling is done on the
tile before both (adding a constant and ReLU keep the order of numbers), where three quarters of the work
falls away.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from engine import convolution
from engine.epilogue import Epilogue
from engine.layer import Array, Layer
from engine.layers import BatchNorm, Conv2D, Dense, MaxPool2D, ReLU, Residual, Sequential, Sigmoid, Skip

Step = Callable[[Array], Array]


def plan(layers: Sequence[Layer]) -> list[Step]:
    """The steps that compute what `layers` would, one after another."""
    steps: list[Step] = []
    i = 0
    while i < len(layers):
        layer = layers[i]
        if isinstance(layer, Conv2D):
            step, used = _convolution(layer, layers[i + 1 :])
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


def _fold(weight: Array, bias: Array, norm: BatchNorm) -> tuple[Array, Array]:
    a, b = norm.affine()
    return weight * a, bias * a + b


def _convolution(layer: Conv2D, following: Sequence[Layer]) -> tuple[Step, int]:
    """The convolution with what of BatchNorm, MaxPool2D and ReLU follows it, and how many those were."""
    weight = layer.parameters["weight"]
    bias = layer.parameters.get("bias")
    plain = bias is None
    bias = weight.__array_namespace__().zeros_like(weight[0, 0, 0]) if bias is None else bias
    pool = relu = False
    used = 0
    for after in following:
        if isinstance(after, BatchNorm) and not relu and (not pool or bool((after.affine()[0] > 0).all())):
            # Behind a maximum only a positive factor may move in front of it.
            weight, bias = _fold(weight, bias, after)
            plain = False
        elif isinstance(after, MaxPool2D) and not pool:
            pool = True
        elif isinstance(after, ReLU):
            relu = True
        else:
            break
        used += 1
    epilogue = None if plain and not relu else Epilogue(bias, relu)
    pad = layer.pad
    product = convolution.prepare(weight, layer.stride, pool)
    return lambda x: product(x, pad, epilogue, pool), used


def _dense(layer: Dense, following: Sequence[Layer]) -> tuple[Step, int]:
    """The product with what of BatchNorm and one activation follows it."""
    weight = layer.parameters["weight"]
    bias = layer.parameters.get("bias")
    used = 0
    if following and isinstance(following[0], BatchNorm):
        bias = np.zeros(weight.shape[1], weight.dtype) if bias is None else bias
        weight, bias = _fold(weight, bias, following[0])
        used = 1
    activation = following[used] if used < len(following) else None

    def step(x: Array) -> Array:
        y = x @ weight
        if bias is not None:
            y += bias
        if isinstance(activation, ReLU):
            y.__array_namespace__().maximum(y, y.dtype.type(0), out=y)
        elif isinstance(activation, Sigmoid):
            y = activation.predict(y)
        return y

    return step, used + isinstance(activation, ReLU | Sigmoid)

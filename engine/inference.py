"""Prediction without a gradient: layers that follow one another become one step.

Batch normalisation outside training is a·x + b for each channel, so it is folded into the weights before it;
bias and ReLU are done in place on each finished tile of a convolution; and 2 × 2 max-pooling is done on the
tile before both (adding a constant and ReLU keep the order of numbers), where three quarters of the work
falls away.

Once a network's numbers no longer change, one small picture goes through a program (`engine.program`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from engine import program
from engine.columns import correlate
from engine.convolution import Convolution
from engine.epilogue import Epilogue
from engine.layer import Array, Layer
from engine.layers import (
    BatchNorm,
    Conv1D,
    Conv2D,
    Dense,
    Flatten,
    GlobalAveragePool,
    MaxPool2D,
    ReLU,
    Residual,
    Sequential,
    Sigmoid,
    Skip,
    UpSample2D,
)
from engine.products import product
from engine.single import SingleConvolution

SMALL_PICTURE = (
    1 << 12
)  # numbers up to which making views and passing arguments takes a good part of the time
FLOAT32 = np.dtype(np.float32)
PROGRAMS = 4  # kept for each thread: one for each shape of input


@dataclass(frozen=True)
class Step:
    """Layers that became one function, and the same for one picture in a program."""

    layers: Sequence[Layer]
    function: Callable[[Array], Array]
    alone: program.Step

    def __call__(self, x: Array) -> Array:
        return self.function(x)


def plan(layers: Sequence[Layer]) -> list[Step]:
    """The steps that compute what `layers` would, one after another."""
    steps: list[Step] = []
    i = 0
    while i < len(layers):
        layer, following = layers[i], layers[i + 1 :]
        if isinstance(layer, Conv2D):
            steps.append(_convolution(layer, following))
        elif isinstance(layer, Conv1D):
            steps.append(_along(layer, following))
        elif isinstance(layer, Dense):
            steps.append(_dense(layer, following))
        else:
            steps.append(_other(layer))
        i += len(steps[-1].layers)
    return steps


def run(steps: Sequence[Step], x: Array) -> Array:
    for step in steps:
        x = step(x)
    return x


class _Programs(threading.local):
    """By the shape of the input; each thread has its own."""

    def __init__(self) -> None:
        self.by_shape: dict[tuple[int, ...], program.Program] = {}


class FrozenPlan:
    """The plan of layers whose numbers no longer change."""

    def __init__(self, layers: Sequence[Layer]) -> None:
        self.steps = plan(layers)
        self._programs = _Programs()

    def __call__(self, x: Array) -> Array:
        if len(x) == 1 and x.size <= SMALL_PICTURE and isinstance(x, np.ndarray) and x.dtype == FLOAT32:
            return self._program(x.shape)(x)
        return run(self.steps, x)

    def _program(self, shape: tuple[int, ...]) -> program.Program:
        """This thread's program for inputs of this shape."""
        programs = self._programs.by_shape
        found = programs.get(shape)
        if found is None:
            if len(programs) >= PROGRAMS:
                programs.clear()
            alone = [step.alone for step in self.steps]
            found = programs[shape] = program.Program(alone, self._shapes(shape), FLOAT32)
        return found

    def _shapes(self, shape: tuple[int, ...]) -> list[tuple[int, ...]]:
        """The shapes of the input and of each step's result."""
        shapes = [shape]
        for step in self.steps:
            shape = shape[1:]
            for layer in step.layers:
                shape = layer.output_shape(shape)
            shape = (1, *shape)
            shapes.append(shape)
        return shapes


def _other(layer: Layer) -> Step:
    function = _function(layer)
    alone: program.Step = program.Whole(function)
    if isinstance(layer, Flatten):
        alone = program.Reshape()
    elif isinstance(layer, GlobalAveragePool):
        alone = program.Mean()
    return Step([layer], function, alone)


def _function(layer: Layer) -> Callable[[Array], Array]:
    if isinstance(layer, Sequential):
        steps = plan(layer.layers)
        return lambda x: run(steps, x)
    if isinstance(layer, Residual):
        return _residual(layer.inner)
    if isinstance(layer, Skip):
        inner = plan([layer.inner])
        return lambda x: x.__array_namespace__().concatenate([x, run(inner, x)], axis=-1)
    return layer.predict


def _residual(inner: Layer) -> Callable[[Array], Array]:
    """x + inner(x) with as few passes over memory as can be.

    Each pixel of an up-sampled image is added to four of x at once, without making the larger image. What a
    product has just written is nobody else's, so x is added to it in place.
    """
    layers = inner.layers if isinstance(inner, Sequential) else [inner]
    grown = bool(layers) and isinstance(layers[-1], UpSample2D)
    steps = plan(layers[:-1] if grown else layers)
    fresh = bool(steps) and isinstance(steps[-1].layers[0], Conv2D | Conv1D | Dense)

    def function(x: Array) -> Array:
        y = run(steps, x)
        if grown:
            n, height, width, channels = y.shape
            fours = x.reshape(n, height, 2, width, 2, channels)
            return (fours + y[:, :, None, :, None]).reshape(x.shape)
        if not fresh:
            return x + y
        y += x
        return y

    return function


def _fold(weight: Array, bias: Array | None, norm: BatchNorm) -> tuple[Array, Array]:
    a, b = norm.affine()
    return weight * a, b if bias is None else bias * a + b


def _convolution(layer: Conv2D, following: Sequence[Layer]) -> Step:
    """The convolution with what of BatchNorm, MaxPool2D and ReLU follows it."""
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
    alone = SingleConvolution(weight, bias, layer.stride, pad, pool, relu)
    return Step([layer, *following[:used]], lambda x: product(x, pad, epilogue), alone)


def _dense(layer: Dense, following: Sequence[Layer]) -> Step:
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

    def function(x: Array) -> Array:
        y = product(x, weight)
        if epilogue is not None:
            epilogue(y)
        return y if after is None else after(y)

    used += relu or after is not None
    return Step([layer, *following[:used]], function, program.Product(weight, bias, relu, after))


def _along(layer: Conv1D, following: Sequence[Layer]) -> Step:
    """The convolution along a sequence with what of BatchNorm and ReLU follows it."""
    weight = layer.parameters["weight"]
    bias = layer.parameters.get("bias")
    used = 0
    if following and isinstance(following[0], BatchNorm):
        weight, bias = _fold(weight, bias, following[0])
        used = 1
    relu = used < len(following) and isinstance(following[used], ReLU)
    epilogue = _epilogue(weight, bias, relu)

    def function(x: Array) -> Array:
        y = correlate(x, weight)
        if epilogue is not None:
            epilogue(y)
        return y

    return Step([layer, *following[: used + relu]], function, program.Whole(function))


def _epilogue(weight: Array, bias: Array | None, relu: bool) -> Epilogue | None:
    if bias is None and not relu:
        return None
    xp = weight.__array_namespace__()
    return Epilogue(xp.zeros(weight.shape[-1], dtype=weight.dtype) if bias is None else bias, relu)

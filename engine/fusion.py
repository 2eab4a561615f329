"""Layers that are computed together in training, because the whole is cheaper than its parts.

Batch normalisation and ReLU: one pass over memory instead of two.

A convolution of few channels, ReLU and 2 × 2 max-pooling: the pool comes first (ReLU keeps the order of
numbers), and with it the convolution is computed at once (`engine.pooled`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from engine.activations import ReLU
from engine.epilogue import Epilogue
from engine.layer import Array, Backward, Layer
from engine.linear import Conv2D
from engine.pooled import PooledConvolution
from engine.pooling import MaxPool2D
from engine.regularization import BatchNorm

Forward = Callable[[Array, bool], tuple[Array, Backward]]


def step(layers: Sequence[Layer], first: int, x: Array, training: bool) -> tuple[Forward, int]:
    """The forward function of the layers that begin with `layers[first]`, and how many of them it covers."""
    layer = layers[first]
    if (
        isinstance(layer, BatchNorm)
        and training
        and isinstance(layers[min(first + 1, len(layers) - 1)], ReLU)
    ):
        return lambda x, training: layer.forward_with_relu(x), 2
    if isinstance(layer, Conv2D) and isinstance(x, np.ndarray):
        relu = first + 1 < len(layers) and isinstance(layers[first + 1], ReLU)
        last = first + 1 + relu
        pooled = last < len(layers) and isinstance(layers[last], MaxPool2D)
        if pooled and PooledConvolution.suits(layer.kernel, layer.stride, x.shape[3]):
            return _pooled(layer, relu), last + 1 - first
    return layer.forward, 1


def _pooled(layer: Conv2D, relu: bool) -> Forward:
    def forward(x: Array, training: bool) -> tuple[Array, Backward]:
        weight = layer.parameters["weight"]
        bias = layer.parameters.get("bias")
        epilogue = None
        if bias is not None or relu:
            epilogue = Epilogue(np.zeros_like(weight[0, 0, 0]) if bias is None else bias, relu)
        y, backward_all = PooledConvolution(weight).forward(x, layer.pad, epilogue)

        def backward(dy: Array, input_gradient: bool = True) -> tuple[Array, dict[str, Array]]:
            dx, gradients = backward_all(dy, input_gradient)
            return dx, {name: gradients[name] for name in layer.parameters}

        return y, backward

    return forward

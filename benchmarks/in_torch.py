"""A network made again in PyTorch, with the same numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from benchmarks.channels_first import Laid, laid_out
from engine.layers import BatchNorm, Conv2D, Dropout, Layer
from engine.network import Network


def module(network: Network) -> Any:
    """An `nn.Sequential` for inputs (N, C, H, W) with copies of the network's parameters and buffers."""
    return _sequential(network.layers, network.input_shape)


class Residual(nn.Module):
    """x + inner(x)."""

    def __init__(self, inner: Any) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: Any) -> Any:
        return x + self.inner(x)


class Skip(nn.Module):
    """x beside inner(x), along the channels."""

    def __init__(self, inner: Any) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: Any) -> Any:
        return torch.cat([x, self.inner(x)], dim=1)


def _sequential(layers: Sequence[Layer], shape: tuple[int, ...]) -> Any:
    modules = []
    for laid in laid_out(layers, shape):
        modules.append(_module(laid, shape))
        shape = laid.layer.output_shape(shape)
    return nn.Sequential(*modules)


def _module(laid: Laid, shape: tuple[int, ...]) -> Any:
    layer: Any = laid.layer
    kind = type(layer).__name__
    if kind == "Sequential":
        return _sequential(layer.layers, shape)
    if kind in ("Residual", "Skip"):
        around = Residual if kind == "Residual" else Skip
        return around(_sequential([layer.inner], shape))
    if kind in _PLAIN:
        return _PLAIN[kind]()
    return _WITH_NUMBERS[kind](laid)


def _dense(laid: Laid) -> Any:
    outputs, inputs = laid.arrays["weight"].shape
    return _filled(nn.Linear(inputs, outputs, bias="bias" in laid.arrays), laid.arrays)


def _convolution(laid: Laid) -> Any:
    layer = laid.layer
    assert isinstance(layer, Conv2D)
    outputs, inputs = laid.arrays["weight"].shape[:2]
    made = nn.Conv2d(
        inputs, outputs, layer.kernel, layer.stride, padding=layer.pad, bias="bias" in laid.arrays
    )
    return _filled(made, laid.arrays)


def _batch_norm(laid: Laid) -> Any:
    layer = laid.layer
    assert isinstance(layer, BatchNorm)
    channels = laid.arrays["scale"].shape[0]
    made = _BatchNorm(channels, eps=layer.epsilon, momentum=layer.momentum)
    names = {"scale": "weight", "shift": "bias", "mean": "running_mean", "variance": "running_var"}
    return _filled(made, {names[name]: array for name, array in laid.arrays.items()})


class _BatchNorm(nn.modules.batchnorm._BatchNorm):
    """`BatchNorm1d` and `BatchNorm2d` in one: it takes (N, C) and (N, C, H, W)."""

    def _check_input_dim(self, input: Any) -> None:
        pass


def _dropout(laid: Laid) -> Any:
    assert isinstance(laid.layer, Dropout)
    return nn.Dropout(laid.layer.drop_probability)


def _filled(made: Any, arrays: dict[str, np.ndarray]) -> Any:
    state = {name: torch.from_numpy(array) for name, array in arrays.items()}
    missing, unexpected = made.load_state_dict(state, strict=False)
    assert not unexpected, unexpected
    assert set(missing) <= {"num_batches_tracked"}, missing
    return made


_PLAIN: dict[str, Callable[[], Any]] = {
    "MaxPool2D": lambda: nn.MaxPool2d(2),
    "AveragePool2D": lambda: nn.AvgPool2d(2),
    "GlobalAveragePool": lambda: nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()),
    "UpSample2D": lambda: nn.Upsample(scale_factor=2, mode="nearest"),
    "Flatten": nn.Flatten,
    "Sigmoid": nn.Sigmoid,
    "ReLU": nn.ReLU,
    "Tanh": nn.Tanh,
}
_WITH_NUMBERS: dict[str, Callable[[Laid], Any]] = {
    "Dense": _dense,
    "Conv2D": _convolution,
    "BatchNorm": _batch_norm,
    "Dropout": _dropout,
}

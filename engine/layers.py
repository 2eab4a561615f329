"""All layers by kind, and a layer made again from its configuration."""

from __future__ import annotations

from typing import Any

from engine.activations import ReLU, Sigmoid, Tanh
from engine.columns import Columns, Conv1D
from engine.containers import Residual, Sequential, Skip
from engine.layer import Layer
from engine.linear import Conv2D, Dense
from engine.pooling import AveragePool2D, Flatten, GlobalAveragePool, MaxPool2D, UpSample2D
from engine.regularization import BatchNorm, Dropout

__all__ = [
    "KINDS",
    "AveragePool2D",
    "BatchNorm",
    "Columns",
    "Conv1D",
    "Conv2D",
    "Dense",
    "Dropout",
    "Flatten",
    "GlobalAveragePool",
    "Layer",
    "MaxPool2D",
    "ReLU",
    "Residual",
    "Sequential",
    "Sigmoid",
    "Skip",
    "Tanh",
    "UpSample2D",
    "from_config",
]

KINDS: dict[str, type[Layer]] = {
    kind.__name__: kind
    for kind in (
        AveragePool2D,
        BatchNorm,
        Columns,
        Conv1D,
        Conv2D,
        Dense,
        Dropout,
        Flatten,
        GlobalAveragePool,
        MaxPool2D,
        ReLU,
        Residual,
        Sequential,
        Sigmoid,
        Skip,
        Tanh,
        UpSample2D,
    )
}


def from_config(config: dict[str, Any]) -> Layer:
    """The layer whose `config()` this is, with initial numbers. ValueError for an unknown kind or a wrong
    field.
    """
    fields = dict(config)
    kind = fields.pop("kind", None)
    if not isinstance(kind, str) or kind not in KINDS:
        raise ValueError(f"unknown kind of layer {kind!r}; known are {', '.join(sorted(KINDS))}")
    if "layers" in fields:
        fields["layers"] = [from_config(inner) for inner in fields["layers"]]
    if "inner" in fields:
        fields["inner"] = from_config(fields["inner"])
    try:
        return KINDS[kind](**fields)
    except TypeError as error:
        raise ValueError(f"{kind} does not take these fields: {sorted(fields)}") from error

"""A network's layers with their arrays laid out as PyTorch and ONNX want them.

There, images are (N, C, H, W) and weights (outputs, inputs). A flattened image counts its numbers in
another order; the weights behind `Flatten` are put into that order here, so that the peer pays nothing for
it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from engine.layers import BatchNorm, Conv2D, Dense, Flatten, Layer


@dataclass(frozen=True)
class Laid:
    """One layer and its parameters and buffers by name, in the peer's layout."""

    layer: Layer
    arrays: dict[str, np.ndarray]


def laid_out(layers: Sequence[Layer], shape: tuple[int, ...]) -> Iterator[Laid]:
    """Each of `layers`, for one input of `shape` (H, W, C).

    ValueError where a flattened image leaves the network.
    """
    order: np.ndarray | None = None  # of the flattened numbers: here -> there
    for layer in layers:
        arrays = {name: np.array(array) for name, array in (layer.parameters | layer.buffers).items()}
        if isinstance(layer, Conv2D):
            arrays["weight"] = np.ascontiguousarray(arrays["weight"].transpose(3, 2, 0, 1))
        elif isinstance(layer, Flatten) and len(shape) == 3:
            order = np.arange(int(np.prod(shape))).reshape(shape).transpose(2, 0, 1).reshape(-1)
        elif isinstance(layer, BatchNorm) and order is not None:
            arrays = {name: array[order] for name, array in arrays.items()}
        elif isinstance(layer, Dense):
            weight = arrays["weight"] if order is None else arrays["weight"][order]
            arrays["weight"] = np.ascontiguousarray(weight.T)
            order = None
        yield Laid(layer, arrays)
        shape = layer.output_shape(shape)
    if order is not None:
        raise ValueError("a flattened image that no Dense layer follows has no order that both sides share")


def to_channels_first(x: np.ndarray) -> np.ndarray:
    """(N, H, W, C) -> (N, C, H, W), contiguous.

    It copies even where one channel makes both layouts the same bytes: PyTorch guesses the layout from
    the strides.
    """
    return x.transpose(0, 3, 1, 2).copy(order="C")

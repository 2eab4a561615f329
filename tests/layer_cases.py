"""One table of every layer, and what a test needs to put any of them to the test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from engine.layers import (
    AveragePool2D,
    BatchNorm,
    Columns,
    Conv1D,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePool,
    Layer,
    MaxPool2D,
    ReLU,
    Residual,
    Sequential,
    Sigmoid,
    Skip,
    Tanh,
    UpSample2D,
    from_config,
)


@dataclass(frozen=True)
class Case:
    """A layer, the shape of its input with the axis of samples, and whether it is in training."""

    name: str
    make: Callable[[], Layer]
    shape: tuple[int, ...]
    training: bool = False

    def __str__(self) -> str:
        return self.name + (" in training" if self.training else "")

    def layer(self, dtype: type[np.floating] = np.float32, seed: int = 1) -> Layer:
        """The layer with numbers of all sizes and signs, in `dtype`."""
        layer, rng = self.make(), np.random.default_rng(seed)
        for leaf in leaves(layer):
            for name, array in leaf.parameters.items():
                scale = 1.0 if array.ndim == 1 else 1 / np.sqrt(array[..., 0].size)
                leaf.parameters[name] = (rng.standard_normal(array.shape) * scale).astype(dtype)
            for name, array in leaf.buffers.items():
                leaf.buffers[name] = rng.uniform(0.5, 2, array.shape).astype(dtype)
        return layer

    def input(self, dtype: type[np.floating] = np.float32, seed: int = 2) -> np.ndarray:
        """Numbers from -1 to 1, no two of them and none of them and 0 nearly equal: so ReLU and maxima have
        slopes.
        """
        count = int(np.prod(self.shape))
        steps = (np.arange(count) + 0.5) * (2 / count) - 1 + 0.3 / count
        return np.random.default_rng(seed).permutation(steps).reshape(self.shape).astype(dtype)


def leaves(layer: Layer) -> Iterator[Layer]:
    """The layers that hold arrays themselves."""
    if isinstance(layer, Sequential):
        for inner in layer.layers:
            yield from leaves(inner)
    elif isinstance(layer, Residual | Skip):
        yield from leaves(layer.inner)
    else:
        yield layer


def rewind(layer: Layer) -> None:
    """Let dropout drop the same numbers again."""
    for leaf in leaves(layer):
        if isinstance(leaf, Dropout):
            leaf.rng = np.random.default_rng(5)


def _block() -> Layer:
    return Residual(Sequential([Conv2D(4, 4, 3, padding="same", bias=False), BatchNorm(4), ReLU()]))


def _row(*layers: Layer) -> Callable[[], Layer]:
    return lambda: from_config(Sequential(layers).config())


def _u_net() -> Layer:
    down = Sequential([MaxPool2D(), Conv2D(3, 6, 3, padding="same"), Tanh(), UpSample2D()])
    return Sequential([Skip(down), Conv2D(9, 2, 1)])


def _classifier() -> Layer:
    image = [Conv2D(1, 6, 3), MaxPool2D(), BatchNorm(6), ReLU()]
    return Sequential([*image, Flatten(), Dropout(0.25), Dense(54, 5), Sigmoid()])


CASES = [
    Case("dense", lambda: Dense(7, 5), (4, 7)),
    Case("dense without bias", lambda: Dense(7, 5, bias=False), (4, 7)),
    Case("dense to one", lambda: Dense(3, 1), (1, 3)),
    Case("convolution 3x3", lambda: Conv2D(2, 5, 3), (3, 6, 7, 2)),
    Case("convolution 5x5 of one channel", lambda: Conv2D(1, 4, 5), (2, 9, 8, 1)),
    Case("convolution same, no bias", lambda: Conv2D(3, 4, 3, padding="same", bias=False), (2, 5, 4, 3)),
    Case("convolution with stride", lambda: Conv2D(3, 4, 3, stride=2, padding="same"), (2, 7, 8, 3)),
    Case("convolution 1x1", lambda: Conv2D(6, 3, 1), (2, 4, 5, 6)),
    Case("convolution to one channel", lambda: Conv2D(8, 1, 3, padding="same"), (2, 5, 6, 8)),
    Case("convolution of many channels", lambda: Conv2D(48, 48, 3, padding="same"), (2, 11, 9, 48)),
    Case("many channels to few", lambda: Conv2D(64, 24, 3), (2, 14, 10, 64)),
    Case("max-pool", lambda: MaxPool2D(), (3, 6, 4, 2)),
    Case("max-pool, odd size", lambda: MaxPool2D(), (2, 7, 5, 3)),
    Case("average pool", lambda: AveragePool2D(), (3, 6, 4, 2)),
    Case("average pool, odd size", lambda: AveragePool2D(), (2, 5, 7, 3)),
    Case("global average pool", lambda: GlobalAveragePool(), (3, 4, 5, 6)),
    Case("up-sampling", lambda: UpSample2D(), (2, 3, 4, 5)),
    Case("flatten", lambda: Flatten(), (3, 4, 5, 2)),
    Case("columns", lambda: Columns(), (3, 4, 5, 2)),
    Case("convolution along a sequence", lambda: Conv1D(3, 4, 5), (2, 7, 3)),
    Case("convolution along a sequence shorter than its kernel", lambda: Conv1D(3, 4, 5), (2, 1, 3)),
    Case("dense for each column", lambda: Conv1D(3, 4, 1, bias=False), (2, 6, 3)),
    Case("sigmoid", lambda: Sigmoid(), (4, 9)),
    Case("ReLU", lambda: ReLU(), (2, 5, 4, 3)),
    Case("tanh", lambda: Tanh(), (4, 9)),
    Case("batch norm", lambda: BatchNorm(5), (3, 4, 3, 5)),
    Case("batch norm", lambda: BatchNorm(5), (3, 4, 3, 5), training=True),
    Case("batch norm of rows", lambda: BatchNorm(6), (9, 6), training=True),
    Case("dropout", lambda: Dropout(0.3), (5, 8)),
    Case("dropout", lambda: Dropout(0.3), (5, 8), training=True),
    Case("dropout of nothing", lambda: Dropout(0.0), (5, 8), training=True),
    Case("sequential", lambda: Sequential([Dense(6, 8), Tanh(), Dense(8, 3)]), (4, 6)),
    Case("empty sequential", lambda: Sequential([]), (4, 6)),
    Case("residual", lambda: Residual(Sequential([Dense(6, 6), Sigmoid()])), (4, 6)),
    Case("residual block", _block, (3, 6, 5, 4)),
    Case("residual block", _block, (3, 6, 5, 4), training=True),
    Case("skip", lambda: Skip(Conv2D(3, 5, 3, padding="same")), (2, 5, 6, 3)),
    Case("U-net", _u_net, (2, 8, 6, 3)),
    # Rows of layers that are computed together.
    Case(
        "conv, ReLU, pool of one channel",
        _row(Conv2D(1, 5, 5, padding="same"), ReLU(), MaxPool2D()),
        (3, 9, 12, 1),
    ),
    Case("conv, ReLU, pool, even kernel", _row(Conv2D(1, 4, 4), ReLU(), MaxPool2D()), (2, 10, 9, 1)),
    Case("conv, pool, even kernel", _row(Conv2D(2, 4, 2, bias=False), MaxPool2D()), (2, 8, 7, 2)),
    Case("conv, pool of few channels", _row(Conv2D(3, 5, 3), MaxPool2D(), Tanh()), (3, 9, 8, 3)),
    Case(
        "conv, ReLU, pool of few channels",
        _row(Conv2D(6, 4, 5, bias=False), ReLU(), MaxPool2D()),
        (2, 11, 12, 6),
    ),
    Case("conv, ReLU, pool of many channels", _row(Conv2D(24, 4, 3), ReLU(), MaxPool2D()), (2, 8, 8, 24)),
    Case(
        "conv, ReLU, pool with stride", _row(Conv2D(2, 4, 3, stride=2), ReLU(), MaxPool2D()), (2, 13, 12, 2)
    ),
    Case(
        "convs and pools",
        _row(Tanh(), Conv2D(1, 4, 3), MaxPool2D(), ReLU(), Conv2D(4, 3, 3), MaxPool2D()),
        (2, 12, 13, 1),
    ),
    Case("norm, ReLU", _row(BatchNorm(5), ReLU()), (3, 4, 3, 5)),
    Case("norm, ReLU", _row(BatchNorm(5), ReLU()), (3, 4, 3, 5), training=True),
    Case(
        "norm, ReLU, norm of rows",
        _row(Dense(6, 5), BatchNorm(5), ReLU(), BatchNorm(5)),
        (7, 6),
        training=True,
    ),
    Case("classifier", _classifier, (4, 8, 8, 1)),
    Case("classifier", _classifier, (4, 8, 8, 1), training=True),
]

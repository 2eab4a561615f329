"""Every network that has a name."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from engine import ab_bins
from engine.initializers import Initializer, lecun, normal
from engine.layer import Layer
from engine.layer_list import ArchitectureError, from_text, to_text
from engine.layers import (
    BatchNorm,
    Columns,
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
    UpSample2D,
)
from engine.network import DIGITS, Network
from engine.preprocessing import Preprocessing

__all__ = ["ARCHITECTURES", "ArchitectureError", "build", "from_text", "to_text"]

MNIST_MEAN, MNIST_DEVIATION = 0.1307, 0.3081


def _scaled(divisor: float) -> Initializer:
    return normal(1.0 / divisor)


def _sigmoid_mlp(
    sizes: tuple[int, ...],
    side: int,
    rng: np.random.Generator,
    initial: Initializer,
    bias: Initializer | None,
) -> list[Layer]:
    layers: list[Layer] = [Flatten()]
    for inputs, outputs in zip((side * side, *sizes[:-1]), sizes, strict=True):
        if bias is None:
            layers += [Dense(inputs, outputs, bias=False, initial=initial, rng=rng), Sigmoid()]
        else:
            layers += [Dense(inputs, outputs, initial=initial, initial_bias=bias, rng=rng), Sigmoid()]
    return layers


def _digits_8x8(rng: np.random.Generator) -> Network:
    """64-32-10 sigmoid without bias, N(0, 1/√n), inputs 0.01 to 1."""
    layers = _sigmoid_mlp((32, 10), 8, rng, lecun, None)
    return Network(layers, (8, 8, 1), preprocessing=Preprocessing(size=8, scale=0.99, offset=0.01))


def _mlp(*sizes: int) -> Callable[[np.random.Generator], Network]:
    def build_mlp(rng: np.random.Generator) -> Network:
        small = normal(0.01)
        return Network(_sigmoid_mlp(sizes, 28, rng, small, small), (28, 28, 1))

    return build_mlp


def _deep_mlp(*sizes: int) -> Callable[[np.random.Generator], Network]:
    def build_mlp(rng: np.random.Generator) -> Network:
        # N(0, 0.01) shrinks what passes through three layers so much that this may never leave 10 %.
        return Network(_sigmoid_mlp(sizes, 28, rng, lecun, lecun), (28, 28, 1))

    return build_mlp


def _mlp_relu_128(rng: np.random.Generator) -> Network:
    layers = [Flatten(), Dense(784, 128, rng=rng), ReLU(), Dense(128, 10, rng=rng)]
    normalised = Preprocessing(scale=1 / MNIST_DEVIATION, offset=-MNIST_MEAN / MNIST_DEVIATION)
    return Network(layers, (28, 28, 1), preprocessing=normalised)


def _cnn_8(rng: np.random.Generator) -> Network:
    """The from-scratch CNN of a well-known tutorial: one 3 × 3 × 8 convolution, one pool, one dense layer."""
    layers = [
        Conv2D(1, 8, 3, bias=False, initial=_scaled(9), rng=rng),
        MaxPool2D(),
        Flatten(),
        Dense(13 * 13 * 8, 10, initial=_scaled(13 * 13 * 8), rng=rng),
    ]
    return Network(layers, (28, 28, 1), preprocessing=Preprocessing(offset=-0.5))


def _lenet_5(rng: np.random.Generator) -> Network:
    """LeCun et al. 1998 as it is drawn today: ReLU and max-pooling, 32 × 32 inputs."""
    layers = [
        Conv2D(1, 6, 5, rng=rng),
        ReLU(),
        MaxPool2D(),
        Conv2D(6, 16, 5, rng=rng),
        ReLU(),
        MaxPool2D(),
        Flatten(),
        Dense(400, 120, rng=rng),
        ReLU(),
        Dense(120, 100, rng=rng),
        ReLU(),
        Dense(100, 10, rng=rng),
    ]
    return Network(layers, (32, 32, 1), preprocessing=Preprocessing(pad=2))


def _digits(rng: np.random.Generator) -> Network:
    """Ours: six convolutions, pooled before they are normalised, so that a quarter is left to normalise.

    The sizes 28 → 14 → 12 → 6 → 4 come from two convolutions without padding, which cost nothing around a
    centred digit, and leave multiples of the 4 × 4 tiles that `engine.winograd` computes.
    """

    def convolution(inputs: int, outputs: int, kernel: int, padding: str) -> Conv2D:
        return Conv2D(inputs, outputs, kernel, padding=padding, bias=False, rng=rng)

    layers = [
        convolution(1, 32, 5, "same"),
        MaxPool2D(),
        BatchNorm(32),
        ReLU(),
        convolution(32, 64, 3, "valid"),
        BatchNorm(64),
        ReLU(),
        convolution(64, 64, 3, "same"),
        BatchNorm(64),
        ReLU(),
        convolution(64, 64, 3, "same"),
        MaxPool2D(),
        BatchNorm(64),
        ReLU(),
        convolution(64, 128, 3, "valid"),
        BatchNorm(128),
        ReLU(),
        convolution(128, 128, 3, "same"),
        BatchNorm(128),
        ReLU(),
        GlobalAveragePool(),
        Dense(128, 10, rng=rng),
    ]
    return Network(layers, (28, 28, 1))


def _captcha(rng: np.random.Generator) -> Network:
    """The reader of a line: convolutions to 8 rows of a quarter of the columns, then along the columns.

    Each column says one of ten digits or nothing (the last label), for `engine.losses.ctc`. Heights go 40 →
    20 → 10 → 8; widths of 16 k + 8 leave multiples of the 4 × 4 tiles that `engine.winograd` computes.
    """

    def convolution(
        inputs: int, outputs: int, kernel: int, padding: str = "same", stride: int = 1
    ) -> list[Layer]:
        conv = Conv2D(inputs, outputs, kernel, stride, padding, bias=False, rng=rng)
        return [conv, BatchNorm(outputs), ReLU()]

    def along(inputs: int, outputs: int, kernel: int) -> list[Layer]:
        return [Conv1D(inputs, outputs, kernel, bias=False, rng=rng), BatchNorm(outputs), ReLU()]

    second = Conv2D(32, 48, 3, padding="same", bias=False, rng=rng)
    layers = [
        *convolution(1, 32, 5, stride=2),
        *(second, MaxPool2D(), BatchNorm(48), ReLU()),
        *convolution(48, 64, 3, "valid"),
        Residual(Sequential(convolution(64, 64, 3))),
        *convolution(64, 96, 3),
        Residual(Sequential(convolution(96, 96, 3))),
        Columns(),
        *along(8 * 96, 128, 1),
        Residual(Sequential(along(128, 128, 5))),
        Residual(Sequential(along(128, 128, 5))),
        Conv1D(128, 11, 1, rng=rng),
    ]
    line = Preprocessing(size=40, any_width=True)
    return Network(layers, (40, 104, 1), (*DIGITS, ""), line)


def _colorize(rng: np.random.Generator) -> Network:
    """The colouriser: a U-Net (Ronneberger et al. 2015) that says of each 4 × 4 pixels which colours they may
    have.

    Its input is the lightness, the hints' a and b and where they are. It goes down to 1/32 of the side, where
    a place sees nearly all of a photo, and adds what it found on the way back up. Nothing is computed above a
    quarter of the side: there the first 4 × 4 × 4 numbers become 64, and none is lost. 2 × 2 kernels halve
    the sides, as the 3 × 3 ones around them overlap.
    """

    def convolution(inputs: int, outputs: int, kernel: int, stride: int = 1) -> list[Layer]:
        padding = "same" if kernel % 2 else "valid"
        conv = Conv2D(inputs, outputs, kernel, stride, padding, bias=False, rng=rng)
        return [conv, BatchNorm(outputs), ReLU()]

    def up(inputs: int, outputs: int) -> list[Layer]:
        return [Conv2D(inputs, outputs, 1, bias=False, rng=rng), BatchNorm(outputs), UpSample2D()]

    def again(channels: int) -> Layer:
        return Residual(Sequential(convolution(channels, channels, 3)))

    at_32 = [*convolution(160, 128, 2, 2), again(128), *up(128, 160)]
    at_16 = [*convolution(128, 160, 2, 2), again(160), Residual(Sequential(at_32)), again(160), again(160)]
    at_8 = [*convolution(64, 128, 2, 2), again(128), again(128)]
    at_8 += [Residual(Sequential([*at_16, *up(160, 128)])), again(128)]
    layers = [
        *convolution(4, 64, 4, 4),
        *convolution(64, 64, 3),
        again(64),
        Residual(Sequential([*at_8, *up(128, 64)])),
        again(64),
        *convolution(64, 64, 3),
        Conv2D(64, len(ab_bins.LABELS), 1, initial=normal(0.02), rng=rng),
    ]
    photo = Preprocessing(size=32, scale=1 / 50, offset=-1.0, photo=True)
    return Network(layers, (32, 32, 4), ab_bins.LABELS, photo)


ARCHITECTURES: dict[str, Callable[[np.random.Generator], Network]] = {
    "digits": _digits,
    "lenet-5": _lenet_5,
    "cnn-8": _cnn_8,
    "mlp-relu-128": _mlp_relu_128,
    "mlp-100": _mlp(100, 10),
    "mlp-50-20": _deep_mlp(50, 20, 10),
    "mlp-100-per-sample": _deep_mlp(100, 10),
    "mlp-16": _mlp(16, 10),
    "digits-8x8": _digits_8x8,
    "captcha": _captcha,
    "colorize": _colorize,
}
# Those that say which digit one picture shows.
DIGIT_NETWORKS = [name for name in ARCHITECTURES if name not in ("captcha", "colorize")]


def build(name: str, rng: np.random.Generator) -> Network:
    """The network `name` with initial weights from `rng`. KeyError for an unknown name."""
    if name not in ARCHITECTURES:
        raise KeyError(f"there is no network {name!r}; there are {', '.join(ARCHITECTURES)}")
    network = ARCHITECTURES[name](rng)
    network.name = name
    return network

"""Every network that has a name, and networks from a short text such as "conv 3x3x16, relu, pool 2, dense
10".
"""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np

from engine.initializers import Initializer, he, lecun, normal
from engine.layer import Layer
from engine.layers import (
    AveragePool2D,
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePool,
    MaxPool2D,
    ReLU,
    Sigmoid,
    Tanh,
    UpSample2D,
)
from engine.network import Network
from engine.preprocessing import Preprocessing

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
}


def build(name: str, rng: np.random.Generator) -> Network:
    """The network `name` with initial weights from `rng`. KeyError for an unknown name."""
    if name not in ARCHITECTURES:
        raise KeyError(f"there is no network {name!r}; there are {', '.join(ARCHITECTURES)}")
    network = ARCHITECTURES[name](rng)
    network.name = name
    return network


class ArchitectureError(ValueError):
    """A text that describes no network; the sentence names the part that is wrong."""


MAX_PARAMETERS = 2_000_000
MAX_WORK = 60_000_000  # multiplications for one picture

HELP = (
    "conv 3x3x16 (also: conv 5x5x6 same, conv 3x3x8 stride 2), pool 2, average pool 2, global pool, dense 100, "
    "relu, sigmoid, tanh, batch norm, dropout 0.3"
)

_SIMPLE: dict[str, type[Layer]] = {
    "relu": ReLU,
    "sigmoid": Sigmoid,
    "tanh": Tanh,
    "flatten": Flatten,
    "pool 2": MaxPool2D,
    "average pool 2": AveragePool2D,
    "global pool": GlobalAveragePool,
    "up 2": UpSample2D,
}

_CONVOLUTION = re.compile(r"conv (\d+)x(\d+)x(\d+)((?: same| valid| stride \d+| no bias)*)")
_DENSE = re.compile(r"dense (\d+)( no bias)?")
_DROPOUT = re.compile(r"dropout (0?\.\d+|0)")


def from_text(
    text: str,
    input_shape: tuple[int, int, int] = (28, 28, 1),
    rng: np.random.Generator | None = None,
    preprocessing: Preprocessing | None = None,
) -> Network:
    """The network that a list such as "conv 3x3x16, relu, pool 2, dense 10" describes.

    Layers stand in order, parted by commas or lines; a dense layer flattens what it gets. The last must give
    10 outputs. Raises ArchitectureError.
    """
    rng = rng or np.random.default_rng(0)
    items = [" ".join(item.lower().replace("×", "x").split()) for item in re.split(r"[,;\n]", text)]
    items = [item for item in items if item]
    if not items:
        raise ArchitectureError("There is no layer yet. Try: conv 3x3x16, relu, pool 2, dense 10")
    layers: list[Layer] = []
    shape: tuple[int, ...] = input_shape
    work = 0
    for number, item in enumerate(items, 1):
        try:
            for layer in _parse(item, shape, items, rng):
                layers.append(layer)
                before, shape = shape, layer.output_shape(shape)
                work += _work(layer, before, shape)
        except ArchitectureError as error:
            raise ArchitectureError(f'Layer {number}, "{item}": {error}') from error
    network = Network(layers, input_shape, preprocessing=preprocessing)
    if shape != (len(network.labels),):
        raise ArchitectureError(
            f"The network should end in 10 outputs, one for each digit; it ends in {_words(shape)}."
        )
    if work > MAX_WORK:
        raise ArchitectureError(
            f"That is {work / 1e6:.0f} million multiplications a picture; "
            f"up to {MAX_WORK / 1e6:.0f} are allowed."
        )
    return network


def _words(shape: tuple[int, ...]) -> str:
    return f"{shape[0]} numbers" if len(shape) == 1 else " × ".join(str(s) for s in shape)


def _parse(item: str, shape: tuple[int, ...], items: list[str], rng: np.random.Generator) -> list[Layer]:
    """The layers of one item, for an input of `shape`."""
    if item in _SIMPLE:
        layer = _SIMPLE[item]()
        if isinstance(layer, MaxPool2D | AveragePool2D | GlobalAveragePool | UpSample2D):
            _image(shape, 2 if isinstance(layer, MaxPool2D | AveragePool2D) else 1)
        return [layer]
    if item in ("batch norm", "batchnorm"):
        return [BatchNorm(shape[-1])]
    if match := _DROPOUT.fullmatch(item):
        return [Dropout(float(match[1]), np.random.default_rng(rng.integers(1 << 32)))]
    if match := _DENSE.fullmatch(item):
        return _dense(int(match[1]), match[2] is None, shape, _start(items), rng)
    if match := _CONVOLUTION.fullmatch(item):
        return [_convolution(match, shape, rng)]
    raise ArchitectureError(f"not a layer that is known here. Known are: {HELP}")


def _start(items: list[str]) -> Initializer:
    return lecun if any(item in ("sigmoid", "tanh") for item in items) else he


def _image(shape: tuple[int, ...], side: int) -> None:
    if len(shape) != 3:
        raise ArchitectureError(f"it needs an image, but the layer before it gives {_words(shape)}")
    if min(shape[:2]) < side:
        raise ArchitectureError(f"the image is too small for it by now ({_words(shape)})")


def _dense(
    outputs: int, bias: bool, shape: tuple[int, ...], start: Initializer, rng: np.random.Generator
) -> list[Layer]:
    inputs = int(np.prod(shape))
    if not 1 <= outputs <= 4096 or inputs * outputs > MAX_PARAMETERS:
        raise ArchitectureError(f"{inputs} × {outputs} weights are too many or too few")
    flatten: list[Layer] = [Flatten()] if len(shape) == 3 else []
    return [*flatten, Dense(inputs, outputs, bias=bias, initial=start, rng=rng)]


def _convolution(match: re.Match[str], shape: tuple[int, ...], rng: np.random.Generator) -> Conv2D:
    kernel, other, outputs, extras = int(match[1]), int(match[2]), int(match[3]), match[4]
    if kernel != other:
        raise ArchitectureError("the kernel should be square, such as 3x3")
    strides = re.findall(r"stride (\d+)", extras)
    stride = int(strides[-1]) if strides else 1
    if not (1 <= kernel <= 11 and 1 <= outputs <= 256 and 1 <= stride <= 4):
        raise ArchitectureError("kernels go from 1x1 to 11x11, with 1 to 256 outputs and a stride of 1 to 4")
    padding = "same" if "same" in extras else "valid"
    if padding == "same" and kernel % 2 == 0:
        raise ArchitectureError('"same" needs a kernel of odd size')
    _image(shape, kernel if padding == "valid" else 1)
    return Conv2D(shape[2], outputs, kernel, stride, padding, bias="no bias" not in extras, rng=rng)


def _work(layer: Layer, before: tuple[int, ...], after: tuple[int, ...]) -> int:
    if isinstance(layer, Conv2D):
        return int(np.prod(after)) * layer.kernel**2 * before[2]
    if isinstance(layer, Dense):
        return int(np.prod(before)) * after[0]
    return 0


def to_text(network: Network) -> str:
    """The short list that `from_text` would read, as far as it can be said there."""
    return ", ".join(_item(layer) for layer in network.layers if not isinstance(layer, Flatten))


def _item(layer: Layer) -> str:
    if isinstance(layer, Conv2D):
        config = layer.config()
        item = f"conv {layer.kernel}x{layer.kernel}x{config['outputs']}"
        item += " same" if layer.padding == "same" else ""
        item += f" stride {layer.stride}" if layer.stride > 1 else ""
        return item if config["bias"] else item + " no bias"
    if isinstance(layer, Dense):
        config = layer.config()
        return f"dense {config['outputs']}" + ("" if config["bias"] else " no bias")
    if isinstance(layer, Dropout):
        return f"dropout {layer.drop_probability:g}"
    if isinstance(layer, BatchNorm):
        return "batch norm"
    names = {kind: name for name, kind in _SIMPLE.items()}
    return names.get(type(layer), type(layer).__name__.lower())

"""A network from a short list of layers, such as "conv 3x3x16, relu, pool 2, dense 10", and back."""

from __future__ import annotations

import math
import re
from itertools import zip_longest

import numpy as np

from engine.description import MAX_SIDE
from engine.initializers import Initializer, he, lecun
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


class ArchitectureError(ValueError):
    """A text that describes no network; the sentence names the part that is wrong."""


MAX_LAYERS = 100
MOST_UNITS = 4096  # of a dense layer
MAX_PARAMETERS = 2_000_000
MAX_NUMBERS = 1 << 20  # that one layer gives for one picture
MAX_WORK = 60_000_000  # multiplications for one picture

HELP = (
    "conv 3x3x16 (also: conv 5x5x6 same, conv 3x3x8 stride 2), pool 2, average pool 2, global pool, "
    "dense 100, relu, sigmoid, tanh, batch norm, dropout 0.3"
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

_NUMBER = r"\d{1,40}"  # Python refuses to read thousands of digits
_CONVOLUTION = re.compile(
    rf"conv ({_NUMBER})x({_NUMBER})x({_NUMBER})((?: same| valid| stride {_NUMBER}| no bias)*)"
)
_DENSE = re.compile(rf"dense ({_NUMBER})( no bias)?")
_DROPOUT = re.compile(r"dropout (0?\.\d+|0)")


def from_text(
    text: str,
    input_shape: tuple[int, int, int] = (28, 28, 1),
    rng: np.random.Generator | None = None,
    preprocessing: Preprocessing | None = None,
) -> Network:
    """The network that a list such as "conv 3x3x16, relu, pool 2, dense 10" describes.

    Layers stand in order, parted by commas or lines; a dense layer flattens what it gets. The last must give
    10 outputs. Without `preprocessing`, pictures are taken as they are, and `input_shape` is (side, side, 1).
    Raises ArchitectureError.
    """
    preprocessing = _preprocessing(input_shape, preprocessing)
    rng = rng or np.random.default_rng(0)
    items = [" ".join(item.lower().replace("×", "x").split()) for item in re.split(r"[,;\n]", text)]
    items = [item for item in items if item]
    if not items:
        raise ArchitectureError("There is no layer yet. Try: conv 3x3x16, relu, pool 2, dense 10")
    if len(items) > MAX_LAYERS:
        raise ArchitectureError(f"There are {len(items)} layers; up to {MAX_LAYERS} are allowed.")
    layers: list[Layer] = []
    shape: tuple[int, ...] = input_shape
    work = parameters = 0
    for number, item in enumerate(items, 1):
        try:
            for layer in _parse(item, shape, items, rng):
                layers.append(layer)
                before, shape = shape, layer.output_shape(shape)
                work += _work(layer, before, shape)
                parameters += sum(p.size for p in layer.parameters.values())
            _check_size(shape, parameters)
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


def _preprocessing(shape: tuple[int, ...], given: Preprocessing | None) -> Preprocessing:
    """What makes inputs of this shape of pictures of digits."""
    whole = all(isinstance(side, int | np.integer) for side in shape)
    if not whole or len(shape) != 3 or not 1 <= shape[0] <= MAX_SIDE:
        raise ArchitectureError(
            f"An input is (side, side, 1), with a side from 1 to {MAX_SIDE}, not {tuple(shape)}."
        )
    preprocessing = given or Preprocessing(shape[0])
    if preprocessing.any_width or preprocessing.neighbourhood or preprocessing.photo:
        raise ArchitectureError("A list of layers is for networks that read one digit from a whole picture.")
    side = preprocessing.size + 2 * preprocessing.pad
    if tuple(shape) != (side, side, 1):
        raise ArchitectureError(f"The preprocessing gives ({side}, {side}, 1), the input is {tuple(shape)}.")
    return preprocessing


def _check_size(shape: tuple[int, ...], parameters: int) -> None:
    """Before the next layer is made, which may be as large again."""
    if math.prod(shape) > MAX_NUMBERS:
        raise ArchitectureError(f"what it gives is too large ({_words(shape)})")
    if parameters > MAX_PARAMETERS:
        raise ArchitectureError(
            f"up to here it is {parameters / 1e6:.1f} million parameters; "
            f"up to {MAX_PARAMETERS / 1e6:.0f} million are allowed"
        )


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
        drop_probability = float(match[1])
        if drop_probability >= 1:
            raise ArchitectureError("the drop probability should be below 1")
        return [Dropout(drop_probability, np.random.default_rng(rng.integers(1 << 32)))]
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
    inputs = math.prod(shape)
    if not 1 <= outputs <= MOST_UNITS:
        raise ArchitectureError(f"a dense layer has 1 to {MOST_UNITS:,} units, not {outputs:,}")
    if inputs * outputs > MAX_PARAMETERS:
        raise ArchitectureError(
            f"{inputs:,} × {outputs:,} weights are too many; all layers may have {MAX_PARAMETERS:,}"
        )
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
        return math.prod(after) * layer.kernel**2 * before[2]
    if isinstance(layer, Dense):
        return math.prod(before) * after[0]
    return 0


def to_text(network: Network) -> str:
    """The short list that `from_text` would read, as far as it can be said there."""
    items, shape = [], network.input_shape
    for layer, after in zip_longest(network.layers, network.layers[1:]):
        if not (isinstance(layer, Flatten) and isinstance(after, Dense) and len(shape) == 3):  # dense does it
            items.append(_item(layer))
        shape = layer.output_shape(shape)
    return ", ".join(items)


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
        return f"dropout {np.format_float_positional(layer.drop_probability, trim='-')}"
    if isinstance(layer, BatchNorm):
        return "batch norm"
    names = {kind: name for name, kind in _SIMPLE.items()}
    return names.get(type(layer), type(layer).__name__.lower())

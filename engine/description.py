"""A network in words: the JSON that a checkpoint keeps beside its arrays, written and read again.

The JSON comes from anywhere, so it is checked from the outside in: its keys, the number and the fields of the
layers, and only when they are known to be bearable are the layers made; then every shape on the way from the
input to the outputs, and how much work a picture would be. Nothing is computed. What does not fit is a
ValueError with a sentence.
"""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np

from engine.layer import Layer
from engine.layers import (
    AveragePool2D,
    BatchNorm,
    Columns,
    Conv1D,
    Conv2D,
    Dense,
    GlobalAveragePool,
    MaxPool2D,
    Residual,
    Sequential,
    Skip,
    UpSample2D,
    from_config,
)
from engine.neighbourhoods import NEIGHBOURHOODS
from engine.network import Network
from engine.preprocessing import Preprocessing

FORMAT = "paint-by-numpy 1"
KEYS = {"format", "name", "layers", "input", "labels", "preprocessing", "metrics", "trained"}

MAX_LAYERS = 128
MAX_DEPTH = 12  # of layers in layers
MAX_NESTING = 32  # of lists and objects in what was measured and noted
MAX_PARAMETERS = 16 << 20
MAX_SIDE = 1024
MAX_NUMBERS = 1 << 24  # that one layer gives for one picture
MAX_WORK = 4_000_000_000  # multiplications for one picture
MAX_LABELS = 1000
MAX_FACTOR = 1e6  # of the preprocessing

SIZES = {"inputs", "outputs", "kernel", "stride", "channels"}
TYPES: dict[str, tuple[type, ...]] = {
    "bias": (bool,),
    "padding": (str,),
    "drop_probability": (int, float),
    "momentum": (int, float),
    "epsilon": (int, float),
}


def write(network: Network) -> str:
    """ValueError where something of the network's has no words in JSON."""
    told = {
        "format": FORMAT,
        "name": network.name,
        "layers": [layer.config() for layer in network.layers],
        "input": list(network.input_shape),
        "labels": list(network.labels),
        "preprocessing": network.preprocessing.to_json(),
        "metrics": network.metrics,
        "trained": network.trained,
    }
    try:
        return json.dumps(told, default=_plain)
    except (TypeError, RecursionError) as error:
        raise ValueError(f"the description can't be written as JSON: {error}") from error


def _plain(value: Any) -> Any:
    """A number of NumPy's as JSON has it."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"there is a {type(value).__name__} in it")


def read(text: str) -> Network:
    """The described network with initial numbers. ValueError where the text describes none."""
    try:
        description = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError("the description is not JSON") from error
    if not isinstance(description, dict) or set(description) != KEYS:
        found = sorted(description) if isinstance(description, dict) else type(description).__name__
        raise ValueError(f"the description should hold {sorted(KEYS)}, found {found}")
    if description["format"] != FORMAT:
        raise ValueError(f"expected the format {FORMAT!r}, found {description['format']!r}")
    for key in ("metrics", "trained"):
        if not isinstance(description[key], dict) or not _flat_enough(description[key]):
            raise ValueError(f"expected {key} to be an object of few levels")
    if not isinstance(description["name"], str):
        raise ValueError("expected the name to be a text")
    shape, labels = _shape(description["input"]), _labels(description["labels"])
    preprocessing = _preprocessing(description["preprocessing"], shape)
    _bound(description["layers"])
    layers = [from_config(config) for config in description["layers"]]
    outputs = _check_fit(layers, shape)
    axes = 3 if preprocessing.photo else 2 if preprocessing.any_width else 1
    if outputs[-1] != len(labels) or len(outputs) != axes:
        of_each = ("", " of each column", " of each place")[axes - 1]
        raise ValueError(f"expected {len(labels)} outputs{of_each}, one a label, found {_words(outputs)}")
    return Network(
        layers,
        shape,
        labels,
        preprocessing,
        description["name"],
        description["metrics"],
        description["trained"],
    )


def _flat_enough(value: Any, depth: int = 0) -> bool:
    if depth > MAX_NESTING:
        return False
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return all(_flat_enough(one, depth + 1) for one in inner)


def _shape(sides: Any) -> tuple[int, ...]:
    """Height, width and channels; of a network of single pixels the number of inputs."""
    if not isinstance(sides, list) or len(sides) not in (1, 3):
        raise ValueError(f"expected an input of height, width and channels, found {sides!r}")
    if not all(type(side) is int and 1 <= side <= MAX_SIDE for side in sides):
        raise ValueError(f"expected input sizes from 1 to {MAX_SIDE}, found {sides!r}")
    return tuple(sides)


def _labels(labels: Any) -> list[str]:
    if not isinstance(labels, list) or not 1 <= len(labels) <= MAX_LABELS:
        raise ValueError(f"expected a list of 1 to {MAX_LABELS} labels")
    if not all(isinstance(label, str) for label in labels):
        raise ValueError("expected labels that are texts")
    return labels


def _preprocessing(values: Any, shape: tuple[int, ...]) -> Preprocessing:
    try:
        preprocessing = Preprocessing.from_json(values)
    except OverflowError as error:
        raise ValueError("the preprocessing has a number that is too large") from error
    if max(abs(preprocessing.scale), abs(preprocessing.offset)) > MAX_FACTOR:
        raise ValueError(f"the preprocessing has numbers above {MAX_FACTOR:g}")
    expected = _input_of(preprocessing, shape)
    if shape != expected:
        raise ValueError(f"the preprocessing gives {_words(expected)}, the input is {_words(shape)}")
    return preprocessing


def _input_of(preprocessing: Preprocessing, shape: tuple[int, ...]) -> tuple[int, ...]:
    """What this preprocessing gives; where any width will do, as wide as `shape`."""
    if preprocessing.neighbourhood:
        return (NEIGHBOURHOODS[preprocessing.neighbourhood].inputs,)
    side = preprocessing.size + 2 * preprocessing.pad
    if preprocessing.photo:
        return side, side, 4
    return (side, shape[1] if preprocessing.any_width and len(shape) == 3 else side, 1)


def _bound(configs: Any, depth: int = 0) -> tuple[int, int]:
    """The number of layers and of parameters that these configurations ask for. ValueError when too many."""
    if not isinstance(configs, list) or depth > MAX_DEPTH:
        raise ValueError("expected a list of layers, not too deep")
    count = parameters = 0
    for config in configs:
        if not isinstance(config, dict):
            raise ValueError(f"expected a layer, found {type(config).__name__}")
        inner = []
        for key, value in config.items():
            if key == "layers":
                inner = value
            elif key == "inner":
                inner = [value]
            elif key != "kind":
                _check_field(str(config.get("kind")), key, value)
        more, numbers = _bound(inner, depth + 1)
        count += 1 + more
        weights = config.get("inputs", 0) * config.get("outputs", 0) + 4 * config.get("channels", 0)
        parameters += numbers + config.get("kernel", 1) ** 2 * weights
        if count > MAX_LAYERS or parameters > MAX_PARAMETERS:
            raise ValueError(f"expected at most {MAX_LAYERS} layers and {MAX_PARAMETERS} parameters")
    return count, parameters


def _check_field(kind: str, key: str, value: Any) -> None:
    if key in SIZES:
        if type(value) is not int or not 1 <= value <= 1 << 16:
            raise ValueError(f"{kind}: expected {key} to be from 1 to {1 << 16}, found {value!r}")
        return
    if key not in TYPES:
        raise ValueError(f"{kind}: there is no field {key!r}")
    if type(value) not in TYPES[key]:
        raise ValueError(f"{kind}: {key} can't be {value!r}")
    if key in ("momentum", "epsilon") and not 0 < value <= 1:
        raise ValueError(f"{kind}: expected {key} to be above 0 and at most 1, found {value!r}")


def _check_fit(layers: list[Layer], shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of the outputs for an input of `shape`. ValueError where a layer can't take what it gets."""
    work = 0
    for number, layer in enumerate(layers):
        shape, more = _follow(layer, shape, f"layer {number}, {type(layer).__name__},")
        work += more
    if work > MAX_WORK:
        raise ValueError(f"a picture would take more than {MAX_WORK} multiplications")
    return shape


def _follow(layer: Layer, shape: tuple[int, ...], where: str) -> tuple[tuple[int, ...], int]:
    """(the shape behind `layer`, the multiplications of one picture)."""
    work = 0
    if isinstance(layer, Sequential):
        after = shape
        for inner in layer.layers:
            after, more = _follow(inner, after, f"{where} {type(inner).__name__},")
            work += more
    elif isinstance(layer, Residual | Skip):
        inside, work = _follow(layer.inner, shape, where)
        joined = slice(None) if isinstance(layer, Residual) else slice(-1)
        if len(inside) != len(shape) or inside[joined] != shape[joined]:
            raise ValueError(f"{where} turns {_words(shape)} into {_words(inside)}, which can't be joined")
        after = shape if isinstance(layer, Residual) else (*shape[:-1], shape[-1] + inside[-1])
    else:
        if not _takes(layer, shape):
            raise ValueError(f"{where} does not take {_words(shape)}")
        after = layer.output_shape(shape)
        work = math.prod(after) * _summands(layer, shape)
    if min(after) < 1 or math.prod(after) > MAX_NUMBERS:
        raise ValueError(f"{where} would make {_words(after)} of {_words(shape)}")
    return after, work


def _summands(layer: Layer, shape: tuple[int, ...]) -> int:
    """How many products one output is the sum of."""
    if isinstance(layer, Conv2D):
        return layer.kernel**2 * shape[2]
    if isinstance(layer, Conv1D):
        return layer.kernel * shape[1]
    return shape[0] if isinstance(layer, Dense) else 1


def _takes(layer: Layer, shape: tuple[int, ...]) -> bool:
    if isinstance(layer, Conv2D):
        return len(shape) == 3 and shape[2] == layer.parameters["weight"].shape[2]
    if isinstance(layer, Conv1D):
        return len(shape) == 2 and shape[1] == layer.parameters["weight"].shape[1]
    if isinstance(layer, Dense):
        return shape == layer.parameters["weight"].shape[:1]
    if isinstance(layer, BatchNorm):
        return shape[-1:] == layer.parameters["scale"].shape
    if isinstance(layer, MaxPool2D | AveragePool2D | GlobalAveragePool | UpSample2D | Columns):
        return len(shape) == 3
    return True


def _words(shape: tuple[int, ...]) -> str:
    return f"{shape[0]} numbers" if len(shape) == 1 else " × ".join(str(side) for side in shape)

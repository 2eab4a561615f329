"""A network in one `.npz` file: its arrays, and one string array with its description as JSON.

The description is `{format, layers, input, labels, preprocessing, metrics, trained, name}`. A file comes from
anywhere, so nothing in it is trusted: no pickles, layers only from the table of kinds, sizes bounded before
anything is read or allocated, and then exactly the expected names, shapes and dtypes. float16 on disk is
widened.
"""

from __future__ import annotations

import json
import os
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from engine.layer import Layer
from engine.layers import from_config
from engine.network import Network
from engine.preprocessing import Preprocessing

FORMAT = "paint-by-numpy 1"
DESCRIPTION = "description"
WEIGHTS = Path(__file__).resolve().parent.parent / "weights"

MAX_BYTES = 64 << 20  # of all arrays together
MAX_ARRAYS = 512
MAX_LAYERS = 128
MAX_DEPTH = 12
MAX_PARAMETERS = 16 << 20
MAX_SIDE = 1024


class CheckpointError(ValueError):
    """A file that holds no usable network; the text says what was expected and what was found."""


def save(network: Network, path: str | os.PathLike[str], dtype: type[np.floating] = np.float32) -> None:
    """Write `network` to `path`; float16 halves the file."""
    description = {
        "format": FORMAT,
        "name": network.name,
        "layers": [layer.config() for layer in network.layers],
        "input": list(network.input_shape),
        "labels": list(network.labels),
        "preprocessing": network.preprocessing.to_json(),
        "metrics": network.metrics,
        "trained": network.trained,
    }
    arrays = {name: np.asarray(array).astype(dtype) for name, array in network.state().items()}
    # A zip entry carries no time stamp here, so equal networks give equal files.
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in {DESCRIPTION: np.array(json.dumps(description)), **arrays}.items():
            entry = zipfile.ZipInfo(f"{name}.npy")
            entry.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(entry, "w") as file:
                np.lib.format.write_array(file, np.asanyarray(array), allow_pickle=False)


def load(path: str | os.PathLike[str]) -> Network:
    """The network in the file at `path`. CheckpointError where it is not exactly one."""
    name = Path(path).name
    try:
        with zipfile.ZipFile(path) as archive:
            arrays = _read(archive, name)
    except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError, RuntimeError) as error:
        if isinstance(error, FileNotFoundError):
            raise CheckpointError(f"there is no file {name}") from error
        raise CheckpointError(f"{name} is not a readable .npz file, or not all of it") from error
    description = _description(arrays.pop(DESCRIPTION, None), name)
    network = _network(description, name)
    _fill(network, arrays, name)
    return network


@cache
def load_pretrained(name: str) -> Network:
    """The shipped network `name`, loaded once and read-only. CheckpointError for an unknown name."""
    if name not in pretrained_names():
        raise CheckpointError(
            f"there is no shipped network {name!r}; there are {', '.join(pretrained_names())}"
        )
    return load(WEIGHTS / f"{name}.npz").freeze()


def pretrained_names() -> list[str]:
    """The names of the shipped digit networks, ours first."""
    names = sorted(path.stem for path in WEIGHTS.glob("*.npz"))
    return sorted(names, key=lambda name: (name != "digits", name))


def _read(archive: zipfile.ZipFile, name: str) -> dict[str, np.ndarray]:
    entries = archive.infolist()
    if len(entries) > MAX_ARRAYS:
        raise CheckpointError(f"{name} holds {len(entries)} arrays, more than {MAX_ARRAYS}")
    if sum(entry.file_size for entry in entries) > MAX_BYTES:
        raise CheckpointError(f"{name} unpacks to more than {MAX_BYTES >> 20} MiB")
    arrays: dict[str, np.ndarray] = {}
    for entry in entries:
        key = entry.filename.removesuffix(".npy")
        if key in arrays or key == entry.filename:
            raise CheckpointError(f"{name} holds {entry.filename!r}, expected arrays with names of their own")
        arrays[key] = _read_array(archive, entry, name)
    return arrays


def _read_array(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str) -> np.ndarray:
    """One array whose header promises no more than the entry holds."""
    try:
        with archive.open(entry) as file:
            version = np.lib.format.read_magic(file)
            read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
            shape, _, dtype = read[version](file)
            if dtype.hasobject:
                raise CheckpointError(f"{name}: {entry.filename} holds pickled objects, expected numbers")
            if int(np.prod(shape, dtype=object)) * dtype.itemsize > entry.file_size:
                raise CheckpointError(f"{name}: {entry.filename} promises more numbers than it holds")
        with archive.open(entry) as file:
            return np.lib.format.read_array(file, allow_pickle=False)
    except (ValueError, KeyError, TypeError, SyntaxError, UnicodeError) as error:
        if isinstance(error, CheckpointError):
            raise
        raise CheckpointError(f"{name}: {entry.filename} is not a readable array") from error
    except zipfile.zlib.error as error:  # type: ignore[attr-defined]
        raise CheckpointError(f"{name}: {entry.filename} is damaged") from error


def _description(array: np.ndarray | None, name: str) -> dict[str, Any]:
    if array is None or array.dtype.kind != "U" or array.shape != ():
        raise CheckpointError(
            f"{name} has no description of a network, expected a text array {DESCRIPTION!r}"
        )
    try:
        description = json.loads(str(array))
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{name}: the description is not JSON") from error
    expected = {"format", "name", "layers", "input", "labels", "preprocessing", "metrics", "trained"}
    if not isinstance(description, dict) or set(description) != expected:
        found = sorted(description) if isinstance(description, dict) else type(description).__name__
        raise CheckpointError(f"{name}: the description should hold {sorted(expected)}, found {found}")
    if description["format"] != FORMAT:
        raise CheckpointError(f"{name}: expected the format {FORMAT!r}, found {description['format']!r}")
    return description


def _network(description: dict[str, Any], name: str) -> Network:
    """The described network with initial numbers, after its size is known to be bearable."""
    try:
        shape, labels = tuple(description["input"]), tuple(description["labels"])
        if not (len(shape) == 3 and all(type(s) is int and 1 <= s <= MAX_SIDE for s in shape)):
            raise ValueError(f"expected an input of (height, width, channels), found {shape}")
        if not (1 <= len(labels) <= 1000 and all(isinstance(label, str) for label in labels)):
            raise ValueError("expected 1 to 1000 labels")
        if not all(isinstance(description[key], dict) for key in ("metrics", "trained")):
            raise ValueError("expected metrics and trained to be objects")
        _bound(description["layers"])
        layers = [from_config(config) for config in description["layers"]]
        preprocessing = Preprocessing.from_json(description["preprocessing"])
        side = preprocessing.size + 2 * preprocessing.pad
        if shape[:2] != (side, side):
            raise ValueError(f"the preprocessing gives {side} × {side}, the input is {shape}")
        network = Network(
            layers,
            shape,
            labels,
            preprocessing,
            str(description["name"]),
            description["metrics"],
            description["trained"],
        )
        _check_shapes(layers, shape, len(labels))
        return network
    except (ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
        raise CheckpointError(f"{name}: {error}") from error


def _bound(configs: Any, depth: int = 0) -> tuple[int, int]:
    """The number of layers and of parameters that these configurations ask for. ValueError when too many."""
    if depth > MAX_DEPTH or not isinstance(configs, list):
        raise ValueError("expected a list of layers, not too deep")
    count = parameters = 0
    for config in configs:
        if not isinstance(config, dict):
            raise ValueError(f"expected a layer, found {type(config).__name__}")
        for key, value in config.items():
            if isinstance(value, int) and not isinstance(value, bool) and not 1 <= value <= 1 << 16:
                raise ValueError(f"{config.get('kind')}: {key} is {value}")
        inner = config.get("layers", [config["inner"]] if "inner" in config else [])
        more, numbers = _bound(inner, depth + 1)
        kernel = int(config.get("kernel", 1))
        count += 1 + more
        parameters += numbers + kernel * kernel * int(config.get("inputs", 0)) * int(config.get("outputs", 0))
        if count > MAX_LAYERS or parameters > MAX_PARAMETERS:
            raise ValueError(f"more than {MAX_LAYERS} layers or {MAX_PARAMETERS} parameters")
    return count, parameters


def _check_shapes(layers: list[Layer], shape: tuple[int, ...], outputs: int) -> None:
    """One blank picture goes through, so that layers which do not fit together are found now."""
    x = np.zeros((1, *shape), np.float32)
    for i, layer in enumerate(layers):
        try:
            x = layer.predict(x)
        except (ValueError, IndexError) as error:
            raise ValueError(f"layer {i}, {type(layer).__name__}, does not take {x.shape[1:]}") from error
        if x.size > 1 << 24 or x.size == 0:
            raise ValueError(f"layer {i}, {type(layer).__name__}, gives {x.shape[1:]}")
    if x.shape != (1, outputs):
        raise ValueError(f"expected {outputs} outputs, found {x.shape[1:]}")


def _fill(network: Network, arrays: dict[str, np.ndarray], name: str) -> None:
    state = network.state()
    missing, extra = sorted(state.keys() - arrays.keys()), sorted(arrays.keys() - state.keys())
    if missing or extra:
        raise CheckpointError(f"{name}: missing arrays {missing}, unexpected arrays {extra}")
    for key, array in state.items():
        found = arrays[key]
        if found.shape != array.shape:
            raise CheckpointError(f"{name}: {key} should have shape {array.shape}, found {found.shape}")
        if found.dtype not in (np.float32, np.float16):
            raise CheckpointError(f"{name}: {key} should be float32 or float16, found {found.dtype}")
        if not np.isfinite(found).all():
            raise CheckpointError(f"{name}: {key} holds numbers that are not finite")
        array[...] = found

"""Files of networks as they should be, and as nobody should make them."""

from __future__ import annotations

import io
import json
import re
import time
import tracemalloc
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest

from engine.checkpoint import CheckpointError, load, save
from engine.layers import (
    AveragePool2D,
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    Layer,
    ReLU,
    Residual,
    Sequential,
    Skip,
    Tanh,
    UpSample2D,
)
from engine.network import Network
from engine.preprocessing import Preprocessing


def example(seed: int = 0) -> Network:
    """Every way in which a network can hold arrays, in little more than a kilobyte."""
    rng = np.random.default_rng(seed)
    block = Sequential([Conv2D(2, 2, 3, padding="same", bias=False, rng=rng), BatchNorm(2), ReLU()])
    layers: list[Layer] = [
        Conv2D(1, 2, 3, rng=rng),
        Residual(block),
        AveragePool2D(),
        Skip(Tanh()),
        UpSample2D(),
        Dropout(0.25),
        Flatten(),
        Dense(64, 3, rng=rng),
    ]
    preprocessing = Preprocessing(size=6, pad=0, scale=2.0, offset=-0.5)
    network = Network(layers, (6, 6, 1), ("a", "b", "ß"), preprocessing, "example")
    network.metrics, network.trained = {"test": 0.75}, {"recipe": "none", "seed": None, "epochs": [1, 2]}
    for buffer in network.buffers.values():
        buffer[...] = rng.uniform(0.5, 2, buffer.shape)
    return network


def contents(network: Network) -> dict[str, np.ndarray]:
    """The arrays of its file by name, the description among them."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "network.npz"
        save(network, path)
        with np.load(path) as file:
            return {name: file[name] for name in file.files}


ARRAYS = contents(example())


def described(change: Callable[[dict[str, Any]], Any]) -> np.ndarray:
    """The description of `example`, changed."""
    description = json.loads(str(ARRAYS["description"]))
    changed = change(description)
    return np.array(json.dumps(description if changed is None else changed))


def refused(path: Path, text: str = "") -> str:
    """The one sentence of a refusal, which is quick and takes little memory."""
    began = time.process_time()
    tracemalloc.start()
    try:
        with pytest.raises(CheckpointError) as caught:
            load(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert type(caught.value) is CheckpointError
    sentence = str(caught.value)
    assert sentence.startswith(f"{path.name}: ")
    assert "\n" not in sentence
    assert 15 < len(sentence) <= 400
    assert re.search(text, sentence), sentence
    assert peak < 140 << 20
    assert time.process_time() - began < 5
    return sentence


def pack(path: Path, entries: Mapping[str, bytes | np.ndarray], how: int = zipfile.ZIP_DEFLATED) -> None:
    with zipfile.ZipFile(path, "w", how) as archive:
        for name, content in entries.items():
            if isinstance(content, np.ndarray):
                stream = io.BytesIO()
                np.lib.format.write_array(stream, content)
                archive.writestr(f"{name}.npy", stream.getvalue())
            else:
                archive.writestr(name, content)


def npy(header: str | bytes, content: bytes = b"", version: bytes = b"\x01\x00") -> bytes:
    """A .npy file with a header of one's own."""
    header = header.encode() if isinstance(header, str) else header
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    size = len(header).to_bytes(2 if version == b"\x01\x00" else 4, "little")
    return b"\x93NUMPY" + version + size + header + content


def header(descr: str = "'<f4'", shape: str = "(2,)", order: str = "False") -> str:
    return f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}"

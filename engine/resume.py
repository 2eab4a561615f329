"""What a long training needs to go on after an interruption: never part of a checkpoint that is shipped.

One `.npz` with the weights, their moving average, the optimizer's memory, the position and the state of
random generators. Batches depend on their step alone, so a training that goes on takes exactly the steps that
it would have taken.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from engine.layer import Layer
from engine.layers import Dropout, Residual, Sequential, Skip
from engine.network import Network
from engine.optimizers import SGD
from engine.training import WeightAverage


def save_state(
    path: Path, step: int, network: Network, optimizer: SGD, average: WeightAverage | None = None
) -> None:
    """Write all of it, the old file staying whole until the new one is."""
    arrays = {f"network/{name}": a for name, a in network.state().items()}
    arrays |= {f"optimizer/{name}": a for name, a in optimizer.state().items()}
    if average is not None:
        arrays |= {f"average/{name}": a for name, a in average.network.state().items()}
    facts = {
        "step": step,
        "average_steps": average.steps if average else 0,
        "random": _random_states(network),
    }
    arrays = {name: a.get() if hasattr(a, "get") else a for name, a in arrays.items()}  # from a GPU
    part = path.with_suffix(".part.npz")
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(part, facts=np.array(json.dumps(facts)), **arrays)
    os.replace(part, path)


def load_state(path: Path, network: Network, optimizer: SGD, average: WeightAverage | None = None) -> int:
    """Put everything back in place and return the step to go on with."""
    with np.load(path, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    facts = json.loads(str(arrays.pop("facts")))
    network.set_state(_under(arrays, "network/"))
    optimizer.set_state(_under(arrays, "optimizer/"))
    if average is not None:
        average.network.set_state(_under(arrays, "average/"))
        average.steps = facts["average_steps"]
    for layer, state in zip(_dropouts(network.layers), facts["random"], strict=True):
        layer.rng.bit_generator.state = state
    return int(facts["step"])


def _under(arrays: dict[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    return {name.removeprefix(prefix): a for name, a in arrays.items() if name.startswith(prefix)}


def _random_states(network: Network) -> list[Any]:
    return [layer.rng.bit_generator.state for layer in _dropouts(network.layers)]


def _dropouts(layers: list[Layer]) -> Iterator[Dropout]:
    for layer in layers:
        if isinstance(layer, Dropout):
            yield layer
        elif isinstance(layer, Sequential):
            yield from _dropouts(layer.layers)
        elif isinstance(layer, Residual | Skip):
            yield from _dropouts([layer.inner])

"""What a long training needs to go on after an interruption: never part of a checkpoint that is shipped.

One `.npz` with the weights, their moving average, the optimizer's memory, the position and the state of
random generators. Batches depend on their step alone, so a training that goes on takes exactly the steps that
it would have taken; but for a network with dropout that learns on several threads, whose other threads draw
anew.
"""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from engine.network import Network, random_generators
from engine.optimizers import SGD
from engine.training import WeightAverage


class StateError(ValueError):
    """A file that this training can't go on from; the text says why."""


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
    """Put everything back in place and return the step to go on with. StateError, and nothing is changed,
    where the file holds the state of another training or none.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        facts = json.loads(str(arrays.pop("facts")))
        step, average_steps, random = int(facts["step"]), int(facts["average_steps"]), facts["random"]
    except (OSError, EOFError, ValueError, LookupError, TypeError, zipfile.BadZipFile) as error:
        raise StateError(f"{path.name} holds no state of a training.") from error
    shapes = {name: array.shape for name, array in _under(arrays, "network/").items()}
    generators = list(random_generators(network.body))
    fits = shapes == {name: array.shape for name, array in network.state().items()}
    if (
        not fits
        or len(random) != len(generators)
        or (average is not None) != bool(_under(arrays, "average/"))
    ):
        raise StateError(f"{path.name} holds the state of another network than the one to be trained.")
    try:
        optimizer.set_state(_under(arrays, "optimizer/"))
    except KeyError as error:
        raise StateError(f"{path.name} holds the state of another optimizer.") from error
    network.set_state(_under(arrays, "network/"))
    if average is not None:
        average.network.set_state(_under(arrays, "average/"))
        average.steps = average_steps
    for rng, state in zip(generators, random, strict=True):
        rng.bit_generator.state = state
    return step


def _under(arrays: dict[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    return {name.removeprefix(prefix): a for name, a in arrays.items() if name.startswith(prefix)}


def _random_states(network: Network) -> list[Any]:
    return [rng.bit_generator.state for rng in random_generators(network.body)]

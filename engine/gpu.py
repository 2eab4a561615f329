"""Training on a GPU: CuPy's arrays instead of NumPy's, and a network's numbers in a few long vectors.

Only `python -m engine train NAME --gpu` needs this. CuPy is not among the requirements; where it is there,
layers, losses and optimizers work on its arrays as they are, since they take their functions from the array.
"""

from __future__ import annotations

import importlib
import math
from typing import Any

import numpy as np

from engine.containers import leaves
from engine.layer import Array, Gradients
from engine.layers import from_config
from engine.network import Network


class NoGPU(RuntimeError):
    """There is no GPU to train on; the sentence says what is missing."""


def cupy() -> Any:
    """CuPy, its arrays taught what the array API asks of them. NoGPU where it can't be used."""
    try:
        module: Any = importlib.import_module("cupy")
        count = module.cuda.runtime.getDeviceCount()
    except ImportError as error:
        raise NoGPU(
            "Training on a GPU needs CuPy: pip install cupy-cuda13x, or the one for your CUDA."
        ) from error
    except Exception as error:  # CuPy's own error class is known only once it is imported
        raise NoGPU(f"CuPy finds no GPU: {error}") from error
    if not count:
        raise NoGPU("CuPy finds no GPU.")
    if not hasattr(module.ndarray, "__array_namespace__"):  # as of 14.2
        module.ndarray.__array_namespace__ = lambda array, api_version=None: module
    return module


class Packed:
    """A network whose arrays have become views of three vectors on a device.

    An optimizer's step is then a dozen calls instead of a thousand. Arrays of two and more axes lie in one
    vector, since only they decay, the other parameters in another; buffers have their own.
    """

    def __init__(self, network: Network, xp: Any) -> None:
        self.network = network
        matrices = {name: a for name, a in network.parameters.items() if a.ndim > 1}
        vectors = {name: a for name, a in network.parameters.items() if a.ndim == 1}
        self.names = list(matrices), list(vectors)
        self.arrays = tuple(_joined(group, xp) for group in (matrices, vectors, network.buffers))
        homes: dict[str, Array] = {}
        for group, whole in zip((matrices, vectors, network.buffers), self.arrays, strict=True):
            homes |= _views(group, whole)
        _move(network, homes)

    @property
    def parameters(self) -> dict[str, Array]:
        """What an optimizer is given: (1, M), which decays, and (V,)."""
        return {"matrices": self.arrays[0].reshape(1, -1), "vectors": self.arrays[1]}

    def gradients(self, gradients: Gradients) -> Gradients:
        """Gradients by the network's names as those of `parameters`."""
        xp = self.arrays[0].__array_namespace__()
        joined = [
            xp.concatenate([gradients[name].reshape(-1) for name in names]) if names else whole[:0]
            for names, whole in zip(self.names, self.arrays, strict=False)
        ]
        return {"matrices": joined[0].reshape(1, -1), "vectors": joined[1]}


def here(array: Array) -> np.ndarray:
    """A CuPy array brought back as NumPy's; NumPy's as it is."""
    brought: np.ndarray = array.get() if hasattr(array, "get") else array
    return brought


def to_numpy(network: Network) -> None:
    """Give a network NumPy's arrays again, each its own."""
    _move(network, {name: here(array).copy() for name, array in network.state().items()})


def copy_here(network: Network) -> Network:
    """A copy with NumPy's arrays of a network whose arrays lie on a GPU, or not."""
    layers = [from_config(layer.config()) for layer in network.layers]
    twin = Network(layers, network.input_shape, network.labels, network.preprocessing, network.name)
    twin.set_state({name: here(a) for name, a in network.state().items()})
    return twin


def _joined(group: dict[str, np.ndarray], xp: Any) -> Array:
    flat = [array.reshape(-1) for array in group.values()]
    return xp.asarray(np.concatenate(flat) if flat else np.zeros(0, np.float32))


def _views(group: dict[str, np.ndarray], whole: Array) -> dict[str, Array]:
    views, begin = {}, 0
    for name, array in group.items():
        end = begin + math.prod(array.shape)
        views[name] = whole[begin:end].reshape(array.shape)
        begin = end
    return views


def _move(network: Network, arrays: dict[str, Array]) -> None:
    """Put arrays by the network's names where its layers hold theirs."""
    parameters, buffers = iter(network.parameters), iter(network.buffers)
    for layer in leaves(network.body):
        for own, names in ((layer.parameters, parameters), (layer.buffers, buffers)):
            for name in own:
                own[name] = arrays[next(names)]

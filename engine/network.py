"""A network: layers in a row, what they expect, and what their outputs mean."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from engine import inference
from engine.containers import Sequential, leaves
from engine.layer import Array, Backward, Layer
from engine.layers import Dropout, Flatten, Sigmoid, from_config
from engine.preprocessing import Preprocessing

DIGITS = tuple("0123456789")


class Network:
    """Layers, the shape of one input (H, W, C), the labels of the outputs and the preprocessing of a picture.

    `metrics` (what was measured) and `trained` (how) are JSON-able dicts that travel with the weights.
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        input_shape: tuple[int, ...],
        labels: Sequence[str] = DIGITS,
        preprocessing: Preprocessing | None = None,
        name: str = "",
        metrics: dict[str, Any] | None = None,
        trained: dict[str, Any] | None = None,
    ) -> None:
        self.body = Sequential(layers)
        self.input_shape = tuple(input_shape)
        self.labels = tuple(labels)
        self.preprocessing = preprocessing or Preprocessing()
        self.name = name
        self.metrics = dict(metrics or {})
        self.trained = dict(trained or {})
        self._frozen_plan: inference.FrozenPlan | None = None
        self._one_size = any(isinstance(layer, Flatten) for layer in leaves(self.body))

    @property
    def layers(self) -> list[Layer]:
        return self.body.layers

    @property
    def parameters(self) -> dict[str, Array]:
        """The trained arrays by name ("3.weight"); the arrays themselves, not copies."""
        return self.body.parameters

    @property
    def buffers(self) -> dict[str, Array]:
        return self.body.buffers

    @property
    def parameter_count(self) -> int:
        return sum(int(p.size) for p in self.parameters.values())

    def forward(self, x: Array, training: bool = False) -> tuple[Array, Backward]:
        """x (N, *input_shape) -> outputs (N, labels) and the backward function. ValueError for other x."""
        self._check(x)
        return self.body.forward(x, training)

    def predict(self, x: Array) -> Array:
        """Outputs (N, labels) for x (N, *input_shape), keeping nothing for a gradient. ValueError for
        other x.
        """
        self._check(x)
        if self._frozen_plan is not None:
            return self._frozen_plan(x)
        return inference.run(inference.plan(self.layers), x)

    def _check(self, x: Array) -> None:
        """Height and width may differ, as in a line or a photo, where no layer lays them flat."""
        fits = x.ndim == len(self.input_shape) + 1 and x.shape[-1] == self.input_shape[-1]
        if not fits or (self._one_size and x.shape[1:] != self.input_shape):
            expected = ", ".join(map(str, ("N", *self.input_shape)))
            raise ValueError(f"the network {self.name!r} takes ({expected}), not {x.shape}")
        if x.dtype.kind != "f":
            raise ValueError(f"the network {self.name!r} takes float32 numbers, not {x.dtype}")

    def probabilities(self, x: Array) -> Array:
        """(N, labels), rows summing to 1: the softmax of logits, or a sigmoid network's outputs in
        proportion. (N, T, labels) where the network says something of each of T columns.
        """
        y = self.predict(x)
        if isinstance(self.layers[-1], Sigmoid):
            y = y + (y.sum(axis=1, keepdims=True) == 0)  # all exactly 0: each is as probable as the others
        else:
            y = y - y.max(axis=-1, keepdims=True)
            y = y.__array_namespace__().exp(y)
        return y / y.sum(axis=-1, keepdims=True)

    def activations(self, x: Array) -> Iterator[Array]:
        """The output of each layer in turn."""
        for layer in self.layers:
            x = layer.predict(x)
            yield x

    def state(self) -> dict[str, Array]:
        """Parameters and buffers by name: all that a checkpoint holds of the numbers."""
        return self.parameters | self.buffers

    def set_state(self, state: dict[str, Array]) -> None:
        """Copy numbers into place. KeyError or ValueError where names or shapes differ."""
        own = self.state()
        if own.keys() != state.keys():
            raise KeyError(f"expected {sorted(own)}, found {sorted(state)}")
        for name, array in own.items():
            if array.shape != state[name].shape:
                raise ValueError(f"{name}: expected shape {array.shape}, found {state[name].shape}")
        for name, array in own.items():
            array[...] = state[name]

    def freeze(self) -> Network:
        """Make the arrays read-only, so that one network can be shared; the plan of `predict` is then made
        once.
        """
        for array in self.state().values():
            array.setflags(write=False)
        self._frozen_plan = inference.FrozenPlan(self.layers)
        return self

    def copy(self) -> Network:
        """A network of its own with the same numbers, free to be trained."""
        layers = [from_config(layer.config()) for layer in self.layers]
        twin = Network(layers, self.input_shape, self.labels, self.preprocessing, self.name)
        twin.metrics, twin.trained = copy.deepcopy(self.metrics), copy.deepcopy(self.trained)
        twin.set_state(self.state())
        for own, other in zip(random_generators(twin.body), random_generators(self.body), strict=True):
            own.bit_generator.state = other.bit_generator.state
        return twin

    def shard(self) -> Network:
        """A network that shares the parameters but has buffers and random numbers of its own, for a second
        thread of one training.
        """
        twin = self.copy()
        _share_parameters(self.body, twin.body)
        for own, first in zip(random_generators(twin.body), random_generators(self.body), strict=True):
            own.bit_generator.state = first.spawn(1)[0].bit_generator.state
        return twin

    def __getstate__(self) -> dict[str, Any]:
        """All but what `freeze` has made, which holds functions: a process makes it again."""
        return self.__dict__ | {"_frozen_plan": None, "frozen": self._frozen_plan is not None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        frozen = state.pop("frozen")
        self.__dict__.update(state)
        if frozen:
            self.freeze()

    def summary(self) -> list[tuple[str, tuple[int, ...], int]]:
        """Each layer's kind, output shape and number of parameters."""
        rows, shape = [], self.input_shape
        for layer in self.layers:
            shape = layer.output_shape(shape)
            count = sum(int(np.prod(p.shape)) for p in layer.parameters.values())
            rows.append((type(layer).__name__, shape, count))
        return rows


def random_generators(layer: Layer) -> Iterator[np.random.Generator]:
    """Those of all dropouts in a layer, in the order of the network's names."""
    return (leaf.rng for leaf in leaves(layer) if isinstance(leaf, Dropout))


def _share_parameters(source: Layer, target: Layer) -> None:
    if isinstance(source, Sequential) and isinstance(target, Sequential):
        for a, b in zip(source.layers, target.layers, strict=True):
            _share_parameters(a, b)
    elif hasattr(source, "inner") and hasattr(target, "inner"):
        _share_parameters(source.inner, target.inner)
    else:
        target.parameters = source.parameters

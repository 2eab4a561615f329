"""Optimizers, from the simplest to the one in common use: `step(parameters, gradients)` changes the
parameters in place.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import blas

from engine.layer import Array, Gradients
from engine.memory import blocks

Parameters = dict[str, Array]

AXPY = {np.dtype(np.float32): blas.saxpy, np.dtype(np.float64): blas.daxpy}


def add_scaled(weight: Array, factor: float, change: Array) -> None:
    """weight += factor · change, in one pass over memory where BLAS can do it."""
    axpy = AXPY.get(weight.dtype) if isinstance(weight, np.ndarray) else None
    if (
        axpy is None
        or weight.dtype != change.dtype
        or not weight.size
        or not (weight.flags.carray and change.flags.c_contiguous)
    ):
        weight += weight.dtype.type(factor) * change
    else:
        axpy(change.ravel(), weight.ravel(), a=factor)


def _matched(parameters: Parameters, gradients: Gradients) -> list[tuple[str, Array, Array]]:
    """(name, parameter, gradient) of each gradient; ValueError, before anything changes, where one does not
    fit.
    """
    for name, gradient in gradients.items():
        weight = parameters.get(name)
        if weight is None:
            raise ValueError(f"there is a gradient for {name!r}, but no such parameter")
        if gradient.shape != weight.shape:
            raise ValueError(f"the gradient of {name!r} is {gradient.shape}, the parameter {weight.shape}")
    return [(name, parameters[name], gradient) for name, gradient in gradients.items()]


class SGD:
    """w ← w - rate · gradient."""

    def __init__(self, learning_rate: float) -> None:
        self.learning_rate = learning_rate

    def step(self, parameters: Parameters, gradients: Gradients) -> None:
        for _, weight, gradient in _matched(parameters, gradients):
            add_scaled(weight, -self.learning_rate, gradient)

    def state(self) -> dict[str, Array]:
        """What the optimizer remembers, as arrays by name: saved to resume a training."""
        return {}

    def set_state(self, state: dict[str, Array]) -> None:
        if state:
            raise KeyError(f"{type(self).__name__} remembers nothing, found {sorted(state)}")


def _under(group: str, state: dict[str, Array], known: tuple[str, ...]) -> dict[str, Array]:
    """Copies of the arrays "group.…". KeyError where the state holds anything but the `known` groups."""
    unknown = [name for name in state if name.partition(".")[0] not in known]
    if unknown:
        raise KeyError(f"expected only {', '.join(known)}, found {unknown}")
    prefix = f"{group}."
    return {name.removeprefix(prefix): a.copy() for name, a in state.items() if name.startswith(prefix)}


class Momentum(SGD):
    """v ← momentum · v + gradient; w ← w - rate · v (Polyak 1964, as PyTorch writes it)."""

    def __init__(self, learning_rate: float, momentum: float = 0.9) -> None:
        super().__init__(learning_rate)
        self.momentum = momentum
        self.velocity: dict[str, Array] = {}

    def step(self, parameters: Parameters, gradients: Gradients) -> None:
        for name, weight, gradient in _matched(parameters, gradients):
            velocity = self.velocity.get(name)
            if velocity is None:
                velocity = self.velocity[name] = gradient.copy()
            else:
                velocity *= weight.dtype.type(self.momentum)
                velocity += gradient
            add_scaled(weight, -self.learning_rate, velocity)

    def state(self) -> dict[str, Array]:
        return {f"velocity.{name}": v for name, v in self.velocity.items()}

    def set_state(self, state: dict[str, Array]) -> None:
        self.velocity = _under("velocity", state, ("velocity",))


class Adam(SGD):
    """Steps scaled by running means of the gradient and of its square (Kingma, Ba 2015).

    With `weight_decay` the weights also shrink, apart from the gradient (AdamW; Loshchilov, Hutter 2019):
    only arrays of two and more axes, not biases and scales.
    """

    def __init__(
        self,
        learning_rate: float,
        weight_decay: float = 0.0,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
    ) -> None:
        super().__init__(learning_rate)
        self.weight_decay, self.beta1, self.beta2, self.epsilon = weight_decay, beta1, beta2, epsilon
        self.steps = 0
        self.mean: dict[str, Array] = {}
        self.square: dict[str, Array] = {}

    def step(self, parameters: Parameters, gradients: Gradients) -> None:
        matched = _matched(parameters, gradients)
        self.steps += 1
        for name, weight, gradient in matched:
            if name not in self.mean:
                xp = weight.__array_namespace__()
                self.mean[name], self.square[name] = xp.zeros_like(weight), xp.zeros_like(weight)
            if self.weight_decay and weight.ndim > 1:
                weight *= weight.dtype.type(1 - self.learning_rate * self.weight_decay)
            arrays = (weight, gradient, self.mean[name], self.square[name])
            if not all(array.flags.c_contiguous for array in arrays):
                self._step(*arrays)  # flattened, some would be copies
                continue
            flat = [array.reshape(-1) for array in arrays]
            for part in blocks(flat[0].size, weight.dtype.itemsize, weight):
                self._step(*(array[part] for array in flat))

    def _step(self, weight: Array, gradient: Array, mean: Array, square: Array) -> None:
        """One block of one parameter: the same few numbers, many times over, stay in the cache."""
        kind = weight.dtype.type
        unbias1, unbias2 = 1 - self.beta1**self.steps, 1 - self.beta2**self.steps
        change = gradient * kind(1 - self.beta1)
        mean *= kind(self.beta1)
        mean += change
        xp = weight.__array_namespace__()
        xp.multiply(gradient, gradient, out=change)
        change *= kind(1 - self.beta2)
        square *= kind(self.beta2)
        square += change
        xp.sqrt(square, out=change)
        change += kind(self.epsilon * unbias2**0.5)
        xp.divide(mean, change, out=change)
        add_scaled(weight, -self.learning_rate * unbias2**0.5 / unbias1, change)

    def state(self) -> dict[str, Array]:
        means = {f"mean.{name}": m for name, m in self.mean.items()}
        squares = {f"square.{name}": s for name, s in self.square.items()}
        return {"steps": np.array(self.steps)} | means | squares

    def set_state(self, state: dict[str, Array]) -> None:
        known = ("steps", "mean", "square")
        self.mean = _under("mean", state, known)
        self.steps = int(state["steps"])
        self.square = _under("square", state, known)


class AdamW(Adam):
    """Adam with weight decay."""

    def __init__(self, learning_rate: float, weight_decay: float = 0.01) -> None:
        super().__init__(learning_rate, weight_decay)


OPTIMIZERS: dict[str, type[SGD]] = {"SGD": SGD, "momentum": Momentum, "Adam": Adam, "AdamW": AdamW}

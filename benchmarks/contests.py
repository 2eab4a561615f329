"""Inference and training steps of one network, by the engine and by its peers, from the same numbers.

Before a contest is timed, both sides have computed the same result, or it is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from benchmarks import in_onnx, in_torch
from benchmarks.channels_first import to_channels_first
from benchmarks.timing import Job
from engine.losses import cross_entropy
from engine.network import Network
from engine.optimizers import Adam
from engine.rules import backpropagation

ENGINE, TORCH, ONNX, LOOPS = "engine", "PyTorch", "ONNX Runtime", "Python loops"
CHANNELS_LAST = f"{TORCH}, channels_last"
TOLERANCE = (
    1e-3  # of the largest output: far above what the order of float32 sums does, far below a wrong layer
)

Goals = Mapping[str, tuple[float, float]]


class Disagreement(AssertionError):
    """The engine and a peer computed different numbers, so their times say nothing."""


@dataclass(frozen=True)
class Contest:
    """Jobs by who does them; `goals`: how many times faster than a peer the engine is to be (least, aim)."""

    work: str
    jobs: dict[str, Job]
    goals: Goals = field(default_factory=dict)


def inference(network: Network, batch: int, goals: Goals) -> Contest:
    """From inputs in memory to outputs, with nothing kept for a gradient."""
    x = inputs(network, batch)
    x_first = to_channels_first(x)
    plain = torch.from_numpy(x_first)
    last = channels_last(plain)
    module, module_last = in_torch.module(network).eval(), channels_last(in_torch.module(network).eval())
    run = in_onnx.session(network)

    def in_pytorch(made: Any, pictures: Any) -> Any:
        with torch.inference_mode():
            return made(pictures)

    expected = network.predict(x)
    agree(TORCH, expected, in_pytorch(module, plain).numpy())
    agree(CHANNELS_LAST, expected, in_pytorch(module_last, last).numpy())
    agree(ONNX, expected, run(x_first))
    jobs: dict[str, Job] = {
        ENGINE: lambda: network.predict(x),
        TORCH: lambda: in_pytorch(module, plain),
        CHANNELS_LAST: lambda: in_pytorch(module_last, last),
        ONNX: lambda: run(x_first),
    }
    work = "one picture" if batch == 1 else f"batch {batch}"
    return Contest(f"`{network.name}` reads {work}", jobs, goals)


def training(network: Network, batch: int, goals: Goals) -> Contest:
    """One step of Adam on one batch in memory: forward, cross-entropy, backward, update."""
    x = inputs(network, batch)
    labels = np.random.default_rng(2).integers(0, len(network.labels), batch)

    def start() -> dict[str, Callable[[], float]]:
        plain = torch.from_numpy(to_channels_first(x))
        module, module_last = in_torch.module(network), channels_last(in_torch.module(network))
        return {
            ENGINE: _engine_step(network.copy(), x, labels),
            TORCH: _torch_step(module, plain, labels),
            CHANNELS_LAST: _torch_step(module_last, channels_last(plain), labels),
        }

    # Dropout draws different random numbers on each side, so only networks without it can be compared.
    if not any(type(layer).__name__ == "Dropout" for layer in network.layers):
        losses = {name: np.array([step() for _ in range(3)]) for name, step in start().items()}
        agree(TORCH, losses[ENGINE], losses[TORCH])
        agree(CHANNELS_LAST, losses[ENGINE], losses[CHANNELS_LAST])
    return Contest(f"`{network.name}` learns batch {batch}, one step of Adam", dict(start()), goals)


def _engine_step(network: Network, x: np.ndarray, labels: np.ndarray) -> Callable[[], float]:
    optimizer, parameters = Adam(1e-3), network.parameters

    def step() -> float:
        value, gradients = backpropagation(network, x, labels, cross_entropy)
        optimizer.step(parameters, gradients)
        return value

    return step


def _torch_step(module: Any, x: Any, labels: np.ndarray) -> Callable[[], float]:
    # fused: the quickest of PyTorch's three ways to do the same update.
    optimizer = torch.optim.Adam(module.parameters(), 1e-3, fused=True)
    target = torch.from_numpy(labels)
    module.train()

    def step() -> float:
        optimizer.zero_grad()
        value = functional.cross_entropy(module(x), target)
        value.backward()
        optimizer.step()
        return float(value.detach())

    return step


def inputs(network: Network, batch: int) -> np.ndarray:
    """(batch, *input_shape) numbers from 0 to 1, the same ones each time."""
    return np.random.default_rng(1).random((batch, *network.input_shape), dtype=np.float32)


def channels_last(thing: Any) -> Any:
    """A tensor or a module in PyTorch's other memory format."""
    return thing.to(memory_format=torch.channels_last)


def agree(peer: str, ours: np.ndarray, theirs: np.ndarray) -> None:
    """Disagreement unless both are equal but for rounding."""
    worst = float(np.abs(ours - theirs).max())
    if not worst <= TOLERANCE * float(np.abs(theirs).max()):
        raise Disagreement(f"the engine and {peer} differ by {worst:.3g}")

"""`python -m benchmarks.layer_times NAME --batch N`: where a network's time goes, and what its peers need.

The first table is of prediction, the second of training, one line for each step that the engine fuses. Peers
do each part on its own from an array in memory, which costs ONNX Runtime a change of layout at both ends.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch

from benchmarks import in_onnx, in_torch
from benchmarks.channels_first import to_channels_first
from benchmarks.contests import channels_last, inputs
from benchmarks.machine import start_fairly
from benchmarks.timing import Job, in_turns
from engine import fusion, inference
from engine.architectures import ARCHITECTURES, build
from engine.layers import Layer
from engine.network import Network


def main() -> None:
    start_fairly()
    torch.set_num_threads(1)
    parser = argparse.ArgumentParser(prog="python -m benchmarks.layer_times")
    parser.add_argument("name", choices=sorted(ARCHITECTURES))
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=7)
    asked = parser.parse_args()
    frozen, network = (build(asked.name, np.random.default_rng(0)) for _ in range(2))
    print(
        f"`{asked.name}`, batch {asked.batch}, milliseconds of CPU time, minimum of {asked.rounds} rounds\n"
    )
    _table("step of `predict`", _prediction(frozen, inputs(frozen, asked.batch)), asked.rounds)
    _table("step of training", _training(network, inputs(network, asked.batch)), asked.rounds)


def _table(title: str, lines: Iterator[tuple[str, dict[str, Job]]], rounds: int) -> None:
    sums: dict[str, float] = {}
    for label, jobs in lines:
        if not sums:
            print(f"| {title} | {' | '.join(jobs)} |\n|---{'|---' * len(jobs)}|")
        times = {name: timing.minimum * 1e3 for name, timing in in_turns(jobs, rounds).items()}
        print(f"| {label} |", " | ".join(f"{time:.3g}" for time in times.values()), "|", flush=True)
        sums = {name: sums.get(name, 0.0) + time for name, time in times.items()}
    print("| sum |", " | ".join(f"{time:.3g}" for time in sums.values()), "|\n")


def _prediction(network: Network, x: np.ndarray) -> Iterator[tuple[str, dict[str, Job]]]:
    shape = network.input_shape
    for layers in _steps(network.layers):
        part = Network(layers, shape, name="part").freeze()
        yield _label(layers), _prediction_jobs(part, x)
        x, shape = part.predict(x), _shape_behind(layers, shape)


def _prediction_jobs(part: Network, x: np.ndarray) -> dict[str, Job]:
    theirs = to_channels_first(x) if x.ndim == 4 else x
    tensor = torch.from_numpy(theirs)
    last = channels_last(tensor) if x.ndim == 4 else tensor
    module, module_last, run = (
        in_torch.module(part).eval(),
        in_torch.module(part).eval(),
        in_onnx.session(part),
    )
    module_last = channels_last(module_last)

    def in_pytorch(made: Any, pictures: Any) -> Any:
        with torch.inference_mode():
            return made(pictures)

    return {
        "engine": lambda: part.predict(x),
        "PyTorch": lambda: in_pytorch(module, tensor),
        "PyTorch, channels_last": lambda: in_pytorch(module_last, last),
        "ONNX Runtime": lambda: run(theirs),
    }


def _steps(layers: Sequence[Layer]) -> Iterator[Sequence[Layer]]:
    """The layers of each step of the plan; Flatten goes with what follows, whose weights know the order."""
    start = 0
    for end in range(1, len(layers) + 1):
        whole = end == len(layers) or len(inference.plan(layers[: end + 1])) > len(
            inference.plan(layers[:end])
        )
        if whole and (type(layers[end - 1]).__name__ != "Flatten" or end == len(layers)):
            yield layers[start:end]
            start = end


def _training(network: Network, x: np.ndarray) -> Iterator[tuple[str, dict[str, Job]]]:
    """Step by step; the first needs no gradient of its input on either side."""
    shape, first = network.input_shape, 0
    while first < len(network.layers):
        forward, count = fusion.step(network.layers, first, x, True)
        layers = network.layers[first : first + count]
        y, backward = forward(x, True)
        if type(layers[0]).__name__ != "Flatten":
            peers = _torch_jobs(Network(layers, shape), x, first > 0)
            yield _label(layers), _training_jobs(forward, x, y, backward, first > 0) | peers
        x, shape, first = y, _shape_behind(layers, shape), first + count


def _training_jobs(
    forward: fusion.Forward, x: np.ndarray, y: np.ndarray, backward: Callable[..., Any], input_gradient: bool
) -> dict[str, Job]:
    dy = np.random.default_rng(3).standard_normal(y.shape, dtype=np.float32)
    return {
        "engine forward": lambda: forward(x, True),
        "engine backward": lambda: backward(dy, input_gradient=input_gradient),
    }


def _torch_jobs(part: Network, x: np.ndarray, input_gradient: bool) -> dict[str, Job]:
    def job(reformat: Callable[[Any], Any]) -> Job:
        module = reformat(in_torch.module(part).train())
        tensor = torch.from_numpy(to_channels_first(x) if x.ndim == 4 else x.copy())
        tensor = (reformat(tensor) if x.ndim == 4 else tensor).requires_grad_(input_gradient)
        dy = torch.ones_like(module(tensor))
        wanted = list(module.parameters()) + [tensor] * input_gradient
        return lambda: torch.autograd.grad(module(tensor), wanted, dy) if wanted else None

    return {"PyTorch both": job(lambda thing: thing), "channels_last both": job(channels_last)}


def _shape_behind(layers: Sequence[Layer], shape: tuple[int, ...]) -> tuple[int, ...]:
    for layer in layers:
        shape = layer.output_shape(shape)
    return shape


def _label(layers: Sequence[Layer]) -> str:
    return ", ".join(_words(layer.config()) for layer in layers)


def _words(config: dict[str, Any]) -> str:
    kernel = f" {config['kernel']}×{config['kernel']}" if "kernel" in config else ""
    sizes = f" {config['inputs']}→{config['outputs']}" if "outputs" in config else ""
    return f"{config['kind']}{kernel}{sizes}"


if __name__ == "__main__":
    main()

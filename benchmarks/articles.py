"""The articles' trainings: a dense network against PyTorch, and the small CNN against plain Python loops."""

from __future__ import annotations

from collections.abc import Callable
from itertools import cycle

import numpy as np
import torch

from benchmarks import in_torch
from benchmarks.channels_first import to_channels_first
from benchmarks.contests import ENGINE, LOOPS, TORCH, Contest, Goals, agree
from benchmarks.loops import LoopCNN
from engine.architectures import build
from engine.datasets import Dataset
from engine.losses import cross_entropy, one_hot, squared_error
from engine.network import Network
from engine.optimizers import SGD
from engine.rules import backpropagation
from engine.training import ShuffledBatches, train

Epoch = Callable[[np.ndarray], None]  # trains along an order of pictures


def dense_epochs(goals: Goals, count: int = 50_000, batch: int = 50) -> list[Contest]:
    """784-100-10 sigmoid over `count` random pictures: once by a quick loop on each side, once by `train`."""
    rng = np.random.default_rng(1)
    pictures = rng.integers(0, 256, (count, 28, 28), dtype=np.uint8)
    labels = rng.integers(0, 10, count)
    x = pictures[..., None] / np.float32(255)
    network = build("mlp-100", rng)
    module = in_torch.module(network)
    engine = _engine_epoch(network, x, labels, batch)
    peer = _torch_epoch(module, to_channels_first(x), labels, batch)
    for epoch in (engine, peer):
        epoch(np.arange(20 * batch))
    agree(
        TORCH,
        network.predict(x[:batch]),
        module(torch.from_numpy(to_channels_first(x[:batch]))).detach().numpy(),
    )
    twin, data = network.copy(), ShuffledBatches(Dataset(pictures, labels, "random"), batch, seed=0)

    def through_train() -> None:
        for _ in train(twin, data, squared_error, SGD(0.5), epochs=1):
            pass

    def in_pytorch() -> None:
        peer(rng.permutation(count))

    work = f"MLP 784-100-10 learns {count:,} pictures, batch {batch}"
    return [
        Contest(work, {ENGINE: lambda: engine(rng.permutation(count)), TORCH: in_pytorch}, goals),
        Contest(f"{work}, through `train`, from bytes", {ENGINE: through_train, TORCH: in_pytorch}),
    ]


def _engine_epoch(network: Network, x: np.ndarray, labels: np.ndarray, batch: int) -> Epoch:
    targets, optimizer, parameters = one_hot(labels), SGD(0.5), network.parameters

    def epoch(order: np.ndarray) -> None:
        for start in range(0, len(order), batch):
            index = order[start : start + batch]
            _, gradients = backpropagation(network, x[index], targets[index], squared_error)
            optimizer.step(parameters, gradients)

    return epoch


def _torch_epoch(module: torch.nn.Module, x: np.ndarray, labels: np.ndarray, batch: int) -> Epoch:
    images, targets = torch.from_numpy(x), torch.from_numpy(one_hot(labels))
    optimizer = torch.optim.SGD(module.parameters(), 0.5)

    def epoch(order: np.ndarray) -> None:
        places = torch.from_numpy(order)
        for start in range(0, len(order), batch):
            index = places[start : start + batch]
            optimizer.zero_grad()
            error = module(images[index]) - targets[index]
            ((error * error).sum() / (2 * len(index))).backward()
            optimizer.step()

    return epoch


def cnn_step(goals: Goals) -> Contest:
    """`cnn-8` on one picture a step, 0.005 gradient descent, a new picture each time."""
    rng = np.random.default_rng(1)
    network = build("cnn-8", rng)
    loops = LoopCNN(*_loop_arrays(network))
    x = rng.random((64, 1, 28, 28, 1), dtype=np.float32) - np.float32(0.5)
    labels = rng.integers(0, 10, (64, 1))
    ours = _engine_steps(network, x, labels)
    theirs = _loop_steps(loops, x, labels)
    losses = [np.array([step() for _ in range(10)]) for step in (ours, theirs)]
    agree(LOOPS, *losses)
    return Contest("`cnn-8` learns one picture", {ENGINE: ours, LOOPS: theirs}, goals)


def _loop_arrays(network: Network) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(filters (F, 3, 3), weight (inputs, 10), bias (10,)) of a `cnn-8`."""
    arrays = list(network.parameters.values())
    bias = arrays[2] if len(arrays) > 2 else np.zeros(10)
    return arrays[0][:, :, 0].transpose(2, 0, 1), arrays[1], bias


def _engine_steps(network: Network, x: np.ndarray, labels: np.ndarray) -> Callable[[], float]:
    optimizer, parameters, turn = SGD(0.005), network.parameters, cycle(range(len(x)))

    def step() -> float:
        i = next(turn)
        value, gradients = backpropagation(network, x[i], labels[i], cross_entropy)
        optimizer.step(parameters, gradients)
        return value

    return step


def _loop_steps(loops: LoopCNN, x: np.ndarray, labels: np.ndarray) -> Callable[[], float]:
    pictures, turn = x[:, 0, :, :, 0].astype(np.float64), cycle(range(len(x)))

    def step() -> float:
        i = next(turn)
        return loops.step(pictures[i], int(labels[i, 0]), 0.005)

    return step

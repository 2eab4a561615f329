"""Training as a generator of events: it computes, and the caller prints, draws, saves and stops.

It prints nothing and saves nothing. Each `yield` is a place where it can be left; a second way to stop it is
an event object, for callers that wait for the end's own event. With the same seed the same losses come again,
also when a training is left at some step and a new one goes on from there with the same optimizer
(`first_step`).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

import numpy as np

from engine.datasets import Dataset
from engine.layer import Array, Gradients
from engine.losses import BY_LABEL, Loss, one_hot
from engine.memory import keep_freed_memory
from engine.network import Network
from engine.optimizers import SGD
from engine.preprocessing import to_network_input
from engine.rules import Rule, backpropagation
from engine.schedules import Schedule, constant
from engine.validation import check_some, validate

SNAPSHOT_STEPS = 50  # how far back the weights go when a loss is not finite

NOT_FINITE = "the loss is not a finite number any more: try a smaller learning rate"


@dataclass(frozen=True, slots=True)
class BatchDone:
    """One step: the loss of its batch, before the step was taken. `seconds` count from the start of this
    training.
    """

    step: int
    steps: int
    epoch: int
    loss: float
    images_seen: int
    seconds: float


@dataclass(frozen=True, slots=True)
class EpochDone:
    """One pass: the mean loss of its batches, and loss and accuracy (0 to 1) on the validation data, if
    any.
    """

    epoch: int
    epochs: int
    loss: float
    validation_loss: float | None
    validation_accuracy: float | None
    seconds: float


@dataclass(frozen=True, slots=True)
class Finished:
    """The end. `reason` is "done", "stopped" or a sentence that says what went wrong; `step` is the next to
    be done.
    """

    reason: str
    step: int
    steps: int
    seconds: float


Event = BatchDone | EpochDone | Finished


class Batches(Protocol):
    """Where batches come from. The batch of a step depends on the step alone, so that a training can be
    resumed.
    """

    @property
    def steps_per_epoch(self) -> int: ...

    def batch(self, step: int) -> tuple[np.ndarray, np.ndarray]:
        """Pictures (N, size, size) uint8 and labels (N,)."""
        ...


class ShuffledBatches:
    """A data set in a new order each epoch."""

    def __init__(self, data: Dataset, batch_size: int, seed: int) -> None:
        if batch_size < 1 or not len(data):
            raise ValueError(f"batches of {batch_size} can't be made of {len(data)} pictures")
        self.data, self.batch_size, self.seed = data, min(batch_size, len(data)), seed
        self._epoch, self._order = -1, np.arange(0)

    @property
    def steps_per_epoch(self) -> int:
        return -(-len(self.data) // self.batch_size)

    def batch(self, step: int) -> tuple[np.ndarray, np.ndarray]:
        epoch, place = divmod(step, self.steps_per_epoch)
        if epoch != self._epoch:
            self._order = np.random.default_rng((self.seed, epoch)).permutation(len(self.data))
            self._epoch = epoch
        index = self._order[place * self.batch_size : (place + 1) * self.batch_size]
        return self.data.images.take(index, axis=0), self.data.labels[index]


class WeightAverage:
    """An exponential moving average of a network's weights, often better than the weights (Polyak, Juditsky
    1992).

    It warms up: after t steps the decay is at most (1 + t) / (10 + t), so that the first weights are soon
    forgotten.
    """

    def __init__(self, network: Network, decay: float) -> None:
        self.network, self.decay, self.steps = network.copy(), decay, 0

    def update(self, network: Network) -> None:
        self.blend(self.network.state().values(), network.state().values())

    def blend(self, means: Iterable[Array], numbers: Iterable[Array]) -> None:
        """Let the means follow the numbers of one step."""
        self.steps += 1
        keep = min(self.decay, (1 + self.steps) / (10 + self.steps))
        with np.errstate(over="ignore", invalid="ignore"):
            for mean, now in zip(means, numbers, strict=True):
                mean += mean.dtype.type(1 - keep) * (now - mean)


class _LastFinite:
    """The last numbers of some networks that were finite, to go back to."""

    def __init__(self, *networks: Network) -> None:
        self.networks = networks
        self.states = [{name: a.copy() for name, a in network.state().items()} for network in networks]

    def holds(self) -> bool:
        """Whether the numbers are finite now."""
        return all(np.isfinite(a).all() for network in self.networks for a in network.state().values())

    def keep(self) -> bool:
        """Remember the numbers of now, if they are finite."""
        if not self.holds():
            return False
        for network, kept in zip(self.networks, self.states, strict=True):
            for name, array in network.state().items():
                kept[name][...] = array
        return True

    def restore(self) -> None:
        for network, kept in zip(self.networks, self.states, strict=True):
            network.set_state(kept)


def train(
    network: Network,
    data: Batches,
    loss: Loss,
    optimizer: SGD,
    *,
    epochs: int,
    validation: Dataset | None = None,
    schedule: Schedule = constant,
    rule: Rule = backpropagation,
    targets: tuple[float, float] = (0.0, 1.0),
    average: WeightAverage | None = None,
    stop: threading.Event | None = None,
    first_step: int = 0,
    threads: int = 1,
) -> Generator[Event, None, None]:
    """Train `network` in place and tell what happens.

    `targets` are the values of wrong and right outputs where the loss takes outputs, not labels. The learning
    rate of `optimizer` is taken as the schedule's 1. With `threads`, each batch is split among that many
    threads (batch normalisation then sees each part on its own); BLAS itself should have one thread.
    When a loss is not finite, the weights go back to finite ones of at most `SNAPSHOT_STEPS` steps ago; so
    they do where it is stopped before that is seen. ValueError for less than an epoch or a thread, a first
    step below 0, no validation pictures, weights that are read-only and an optimizer of another training.
    """
    if epochs < 1 or threads < 1:
        raise ValueError(f"a training has at least one epoch and one thread, not {epochs} and {threads}")
    if first_step < 0:
        raise ValueError(f"the steps of a training count from 0, not from {first_step}")
    if validation is not None:
        check_some(validation)
    _check_fit(network, optimizer)
    keep_freed_memory()
    start = time.perf_counter()
    per_epoch = data.steps_per_epoch
    steps = epochs * per_epoch
    workers = _Workers(network, loss, rule, targets, threads)
    parameters = network.parameters
    rate = optimizer.learning_rate
    judged = average.network if average is not None else network
    finite = _LastFinite(network, judged) if average is not None else _LastFinite(network)
    losses: list[float] = []
    seen = 0
    try:
        for step in range(first_step, steps):
            if stop is not None and stop.is_set():
                if not finite.holds():
                    finite.restore()
                yield Finished("stopped", step, steps, time.perf_counter() - start)
                return
            images, labels = data.batch(step)
            value, gradients = workers.gradients(images, labels)
            due = (step - first_step) % SNAPSHOT_STEPS == 0
            if not np.isfinite(value) or (due and not finite.keep()):
                finite.restore()
                yield Finished(NOT_FINITE, step, steps, time.perf_counter() - start)
                return
            optimizer.learning_rate = rate * schedule(step / steps)
            with np.errstate(over="ignore", invalid="ignore"):
                optimizer.step(parameters, gradients)
            if average is not None:
                average.update(network)
            seen += len(labels)
            losses.append(value)
            epoch = step // per_epoch
            yield BatchDone(step, steps, epoch, value, seen, time.perf_counter() - start)
            if (step + 1) % per_epoch == 0:
                measured = validate(judged, validation, loss, targets, stop)
                if not finite.holds() or not np.isfinite(measured[0] or 0.0):
                    finite.restore()
                    yield Finished(NOT_FINITE, step + 1, steps, time.perf_counter() - start)
                    return
                mean = float(np.mean(losses))
                losses = []
                yield EpochDone(epoch, epochs, mean, *measured, time.perf_counter() - start)
        yield Finished("done", steps, steps, time.perf_counter() - start)
    finally:
        optimizer.learning_rate = rate
        workers.close()


def _check_fit(network: Network, optimizer: SGD) -> None:
    """ValueError where the weights can't change, or the optimizer remembers those of another network."""
    if not all(array.flags.writeable for array in network.state().values()):
        raise ValueError("the network's weights are read-only, as shipped ones are: train its `.copy()`")
    shapes = {name: array.shape for name, array in network.parameters.items()}
    for name, array in optimizer.state().items():
        _, belongs, parameter = name.partition(".")
        if belongs and shapes.get(parameter) != array.shape:
            raise ValueError("the optimizer remembers the training of another network, or one by the clock")


class _Workers:
    """The gradient of one batch, computed by one thread or in equal parts by several."""

    def __init__(
        self, network: Network, loss: Loss, rule: Rule, targets: tuple[float, float], threads: int
    ) -> None:
        self.networks = [network] + [network.shard() for _ in range(threads - 1)]
        self.loss, self.rule, self.targets = loss, rule, targets
        self.pool = ThreadPoolExecutor(threads - 1) if threads > 1 else None

    def gradients(self, images: np.ndarray, labels: np.ndarray) -> tuple[float, Gradients]:
        count = len(self.networks)
        if self.pool is None or len(labels) < 2 * count:
            return self._part(self.networks[0], images, labels)
        cuts = [len(labels) * i // count for i in range(count + 1)]
        slices = [slice(a, b) for a, b in pairwise(cuts)]
        futures = [
            self.pool.submit(self._part, network, images[part], labels[part])
            for network, part in zip(self.networks[1:], slices[1:], strict=True)
        ]
        results = [self._part(self.networks[0], images[slices[0]], labels[slices[0]])]
        results += [future.result() for future in futures]
        shares = [(part.stop - part.start) / len(labels) for part in slices]
        value = sum(share * one for share, (one, _) in zip(shares, results, strict=True))
        total = {name: gradient * np.float32(shares[0]) for name, gradient in results[0][1].items()}
        for share, (_, gradients) in zip(shares[1:], results[1:], strict=True):
            for name, gradient in gradients.items():
                total[name] += gradient * np.float32(share)
        return value, total

    def _part(self, network: Network, images: np.ndarray, labels: np.ndarray) -> tuple[float, Gradients]:
        x = to_network_input(images, network.preprocessing)
        target = labels if self.loss in BY_LABEL else one_hot(labels, len(network.labels), *self.targets)
        with np.errstate(over="ignore", invalid="ignore"):
            return self.rule(network, x, target, self.loss)

    def close(self) -> None:
        if self.pool is not None:
            self.pool.shutdown()

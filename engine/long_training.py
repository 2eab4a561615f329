"""The training loop for a machine that is there for a while, a GPU above all.

The same steps, losses and optimizers as in `engine.training.train`; but the numbers of a network lie in three
vectors, of CuPy's on a GPU, and the schedule may follow the clock, so that the learning rate comes to its end
when the time does.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import Any

import numpy as np

from engine.gpu import Packed, here, to_numpy
from engine.losses import Loss
from engine.memory import keep_freed_memory
from engine.network import Network
from engine.optimizers import SGD
from engine.preprocessing import to_network_input
from engine.rules import backpropagation
from engine.schedules import Schedule
from engine.training import NOT_FINITE, SNAPSHOT_STEPS, BatchDone, Batches, Finished, WeightAverage


def train_long(
    network: Network,
    data: Batches,
    loss: Loss,
    optimizer: SGD,
    xp: Any,
    *,
    steps: int,
    schedule: Schedule,
    average: WeightAverage | None = None,
    seconds: float | None = None,
    first_step: int = 0,
) -> Generator[BatchDone | Finished, None, None]:
    """Train `network` in place on the arrays of `xp`; NumPy's arrays stand in it again when this ends.

    With `seconds`, counted from the first batch on, it ends by the clock at the latest, and the schedule
    follows whichever is further. When a loss is not finite, the weights go back to those of at most
    `SNAPSHOT_STEPS` steps ago. ValueError for less than no time.
    """
    if seconds is not None and not seconds > 0:
        raise ValueError(f"a training takes more than {seconds} s")
    keep_freed_memory()
    network_arrays = Packed(network, xp)
    means = Packed(average.network, xp) if average else None
    optimizer.set_state({name: xp.asarray(a) for name, a in optimizer.state().items()})
    rate, seen = optimizer.learning_rate, 0
    moving = (*network_arrays.arrays, *(means.arrays if means else ()))
    kept = [array.copy() for array in moving]
    begin = time.perf_counter()
    try:
        for step in range(first_step, steps):
            images, labels = data.batch(step)
            if step == first_step:
                begin = time.perf_counter()
            passed = time.perf_counter() - begin
            done = max(step / steps, passed / seconds if seconds else 0.0)
            if done >= 1:
                yield Finished("done", step, steps, passed)
                return
            x = to_network_input(xp.asarray(images), network.preprocessing)
            value, gradients = backpropagation(network, x, xp.asarray(labels), loss)
            if not np.isfinite(value):
                for array, last in zip(moving, kept, strict=True):
                    array[...] = last
                yield Finished(NOT_FINITE, step, steps, passed)
                return
            if (step - first_step) % SNAPSHOT_STEPS == 0:  # the loss of these weights was finite
                for array, last in zip(moving, kept, strict=True):
                    last[...] = array
            optimizer.learning_rate = rate * schedule(done)
            optimizer.step(network_arrays.parameters, network_arrays.gradients(gradients))
            if average and means:
                average.blend(means.arrays, network_arrays.arrays)
            seen += len(labels)
            epoch = step // data.steps_per_epoch
            yield BatchDone(step, steps, epoch, value, seen, passed)
        yield Finished("done", steps, steps, time.perf_counter() - begin)
    finally:
        optimizer.learning_rate = rate
        for one in (network, average.network if average else None):
            if one is not None:
                to_numpy(one)
        optimizer.set_state({name: here(a) for name, a in optimizer.state().items()})

"""Batches made in processes of their own, before they are asked for: a GPU learns faster than one process can
draw.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context, parent_process

import cv2
import numpy as np

Batch = tuple[np.ndarray, np.ndarray]
Make = Callable[[int], Batch]  # sent to other processes, so it can be pickled


def leave_with_parent() -> None:
    """End this process when the one that began it has ended, however that came."""
    cv2.setNumThreads(1)
    parent = parent_process()
    assert parent is not None

    def leave() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=leave, daemon=True).start()


class Ahead:
    """The batches of `make`, a pure function of the step, from so many processes; for
    `engine.training.train`.
    """

    def __init__(self, make: Make, steps_per_epoch: int, processes: int, each: int = 3) -> None:
        self.make, self.steps_per_epoch, self.window = make, steps_per_epoch, processes * each
        self._waiting: dict[int, Future[Batch]] = {}
        self._pool = ProcessPoolExecutor(processes, get_context("spawn"), leave_with_parent)

    def batch(self, step: int) -> Batch:
        for later in range(step, step + self.window):
            if later not in self._waiting:
                self._waiting[later] = self._pool.submit(self.make, later)
        return self._waiting.pop(step).result()

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)

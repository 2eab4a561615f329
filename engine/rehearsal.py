"""Learning something new: the new samples alone, or among old ones that are replayed.

What a network learns last overwrites what it learnt first (McCloskey, Cohen 1989). Old samples replayed among
the new ones hold it: rehearsal (Ratcliff 1990; Robins 1995).
"""

from __future__ import annotations

import numpy as np

from engine.datasets import Dataset, concatenate


class InOrder:
    """Samples one a step, in their order, pass after pass."""

    def __init__(self, data: Dataset) -> None:
        self.data = data

    @property
    def steps_per_epoch(self) -> int:
        return len(self.data)

    def batch(self, step: int) -> tuple[np.ndarray, np.ndarray]:
        i = step % len(self.data)
        return self.data.images[i : i + 1], self.data.labels[i : i + 1]


class Rehearsal:
    """New samples among old ones, one a step, shuffled.

    Each pass has all the new ones, and for each of them `old_per_new` old ones, which are drawn afresh.
    """

    def __init__(self, new: Dataset, old: Dataset, old_per_new: int, seed: int) -> None:
        self.new, self.old, self.seed = new, old, seed
        self.replayed = min(len(old), len(new) * old_per_new)
        self._epoch, self._order = -1, np.arange(0)
        self._all = concatenate((new, old), "rehearsal")

    @property
    def steps_per_epoch(self) -> int:
        return len(self.new) + self.replayed

    def batch(self, step: int) -> tuple[np.ndarray, np.ndarray]:
        epoch, place = divmod(step, self.steps_per_epoch)
        if epoch != self._epoch:
            rng = np.random.default_rng((self.seed, epoch))
            old = len(self.new) + rng.choice(len(self.old), self.replayed, replace=False)
            self._order = rng.permutation(np.concatenate([np.arange(len(self.new)), old]))
            self._epoch = epoch
        index = self._order[place : place + 1]
        return self._all.images[index], self._all.labels[index]

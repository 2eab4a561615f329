"""Blocks that stay in the processor's cache, and scratch memory that belongs to the thread.

Two threads may use one network at once, so no layer owns a buffer.
"""

from __future__ import annotations

import ctypes
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

SCRATCH_BYTES = 1 << 26  # kept for each thread at most
KEPT_BYTES = 1 << 28  # freed memory that a training process may keep
BLOCK_BYTES = 1 << 18  # a few arrays of this size fit into a second-level cache together


class _Scratch(threading.local):
    """Buffers by purpose and shape, the least recently used dropped first."""

    def __init__(self) -> None:
        self.buffers: OrderedDict[tuple[Any, ...], Any] = OrderedDict()
        self.sizes: dict[tuple[Any, ...], int] = {}

    def views(
        self, key: tuple[Any, ...], make: Callable[[], tuple[np.ndarray, ...]]
    ) -> tuple[np.ndarray, ...]:
        """What `make` once returned for this key: buffers and views of them, made when first asked for."""
        views = self.buffers.get(key)
        if views is None:
            views = make()
            self._keep(key, views, sum(a.nbytes for a in views))
        else:
            self.buffers.move_to_end(key)
        return views

    def __call__(self, purpose: str, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
        """A buffer that is all zero when new, and as it was left when it is asked for again."""
        return self.views((purpose, shape, dtype), lambda: (np.zeros(shape, dtype),))[0]

    def _keep(self, key: tuple[Any, ...], views: tuple[np.ndarray, ...], size: int) -> None:
        self.buffers[key], self.sizes[key] = views, size
        while sum(self.sizes.values()) > SCRATCH_BYTES and len(self.buffers) > 8:
            oldest, _ = self.buffers.popitem(last=False)
            del self.sizes[oldest]


scratch = _Scratch()


def blocks(count: int, bytes_each: int, like: Any = None, block_bytes: int = BLOCK_BYTES) -> Iterator[slice]:
    """Consecutive slices of `count` things, each of about `block_bytes`; one slice for all where `like`, the
    array that they belong to, is not NumPy's: on a GPU each call costs more than staying in a cache gains.
    """
    whole = like is not None and not isinstance(like, np.ndarray)
    step = max(1, count if whole else block_bytes // max(1, bytes_each))
    for start in range(0, count, step):
        yield slice(start, min(start + step, count))


def keep_freed_memory() -> None:
    """Tell the C library not to give freed memory back to the system between two steps of a training.

    The arrays of a step are freed and asked for again every few milliseconds; each round through the system
    costs page faults, up to half of the time where a step is short. Up to `KEPT_BYTES` stay with the process.
    Does nothing where the C library is not glibc.
    """
    trim_threshold, top_pad, mmap_threshold = -1, -2, -3
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return
    mallopt(mmap_threshold, 32 << 20)
    mallopt(trim_threshold, KEPT_BYTES)
    mallopt(top_pad, 64 << 20)

"""Blocks that stay in the processor's cache, and scratch memory that belongs to the thread.

Two threads may use one network at once, so no layer owns a buffer.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

import numpy as np

SCRATCH_BYTES = 1 << 26  # kept for each thread at most
BLOCK_BYTES = 1 << 18  # a few arrays of this size fit into a second-level cache together


class _Scratch(threading.local):
    """Buffers by purpose and shape, the least recently used dropped first."""

    def __init__(self) -> None:
        self.buffers: OrderedDict[tuple[Any, ...], np.ndarray] = OrderedDict()
        self.bytes = 0

    def __call__(self, purpose: str, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
        """A buffer that is all zero when new, and as it was left when it is asked for again."""
        key = (purpose, shape, dtype)
        buffer = self.buffers.get(key)
        if buffer is None:
            buffer = self.buffers[key] = np.zeros(shape, dtype)
            self.bytes += buffer.nbytes
            while self.bytes > SCRATCH_BYTES and len(self.buffers) > 4:
                self.bytes -= self.buffers.popitem(last=False)[1].nbytes
        else:
            self.buffers.move_to_end(key)
        return buffer


scratch = _Scratch()


def blocks(count: int, bytes_each: int, block_bytes: int = BLOCK_BYTES) -> Iterator[slice]:
    """Consecutive slices of `count` things, each of about `block_bytes`."""
    step = max(1, block_bytes // max(1, bytes_each))
    for start in range(0, count, step):
        yield slice(start, min(start + step, count))

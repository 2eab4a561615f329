"""Blocks that stay in the processor's cache, and scratch memory that belongs to the thread.

Two threads may use one network at once, so no layer owns a buffer.
"""

from __future__ import annotations

import ctypes
import math
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

SCRATCH_BYTES = 1 << 26  # kept for each thread at most
KEPT_BYTES = 1 << 28  # freed memory that a training process may keep
BLOCK_BYTES = 1 << 18  # a few arrays of this size fit into a second-level cache together
MOST_VIEWS = 256  # of a workspace, remembered by their shapes
LINE = 64  # bytes that the cache moves at once


def _second_level_cache() -> int:
    """Bytes of the first processor's, where Linux tells; between 512 KiB and 2 MiB, and 1 MiB elsewhere."""
    try:
        told = Path("/sys/devices/system/cpu/cpu0/cache/index2/size").read_text(encoding="ascii")
        return min(max(int(told.strip().removesuffix("K")) << 10, 1 << 19), 1 << 21)
    except (OSError, ValueError):
        return 1 << 20


CACHE_BYTES = _second_level_cache()


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


def aligned(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """`np.empty` that begins with a line of the cache: registers as long as a line are filled at once."""
    size = math.prod(shape) * dtype.itemsize
    memory = np.empty(size + LINE, np.uint8)
    return np.ndarray(shape, dtype, memory, -memory.ctypes.data % LINE)


def aligned_copy(array: np.ndarray) -> np.ndarray:
    """The same numbers in one piece that begins with a line of the cache."""
    copy = aligned(array.shape, array.dtype)
    copy[...] = array
    return copy


def aligned_rows(rows: int, columns: int, dtype: np.dtype) -> np.ndarray:
    """(rows, columns), each row beginning with a line of the cache, as BLAS reads a right factor soonest."""
    numbers = LINE // dtype.itemsize
    return aligned((rows, -(-columns // numbers) * numbers), dtype)[:, :columns]


class Workspace:
    """Memory that is used by one piece of work after another: `clear` begins the next one.

    The less memory they all go through, the more of it and of the weights stays in the cache.
    """

    def __init__(self) -> None:
        self._bytes, self._used = np.empty(0, np.uint8), 0
        self._views: dict[tuple[Any, ...], tuple[np.ndarray, ...]] = {}

    def clear(self) -> None:
        self._used = 0
        if len(self._bytes) > SCRATCH_BYTES:  # of a piece that was unusually large
            self._replace(0)

    def empty(self, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
        """An array that shares no memory with others since `clear`."""
        size = -(-math.prod(shape) * dtype.itemsize // LINE) * LINE
        if self._used + size > len(self._bytes):  # earlier arrays keep what they were given
            self._replace(2 * (self._used + size))
        self._used += size
        return np.ndarray(shape, dtype, self._bytes, self._used - size)

    def apart(self, rows: int, row: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
        """(rows, *row), the rows an odd number of cache lines apart.

        Who goes down a column reads one place of every row; at a distance with many factors of two, those
        would share a few sets of the cache and drive one another out.
        """
        numbers = math.prod(row)
        padded = (-(-numbers * dtype.itemsize // LINE) | 1) * LINE // dtype.itemsize
        return self.empty((rows, padded), dtype)[:, :numbers].reshape(rows, *row)

    def views(
        self, key: tuple[Any, ...], make: Callable[[Workspace], tuple[np.ndarray, ...]]
    ) -> tuple[np.ndarray, ...]:
        """What `make(self)` returned for this key when first asked for: another piece of work from its start.

        What it finds in the arrays is left by others. To find them is quicker than to make them anew.
        """
        found = self._views.get(key)
        if found is not None:
            return found
        self.clear()
        before = self._bytes
        found = make(self)
        if self._bytes is not before:  # it took more than there was: again, so that all is of one piece
            self._used = 0
            found = make(self)
        if len(self._views) >= MOST_VIEWS:
            self._views.clear()
        self._views[key] = found
        return found

    def _replace(self, size: int) -> None:
        self._bytes, self._used = aligned((size,), np.dtype(np.uint8)), 0
        self._views.clear()  # what is used again shares the new memory


class _Own(threading.local):
    def __init__(self) -> None:
        self.workspace = Workspace()


_own = _Own()


def workspace() -> Workspace:
    """This thread's. Who begins a piece of work with it makes whatever it handed out before worthless."""
    return _own.workspace


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

"""Memory that is used again and again."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from engine.memory import CACHE_BYTES, LINE, SCRATCH_BYTES, Workspace, aligned, aligned_rows, workspace

FLOAT = np.dtype(np.float32)


def overlap(a: np.ndarray, b: np.ndarray) -> bool:
    return bool(np.shares_memory(a, b))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(3,), (5, 7), (2, 3, 261), (0, 4)], ids=str)
def test_aligned_arrays_begin_with_a_line_of_the_cache(shape: tuple[int, ...], dtype: type) -> None:
    arrays = [aligned(shape, np.dtype(dtype)) for _ in range(3)]
    assert all(a.shape == shape and a.dtype == dtype and a.ctypes.data % LINE == 0 for a in arrays)


def test_so_does_each_of_aligned_rows() -> None:
    rows = aligned_rows(4, 261, FLOAT)
    assert rows.shape == (4, 261)
    assert all(row.ctypes.data % LINE == 0 for row in rows)


def test_a_workspace_hands_out_memory_once_until_it_is_cleared() -> None:
    work = Workspace()
    first, second = work.empty((100,), FLOAT), work.empty((30, 4), FLOAT)
    apart = work.apart(36, (5, 48), FLOAT)
    assert not overlap(first, second)
    assert not overlap(second, apart)
    work.clear()
    assert overlap(work.empty((100,), FLOAT), apart) or overlap(work.empty((1 << 12,), FLOAT), apart)


def test_rows_that_lie_apart_are_an_odd_number_of_lines_from_one_another() -> None:
    for row in ((5, 48), (64, 64), (1, 16), (3, 7)):
        apart = Workspace().apart(36, row, FLOAT)
        assert apart.shape == (36, *row)
        assert apart[0].flags.c_contiguous
        assert apart.strides[0] % LINE == 0
        assert apart.strides[0] // LINE % 2 == 1


def test_views_are_remembered_and_of_one_piece_with_those_made_later() -> None:
    work = Workspace()

    def make(size: int) -> tuple[np.ndarray, ...]:
        return work.views((size,), lambda w: (w.empty((size,), FLOAT), w.empty((size,), FLOAT)))

    small = make(100)
    assert make(100)[0] is small[0]
    large = make(10_000)  # needs more than there was: what is small shares it when it is asked for again
    assert not overlap(*large)
    again = make(100)
    assert overlap(again[0], large[0])
    assert not overlap(*again)


def test_a_workspace_gives_back_what_one_unusually_large_piece_of_work_needed() -> None:
    work = Workspace()
    work.empty((SCRATCH_BYTES,), np.dtype(np.uint8))
    work.clear()
    small = work.empty((16,), FLOAT)
    assert small.base is not None
    assert small.base.nbytes < SCRATCH_BYTES


def test_each_thread_has_its_own() -> None:
    found: list[Workspace] = []
    thread = threading.Thread(target=lambda: found.append(workspace()))
    thread.start()
    thread.join()
    assert found[0] is not workspace()
    assert workspace() is workspace()


def test_the_cache_is_of_a_believable_size() -> None:
    assert 1 << 19 <= CACHE_BYTES <= 1 << 21

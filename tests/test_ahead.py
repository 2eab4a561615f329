"""Batches from processes of their own are those that would be made here, in order."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from engine.ahead import Ahead, Batch


def counted(step: int) -> Batch:
    rng = np.random.default_rng(step)
    return rng.integers(0, 256, (2, 3)).astype(np.uint8), np.array([step, -step])


@pytest.fixture
def ahead() -> Iterator[Ahead]:
    source = Ahead(counted, 5, processes=2)
    yield source
    source.close()


def test_they_come_in_order_from_any_step(ahead: Ahead) -> None:
    for step in (3, 4, 5, 9):
        for there, here in zip(ahead.batch(step), counted(step), strict=True):
            np.testing.assert_array_equal(there, here)
    assert len(ahead._waiting) <= 6 + 3  # no more than the window and what was skipped

"""CPU time of several ways to do one thing, measured in turns.

Each round gives every way its turn, so that a slow spell of the machine meets all of them; `process_time`
counts what the process computed, not what it waited for.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Job = Callable[[], object]


@dataclass(frozen=True)
class Timing:
    """Seconds of CPU for one call: the least and the median over the rounds."""

    minimum: float
    median: float


def in_turns(jobs: Mapping[str, Job], rounds: int = 15, turn_seconds: float = 0.03) -> dict[str, Timing]:
    """Time each job; a turn repeats a short one until it takes about `turn_seconds`."""
    repeats = {}
    for name, job in jobs.items():
        job()
        once = _seconds(job, 1)
        repeats[name] = max(1, round(turn_seconds / max(once, 1e-7)))
    found: dict[str, list[float]] = {name: [] for name in jobs}
    collecting = gc.isenabled()
    gc.disable()
    try:
        for _ in range(rounds):
            for name, job in jobs.items():
                found[name].append(_seconds(job, repeats[name]))
                gc.collect()
    finally:
        if collecting:
            gc.enable()
    return {name: Timing(min(times), statistics.median(times)) for name, times in found.items()}


def _seconds(job: Job, repeats: int) -> float:
    """Seconds of CPU of one call, over `repeats` calls."""
    start = time.process_time()
    for _ in range(repeats):
        job()
    return (time.process_time() - start) / repeats

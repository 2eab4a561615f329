"""Learning-rate schedules: functions of how much of the training is done (0 to 1) to a factor on the rate."""

from __future__ import annotations

import math
from collections.abc import Callable

Schedule = Callable[[float], float]


def constant(done: float) -> float:
    """The same rate throughout."""
    return 1.0


def cosine(done: float) -> float:
    """From 1 down to 0 along half a cosine (Loshchilov, Hutter 2017)."""
    return 0.5 * (1 + math.cos(math.pi * min(1.0, done)))


def one_cycle(done: float, warm_up: float = 0.2, start: float = 0.04) -> float:
    """Up to 1 in the first fifth, then down to nearly 0, both along cosines (Smith 2018)."""
    if done < warm_up:
        return start + (1 - start) * 0.5 * (1 - math.cos(math.pi * done / warm_up))
    return max(1e-4, cosine((done - warm_up) / (1 - warm_up)))


def two_cycles(done: float, second: float = 0.8, height: float = 0.35) -> float:
    """One cycle for four fifths, then a second and lower start down a cosine (Loshchilov, Hutter 2017)."""
    if done < second:
        return one_cycle(done / second)
    return max(1e-4, height * cosine((done - second) / (1 - second)))


def long_second_cycle(done: float) -> float:
    """One cycle for seven tenths, then a second start at 0.4: for a training that went on after its end."""
    return two_cycles(done, second=0.7, height=0.4)


SCHEDULES: dict[str, Schedule] = {
    "constant": constant,
    "cosine": cosine,
    "one-cycle": one_cycle,
    "two-cycles": two_cycles,
    "long second cycle": long_second_cycle,
}

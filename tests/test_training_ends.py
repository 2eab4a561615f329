"""How a training ends: closed, stopped, broken off by an error, or by a loss that is not finite."""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import closing
from itertools import islice
from typing import Any

import numpy as np
import pytest

from engine.datasets import Dataset
from engine.layers import Dense, Flatten
from engine.losses import cross_entropy, squared_error
from engine.network import Network
from engine.optimizers import SGD, Adam, Momentum
from engine.schedules import cosine
from engine.training import (
    BatchDone,
    EpochDone,
    Event,
    Finished,
    ShuffledBatches,
    WeightAverage,
    train,
)
from engine.validation import accuracy
from tests.small_trainings import convolutional, data, finished, losses, network, run, same_numbers, sigmoid


def running(**options: Any) -> tuple[Generator[Event, None, None], SGD, Network]:
    net, optimizer = convolutional(), Momentum(0.1)
    settings: dict[str, Any] = {"epochs": 3, "schedule": cosine} | options
    return train(net, ShuffledBatches(data(), 8, 0), cross_entropy, optimizer, **settings), optimizer, net


@pytest.mark.parametrize("events_before", [0, 1, 4, 7])
def test_closing_in_the_middle_cleans_up(events_before: int) -> None:
    before = set(threading.enumerate())
    events, optimizer, _ = running(threads=3)
    for _ in range(events_before):
        next(events)
    if events_before:
        assert (optimizer.learning_rate != 0.1) == (events_before > 1)  # a cosine begins at 1
        assert set(threading.enumerate()) > before
    events.close()
    assert optimizer.learning_rate == 0.1
    assert not set(threading.enumerate()) - before
    assert list(events) == []


def test_an_error_in_the_middle_cleans_up() -> None:
    class Broken(ShuffledBatches):
        def batch(self, step: int) -> tuple[np.ndarray, np.ndarray]:
            if step == 3:
                raise OSError("the disk is gone")
            return super().batch(step)

    before, optimizer = set(threading.enumerate()), SGD(0.1)
    with pytest.raises(OSError, match="the disk is gone"):
        run(convolutional(), optimizer, batches=Broken(data(), 8, 0), schedule=cosine, threads=2)
    assert optimizer.learning_rate == 0.1
    assert not set(threading.enumerate()) - before


def test_numpys_settings_of_errors_do_not_leak_to_the_consumer() -> None:
    before = np.geterr()
    events, _, _ = running(validation=data(8))
    with closing(events):
        for _ in events:
            assert np.geterr() == before


def test_stopping_by_an_event() -> None:
    stop = threading.Event()
    events, optimizer, net = running(stop=stop, validation=data(8))
    seen = [next(events) for _ in range(3)]
    kept = [p.copy() for p in net.parameters.values()]
    stop.set()
    seen += events
    assert [type(event).__name__ for event in seen] == ["BatchDone"] * 3 + ["Finished"]
    end = finished(seen)
    assert (end.reason, end.step, end.steps) == ("stopped", 3, 15)
    assert optimizer.learning_rate == 0.1
    for parameter, old in zip(net.parameters.values(), kept, strict=True):
        np.testing.assert_array_equal(parameter, old)


def test_stopping_before_the_first_step() -> None:
    stop = threading.Event()
    stop.set()
    events, _, net = running(stop=stop)
    seen = list(events)
    assert (len(seen), finished(seen).reason, finished(seen).step) == (1, "stopped", 0)
    assert same_numbers(net, convolutional())


def test_stopping_at_the_end_of_an_epoch() -> None:
    """What was not measured is not told."""
    stop = threading.Event()
    events, _, _ = running(stop=stop, validation=data(8))
    for event in events:
        if isinstance(event, BatchDone) and event.step == 4:
            stop.set()
        if isinstance(event, EpochDone):
            assert (event.validation_loss, event.validation_accuracy) == (None, None)
        if isinstance(event, Finished):
            assert (event.reason, event.step) == ("stopped", 5)


def finite(net: Network) -> bool:
    return all(np.isfinite(array).all() for array in net.state().values())


@pytest.mark.parametrize("rate", [1e5, 1e20, 1e38, 1e60])
@pytest.mark.parametrize("norm", [False, True], ids=["plain", "batch norm"])
def test_a_loss_that_is_not_finite_ends_the_run(rate: float, norm: bool) -> None:
    net = convolutional(norm=norm)
    average = WeightAverage(net, 0.9)
    events = run(net, SGD(rate), epochs=20, validation=data(8), average=average)
    end = finished(events)
    if rate > 1e10:
        assert end.reason == "the loss is not a finite number any more: try a smaller learning rate"
        assert end.step < end.steps
    assert np.isfinite(losses(events)).all()
    assert finite(net)
    assert finite(average.network)


@pytest.mark.parametrize("validation", [None, data(8)], ids=["blind", "validated"])
@pytest.mark.parametrize("rate", [1e20, 1e38, 1e60])
def test_the_last_step_may_be_the_one_too_much(rate: float, validation: Dataset | None) -> None:
    """Nothing comes after it that would have a loss."""
    net = convolutional()
    average = WeightAverage(net, 0.9)
    events = run(net, SGD(rate), batch=40, epochs=1, validation=validation, average=average)
    if rate == 1e60:
        assert finished(events).reason != "done"
    assert finite(net)
    assert finite(average.network)
    for event in events:
        if isinstance(event, EpochDone):
            assert event.validation_loss is None or np.isfinite(event.validation_loss)


@pytest.mark.parametrize("rate", [1e3, 1e38, 1e60])
def test_saturated_sigmoids_keep_finite_weights(rate: float) -> None:
    """Their loss stays finite whatever the weights are."""
    net = sigmoid()
    run(net, SGD(rate), loss=squared_error, batch=4, epochs=10, validation=data(8))
    assert finite(net)


def test_at_most_fifty_steps_are_lost() -> None:
    def sudden(done: float) -> float:
        return 1.0 if done < 0.65 else 1e30

    net, kept = convolutional(), convolutional()
    end = finished(run(net, SGD(0.1), epochs=20, schedule=sudden))  # 100 steps
    assert end.step == 66
    list(
        islice(train(kept, ShuffledBatches(data(), 8, 0), cross_entropy, SGD(0.1), epochs=20), 60)
    )  # 50, 10 epochs
    assert same_numbers(net, kept)


def test_the_snapshot_is_of_this_run() -> None:
    net = convolutional()
    run(net, Adam(0.01), epochs=2)
    kept = net.copy()
    finished_early = finished(run(net, SGD(1e30), epochs=9))
    assert finished_early.reason != "done"
    assert same_numbers(net, kept)


def test_what_is_stopped_is_finite() -> None:
    stop, net = threading.Event(), convolutional()
    before = {name: array.copy() for name, array in net.state().items()}
    events = train(net, ShuffledBatches(data(), 8, 0), cross_entropy, SGD(np.nan), epochs=3, stop=stop)
    next(events)
    assert not all(np.isfinite(array).all() for array in net.state().values())
    stop.set()
    (end,) = list(events)
    assert isinstance(end, Finished)
    assert end.reason == "stopped"
    for name, array in net.parameters.items():
        np.testing.assert_array_equal(array, before[name])


@pytest.mark.parametrize("options", [{"epochs": 0}, {"epochs": -3}, {"epochs": 1, "threads": 0}])
def test_no_training_is_said(options: dict[str, Any]) -> None:
    events = train(convolutional(), ShuffledBatches(data(), 8, 0), cross_entropy, SGD(0.1), **options)
    with pytest.raises(ValueError, match="at least one epoch and one thread"):
        next(events)


@pytest.mark.parametrize(("count", "size"), [(4, 0), (4, -1), (0, 4)])
def test_no_batches_are_said(count: int, size: int) -> None:
    few = data()
    none = Dataset(few.images[:count], few.labels[:count], "few")
    with pytest.raises(ValueError, match=f"batches of {size} can't be made of {count} pictures"):
        ShuffledBatches(none, size, 0)


@pytest.mark.parametrize("optimizer", [Adam(0.01), Momentum(0.01)])
@pytest.mark.parametrize(
    "other", [sigmoid(), network(Flatten(), Dense(64, 7), Dense(7, 4))], ids=["names", "shapes"]
)
def test_an_optimizer_of_another_network_is_refused(optimizer: SGD, other: Network) -> None:
    run(network(Flatten(), Dense(64, 5), Dense(5, 4)), optimizer, epochs=1)
    before = {name: array.copy() for name, array in other.state().items()}
    with pytest.raises(ValueError, match="remembers the training of another network"):
        run(other, optimizer, epochs=1)
    for name, array in other.state().items():
        np.testing.assert_array_equal(array, before[name])


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"first_step": -1}, "count from 0, not from -1"),
        ({"validation": data().split(0)[0]}, "no pictures to measure on"),
    ],
)
def test_what_can_not_go_well_is_said_before_the_first_step(options: dict[str, Any], sentence: str) -> None:
    events, _, net = running(**options)
    with pytest.raises(ValueError, match=sentence):
        next(events)
    assert same_numbers(net, convolutional())
    with pytest.raises(ValueError, match="no pictures to measure on"):
        accuracy(net, data().split(0)[0])


def test_a_shipped_network_is_trained_as_a_copy() -> None:
    net = convolutional(norm=True).freeze()
    with pytest.raises(ValueError, match=r"read-only, as shipped ones are: train its `\.copy\(\)`"):
        run(net)
    assert finished(run(net.copy(), epochs=1)).reason == "done"

"""Training as a stream of events: what it learns, how it ends, and that it comes again exactly."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import FrozenInstanceError
from itertools import islice
from typing import Any

import numpy as np
import pytest

from engine.datasets import Dataset
from engine.layers import BatchNorm, Conv2D, Dense, Dropout, Flatten, Layer, MaxPool2D, ReLU, Sigmoid
from engine.losses import cross_entropy, mean_squared_error, squared_error
from engine.network import Network
from engine.optimizers import OPTIMIZERS, SGD, Adam, Momentum
from engine.preprocessing import Preprocessing
from engine.schedules import cosine, one_cycle
from engine.training import (
    BatchDone,
    EpochDone,
    Event,
    Finished,
    ShuffledBatches,
    WeightAverage,
    accuracy,
    predict_batches,
    train,
)


def data(count: int = 40, seed: int = 0) -> Dataset:
    """Noise with a bright bar that tells the label."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 4, count)
    images = rng.integers(0, 120, (count, 8, 8), dtype=np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[:, 2 * label : 2 * label + 2] += 100
    return Dataset(images, labels.astype(np.int64), "bars")


def network(*layers: Layer) -> Network:
    return Network(layers, (8, 8, 1), "abcd", Preprocessing(size=8))


def convolutional(seed: int = 0, drop: float = 0.0, norm: bool = False) -> Network:
    rng = np.random.default_rng(seed)
    norms = [BatchNorm(6)] if norm else []
    first = [Conv2D(1, 6, 3, rng=rng), *norms, ReLU(), MaxPool2D(), Flatten()]
    return network(*first, Dropout(drop, np.random.default_rng(seed)), Dense(54, 4, rng=rng))


def sigmoid(seed: int = 0) -> Network:
    return network(Flatten(), Dense(64, 4, rng=np.random.default_rng(seed)), Sigmoid())


def run(
    net: Network, optimizer: SGD | None = None, batch: int = 8, seed: int = 0, **options: Any
) -> list[Event]:
    settings: dict[str, Any] = {"loss": cross_entropy, "epochs": 2} | options
    batches = settings.pop("batches", None) or ShuffledBatches(data(), batch, seed)
    return list(train(net, batches, settings.pop("loss"), optimizer or Adam(0.01), **settings))


def losses(events: list[Event]) -> list[float]:
    return [event.loss for event in events if isinstance(event, BatchDone)]


def finished(events: list[Event]) -> Finished:
    assert isinstance(events[-1], Finished)
    assert sum(isinstance(event, Finished) for event in events) == 1
    return events[-1]


def same_numbers(one: Network, other: Network) -> bool:
    return all(
        np.array_equal(a, b) for a, b in zip(one.state().values(), other.state().values(), strict=True)
    )


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_eight_samples_are_memorised(name: str) -> None:
    noise = Dataset(data(8, seed=3).images, np.arange(8, dtype=np.int64) % 4, "noise")
    net = convolutional(norm=True)
    rates = {"SGD": 0.3, "momentum": 0.05, "Adam": 0.01, "AdamW": 0.01}
    events = run(net, OPTIMIZERS[name](rates[name]), batches=ShuffledBatches(noise, 8, 0), epochs=150)
    assert losses(events)[-1] < 0.05 < losses(events)[0] / 10
    assert accuracy(net, noise) == 1


@pytest.mark.parametrize("loss", [squared_error, mean_squared_error])
def test_losses_of_outputs_are_learnt_too(loss: Callable) -> None:
    net = sigmoid()
    events = run(net, Adam(0.05), loss=loss, epochs=60, targets=(0.01, 0.99))
    assert losses(events)[-1] < losses(events)[0] / 5
    assert accuracy(net, data()) >= 0.95


def test_the_events_of_a_run() -> None:
    events = run(convolutional(), batch=16, epochs=2)
    assert [type(event).__name__ for event in events] == (["BatchDone"] * 3 + ["EpochDone"]) * 2 + [
        "Finished"
    ]
    batches = [event for event in events if isinstance(event, BatchDone)]
    assert [(event.step, event.epoch, event.images_seen) for event in batches] == [
        (0, 0, 16),
        (1, 0, 32),
        (2, 0, 40),  # 40 pictures: the last batch is of eight
        (3, 1, 56),
        (4, 1, 72),
        (5, 1, 80),
    ]
    assert {event.steps for event in batches} == {6}
    epochs = [event for event in events if isinstance(event, EpochDone)]
    assert [(event.epoch, event.epochs) for event in epochs] == [(0, 2), (1, 2)]
    for number, event in enumerate(epochs):
        expected = float(np.mean([b.loss for b in batches if b.epoch == number]))
        assert event.loss == pytest.approx(expected)
        assert (event.validation_loss, event.validation_accuracy) == (None, None)
    end = finished(events)
    assert (end.reason, end.step, end.steps) == ("done", 6, 6)
    seconds = [event.seconds for event in events]
    assert seconds == sorted(seconds)
    with pytest.raises(FrozenInstanceError):
        end.step = 0  # type: ignore[misc]


def test_the_first_loss_is_that_of_the_untrained_network() -> None:
    net = convolutional()
    before = [p.copy() for p in net.parameters.values()]
    events = train(net, ShuffledBatches(data(4), 4, 0), cross_entropy, SGD(0.1), epochs=1)
    x = data(4).images[..., None].astype(np.float32) / 255
    logits = net.predict(x).astype(np.float64)
    scores = np.exp(logits - logits.max(1, keepdims=True))
    probabilities = scores / scores.sum(1, keepdims=True)
    expected = -np.log(probabilities[np.arange(4), data(4).labels]).mean()
    first = next(events)
    assert isinstance(first, BatchDone)
    assert first.loss == pytest.approx(expected, rel=1e-5)
    assert any((p != old).any() for p, old in zip(net.parameters.values(), before, strict=True))


@pytest.mark.parametrize("threads", [1, 2])
def test_the_same_seed_gives_exactly_the_same_losses(threads: int) -> None:
    def once(seed: int = 0, order: int = 0) -> list[float]:
        net = convolutional(seed, drop=0.2, norm=True)
        return losses(run(net, Adam(0.01), seed=order, epochs=3, threads=threads))

    assert once() == once()
    assert once() != once(seed=1)
    assert once() != once(order=1)


def test_batches_depend_on_their_step_alone() -> None:
    one, other = ShuffledBatches(data(10), 4, seed=7), ShuffledBatches(data(10), 4, seed=7)
    assert one.steps_per_epoch == 3
    in_order = [one.batch(step) for step in range(9)]
    for step in (8, 0, 5, 4, 7):
        for here, there in zip(in_order[step], other.batch(step), strict=True):
            np.testing.assert_array_equal(here, there)


def test_an_epoch_shows_each_picture_once_in_a_new_order() -> None:
    numbered = Dataset(
        np.arange(10, dtype=np.uint8)[:, None, None] + np.zeros((1, 8, 8), np.uint8), data(10).labels, ""
    )
    batches = ShuffledBatches(numbered, 4, seed=0)
    orders = []
    for epoch in range(3):
        parts = [batches.batch(3 * epoch + step) for step in range(3)]
        assert [len(labels) for _, labels in parts] == [4, 4, 2]
        order = np.concatenate([images[:, 0, 0] for images, _ in parts])
        np.testing.assert_array_equal(np.concatenate([labels for _, labels in parts]), numbered.labels[order])
        orders.append(order.tolist())
    assert all(sorted(order) == list(range(10)) for order in orders)
    assert len({tuple(order) for order in orders}) == 3


def test_a_batch_is_no_larger_than_the_data() -> None:
    assert ShuffledBatches(data(10), 64, seed=0).steps_per_epoch == 1
    assert len(ShuffledBatches(data(10), 64, seed=0).batch(5)[0]) == 10


class Noting(SGD):
    """Notes the rate of each step."""

    def __init__(self, learning_rate: float) -> None:
        super().__init__(learning_rate)
        self.rates: list[float] = []

    def step(self, parameters: dict, gradients: dict) -> None:
        self.rates.append(self.learning_rate)
        super().step(parameters, gradients)


def test_schedules_are_followed() -> None:
    optimizer = Noting(0.2)
    run(convolutional(), optimizer, batch=10, epochs=2, schedule=cosine)  # 8 steps: 22.5° each
    expected = [0.2, 0.19239, 0.17071, 0.13827, 0.1, 0.06173, 0.02929, 0.00761]
    assert optimizer.rates == pytest.approx(expected, abs=1e-5)
    assert optimizer.learning_rate == 0.2


def test_a_schedule_goes_on_where_a_run_does() -> None:
    whole, rest = Noting(0.2), Noting(0.2)
    run(convolutional(), whole, epochs=4, schedule=one_cycle)
    run(convolutional(), rest, epochs=4, schedule=one_cycle, first_step=13)
    assert rest.rates == whole.rates[13:]


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


def stop_and_go(steps: int, **options: Any) -> tuple[list[float], Network]:
    """A run that is left after `steps` and goes on with the same network and optimizer."""
    net, optimizer, batches = convolutional(norm=True), Adam(0.01), ShuffledBatches(data(), 8, 0)
    with closing(train(net, batches, cross_entropy, optimizer, epochs=3, **options)) as events:
        seen = list(islice(events, steps))
    done = [event for event in seen if isinstance(event, BatchDone)]
    rest = train(net, batches, cross_entropy, optimizer, epochs=3, first_step=done[-1].step + 1, **options)
    return losses([*seen, *rest]), net


@pytest.mark.parametrize("steps", [1, 5, 6, 9])
def test_leaving_and_going_on_changes_nothing(steps: int) -> None:
    net = convolutional(norm=True)
    expected = losses(run(net, Adam(0.01), epochs=3, schedule=one_cycle))
    found, other = stop_and_go(steps, schedule=one_cycle)
    assert found == expected
    assert same_numbers(net, other)


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


@pytest.mark.parametrize("threads", [2, 3])
def test_threads_share_a_batch(threads: int) -> None:
    one, many = convolutional(), convolutional()
    expected = losses(
        run(one, SGD(0.1), batch=9, epochs=3)
    )  # the last batch, of four, can't be split in three
    found = losses(run(many, SGD(0.1), batch=9, epochs=3, threads=threads))
    np.testing.assert_allclose(found, expected, rtol=1e-4)
    for name, parameter in one.parameters.items():
        np.testing.assert_allclose(many.parameters[name], parameter, rtol=1e-3, atol=1e-5)


def reference(net: Network, part: Dataset) -> tuple[float, float]:
    """Loss and accuracy, whole set at once, in float64."""
    logits = net.forward(part.images[..., None].astype(np.float32) / 255)[0].astype(np.float64)
    scores = np.exp(logits)
    probabilities = scores / scores.sum(1, keepdims=True)
    right = logits.argmax(1) == part.labels
    return float(-np.log(probabilities[np.arange(len(part)), part.labels]).mean()), float(right.mean())


def test_validation_figures() -> None:
    """300 pictures: more than are computed at once, and the last part is smaller."""
    net, part = convolutional(norm=True), data(300, seed=5)
    for event in train(
        net, ShuffledBatches(data(), 8, 0), cross_entropy, Adam(0.003), epochs=3, validation=part
    ):
        if isinstance(event, EpochDone):
            loss, right = reference(net, part)
            assert event.validation_loss == pytest.approx(loss, rel=1e-4)
            assert event.validation_accuracy == pytest.approx(right)
            assert 0 < right < 1
            assert accuracy(net, part) == pytest.approx(right)


def test_validation_of_outputs_uses_the_targets() -> None:
    net = sigmoid()
    events = run(net, SGD(0.1), loss=squared_error, epochs=1, validation=data(6, seed=5), targets=(0.2, 0.7))
    outputs = np.concatenate(list(predict_batches(net, data(6, seed=5).images)))
    wanted = np.full((6, 4), 0.2)
    wanted[np.arange(6), data(6, seed=5).labels] = 0.7
    told = [event.validation_loss for event in events if isinstance(event, EpochDone)]
    assert told == [pytest.approx(((outputs - wanted) ** 2).sum() / 12, rel=1e-5)]


def test_the_average_is_what_is_judged() -> None:
    net, part = convolutional(norm=True), data(50, seed=5)
    average = WeightAverage(net, 0.999)
    for event in train(
        net,
        ShuffledBatches(data(), 8, 0),
        cross_entropy,
        Adam(0.01),
        epochs=2,
        validation=part,
        average=average,
    ):
        if isinstance(event, EpochDone):
            loss, right = reference(average.network, part)
            assert event.validation_loss == pytest.approx(loss, rel=1e-4)
            assert event.validation_accuracy == pytest.approx(right)
            assert loss != pytest.approx(reference(net, part)[0], rel=1e-3)


def test_the_average_of_weights() -> None:
    net = network(Flatten(), Dense(64, 4))
    net.parameters["1.weight"][...] = 0
    average = WeightAverage(net, 0.25)
    seen = []
    for value in (11.0, 11.0, 8.0):
        net.parameters["1.weight"][...] = value
        average.update(net)
        seen.append(float(average.network.parameters["1.weight"][0, 0]))
    # Kept of the old: 2/11 (it warms up), then 3/12 and 0.25, the decay.
    assert seen == pytest.approx([9, 10.5, 8.625])
    assert average.network is not net


def test_an_average_changes_nothing_of_the_training() -> None:
    net, other = convolutional(), convolutional()
    assert losses(run(net)) == losses(run(other, average=WeightAverage(other, 0.9)))
    assert same_numbers(net, other)


def test_two_trainings_in_turn_do_not_mix() -> None:
    alone = [losses(run(convolutional(seed, drop=0.3), epochs=3)) for seed in range(2)]
    nets = [convolutional(seed, drop=0.3) for seed in range(2)]
    batches = ShuffledBatches(data(), 8, 0), ShuffledBatches(data(), 8, 0)
    first, second = (
        train(net, source, cross_entropy, Adam(0.01), epochs=3)
        for net, source in zip(nets, batches, strict=True)
    )
    turns = list(zip(first, second, strict=True))
    assert losses([one for one, _ in turns]) == alone[0]
    assert losses([other for _, other in turns]) == alone[1]


def test_data_stay_as_they_are() -> None:
    part = data()
    images, labels = part.images.copy(), part.labels.copy()
    part.images.setflags(write=False)
    part.labels.setflags(write=False)
    run(convolutional(), batches=ShuffledBatches(part, 8, 0))
    np.testing.assert_array_equal(part.images, images)
    np.testing.assert_array_equal(part.labels, labels)

"""Training as a stream of events: what it learns and tells, and that it comes again exactly."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import FrozenInstanceError
from itertools import islice
from typing import Any

import numpy as np
import pytest

from engine.datasets import Dataset
from engine.layers import Dense, Flatten
from engine.losses import cross_entropy, mean_squared_error, squared_error
from engine.network import Network
from engine.optimizers import OPTIMIZERS, SGD, Adam
from engine.schedules import cosine, one_cycle
from engine.training import (
    BatchDone,
    EpochDone,
    ShuffledBatches,
    WeightAverage,
    train,
)
from engine.validation import accuracy, predict_batches
from tests.small_trainings import convolutional, data, finished, losses, network, run, same_numbers, sigmoid


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

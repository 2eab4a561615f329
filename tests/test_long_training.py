"""Training on arrays that are not NumPy's, as on a GPU: the same steps as `engine.training.train`."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from engine.feeds import endless_feed
from engine.gpu import NoGPU, Packed, copy_here, cupy
from engine.long_training import train_long
from engine.losses import Loss, colour_cross_entropy, cross_entropy, ctc
from engine.network import Network
from engine.optimizers import AdamW, Momentum
from engine.recipes import RECIPES
from engine.resume import load_state, save_state
from engine.schedules import cosine
from engine.training import NOT_FINITE, BatchDone, Batches, Event, Finished, WeightAverage, train
from tests.foreign_array import NAMESPACE, ForeignArray

Steps = Generator[BatchDone | Finished, None, None]


class Fixed:
    """The same few batches each time."""

    steps_per_epoch = 3

    def __init__(self, batches: list[tuple[np.ndarray, np.ndarray]]) -> None:
        self.batches = batches

    def batch(self, step: int) -> tuple[np.ndarray, np.ndarray]:
        return self.batches[step % len(self.batches)]


RNG = np.random.default_rng(3)


def digits(rng: np.random.Generator) -> Fixed:
    return Fixed([(rng.integers(0, 256, (8, 28, 28)).astype(np.uint8), np.arange(8)) for _ in range(3)])


def lines(rng: np.random.Generator) -> Fixed:
    labels = np.array([[1, 2, 2, -1], [7, -1, -1, -1], [-1, -1, -1, -1]])
    return Fixed([(rng.integers(0, 256, (3, 40, 72)).astype(np.uint8), labels) for _ in range(3)])


def photos(rng: np.random.Generator) -> Fixed:
    def batch() -> tuple[np.ndarray, np.ndarray]:
        inputs = rng.uniform(0, 100, (3, 64, 64, 4)).astype(np.float32)
        return inputs, rng.integers(-60, 60, (3, 16, 16, 2)).astype(np.int8)

    return Fixed([batch() for _ in range(3)])


CASES: dict[str, tuple[Callable[[np.random.Generator], Fixed], Loss]] = {
    "digits": (digits, cross_entropy),
    "captcha": (lines, ctc),
    "colorize": (photos, colour_cross_entropy),
}


def trained(name: str, gpu: bool, seconds: float | None = None) -> tuple[Network, Network, list[float]]:
    make, loss = CASES[name]
    network = RECIPES[name].build()
    data: Batches = make(np.random.default_rng(3))
    average = WeightAverage(network, 0.9)
    optimizer = Momentum(0.0001 if loss is ctc else 0.005)  # its first gradients are large
    if gpu:
        events: list[Event] = list(
            train_long(
                network,
                data,
                loss,
                optimizer,
                NAMESPACE,
                steps=6,
                schedule=cosine,
                average=average,
                seconds=seconds,
            )
        )
    else:
        events = list(train(network, data, loss, optimizer, epochs=2, schedule=cosine, average=average))
    assert isinstance(events[-1], Finished)
    assert events[-1].reason == "done"
    return network, average.network, [event.loss for event in events if isinstance(event, BatchDone)]


@pytest.mark.parametrize("name", CASES)
def test_it_takes_the_same_steps(name: str) -> None:
    *networks, losses = trained(name, True)
    *expected, expected_losses = trained(name, False)
    np.testing.assert_allclose(losses, expected_losses, rtol=2e-3)
    for there, here in zip(networks, expected, strict=True):
        for key, array in there.state().items():
            assert type(array) is np.ndarray
            np.testing.assert_allclose(array, here.state()[key], rtol=0, atol=1e-3, err_msg=key)


def test_the_clock_may_end_it() -> None:
    assert trained("digits", True, seconds=1e-9)[2] == []


def test_a_loss_that_is_not_finite_ends_it() -> None:
    network = RECIPES["digits"].build()

    def broken(prediction: ForeignArray, target: ForeignArray) -> tuple[float, ForeignArray]:
        return float("nan"), prediction

    events = list(train_long(network, digits(RNG), broken, AdamW(0.1), NAMESPACE, steps=6, schedule=cosine))
    assert [event.reason for event in events if isinstance(event, Finished)] == [NOT_FINITE]
    assert all(type(array) is np.ndarray for array in network.state().values())


def test_packed_arrays_are_the_networks_own() -> None:
    network = RECIPES["captcha"].build()
    before = {name: array.copy() for name, array in network.state().items()}
    packed = Packed(network, NAMESPACE)
    matrices, vectors, buffers = packed.arrays
    assert matrices.size + vectors.size == network.parameter_count
    assert vectors.size > 1000
    assert buffers.size > 1000
    assert packed.parameters["matrices"].shape == (1, matrices.size)
    for name, array in network.state().items():
        np.testing.assert_array_equal(array.inside, before[name])
    vectors += 1
    name = next(name for name, a in network.parameters.items() if a.ndim == 1)
    np.testing.assert_array_equal(network.parameters[name].inside, before[name] + 1)
    gradients = packed.gradients(network.parameters)
    np.testing.assert_array_equal(gradients["vectors"].inside, vectors.inside)
    np.testing.assert_array_equal(gradients["matrices"].inside, packed.parameters["matrices"].inside)


def test_a_copy_for_the_disk_has_the_same_numbers() -> None:
    network = RECIPES["digits"].build()
    twin = copy_here(network)
    assert all((twin.state()[name] == array).all() for name, array in network.state().items())


def test_without_a_gpu_a_sentence_says_so() -> None:
    with pytest.raises(NoGPU, match="CuPy"):
        cupy()


def test_what_is_learnt_in_a_minute_is_refused() -> None:
    with pytest.raises(ValueError, match="by its epochs"):
        endless_feed(RECIPES["lenet-5"], 1, True)


def test_it_goes_on_where_it_stopped(tmp_path: Path) -> None:
    def begin() -> tuple[Network, AdamW, WeightAverage]:
        network = RECIPES["digits"].build()
        return network, AdamW(0.002, weight_decay=0.02), WeightAverage(network, 0.9)

    def go_on(
        network: Network, optimizer: AdamW, average: WeightAverage, first: int
    ) -> Generator[BatchDone | Finished, None, None]:
        data = digits(np.random.default_rng(3))
        return train_long(
            network,
            data,
            cross_entropy,
            optimizer,
            np,
            steps=6,
            schedule=cosine,
            average=average,
            first_step=first,
        )

    straight = begin()
    list(go_on(*straight, 0))
    stopped = begin()
    with closing(go_on(*stopped, 0)) as events:
        for _ in range(3):
            next(events)
    save_state(tmp_path / "state.npz", 3, *stopped)
    resumed = begin()
    list(go_on(*resumed, load_state(tmp_path / "state.npz", *resumed)))
    for there, here in ((resumed[0], straight[0]), (resumed[2].network, straight[2].network)):
        for name, array in there.state().items():
            np.testing.assert_array_equal(array, here.state()[name], err_msg=name)


@pytest.mark.parametrize("seconds", [0.0, -60.0, float("nan")])
def test_no_time_is_said(seconds: float) -> None:
    network, few = RECIPES["digits"].build(), digits(np.random.default_rng(0))
    steps = train_long(network, few, cross_entropy, AdamW(0.1), np, steps=2, schedule=cosine, seconds=seconds)
    with pytest.raises(ValueError, match="a training takes more than"):
        next(steps)


def test_weights_that_are_not_finite_go_back() -> None:
    network, few = RECIPES["digits"].build(), digits(np.random.default_rng(0))
    before = {name: array.copy() for name, array in network.parameters.items()}
    steps = train_long(
        network, few, cross_entropy, Momentum(float("inf")), np, steps=6, schedule=lambda done: 1.0
    )
    with np.errstate(all="ignore"):
        *_, end = list(steps)
    assert isinstance(end, Finished)
    assert end.reason == NOT_FINITE
    for name, array in network.parameters.items():
        np.testing.assert_array_equal(array, before[name])

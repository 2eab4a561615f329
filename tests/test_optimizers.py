"""Optimizers against first steps worked out by hand, and schedules at known points."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

from engine.optimizers import OPTIMIZERS, SGD, Adam, AdamW, Momentum
from engine.schedules import SCHEDULES, constant, cosine, long_second_cycle, one_cycle, two_cycles
from tests.foreign_array import foreign

MAKERS: list[Callable[[], SGD]] = [partial(kind, 0.1) for kind in OPTIMIZERS.values()]
every_optimizer = pytest.mark.parametrize("make", MAKERS, ids=[*OPTIMIZERS])


def walk(optimizer: SGD, start: float, gradients: list[float]) -> list[float]:
    """Where one weight stands after each step, in float64."""
    parameters = {"w": np.array([start], np.float64)}
    places = []
    for gradient in gradients:
        optimizer.step(parameters, {"w": np.array([gradient], np.float64)})
        places.append(float(parameters["w"][0]))
    return places


def test_sgd() -> None:
    assert walk(SGD(0.1), 1, [0.5, -2]) == pytest.approx([0.95, 1.15])


def test_momentum() -> None:
    # Velocities 1, 1.9, 2.71, then 2.71 · 0.9 - 1 = 1.439.
    assert walk(Momentum(0.1), 0, [1, 1, 1, -1]) == pytest.approx([-0.1, -0.29, -0.561, -0.7049])
    assert walk(Momentum(0.1, momentum=0.5), 0, [1, 1]) == pytest.approx([-0.1, -0.25])


def test_adam() -> None:
    # The first step is one learning rate against the gradient's sign, however large the gradient.
    assert walk(Adam(0.1), 0, [1])[0] == pytest.approx(-0.1)
    assert walk(Adam(0.1), 0, [1e-3])[0] == pytest.approx(-0.1, rel=1e-4)
    assert walk(Adam(0.1), 0, [-1e4])[0] == pytest.approx(0.1)
    # Then 1 and -1: mean (0.09 - 0.1) / 0.19 = -1/19, square 0.001999 / 0.001999 = 1, so a step of +0.1/19.
    assert walk(Adam(0.1), 0, [1, -1])[1] == pytest.approx(-0.1 + 0.1 / 19)
    # A gradient as small as epsilon moves by half a learning rate.
    assert walk(Adam(0.1), 0, [1e-8])[0] == pytest.approx(-0.05)


def test_adamw_shrinks_matrices_and_not_biases() -> None:
    parameters = {"weight": np.full((1, 1), 2.0), "bias": np.full(1, 2.0)}
    AdamW(0.1, weight_decay=0.5).step(parameters, {"weight": np.ones((1, 1)), "bias": np.ones(1)})
    assert parameters["weight"].item() == pytest.approx(2 * 0.95 - 0.1)
    assert parameters["bias"].item() == pytest.approx(2 - 0.1)


def test_weight_decay_follows_the_learning_rate() -> None:
    optimizer, parameters = AdamW(0.1), {"weight": np.full((1, 1), 2.0)}
    optimizer.learning_rate = 0.0
    optimizer.step(parameters, {"weight": np.ones((1, 1))})
    assert parameters["weight"].item() == 2


def bowl(optimizer: SGD, steps: int) -> np.ndarray:
    """How far from the bottom of ½ (x² + 10 y²) it ends."""
    parameters = {"w": np.array([3.0, -2.0])}
    for _ in range(steps):
        optimizer.step(parameters, {"w": parameters["w"] * [1.0, 10.0]})
    return np.abs(parameters["w"])


@every_optimizer
def test_it_finds_the_bottom(make: Callable[[], SGD]) -> None:
    assert bowl(make(), 300).max() < 0.02


@every_optimizer
def test_parameters_of_any_size_and_order_of_memory(make: Callable[[], SGD]) -> None:
    shapes = {"none": (0,), "one": (1,), "few": (3, 5), "many": (90, 70)}
    rng = np.random.default_rng(0)
    start = {name: rng.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()}
    gradients = {name: rng.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()}
    plain, turned = ({name: a.copy() for name, a in start.items()} for _ in range(2))
    turned = {name: np.asfortranarray(a) for name, a in turned.items()}
    make().step(plain, gradients)
    make().step(turned, gradients)
    for name, before in start.items():
        np.testing.assert_allclose(turned[name], plain[name], rtol=1e-6, atol=1e-6)
        moved = plain[name] - before
        assert (np.sign(moved) == -np.sign(gradients[name])).all()


def random_steps(optimizer: SGD, parameters: dict[str, Any], count: int, seed: int = 0) -> None:
    rng = np.random.default_rng(seed)
    for _ in range(count):
        gradients = {n: rng.standard_normal(p.shape).astype(np.float32) for n, p in parameters.items()}
        optimizer.step(parameters, gradients)


def some_parameters() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(9)
    return {"0.weight": rng.standard_normal((3, 4)).astype(np.float32), "0.bias": np.zeros(4, np.float32)}


@every_optimizer
def test_weights_change_in_place_and_gradients_do_not(make: Callable[[], SGD]) -> None:
    parameters = some_parameters()
    arrays = dict(parameters)
    gradients = {name: np.ones_like(p) for name, p in parameters.items()}
    optimizer = make()
    for _ in range(3):
        optimizer.step(parameters, gradients)
    assert all(parameters[name] is array and array.dtype == np.float32 for name, array in arrays.items())
    assert all((gradient == 1).all() for gradient in gradients.values())
    assert all(array.dtype == np.float32 for name, array in optimizer.state().items() if name != "steps")


@every_optimizer
@pytest.mark.parametrize("size", [3, 400])
def test_the_layout_of_the_arrays_does_not_matter(make: Callable[[], SGD], size: int) -> None:
    rng = np.random.default_rng(0)
    start, gradient = rng.standard_normal((2, size, size)).astype(np.float32)
    plain = {"w": start.copy()}
    turned = {"w": np.asfortranarray(start)}
    sparse = {"w": np.repeat(start, 2, axis=1)[:, ::2]}
    for parameters in (plain, turned, sparse):
        optimizer = make()
        for _ in range(2):
            optimizer.step(parameters, {"w": np.asfortranarray(gradient)})
    for other in (turned, sparse):  # BLAS rounds once, the others twice
        np.testing.assert_allclose(other["w"], plain["w"], rtol=1e-6, atol=1e-6)
    assert np.abs(plain["w"] - start).min() > 0


@every_optimizer
def test_state_goes_on_where_it_was(make: Callable[[], SGD]) -> None:
    straight, broken = some_parameters(), some_parameters()
    optimizer, first = make(), make()
    random_steps(optimizer, straight, 3, seed=1)
    random_steps(first, broken, 3, seed=1)
    second = make()
    state = {name: array.copy() for name, array in first.state().items()}
    second.set_state(state)
    random_steps(first, some_parameters(), 1)  # goes its own way
    kept = {name: array.copy() for name, array in state.items()}
    random_steps(optimizer, straight, 3, seed=2)
    random_steps(second, broken, 3, seed=2)
    for name in straight:
        np.testing.assert_array_equal(straight[name], broken[name])
    for name, array in state.items():
        np.testing.assert_array_equal(array, kept[name])


@every_optimizer
def test_two_runs_share_nothing(make: Callable[[], SGD]) -> None:
    alone = some_parameters()
    random_steps(make(), alone, 4)
    busy, other = make(), make()
    random_steps(busy, some_parameters(), 4, seed=3)
    parameters = some_parameters()
    random_steps(other, parameters, 4)
    for name in alone:
        np.testing.assert_array_equal(alone[name], parameters[name])


def test_a_state_of_another_optimizer_is_refused() -> None:
    adam = Adam(0.1)
    random_steps(adam, some_parameters(), 1)
    with pytest.raises(KeyError, match="remembers nothing"):
        SGD(0.1).set_state(adam.state())
    with pytest.raises(KeyError):
        Adam(0.1).set_state({})
    with pytest.raises(KeyError):
        Momentum(0.1).set_state(adam.state())


@every_optimizer
def test_other_array_libraries(make: Callable[[], SGD]) -> None:
    here, there = make(), make()
    parameters, inside = some_parameters(), some_parameters()
    wrapped = {name: foreign(array) for name, array in inside.items()}
    for step in range(3):
        gradients = {name: np.full_like(p, step - 0.5) for name, p in parameters.items()}
        here.step(parameters, gradients)
        there.step(wrapped, {name: foreign(g) for name, g in gradients.items()})
    for name, array in wrapped.items():
        np.testing.assert_allclose(array.inside, parameters[name], rtol=1e-6)


def test_schedules_at_known_points() -> None:
    assert [constant(done) for done in (0, 0.3, 1)] == [1, 1, 1]
    assert [cosine(done) for done in (0, 1 / 3, 0.5, 2 / 3, 1)] == pytest.approx([1, 0.75, 0.5, 0.25, 0])
    assert cosine(1.5) == pytest.approx(0)  # a run that was prolonged does not start to climb
    assert [one_cycle(done) for done in (0, 0.1, 0.2, 0.6, 1)] == pytest.approx([0.04, 0.52, 1, 0.5, 0.0001])
    cycles = [two_cycles(done) for done in (0, 0.08, 0.16, 0.48, 0.8, 0.9, 1)]
    assert cycles == pytest.approx([0.04, 0.52, 1, 0.5, 0.35, 0.175, 0.0001])
    cycles = [long_second_cycle(done) for done in (0.14, 0.42, 0.7, 0.85, 1)]
    assert cycles == pytest.approx([1, 0.5, 0.4, 0.2, 0.0001])


@pytest.mark.parametrize("name", SCHEDULES)
def test_schedules_stay_between_zero_and_one_without_jumps(name: str) -> None:
    factors = np.array([SCHEDULES[name](done) for done in np.linspace(0, 1, 501)])
    assert factors.min() >= 0
    assert factors.max() == pytest.approx(1)
    steps = np.diff(factors)
    second = {"two-cycles": 0.8, "long second cycle": 0.7}.get(name)  # where it starts again
    if second is not None:
        assert abs(np.argmax(steps) - 500 * second) <= 1
        steps = np.delete(steps, np.argmax(steps))
    assert np.abs(steps).max() < 0.025


def test_one_cycle_climbs_and_falls_once() -> None:
    steps = np.diff([one_cycle(done) for done in np.linspace(0, 0.99, 400)])
    top = int(np.argmax(steps < 0))
    assert (steps[:top] > 0).all()
    assert (steps[top:] < 0).all()


@every_optimizer
def test_a_gradient_that_does_not_fit_gets_a_sentence_and_changes_nothing(make: Callable[[], SGD]) -> None:
    parameters = {name: np.ones(4, np.float32) for name in ("a", "b")}
    fitting = np.ones(4, np.float32)
    optimizer = make()
    for gradients, words in (
        ({"a": fitting, "b": np.ones(3, np.float32)}, r"gradient of 'b' is \(3,\), the parameter \(4,\)"),
        ({"a": fitting, "b": np.ones((4, 1), np.float32)}, r"gradient of 'b' is \(4, 1\)"),
        ({"a": fitting, "c": fitting}, "gradient for 'c', but no such parameter"),
    ):
        with pytest.raises(ValueError, match=words):
            optimizer.step(parameters, gradients)
    assert all((array == 1).all() for array in parameters.values())
    assert all(not array.any() for array in optimizer.state().values())

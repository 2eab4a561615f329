"""A unit taken apart adds up to what the network computes, and looks where it says it looks."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from engine.architectures import from_text
from engine.checkpoint import load_pretrained, pretrained_names
from engine.ink import fit_digit
from engine.layers import BatchNorm, Conv2D, Dense, Flatten, ReLU, Residual, Sequential, Skip, UpSample2D
from engine.network import Network
from engine.preprocessing import Preprocessing, to_network_input
from engine.stages import Pass, run
from engine.units import Unit, look
from tests.drawings import drawn


def lively(network: Network) -> Network:
    """Batch norms and biases of all sizes, as a training would leave them."""
    rng = np.random.default_rng(5)
    for name, array in network.state().items():
        if name.rpartition(".")[2] in ("bias", "shift", "mean"):
            array[...] = rng.normal(0, 0.3, array.shape)
        elif name.rpartition(".")[2] in ("scale", "variance"):
            array[...] = rng.uniform(0.5, 2, array.shape)
    return network


def branching() -> Network:
    rng = np.random.default_rng(3)
    block = [Conv2D(4, 4, 3, padding="same", rng=rng), BatchNorm(4), ReLU(), Conv2D(4, 4, 3, padding="same")]
    layers = [
        Conv2D(1, 4, 4, stride=2, rng=rng),
        Residual(Sequential(block)),
        ReLU(),
        UpSample2D(),
        Skip(Sequential([BatchNorm(4), Conv2D(4, 2, 3, padding="same", rng=rng)])),
        Flatten(),
        Dense(10 * 10 * 6, 10, rng=rng),
    ]
    return lively(Network(layers, (12, 12, 1), preprocessing=Preprocessing(12)))


def many_kinds() -> Network:
    text = (
        "batch norm, conv 3x3x4 same, batch norm, tanh, average pool 2, dropout 0.3, conv 3x3x5 stride 2, "
        "pool 2, relu, global pool, dense 12, batch norm, sigmoid, dense 10"
    )
    return lively(from_text(text, (18, 18, 1), np.random.default_rng(1)))


@cache
def passed(name: str, digit: int = 4) -> Pass:
    """A network at work on a drawing."""
    made = {"branching": branching, "many kinds": many_kinds}
    network = made[name]() if name in made else load_pretrained(name)
    ink = fit_digit(drawn(digit), network.preprocessing.size)
    return run(network, to_network_input(ink[None], network.preprocessing))


def places(shape: tuple[int, ...], count: int, seed: int = 0) -> list[tuple[int, ...]]:
    rng = np.random.default_rng(seed)
    corners = [tuple(0 for _ in shape), tuple(n - 1 for n in shape)]
    return corners + [tuple(int(rng.integers(n)) for n in shape) for _ in range(count)]


def units(seen: Pass, count: int = 60) -> list[tuple[int, Unit]]:
    return [
        (stage, look(seen, stage, place))
        for stage in range(len(seen.stages))
        for place in places(seen.output(stage).shape, count, stage)
    ]


NAMES = [*pretrained_names(), "branching", "many kinds"]


@pytest.mark.parametrize("name", NAMES)
def test_products_add_up_to_the_networks_own_sum(name: str) -> None:
    weighted = [unit for _, unit in units(passed(name)) if unit.weights is not None]
    assert weighted
    for unit in weighted:
        assert unit.products is not None
        assert unit.weights is not None
        total = np.float32(0)
        for value, weight, product in zip(
            unit.patch.ravel(), unit.weights.ravel(), unit.products.ravel(), strict=True
        ):
            assert product == np.float32(value) * np.float32(weight)
            total += product
        assert total.dtype == np.float32
        assert (total if unit.bias is None else total + unit.bias) == unit.total
        assert abs(float(unit.total) - float(unit.before)) <= unit.rounding
        exact = np.dot(unit.patch.ravel().astype(np.float64), unit.weights.ravel().astype(np.float64))
        assert abs(exact + float(unit.bias or 0) - float(unit.before)) <= unit.rounding


def test_the_allowed_rounding_is_small() -> None:
    """It could hide no wrong product: a unit's sum is known to a ten-thousandth of its stage's largest."""
    seen = passed("digits")
    for stage, unit in units(seen):
        largest = float(np.abs(seen.steps[seen.stages[stage].head].output).max())
        assert unit.rounding < 1e-4 * largest


@pytest.mark.parametrize("name", NAMES)
def test_the_activation_is_the_networks_own(name: str) -> None:
    seen = passed(name)
    given = list(seen.network.activations(seen.steps[0].output))
    assert seen.steps[-1].output.tobytes() == given[-1].tobytes()
    flat = [array.ravel() for array in given]
    for stage in range(1, len(seen.stages)):
        output = seen.output(stage)
        if name != "branching":  # whose inner layers are no layers of the network's own list
            assert any(array.size == output.size and (array == output.ravel()).all() for array in flat)
        for place in places(output.shape, 20):
            assert look(seen, stage, place).activation == output[place]


@pytest.mark.parametrize("name", ["digits", "mlp-100", "lenet-5", "many kinds"])
def test_each_step_after_the_sum_follows_from_the_one_before(name: str) -> None:
    met = set()
    for _, unit in units(passed(name)):
        value = unit.before
        for after in unit.after:
            met.add(after.kind)
            if after.kind == "BatchNorm":
                assert after.factor is not None
                assert after.shift is not None
                assert after.value == value * after.factor + after.shift
            expected = {
                "ReLU": max(float(value), 0.0),
                "Sigmoid": 1 / (1 + np.exp(-float(value))),
                "Tanh": np.tanh(float(value)),
                "Dropout": float(value),
            }.get(after.kind)
            if expected is not None:
                assert float(after.value) == pytest.approx(expected, abs=1e-6)
            value = after.value
        assert value == unit.activation
    assert met


def test_stages_are_what_a_person_would_name() -> None:
    kinds = [
        "+".join(type(step.layer).__name__ for step in seen.steps[stage.head : stage.last + 1])
        for seen in [passed("digits")]
        for stage in seen.stages
    ]
    assert kinds[:4] == ["NoneType", "Conv2D", "MaxPool2D+BatchNorm+ReLU", "Conv2D+BatchNorm+ReLU"]
    assert kinds[-2:] == ["GlobalAveragePool", "Dense"]
    shapes = [passed("lenet-5").output(i).shape for i in range(8)]
    assert shapes == [(32, 32, 1), (28, 28, 6), (14, 14, 6), (10, 10, 16), (5, 5, 16), (120,), (100,), (10,)]


def test_the_branches_of_a_residual_are_added() -> None:
    seen = passed("branching")
    stage = next(i for i, s in enumerate(seen.stages) if isinstance(seen.steps[s.head].layer, Residual))
    unit = look(seen, stage, (2, 3, 1))
    assert unit.patch.shape == (2,)
    assert unit.total == unit.patch[0] + unit.patch[1] == unit.before
    assert [after.kind for after in unit.after] == ["ReLU"]
    assert len(seen.sources(stage)) == 2


def test_a_unit_behind_flatten_reads_maps() -> None:
    unit = look(passed("cnn-8"), 3, (4,))
    assert unit.patch.shape == (13, 13, 8)
    assert unit.weights is not None
    assert (unit.weights.ravel() == passed("cnn-8").network.parameters["3.weight"][:, 4]).all()


def test_the_largest_of_a_pool() -> None:
    seen = passed("lenet-5")
    for place in places(seen.output(2).shape, 30):
        unit = look(seen, 2, place)
        assert unit.kind == "largest"
        assert unit.patch.shape == (2, 2, 1)
        assert unit.total == unit.activation == unit.patch.max()


@pytest.mark.parametrize("name", ["branching", "many kinds"])
def test_a_unit_sees_just_the_pixels_that_change_it(name: str) -> None:
    """Every pixel is changed in turn, up and down: what a unit sees is the box around the effects."""
    seen = passed(name)
    stages = [i for i in range(1, len(seen.stages)) if seen.output(i).ndim == 3]
    x = seen.steps[0].output
    rng = np.random.default_rng(0)
    x = x + rng.uniform(0.1, 1, x.shape).astype(np.float32)
    base = run(seen.network, x)
    side = x.shape[1]
    moved = {stage: np.zeros((*base.output(stage).shape, side, side), bool) for stage in stages}
    for row in range(side):
        for column in range(side):
            for change in (-9.0, 9.0):
                other = x.copy()
                other[0, row, column] += np.float32(change)
                after = run(seen.network, other)
                for stage in stages:
                    gap = np.abs(after.output(stage) - base.output(stage)) > 1e-4
                    moved[stage][..., row, column] |= gap
    for stage in stages:
        for place in places(base.output(stage).shape[:2], 8):
            top, left, bottom, right = look(base, stage, (*place, 0)).sees
            effect = moved[stage][place].any(axis=0)
            inside = np.zeros_like(effect)
            inside[top:bottom, left:right] = True
            assert not effect[~inside].any(), (stage, place)
            assert effect.any(axis=1)[top:bottom].mean() > 0.8, "the box is too large"


def test_probabilities_are_shares() -> None:
    for name in ("digits", "mlp-100"):
        seen = passed(name)
        shares = [look(seen, len(seen.stages), (digit,)) for digit in range(10)]
        assert sum(float(unit.total) for unit in shares) == pytest.approx(1, abs=1e-6)
        for digit, unit in enumerate(shares):
            assert unit.activation == seen.probabilities[digit]
            assert float(unit.total) == pytest.approx(float(unit.activation), rel=1e-5)


@pytest.mark.parametrize(
    ("stage", "place"),
    [(1, (0, 0)), (1, (99, 0, 0)), (1, (-1, 0, 0)), (99, (0,)), (-1, (0,)), (8, (10,)), (8, (0, 0))],
)
def test_there_is_no_such_unit(stage: int, place: tuple[int, ...]) -> None:
    with pytest.raises(IndexError, match="there "):
        look(passed("lenet-5"), stage, place)


def test_one_picture_is_looked_at() -> None:
    with pytest.raises(ValueError, match="one picture"):
        run(load_pretrained("mlp-16"), np.zeros((2, 28, 28, 1), np.float32))

"""A network keeps its numbers to itself, and says what it is."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

from engine.architectures import build
from engine.layers import (
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePool,
    MaxPool2D,
    ReLU,
    Residual,
    Sequential,
    Sigmoid,
)
from engine.network import Network
from engine.preprocessing import Preprocessing


def small() -> Network:
    rng = np.random.default_rng(0)
    layers = [
        Conv2D(1, 4, 3, rng=rng),
        BatchNorm(4),
        ReLU(),
        MaxPool2D(),
        Residual(Conv2D(4, 4, 3, padding="same", rng=rng)),
        GlobalAveragePool(),
        Dropout(0.2),
        Dense(4, 3, rng=rng),
    ]
    metrics, trained = {"test": {"accuracy": 0.5}}, {"epochs": [1, 2]}
    return Network(layers, (8, 8, 1), "abc", Preprocessing(size=8), "small", metrics, trained)


def pictures(count: int = 3) -> np.ndarray:
    return np.random.default_rng(1).random((count, 8, 8, 1), np.float32)


def test_names_and_counts() -> None:
    network = small()
    shapes = {name: array.shape for name, array in network.parameters.items()}
    assert shapes == {
        "0.weight": (3, 3, 1, 4),
        "0.bias": (4,),
        "1.scale": (4,),
        "1.shift": (4,),
        "4.inner.weight": (3, 3, 4, 4),
        "4.inner.bias": (4,),
        "7.weight": (4, 3),
        "7.bias": (3,),
    }
    assert set(network.buffers) == {"1.mean", "1.variance"}
    assert network.parameter_count == 40 + 8 + 148 + 15
    assert network.labels == ("a", "b", "c")


def test_summary() -> None:
    assert small().summary() == [
        ("Conv2D", (6, 6, 4), 40),
        ("BatchNorm", (6, 6, 4), 8),
        ("ReLU", (6, 6, 4), 0),
        ("MaxPool2D", (3, 3, 4), 0),
        ("Residual", (3, 3, 4), 148),
        ("GlobalAveragePool", (4,), 0),
        ("Dropout", (4,), 0),
        ("Dense", (3,), 15),
    ]


def test_activations_are_every_layers_output() -> None:
    network = small()
    outputs = list(network.activations(pictures()))
    assert [y.shape for y in outputs] == [(3, *shape) for _, shape, _ in network.summary()]
    np.testing.assert_allclose(outputs[-1], network.predict(pictures()), rtol=1e-5, atol=1e-6)


def test_parameters_are_the_arrays_themselves() -> None:
    network = small()
    before = network.predict(pictures())
    network.parameters["7.bias"][...] += 1
    np.testing.assert_allclose(network.predict(pictures()), before + 1, rtol=1e-5)


def with_outputs(outputs: list[float], sigmoid: bool = False) -> Network:
    """A network that answers the same to everything."""
    dense = Dense(4, len(outputs))
    dense.parameters["weight"][...] = 0
    dense.parameters["bias"][...] = outputs
    last = [Sigmoid()] if sigmoid else []
    return Network([Flatten(), dense, *last], (2, 2, 1), [str(i) for i in range(len(outputs))])


ONE = np.ones((2, 2, 2, 1), np.float32)


@pytest.mark.parametrize(
    ("outputs", "sigmoid", "expected"),
    [
        ([0.0, np.log(3)], False, [0.25, 0.75]),
        ([1000.0, -1000.0], False, [1, 0]),
        ([-1000.0, -1000.0], False, [0.5, 0.5]),
        ([0.0, np.log(3)], True, [0.4, 0.6]),  # 0.5 and 0.75 in proportion
        ([1000.0, -1000.0], True, [1, 0]),
        ([-1000.0, -1000.0], True, [0.5, 0.5]),  # both outputs are exactly 0
    ],
)
def test_probabilities(outputs: list[float], sigmoid: bool, expected: list[float]) -> None:
    probabilities = with_outputs(outputs, sigmoid).probabilities(ONE)
    assert probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities, [expected, expected], rtol=1e-5)


def test_a_copy_goes_its_own_way() -> None:
    network = small()
    twin = network.copy()
    before = network.predict(pictures())
    np.testing.assert_array_equal(twin.predict(pictures()), before)
    assert (twin.input_shape, twin.labels, twin.preprocessing, twin.name) == (
        network.input_shape,
        network.labels,
        network.preprocessing,
        network.name,
    )
    for array in twin.state().values():
        array += 1
    twin.metrics["test"]["accuracy"] = 1
    twin.trained["epochs"].append(3)
    np.testing.assert_array_equal(network.predict(pictures()), before)
    assert network.metrics == {"test": {"accuracy": 0.5}}
    assert network.trained == {"epochs": [1, 2]}


def test_a_frozen_network_is_read_only_and_its_copy_is_not() -> None:
    network = small()
    before = network.predict(pictures())
    assert network.freeze() is network
    np.testing.assert_array_equal(network.predict(pictures()), before)
    for array in network.state().values():
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0
    twin = network.copy()
    for parameter in twin.parameters.values():
        parameter[...] = 0
    assert not twin.predict(pictures()).any()
    np.testing.assert_array_equal(network.predict(pictures()), before)


def test_a_shard_shares_parameters_and_not_buffers() -> None:
    network = small()
    shard = network.shard()
    for name, parameter in network.parameters.items():
        assert shard.parameters[name] is parameter
    shard.forward(pictures(), training=True)
    assert not network.buffers["1.mean"].any()
    assert shard.buffers["1.mean"].any()


def test_state_is_copied_into_place() -> None:
    network, other = small(), small()
    for array in other.state().values():
        array += 0.5
    state = {name: array.copy() for name, array in other.state().items()}
    kept = network.parameters["0.weight"]
    network.set_state(state)
    assert network.parameters["0.weight"] is kept
    np.testing.assert_array_equal(network.predict(pictures()), other.predict(pictures()))
    state["0.weight"][...] = 0
    assert kept.all()


def test_a_state_that_does_not_fit_changes_nothing() -> None:
    network = small()
    before = network.predict(pictures())
    state = {name: array + 1 for name, array in network.state().items()}
    with pytest.raises(KeyError, match=r"expected.*found"):
        network.set_state(state | {"8.weight": np.zeros(3, np.float32)})
    with pytest.raises(KeyError):
        network.set_state({})
    with pytest.raises(ValueError, match=r"7\.bias: expected shape \(3,\), found \(4,\)"):
        network.set_state(state | {"7.bias": np.zeros(4, np.float32)})
    np.testing.assert_array_equal(network.predict(pictures()), before)


def test_other_inputs_get_a_sentence() -> None:
    """More channels would otherwise be left out without a word."""
    for network in (small(), small().freeze()):
        for shape in ((2, 8, 8, 3), (8, 8, 1), (2, 8, 8)):
            with pytest.raises(ValueError, match=r"'small' takes \(N, 8, 8, 1\), not"):
                network.predict(np.ones(shape, np.float32))
            with pytest.raises(ValueError, match=r"'small' takes"):
                network.forward(np.ones(shape, np.float32))
        for dtype in (np.uint8, np.int64, bool, np.complex64):
            with pytest.raises(ValueError, match=f"'small' takes float32 numbers, not {np.dtype(dtype)}"):
                network.predict(np.ones((2, 8, 8, 1), dtype))
        assert network.predict(pictures(0)).shape == (0, 3)


def test_other_sizes_get_a_sentence_where_a_layer_lays_pictures_flat() -> None:
    for network in (
        Network([Flatten(), Dense(64, 3)], (8, 8, 1)),
        build("lenet-5", np.random.default_rng(0)),
    ):
        for ready in (network, network.copy().freeze()):
            for count in (0, 1, 3):
                with pytest.raises(ValueError, match=r"takes \(N, .*\), not \(\d, 20, 28, 1\)"):
                    ready.predict(np.ones((count, 20, 28, 1), np.float32))
                with pytest.raises(ValueError, match=r"takes \(N, .*\), not \(\d, 20, 28, 1\)"):
                    ready.forward(np.ones((count, 20, 28, 1), np.float32))
    anywhere = Network([Conv2D(1, 4, 3), GlobalAveragePool(), Dense(4, 3)], (8, 8, 1))
    assert anywhere.predict(np.ones((2, 20, 28, 1), np.float32)).shape == (2, 3)


def test_a_pooled_convolution_takes_its_own_channels() -> None:
    body = Sequential([Conv2D(1, 2, 3), MaxPool2D()])
    with pytest.raises(ValueError, match="takes 1 channels, not 3"):
        body.forward(np.ones((1, 8, 8, 3), np.float32))


@pytest.mark.parametrize("frozen", [False, True])
def test_a_network_goes_to_another_process_as_it_is(frozen: bool) -> None:
    network = small().freeze() if frozen else small()
    for twin in (pickle.loads(pickle.dumps(network)), copy.deepcopy(network)):
        np.testing.assert_array_equal(twin.predict(pictures()), network.predict(pictures()))
        assert twin.parameters["0.weight"].flags.writeable != frozen
        assert twin.labels == network.labels


def test_a_copy_draws_as_its_original_and_a_shard_otherwise() -> None:
    network = small()
    network.forward(pictures(), training=True)  # its dropout has drawn

    def dropped(one: Network) -> np.ndarray:
        return one.layers[6].forward(np.ones((4, 50), np.float32), training=True)[0] == 0

    twin, shard, other = network.copy(), network.shard(), network.shard()
    own = dropped(network)
    np.testing.assert_array_equal(dropped(twin), own)
    first, second = dropped(shard), dropped(other)
    assert (first != own).any()
    assert (second != own).any()
    assert (first != second).any()

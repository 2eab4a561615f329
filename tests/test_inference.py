"""Layers that follow one another are fused; they have to compute what they do one after another."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from engine import inference
from engine.architectures import ARCHITECTURES, build
from engine.layers import (
    AveragePool2D,
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePool,
    Layer,
    MaxPool2D,
    ReLU,
    Residual,
    Sequential,
    Sigmoid,
    Skip,
    Tanh,
    UpSample2D,
    from_config,
)
from engine.network import Network
from tests.foreign_array import foreign, here
from tests.layer_cases import leaves


def one_by_one(layers: list[Layer], x: np.ndarray) -> np.ndarray:
    for layer in layers:
        x = layer.forward(x)[0]
    return x


def unsettle(layers: list[Layer], seed: int = 0) -> list[Layer]:
    """Numbers as a training leaves them, some scales negative, one zero."""
    rng = np.random.default_rng(seed)
    for leaf in leaves(Sequential(layers)):
        for name, array in leaf.parameters.items():
            if array.ndim == 1:
                array[...] = rng.standard_normal(array.shape)
                if name == "scale":
                    array[0] = 0
        for array in leaf.buffers.values():
            array[...] = rng.uniform(0.3, 3, array.shape)
    return layers


def norm_of_positive_scale(channels: int) -> BatchNorm:
    """As `unsettle` would leave it, if no scale were below zero."""
    norm = BatchNorm(channels)
    norm.parameters["scale"][...] = np.linspace(0.1, 2, channels)
    norm.parameters["shift"][...] = np.linspace(-1, 1, channels)
    norm.buffers["mean"][...] = np.linspace(-0.5, 0.5, channels)
    norm.buffers["variance"][...] = np.linspace(0.5, 2, channels)
    return norm


def check(layers: list[Layer], shape: tuple[int, ...]) -> None:
    x = np.random.default_rng(1).standard_normal(shape).astype(np.float32)
    given = x.copy()
    expected = one_by_one(layers, x)
    for images in (x, x[:1]):
        y = inference.run(inference.plan(layers), images)
        assert y.dtype == np.float32
        np.testing.assert_allclose(y, expected[: len(images)], rtol=1e-4, atol=1e-4)
    frozen = inference.FrozenPlan(layers)
    found = [frozen(x[i : i + 1]) for i in range(len(x))]
    for i, y in enumerate(found):  # only now: no result may lie in memory that the next one used
        assert y.dtype == np.float32
        np.testing.assert_allclose(y, expected[i : i + 1], rtol=1e-4, atol=1e-4)
    np.testing.assert_array_equal(x, given)


CHAINS: dict[str, list[Layer]] = {
    "convolution alone": [Conv2D(3, 8, 3)],
    "without bias": [Conv2D(3, 8, 3, bias=False)],
    "ReLU": [Conv2D(3, 8, 3), ReLU()],
    "ReLU twice": [Conv2D(3, 8, 3), ReLU(), ReLU()],
    "norm": [Conv2D(3, 8, 3, bias=False), BatchNorm(8)],
    "norm, ReLU": [Conv2D(3, 8, 3), BatchNorm(8), ReLU()],
    "norm, norm, ReLU": [Conv2D(3, 8, 3), BatchNorm(8), BatchNorm(8), ReLU()],
    "ReLU, norm": [Conv2D(3, 8, 3), ReLU(), BatchNorm(8)],
    "pool": [Conv2D(3, 8, 3), MaxPool2D()],
    "pool, ReLU": [Conv2D(3, 8, 3), MaxPool2D(), ReLU()],
    "ReLU, pool": [Conv2D(3, 8, 3), ReLU(), MaxPool2D()],
    "norm, pool, ReLU": [Conv2D(3, 8, 3), BatchNorm(8), MaxPool2D(), ReLU()],
    "norm, ReLU, pool": [Conv2D(3, 8, 3), BatchNorm(8), ReLU(), MaxPool2D()],
    "pool, norm, ReLU": [Conv2D(3, 8, 3), MaxPool2D(), BatchNorm(8), ReLU()],
    "ReLU, pool, norm": [Conv2D(3, 8, 3), ReLU(), MaxPool2D(), BatchNorm(8)],
    "pool, pool": [Conv2D(3, 8, 3), MaxPool2D(), MaxPool2D()],
    "pool, ReLU, pool, ReLU": [Conv2D(3, 8, 3), MaxPool2D(), ReLU(), MaxPool2D(), ReLU()],
    "average pool": [Conv2D(3, 8, 3), AveragePool2D(), ReLU()],
    "tanh": [Conv2D(3, 8, 3), Tanh()],
    "sigmoid": [Conv2D(3, 8, 3), Sigmoid(), MaxPool2D()],
    "stride": [Conv2D(3, 8, 3, stride=2, padding="same"), BatchNorm(8), ReLU(), MaxPool2D()],
    "1x1": [Conv2D(3, 8, 1), BatchNorm(8), ReLU()],
    "many channels": [Conv2D(3, 48, 3), ReLU(), Conv2D(48, 48, 3, padding="same"), BatchNorm(48), ReLU()],
    "many channels, pool": [Conv2D(3, 48, 1), Conv2D(48, 48, 3), MaxPool2D(), BatchNorm(48), ReLU()],
    "norm first": [BatchNorm(3), ReLU(), Conv2D(3, 8, 3)],
    "dropout between": [Conv2D(3, 8, 3), Dropout(0.5), ReLU()],
    "up-sampling": [Conv2D(3, 8, 3), UpSample2D(), Conv2D(8, 3, 3, padding="same"), ReLU()],
    "residual": [Residual(Sequential([Conv2D(3, 3, 3, padding="same"), BatchNorm(3), ReLU()])), ReLU()],
    "residual, up-sampled": [
        Conv2D(3, 4, 2),
        Residual(Sequential([Conv2D(4, 4, 2, stride=2), BatchNorm(4), ReLU(), UpSample2D()])),
        Residual(Sequential([MaxPool2D(), UpSample2D()])),
    ],
    "residual of the same": [Residual(Dropout(0.5)), Residual(Sequential([])), Residual(Tanh())],
    "residual, no ReLU": [Residual(Conv2D(3, 3, 3, padding="same")), Residual(Residual(ReLU()))],
    "skip": [Skip(Sequential([Conv2D(3, 4, 3, padding="same"), ReLU()])), Conv2D(7, 4, 3), ReLU()],
    "nested": [Sequential([Conv2D(3, 8, 3)]), BatchNorm(8), Sequential([ReLU(), MaxPool2D()])],
    "dense": [Flatten(), Dense(363, 8), BatchNorm(8), ReLU(), Dense(8, 5), Sigmoid()],
    "dense, no bias": [Flatten(), Dense(363, 8, bias=False), BatchNorm(8), Sigmoid()],
    "dense, tanh": [Flatten(), Dense(363, 8), Tanh(), Dense(8, 5), ReLU(), ReLU()],
    "global": [Conv2D(3, 8, 3), MaxPool2D(), GlobalAveragePool(), Dense(8, 4)],
}


@pytest.mark.parametrize("name", CHAINS)
def test_fused_layers_compute_the_same(name: str) -> None:
    check(unsettle(CHAINS[name]), (5, 11, 11, 3))


@pytest.mark.parametrize("name", CHAINS)
def test_other_array_libraries(name: str) -> None:
    layers, x = unsettle(CHAINS[name]), np.random.default_rng(1).random((2, 11, 11, 3), np.float32)
    expected = one_by_one(layers, x)
    twin = from_config(Sequential(layers).config())
    for leaf, source in zip(leaves(twin), leaves(Sequential(layers)), strict=True):
        leaf.parameters = {name: foreign(array.copy()) for name, array in source.parameters.items()}
        leaf.buffers = {name: foreign(array.copy()) for name, array in source.buffers.items()}
    found = here(inference.run(inference.plan([twin]), foreign(x)))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("channels", [8, 48])
def test_a_norm_behind_a_pool(channels: int) -> None:
    """It may move in front of the maximum only where its scale is above zero."""
    norm = norm_of_positive_scale(channels)
    layers = [Conv2D(channels, channels, 3), MaxPool2D(), norm, ReLU()]
    check(layers, (3, 12, 12, channels))
    norm.parameters["scale"][1] *= -1
    check(layers, (3, 12, 12, channels))


@pytest.mark.parametrize("size", [12, 13])
@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("kernel", [2, 3, 4, 5])
@pytest.mark.parametrize("channels", [1, 2, 20])
def test_pictures_one_at_a_time(channels: int, kernel: int, padding: str, size: int) -> None:
    """Each way of `engine.single`, with and without bias, pool and ReLU, into the next one's padding."""
    if padding == "same" and kernel % 2 == 0:
        padding = "valid"
    rng = np.random.default_rng(0)
    for bias in (False, True):
        for after in ([], [ReLU()], [MaxPool2D()], [ReLU(), MaxPool2D()]):
            first = Conv2D(channels, 17, kernel, padding=padding, bias=bias, rng=rng)
            layers = unsettle([first, *after, Conv2D(17, 3, 3, padding="same", rng=rng)])
            check(layers, (2, size, size + 1, channels))


def test_a_frozen_network_takes_pictures_of_many_sizes() -> None:
    layers = unsettle([Conv2D(2, 20, 3), MaxPool2D(), Conv2D(20, 18, 3), GlobalAveragePool(), Dense(18, 3)])
    frozen, rng = inference.FrozenPlan(layers), np.random.default_rng(1)
    for side in (*range(8, 16), 9, 64):
        x = rng.random((1, side, side + 2, 2), np.float32)
        np.testing.assert_allclose(frozen(x), one_by_one(layers, x), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("shape", [(1, 32, 32, 2), (1, 30, 32, 1), (1, 2, 2, 1), (1, 32, 32)])
def test_a_picture_of_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    """As for a batch: nothing is read from beyond the picture."""
    network = build("lenet-5", np.random.default_rng(0)).freeze()
    with pytest.raises((ValueError, IndexError)):
        network.predict(np.zeros(shape, np.float32))


@pytest.mark.parametrize("seed", range(25))
def test_random_chains(seed: int) -> None:
    rng = np.random.default_rng(seed)
    channels, size = 2, 17
    layers: list[Layer] = []
    for _ in range(7):
        what = int(rng.integers(6))
        if what == 0 and size >= 3:
            outputs = int(rng.choice([3, 8, 24, 64]))
            padding = str(rng.choice(["same", "valid"]))
            layers.append(Conv2D(channels, outputs, 3, padding=padding, bias=bool(rng.integers(2)), rng=rng))
            channels, size = outputs, size if padding == "same" else size - 2
        elif what == 1 and size >= 2:
            layers.append(MaxPool2D())
            size //= 2
        elif what in (2, 3):
            layers.append(BatchNorm(channels))
        elif what == 4:
            layers.append(ReLU())
        else:
            layers.append(
                Residual(Sequential([Conv2D(channels, channels, 3, padding="same", rng=rng), ReLU()]))
            )
    check(unsettle(layers, seed), (3, 17, 17, 2))


def in_float64(layers: list[Layer]) -> list[Layer]:
    twin = from_config(Sequential(layers).config())
    assert isinstance(twin, Sequential)
    for leaf, source in zip(leaves(twin), leaves(Sequential(layers)), strict=True):
        leaf.parameters = {name: array.astype(np.float64) for name, array in source.parameters.items()}
        leaf.buffers = {name: array.astype(np.float64) for name, array in source.buffers.items()}
    return twin.layers


@pytest.mark.parametrize("name", CHAINS)
def test_a_row_in_training_equals_its_layers(name: str) -> None:
    """Training too computes some layers together, there and back."""
    row, layers = Sequential(in_float64(unsettle(CHAINS[name]))), in_float64(unsettle(CHAINS[name]))
    rng = np.random.default_rng(1)
    x = rng.standard_normal((5, 11, 11, 3))
    y, backward = row.forward(x, training=True)
    expected, backwards = x, []
    for layer in layers:
        expected, one = layer.forward(expected, training=True)
        backwards.append(one)
    np.testing.assert_allclose(y, expected, rtol=1e-9, atol=1e-9)

    dy = rng.standard_normal(y.shape)
    dx, gradients = backward(dy)
    slope = dy
    for number, one in reversed(list(enumerate(backwards))):
        slope, own = one(slope)
        for name_of_array, gradient in own.items():
            found = gradients[f"{number}.{name_of_array}"]
            np.testing.assert_allclose(found, gradient, rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(dx, slope, rtol=1e-8, atol=1e-8)
    for name_of_array, buffer in Sequential(layers).buffers.items():
        np.testing.assert_allclose(row.buffers[name_of_array], buffer, rtol=1e-12)


def some_network(name: str) -> Network:
    network = build(name, np.random.default_rng(0))
    unsettle(network.layers)
    return network


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_predict_equals_forward(name: str) -> None:
    network = some_network(name)
    x = np.random.default_rng(1).random((6, *network.input_shape), np.float32)
    expected = network.forward(x)[0]
    *_, last = network.activations(x)
    scale = 1e-4 * max(1.0, float(np.abs(expected).max()))
    np.testing.assert_allclose(network.predict(x), expected, rtol=0, atol=scale)
    np.testing.assert_allclose(last, expected, rtol=0, atol=scale)
    np.testing.assert_allclose(network.copy().freeze().predict(x), expected, rtol=0, atol=scale)


def test_a_step_of_training_is_seen_at_once() -> None:
    network = some_network("digits")
    x = np.random.default_rng(1).random((2, *network.input_shape), np.float32)
    before = network.predict(x)
    for parameter in network.parameters.values():
        parameter *= 1.5
    for buffer in network.buffers.values():
        buffer *= 0.5
    after = network.predict(x)
    assert np.abs(after - before).max() > 0.1
    expected = network.forward(x)[0]
    np.testing.assert_allclose(after, expected, rtol=0, atol=1e-4 * np.abs(expected).max())


@pytest.mark.parametrize("frozen", [False, True], ids=["open", "frozen"])
def test_threads_use_one_network_at_once(frozen: bool) -> None:
    network = some_network("digits")
    if frozen:
        network.freeze()
    rng = np.random.default_rng(0)
    batches = [rng.random((count, *network.input_shape), np.float32) for count in (1, 3, 8, 1, 5, 2)]
    alone = [network.predict(x) for x in batches]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(network.predict, batches * 4))
    for found, expected in zip(together, alone * 4, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5 * np.abs(expected).max())


def test_one_thread_trains_while_another_predicts() -> None:
    network = some_network("lenet-5")
    rng = np.random.default_rng(0)
    x = rng.random((8, *network.input_shape), np.float32)
    other = rng.random((5, *network.input_shape), np.float32)
    alone = network.predict(other)

    def gradients() -> dict[str, np.ndarray]:
        y, backward = network.forward(x, training=True)
        return backward(y)[1]

    expected = gradients()
    with ThreadPoolExecutor(3) as pool:
        found = [pool.submit(gradients) for _ in range(10)]
        predicted = [pool.submit(network.predict, other) for _ in range(20)]
    for future in predicted:
        np.testing.assert_allclose(future.result(), alone, rtol=1e-5, atol=1e-5 * np.abs(alone).max())
    for gradient in found:
        for name, array in gradient.result().items():
            np.testing.assert_allclose(
                array, expected[name], rtol=1e-4, atol=1e-4 * np.abs(expected[name]).max()
            )

"""What every layer owes to a network, one table for all; then each layer's own numbers, by hand."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest

from engine.layers import (
    KINDS,
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
from tests.foreign_array import foreign
from tests.layer_cases import CASES, Case, leaves, rewind

STEP = 2e-6
every_layer = pytest.mark.parametrize("case", CASES, ids=str)


def test_the_table_holds_every_kind() -> None:
    def kinds(config: dict) -> set[str]:
        inner = config.get("layers", []) + ([config["inner"]] if "inner" in config else [])
        return {config["kind"]}.union(*(kinds(one) for one in inner))

    assert set().union(*(kinds(case.make().config()) for case in CASES)) == set(KINDS)


def run(case: Case, layer: Layer, x: np.ndarray) -> np.ndarray:
    rewind(layer)
    return layer.forward(x, case.training)[0]


def check_slope(
    function: Callable[[np.ndarray], float], at: np.ndarray, gradient: np.ndarray, seed: int
) -> None:
    """The slope of `function` along random directions is what `gradient` promises."""
    assert gradient.shape == at.shape
    rng = np.random.default_rng(seed)
    for _ in range(4):
        direction = rng.standard_normal(at.shape)
        ahead, behind = function(at + STEP * direction), function(at - STEP * direction)
        promised = float((gradient * direction).sum())
        scale = float(np.abs(gradient * direction).sum())
        assert (ahead - behind) / (2 * STEP) == pytest.approx(promised, rel=1e-6, abs=1e-7 * (scale + 1))


def check_gradients(case: Case, layer: Layer, x: np.ndarray) -> None:
    rewind(layer)
    y, backward = layer.forward(x, case.training)
    weights = np.random.default_rng(7).standard_normal(y.shape)
    dx, gradients = backward(weights)
    assert gradients.keys() == layer.parameters.keys()

    def of_input(at: np.ndarray) -> float:
        return float((run(case, layer, at) * weights).sum())

    check_slope(of_input, x, dx, 11)
    for number, (name, parameter) in enumerate(layer.parameters.items()):
        kept = parameter.copy()

        def of_parameter(at: np.ndarray, parameter: np.ndarray = parameter) -> float:
            parameter[...] = at
            return of_input(x)

        check_slope(of_parameter, kept, gradients[name], 13 + number)
        parameter[...] = kept


@every_layer
def test_gradients(case: Case) -> None:
    check_gradients(case, case.layer(np.float64), case.input(np.float64))


class Slanted(Tanh):
    """Tanh with a gradient that is wrong by one part in ten thousand."""

    def forward(self, x: np.ndarray, training: bool = False) -> tuple:
        y, backward = super().forward(x, training)
        return y, lambda dy: (backward(dy)[0] * 1.0001, {})


def test_the_check_finds_a_wrong_gradient() -> None:
    case = Case("slanted", Slanted, (4, 9))
    with pytest.raises(AssertionError):
        check_gradients(case, case.layer(np.float64), case.input(np.float64))


@pytest.mark.parametrize("case", [case for case in CASES if not case.training], ids=str)
def test_a_batch_equals_one_by_one(case: Case) -> None:
    layer, x = case.layer(), case.input()
    y = layer.predict(x)
    single = np.concatenate([layer.predict(x[i : i + 1]) for i in range(len(x))])
    np.testing.assert_allclose(y, single, rtol=1e-4, atol=2e-5)
    np.testing.assert_allclose(y, layer.forward(x)[0], rtol=1e-4, atol=2e-5)
    assert layer.output_shape(x.shape[1:]) == y.shape[1:]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@every_layer
def test_the_dtype_is_kept_and_nothing_is_changed(case: Case, dtype: type[np.floating]) -> None:
    layer, x = case.layer(dtype), case.input(dtype)
    given, parameters = x.copy(), {name: p.copy() for name, p in layer.parameters.items()}
    y, backward = layer.forward(x, case.training)
    computed = y.copy()
    dy = np.random.default_rng(3).standard_normal(y.shape).astype(dtype)
    asked = dy.copy()
    dx, gradients = backward(dy)
    assert layer.predict(x).dtype == y.dtype == dx.dtype == dtype
    assert {g.dtype for g in gradients.values()} <= {np.dtype(dtype)}
    assert {b.dtype for b in layer.buffers.values()} <= {np.dtype(dtype)}
    np.testing.assert_array_equal(x, given)
    np.testing.assert_array_equal(dy, asked)
    np.testing.assert_array_equal(y, computed)
    for name, parameter in layer.parameters.items():
        np.testing.assert_array_equal(parameter, parameters[name])


@every_layer
def test_of_no_samples_nothing_comes_back(case: Case) -> None:
    layer, x = case.layer(), case.input()[:0]
    shape = (0, *layer.output_shape(x.shape[1:]))
    assert layer.predict(x).shape == shape
    if case.training and any(isinstance(leaf, BatchNorm) for leaf in leaves(layer)):
        before = {name: array.copy() for name, array in layer.buffers.items()}
        with pytest.raises(ValueError, match=r"an empty batch, \(0, .*\), has no mean"):
            layer.forward(x, training=True)
        for name, array in layer.buffers.items():
            np.testing.assert_array_equal(array, before[name])
        return
    y, backward = layer.forward(x, case.training)
    assert y.shape == shape
    dx, gradients = backward(y)
    assert dx.shape == x.shape
    for name, parameter in layer.parameters.items():
        np.testing.assert_array_equal(gradients[name], np.zeros_like(parameter))


@every_layer
def test_what_forward_returned_stays_when_another_input_comes(case: Case) -> None:
    layer, x = case.layer(), case.input()
    rewind(layer)
    y, backward = layer.forward(x, case.training)
    dy = np.random.default_rng(3).standard_normal(y.shape).astype(np.float32)
    dx, gradients = backward(dy)
    kept = [y.copy(), dx.copy(), *(g.copy() for g in gradients.values())]
    other, backward_other = layer.forward(case.input(seed=9) + 1, case.training)
    backward_other(other)
    again, gradients_again = backward(dy)
    for old, now in zip(kept, [y, again, *gradients_again.values()], strict=True):
        np.testing.assert_array_equal(old, now)
    np.testing.assert_array_equal(dx, kept[1])


@every_layer
def test_views_and_read_only_arrays_are_taken(case: Case) -> None:
    """A skip hands down a slice of its gradient; a frozen network's pictures may be a mapped file."""
    layer, x = case.layer(), case.input()
    rewind(layer)
    y, backward = layer.forward(x, case.training)
    dy = np.random.default_rng(3).standard_normal(y.shape).astype(np.float32)
    dx, gradients = backward(dy)

    rewind(layer)
    y_of_view, backward_of_view = layer.forward(view_of(x), case.training)
    dx_of_view, gradients_of_view = backward_of_view(view_of(dy))
    np.testing.assert_allclose(y, y_of_view, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(dx, dx_of_view, rtol=1e-5, atol=1e-5)
    for name, gradient in gradients.items():
        np.testing.assert_allclose(gradient, gradients_of_view[name], rtol=1e-5, atol=1e-5)


def view_of(array: np.ndarray) -> np.ndarray:
    """The same numbers, neither contiguous nor writeable."""
    larger = np.full([2 * size for size in array.shape], np.nan, array.dtype)
    view = larger[tuple(slice(0, 2 * size, 2) for size in array.shape)]
    view[...] = array
    view.setflags(write=False)
    return view


@every_layer
def test_the_input_gradient_can_be_left_out(case: Case) -> None:
    layer, x = case.layer(), case.input()
    y, backward = layer.forward(x, case.training)
    dx, gradients = backward(y)
    without, same = backward(y, input_gradient=False)
    assert without is None or without.shape == dx.shape
    assert gradients.keys() == same.keys()
    for name, gradient in gradients.items():
        np.testing.assert_allclose(gradient, same[name], rtol=1e-4, atol=1e-5)


@every_layer
def test_config_is_json_and_makes_the_layer_again(case: Case) -> None:
    layer = case.layer()
    config = json.loads(json.dumps(layer.config()))
    assert config == layer.config()
    twin = from_config(config)
    assert type(twin) is type(layer)
    assert twin.config() == config
    state, other = layer.parameters | layer.buffers, twin.parameters | twin.buffers
    assert {name: a.shape for name, a in state.items()} == {name: a.shape for name, a in other.items()}
    for name, array in state.items():
        other[name][...] = array
    x = case.input()
    np.testing.assert_array_equal(layer.predict(x), twin.predict(x))


@every_layer
def test_other_array_libraries_compute_the_same(case: Case) -> None:
    layer, there, x = case.layer(np.float64), case.layer(np.float64), case.input(np.float64)
    for leaf in leaves(there):
        for arrays in (leaf.parameters, leaf.buffers):
            for name, array in arrays.items():
                arrays[name] = foreign(array)
    rewind(layer)
    rewind(there)
    y, backward = layer.forward(x, case.training)
    y_there, backward_there = there.forward(foreign(x), case.training)
    dy = np.random.default_rng(3).standard_normal(y.shape)
    dx, gradients = backward(dy)
    dx_there, gradients_there = backward_there(foreign(dy))
    np.testing.assert_allclose(y, y_there.inside, rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(dx, dx_there.inside, rtol=1e-9, atol=1e-11)
    assert gradients.keys() == gradients_there.keys()
    for name, gradient in gradients.items():
        np.testing.assert_allclose(gradient, gradients_there[name].inside, rtol=1e-9, atol=1e-11)
    for name, buffer in layer.buffers.items():
        np.testing.assert_allclose(buffer, there.buffers[name].inside, rtol=1e-12)
    predicted = there.predict(foreign(x))
    np.testing.assert_allclose(layer.predict(x), predicted.inside, rtol=1e-9, atol=1e-11)


def test_dense_by_hand() -> None:
    layer = Dense(2, 3)
    layer.parameters["weight"][...] = [[1, 2, 3], [4, 5, 6]]
    layer.parameters["bias"][...] = [10, 20, 30]
    y, backward = layer.forward(np.array([[1, -1], [2, 0]], np.float32))
    assert y.tolist() == [[7, 17, 27], [12, 24, 36]]
    dx, gradients = backward(np.array([[1, 0, 0], [0, 0, 2]], np.float32))
    assert dx.tolist() == [[1, 4], [6, 12]]
    assert gradients["weight"].tolist() == [[1, 0, 4], [-1, 0, 0]]
    assert gradients["bias"].tolist() == [1, 0, 2]


@pytest.mark.parametrize(
    ("layer", "x", "y"),
    [
        (Sigmoid(), [0, np.log(3), -np.log(4), 1000, -1000], [0.5, 0.75, 0.2, 1, 0]),
        (Tanh(), [0, np.log(2), -np.log(3), 1000, -1000], [0, 0.6, -0.8, 1, -1]),
        (ReLU(), [0, 0.5, -0.5, 1000, -1000], [0, 0.5, 0, 1000, 0]),
    ],
    ids=["sigmoid", "tanh", "ReLU"],
)
def test_activations_by_hand(layer: Layer, x: list[float], y: list[float]) -> None:
    np.testing.assert_allclose(layer.predict(np.array([x], np.float32)), [y], atol=1e-6)


def test_relu_has_no_slope_at_zero() -> None:
    _, backward = ReLU().forward(np.zeros((1, 2), np.float32))
    assert backward(np.ones((1, 2), np.float32))[0].tolist() == [[0, 0]]


SQUARE = np.arange(1, 16, dtype=np.float32).reshape(1, 3, 5, 1)  # an odd height and width


@pytest.mark.parametrize(
    ("layer", "y"),
    [(MaxPool2D(), [7, 9]), (AveragePool2D(), [4, 6]), (GlobalAveragePool(), [8])],
    ids=["max", "average", "global"],
)
def test_pooling_by_hand(layer: Layer, y: list[float]) -> None:
    assert layer.predict(SQUARE).ravel().tolist() == y


def test_what_a_pool_leaves_out_gets_no_gradient() -> None:
    one = np.ones((1, 1, 2, 1), np.float32)
    dx = MaxPool2D().forward(SQUARE)[1](one)[0]
    assert dx[0, :, :, 0].tolist() == [[0, 0, 0, 0, 0], [0, 1, 0, 1, 0], [0, 0, 0, 0, 0]]
    dx = AveragePool2D().forward(SQUARE)[1](one)[0]
    assert dx[0, :, :, 0].tolist() == [[0.25] * 4 + [0], [0.25] * 4 + [0], [0] * 5]


def test_of_equal_numbers_one_gets_the_gradient() -> None:
    """A blank corner of a drawing is all ties: shared out, its gradient would count up to four times."""
    x = np.zeros((2, 4, 6, 3), np.float32)
    dy = np.random.default_rng(0).uniform(1, 2, (2, 2, 3, 3)).astype(np.float32)
    dx = MaxPool2D().forward(x)[1](dy)[0]
    quads = dx.reshape(2, 2, 2, 3, 2, 3).transpose(0, 1, 3, 5, 2, 4).reshape(2, 2, 3, 3, 4)
    assert (np.count_nonzero(quads, axis=-1) == 1).all()
    np.testing.assert_array_equal(quads.sum(axis=-1), dy)


def test_up_sampling_and_flattening_by_hand() -> None:
    x = np.array([1, 2, 3, 4], np.float32).reshape(1, 2, 2, 1)
    y = UpSample2D().predict(x)[0, :, :, 0]
    assert y.tolist() == [[1, 1, 2, 2], [1, 1, 2, 2], [3, 3, 4, 4], [3, 3, 4, 4]]
    pixels = np.arange(12, dtype=np.float32).reshape(1, 2, 3, 2)
    assert Flatten().predict(pixels).tolist() == [list(range(12))]  # rows, then columns, then channels


def test_branches_by_hand() -> None:
    double = Dense(1, 1, bias=False)
    double.parameters["weight"][...] = 2
    x = np.array([[3]], np.float32)
    assert Residual(double).predict(x).tolist() == [[9]]
    assert Residual(double).forward(x)[1](np.ones_like(x))[0].tolist() == [[3]]
    assert Skip(double).predict(x).tolist() == [[3, 6]]
    assert Skip(double).forward(x)[1](np.array([[1, 10]], np.float32))[0].tolist() == [[21]]


def test_names_of_nested_parameters() -> None:
    layer = Sequential([ReLU(), Residual(Sequential([BatchNorm(2)]))])
    assert set(layer.parameters) == {"1.inner.0.scale", "1.inner.0.shift"}
    assert set(layer.buffers) == {"1.inner.0.mean", "1.inner.0.variance"}


# Computed with torch.nn.functional.batch_norm 2.13 (momentum 0.1, eps 1e-5) and its autograd.
NORM_X = [[1.0, 10.0], [2.0, -4.0], [4.0, 1.0], [9.0, 3.0]]
NORM_SCALE, NORM_SHIFT = [2.0, -0.5], [1.0, 0.25]
NORM_DY = [[1.0, 0.5], [-2.0, 1.0], [0.25, -1.0], [3.0, 2.0]]
NORM_Y = [[-0.946656, -0.4962777], [-0.2977707, 0.896774], [1.0, 0.3992555], [4.2444267, 0.2002482]]
NORM_DX = [[1.1035311, 0.0105907], [-1.1163395, -0.035713], [-0.2027767, 0.162063], [0.2155851, -0.1369407]]
NORM_DSCALE = [5.1910827, -0.0497518]
NORM_DSHIFT = [2.25, 2.5]
NORM_MEAN, NORM_VARIANCE = [0.4, 0.25], [2.1666667, 4.2666667]


def normalization(dtype: type[np.floating]) -> BatchNorm:
    layer = BatchNorm(2)
    layer.parameters = {"scale": np.array(NORM_SCALE, dtype), "shift": np.array(NORM_SHIFT, dtype)}
    layer.buffers = {"mean": np.zeros(2, dtype), "variance": np.ones(2, dtype)}
    return layer


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_batch_norm_against_pytorch(dtype: type[np.floating]) -> None:
    layer = normalization(dtype)
    y, backward = layer.forward(np.array(NORM_X, dtype), training=True)
    dx, gradients = backward(np.array(NORM_DY, dtype))
    for ours, theirs in (
        (y, NORM_Y),
        (dx, NORM_DX),
        (gradients["scale"], NORM_DSCALE),
        (gradients["shift"], NORM_DSHIFT),
        (layer.buffers["mean"], NORM_MEAN),
        (layer.buffers["variance"], NORM_VARIANCE),
    ):
        np.testing.assert_allclose(ours, theirs, rtol=2e-5, atol=2e-6)


def test_batch_norm_outside_training_uses_what_it_remembers() -> None:
    layer = BatchNorm(1, epsilon=0.75)
    layer.buffers["mean"][...], layer.buffers["variance"][...] = 2, 3.25
    layer.parameters["scale"][...], layer.parameters["shift"][...] = 6, 1
    x = np.array([[2], [4], [0]], np.float32)
    assert layer.predict(x).tolist() == [[1], [7], [-5]]
    layer.forward(x)
    assert layer.buffers["mean"].tolist() == [2]


def test_batch_norm_around_a_large_mean() -> None:
    """1000 ± 1: a mean of squares minus a squared mean would keep no digit of the variance in float32."""
    rng = np.random.default_rng(0)
    x = (1000 + rng.standard_normal((64, 8, 8, 3))).astype(np.float32)
    dy = rng.standard_normal(x.shape).astype(np.float32)
    y, backward = BatchNorm(3).forward(x, training=True)
    dx, gradients = backward(dy)
    exact = x.astype(np.float64)
    deviation = exact.std(axis=(0, 1, 2))
    normal = (exact - exact.mean(axis=(0, 1, 2))) / deviation
    np.testing.assert_allclose(y, normal, atol=3e-3)
    products = (normal * dy).mean(axis=(0, 1, 2))
    expected = (dy - dy.mean(axis=(0, 1, 2), dtype=np.float64) - normal * products) / deviation
    np.testing.assert_allclose(dx, expected, atol=3e-3)
    np.testing.assert_allclose(gradients["scale"], (normal * dy).sum(axis=(0, 1, 2)), rtol=1e-3, atol=0.05)


def test_batch_norm_of_equal_pictures() -> None:
    y, backward = BatchNorm(2).forward(np.full((4, 3, 3, 2), 7, np.float32), training=True)
    np.testing.assert_allclose(y, 0, atol=1e-2)
    assert np.isfinite(backward(np.ones_like(y))[0]).all()


def test_dropout_keeps_the_mean() -> None:
    layer, x = Dropout(0.25, np.random.default_rng(0)), np.full((1000, 100), 3, np.float32)
    y, backward = layer.forward(x, training=True)
    assert np.unique(y).tolist() == [0, 4]  # 3 / 0.75
    assert (y == 0).mean() == pytest.approx(0.25, abs=0.01)
    np.testing.assert_array_equal(backward(np.ones_like(x))[0] == 0, y == 0)
    again, _ = layer.forward(x, training=True)
    assert (again != y).mean() > 0.3
    np.testing.assert_array_equal(layer.predict(x), x)


def test_convolution_sizes() -> None:
    assert Conv2D(1, 8, 3).output_shape((28, 28, 1)) == (26, 26, 8)
    assert Conv2D(1, 8, 5, padding="same").output_shape((28, 27, 1)) == (28, 27, 8)
    assert Conv2D(1, 8, 3, stride=2).output_shape((28, 28, 1)) == (13, 13, 8)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: Conv2D(1, 1, 3, padding="full"), "full"),
        (lambda: Conv2D(1, 1, 2, padding="same"), "odd kernel"),
        (lambda: Dropout(1.0), "drop probability"),
        (lambda: Dropout(-0.1), "drop probability"),
        (lambda: Dropout(float("nan")), "drop probability"),
        (lambda: from_config({"kind": "LSTM"}), "unknown kind of layer 'LSTM'"),
        (lambda: from_config({}), "unknown kind of layer None"),
        (lambda: from_config({"kind": ["Dense"]}), "unknown kind"),
        (lambda: from_config({"kind": "Dense", "inputs": 3}), "Dense does not take"),
        (lambda: from_config({"kind": "ReLU", "slope": 0.1}), "ReLU does not take.*slope"),
    ],
)
def test_misuse_is_refused(make: Callable[[], Layer], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        make()


@pytest.mark.parametrize(
    "make",
    [
        lambda: Conv2D(1, 2, 0),
        lambda: Conv2D(0, 2, 3),
        lambda: Conv2D(1, 2, 3, stride=0),
        lambda: Dense(0, 3),
        lambda: Dense(3, 0),
        lambda: BatchNorm(3, momentum=5),
        lambda: BatchNorm(3, epsilon=0),
    ],
)
def test_layers_that_make_no_sense_get_a_sentence(make: Callable[[], Layer]) -> None:
    with pytest.raises(ValueError, match=", not "):
        make()

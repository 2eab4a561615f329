"""Named networks against counts made by hand, and networks from a short text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.architectures import ARCHITECTURES, DIGIT_NETWORKS, ArchitectureError, build, from_text, to_text
from engine.checkpoint import load, save
from engine.network import Network
from engine.preprocessing import Preprocessing, to_network_input

COUNTS = {
    "digits-8x8": 64 * 32 + 32 * 10,
    "mlp-16": 12_544 + 16 + 160 + 10,
    "mlp-100": 78_400 + 100 + 1_000 + 10,
    "mlp-50-20": 39_200 + 50 + 1_000 + 20 + 200 + 10,
    "mlp-100-per-sample": 79_510,
    "mlp-relu-128": 100_352 + 128 + 1_280 + 10,
    "cnn-8": 72 + 13_520 + 10,
    "lenet-5": 156 + 2_416 + 48_120 + 12_100 + 1_010,
    # Six convolutions without bias, a scale and a shift for each of their channels, one dense layer.
    "digits": 25 * 32
    + 9 * (32 * 64 + 64 * 64 + 64 * 64 + 64 * 128 + 128 * 128)
    + 2 * (32 + 192 + 256)
    + 1_290,
    # Six convolutions, three along the columns, a scale and a shift for each channel, eleven outputs.
    "captcha": 25 * 32
    + 9 * (32 * 48 + 48 * 64 + 64 * 64 + 64 * 96 + 96 * 96)
    + (768 + 5 * 128 + 5 * 128) * 128
    + 2 * (32 + 48 + 64 + 64 + 96 + 96 + 3 * 128)
    + 129 * 11,
    # At 1/4, 1/8, 1/16 and 1/32 with what leads to them and back; then 261 colours.
    "colorize": 16 * 4 * 64
    + 9 * 64 * 64 * 4
    + (4 * 64 * 128 + 9 * 128 * 128 * 3 + 128 * 64)
    + (4 * 128 * 160 + 9 * 160 * 160 * 3 + 160 * 128)
    + (4 * 160 * 128 + 9 * 128 * 128 + 128 * 160)
    + 2 * (64 * 5 + (128 * 4 + 64) + (160 * 4 + 128) + (128 * 2 + 160))
    + 65 * 261,
}


def networks() -> dict[str, Network]:
    return {name: build(name, np.random.default_rng(0)) for name in ARCHITECTURES}


def test_every_name_is_counted() -> None:
    assert set(COUNTS) == set(ARCHITECTURES)


@pytest.mark.parametrize("name", COUNTS)
def test_parameter_counts(name: str) -> None:
    network = networks()[name]
    assert network.parameter_count == COUNTS[name]
    assert network.name == name


@pytest.mark.parametrize("name", DIGIT_NETWORKS)
def test_named_networks_read_pictures_of_digits(name: str) -> None:
    network = networks()[name]
    size = network.preprocessing.size
    assert size == (8 if name == "digits-8x8" else 28)
    pictures = np.random.default_rng(0).integers(0, 256, (3, size, size), dtype=np.uint8)
    x = to_network_input(pictures, network.preprocessing)
    assert x.shape == (3, *network.input_shape)
    probabilities = network.probabilities(x)
    assert probabilities.shape == (3, 10)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_the_same_seed_gives_the_same_network(name: str) -> None:
    one, same, other = (build(name, np.random.default_rng(seed)) for seed in (0, 0, 1))
    for parameter, array in one.parameters.items():
        np.testing.assert_array_equal(array, same.parameters[parameter])
    assert any((array != other.parameters[parameter]).any() for parameter, array in one.parameters.items())


def deviations(name: str) -> dict[str, float]:
    """The spread of each weight's initial numbers, over some seeds."""
    nets = [build(name, np.random.default_rng(seed)) for seed in range(20)]
    return {key: float(np.std([net.parameters[key] for net in nets])) for key in nets[0].parameters}


def test_initial_numbers_as_published() -> None:
    assert deviations("digits-8x8") == pytest.approx({"1.weight": 1 / 8, "3.weight": 1 / 32**0.5}, rel=0.05)
    small = {"1.weight": 0.01, "1.bias": 0.01, "3.weight": 0.01, "3.bias": 0.01}
    assert deviations("mlp-16") == pytest.approx(small, rel=0.25)
    lecun = deviations("mlp-50-20")
    assert lecun["1.weight"] == pytest.approx(1 / 28, rel=0.02)
    assert lecun["5.weight"] == pytest.approx(1 / 20**0.5, rel=0.05)
    tutorial = deviations("cnn-8")
    assert tutorial["0.weight"] == pytest.approx(1 / 9, rel=0.1)
    assert tutorial["3.weight"] == pytest.approx(1 / 1352, rel=0.02)
    assert tutorial["3.bias"] == 0
    he = deviations("mlp-relu-128")
    assert he["1.weight"] == pytest.approx((2 / 784) ** 0.5, rel=0.02)


def test_inputs_as_published() -> None:
    """What black and what white become."""
    ends = np.array([[[0]], [[255]]], np.uint8)
    for name, black, white in (
        ("digits-8x8", 0.01, 1),
        ("mlp-100", 0, 1),
        ("mlp-relu-128", -0.42421, 2.82149),  # (0 - 0.1307) / 0.3081 and (1 - 0.1307) / 0.3081
        ("cnn-8", -0.5, 0.5),
        ("digits", 0, 1),
    ):
        made = networks()[name].preprocessing
        x = to_network_input(ends, Preprocessing(size=1, scale=made.scale, offset=made.offset))
        np.testing.assert_allclose(x.ravel(), [black, white], atol=1e-4)
    assert networks()["lenet-5"].input_shape == (32, 32, 1)


def test_lenet_is_the_drawn_one() -> None:
    shapes = [shape for kind, shape, _ in networks()["lenet-5"].summary() if kind not in ("ReLU", "Flatten")]
    assert shapes == [(28, 28, 6), (14, 14, 6), (10, 10, 16), (5, 5, 16), (120,), (100,), (10,)]


def test_an_unknown_name() -> None:
    with pytest.raises(KeyError, match="there is no network 'resnet'; there are digits, lenet-5"):
        build("resnet", np.random.default_rng(0))


# From a text

SAME_TEXTS = [
    "dense 10",
    "conv 3x3x16, relu, pool 2, dense 10",
    "conv 5x5x6 same, tanh, average pool 2, conv 3x3x8 stride 2, sigmoid, dense 20 no bias, dense 10",
    "conv 3x3x8 same stride 2 no bias, batch norm, relu, global pool, dense 10",
    "conv 2x2x4, up 2, pool 2, dense 10",
    "dropout 0.25, dense 32, relu, dropout 0.05, dense 10",
    "conv 1x1x10, global pool",
    "flatten, batch norm, dense 10",
    "conv 3x3x4, flatten, relu, dense 10",
    "dense 20, flatten, dense 10",
    "flatten, flatten, dense 10, flatten",
]


def configs(network: Network) -> list[dict[str, Any]]:
    return [layer.config() for layer in network.layers]


@pytest.mark.parametrize("text", SAME_TEXTS)
def test_text_and_back(text: str) -> None:
    network = from_text(text)
    assert to_text(network) == text
    assert configs(from_text(to_text(network))) == configs(network)
    x = np.random.default_rng(0).random((2, 28, 28, 1), np.float32)
    assert network.predict(x).shape == (2, 10)


@pytest.mark.parametrize("width", [72, 104, 168, 1032])
def test_the_reader_of_lines_says_something_of_every_column(width: int) -> None:
    network = networks()["captcha"]
    lines = np.random.default_rng(0).integers(0, 256, (2, 40, width), dtype=np.uint8)
    probabilities = network.probabilities(to_network_input(lines, network.preprocessing))
    assert probabilities.shape == (2, width // 4 - 2, 11)
    np.testing.assert_allclose(probabilities.sum(axis=2), 1, rtol=1e-5)


@pytest.mark.parametrize("name", DIGIT_NETWORKS)
def test_named_networks_as_texts(name: str) -> None:
    network = networks()[name]
    height, width, channels = network.input_shape
    assert configs(from_text(to_text(network), (height, width, channels))) == configs(network)


@pytest.mark.parametrize(
    ("loose", "strict"),
    [
        ("  CONV 3X3X16 ,ReLU,,Pool   2;dense 10,", "conv 3x3x16, relu, pool 2, dense 10"),
        ("conv 3×3×16\nrelu\n\npool 2\ndense 10\n", "conv 3x3x16, relu, pool 2, dense 10"),
        ("conv 3x3x4 valid, flatten, batchnorm, dense 10", "conv 3x3x4, flatten, batch norm, dense 10"),
        ("conv 3x3x4, flatten, dense 10", "conv 3x3x4, dense 10"),
        ("conv 3x3x4 stride 1 no bias same, dense 10", "conv 3x3x4 same no bias, dense 10"),
        ("dropout .5, dense 10", "dropout 0.5, dense 10"),
        ("dropout 0, dense 10", "dropout 0, dense 10"),
        ("dropout 0.00001, dense 10", "dropout 0.00001, dense 10"),
    ],
)
def test_what_people_write(loose: str, strict: str) -> None:
    assert to_text(from_text(loose)) == strict
    assert configs(from_text(loose)) == configs(from_text(strict))


def test_shapes_are_followed() -> None:
    text = "conv 3x3x4, pool 2, conv 3x3x8 same stride 2, dense 10"
    network = from_text(text, (8, 8, 1), preprocessing=Preprocessing(8))
    assert [shape for _, shape, _ in network.summary()] == [(6, 6, 4), (3, 3, 4), (2, 2, 8), (32,), (10,)]
    assert network.preprocessing.size == 8


def test_the_generator_decides_the_numbers() -> None:
    text = "conv 3x3x4, dropout 0.5, dense 10"
    one, same, other = (from_text(text, rng=np.random.default_rng(seed)) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one.parameters["0.weight"], same.parameters["0.weight"])
    assert (one.parameters["0.weight"] != other.parameters["0.weight"]).all()


def test_numbers_start_small_for_sigmoids() -> None:
    """1/√n, and √2 times that for ReLU."""
    with_sigmoid = from_text("dense 200, sigmoid, dense 10").parameters["1.weight"].std()
    with_relu = from_text("dense 200, relu, dense 10").parameters["1.weight"].std()
    assert with_sigmoid == pytest.approx(1 / 28, rel=0.02)
    assert with_relu == pytest.approx(2**0.5 / 28, rel=0.02)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "There is no layer yet. Try: conv 3x3x16, relu, pool 2, dense 10"),
        (" , ;\n", "There is no layer yet. Try: conv 3x3x16, relu, pool 2, dense 10"),
        ("lstm 5, dense 10", 'Layer 1, "lstm 5": not a layer that is known here. Known are: conv 3x3x16'),
        ("dense 10, softmax", 'Layer 2, "softmax": not a layer that is known here'),
        ("conv 3x3, dense 10", 'Layer 1, "conv 3x3": not a layer'),
        ("pool 3, dense 10", 'Layer 1, "pool 3": not a layer'),
        ("dropout 1, dense 10", 'Layer 1, "dropout 1": not a layer'),
        ("dropout 30%, dense 10", 'Layer 1, "dropout 30%": not a layer'),
        ("conv 3x3x-8, dense 10", 'Layer 1, "conv 3x3x-8": not a layer'),
        ("conv 3x5x8, dense 10", 'Layer 1, "conv 3x5x8": the kernel should be square, such as 3x3'),
        (
            "conv 12x12x8, dense 10",
            "kernels go from 1x1 to 11x11, with 1 to 256 outputs and a stride of 1 to 4",
        ),
        ("conv 0x0x8, dense 10", "kernels go from 1x1 to 11x11"),
        ("conv 3x3x0, dense 10", "with 1 to 256 outputs"),
        ("conv 3x3x257, dense 10", "with 1 to 256 outputs"),
        ("conv 3x3x8 stride 0, dense 10", "a stride of 1 to 4"),
        ("conv 3x3x8 stride 5, dense 10", "a stride of 1 to 4"),
        ("conv 2x2x8 same, dense 10", 'Layer 1, "conv 2x2x8 same": "same" needs a kernel of odd size'),
        (
            "pool 2, pool 2, conv 9x9x8, dense 10",
            'Layer 3, "conv 9x9x8": the image is too small for it by now (7 × 7 × 1)',
        ),
        ("pool 2, pool 2, pool 2, pool 2, pool 2, dense 10", 'Layer 5, "pool 2": the image is too small'),
        (
            "dense 20, pool 2, dense 10",
            'Layer 2, "pool 2": it needs an image, but the layer before it gives 20 numbers',
        ),
        ("dense 20, conv 3x3x8, dense 10", 'Layer 2, "conv 3x3x8": it needs an image'),
        ("dense 20, global pool, dense 10", 'Layer 2, "global pool": it needs an image'),
        ("dense 20, up 2, dense 10", 'Layer 2, "up 2": it needs an image'),
        ("dense 0, dense 10", 'Layer 1, "dense 0": a dense layer has 1 to 4,096 units, not 0'),
        ("dense 4097, dense 10", 'Layer 1, "dense 4097": a dense layer has 1 to 4,096 units, not 4,097'),
        ("dense 3000, dense 10", "784 × 3,000 weights are too many; all layers may have 2,000,000"),
        (f"dense {'9' * 30}, dense 10", "a dense layer has 1 to 4,096 units"),
        (f"dense {'9' * 5000}, dense 10", "not a layer that is known here"),
        (f"conv 3x3x{'9' * 5000}, dense 10", "not a layer that is known here"),
        (
            "dense 1400, dense 1400, dense 10",
            'Layer 2, "dense 1400": up to here it is 3.1 million parameters; up to 2',
        ),
        ("conv 9x9x256, batch norm, conv 9x9x256, dense 10", "up to 2 million are allowed"),
        ("conv 3x3x16, relu", "should end in 10 outputs, one for each digit; it ends in 26 × 26 × 16."),
        ("dense 11", "should end in 10 outputs, one for each digit; it ends in 11 numbers."),
        (
            "conv 3x3x64 same, conv 5x5x128 same, dense 10",
            "million multiplications a picture; up to 60 are allowed",
        ),
        (
            "dropout .99999999999999999999, dense 10",
            'Layer 1, "dropout .99999999999999999999": the drop probability should be below 1',
        ),
        ("up 2, " * 30 + "dense 10", 'Layer 6, "up 2": what it gives is too large (1792 × 1792 × 1)'),
        ("relu, " * 200 + "dense 10", "There are 201 layers; up to 100 are allowed."),
    ],
)
def test_the_part_that_is_wrong_is_named(text: str, sentence: str) -> None:
    with pytest.raises(ArchitectureError) as caught:
        from_text(text)
    found = str(caught.value)
    assert sentence in found
    assert "\n" not in found
    assert found[0].isupper()


@pytest.mark.parametrize(
    "shape",
    [(), (28,), (28, 28), (0, 0, 1), (-1, -1, 1), (28, 14, 1), (28, 28, 3), (28.0, 28.0, 1), (1025, 1025, 1)],
)
def test_inputs_that_no_picture_makes(shape: Any) -> None:
    with pytest.raises(ArchitectureError, match=r"^[A-Z].*\.$"):
        from_text("global pool, dense 10", shape)


@pytest.mark.parametrize(
    "preprocessing",
    [
        Preprocessing(size=24),
        Preprocessing(size=28, pad=2),
        Preprocessing(size=28, any_width=True),
        Preprocessing(size=3, neighbourhood="8 neighbours"),
        Preprocessing(size=28, photo=True),
    ],
)
def test_preprocessing_that_does_not_fit(preprocessing: Preprocessing) -> None:
    with pytest.raises(ArchitectureError, match=r"^[A-Z].*\.$"):
        from_text("dense 10", (28, 28, 1), preprocessing=preprocessing)


@pytest.mark.parametrize("preprocessing", [None, Preprocessing(size=28, pad=2)])
def test_preprocessing_that_fits(preprocessing: Preprocessing | None, tmp_path: Path) -> None:
    network = from_text("dense 10", (32, 32, 1), preprocessing=preprocessing)
    save(network, tmp_path / "network.npz")
    pictures = np.zeros((2, 28 if preprocessing else 32, 28 if preprocessing else 32), np.uint8)
    assert network.predict(to_network_input(pictures, network.preprocessing)).shape == (2, 10)


def test_any_text_gives_a_network_or_a_sentence(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    words = "conv 3x3x8|5x5x16|dense 10|same|stride 2|no bias|conv|pool 2|up 2|0|relu|tanh|x|dense|"
    pieces = [*words.split("|"), "dropout .5", "batch norm", "global pool", "flatten"]
    good = 0
    for _ in range(2000):
        chosen = rng.choice(pieces, int(rng.integers(1, 7)))
        text = "".join(piece + str(rng.choice([", ", ", ", " "])) for piece in chosen) + "dense 10"
        try:
            network = from_text(text, (8, 8, 1))
        except ArchitectureError:
            continue
        good += 1
        if good % 5 == 0:
            save(network, tmp_path / "network.npz")
            assert to_text(load(tmp_path / "network.npz")) == to_text(network)
        assert network.predict(np.zeros((1, 8, 8, 1), np.float32)).shape == (1, 10)
    assert good > 100

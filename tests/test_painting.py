"""Learning to colour from one pair: the article's starts stay white, the repaired one learns its colours."""

from __future__ import annotations

import copy
import json
import math
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine import checkpoint, painting
from engine.checkpoint import CheckpointError
from engine.colour_spaces import lab_from_srgb
from engine.images import PictureError
from engine.initializers import lecun, truncated_normal, uniform
from engine.layers import Dense, ReLU, Sigmoid
from engine.losses import Loss, cross_entropy, mean_squared_error, squared_error
from engine.neighbourhoods import NEIGHBOURHOODS, neighbours
from engine.network import Network
from engine.optimizers import OPTIMIZERS, SGD, Adam, AdamW, Momentum
from engine.painting import PRESETS, Choices, Learnt, Look, Pair, learn, pair_of, psnr
from engine.pixel_networks import COLOURS, Row, load, new_network, paint, summary
from engine.pixel_steps import PixelSteps
from engine.preprocessing import Preprocessing, to_network_input
from engine.rules import backpropagation
from engine.training import NOT_FINITE
from tests.crafted_files import pack


def landscape(height: int = 48, width: int = 64) -> np.ndarray:
    """Blue sky that gets lighter downwards, an orange sun, dark green hills: (H, W, 3) uint8."""
    y, x = np.mgrid[:height, :width] / (height, width)[0]
    down = y[..., None]
    picture = np.array([110, 160, 225]) * (1 - down) + np.array([200, 220, 245]) * down
    picture[(y - 0.25) ** 2 + (x - 0.4) ** 2 < 0.02] = (255, 244, 170)
    hills = y > 0.65 + 0.08 * np.sin(9 * x)
    picture[hills] = (np.array([30, 80, 25]) + 60 * (down - 0.6))[hills]
    return np.rint(np.clip(picture, 0, 255)).astype(np.uint8)


@cache
def pair() -> Pair:
    return pair_of(landscape())


def end_of(choices: Choices, of: Pair | None = None) -> Learnt:
    *_, last = learn(of or pair(), choices)
    assert isinstance(last, Learnt)
    return last


def a_network(name: str = "4 neighbours", hidden: int = 64, seed: int = 0) -> Network:
    return new_network(name, hidden, lecun, np.random.default_rng(seed))


@cache
def learnt() -> Learnt:
    return end_of(replace(PRESETS["repaired"].choices, epochs=20))


# --- neighbourhoods ---------------------------------------------------------------------------------------


def test_the_pixels_that_are_read() -> None:
    picture = np.arange(1, 7, dtype=np.uint8).reshape(1, 2, 3)  # 1 2 3 over 4 5 6
    four = neighbours(picture, "4 neighbours")
    assert four.dtype == np.uint8
    assert four.tolist() == [
        *([0, 0, 1, 2, 4], [0, 1, 2, 3, 5], [0, 2, 3, 0, 6]),
        *([1, 0, 4, 5, 0], [2, 4, 5, 6, 0], [3, 5, 6, 0, 0]),
    ]
    eight = neighbours(picture, "8 neighbours")
    assert eight[0].tolist() == [0, 0, 0, 0, 1, 2, 0, 4, 5]
    assert eight[4].tolist() == [1, 2, 3, 4, 5, 6, 0, 0, 0]
    wide = neighbours(picture, "24 neighbours")
    assert wide[0].tolist() == [0] * 12 + [1, 2, 3, 0, 0, 4, 5, 6] + [0] * 5
    assert {name: kind.inputs for name, kind in NEIGHBOURHOODS.items()} == {
        "4 neighbours": 5,
        "8 neighbours": 9,
        "24 neighbours": 25,
    }


def test_a_network_gets_them_from_0_to_1() -> None:
    preprocessing = Preprocessing(size=3, neighbourhood="4 neighbours", scale=2.0, offset=-1.0)
    x = to_network_input(np.array([[[255, 51]]], np.uint8), preprocessing)
    assert x.dtype == np.float32
    np.testing.assert_allclose(x, [[-1, -1, 1, -0.6, -1], [-1, 1, -0.6, -1, -1]], atol=1e-6)
    two = to_network_input(np.ones((2, 4, 5)), preprocessing)
    assert two.shape == (40, 5)
    assert two.dtype == np.float32
    with pytest.raises(ValueError, match="pixels of pictures"):
        to_network_input(np.ones((4, 5)), preprocessing)


@pytest.mark.parametrize(
    "fields",
    [
        {"size": 5, "neighbourhood": "8 neighbours"},
        {"size": 3, "pad": 1, "neighbourhood": "8 neighbours"},
        {"size": 3, "any_width": True, "neighbourhood": "8 neighbours"},
        {"size": 3, "neighbourhood": "6 neighbours"},
    ],
)
def test_neighbourhoods_that_can_not_be(fields: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="neighbours"):
        Preprocessing(**fields)  # type: ignore[arg-type]


# --- steps ------------------------------------------------------------------------------------------------


def through_the_layers(
    network: Network, loss: Loss, optimizer: SGD, batch: int, x: np.ndarray, colours: np.ndarray
) -> float:
    total = 0.0
    for start in range(0, len(x), batch):
        part = slice(start, start + batch)
        value, gradients = backpropagation(network, x[part], colours[part], loss)
        optimizer.step(network.parameters, gradients)
        total += value * len(x[part])
    return total


@pytest.mark.parametrize("batch", [1, 7, 64, 200])
@pytest.mark.parametrize("loss", [squared_error, mean_squared_error])
@pytest.mark.parametrize(
    "optimizer",
    [lambda: SGD(1.0), lambda: SGD(0.3), lambda: Momentum(0.1), lambda: Adam(0.01), lambda: AdamW(0.01)],
)
@pytest.mark.parametrize("name", NEIGHBOURHOODS)
def test_the_steps_give_the_layers_numbers(
    name: str, optimizer: Callable[[], SGD], loss: Loss, batch: int
) -> None:
    rng = np.random.default_rng(1)
    x = rng.random((100, NEIGHBOURHOODS[name].inputs), np.float32)
    colours = rng.random((100, 3), np.float32)
    slow, quick = a_network(name), a_network(name)
    first = through_the_layers(slow, loss, optimizer(), batch, x, colours)
    second = PixelSteps(quick, loss, optimizer(), batch).learn(x, colours)
    assert second == pytest.approx(first, rel=1e-5)
    for key, array in slow.parameters.items():
        np.testing.assert_array_equal(quick.parameters[key], array)
        assert (array != a_network(name).parameters[key]).any()


def test_the_loss_is_that_before_each_step() -> None:
    network = a_network()
    x, colours = np.zeros((1, 5), np.float32), np.zeros((1, 3), np.float32)
    y = network.predict(x)[0].astype(float)
    for batch in (1, 64):
        half = PixelSteps(network, squared_error, SGD(1e-6), batch).learn(x, colours)
        mean = PixelSteps(network, mean_squared_error, SGD(1e-6), batch).learn(x, colours)
        assert half == pytest.approx((y**2).sum() / 2, rel=1e-4)
        assert mean == pytest.approx((y**2).mean(), rel=1e-4)


def test_the_steps_are_for_these_networks_alone() -> None:
    layers = [Dense(5, 3), Sigmoid()]
    preprocessing = Preprocessing(size=3, neighbourhood="4 neighbours")
    with pytest.raises(ValueError, match="a dense, a sigmoid, a dense"):
        PixelSteps(Network(layers, (5,), COLOURS, preprocessing), squared_error, SGD(1.0), 1)
    with pytest.raises(ValueError, match="squared error"):
        PixelSteps(a_network(), cross_entropy, SGD(1.0), 64)


# --- what the presets do ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["as published in NumPy", "as published in Keras"])
def test_as_published_it_stays_white(name: str) -> None:
    events = list(learn(pair(), replace(PRESETS[name].choices, epochs=2), pause=0))
    looks = [event for event in events if isinstance(event, Look)]
    assert all((look.picture >= 254).all() for look in looks)
    assert looks[-1].psnr == pytest.approx(looks[0].psnr, abs=1e-3)
    white = psnr(np.full_like(pair().colour, 255), pair().colour)
    assert looks[-1].psnr == pytest.approx(white, abs=0.05)
    assert 2 < white < 7


def test_why_it_stays_white() -> None:
    """The sums before the last sigmoid leave it no slope."""
    x = np.random.default_rng(0).random((500, 5), np.float32)
    slopes = {}
    for name, start in {"uniform": uniform, "keras": truncated_normal(0.5, 0.5), "1/√n": lecun}.items():
        network = new_network("4 neighbours", 64, start, np.random.default_rng(3))
        y = network.predict(x)
        slopes[name] = float((y * (1 - y)).max())
    assert slopes["uniform"] < 1e-5
    assert slopes["keras"] < 1e-5
    assert slopes["1/√n"] > 0.1


def test_where_weights_start() -> None:
    rng = np.random.default_rng(0)
    even = uniform(rng, (200, 300), 200)
    assert even.dtype == np.float32
    assert 0 <= even.min() < 0.01
    assert 0.99 < even.max() < 1
    assert even.mean() == pytest.approx(0.5, abs=0.01)
    around = truncated_normal(0.5, 0.5)(rng, (200, 300), 200)
    assert around.dtype == np.float32
    assert -0.5 <= around.min() < -0.49  # two deviations below
    assert 1.49 < around.max() <= 1.5
    assert around.mean() == pytest.approx(0.5, abs=0.01)
    assert around.std() == pytest.approx(0.5 * 0.8796, abs=0.01)  # of a normal cut at two deviations


def test_repaired_it_learns_the_colours() -> None:
    assert learnt().reason == "done"
    assert learnt().look.psnr > max(20, pair().gray_psnr + 3)
    ab = lab_from_srgb(learnt().look.picture)[..., 1:]
    assert ab[:12].mean(axis=(0, 1))[1] < -10  # the sky is blue
    assert ab[-8:].mean(axis=(0, 1))[0] < -10  # the hills are green


@pytest.mark.parametrize("name", NEIGHBOURHOODS)
@pytest.mark.parametrize("batch", [1, 64])
def test_every_neighbourhood_learns(name: str, batch: int) -> None:
    choices = Choices(name, batch=batch, epochs=2 if batch == 1 else 20)
    assert end_of(choices).look.psnr > pair().gray_psnr + 1


def test_only_the_start_parts_repaired_from_published() -> None:
    keras, repaired = (PRESETS[name].choices for name in ("as published in Keras", "repaired"))
    assert replace(keras, start=repaired.start, loss=repaired.loss) == repaired
    both = replace(keras, start=repaired.start, epochs=20)
    assert end_of(both).look.psnr > 18
    numpy = replace(PRESETS["as published in NumPy"].choices, start="1/√n", epochs=2)
    assert end_of(numpy).look.psnr > 15


def test_adam_learns_too() -> None:
    assert end_of(Choices(optimizer="Adam", learning_rate=0.01, epochs=10)).look.psnr > 20


# --- what is told -----------------------------------------------------------------------------------------


def test_what_happens_is_told_meanwhile() -> None:
    events = list(learn(pair(), Choices(epochs=5), pause=0))
    looks = [event for event in events if isinstance(event, Look)]
    assert isinstance(events[-1], Learnt)
    assert looks[-1] is events[-1].look
    assert [look.loss is None for look in looks] == [True] + [False] * (len(looks) - 1)
    pixels = [look.pixels for look in looks]
    assert pixels == sorted(set(pixels))
    assert pixels[0] == 0
    assert pixels[-1] == looks[-1].all_pixels == 5 * 48 * 64
    assert [looks[0].epoch, looks[-1].epoch, looks[-1].epochs] == [0, 5, 5]
    assert len(looks) >= 10
    losses = [look.loss for look in looks[1:] if look.loss is not None]
    assert losses[-1] < 0.5 * losses[0]
    for look in looks:
        assert look.picture.shape == (48, 64, 3)
        assert look.psnr == pytest.approx(psnr(look.picture, pair().colour))
    assert len({look.picture.tobytes() for look in looks}) > 5


def test_it_is_told_a_few_times_a_second() -> None:
    began = time.perf_counter()
    looks = [event for event in learn(pair(), Choices(epochs=20), pause=0.1) if isinstance(event, Look)]
    assert 2 <= len(looks) <= 3 + 10 * (time.perf_counter() - began)


def test_the_same_seed_gives_the_same_network() -> None:
    choices = Choices(epochs=2, seed=5)
    one, same, other = end_of(choices), end_of(choices), end_of(replace(choices, seed=6))
    for name, array in one.network.parameters.items():
        np.testing.assert_array_equal(same.network.parameters[name], array)
    assert (one.look.picture == same.look.picture).all()
    assert (one.look.picture != other.look.picture).any()


def test_looks_change_nothing() -> None:
    choices = Choices(epochs=2, batch=1)
    *_, seen = learn(pair(), choices, pause=0)
    assert isinstance(seen, Learnt)
    for name, array in end_of(choices).network.parameters.items():
        np.testing.assert_array_equal(seen.network.parameters[name], array)


def test_it_can_be_stopped() -> None:
    stop, events = threading.Event(), []
    for event in learn(pair(), Choices(epochs=10_000), stop, pause=0):
        events.append(event)
        if len(events) == 3:
            stop.set()
    last = events[-1]
    assert isinstance(last, Learnt)
    assert last.reason == "stopped"
    assert 0 < last.look.pixels < 20_000
    assert last.network.trained["epochs"] == last.look.epoch
    assert len(events) <= 6


def test_it_can_be_left() -> None:
    lesson = learn(pair(), Choices(epochs=10_000))
    next(lesson)
    lesson.close()
    with pytest.raises(StopIteration):
        next(lesson)


class Runaway:
    """Learns as it should twice, and then spoils a weight."""

    def __init__(self, network: Network, loss: Loss, optimizer: SGD, batch: int) -> None:
        self.network, self.calls = network, 0
        self.steps = PixelSteps(network, loss, optimizer, batch)

    def learn(self, inputs: np.ndarray, targets: np.ndarray) -> float:
        self.calls += 1
        if self.calls > 2:
            self.network.parameters["0.weight"][0, 0] = np.nan
        return self.steps.learn(inputs, targets)


@pytest.mark.parametrize("batch", [1, 64])
def test_numbers_that_run_away_are_called_back(monkeypatch: pytest.MonkeyPatch, batch: int) -> None:
    monkeypatch.setattr(painting, "PixelSteps", Runaway)
    *_, good, last_look, last = learn(pair(), Choices(batch=batch), pause=0)
    assert isinstance(good, Look)
    assert isinstance(last, Learnt)
    assert last.reason == NOT_FINITE
    assert last.look is last_look
    assert last.look.pixels == good.pixels > 2000
    assert (last.look.picture == good.picture).all()
    assert all(np.isfinite(array).all() for array in last.network.parameters.values())


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("batch", [1, 64])
def test_the_largest_rate_does_no_harm(optimizer: str, batch: int) -> None:
    last = end_of(Choices(optimizer=optimizer, learning_rate=1000, batch=batch, epochs=1))
    assert last.reason in ("done", NOT_FINITE)
    assert (last.reason == NOT_FINITE) == (optimizer == "AdamW")  # its weights shrink by 1 - 1000 · 0.01
    assert all(np.isfinite(array).all() for array in last.network.parameters.values())


def test_tiny_and_flat_pictures() -> None:
    for shape in ((1, 1), (1, 7), (9, 1), (3, 5)):
        one = pair_of(np.full((*shape, 3), (200, 100, 50), np.uint8))
        for batch in (1, 64):
            last = end_of(Choices("24 neighbours", batch=batch, epochs=40), one)
            assert last.look.picture.shape == (*shape, 3)
            assert last.look.psnr > 10


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"neighbourhood": "6 neighbours"}, "neighbourhood is one of 4 neighbours, .* not '6 neighbours'"),
        ({"optimizer": "adam"}, "optimizer is one of"),
        ({"start": "zeros"}, "start is one of"),
        ({"loss": "cross-entropy"}, "loss is one of"),
        ({"hidden": 0}, "hidden is from 1 to 1024, not 0"),
        ({"hidden": 5000}, "hidden is from 1"),
        ({"batch": 0}, "batch is from 1 to"),
        ({"epochs": 0}, "epochs is from 1 to"),
        ({"learning_rate": 0.0}, "learning rate is above 0"),
        ({"learning_rate": math.nan}, "learning rate is above 0"),
        ({"learning_rate": math.inf}, "learning rate is above 0"),
    ],
)
def test_choices_that_can_not_be(fields: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        Choices(**fields)  # type: ignore[arg-type]


# --- pairs ------------------------------------------------------------------------------------------------


def test_a_pair_of_a_colour_picture() -> None:
    made = pair_of(np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [90, 90, 90]]], np.uint8))
    assert made.gray.tolist() == [[76, 150, 29, 90]]  # 0.299, 0.587, 0.114
    assert pair_of(landscape(200, 800)).gray.shape == (64, 256)  # learnt from at most 256 pixels a side


def test_a_pair_of_two_pictures() -> None:
    colour = landscape()
    other = pair_of(colour, 255 - pair().gray)
    np.testing.assert_array_equal(other.gray, 255 - pair().gray)
    with pytest.raises(PictureError, match="gray picture is 64 × 40 and the colour one 64 × 48 pixels here"):
        pair_of(colour, pair().gray[:40])
    with pytest.raises(PictureError):
        pair_of("no such file.png")


def test_psnr() -> None:
    black, picture = np.zeros((4, 4, 3), np.uint8), np.full((4, 4, 3), 51, np.uint8)
    assert psnr(picture, black) == pytest.approx(13.9794)  # 20 · log10(255 / 51)
    assert psnr(black, picture) == psnr(picture, black)
    assert psnr(black, black) == math.inf


# --- what was learnt, used elsewhere ----------------------------------------------------------------------


def test_another_picture_is_painted_in_these_colours() -> None:
    other = pair_of(landscape(80, 60)[:, ::-1])
    painted = paint(learnt().network, other.gray)
    assert painted.shape == (80, 60, 3)
    assert painted.dtype == np.uint8
    assert psnr(painted, other.colour) > other.gray_psnr + 2
    np.testing.assert_array_equal(paint(learnt().network, other.colour), painted)  # its gray version
    np.testing.assert_array_equal(paint(learnt().network, pair().gray), learnt().look.picture)


@pytest.mark.parametrize("shape", [(1, 1), (1, 40_000), (300, 1), (131, 259)])
@pytest.mark.parametrize("name", NEIGHBOURHOODS)
def test_parts_of_a_picture_fit_together(name: str, shape: tuple[int, int]) -> None:
    gray = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    network = a_network(name, 8)
    whole = network.predict(to_network_input(gray[None], network.preprocessing)).reshape(*shape, 3)
    apart = np.abs(paint(network, gray) - whole * 255)
    assert apart.max() < 0.51


def test_the_summary_of_the_article() -> None:
    rows = [Row("dense (Dense)", (None, 64), 384), Row("dense_1 (Dense)", (None, 3), 195)]
    assert summary(a_network("4 neighbours")) == rows
    assert [row.parameters for row in summary(a_network("24 neighbours", 10))] == [260, 33]


@pytest.mark.parametrize("name", NEIGHBOURHOODS)
@pytest.mark.parametrize("batch", [1, 64])
def test_it_is_saved_and_loaded(tmp_path: Path, name: str, batch: int) -> None:
    path = tmp_path / "colours.npz"
    last = end_of(Choices(name, batch=batch, epochs=1))
    checkpoint.save(last.network, path)
    found = load(path)
    assert found.preprocessing == last.network.preprocessing
    assert found.trained["neighbourhood"] == name
    assert found.metrics["psnr"] == round(last.look.psnr, 2)
    np.testing.assert_array_equal(paint(found, pair().gray), last.look.picture)


def test_other_networks_do_not_paint(tmp_path: Path) -> None:
    preprocessing = Preprocessing(size=3, neighbourhood="4 neighbours")
    others = {
        "digits": Network([Dense(5, 64), Sigmoid(), Dense(64, 3), Sigmoid()], (5,), "abc", preprocessing),
        "other layers": Network(
            [Dense(5, 64), ReLU(), Dense(64, 3), Sigmoid()], (5,), COLOURS, preprocessing
        ),
    }
    for network in others.values():
        checkpoint.save(network, tmp_path / "other.npz")
        checkpoint.load(tmp_path / "other.npz")
        with pytest.raises(CheckpointError, match=r"other\.npz: this network does not turn a pixel"):
            load(tmp_path / "other.npz")
        with pytest.raises(ValueError, match="does not turn a pixel"):
            paint(network, pair().gray)
    checkpoint.save(a_network(hidden=2000), tmp_path / "wide.npz")
    with pytest.raises(CheckpointError, match="2000 hidden units; at most 1024"):
        load(tmp_path / "wide.npz")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"preprocessing": {"neighbourhood": "8 neighbours"}}, "gives 9 numbers, the input is 5 numbers"),
        ({"preprocessing": {"neighbourhood": "24 neighbours"}}, "24 neighbours need size 5"),
        ({"preprocessing": {"neighbourhood": "all"}}, "there is no neighbourhood 'all'"),
        ({"preprocessing": {"neighbourhood": ""}}, "gives 3 × 3 × 1, the input is 5 numbers"),
        ({"preprocessing": {"neighbourhood": 4}}, "'neighbourhood' is a text"),
        ({"preprocessing": {"neighbourhood": ["4 neighbours"]}}, "'neighbourhood' is a text"),
        ({"preprocessing": {"pad": 1}}, "no padding"),
        ({"preprocessing": {"any_width": True}}, "no padding"),
        ({"preprocessing": {"neighbourhood": "", "any_width": True}}, "gives 3 × 3 × 1, the input is 5"),
        ({"input": [3, 3, 1]}, "gives 5 numbers, the input is 3 × 3 × 1"),
        ({"input": [9]}, "gives 5 numbers, the input is 9 numbers"),
        ({"input": [5, 1]}, "expected an input of height, width and channels"),
        ({"labels": ["gray"]}, "expected 1 outputs"),
    ],
)
def test_files_that_do_not_fit(tmp_path: Path, change: dict[str, object], sentence: str) -> None:
    path = tmp_path / "colours.npz"
    checkpoint.save(a_network(), path)
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files}
    description = json.loads(str(arrays["description"]))
    for key, value in change.items():
        description[key] = description[key] | value if isinstance(value, dict) else value
    pack(path, arrays | {"description": np.array(json.dumps(description))})
    with pytest.raises(CheckpointError, match=sentence):
        checkpoint.load(path)


def test_odd_values_anywhere_in_a_file(tmp_path: Path) -> None:
    """Each is refused with a sentence, or is a network that can be used."""
    path = tmp_path / "colours.npz"
    checkpoint.save(a_network(hidden=4), path)
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files}
    description = json.loads(str(arrays["description"]))
    odd: list[Any] = [None, True, -1, 0, 1, 3, 5, 9, 0.5, 1e300, "", "8 neighbours", [], [5], [3, 3, 1], {}]
    kept = 0
    for key in ("input", "labels", "layers", "preprocessing"):
        inner = list(description[key]) if key == "preprocessing" else [None]
        for name, value in product(inner, odd):
            changed = copy.deepcopy(description)
            if name is None:
                changed[key] = value
            else:
                changed[key][name] = value
            pack(path, arrays | {"description": np.array(json.dumps(changed))})
            try:
                network = checkpoint.load(path)
            except CheckpointError:
                continue
            kept += 1
            assert paint(network, pair().gray).shape == (48, 64, 3)
    assert 5 < kept < 20

"""A lesson teaches a copy the drawing that was misread, keeps the rest, and is undone where it does not."""

from dataclasses import replace

import numpy as np
import pytest

from engine import lesson_samples
from engine.architectures import DIGIT_NETWORKS, build
from engine.checkpoint import load_pretrained
from engine.datasets import Splits
from engine.layers import Conv2D, GlobalAveragePool, ReLU
from engine.lesson_samples import Samples, samples
from engine.lessons import MOST_LOST, Classroom, Drawing, Plan, first_to_learn, outputs, teach, variants
from engine.losses import cross_entropy
from engine.network import Network
from engine.preprocessing import to_network_input
from tests.drawings import drawn

SMALL = {"DRAWN": 60, "DISTORTED": 5, "EXAMINED_DRAWN": 200}


@pytest.fixture(scope="module")
def few() -> Samples:
    """Fewer pictures than a lesson has, made as they are where MNIST is not."""
    digits = lesson_samples.drawn(260, seed=3)
    replay, examination = digits.split(160)
    return Samples(replay, examination, "drawn digits")


@pytest.fixture(scope="module")
def network() -> Network:
    return load_pretrained("mlp-100")


@pytest.fixture(scope="module")
def room(network: Network, few: Samples) -> Classroom:
    return Classroom(network, few)


def misread(network: Network, count: int = 1) -> list[Drawing]:
    """Drawn digits that the network misreads."""
    digits = lesson_samples.drawn(300, seed=9)
    read = network.predict(to_network_input(digits.images, network.preprocessing)).argmax(axis=1)
    wrong = np.flatnonzero(read != digits.labels)[:count]
    assert len(wrong) == count
    return [Drawing(digits.images[i], digits.images[i], int(digits.labels[i])) for i in wrong]


def reads(network: Network, drawing: Drawing) -> int:
    seen = to_network_input(drawing.seen[None], network.preprocessing)
    return int(network.predict(seen).argmax())


@pytest.mark.parametrize("name", ["mlp-100", "lenet-5", "cnn-8", "mlp-relu-128"])
def test_a_misread_drawing_is_read_right_after_one_lesson(name: str, few: Samples) -> None:
    network = load_pretrained(name)
    (drawing,) = misread(network)
    lesson = teach(network, [drawing], Classroom(network, few), replace(Plan(), most_lost=1))
    assert reads(network, drawing) != drawing.label
    assert reads(lesson.network, drawing) == drawing.label
    assert lesson.probabilities[0].argmax() != drawing.label
    assert lesson.probabilities[1, drawing.label] >= Plan().sure - 0.01


def test_earlier_drawings_are_not_forgotten(network: Network, room: Classroom) -> None:
    drawings = misread(network, 4)
    taught = network
    for i in range(len(drawings)):
        taught = teach(taught, drawings[: i + 1], room, replace(Plan(), most_lost=1)).network
    assert [reads(taught, drawing) for drawing in drawings] == [drawing.label for drawing in drawings]


def test_the_taught_network_is_a_copy(network: Network, room: Classroom) -> None:
    before = {name: array.copy() for name, array in network.state().items()}
    lesson = teach(network, misread(network), room, replace(Plan(), most_lost=1))
    assert lesson.kept
    assert lesson.network is not network
    for name, array in network.state().items():
        np.testing.assert_array_equal(array, before[name])
    with pytest.raises(ValueError, match="read-only"):
        next(iter(lesson.network.parameters.values()))[...] = 0


def test_the_same_seed_gives_the_same_numbers(network: Network, room: Classroom) -> None:
    drawings = misread(network)
    plan = Plan(steps=12, most_lost=1)
    one, same, other = (teach(network, drawings, room, plan, seed).network for seed in (1, 1, 2))
    for name, array in one.state().items():
        np.testing.assert_array_equal(array, same.state()[name])
    assert any(not np.array_equal(array, other.state()[name]) for name, array in one.state().items())


def test_a_lesson_that_costs_too_much_is_undone(network: Network, room: Classroom) -> None:
    """A four is not a zero, and who is taught so forcefully forgets others."""
    picture = misread(network)[0].picture
    harsh = Plan(steps=80, least=80, learning_rate=0.05, weight=50.0)
    lesson = teach(network, [Drawing(picture, picture, 0)], room, harsh)
    assert lesson.lost > MOST_LOST
    assert not lesson.kept
    assert lesson.network is network, "every bit is as before"


def test_numbers_that_are_not_finite_are_undone(network: Network, room: Classroom) -> None:
    lesson = teach(network, misread(network), room, Plan(steps=30, learning_rate=1e30))
    assert not lesson.kept
    assert lesson.network is network


def test_what_is_known_already_takes_no_more_than_the_least(network: Network, room: Classroom) -> None:
    drawing = Drawing.of_ink(drawn(0), 0)
    assert reads(network, drawing) == 0
    assert teach(network, [drawing], room, Plan(least=0)).steps == 0


def test_old_pictures_are_shown_with_what_the_network_said_of_them(network: Network, room: Classroom) -> None:
    said = network.predict(to_network_input(room.samples.replay.images, network.preprocessing))
    np.testing.assert_allclose(room.answers, said, atol=1e-5)


def test_convolutions_stay_as_they_are(few: Samples) -> None:
    network = load_pretrained("lenet-5")
    first = first_to_learn(network)
    assert type(network.layers[first]).__name__ == "Dense"
    taught = teach(network, misread(network), Classroom(network, few), replace(Plan(), most_lost=1)).network
    for name, array in network.state().items():
        same = np.array_equal(array, taught.state()[name])
        assert same == (int(name.partition(".")[0]) < first), name


@pytest.mark.parametrize("name", DIGIT_NETWORKS)
def test_something_learns_in_every_network(name: str) -> None:
    network = build(name, np.random.default_rng(0))
    first = first_to_learn(network)
    assert any(layer.parameters for layer in network.layers[first:])


def test_a_convolution_without_dense_layers_learns() -> None:
    layers = [Conv2D(1, 4, 3), ReLU(), Conv2D(4, 10, 3), GlobalAveragePool()]
    assert first_to_learn(Network(layers, (28, 28, 1))) == 2


@pytest.mark.parametrize("name", ["mlp-relu-128", "mlp-100"])
def test_the_way_back_is_the_gradient(name: str) -> None:
    """Behind a softmax against the loss's own gradient, behind sigmoids against finite differences."""
    network = build(name, np.random.default_rng(0))
    rng = np.random.default_rng(1)
    x = rng.random((3, 28, 28, 1), dtype=np.float32)
    wanted = np.eye(10, dtype=np.float32)[[1, 5, 7]]
    found, backward = outputs(network.layers, x)
    gradients = backward((found - wanted) / 3)
    if name == "mlp-relu-128":
        logits, way = network.forward(x)
        expected = way(cross_entropy(logits, wanted)[1])[1]
        assert {f"{i}.{n}" for i, n in gradients} == set(expected)
        for (i, n), gradient in gradients.items():
            np.testing.assert_allclose(gradient, expected[f"{i}.{n}"], rtol=1e-4, atol=1e-7)
        return
    (layer, parameter), gradient = next((key, g) for key, g in gradients.items() if key[1] == "bias")
    array, step = network.layers[layer].parameters[parameter], 1e-2

    def loss() -> float:
        y = outputs(network.layers, x)[0].astype(np.float64)
        return float(-(wanted * np.log(y) + (1 - wanted) * np.log(1 - y)).sum() / 3)

    for k in range(3):
        array[k] += step
        high = loss()
        array[k] -= 2 * step
        low = loss()
        array[k] += step
        assert gradient[k] == pytest.approx((high - low) / (2 * step), rel=0.02, abs=1e-4)


def test_variants_are_of_the_same_digit_at_the_networks_size() -> None:
    drawing = Drawing.of_ink(drawn(3), 3, size=8)
    assert drawing.seen.shape == (8, 8)
    made = variants([drawing], 5, np.random.default_rng(0))
    assert made.shape == (5, 8, 8)
    assert len({picture.tobytes() for picture in made}) == 5


def test_blank_paper_teaches_nothing() -> None:
    with pytest.raises(ValueError, match="no ink"):
        Drawing.of_ink(np.zeros((140, 140), np.uint8), 3)


def test_a_network_of_another_kind_is_refused(few: Samples) -> None:
    with pytest.raises(ValueError, match="does not read digits"):
        Classroom(load_pretrained("digits-8x8"), few)
    letters = build("mlp-100", np.random.default_rng(0))
    letters.labels = tuple("abcdefghij")
    with pytest.raises(ValueError, match="does not read digits"):
        Classroom(letters, few)


# --- the samples ------------------------------------------------------------------------------------------


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setattr(lesson_samples, "_made", {})
    for name, value in SMALL.items():
        monkeypatch.setattr(lesson_samples, name, value)
    return monkeypatch


def test_without_mnist_the_app_draws_what_it_needs(fresh: pytest.MonkeyPatch) -> None:
    fresh.setattr(lesson_samples.datasets, "available", lambda name: name != "mnist")
    found = samples(28)
    assert len(found.replay) == SMALL["DRAWN"] * SMALL["DISTORTED"]
    assert len(found.examination) == SMALL["EXAMINED_DRAWN"]
    assert "this app has drawn" in found.told
    assert np.bincount(found.examination.labels).tolist() == [20] * 10
    seen = {picture.tobytes() for picture in found.replay.images}
    assert not any(picture.tobytes() in seen for picture in found.examination.images)
    assert samples(28) is found, "all visitors share them"


def test_with_mnist_the_examination_is_what_is_kept_to_tune_on(fresh: pytest.MonkeyPatch) -> None:
    part = lesson_samples.drawn(50, seed=5)
    train, validation, test = part.subset(np.arange(20)), part.subset(np.arange(20, 40)), part.take(1)
    fresh.setattr(lesson_samples.datasets, "available", lambda name: True)
    fresh.setattr(lesson_samples.datasets, "load", lambda name: Splits(train, validation, test))
    found = samples(28)
    np.testing.assert_array_equal(found.examination.labels, validation.labels)
    likeness = [
        np.corrcoef(one.ravel(), other.ravel())[0, 1]
        for one, other in zip(found.examination.images, validation.images, strict=True)
    ]
    assert 0.6 < np.median(likeness) < 0.99, "distorted, but a little"
    assert len(found.replay) == 5 * SMALL["DRAWN"] + len(train)
    assert "MNIST" in found.told


def test_small_networks_have_scikit_learns_digits(fresh: pytest.MonkeyPatch) -> None:
    found = samples(8)
    assert found.replay.images.shape[1:] == (8, 8)
    assert len(found.replay) + len(found.examination) == 1797
    with pytest.raises(ValueError, match="16×16"):
        samples(16)

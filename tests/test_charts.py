"""Curves, charts, weights as pictures, and the examination of a network."""

import re
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest

from engine import datasets
from tests.trainings import LIMITS, LONG, SMALL, train
from ui import charts, trainer
from ui.curve import CAPACITY, Curve
from ui.examination import judged
from ui.limits import spoken_time
from ui.training_settings import build_network
from ui.training_view import epoch_scale
from ui.weight_pictures import first_weights


def test_a_curve_of_many_losses_has_few_points_and_keeps_the_mean() -> None:
    curve = Curve(memory=100)
    values = np.random.default_rng(0).random(10_000)
    for i, value in enumerate(values):
        curve.add(i / 100, float(value))
    assert CAPACITY // 2 <= len(curve.points) <= CAPACITY
    assert curve.points[-1].x == pytest.approx(99.99)
    whole = curve.points[:-1]
    assert np.mean([point.value for point in whole]) == pytest.approx(values.mean(), abs=0.01)
    assert curve.smooth == pytest.approx(values[-300:].mean(), abs=0.1)


def test_a_smoothed_curve_keeps_up_with_a_fast_beginning() -> None:
    curve = Curve(memory=1000)
    for i in range(100):
        curve.add(i, 10.0 if i < 10 else 1.0)
    assert curve.smooth == pytest.approx(1.0, abs=0.1)


def test_a_smoothed_curve_begins_at_its_first_loss() -> None:
    curve = Curve(memory=50)
    curve.add(0.0, 2.5)
    assert curve.smooth == pytest.approx(2.5)


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [(0, 1, (0, 0.2, 0.4, 0.6, 0.8, 1)), (0.95, 1, (0.95, 0.96, 0.97, 0.98, 0.99, 1))],
)
def test_ticks_are_round(low: float, high: float, ticks: tuple[float, ...]) -> None:
    assert charts.linear_scale(low, high).ticks == pytest.approx(ticks)


def test_a_logarithmic_scale_has_equal_distances_for_equal_ratios() -> None:
    scale = charts.log_scale(0.001, 10)
    assert scale.ticks == pytest.approx((0.001, 0.01, 0.1, 1, 10))
    assert scale.place(0.1) == pytest.approx(0.5)
    assert len(charts.log_scale(0.3, 2.4).ticks) >= 3
    assert np.isfinite(scale.place(0.0))


def test_the_newest_run_is_never_a_sliver_beside_a_longer_one() -> None:
    book, _ = train(None, replace(SMALL, epochs=20))
    assert epoch_scale(book).high == 20
    train(book, SMALL)
    assert epoch_scale(book).high == 4  # twice its two epochs
    early, _ = trainer.plan(None, False, LONG, LIMITS)
    with closing(trainer.carry_out(early, LIMITS)) as views:
        while early.run is None or early.run.steps_done < 5:
            next(views)
        assert early.run.record.epochs_done <= epoch_scale(early).high < 100


def test_a_chart_escapes_its_words_and_draws_each_line() -> None:
    lines = [charts.Line([(0, 1), (1, 0)], "red"), charts.Line([(0, 0)], "blue", faint=True)]
    drawn = charts.chart("<b>", "", lines, charts.linear_scale(0, 1), charts.linear_scale(0, 1), "x")
    assert "&lt;b&gt;" in drawn
    assert drawn.count("<polyline") == 2
    first = re.findall(r'class="line" points="([^"]+)"', drawn)
    assert first == ["0.0,0.0 1000.0,400.0"]


def test_first_weights_are_pictures_of_what_they_multiply() -> None:
    network = build_network(replace(SMALL, layers="pool 2, dense 5, relu, dense 10"), LIMITS)
    pictures = first_weights(network)
    assert pictures is not None
    assert pictures.shape == (5, 4, 4)
    weight = next(array for name, array in network.parameters.items() if name.endswith("weight"))
    np.testing.assert_array_equal(pictures[2].ravel(), weight[:, 2])
    convolution = first_weights(build_network(replace(SMALL, layers="conv 3x3x7, dense 10"), LIMITS))
    assert convolution is not None
    assert convolution.shape == (7, 3, 3)


def test_the_examination_counts_and_finds_the_most_confident_mistakes() -> None:
    data = datasets.Dataset(np.zeros((4, 8, 8), np.uint8), np.array([0, 1, 1, 2]), "made up")
    found = np.array([[0.9, 0.1, 0], [0.6, 0.4, 0], [0.2, 0.8, 0], [0.8, 0.1, 0.1]], np.float32)
    examination = judged(found, data, ("a", "b", "c"))
    assert examination.confusion.tolist() == [[1, 0, 0], [1, 1, 0], [1, 0, 0]]
    assert (examination.right, examination.count) == (2, 4)
    assert [(m.actual, m.read) for m in examination.mistakes] == [("c", "a"), ("b", "a")]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (0.01, "0.1 s"),
        (0.24, "0.2 s"),
        (0.5, "0.5 s"),
        (0.96, "1 s"),
        (59, "59 s"),
        (60, "1 min"),
        (200, "3 min 20 s"),
        (3900, "1 h 5 min"),
    ],
)
def test_times_are_spoken(seconds: float, words: str) -> None:
    assert spoken_time(seconds) == words

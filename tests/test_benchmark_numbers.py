"""The yardstick for whole numbers: how strings are compared, and how the pen's are composed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.numbers import Score, distance, measure, pen_numbers, written


@pytest.mark.parametrize(
    ("one", "other", "steps"),
    [("", "", 0), ("123", "123", 0), ("123", "13", 1), ("12", "312", 1), ("125", "175", 1), ("", "70", 2)],
)
def test_the_distance_of_two_strings(one: str, other: str, steps: int) -> None:
    assert distance(one, other) == distance(other, one) == steps


def test_a_score_counts_strings_and_digits() -> None:
    pictures = iter([(np.zeros((2, 2), np.uint8), text) for text in ("12", "345", "6789", "0")])
    answers = iter(["12", "35", "6", "12"])
    score = measure(lambda _: next(answers), pictures)
    assert score.strings == 0.25
    assert score.digits == (2 + 2 + 1 + 0) / 10
    assert str(Score(0.915, 0.98, 12.34)) == "**91.5** / 98.0 / 12.3"


def test_digits_are_written_in_one_line_with_gaps() -> None:
    ways = [(np.array([[0, 0], [0, 50], [0, 100]], np.float32),)] * 4
    for seed in range(8):
        picture = written(ways, np.random.default_rng(seed))
        columns = np.any(picture < 100, axis=0).astype(int)
        assert np.count_nonzero(np.diff(columns) == 1) == 4  # four bars that don't touch
        assert picture[0].min() == picture[:, 0].min() == 255


def test_the_numbers_come_again_with_their_seed(tmp_path: Path) -> None:
    points = np.array([[0, 0], [10, 50], [0, 100]], np.int16)
    (tmp_path / "digits").mkdir()
    np.savez(
        tmp_path / "digits" / "unipen_validation.npz",
        points=np.tile(points, (20, 1)),
        stroke_offsets=np.arange(0, 61, 3),
        sample_offsets=np.arange(21),
        labels=np.arange(20) % 10,
        writers=np.repeat(["a", "b"], 10),
    )
    one, same = (list(pen_numbers(tmp_path, count=12)) for _ in range(2))
    assert [text for _, text in one] == [text for _, text in same]
    assert {len(text) for _, text in pen_numbers(tmp_path, count=60)} == set(range(2, 9))
    np.testing.assert_array_equal(one[5][0], same[5][0])

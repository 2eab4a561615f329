"""Several looks at a line of digits."""

from __future__ import annotations

import numpy as np
import pytest

from engine import captcha, numbers
from engine.captcha import generate
from engine.line import HEIGHT, line_of
from engine.looks import Look, Seen, lines_of, looked_at, surest, unless_guessed

Text = tuple[str, float]


def columns_that_say(text: str, probability: float) -> np.ndarray:
    """Columns (T, 11) whose most probable text is `text`, as probable as that."""
    columns = np.zeros((2 * len(text) + 1, 11), np.float32)
    columns[:, 10] = 1
    sure = probability ** (1 / max(1, len(text)))
    for i, digit in enumerate(text):
        columns[2 * i + 1] = 0
        columns[2 * i + 1, int(digit)] = sure
        columns[2 * i + 1, (int(digit) + 5) % 10] = 1 - sure
    if not text:
        columns[0] = 0
        columns[0, 10], columns[0, 9] = probability, 1 - probability
    return columns


def taken(texts: list[Text], different: bool = True) -> tuple[Seen, int]:
    """What is seen with looks that say these texts, and how many of them were taken."""
    lines = [np.full((HEIGHT, 8), i * different, np.uint8) for i in range(len(texts))]
    count = 0

    def line(top: int, bottom: int, stretch: float) -> np.ndarray:
        return lines[round(stretch) - 2]

    def read(_: np.ndarray) -> np.ndarray:
        nonlocal count
        count += 1
        return columns_that_say(*texts[count - 1])

    looks = [Look(lambda _, height: (0, height), stretch=i + 2) for i in range(len(texts))]
    return surest(looks, lines[0], 60, line, read), count


@pytest.mark.parametrize(
    ("said", "count", "text", "probability"),
    [
        ([("7", 0.96), ("1", 0.9)], 1, "7", 0.96),
        ([("7", 0.94), ("7", 0.8), ("1", 0.9)], 2, "7", 0.94),
        ([("7", 0.6), ("1", 0.96)], 2, "1", 0.96),
        ([("7", 0.6), ("7", 0.7), ("7", 0.7), ("1", 0.9)], 3, "7", 0.7),  # three that agree are enough
        ([("7", 0.9), ("1", 0.6), ("4", 0.8), ("1", 0.7), ("", 0.6)], 5, "7", 0.9),
        (
            [("7", 0.7), ("1", 0.6), ("4", 0.6), ("1", 0.65), ("4", 0.51)],
            5,
            "1",
            0.65,
        ),  # two together are surer
    ],
)
def test_looks_are_taken_as_long_as_doubts_are_left(
    said: list[Text], count: int, text: str, probability: float
) -> None:
    seen, asked = taken(said)
    assert (seen.text, asked) == (text, count)
    assert seen.probability == pytest.approx(probability, abs=1e-5)


def test_a_look_that_sees_the_same_line_is_not_taken() -> None:
    """It would make the reader surer of what was said once."""
    assert taken([("7", 0.7)] * 5, different=False)[1] == 1
    assert taken([("7", 0.7)] * 5)[1] == 3


@pytest.mark.parametrize(
    ("text", "probability", "kept"),
    [
        ("7", 0.4, ""),
        ("7", 0.6, "7"),
        ("71", 0.2, ""),
        ("71", 0.3, "71"),
        ("48160", 0.04, "48160"),
        ("", 0.1, ""),
    ],
)
def test_what_is_less_sure_than_a_coin_for_each_digit_is_nothing(
    text: str, probability: float, kept: str
) -> None:
    columns, line = np.zeros((9, 11), np.float32), np.zeros((HEIGHT, 72), np.uint8)
    seen = Seen(columns, line, 0, 60, text, probability)
    found = unless_guessed(seen)
    assert found.text == kept
    assert found.columns is seen.columns


@pytest.mark.parametrize("looks", [captcha.LOOKS, numbers.LOOKS], ids=["captcha", "numbers"])
def test_a_look_is_a_line_of_some_rows(looks: tuple[Look, ...]) -> None:
    picture = generate(rng=3, style="overlap")[0]
    height = len(picture)
    whole = line_of(picture)
    for look in looks:
        top, bottom, seen = looked_at(look, whole, height, lines_of(picture))
        assert 0 <= top < bottom <= height
        assert seen.shape[0] == HEIGHT
        *rows, as_it_is = looked_at(look._replace(thin=None), whole, height, lines_of(picture))
        assert rows == [top, bottom]
        assert (seen <= as_it_is).all()
        assert np.array_equal(seen, as_it_is) == (look.thin is None)

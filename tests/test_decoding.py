"""From columns to text, against sums over every way that there is."""

from __future__ import annotations

import itertools
from collections import defaultdict

import numpy as np
import pytest

from engine import decoding
from engine.decoding import Sign, align, best_path, decode, prefix_beam, signs_of

BLANK = 3


def columns(said: str, sure: float = 0.91) -> np.ndarray:
    """Columns that say 0, 1, 2 or nothing ("-") one after another, each with probability `sure`."""
    probabilities = np.full((len(said), BLANK + 1), (1 - sure) / BLANK)
    for t, sign in enumerate(said):
        probabilities[t, BLANK if sign == "-" else int(sign)] = sure
    return probabilities


def texts_by_probability(probabilities: np.ndarray) -> dict[tuple[int, ...], float]:
    totals: dict[tuple[int, ...], float] = defaultdict(float)
    for way in itertools.product(range(probabilities.shape[1]), repeat=len(probabilities)):
        text = tuple(sign for sign, _ in itertools.groupby(way) if sign != BLANK)
        totals[text] += float(np.prod(probabilities[np.arange(len(way)), way]))
    return dict(sorted(totals.items(), key=lambda item: -item[1]))


def test_repeats_are_one_unless_a_blank_stands_between() -> None:
    assert [sign.label for sign in best_path(columns("00-011-2"))] == [0, 0, 1, 2]


def test_signs_say_where_they_stand_and_where_they_are_clearest() -> None:
    said = columns("-00-12")
    said[2] = [0.97, 0.01, 0.01, 0.01]
    assert best_path(said) == [Sign(0, 1, 2, 2), Sign(1, 4, 4, 4), Sign(2, 5, 5, 5)]


@pytest.mark.parametrize("said", ["", "----"])
def test_nothing_is_no_text(said: str) -> None:
    assert best_path(columns(said)) == []
    assert prefix_beam(columns(said))[0][0] == ()
    assert align(columns("----"), ()) == []


@pytest.mark.parametrize("seed", range(8))
def test_the_beam_finds_the_most_probable_text_with_its_probability(seed: int) -> None:
    probabilities = np.random.default_rng(seed).dirichlet(np.full(BLANK + 1, 0.7), 6)
    truth = texts_by_probability(probabilities)
    found = prefix_beam(probabilities, width=200)
    assert found[0][0] == next(iter(truth))
    for text, probability in found[:5]:
        assert probability == pytest.approx(truth[text], rel=0.02)  # signs below 1e-4 are not followed


@pytest.mark.parametrize("seed", range(6))
def test_what_is_given_up_is_hopeless(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Clear columns with a few doubts, as a reader says them: the best text and its probability stay."""
    rng = np.random.default_rng(seed)
    said = columns("".join(rng.choice(list("012--"), 30)), 0.97)
    for doubt in rng.choice(30, 5, replace=False):
        said[doubt] = rng.dirichlet(np.ones(BLANK + 1))
    quick = prefix_beam(said)
    monkeypatch.setattr(decoding, "HOPELESS", 0)
    thorough = prefix_beam(said)
    assert quick[0][0] == thorough[0][0]
    assert quick[0][1] == pytest.approx(thorough[0][1], rel=0.02)
    assert len(quick) <= len(thorough) == 8


def test_the_beam_sums_ways_where_the_best_path_looks_at_one() -> None:
    # Nothing is the best single way (0.36); "0" has three ways, which together are more.
    probabilities = np.array([[0.4, 0, 0, 0.6], [0.4, 0, 0, 0.6]])
    assert best_path(probabilities) == []
    text, probability = prefix_beam(probabilities)[0]
    assert text == (0,)
    assert probability == pytest.approx(0.64)


def test_align_spreads_a_text_over_its_columns() -> None:
    assert align(columns("-00-0-22"), (0, 0, 2)) == [Sign(0, 1, 2, 1), Sign(0, 4, 4, 4), Sign(2, 6, 7, 6)]


def test_align_follows_the_text_where_the_columns_say_otherwise() -> None:
    signs = align(columns("-0-1-"), (0, 2, 1))
    assert [sign.label for sign in signs] == [0, 2, 1]
    assert signs[0].last < signs[1].first <= signs[1].last < signs[2].first


def test_a_text_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="does not fit into 2 columns"):
        align(columns("00"), (0, 0))


def test_signs_stand_where_the_search_finds_its_text() -> None:
    """A text that is the best path's own, and one that is not, are both laid over the columns."""
    columns = np.full((8, 11), 0.01, np.float32)
    for t, sign in enumerate((10, 3, 3, 10, 7, 10, 10, 1)):
        columns[t, sign] = 0.9
    assert decode(columns)[0] == "371"
    assert [(sign.label, sign.first, sign.last) for sign in signs_of(columns, "371")] == [
        (3, 1, 2),
        (7, 4, 4),
        (1, 7, 7),
    ]
    other = signs_of(columns, "71")
    assert [sign.label for sign in other] == [7, 1]
    assert other[0].last < other[1].first
    assert signs_of(columns, "") == []

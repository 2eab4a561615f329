"""The network's colours with hints: exact at their places, local where they are few."""

from __future__ import annotations

import numpy as np
import pytest

from engine import hinted_colours as module
from engine.ab_bins import LABELS
from engine.hinted_colours import Said, colourfulness, hinted_colours

HEIGHT, WIDTH = 64, 96
Places = dict[tuple[int, int], tuple[float, float]]


def changed(places: Places, own: tuple[float, float] = (20, 20), saturation: float = 1.0) -> np.ndarray:
    """What becomes of one colour all over a photo of two halves, by hints at some places (row, column)."""
    light = np.full((HEIGHT, WIDTH), 40, np.float32)
    light[:, WIDTH // 2 :] = 75
    ab = np.tile(np.array(own, np.float32), (HEIGHT, WIDTH, 1))
    hints = np.zeros((HEIGHT, WIDTH, 3), np.float32)
    for (row, column), colour in places.items():
        hints[row, column] = *colour, 1
    logits = np.zeros((HEIGHT // 4, WIDTH // 4, len(LABELS)), np.float32)
    return hinted_colours(light, hints, Said(logits, ab), Said(logits, ab.copy()), saturation)


CORNERS = [(6, 8), (6, 88), (56, 8), (56, 88), (30, 40)]


@pytest.mark.parametrize("saturation", [0.5, 1.0, 1.8])
def test_hints_are_kept_whatever_the_saturation(saturation: float) -> None:
    places: Places = {(10, 10): (50, -20), (50, 20): (-30, 30), (30, 80): (5, 60)}
    found = changed(places, saturation=saturation)
    for place, colour in places.items():
        assert np.hypot(*(found[place] - colour)) < 6


def test_saturation_is_for_the_rest() -> None:
    places: Places = {(10, 10): (20.0, 20.0)}
    pale, vivid = (changed(places, saturation=s)[50, 90] for s in (0.5, 1.5))
    np.testing.assert_allclose(vivid, 3 * pale, rtol=0.05)


def test_one_gray_hint_leaves_the_other_things_their_colours() -> None:
    found = changed({(30, 10): (0, 0)})
    assert np.hypot(*found[30, 10]) < 6
    assert np.hypot(*found[30, 90]) > 0.75 * np.hypot(20, 20)


def test_gray_all_over_makes_a_gray_photo() -> None:
    found = changed(dict.fromkeys(CORNERS, (0.0, 0.0)))
    assert np.hypot(found[..., 0], found[..., 1]).max() < 6


def test_a_tint_all_over_is_found_between_hints() -> None:
    found = changed(dict.fromkeys(CORNERS, (45.0, -15.0)), own=(5, 5))
    assert np.hypot(*(found[15, 60] - (45, -15))) < 8


@pytest.mark.parametrize("places", [CORNERS[:1], CORNERS])
def test_what_it_said_without_hints_counts_beside_several(
    monkeypatch: pytest.MonkeyPatch, places: list[tuple[int, int]]
) -> None:
    """But not beside one stroke, to which the network itself has answered."""
    rng = np.random.default_rng(0)
    light = np.full((HEIGHT, WIDTH), 50, np.float32)
    hints = np.zeros((HEIGHT, WIDTH, 3), np.float32)
    for place in places:
        hints[place] = 30, 0, 1
    logits = np.zeros((HEIGHT // 4, WIDTH // 4, len(LABELS)), np.float32)
    told, untold = (Said(logits, rng.normal(20, 9, (HEIGHT, WIDTH, 2)).astype(np.float32)) for _ in range(2))
    found = hinted_colours(light, hints, told, untold)
    monkeypatch.setattr(module, "UNHINTED", 0)
    alone = hinted_colours(light, hints, told, untold)
    assert np.array_equal(found, alone) == (len(places) == 1)


def test_how_colourful_a_photo_is() -> None:
    own = np.full((4, 2), 20.0)
    even = np.full(4, 0.25)
    assert colourfulness(own, own, 3.0, even) == pytest.approx(1)
    assert colourfulness(3 * own, own, 3.0, even) == 1  # never more
    assert colourfulness(0.3 * own, own, 4.0, even) == pytest.approx(0.3, abs=0.02)
    assert colourfulness(0 * own, own, 1.0, even) > 0.99
    assert 0.1 < colourfulness(0 * own, own, 1.9, even) < 0.5
    assert colourfulness(0 * own, 0 * own, 5.0, even) == 1

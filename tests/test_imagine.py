"""A digit imagined: the network ends up sure of it, others see it too, and the same seed dreams the same."""

from itertools import pairwise

import numpy as np
import pytest

from engine.checkpoint import load_pretrained
from engine.imagine import STEPS, imagine
from engine.preprocessing import to_network_input


@pytest.mark.parametrize("name", ["lenet-5", "cnn-8", "mlp-100", "mlp-relu-128", "digits-8x8"])
def test_the_network_sees_what_was_asked_for(name: str) -> None:
    network = load_pretrained(name)
    for digit in range(10) if network.input_shape[0] < 32 else (3, 8):
        *_, last = imagine(network, digit)
        assert last.probability > 0.5, digit
        assert last.ink.shape == (network.preprocessing.size,) * 2
        assert 0 <= last.ink.min() <= last.ink.max() <= 1


def test_what_ours_imagines_other_networks_read() -> None:
    """It drew strokes, not noise that fools it alone."""
    network, other = load_pretrained("digits"), load_pretrained("lenet-5")
    read = 0
    for digit in (0, 3, 8):
        *_, last = imagine(network, digit, steps=30)
        assert last.probability > 0.9
        read += int(other.predict(to_network_input(last.ink[None], other.preprocessing)).argmax()) == digit
    assert read >= 2


def test_it_is_shown_step_by_step() -> None:
    dreams = list(imagine(load_pretrained("mlp-100"), 3))
    assert [dream.step for dream in dreams] == list(range(STEPS + 1))
    assert {(dream.digit, dream.steps) for dream in dreams} == {(3, STEPS)}
    assert dreams[0].ink.std() < 0.05 < dreams[-1].ink.std()
    changes = [np.abs(b.ink - a.ink).max() for a, b in pairwise(dreams)]
    assert min(changes) > 0, "every step is another picture"


def test_equal_seeds_dream_alike() -> None:
    network = load_pretrained("mlp-100")
    one, same, other = (
        [dream.ink for dream in imagine(network, 8, seed=seed, steps=10)] for seed in (4, 4, 5)
    )
    np.testing.assert_array_equal(one, same)
    assert np.abs(one[-1] - other[-1]).max() > 0.1


def test_it_can_be_left_at_any_step() -> None:
    dreams = imagine(load_pretrained("mlp-100"), 3)
    next(dreams)
    dreams.close()
    assert list(dreams) == []

"""Every shipped network reads digits that are always here: those of scikit-learn, scaled up and fitted."""

from __future__ import annotations

import numpy as np
import pytest

from engine import datasets
from engine.checkpoint import WEIGHTS, load, load_pretrained, pretrained_names
from engine.evaluation import scaled_up_8x8
from engine.recipes import RECIPES
from engine.validation import accuracy

# Some two points below what was measured when the files were made.
FLOORS = {
    "digits": 0.95,
    "lenet-5": 0.90,
    "cnn-8": 0.72,
    "mlp-relu-128": 0.88,
    "mlp-100": 0.79,
    "mlp-50-20": 0.77,
    "mlp-16": 0.75,
    "digits-8x8": 0.88,
}


def test_every_shipped_file_has_a_floor() -> None:
    assert set(pretrained_names()) == set(FLOORS)


@pytest.mark.parametrize("name", sorted(FLOORS))
def test_a_shipped_network_reads_what_is_always_here(name: str) -> None:
    network = load_pretrained(name)
    data = datasets.load("digits-8x8").test if name == "digits-8x8" else scaled_up_8x8()
    assert accuracy(network, data) >= FLOORS[name]


@pytest.mark.parametrize("name", sorted(FLOORS))
def test_a_shipped_file_says_how_it_was_made(name: str) -> None:
    path = WEIGHTS / f"{name}.npz"
    network = load(path)
    assert path.stat().st_size <= 2_000_000
    assert network.trained["recipe"] == name
    assert network.trained["seed"] == RECIPES[name].seed
    assert network.metrics
    assert all(array.dtype == np.float32 for array in network.state().values())

"""A long training that was interrupted takes exactly the steps that it would have taken."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.datasets import Dataset
from engine.layers import BatchNorm, Dense, Dropout, Flatten, ReLU, Residual, Sequential
from engine.losses import cross_entropy
from engine.network import Network
from engine.optimizers import OPTIMIZERS, SGD, Adam
from engine.preprocessing import Preprocessing
from engine.resume import StateError, load_state, save_state
from engine.schedules import one_cycle
from engine.training import BatchDone, Event, ShuffledBatches, WeightAverage, train


def data() -> Dataset:
    rng = np.random.default_rng(0)
    return Dataset(rng.integers(0, 256, (30, 6, 6), dtype=np.uint8), rng.integers(0, 3, 30), "noise")


def network(drop: float = 0.3) -> Network:
    """Dropout at the top and deep inside, each with random numbers of its own."""
    rng = np.random.default_rng(0)
    inner = Sequential([Dense(8, 8, rng=rng), Dropout(drop, np.random.default_rng(2))])
    first = [Flatten(), Dense(36, 8, rng=rng), BatchNorm(8), ReLU(), Dropout(drop, np.random.default_rng(1))]
    layers = [*first, Residual(inner), Dense(8, 3, rng=rng)]
    return Network(layers, (6, 6, 1), "abc", Preprocessing(size=6))


class Training:
    """All that a training consists of, new as after a restart of the machine."""

    def __init__(self, optimizer: str = "Adam", averaged: bool = True) -> None:
        self.network = network()
        self.optimizer: SGD = OPTIMIZERS[optimizer](0.01)
        self.average = WeightAverage(self.network, 0.9) if averaged else None
        self.batches = ShuffledBatches(data(), 4, seed=5)

    def events(self, first_step: int = 0) -> Any:
        return train(
            self.network,
            self.batches,
            cross_entropy,
            self.optimizer,
            epochs=4,
            schedule=one_cycle,
            average=self.average,
            first_step=first_step,
        )

    def numbers(self) -> list[np.ndarray]:
        arrays = [*self.network.state().values(), *self.optimizer.state().values()]
        return arrays + ([*self.average.network.state().values()] if self.average else [])


def losses(events: list[Event]) -> list[float]:
    return [event.loss for event in events if isinstance(event, BatchDone)]


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("averaged", [True, False], ids=["averaged", "plain"])
@pytest.mark.parametrize("steps", [1, 8, 19])  # an epoch is eight
def test_an_interrupted_training_goes_on_exactly(
    name: str, averaged: bool, steps: int, tmp_path: Path
) -> None:
    straight = Training(name, averaged)
    expected = losses(list(straight.events()))
    assert len(expected) == 32

    first = Training(name, averaged)
    seen: list[float] = []
    for event in first.events():
        if isinstance(event, BatchDone):
            seen.append(event.loss)
            if len(seen) == steps:
                save_state(
                    tmp_path / "new" / "state.npz",
                    event.step + 1,
                    first.network,
                    first.optimizer,
                    first.average,
                )
                break

    second = Training(name, averaged)
    step = load_state(tmp_path / "new" / "state.npz", second.network, second.optimizer, second.average)
    assert step == steps
    seen += losses(list(second.events(step)))
    assert seen == expected
    for one, other in zip(straight.numbers(), second.numbers(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["state.npz"]


def test_dropouts_random_numbers_matter() -> None:
    """Without them the test above would prove less."""
    runs = []
    for seed in (1, 9):
        training = Training()
        training.network.layers[4].rng = np.random.default_rng(seed)  # type: ignore[attr-defined]
        runs.append(losses(list(islice(training.events(), 3))))
    assert runs[0] != runs[1]


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    training, path = Training(), tmp_path / "state.npz"
    save_state(path, 3, training.network, training.optimizer, training.average)

    def full(*_: Any, **__: Any) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(OSError, match="no space left"):
        save_state(path, 9, training.network, training.optimizer, training.average)
    assert load_state(path, training.network, training.optimizer, training.average) == 3


def test_a_state_of_another_training_is_refused(tmp_path: Path) -> None:
    training, path = Training(), tmp_path / "state.npz"
    list(islice(training.events(), 2))
    save_state(path, 2, training.network, training.optimizer, training.average)
    other = Network([Flatten(), Dense(36, 3)], (6, 6, 1), "abc", Preprocessing(size=6))
    with pytest.raises(StateError, match=r"state\.npz holds the state of another network"):
        load_state(path, other, Adam(0.01))
    with pytest.raises(StateError, match="another network"):
        load_state(path, network(), Adam(0.01))  # which has no average
    twin = Training()
    before = {name: array.copy() for name, array in twin.network.state().items()}
    with pytest.raises(StateError, match="another optimizer"):
        load_state(path, twin.network, SGD(0.01), twin.average)
    for name, array in twin.network.state().items():
        np.testing.assert_array_equal(array, before[name])


@pytest.mark.parametrize("content", [b"", b"no archive", None])
def test_a_file_that_holds_no_state_gets_a_sentence(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "state.npz"
    if content is None:
        np.savez(path, weights=np.zeros(3))
    else:
        path.write_bytes(content)
    training = Training()
    with pytest.raises(StateError, match=r"state\.npz holds no state of a training"):
        load_state(path, training.network, training.optimizer, training.average)

"""What a file of a network gives back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine import checkpoint
from engine.architectures import ARCHITECTURES, build
from engine.checkpoint import CheckpointError, load, load_pretrained, pretrained_names, save
from engine.layers import BatchNorm, Conv2D, Dense, Dropout, Flatten, ReLU
from engine.network import Network
from engine.preprocessing import Preprocessing
from tests.crafted_files import ARRAYS, example


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "network.npz"


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_round_trip(path: Path, dtype: type[np.floating]) -> None:
    network = example()
    save(network, path, dtype)
    found = load(path)
    assert [layer.config() for layer in found.layers] == [layer.config() for layer in network.layers]
    for name in ("input_shape", "labels", "preprocessing", "name", "metrics", "trained"):
        assert getattr(found, name) == getattr(network, name)
    for name, array in network.state().items():
        assert found.state()[name].dtype == np.float32
        np.testing.assert_array_equal(found.state()[name], array.astype(dtype))
    x = np.random.default_rng(0).random((2, 6, 6, 1), np.float32)
    np.testing.assert_allclose(
        found.predict(x), network.predict(x), rtol=1e-2 if dtype is np.float16 else 1e-6
    )
    found.parameters["0.bias"][...] = 1  # it can be trained


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_named_network_comes_back(name: str, path: Path) -> None:
    network = build(name, np.random.default_rng(1))
    save(network, path)
    found = load(path)
    assert (found.name, found.parameter_count) == (name, network.parameter_count)
    x = np.random.default_rng(0).random((2, *network.input_shape), np.float32)
    np.testing.assert_array_equal(found.predict(x), network.predict(x))


def test_equal_networks_give_equal_files(tmp_path: Path) -> None:
    for number, seed in enumerate((0, 0, 1)):
        save(example(seed), tmp_path / f"{number}.npz")
    one, same, other = ((tmp_path / f"{number}.npz").read_bytes() for number in range(3))
    assert one == same
    assert one != other
    save(load(tmp_path / "0.npz"), tmp_path / "3.npz")
    assert (tmp_path / "3.npz").read_bytes() == one


def test_half_the_numbers_half_the_file(tmp_path: Path) -> None:
    network = build("mlp-100", np.random.default_rng(0))
    save(network, tmp_path / "whole.npz")
    save(network, tmp_path / "half.npz", np.float16)
    assert (tmp_path / "half.npz").stat().st_size < 0.6 * (tmp_path / "whole.npz").stat().st_size


def test_a_file_written_by_numpy_is_read(path: Path) -> None:
    arrays = {name: np.asfortranarray(a) if a.ndim == 4 else a for name, a in ARRAYS.items()}
    for write in (np.savez, np.savez_compressed):
        write(path, **arrays)  # type: ignore[arg-type]
        found = load(path)
        for name, array in example().state().items():
            np.testing.assert_array_equal(found.state()[name], array)


def test_a_layer_that_drops_nothing_comes_back(path: Path) -> None:
    network = Network([Dropout(0), Flatten(), Dense(36, 3)], (6, 6, 1), "abc", Preprocessing(size=6))
    save(network, path)
    assert load(path).layers[0].config() == {"kind": "Dropout", "drop_probability": 0}


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e6])
def test_what_a_file_can_not_hold_is_not_written(path: Path, value: float) -> None:
    network = example()
    network.parameters["0.bias"][0] = value
    with pytest.raises(ValueError, match=r"0\.bias holds numbers that float16 can't hold"):
        save(network, path, np.float16)
    assert not path.exists()


def test_shipped_networks_are_loaded_once_and_read_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint, "WEIGHTS", tmp_path)
    load_pretrained.cache_clear()
    try:
        for name in ("zero", "digits", "one"):
            save(example(), tmp_path / f"{name}.npz")
        assert pretrained_names() == ["digits", "one", "zero"]  # ours first
        network = load_pretrained("digits")
        assert load_pretrained("digits") is network
        for array in network.state().values():
            with pytest.raises(ValueError, match="read-only"):
                array[...] = 0
        network.copy().parameters["0.bias"][...] = 1
        with pytest.raises(CheckpointError, match="no shipped network 'two'; there are digits, one, zero"):
            load_pretrained("two")
        with pytest.raises(CheckpointError, match="no shipped network"):
            load_pretrained("../digits")
    finally:
        load_pretrained.cache_clear()


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "network.npz"
    save(example(), path)
    before = path.read_bytes()

    def full(*_: Any, **__: Any) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(np.lib.format, "write_array", full)
    with pytest.raises(OSError, match="no space left"):
        save(example(), path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["network.npz"]


def _five_outputs() -> Network:
    return Network([Flatten(), Dense(36, 5)], (6, 6, 1), preprocessing=Preprocessing(size=6))


def _other_size() -> Network:
    return Network([Flatten(), Dense(1024, 10)], (32, 32, 1))


def _own_layer() -> Network:
    class Doubled(ReLU):
        pass

    return Network([Flatten(), Doubled(), Dense(784, 10)], (28, 28, 1))


@pytest.mark.parametrize("make", [_five_outputs, _other_size, _own_layer])
def test_what_could_not_be_loaded_is_not_saved(tmp_path: Path, make: Callable[[], Network]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        save(make(), tmp_path / "lost.npz")
    assert not list(tmp_path.iterdir())


def _below_zero(network: Network) -> None:
    network.buffers["1.inner.1.variance"][1] = -1


def _another_shape(network: Network) -> None:
    network.layers[0].parameters["bias"] = np.zeros(3, np.float32)


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda network: network.metrics.update(notes="x" * (1 << 18)), "description is longer than 1 MiB"),
        (lambda network: network.metrics.update(path=Path("x")), "written as JSON: there is a .*Path in it"),
        (lambda network: network.metrics.update(all=np.zeros(2)), "written as JSON: there is a ndarray in"),
        (lambda network: network.trained.update({(1, 2): 3}), "can't be written as JSON"),
        (_below_zero, r"1\.inner\.1\.variance holds a variance below zero"),
        (_another_shape, r"0\.bias should have shape \(2,\), found \(3,\)"),
    ],
)
def test_what_could_not_be_loaded_leaves_the_old_file(
    path: Path, spoil: Callable[[Network], None], sentence: str
) -> None:
    network = example()
    save(network, path)
    before = path.read_bytes()
    spoil(network)
    with pytest.raises(ValueError, match=sentence):
        save(network, path)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_no_more_arrays_than_are_read_are_saved(path: Path) -> None:
    norms = [BatchNorm(4) for _ in range(128)]  # four arrays each
    photo = Preprocessing(size=1, photo=True)
    save(Network(norms[:127], (1, 1, 4), "abcd", photo), path)
    load(path)
    with pytest.raises(ValueError, match="it has 513 arrays, and 512 are read again"):
        save(Network(norms, (1, 1, 4), "abcd", photo), path)


@pytest.mark.parametrize(
    ("dtype", "name"),
    [(np.float64, "float64"), (np.int8, "int8"), (">f4", "'>f4'"), ("half a float", "'half a float'")],
)
def test_weights_have_one_of_two_types(tmp_path: Path, dtype: Any, name: str) -> None:
    with pytest.raises(ValueError, match=f"float16 or float32, not as {name}$"):
        save(example(), tmp_path / "other.npz", dtype)


def test_types_have_names_too(tmp_path: Path) -> None:
    for dtype in (np.float16, np.dtype("float16"), "float16"):
        save(example(), tmp_path / f"{dtype}.npz", dtype)
    assert len({file.read_bytes() for file in tmp_path.iterdir()}) == 1


def test_what_is_too_large_to_be_read_is_not_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "MAX_BYTES", (checkpoint.MAX_ARRAYS << 8) + 500)
    with pytest.raises(ValueError, match="more than"):
        save(example(), tmp_path / "large.npz")


def test_numbers_of_numpy_are_written_as_numbers(tmp_path: Path) -> None:
    two: Any = np.int64(2)
    layers = [Conv2D(1, two, 3), Flatten(), Dense(32, 3)]
    network = Network(layers, (6, 6, 1), "abc", Preprocessing(size=6))
    network.metrics["test"] = np.float32(0.5)
    save(network, tmp_path / "network.npz")
    assert load(tmp_path / "network.npz").metrics == {"test": 0.5}

"""`python -m engine`, on the digits that are always here."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest
import requests

from engine import __main__ as command
from engine import checkpoint, datasets, mnist, painting
from engine.checkpoint import load
from engine.layers import Columns, Conv1D, Conv2D, Dense, Flatten
from engine.network import Network
from engine.optimizers import AdamW
from engine.preprocessing import Preprocessing
from engine.resume import save_state
from engine.training import EpochDone
from engine.validation import accuracy

ROOT = Path(__file__).resolve().parent.parent
Run = Callable[..., str]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command line and returns what it prints; nothing is here but what comes with the packages."""
    monkeypatch.setenv("PAINT_BY_NUMPY_DATA", str(tmp_path / "no data"))
    monkeypatch.setattr(checkpoint, "WEIGHTS", tmp_path / "weights")
    monkeypatch.setattr(mnist, "_loaded", {})
    (tmp_path / "weights").mkdir()

    def refuse(*_: object, **__: object) -> NoReturn:
        raise requests.exceptions.ConnectionError

    monkeypatch.setattr(mnist.pooch, "retrieve", refuse)
    monkeypatch.setattr(mnist.pooch, "HTTPDownloader", refuse)

    def run_command(*words: str) -> str:
        monkeypatch.setattr(sys, "argv", ["engine", *words])
        command.main()
        return capsys.readouterr().out

    return run_command


def test_train_writes_the_network_and_its_figures(run: Run, tmp_path: Path) -> None:
    told = run("train", "digits-8x8")
    path = tmp_path / "weights" / "digits-8x8.npz"
    network = load(path)
    assert [line.split()[:2] for line in told.splitlines()[:2]] == [["epoch", "1/2"], ["epoch", "2/2"]]
    assert "digits-8x8.npz: " in told
    right = accuracy(network, datasets.load("digits-8x8").test)
    assert right > 0.88
    assert network.metrics == {"digits-8x8 test": pytest.approx(right, abs=1e-5)}
    assert network.trained["recipe"] == "digits-8x8"
    assert (network.trained["epochs"], network.trained["seed"]) == (2, 0)
    assert run("evaluate", "digits-8x8").strip() == f"digits-8x8 test: {network.metrics['digits-8x8 test']}"


def test_seed_epochs_threads_and_place_can_be_chosen(run: Run, tmp_path: Path) -> None:
    words = ["train", "digits-8x8", "--epochs", "1", "--out"]
    run(*words, str(tmp_path / "a.npz"))
    run(*words, str(tmp_path / "again.npz"))
    run(*words, str(tmp_path / "other.npz"), "--seed", "3", "--half")
    one, again, other = (load(tmp_path / f"{name}.npz") for name in ("a", "again", "other"))
    assert not list((tmp_path / "weights").iterdir())
    for name, array in one.parameters.items():
        np.testing.assert_array_equal(array, again.parameters[name])
        assert (array != other.parameters[name]).any()
    assert (other.trained["seed"], other.trained["epochs"]) == (3, 1)
    assert (tmp_path / "other.npz").stat().st_size < 0.7 * (tmp_path / "a.npz").stat().st_size
    assert run("evaluate", "digits-8x8", "--file", str(tmp_path / "a.npz")).startswith("digits-8x8 test: 0.")


def test_an_interrupted_training_is_resumed(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("train", "digits-8x8", "--out", str(tmp_path / "straight.npz"))
    with monkeypatch.context() as patch:
        patch.setattr(command, "SAVE_SECONDS", -1)
        kept = []

        def save_now_and_then(path: Path, step: int, *rest: object) -> None:
            if step % 400 == 0:
                save_state(path, step, *rest)  # type: ignore[arg-type]
                kept.append(step)

        def interrupt(event: object) -> None:
            if isinstance(event, EpochDone):
                raise KeyboardInterrupt

        patch.setattr(command, "save_state", save_now_and_then)
        patch.setattr(command, "_tell", interrupt)
        with pytest.raises(KeyboardInterrupt):
            run("train", "digits-8x8", "--state", str(tmp_path / "state.npz"))
    assert kept == [400, 800, 1200]
    run("train", "digits-8x8", "--state", str(tmp_path / "state.npz"), "--out", str(tmp_path / "resumed.npz"))
    straight, resumed = load(tmp_path / "straight.npz"), load(tmp_path / "resumed.npz")
    for name, array in straight.parameters.items():
        np.testing.assert_array_equal(array, resumed.parameters[name])


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["train", "mlp-100"], "PAINT_BY_NUMPY_DATA"),
        (["evaluate", "mlp-100"], "mlp-100.npz: there is no such file"),
        (["evaluate", "mlp-100", "--file", __file__], "is not a readable .npz file"),
    ],
)
def test_what_is_missing_is_said_in_a_sentence(run: Run, words: list[str], sentence: str) -> None:
    with pytest.raises(SystemExit) as end:
        run(*words)
    assert isinstance(end.value.code, str)
    assert sentence in end.value.code
    assert "\n" not in end.value.code


def test_unknown_names_are_usage_errors(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["train", "resnet"], ["train"], ["paint"], []):
        with pytest.raises(SystemExit) as end:
            run(*words)
        assert end.value.code == 2
        assert "usage: python -m engine" in capsys.readouterr().err


def test_as_a_program_of_its_own(tmp_path: Path) -> None:
    environment = os.environ | {"PAINT_BY_NUMPY_DATA": str(tmp_path)}
    command_line = [sys.executable, "-W", "error", "-m", "engine", "train", "digits-8x8", "--epochs", "1"]
    done = subprocess.run(
        [*command_line, "--threads", "2", "--out", str(tmp_path / "out.npz")],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    told = done.stdout.splitlines()
    assert told[0].startswith("epoch 1/1  loss ")
    figures = json.loads(told[1].replace("'", '"'))
    assert figures["digits-8x8 test"] > 0.5
    assert load(tmp_path / "out.npz").parameter_count == 2368


def test_a_network_of_single_pixels_has_no_test_set(run: Run, tmp_path: Path) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (9, 9, 3), dtype=np.uint8)
    *_, learnt = painting.learn(painting.pair_of(picture), painting.Choices(epochs=1))
    assert isinstance(learnt, painting.Learnt)
    checkpoint.save(learnt.network, tmp_path / "pixels.npz")
    with pytest.raises(SystemExit, match="there is no test set for it"):
        run("evaluate", "pixels", "--file", str(tmp_path / "pixels.npz"))


def test_a_short_recipe_is_not_trained_by_the_clock(run: Run) -> None:
    with pytest.raises(SystemExit, match="by its epochs"):
        run("train", "digits-8x8", "--minutes", "1")


def test_another_networks_weights_are_no_start(run: Run, tmp_path: Path) -> None:
    shipped = ROOT / "weights" / "mlp-16.npz"
    with pytest.raises(SystemExit, match="another network"):
        run("train", "digits-8x8", "--start", str(shipped))
    assert not list((tmp_path / "weights").iterdir())


def test_decay_is_for_what_decays(run: Run) -> None:
    with pytest.raises(SystemExit, match="--decay is for AdamW, not for SGD, by which mlp-100 is learnt"):
        run("train", "mlp-100", "--decay", "0.1")


def test_another_decay_shrinks_the_weights_more() -> None:
    asked = {
        "hard": None,
        "seed": None,
        "epochs": None,
        "batch": None,
        "rate": None,
        "schedule": None,
        "loss": None,
    }
    arguments = argparse.Namespace(
        name="captcha", crops=None, even=0.0, gpu=False, minutes=None, decay=0.3, **asked
    )
    optimizer = command._recipe(arguments).make_optimizer()
    assert isinstance(optimizer, AdamW)
    assert optimizer.weight_decay == 0.3


def test_what_is_for_photos_is_refused_for_others(run: Run) -> None:
    for words in (["--loss", "colours by photo"], ["--crops", "128"], ["--even", "0.5"]):
        with pytest.raises(SystemExit, match="are for colorize, not for lenet-5"):
            run("train", "lenet-5", *words)
    with pytest.raises(SystemExit, match="--hard is for captcha"):
        run("train", "digits", "--hard", "x.npz", "--minutes", "1")
    with pytest.raises(SystemExit, match="needs --minutes"):
        run("train", "captcha", "--hard", "x.npz")
    for words in (["--crops", "128"], ["--even", "0.5"]):
        with pytest.raises(SystemExit, match="--crops and --even need --minutes or --gpu"):
            run("train", "colorize", *words)
    with pytest.raises(SystemExit, match="from 0 to 1"):
        run("train", "colorize", "--even", "1.5", "--minutes", "1")


@pytest.mark.parametrize(
    "words",
    [
        ["--epochs", "0"],
        ["--epochs", "-1"],
        ["--epochs", "1.5"],
        ["--batch", "0"],
        ["--seed", "-1"],
        ["--threads", "0"],
        ["--processes", "0"],
        ["--rate", "0"],
        ["--rate", "-1"],
        ["--rate", "inf"],
        ["--rate", "nan"],
        ["--decay", "-0.1"],
        ["--minutes", "0"],
        ["--minutes", "-5"],
        ["--minutes", "nan"],
    ],
)
def test_numbers_that_make_no_sense_write_nothing(
    run: Run, tmp_path: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        run("train", "digits-8x8", *words)
    assert end.value.code == 2
    assert f"argument {words[0]}" in capsys.readouterr().err
    assert not list((tmp_path / "weights").iterdir())


def test_where_it_is_written_is_looked_at_first(run: Run, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="is a folder: name a file"):
        run("train", "digits-8x8", "--out", str(tmp_path))
    with pytest.raises(SystemExit, match="another way to train digits-8x8: say by --out"):
        run("train", "digits-8x8 (true gradient)")
    run("train", "digits-8x8", "--epochs", "1", "--out", str(tmp_path / "new" / "folder" / "a.npz"))
    assert (tmp_path / "new" / "folder" / "a.npz").is_file()


@pytest.mark.parametrize("option", ["--out", "--state"])
def test_where_no_file_can_be_is_said(run: Run, tmp_path: Path, option: str) -> None:
    (tmp_path / "picture.png").write_bytes(b"a picture")
    for place in ("picture.png/a.npz", "picture.png/new/a.npz", "a" * 300 + "/a.npz"):
        with pytest.raises(SystemExit, match="can't be written"):
            run("train", "digits-8x8", option, str(tmp_path / place))
    with pytest.raises(SystemExit, match="is a folder: name a file"):
        run("train", "digits-8x8", option, str(tmp_path))
    assert not list((tmp_path / "weights").iterdir())


@pytest.mark.parametrize(
    "words",
    [
        *(["train", "digits-8x8", option, ""] for option in ("--out", "--state", "--start")),
        ["train", "captcha", "--minutes", "1", "--hard", " "],
        ["evaluate", "digits-8x8", "--write", "--file", ""],
    ],
)
def test_a_file_without_a_name_is_not_the_shipped_one(
    run: Run, tmp_path: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        run(*words)
    assert end.value.code == 2
    assert "it names no file" in capsys.readouterr().err
    assert not list((tmp_path / "weights").iterdir())


def _reader_of(side: int, labels: str = "0123456789") -> Network:
    layers = [Flatten(), Dense(side * side, len(labels))]
    return Network(layers, (side, side, 1), labels, Preprocessing(size=side))


def _reader_of_lines(labels: str) -> Network:
    layers = [Columns(), Conv1D(40, len(labels), 1)]
    return Network(layers, (40, 72, 1), labels, Preprocessing(size=40, any_width=True))


def _painter(labels: str) -> Network:
    return Network([Conv2D(4, len(labels), 1)], (8, 8, 4), labels, Preprocessing(size=8, photo=True))


@pytest.mark.parametrize(
    "network", [_reader_of(20), _reader_of(8, "abc"), _reader_of_lines("abc"), _painter("abc")]
)
@pytest.mark.parametrize("name", ["mine", "numbers", "mlp-100"])
def test_what_there_is_no_test_set_for_is_said(run: Run, tmp_path: Path, network: Network, name: str) -> None:
    checkpoint.save(network, tmp_path / "mine.npz")
    with pytest.raises(SystemExit, match="there is no test set for it"):
        run("evaluate", name, "--file", str(tmp_path / "mine.npz"))


def test_a_network_is_measured_by_what_it_reads(run: Run, tmp_path: Path) -> None:
    checkpoint.save(_reader_of(8), tmp_path / "mine.npz")
    assert run("evaluate", "numbers", "--file", str(tmp_path / "mine.npz")).startswith("digits-8x8 test: 0.")


def test_photos_that_are_none_get_a_sentence(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAINT_BY_NUMPY_DATA", str(tmp_path))
    (tmp_path / "colour" / "train").mkdir(parents=True)
    words = ["train", "colorize", "--epochs", "1", "--out", str(tmp_path / "out.npz")]
    for number, sentence in enumerate(("one photo in", "hardly any photo in", "hardly any photo in")):
        (tmp_path / "colour" / "train" / f"{number}.jpg").write_bytes(b"damaged")
        with pytest.raises(SystemExit, match=sentence):
            run(*words)
    (tmp_path / "colour" / "train.zip").write_bytes(b"damaged")
    with pytest.raises(SystemExit, match="is not a readable ZIP of photos"):
        run(*words)


def test_a_state_of_something_else_gets_a_sentence(run: Run, tmp_path: Path) -> None:
    (tmp_path / "state.npz").write_bytes(b"junk")
    with pytest.raises(SystemExit, match=r"state\.npz holds no state of a training"):
        run("train", "digits-8x8", "--state", str(tmp_path / "state.npz"))

"""Descriptions of networks that can't be: refused with one sentence, before anything large is made."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.checkpoint import CheckpointError, load
from engine.preprocessing import Preprocessing
from tests.crafted_files import ARRAYS, described, header, npy, pack, refused

Change = Callable[[dict[str, Any]], Any]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "network.npz"


def layers_with(change: Callable[[list[dict[str, Any]]], Any]) -> Change:
    def changed(description: dict[str, Any]) -> None:
        result = change(description["layers"])
        if isinstance(result, list):
            description["layers"] = result

    return changed


def field(number: int, **fields: Any) -> Change:
    return layers_with(lambda layers: layers[number].update(fields))


def norm_field(**fields: Any) -> Change:
    return layers_with(lambda layers: layers[1]["inner"]["layers"][1].update(fields))


def put(**values: Any) -> Change:
    return lambda description: description.update(values)


def whole(*layers: dict[str, Any], side: int = 28, labels: int = 10) -> Change:
    """Another network altogether."""
    return put(
        layers=list(layers),
        input=[side, side, 1],
        labels=[str(i) for i in range(labels)],
        preprocessing=Preprocessing(size=side).to_json(),
    )


def conv(inputs: int, outputs: int, kernel: int = 1, **fields: Any) -> dict[str, Any]:
    sizes = {"kind": "Conv2D", "inputs": inputs, "outputs": outputs, "kernel": kernel}
    return sizes | {"stride": 1, "padding": "valid", "bias": True} | fields


def dense(inputs: int, outputs: int) -> dict[str, Any]:
    return {"kind": "Dense", "inputs": inputs, "outputs": outputs, "bias": True}


def norm(channels: int) -> dict[str, Any]:
    return {"kind": "BatchNorm", "channels": channels, "momentum": 0.1, "epsilon": 1e-5}


def sequential(*layers: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "Sequential", "layers": list(layers)}


def nested(depth: int) -> dict[str, Any]:
    layer: dict[str, Any] = {"kind": "ReLU"}
    for _ in range(depth):
        layer = sequential(layer)
    return layer


def deep(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


SKIP = {"kind": "Skip", "inner": {"kind": "ReLU"}}
UP, FLATTEN = {"kind": "UpSample2D"}, {"kind": "Flatten"}
INFINITE, NOT_A_NUMBER = float("inf"), float("nan")

BAD_DESCRIPTIONS: dict[str, tuple[Change, str]] = {
    "a list": (lambda d: [1, 2], "should hold .* found list"),
    "a number": (lambda d: 5, "found int"),
    "nothing": (lambda d: {}, r"found \[\]"),
    "without layers": (lambda d: {k: v for k, v in d.items() if k != "layers"}, "should hold"),
    "with more": (put(weights="w"), "should hold"),
    "format of the future": (put(format="paint-by-numpy 2"), "expected the format 'paint-by-numpy 1', found"),
    "no format": (put(format=None), "expected the format"),
    "name a number": (put(name=7), "name"),
    "metrics a list": (put(metrics=[]), "metrics"),
    "trained a text": (put(trained="well"), "trained"),
    "metrics too deep": (put(metrics={"x": deep(400)}), "metrics"),
    "input a text": (put(input="6x6"), "input"),
    "input of two": (put(input=[6, 6]), "input"),
    "input of texts": (put(input=["6", "6", "1"]), "input"),
    "input of reals": (put(input=[6.0, 6, 1]), "input"),
    "input of truths": (put(input=[6, 6, True]), "input"),
    "input of nothing": (put(input=[6, 6, 0]), "input"),
    "input too large": (put(input=[10**9, 10**9, 1]), "input"),
    "labels a text": (put(labels="abc"), "labels"),
    "labels an object": (put(labels={"a": 1, "b": 2, "c": 3}), "labels"),
    "labels of numbers": (put(labels=[1, 2, 3]), "labels"),
    "no labels": (put(labels=[]), "labels"),
    "too many labels": (put(labels=["a"] * 1001), "labels"),
    "one label too many": (put(labels=["a"] * 4), "expected 4 outputs, one a label, found 3 numbers"),
    "preprocessing a list": (put(preprocessing=[6, 0, 1, 0]), "preprocessing"),
    "preprocessing without size": (lambda d: d["preprocessing"].pop("size") and None, "preprocessing"),
    "preprocessing of another size": (
        lambda d: d["preprocessing"].update(size=8),
        "gives 8 × 8 × 1, the input is",
    ),
    "preprocessing padded": (lambda d: d["preprocessing"].update(pad=1), "gives 8 × 8 × 1"),
    "preprocessing of negative size": (lambda d: d["preprocessing"].update(size=-6, pad=6), "size"),
    "preprocessing of infinite scale": (lambda d: d["preprocessing"].update(scale=INFINITE), "finite"),
    "preprocessing of no scale": (lambda d: d["preprocessing"].update(scale=NOT_A_NUMBER), "finite"),
    "preprocessing of huge scale": (lambda d: d["preprocessing"].update(scale=10**400), "too large"),
    "preprocessing beyond float32": (lambda d: d["preprocessing"].update(offset=1e300), "above"),
    "preprocessing of texts": (lambda d: d["preprocessing"].update(size="6"), "size"),
    "input in colour": (put(input=[6, 6, 3]), "the input is 6 × 6 × 3"),
    "layers an object": (put(layers={}), "list of layers"),
    "layers of numbers": (put(layers=[1, 2]), "expected a layer, found int"),
    "no layers": (put(layers=[]), "expected 3 outputs"),
    "unknown kind": (field(2, kind="LSTM"), "unknown kind of layer 'LSTM'"),
    "kind from elsewhere": (field(2, kind="__import__"), "unknown kind"),
    "kind a list": (field(2, kind=["ReLU"]), "unknown kind"),
    "no kind": (layers_with(lambda layers: layers[2].pop("kind") and None), "unknown kind of layer None"),
    "field missing": (layers_with(lambda layers: layers[0].pop("kernel") and None), "Conv2D does not take"),
    "field unknown": (field(0, dilation=2), "Conv2D: there is no field 'dilation'"),
    "field of another kind": (field(2, channels=2), "AveragePool2D does not take"),
    "initial numbers": (field(0, initial="he"), "no field 'initial'"),
    "a generator": (field(5, rng=5), "no field 'rng'"),
    "inner of a dense layer": (field(7, inner={"kind": "ReLU"}), "Dense does not take"),
    "layers of a residual": (field(1, layers=[]), "does not take"),
    "kernel a text": (field(0, kernel="3"), "kernel"),
    "kernel real": (field(0, kernel=3.0), "kernel"),
    "kernel true": (field(0, kernel=True), "kernel"),
    "kernel none": (field(0, kernel=None), "kernel"),
    "kernel infinite": (field(0, kernel=INFINITE), "kernel"),
    "kernel zero": (field(0, kernel=0), "kernel"),
    "kernel negative": (field(0, kernel=-3), "kernel"),
    "kernel larger than the picture": (field(0, kernel=7), "layer 0, Conv2D"),
    "stride zero": (field(0, stride=0), "stride"),
    "stride real": (field(0, stride=1.5), "stride"),
    "stride huge": (field(0, stride=10**30), "stride"),
    "padding unknown": (field(0, padding="full"), "padding"),
    "padding a number": (field(0, padding=1), "padding"),
    "bias a text": (field(0, bias="no"), "bias"),
    "drop probability of one": (field(5, drop_probability=1.0), "drop probability"),
    "drop probability a text": (field(5, drop_probability="0.5"), "drop_probability"),
    "drop probability no number": (field(5, drop_probability=NOT_A_NUMBER), "drop probability"),
    "drop probability true": (field(5, drop_probability=True), "drop_probability"),
    "epsilon negative": (norm_field(epsilon=-5.0), "epsilon"),
    "epsilon a text": (norm_field(epsilon="small"), "epsilon"),
    "momentum infinite": (norm_field(momentum=INFINITE), "momentum"),
    "inner a list": (field(1, inner=[]), "expected a layer, found list"),
    "inner missing": (layers_with(lambda layers: layers[1].pop("inner") and None), "does not take"),
    "too deep": (whole(nested(13)), "not too deep"),
    "much too deep": (whole(nested(150)), "not too deep"),
    "too many layers": (whole(*[{"kind": "ReLU"}] * 129), "at most 128 layers"),
    "dense of 60000 x 60000": (whole(FLATTEN, dense(60_000, 60_000)), "parameters"),
    "many large layers": (whole(FLATTEN, *[dense(784, 3000)] * 9), "parameters"),
    "convolution of many channels": (whole(conv(2048, 2048, 3)), "parameters"),
    "norms of many channels": (whole(*[norm(65536)] * 99), "parameters"),
    "sizes beyond bounds": (whole(FLATTEN, dense(10**30, 10)), "inputs"),
    "dense without flatten": (whole(dense(784, 10)), "layer 0, Dense, does not take 28 × 28 × 1"),
    "dense of the wrong size": (whole(FLATTEN, dense(783, 10)), "layer 1, Dense, does not take 784 numbers"),
    "convolution behind dense": (
        whole(FLATTEN, dense(784, 10), conv(1, 1)),
        "layer 2, Conv2D, does not take 10 numbers",
    ),
    "channels that differ": (whole(conv(1, 8), conv(7, 10)), "layer 1, Conv2D, does not take 28 × 28 × 8"),
    "norm of one channel for many": (
        whole(conv(1, 8), norm(1)),
        "layer 1, BatchNorm, does not take",
    ),
    "pooled away": (
        whole(*[{"kind": "MaxPool2D"}] * 5, FLATTEN, dense(1, 10)),
        "layer 4, MaxPool2D, would make 0",
    ),
    "residual of another shape": (
        whole({"kind": "Residual", "inner": conv(1, 4)}),
        "layer 0, Residual, turns",
    ),
    "residual that would be stretched": (
        whole(conv(1, 4), {"kind": "Residual", "inner": conv(4, 1)}),
        "layer 1, Residual, turns 28 × 28 × 4 into 28 × 28 × 1",
    ),
    "skip of another size": (whole({"kind": "Skip", "inner": conv(1, 4, 3)}), "layer 0, Skip, turns"),
    "skip to a row": (whole({"kind": "Skip", "inner": FLATTEN}), "layer 0, Skip, turns"),
    "a picture of 65536 channels": (whole(conv(1, 65536), side=1024), "would make 1024 × 1024 × 65536"),
    "hidden in a residual": (
        whole({"kind": "Residual", "inner": sequential(conv(1, 9999), conv(9999, 1))}, side=512),
        "layer 0, Residual, Conv2D, would make",
    ),
    "doubled and doubled": (whole(*[UP] * 40), "would make"),
    "joined and joined": (whole(*[SKIP] * 60), "would make"),
    "hours of work": (
        whole(conv(1, 16, 31, padding="same"), *[conv(16, 16, 31, padding="same")] * 9, side=1024),
        "multiplications",
    ),
}


@pytest.mark.parametrize("name", BAD_DESCRIPTIONS)
def test_descriptions_that_do_not_fit(path: Path, name: str) -> None:
    change, text = BAD_DESCRIPTIONS[name]
    pack(path, ARRAYS | {"description": described(change)})
    refused(path, text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "paint-by-numpy",
        "nul",
        "[" * 100_000,
        '{"a":' * 50_000,
        "1" * 5000,
        "\ud800",
        "{} {}",
        "\x00",
    ],
    ids=lambda text: text[:8].encode(errors="replace").hex() or "empty",
)
def test_a_description_that_is_not_json(path: Path, text: str) -> None:
    pack(path, ARRAYS | {"description": np.array(text)})
    refused(path)


def test_a_description_of_no_unicode(path: Path) -> None:
    rest = {name: array for name, array in ARRAYS.items() if name != "description"}
    content = npy(header("'<U2'", "()"), b"\xff\xff\xff\x7f" * 2)
    pack(path, {**rest, "description.npy": content})
    refused(path)


def test_a_description_of_millions_of_lists(path: Path) -> None:
    """Little on disk, much in memory."""
    text = str(described(put(metrics={"x": "LISTS"}))).replace('"LISTS"', "[" + "[]," * 2_000_000 + "1]")
    pack(path, ARRAYS | {"description": np.array(text)})
    assert path.stat().st_size < 1 << 20
    refused(path, "the description is longer than 1 MiB")


def test_a_long_sentence_is_cut(path: Path) -> None:
    pack(path, ARRAYS | {"description": described(put(format="x" * 5000))})
    assert refused(path).endswith("…")


def test_changes_at_random(path: Path) -> None:
    """Descriptions with any of their values replaced are refused, or are networks that can be used."""
    numbers = [-1, 0, 1, 2, 3, 7, 0.5, 1e30, 10**30]
    values = [*numbers, None, True, "", "same", "ReLU", [], [1], {}, {"kind": "ReLU"}, deep(50)]
    rng = np.random.default_rng(0)
    description = json.loads(str(ARRAYS["description"]))
    kept = 0
    for _ in range(300):
        changed = copy.deepcopy(description)
        places = list(places_in(changed))
        for _ in range(int(rng.integers(1, 3))):
            holder, key = places[int(rng.integers(len(places)))]
            holder[key] = values[int(rng.integers(len(values)))]
        pack(path, ARRAYS | {"description": np.array(json.dumps(changed))})
        try:
            network = load(path)
        except CheckpointError:
            continue
        kept += 1
        x = np.random.default_rng(0).random((2, *network.input_shape), np.float32)
        assert np.isfinite(network.copy().probabilities(x)).all()
        y, backward = network.forward(x, training=True)
        backward(y)
    assert 10 < kept < 150


def places_in(value: Any) -> list[tuple[Any, Any]]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    places = []
    for key, inner in pairs:
        places += [(value, key), *places_in(inner)]
    return places

"""Colouring: the photo's size and lightness stay, hints are honoured, and what can't exist is paled."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from engine import ab_bins
from engine import colorize as module
from engine.architectures import build
from engine.checkpoint import load_pretrained
from engine.colorize import (
    colorize,
    network_size,
    paint,
    predict,
    prepare,
    suggestions,
)
from engine.colour_hints import Hints, point
from engine.colour_spaces import lab_from_srgb
from engine.hinted_colours import corrected
from engine.images import PictureError
from engine.network import Network
from engine.screen_colours import lightness_of, srgb_bytes

RED = (190, 60, 50)


@pytest.fixture(scope="module")
def network() -> Network:
    """A network that has learnt nothing, and still has opinions."""
    made = build("colorize", np.random.default_rng(0))
    last = list(made.parameters)[-2]
    made.parameters[last][...] *= 4
    return made.freeze()


def scene(height: int, width: int) -> np.ndarray:
    """A gray photo: a smooth sky over a grainy ground, (H, W) uint8."""
    rng = np.random.default_rng(0)
    rows = np.linspace(220, 120, height)[:, None].repeat(width, axis=1)
    ground = np.arange(height)[:, None] > height * 0.6
    return np.clip(rows - ground * 60 + ground * rng.normal(0, 12, (height, width)), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("size", [(1, 1), (1, 700), (333, 7), (64, 64), (96, 130), (300, 451)])
def test_size_and_lightness_stay(network: Network, size: tuple[int, int]) -> None:
    photo = scene(*size)
    painted = colorize(photo, model=network)
    assert painted.shape == (*size, 3)
    assert painted.dtype == np.uint8
    difference = lightness_of(painted) - lightness_of(np.dstack([photo] * 3))
    # A level of gray is 0.27 to 0.46 units of lightness here.
    assert np.abs(difference).max() <= 0.5


def test_a_large_photo_in_strips(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    photo = scene(301, 257)
    in_one = colorize(photo, model=network)
    monkeypatch.setattr(module, "STRIP_PIXELS", 257 * 7)
    np.testing.assert_array_equal(colorize(photo, model=network), in_one)


def test_the_same_again_and_colours_of_the_photo_do_not_matter(network: Network) -> None:
    photo = np.dstack([scene(90, 120)] * 3)
    coloured = srgb_bytes(np.dstack([lightness_of(photo), np.full((90, 120, 2), 8, np.float32)]))
    first = colorize(photo, model=network)
    np.testing.assert_array_equal(colorize(photo, model=network), first)
    near = colorize(coloured, model=network).astype(int)
    assert np.abs(near - first).mean() < 2


def test_strength_and_saturation(network: Network) -> None:
    photo = scene(80, 100)
    gray = colorize(photo, strength=0, model=network)
    assert np.ptp(gray, axis=2).max() <= 1
    np.testing.assert_allclose(gray[..., 1], photo, atol=1)
    chroma = [
        float(
            np.hypot(
                *np.moveaxis(lab_from_srgb(colorize(photo, None, **kind, model=network))[..., 1:], 2, 0)
            ).mean()
        )
        for kind in ({"saturation": 0.5}, {}, {"saturation": 1.5}, {"vivid": 1.0})
    ]
    assert chroma[0] < chroma[1] < chroma[2]
    assert chroma[3] > chroma[1]
    for wrong in (
        {"strength": -1},
        {"strength": 1.2},
        {"saturation": 5},
        {"vivid": 2},
        {"strength": float("nan")},
        {"strength": "1"},
        {"saturation": None},
        {"vivid": "1"},
    ):
        with pytest.raises(ValueError, match="goes from"):
            colorize(photo, None, **wrong, model=network)


def test_hints_as_lists(network: Network) -> None:
    photo, stroke = scene(40, 50), point(20, 30, RED, 3)
    told = colorize(photo, Hints((stroke,)), model=network)
    assert (told != colorize(photo, model=network)).any()
    for hints in ([stroke], [{"points": [[20, 30]], "colour": "#be3c32", "radius": 3}]):
        np.testing.assert_array_equal(colorize(photo, hints, model=network), told)
    with pytest.raises(ValueError, match="Hints are a list of strokes"):
        colorize(photo, "red", model=network)  # type: ignore[arg-type]


@pytest.mark.parametrize("count", [1, 5, 40])
def test_hints_are_honoured_at_their_place(network: Network, count: int) -> None:
    photo = np.full((200, 260), 140, np.uint8)
    rng = np.random.default_rng(count)
    # Apart from one another by at least a few pixels of what the network sees.
    places = rng.permutation([(x, y) for x in range(20, 250, 26) for y in range(20, 190, 26)])[:count]
    colours = [tuple(int(part) for part in rng.integers(90, 190, 3)) for _ in places]
    strokes = [point(float(x), float(y), rgb, 3) for (x, y), rgb in zip(places, colours, strict=True)]  # type: ignore[arg-type]
    painted = lab_from_srgb(colorize(photo, Hints(tuple(strokes)), model=network))
    for (x, y), rgb in zip(places, colours, strict=True):
        wanted = lab_from_srgb(np.array([rgb], np.uint8))[0, 1:]
        assert np.hypot(*(painted[y, x, 1:] - wanted)) < 10


def test_a_hint_does_not_cross_an_edge_as_it_spreads() -> None:
    light = np.full((64, 64), 30, np.float32)
    light[:, 32:] = 80
    hints = Hints((point(28, 32, RED, 2),)).planes((64, 64), (64, 64))
    found = corrected(np.zeros((64, 64, 2), np.float32), light, hints)
    wanted = hints[hints[..., 2] > 0][0, 0]
    assert found[32, 20, 0] > 0.7 * wanted
    assert found[8, 8, 0] > 0.4 * wanted
    assert np.abs(found[:, 36:, 0]).max() < 0.35 * wanted


def test_suggestions(network: Network) -> None:
    prepared = prepare(scene(120, 160))
    colours = predict(prepared, None, network)
    found = suggestions(prepared, colours, 80, 30)
    assert len(found) == 5
    shares = [share for _, share in found]
    assert sum(shares) <= 1 + 1e-4
    assert min(shares) > 0
    for rgb, _ in found:
        light = float(lightness_of(np.array([[rgb]], np.uint8))[0, 0])
        assert light == pytest.approx(float(prepared.lightness[30, 80]), abs=1)
    assert len({rgb for rgb, _ in found}) == 5
    assert suggestions(prepared, colours, -5, 1e9)[0][1] > 0  # the nearest place
    certain = np.full_like(colours.logits, -200)
    certain[..., ab_bins.LABELS.index("30 40")] = 40
    assert len(suggestions(prepared, replace(colours, logits=certain), 5, 5)) == 1


def test_what_the_network_sees() -> None:
    assert network_size(500, 500) == (module.SHORT, module.SHORT)
    high, wide = network_size(3000, 4000)
    assert high == module.SHORT
    assert wide / high == pytest.approx(4 / 3, abs=0.1)
    assert network_size(1, 100_000) == (module.SHORT, 4 * module.SHORT)
    assert all(side % 32 == 0 for size in ((7, 9), (641, 480)) for side in network_size(*size))


def test_kinds_of_pictures(network: Network, tmp_path: Path) -> None:
    gray = Image.fromarray(scene(40, 50))
    for mode in ("1", "L", "P", "RGBA", "CMYK", "LA"):
        assert colorize(gray.convert(mode), model=network).shape == (40, 50, 3)
    sixteen = Image.fromarray(scene(40, 50).astype(np.uint16) * 257)
    np.testing.assert_allclose(colorize(sixteen, strength=0, model=network)[..., 0], scene(40, 50), atol=1)
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(PictureError):
        colorize(tmp_path / "text.png", model=network)


def test_other_networks_are_refused() -> None:
    with pytest.raises(ValueError, match="does not colour photos"):
        colorize(scene(40, 50), model=build("digits", np.random.default_rng(0)))
    with pytest.raises(ValueError, match="the network 'numbers' does not colour photos"):
        colorize(scene(40, 50), model="numbers")


def test_two_steps_are_one(network: Network) -> None:
    photo, hints = scene(70, 90), Hints((point(30, 20, RED, 4),))
    prepared = prepare(photo)
    with pytest.raises(ValueError, match="read-only"):
        prepared.lightness[0, 0] = 0
    found = paint(prepared, predict(prepared, hints, network), 0.8, 1.2, 0.3)
    np.testing.assert_array_equal(found, colorize(photo, hints, 0.8, 1.2, 0.3, network))


def test_what_was_said_before_saves_half(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same result, with the network asked for the hints alone; and none at all without hints."""
    asked: list[int] = []
    original = module._logits

    def counted(network: Network, prepared: module.Prepared, hints: Hints) -> np.ndarray:
        asked.append(len(hints.strokes))
        return original(network, prepared, hints)

    monkeypatch.setattr(module, "_logits", counted)
    prepared, hints = prepare(scene(70, 90)), Hints((point(30, 20, RED, 4),))
    alone = predict(prepared)
    first = predict(prepared, hints)
    again = predict(prepared, Hints((point(60, 50, RED, 2),)), before=alone)
    told = predict(prepared, hints, before=again)
    back = predict(prepared, None, before=told)
    assert asked == [0, 0, 1, 1, 1]
    np.testing.assert_array_equal(told.logits, first.logits)
    np.testing.assert_array_equal(paint(prepared, told), paint(prepared, first))
    np.testing.assert_array_equal(back.logits, alone.logits)
    assert back.unhinted is None


def test_a_mirrored_photo_is_coloured_alike() -> None:
    rng = np.random.default_rng(8)
    photo = np.repeat(cv2.resize(rng.random((6, 9)), (192, 128))[..., None] * 255, 3, axis=2).astype(np.uint8)
    told, mirrored = (predict(prepare(one)).logits for one in (photo, photo[:, ::-1]))
    np.testing.assert_allclose(mirrored[:, ::-1], told, rtol=0, atol=2e-3)


def test_it_looks_in_several_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[int, ...]] = []
    network = load_pretrained("colorize")

    class Spy:
        labels, preprocessing, name = network.labels, network.preprocessing, network.name

        def predict(self, x: np.ndarray) -> np.ndarray:
            seen.append(x.shape[1:3])
            return network.predict(x)

    colours = predict(prepare(np.zeros((300, 400, 3), np.uint8)), None, Spy())  # type: ignore[arg-type]
    assert sorted(set(seen)) == [(96, 128), (128, 160), (160, 224)]
    assert len(seen) == 6
    assert colours.logits.shape == (32, 40, 261)
    assert colours.hints.shape == (128, 160, 3)

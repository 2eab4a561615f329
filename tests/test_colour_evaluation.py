"""The figures of the colouriser by hand, its evaluation on small photos, and the peer that spreads hints."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks import levin
from engine import __main__ as command
from engine.architectures import build
from engine.checkpoint import save
from engine.colour_evaluation import (
    APART,
    Score,
    colourfulness,
    error_area,
    in_gray,
    in_one_colour,
    judge,
    mean_score,
    measure,
    psnr,
    random_hints,
    score,
    unevenness,
)
from engine.colour_hints import Hints, point
from engine.colour_spaces import lab_from_srgb
from engine.screen_colours import lightness_of, srgb_bytes


def photo(seed: int = 0, height: int = 60, width: int = 80) -> np.ndarray:
    patches = np.random.default_rng(seed).integers(40, 200, (3, 4, 3), dtype=np.uint8)
    return cv2.resize(patches, (width, height))


def test_psnr_by_hand() -> None:
    gray = np.full((4, 4, 3), 100, np.uint8)
    other = gray.copy()
    other[..., 0] = 110
    assert psnr(other, gray) == pytest.approx(10 * np.log10(255**2 / (100 / 3)))
    assert psnr(gray, gray) == 99


def test_area_by_hand() -> None:
    truth = photo()
    assert error_area(truth, truth) == 100
    lab = np.full((10, 10, 3), 50, np.float32)
    lab[..., 1:] = 0
    gray, shifted = srgb_bytes(lab), lab.copy()
    shifted[:5, :, 1] = 30.4  # an error of 30 to 31 in half of the pixels: from 31 on all are below
    expected = (31 * 0.5 + 120) / 151 * 100
    assert error_area(srgb_bytes(shifted), gray) == pytest.approx(expected, abs=0.4)


def test_colourfulness_by_hand() -> None:
    assert colourfulness(np.full((5, 5, 3), 77, np.uint8)) == 0
    red_and_gray = np.zeros((2, 2, 3), np.uint8)
    red_and_gray[0, :, 0] = 100
    # red - green is 100 or 0, yellow - blue 50 or 0: deviations 50 and 25, means 50 and 25.
    assert colourfulness(red_and_gray) == pytest.approx(1.3 * np.hypot(50, 25))


def test_gray_keeps_lightness_and_one_colour_too() -> None:
    truth = photo()
    for made in (in_gray(truth), in_one_colour(truth, 8, 12)):
        assert np.abs(lightness_of(made) - lightness_of(truth)).max() < 0.6
    assert np.ptp(in_gray(truth), axis=2).max() <= 1
    assert lab_from_srgb(in_one_colour(truth, 8, 12))[..., 1:].mean(axis=(0, 1)) == pytest.approx(
        [8, 12], abs=0.5
    )


def test_a_blotch_is_uneven_and_an_edge_is_not() -> None:
    even = np.full((256, 384, 3), 0.5)
    lab = lab_from_srgb(even.astype(np.float32))
    lab[:, 192:, 1] += 20  # half of a wall in another colour
    blotched = srgb_bytes(lab)
    plain = srgb_bytes(lab_from_srgb(even.astype(np.float32)))
    assert unevenness(plain) == 0
    pairs = 48 - APART  # in a row; of them, those across the middle differ
    assert unevenness(blotched) == pytest.approx(20 * APART / pairs, rel=0.05)
    lab[:, 192:, 0] += 20
    assert unevenness(srgb_bytes(lab)) == pytest.approx(0, abs=0.2)  # another thing, then
    noise = np.random.default_rng(0).integers(0, 256, (256, 384, 3), dtype=np.uint8)
    assert np.isnan(unevenness(noise))  # nothing smooth


def test_means() -> None:
    assert mean_score([Score(20, 80, 0), Score(30, 90, 10)]) == Score(25, 85, 5)
    truth = photo()
    assert judge(lambda one: one, [truth]) == score(truth, truth)


def test_random_hints_are_the_colours_there() -> None:
    truth = photo()
    hints = random_hints(truth, 30, 1)
    assert hints.strokes == random_hints(truth, 30, 1).strokes
    assert hints.strokes != random_hints(truth, 30, 2).strokes
    for stroke in hints.strokes:
        ((x, y),) = stroke.points
        assert np.abs(truth[int(y), int(x)].astype(int) - stroke.rgb).max() < 12


def test_measure_and_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PAINT_BY_NUMPY_DATA", str(tmp_path))
    network = build("colorize", np.random.default_rng(0))
    assert measure(network) == {}
    for part in ("bsds", "imagenet"):
        folder = tmp_path / "colour" / "validation" / part
        folder.mkdir(parents=True)
        for i in range(2):
            cv2.imwrite(str(folder / f"{i}.png"), photo(i, 64, 64))
    save(network, tmp_path / "colorize.npz", np.float16)
    monkeypatch.setattr(
        "sys.argv", ["engine", "evaluate", "colorize", "--file", str(tmp_path / "colorize.npz")]
    )
    command.main()
    told = capsys.readouterr().out
    assert "bsds: dB above gray: " in told
    figures = measure(network, 1)
    assert len(figures) == 14
    # Hints tell the truth, so they help even a network that knows nothing.
    assert figures["bsds: dB above gray with 100 hints"] > figures["bsds: dB above gray with 5 hints"]


def test_levin_weights_are_means() -> None:
    weights = levin.affinity(np.random.default_rng(0).random((6, 5)))
    np.testing.assert_allclose(weights.sum(axis=1), 1)
    assert (weights.diagonal() == 0).all()
    assert weights[0].nnz == 3
    assert weights[6].nnz == 8


def test_levin_fills_regions_up_to_their_edges() -> None:
    light = np.full((20, 30), 0.3)
    light[:, 15:] = 0.8
    known, ab = np.zeros((20, 30), bool), np.zeros((20, 30, 2))
    known[5, 5] = known[12, 25] = True
    ab[5, 5], ab[12, 25] = (40, 10), (-30, 20)
    found = levin.spread(light, known, ab)
    assert np.abs(found[:, :14] - (40, 10)).max() < 8
    assert np.abs(found[:, 16:] - (-30, 20)).max() < 8
    assert not levin.spread(light, np.zeros((20, 30), bool), ab).any()


def test_levin_colours_a_photo() -> None:
    truth = in_one_colour(photo(), 20, -15)
    painted = levin.colorize(truth, Hints((point(20, 20, (90, 60, 120), 2),)))
    wanted = lab_from_srgb(np.array([(90, 60, 120)], np.uint8))[0, 1:]
    assert np.abs(np.median(lab_from_srgb(painted)[..., 1:], axis=(0, 1)) - wanted).max() < 2

"""Crops drawn on the device: whole arrays of any library, what they show, and what they tell."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from engine import device_crops, feeds
from engine.architectures import build
from engine.colour_corpus import NO_HINTS
from engine.colour_spaces import lab_from_srgb
from engine.datasets import DataUnavailable
from engine.device_crops import LARGEST_PHOTO, DeviceCrops, hint_places, lab_from_bytes
from engine.feeds import endless_feed
from engine.gpu import NoGPU
from engine.long_training import train_long
from engine.losses import colour_cross_entropy_by_photo
from engine.optimizers import AdamW
from engine.photos import Photos, evened
from engine.recipes import RECIPES
from engine.schedules import constant
from engine.training import BatchDone
from tests.foreign_array import NAMESPACE, ForeignArray, foreign

SIDES = ((32, 64),)


def folder(path: Path, photos: list[np.ndarray]) -> Photos:
    """Photos by number; the first is the one that is kept aside."""
    for i, photo in enumerate([photos[0], *photos]):
        cv2.imwrite(str(path / f"{i}.png"), photo[..., ::-1])
    return Photos(path)


def flat(red: int, green: int, blue: int, height: int = 40, width: int = 60) -> np.ndarray:
    return np.full((height, width, 3), (red, green, blue), np.uint8)


def patchwork(seed: int, height: int = 80, width: int = 100) -> np.ndarray:
    patches = np.random.default_rng(seed).integers(0, 256, (3, 4, 3), dtype=np.uint8)
    return cv2.resize(patches, (width, height))


def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lightness as it is."""
    for name in ("EXPOSURE", "CONTRAST", "COARSEST"):
        monkeypatch.setattr(device_crops, name, 0)


def test_a_batch_depends_on_its_step_and_the_seed(tmp_path: Path) -> None:
    photos = folder(tmp_path, [patchwork(i) for i in range(3)])
    one, other = DeviceCrops(photos, 0, 6, SIDES, 9), DeviceCrops(photos, 1, 6, SIDES, 9)
    inputs, labels = one.batch(4)
    one.batch(5)
    again = one.batch(4)
    np.testing.assert_array_equal(inputs, again[0])
    np.testing.assert_array_equal(labels, again[1])
    assert (inputs != other.batch(4)[0]).any()
    assert (inputs != one.batch(5)[0]).any()
    assert inputs.dtype == np.float32
    assert labels.dtype == np.int8
    assert inputs.shape == (6, 32, 64, 4)
    assert labels.shape == (6, 8, 16, 2)


def test_lying_and_standing_photos_are_cut_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device_crops, "TURNED", 0)
    photos = folder(tmp_path, [flat(200, 60, 40, 40, 60), flat(40, 60, 200, 60, 40)])
    crops = DeviceCrops(photos, 0, 3, SIDES, 9)
    shapes = set()
    for step in range(12):
        inputs, labels = crops.batch(step)
        shapes.add(inputs.shape[1:3])
        blue = labels[..., 1] < 0
        assert blue.all() == (inputs.shape[1] > inputs.shape[2])
        assert blue.any() == blue.all()
    assert shapes == {(32, 64), (64, 32)}


def test_both_sizes_of_crops_come(tmp_path: Path) -> None:
    crops = DeviceCrops(folder(tmp_path, [patchwork(0)]), 0, 1, ((32, 64), (64, 96)), 9)
    assert {crops.batch(step)[0].shape[1:3] for step in range(12)} == {(32, 64), (64, 96)}


def test_a_flat_photo_has_its_lightness_its_colour_and_hints_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quiet(monkeypatch)
    monkeypatch.setattr(device_crops, "TURNED", 0)
    rgb = 200, 90, 40
    inputs, labels = DeviceCrops(folder(tmp_path, [flat(*rgb)]), 0, 40, SIDES, 9).batch(0)
    lab = lab_from_srgb(np.array(rgb, np.uint8))
    np.testing.assert_allclose(inputs[..., 0], lab[0], atol=0.01)
    assert (labels == np.rint(lab[1:])).all()
    told = inputs[..., 3] == 1
    assert set(np.unique(inputs[..., 3])) == {0, 1}
    np.testing.assert_allclose(inputs[told][:, 1:3], np.broadcast_to(lab[1:], (told.sum(), 2)), atol=0.01)
    assert not inputs[~told][:, 1:3].any()
    without = 1 - told.any(axis=(1, 2)).mean()
    assert NO_HINTS - 0.25 < without < NO_HINTS + 0.25


def test_turned_colours_are_turned_in_hints_and_labels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device_crops, "TURNED", 1)
    inputs, labels = DeviceCrops(folder(tmp_path, [flat(200, 90, 40)]), 0, 60, SIDES, 9).batch(0)
    lab = lab_from_srgb(np.array((200, 90, 40), np.uint8))
    turned = np.abs(labels[:, 0, 0] - lab[1:]).max(axis=1) > 2
    assert turned.sum() > 10
    chroma = np.hypot(*labels[:, 0, 0].astype(float).T)
    np.testing.assert_allclose(chroma, np.hypot(*lab[1:]), atol=1)
    for crop, label in zip(inputs[turned], labels[turned], strict=True):
        hints = crop[crop[..., 3] == 1]
        assert len(hints)
        np.testing.assert_allclose(hints[:, 1:3] - label[0, 0], 0, atol=0.6)


def test_crops_show_the_photo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A photo that is light on top: so are all its crops, mirrored or not."""
    quiet(monkeypatch)
    ramp = np.broadcast_to(np.linspace(255, 0, 80)[:, None, None], (80, 120, 3)).astype(np.uint8).copy()
    ramp[..., 2] //= 2
    inputs, _ = DeviceCrops(folder(tmp_path, [ramp]), 0, 20, SIDES, 9).batch(0)
    rows = inputs[..., 0].mean(axis=2)
    assert (rows[:, 2] > rows[:, -3] + 20).all()
    spans = rows[:, 0] - rows[:, -1]
    assert spans.max() > 1.3 * spans.min()  # of different shares of it


def test_lightness_varies(tmp_path: Path) -> None:
    inputs, _ = DeviceCrops(folder(tmp_path, [flat(120, 160, 60)]), 0, 60, SIDES, 9).batch(0)
    light = inputs[..., 0]
    assert light.min() >= 0
    assert light.max() <= 100
    assert light.mean(axis=(1, 2)).std() > 1
    assert 0.05 < (light.std(axis=(1, 2)) > 0.3).mean() < 0.5  # grainy ones


def test_gray_and_damaged_photos_are_left_out_and_large_ones_reduced(tmp_path: Path) -> None:
    photos = folder(tmp_path, [patchwork(0, 400, 600), flat(90, 90, 90), patchwork(1, 30, 20)])
    (tmp_path / "9.png").write_bytes(b"no photo")
    crops = DeviceCrops(Photos(tmp_path), 0, 4, SIDES, 9, threads=2)
    assert len(crops._begins) == 2
    assert sorted(crops._heights.tolist()) == [30, LARGEST_PHOTO]
    assert crops._widths.max() == LARGEST_PHOTO * 3 // 2
    crops.batch(0)
    for name in photos.names:
        if name != photos.names[2]:
            Path(name).write_bytes(b"")
    with pytest.raises(DataUnavailable, match="coloured"):
        DeviceCrops(photos, 0, 4, SIDES, 9)


def test_hints_lie_within_their_crops() -> None:
    hints = hint_places(np.random.default_rng(0), 50, 12, 20)
    crops = hints.pixels // (12 * 20)
    assert hints.patches.max() == len(hints.sources) - 1
    assert (hints.sources[hints.patches] // (12 * 20) == crops[:, None]).all()
    assert crops.max() < 50
    near = hints.pixels[:, None] - hints.sources[hints.patches]
    assert np.abs(near).max() <= 4 * 20 + 4
    determinants = np.linalg.det(hints.turns)
    np.testing.assert_allclose(determinants, 1, atol=1e-6)


def test_lab_of_any_bytes() -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (3, 40, 40, 3), dtype=np.uint8)
    np.testing.assert_allclose(lab_from_bytes(rgb.astype(np.float32)), lab_from_srgb(rgb), atol=2e-3)


def test_arrays_of_another_library_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    photos = folder(tmp_path, [patchwork(i) for i in range(3)])
    expected = DeviceCrops(photos, 0, 12, SIDES, 9).batch(2)
    noise = device_crops._noise
    monkeypatch.setattr(device_crops, "_noise", lambda xp, *rest: foreign(noise(np, *rest)))
    found = DeviceCrops(photos, 0, 12, SIDES, 9, NAMESPACE).batch(2)
    for one, other in zip(found, expected, strict=True):
        assert isinstance(one, ForeignArray)
        np.testing.assert_array_equal(one.inside, other)


def test_a_network_learns_from_them(tmp_path: Path) -> None:
    crops = DeviceCrops(folder(tmp_path, [flat(200, 60, 40)]), 0, 4, ((32, 32),), 9)
    network = build("colorize", np.random.default_rng(0))
    steps = train_long(
        network, crops, colour_cross_entropy_by_photo, AdamW(3e-3), np, steps=6, schedule=constant
    )
    losses = [event.loss for event in steps if isinstance(event, BatchDone)]
    assert losses[-1] < losses[0]


def test_sources_come_as_evenly_as_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of ten photos nine are red and of one source."""
    monkeypatch.setattr(device_crops, "TURNED", 0)
    for i in range(10):
        cv2.imwrite(str(tmp_path / f"many_{i}.png"), flat(200, 60, 40)[..., ::-1])
    cv2.imwrite(str(tmp_path / "one_0.png"), flat(40, 60, 200)[..., ::-1])

    def blue(even: float) -> float:
        crops = DeviceCrops(Photos(tmp_path), 0, 500, ((32, 32),), 9, even=even)
        return float((crops.batch(0)[1][:, 0, 0, 1] < 0).mean())

    assert blue(0) == pytest.approx(1 / 10, abs=0.04)
    assert blue(0.5) == pytest.approx(1 / 4, abs=0.06)
    assert blue(1) == pytest.approx(1 / 2, abs=0.07)


def test_a_source_is_a_name_without_its_number_or_a_folder() -> None:
    names = ["a/dog_1.jpg", "a/dog_2.jpg", "a/red_cat_1.jpg", "b/1.jpg", "b/2.jpg", "b/3.jpg"]
    np.testing.assert_allclose(evened(names, 0), 1 / 6)
    np.testing.assert_allclose(evened(names, 1), [1 / 6, 1 / 6, 1 / 3, 1 / 9, 1 / 9, 1 / 9])


def test_by_the_clock_crops_are_drawn_without_a_gpu_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos = folder(tmp_path, [patchwork(i, 80, 100) for i in range(2)])
    monkeypatch.setattr(feeds, "training_photos", lambda: photos)
    crops = endless_feed(RECIPES["colorize"], 1, False, 64)
    assert isinstance(crops, DeviceCrops)
    assert crops.batch(0)[0].shape == (RECIPES["colorize"].batch_size, 64, 96, 4)


def test_the_feed_for_a_gpu_draws_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    photos = folder(tmp_path, [patchwork(i, 80, 70) for i in range(2)])
    monkeypatch.setattr(feeds, "training_photos", lambda: photos)
    with pytest.raises(NoGPU):
        endless_feed(RECIPES["colorize"], 1, True)
    monkeypatch.setattr(feeds, "cupy", lambda: np)
    crops = endless_feed(RECIPES["colorize"], 1, True, 64)
    assert isinstance(crops, DeviceCrops)
    assert crops.batch(0)[0].shape == (RECIPES["colorize"].batch_size, 96, 64, 4)

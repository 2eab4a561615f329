"""The colouriser's corpus: repeatable, honest about hints, and quiet about what is no colour photo."""

from __future__ import annotations

import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest

from engine import colour_corpus
from engine.architectures import build
from engine.colour_corpus import (
    ColourCorpus,
    Phase,
    crop,
    exposed,
    quick_lab,
    reveal,
    targets,
)
from engine.colour_spaces import lab_from_srgb
from engine.datasets import DataUnavailable
from engine.losses import colour_cross_entropy
from engine.optimizers import AdamW
from engine.photos import Photos, training_photos
from engine.resume import load_state, save_state
from engine.training import BatchDone, WeightAverage, train

PHASES = Phase(0, 32, 4), Phase(0.5, 64, 2)


@pytest.fixture
def photos(tmp_path: Path) -> Photos:
    """Nine colourful photos of different shapes."""
    rng = np.random.default_rng(0)
    for i in range(9):
        patches = rng.integers(0, 256, (3, 4, 3), dtype=np.uint8)
        cv2.imwrite(str(tmp_path / f"{i}.png"), cv2.resize(patches, (90 + 5 * i, 80)))
    return Photos(tmp_path)


def corpus(photos: Photos, ahead: int = 0, seed: int = 0) -> ColourCorpus:
    return ColourCorpus(photos, seed, PHASES, 12, 6, ahead)


def test_a_batch_depends_on_its_step_and_the_seed(photos: Photos) -> None:
    one, other, ahead = corpus(photos), corpus(photos, seed=1), corpus(photos, ahead=2)
    late = corpus(photos).batch(7)
    for step in range(9):
        (x, y), (x_ahead, y_ahead) = one.batch(step), ahead.batch(step)
        np.testing.assert_array_equal(x, x_ahead)
        np.testing.assert_array_equal(y, y_ahead)
        assert (x != other.batch(step)[0]).any()
        if step == 7:
            np.testing.assert_array_equal(x, late[0])
    ahead.close()


def test_phases_change_size_and_every_photo_comes_in_turn(photos: Photos) -> None:
    feed = corpus(photos)
    assert [feed.batch(step)[0].shape for step in (5, 6)] == [(4, 32, 32, 4), (2, 64, 64, 4)]
    assert [feed.batch(step)[1].shape for step in (5, 6)] == [(4, 8, 8, 2), (2, 16, 16, 2)]
    firsts = [feed._place(step)[1] for step in range(9)]
    assert firsts == [0, 4, 8, 12, 16, 20, 24, 26, 28]
    order = feed._order(0)
    assert sorted(order) == list(range(8))
    assert feed.batch(0)[1].dtype == np.int8


def test_some_names_are_kept_apart(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as archive:
        for i in range(97):
            archive.writestr(f"{i:03}.jpg", b"")
        archive.writestr("readme.txt", b"no photo")
    photos = Photos(tmp_path / "photos.zip")
    assert photos.to_tune == ["000.jpg", "048.jpg", "096.jpg"]
    assert len(photos.to_train) == 94
    assert not set(photos.to_tune) & set(photos.to_train)


def test_gray_and_damaged_photos_are_passed_over(photos: Photos) -> None:
    folder = photos.path
    for i in range(1, 8):
        (folder / f"{i}.png").write_bytes(b"not a photo")
    cv2.imwrite(str(folder / "9.png"), np.full((90, 90), 128, np.uint8))
    x, y = corpus(Photos(folder)).batch(0)  # one of those to train on is left
    assert x.shape == (4, 32, 32, 4)
    assert np.abs(y).max(axis=(1, 2, 3)).min() > 3
    (folder / "8.png").unlink()
    with pytest.raises(DataUnavailable, match="hardly any photo"):
        corpus(Photos(folder)).batch(0)


@pytest.mark.parametrize("content", [b"", b"no ZIP", b"PK\x05\x06" + b"\xff" * 18])
def test_a_zip_that_is_none_is_said(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "train.zip").write_bytes(content)
    with pytest.raises(DataUnavailable, match=r"train\.zip is not a readable ZIP of photos"):
        Photos(tmp_path / "train.zip")


def test_one_photo_is_too_few(tmp_path: Path) -> None:
    (tmp_path / "1.jpg").write_bytes(b"not a photo")
    with pytest.raises(DataUnavailable, match=r"there is one photo in .*, and one is kept apart"):
        Photos(tmp_path)


def test_what_can_not_be_opened_is_no_photo(tmp_path: Path) -> None:
    _, png = cv2.imencode(".png", np.zeros((9, 9, 3), np.uint8))
    with zipfile.ZipFile(tmp_path / "train.zip", "w") as archive:
        archive.writestr("0.png", png.tobytes())
        archive.writestr("1.png", png.tobytes())
    content = bytearray((tmp_path / "train.zip").read_bytes())
    content[content.find(b"1.png") + 5 + len(png) // 2] ^= 1
    (tmp_path / "train.zip").write_bytes(content)
    (tmp_path / "folder.jpg").mkdir()
    archived = Photos(tmp_path / "train.zip")
    assert archived.open("0.png") is not None
    assert archived.open("1.png") is None
    (tmp_path / "0.png").write_bytes(png.tobytes())
    folder = Photos(tmp_path)
    assert [folder.open(name) is None for name in folder.names] == [False, True]


def test_what_is_missing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAINT_BY_NUMPY_DATA", str(tmp_path))
    with pytest.raises(DataUnavailable, match="PAINT_BY_NUMPY_DATA"):
        training_photos()
    (tmp_path / "colour" / "train").mkdir(parents=True)
    with pytest.raises(DataUnavailable, match="no photos"):
        training_photos()


def test_inputs_and_targets_are_of_one_photo(photos: Photos) -> None:
    """The lightness of a crop and its colours belong together, and hints tell the truth nearby."""
    feed = corpus(photos)
    for step in range(4):
        for x, y in zip(*feed.batch(step), strict=True):
            there = x[..., 3] > 0
            assert not x[~there, 1:].any()
            large = y.astype(np.float32).repeat(4, axis=0).repeat(4, axis=1)
            if there.any():
                assert np.abs(x[there, 1:3] - large[there]).mean() < 8


def test_hints_from_none_to_a_hundred(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(colour_corpus, "TURNED", 0)
    rng = np.random.default_rng(0)
    covered = []
    for _ in range(300):
        lab, hints = rng.normal(0, 20, (64, 64, 3)).astype(np.float32), np.zeros((64, 64, 3), np.float32)
        before = lab.copy()
        reveal(lab, hints, rng)
        np.testing.assert_array_equal(lab, before)
        covered.append(float(hints[..., 2].sum()))
    none = np.mean([area == 0 for area in covered])
    assert 0.25 < none < 0.45
    assert max(covered) > 200


def test_turned_colours_keep_their_chroma(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(colour_corpus, "TURNED", 1)
    monkeypatch.setattr(colour_corpus, "NO_HINTS", 0)
    turned = 0
    for seed in range(20):
        lab, hints = np.full((32, 32, 3), 30, np.float32), np.zeros((32, 32, 3), np.float32)
        reveal(lab, hints, np.random.default_rng(seed))
        np.testing.assert_allclose(np.hypot(lab[..., 1], lab[..., 2]), 30 * 2**0.5, rtol=1e-4)
        there = hints[..., 2] > 0
        np.testing.assert_allclose(hints[there, :2], lab[there, 1:], atol=1e-3)
        turned += bool(np.abs(lab[0, 0, 1:] - 30).max() > 1)
    assert turned > 5


def test_targets_are_means_of_four_by_four() -> None:
    lab = np.zeros((8, 4, 3), np.float32)
    lab[:4, :, 1], lab[4:, :2, 2] = 10.4, -60
    np.testing.assert_array_equal(targets(lab), [[[10, 0]], [[0, -30]]])


def test_crops_show_most_of_a_photo() -> None:
    ramp = np.zeros((100, 100, 3), np.uint8)
    ramp[..., 0] = np.arange(100) * 2
    widths = [int(np.ptp(crop(ramp, 50, np.random.default_rng(seed))[..., 0])) / 2 for seed in range(40)]
    assert 50 < min(widths) < 70  # stretched crops are narrower
    assert 92 < max(widths) <= 100


def test_exposure_keeps_black_white_and_order() -> None:
    ramp = np.linspace(0, 100, 11, dtype=np.float32)[None]
    shown = [exposed(ramp, np.random.default_rng(seed))[0] for seed in range(20)]
    assert 3 < sum(not np.array_equal(one, ramp[0]) for one in shown) < 17
    for one in shown:
        assert (one[0], one[-1]) == (0, pytest.approx(100))
        assert (np.diff(one) > 0).all()


def test_quick_lab_is_near_enough() -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (3, 40, 40, 3), dtype=np.uint8)
    assert np.abs(quick_lab(rgb) - lab_from_srgb(rgb)).max() < 0.6


def test_a_training_goes_on_where_it_was_left(photos: Photos, tmp_path: Path) -> None:
    """Through the change of size in the middle, weights, average and optimizer exactly."""

    def losses(first: int, last: int, state: Path | None) -> list[float]:
        network, optimizer = build("colorize", np.random.default_rng(0)), AdamW(1e-3)
        average = WeightAverage(network, 0.9)
        if state is not None and first:
            assert load_state(state, network, optimizer, average) == first
        steps = train(
            network,
            ColourCorpus(photos, 0, (Phase(0, 32, 4), Phase(0.5, 64, 2)), 4, 2, 0),
            colour_cross_entropy,
            optimizer,
            epochs=2,
            average=average,
            first_step=first,
            threads=2,
        )
        found = []
        for event in steps:
            if isinstance(event, BatchDone):
                found.append(event.loss)
                if event.step + 1 == last:
                    break
        if state is not None and not first:
            save_state(state, last, network, optimizer, average)
        return [*found, float(sum(np.abs(a).sum() for a in average.network.state().values()))]

    whole = losses(0, 4, None)
    begun = losses(0, 3, tmp_path / "state.npz")
    rest = losses(3, 4, tmp_path / "state.npz")
    assert begun[:3] + rest == whole

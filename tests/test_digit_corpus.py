from contextlib import closing
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from engine import datasets, digit_corpus
from engine.datasets import Dataset, DataUnavailable, Splits
from engine.digit_corpus import SETTLING, DigitCorpus, Mixture, held_out_pendigits
from engine.digit_shapes import VARIANTS, shapes
from engine.feeds import Digits, digits_ahead
from engine.ink import fit_digit
from engine.recipes import RECIPES

WRITERS, EACH = 8, 10


def write_pendigits(path: Path) -> None:
    """Each of eight writers draws ten digits: a bar and a dash, unlike anybody else's."""
    strokes, labels, writers = [], [], []
    for writer in range(1, WRITERS + 1):
        for digit in range(EACH):
            strokes += [[[0, 0], [3 * writer, 60], [digit, 100]], [[0, 50], [40 + writer, 50 + digit]]]
            labels.append(digit)
            writers.append(writer)
    lengths = [0] + [len(stroke) for stroke in strokes]
    np.savez(
        path,
        points=np.concatenate(strokes).astype(np.int16),
        stroke_offsets=np.cumsum(lengths).astype(np.int32),
        sample_offsets=np.arange(0, len(strokes) + 1, 2, dtype=np.int32),
        labels=np.array(labels, np.uint8),
        writers=np.array(writers, np.uint8),
    )


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Data laid out as the real ones: small pendigits and USPS; scikit-learn's digits stand for MNIST."""
    (tmp_path / "digits").mkdir()
    write_pendigits(tmp_path / "digits" / "pendigits_train.npz")
    digits = datasets.load("digits-8x8")
    few = digits.train.take(64)
    usps = np.repeat(np.repeat(few.images, 2, axis=1), 2, axis=2)
    np.savez(tmp_path / "digits" / "usps_train.npz", images=usps, labels=few.labels.astype(np.uint8))
    learnt = digits.train.take(100)
    large = Dataset(np.stack([fit_digit(image) for image in learnt.images]), learnt.labels, "mnist")
    forbidden = Dataset(np.full((9, 28, 28), 77, np.uint8), np.zeros(9, np.int64), "mnist")
    monkeypatch.setattr(datasets, "load", lambda name: {"mnist": Splits(large, forbidden, forbidden)}[name])
    return tmp_path


def test_a_batch_is_what_a_network_reads(folder: Path) -> None:
    images, labels = DigitCorpus(folder, batch_size=64).batch(0)
    assert images.shape == (64, 28, 28)
    assert images.dtype == np.uint8
    assert labels.shape == (64,)
    assert labels.dtype == np.int64
    assert set(labels.tolist()) <= set(range(10))
    assert images.max((1, 2)).min() > 100  # nobody has lost the ink


def test_a_batch_depends_on_seed_and_step_alone(folder: Path) -> None:
    corpus = DigitCorpus(folder, seed=3, batch_size=32)
    in_order = [corpus.batch(step) for step in range(6)]
    fresh = DigitCorpus(folder, seed=3, batch_size=32)
    for step in (4, 1):
        images, labels = fresh.batch(step)
        assert np.array_equal(images, in_order[step][0])
        assert np.array_equal(labels, in_order[step][1])
    assert len({images.tobytes() for images, _ in in_order}) == 6
    other = DigitCorpus(folder, seed=4, batch_size=32).batch(0)
    assert not np.array_equal(other[0], in_order[0][0])


def test_pictures_keep_their_labels(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """MNIST shows rings called 3, USPS lying bars called 7, pendigits standing bars called 1."""
    ring, bar = np.zeros((28, 28), np.uint8), np.zeros((16, 16), np.uint8)
    cv2.circle(ring, (14, 14), 9, 255, 2)
    bar[7:9] = 255
    rings = Dataset(np.repeat(ring[None], 40, axis=0), np.full(40, 3), "mnist")
    monkeypatch.setattr(datasets, "load", lambda name: Splits(rings, rings, rings))
    np.savez(
        folder / "digits" / "usps_train.npz", images=np.repeat(bar[None], 20, axis=0), labels=np.full(20, 7)
    )
    standing = np.tile(np.array([[0, 0], [2, 50], [0, 100]], np.int16), (20, 1))
    np.savez(
        folder / "digits" / "pendigits_train.npz",
        points=standing,
        stroke_offsets=np.arange(0, 61, 3),
        sample_offsets=np.arange(21),
        labels=np.ones(20, np.uint8),
        writers=np.arange(20, dtype=np.uint8),
    )
    corpus = DigitCorpus(folder, batch_size=120, mixture=Mixture(1, 1, 1, 0))
    seen = []
    for image, label in zip(*corpus.batch(0), strict=True):
        _, _, width, height = cv2.boundingRect((image > 90).astype(np.uint8))
        looks_like = 7 if width > 1.6 * height else 1 if height > 1.6 * width else 3
        seen.append((looks_like, int(label)))
    assert np.mean([look == label for look, label in seen]) > 0.95  # dust may widen a box
    assert np.bincount([label for _, label in seen])[[1, 3, 7]].tolist() == [40, 40, 40]


def test_a_training_settles_and_each_batch_depends_on_its_step_alone(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAINT_BY_NUMPY_DATA", str(folder))
    digits = Digits(seed=5, batch_size=16, turn=3)
    for step, mixture in ((2, Mixture()), (3, SETTLING), (0, Mixture()), (2, Mixture())):
        images, labels = digits(step)
        expected = DigitCorpus(seed=5, batch_size=16, mixture=mixture).batch(step)
        assert np.array_equal(images, expected[0])
        assert np.array_equal(labels, expected[1])


def test_the_end_of_a_training_is_milder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAINT_BY_NUMPY_DATA", str(folder))
    recipe = replace(RECIPES["digits"], epochs=10, batch_size=16, images=64)
    with closing(digits_ahead(recipe, 0.8, 1)) as ahead:
        assert ahead.steps_per_epoch == 4
        assert ahead.make == Digits(recipe.seed, 16, turn=32)


def test_shares_of_the_sources() -> None:
    assert Mixture(mnist=0.5, pendigits=0.25, usps=0.15, shapes=0.1).counts(100) == (50, 25, 15, 10)
    assert sum(Mixture().counts(7)) == 7
    assert Mixture(mnist=2, pendigits=1, usps=1, shapes=0).counts(64) == (32, 16, 16, 0)


@pytest.mark.parametrize("source", ["mnist", "pendigits", "usps", "shapes"])
def test_each_source_alone(folder: Path, source: str) -> None:
    alone = Mixture(**{name: float(name == source) for name in ("mnist", "pendigits", "usps", "shapes")})
    images, _ = DigitCorpus(folder, batch_size=20, mixture=alone).batch(1)
    assert images.shape == (20, 28, 28)


def test_every_original_is_shown_once_a_round(folder: Path) -> None:
    plain = Mixture(mnist=1, pendigits=0, usps=0, shapes=0, plain=1)
    corpus = DigitCorpus(folder, batch_size=20, mixture=plain)
    labels = np.concatenate([corpus.batch(step)[1] for step in range(5)])  # 100 originals in batches of 20
    assert np.array_equal(np.bincount(labels, minlength=10), np.bincount(corpus.mnist.labels, minlength=10))
    first = [digit_corpus._shuffled(100, 0, begin, 30) for begin in range(0, 300, 30)]
    row = np.concatenate(first)
    for turn in range(3):
        assert sorted(row[100 * turn : 100 * (turn + 1)]) == list(range(100))
    assert not np.array_equal(row[:100], row[100:200])


def test_plain_pictures_are_only_nudged(folder: Path) -> None:
    corpus = DigitCorpus(folder, batch_size=30, mixture=Mixture(1, 0, 0, 0, plain=1))
    images, _ = corpus.batch(0)
    known = {
        np.roll(image, (down, right), (0, 1)).tobytes()
        for image in corpus.mnist.images
        for down in (-1, 0, 1)
        for right in (-1, 0, 1)
    }
    assert all(image.tobytes() in known for image in images)


def test_held_out_writers_are_never_learnt_from(folder: Path) -> None:
    corpus = DigitCorpus(folder)
    held_out = held_out_pendigits(folder, writers=5, samples=1000)
    assert {sample.writer for sample in held_out} == {"4", "5", "6", "7", "8"}
    assert {sample.writer for sample in corpus.pendigits} == {"1", "2", "3"}
    assert len(held_out) == 5 * EACH
    some, again = (held_out_pendigits(folder, writers=2, samples=7) for _ in range(2))
    assert len(some) == 7
    assert [s.strokes[0].tolist() for s in some] == [s.strokes[0].tolist() for s in again]
    assert {sample.writer for sample in some} <= {"7", "8"}


def test_writers_are_sorted_as_numbers(tmp_path: Path) -> None:
    (tmp_path / "digits").mkdir()
    one = [[[0, 0], [3, 60]]] * 4
    np.savez(
        tmp_path / "digits" / "pendigits_train.npz",
        points=np.concatenate(one).astype(np.int16),
        stroke_offsets=np.arange(0, 10, 2, dtype=np.int32),
        sample_offsets=np.arange(5, dtype=np.int32),
        labels=np.zeros(4, np.uint8),
        writers=np.array([10, 9, 2, 30], np.uint8),
    )
    assert {sample.writer for sample in held_out_pendigits(tmp_path, writers=2)} == {"10", "30"}


def test_missing_data_are_named_with_their_source(folder: Path) -> None:
    (folder / "digits" / "usps_train.npz").unlink()
    with pytest.raises(DataUnavailable, match=r"usps_train\.npz, made from .*USPS.*PAINT_BY_NUMPY_DATA"):
        DigitCorpus(folder)


def test_each_digit_has_several_shapes() -> None:
    assert sorted(VARIANTS) == list(range(10))
    assert all(len(variants) >= 3 for variants in VARIANTS.values())
    for strokes, digit in shapes():
        points = np.concatenate(strokes)
        assert 0.8 < np.ptp(points[:, 1]) < 1.25, digit
        assert points.dtype == np.float32

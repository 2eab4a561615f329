"""What the reader of handwritten numbers learns from: drawn anew, the same for the same seed."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from engine import number_corpus, number_sources
from engine.datasets import Dataset, DataUnavailable, Splits
from engine.line import HEIGHT
from engine.line_corpus import CHUNK, LONGEST, LineCorpus
from engine.losses import ctc
from engine.number_corpus import LENGTHS, SHARES, NumberChunks, draw_number, random_number
from engine.number_grounds import PAPERS
from engine.number_ink import MARKS, Writing, by_a_hand, from_picture, mark
from engine.number_line import LEADING, TRAILING, Spacing, write_number
from engine.number_sources import by_writer, hand_made, hand_made_sources
from engine.recipes import RECIPES
from engine.strokes import StrokeSample

OURS = hand_made_sources()
CLEAR = Spacing(0.2, spread=0.0, tight=0.0)


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def some_digits(text: str) -> np.ndarray:
    return np.array([int(digit) for digit in text])


def upright(pen: float = 4.0) -> Writing:
    """A hand that writes 40 pixels high and upright, with the shapes that are always here."""
    return by_a_hand(Writing(40.0, pen, 0.0, 1.0), OURS, generator())


def test_a_chunk_repeats_and_differs_from_others() -> None:
    one, same, other = (NumberChunks("hand-made")(3, number) for number in (0, 0, 1))
    assert len(one.lines) == CHUNK
    np.testing.assert_array_equal(one.labels, same.labels)
    assert not np.array_equal(one.labels, other.labels)
    for a, b in zip(one.lines, same.lines, strict=True):
        np.testing.assert_array_equal(a, b)
        assert a.dtype == np.uint8
        assert a.shape[0] == HEIGHT


def test_some_pictures_show_the_rows_of_tall_ink_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def widths(share: float) -> int:
        """Where fewer rows are shown, a line is as high and therefore wider."""
        monkeypatch.setattr(number_corpus, "TALL", share)
        monkeypatch.setattr(number_corpus, "EMPTY", 0.0)
        return sum(line.shape[1] for line in NumberChunks("hand-made", ("blank",))(3, 0).lines)

    assert widths(1.0) > 1.05 * widths(0.0)


def test_every_number_fits_into_the_columns_of_its_line() -> None:
    corpus = LineCorpus(NumberChunks("hand-made"), 0, 32, volume=CHUNK, passes=2, processes=0)
    for step in range(4):
        images, labels = corpus.batch(step)
        assert labels.shape == (32, LONGEST)
        ctc(np.zeros((32, images.shape[2] // 4 - 2, 11), np.float32), labels)


def test_some_pictures_hold_no_number() -> None:
    labels = np.concatenate([NumberChunks("hand-made", ("pad",))(9, n).labels for n in range(3)])
    assert 0.003 < (labels < 0).all(axis=1).mean() < 0.08


def test_numbers_have_all_lengths_and_digits_and_often_end_in_zeros() -> None:
    rng = generator()
    numbers = [random_number(rng) for _ in range(3000)]
    lengths = np.bincount([len(number) for number in numbers], minlength=11)[1:] / len(numbers)
    np.testing.assert_allclose(lengths, LENGTHS, atol=0.03)
    counts = np.bincount(np.concatenate(numbers))
    assert counts.min() > 0.06 * counts.sum()
    assert 0.25 < np.mean([number[-1] == 0 for number in numbers]) < 0.5


@pytest.mark.parametrize("kind", SHARES)
def test_every_kind_of_picture_shows_its_ink(kind: str) -> None:
    for seed in range(6):
        picture = draw_number(some_digits("507"), kind, OURS, generator(seed))
        assert picture.dtype == np.uint8
        assert picture.ndim == 3
        assert picture.shape[2] == 3
        assert picture.std() > 4
        np.testing.assert_array_equal(picture, draw_number(some_digits("507"), kind, OURS, generator(seed)))


@pytest.mark.parametrize("name", PAPERS)
def test_every_paper_is_mostly_paler_than_ink(name: str) -> None:
    for seed in range(8):
        paper = PAPERS[name](generator(seed), 150, 50, 30.0)
        assert paper.shape == (50, 150, 3)
        assert paper.dtype == np.float32
        assert 90 < np.median(paper) < 256


def test_lined_paper_has_lines() -> None:
    """Rows, or columns, differ far more among each other than they do within."""
    rows = [PAPERS["lined"](generator(seed), 150, 90, 30.0).mean((1, 2)).std() for seed in range(8)]
    plain = [PAPERS["blank"](generator(seed), 150, 90, 30.0).mean((1, 2)).std() for seed in range(8)]
    assert np.median(rows) > 4 * np.median(plain)


def test_digits_stand_in_their_order_and_apart() -> None:
    for seed in range(10):
        ink = write_number(some_digits("40192"), OURS, generator(seed), upright(), CLEAR, marks=0)
        assert len(ink.boxes) == 5
        lefts = [x for x, _, _, _ in ink.boxes]
        assert lefts == sorted(lefts)
        assert all(0.5 * 40 < h < 1.6 * 40 for _, _, _, h in ink.boxes)


def inked(mask: np.ndarray) -> int:
    """How many separate pieces of ink there are."""
    return int(cv2.connectedComponents((mask > 100).astype(np.uint8))[0]) - 1


def test_the_gap_decides_whether_digits_touch() -> None:
    apart = [
        inked(write_number(some_digits("3333"), OURS, generator(seed), upright(), CLEAR, marks=0).mask)
        for seed in range(12)
    ]
    touching = [
        inked(
            write_number(
                some_digits("3333"), OURS, generator(seed), upright(), Spacing(-0.06, tight=0.0), marks=0
            ).mask
        )
        for seed in range(12)
    ]
    assert np.median(apart) == 4
    assert np.median(touching) == 1


def test_marks_add_ink_but_no_digits() -> None:
    bare = write_number(some_digits("1234567"), OURS, generator(5), upright(), CLEAR, marks=0)
    widths = []
    for seed in range(30):
        ink = write_number(some_digits("1234567"), OURS, generator(seed), upright(), CLEAR, marks=2.0)
        assert len(ink.boxes) == 7
        widths.append(ink.mask.shape[1])
    assert np.median(widths) > 1.1 * bare.mask.shape[1]


@pytest.mark.parametrize("name", MARKS)
def test_every_mark_lies_where_it_belongs(name: str) -> None:
    blot = mark(name, upright(), generator(1))
    bottom = blot.top + len(blot.mask)
    assert blot.mask.max() > 150
    assert -0.9 * 40 < bottom < 0.7 * 40
    if name in ("dot", "comma"):
        assert blot.top > -0.4 * 40
    if name in ("dollar", "euro", "pound", "yen"):
        assert len(blot.mask) > 0.9 * 40


def test_the_lists_of_marks_name_marks() -> None:
    assert {*LEADING, *" ".join(TRAILING).replace("crossed dash", "crossed-dash").split()} <= {
        name.replace(" ", "-") for name in MARKS
    }


def test_a_picture_of_a_digit_is_enlarged_without_a_veil() -> None:
    picture = np.zeros((28, 28), np.uint8)
    picture[4:24, 9:12] = 255
    picture[21:24, 9:20] = 255
    for seed in range(20):
        blot = from_picture(picture, upright(), generator(seed), 1.0)
        assert abs(len(blot.mask) - 40) < 8
        assert not blot.mask[: len(blot.mask) // 3, -6:].any()  # else the ground around the digit is grey
        assert blot.top == -len(blot.mask)


def test_a_writer_without_a_digit_borrows_it() -> None:
    ways = [np.array([[0, 0], [1, 5]], np.float32)]
    samples = [StrokeSample(tuple(ways), digit, "a") for digit in range(10)]
    samples += [StrokeSample(tuple(ways), 3, "b")] * 4
    writers = by_writer(samples)
    assert [len(one) for one in writers[1]] == [1, 1, 1, 4, 1, 1, 1, 1, 1, 1]


def test_the_hand_made_shapes_have_every_digit() -> None:
    assert all(len(ways) >= 3 for ways in hand_made())


def test_the_training_begins_with_the_reader_of_captchas() -> None:
    recipe = RECIPES["numbers"]
    begun, captcha = recipe.begin(), RECIPES["captcha"].begin()
    assert recipe.start == "captcha"
    assert recipe.describe()["start"] == "captcha"
    first = next(iter(begun.parameters))
    assert (
        np.abs(begun.parameters[first] - captcha.parameters[first]).max() > 0.01
    )  # captcha begins at random
    begun.parameters[first][...] = 0  # it is its own, free to be trained
    assert recipe.begin().parameters[first].any()


def test_what_is_kept_aside_is_never_learnt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tuning's pictures are MNIST's last 5,000; the missing data is named with its source."""
    learn = Dataset(np.full((10, 28, 28), 1, np.uint8), np.arange(10), "mnist")
    aside = Dataset(np.full((10, 28, 28), 2, np.uint8), np.arange(10), "mnist")
    monkeypatch.setattr(number_sources.datasets, "load", lambda name: Splits(learn, aside, aside))
    with pytest.raises(DataUnavailable, match="pendigits_train"):
        number_sources.tuning_sources(tmp_path)
    monkeypatch.setattr(number_sources, "held_out_pendigits", lambda folder, samples: _everything())
    tuning = number_sources.tuning_sources(tmp_path)
    assert all((images == 2).all() for images in tuning.pictures)
    assert not tuning.shapes


def _everything() -> list[StrokeSample]:
    way = (np.array([[0, 0], [1, 5], [2, 0]], np.float32),)
    return [StrokeSample(way, digit, "30") for digit in range(10)]

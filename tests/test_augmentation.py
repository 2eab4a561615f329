import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier

from engine.augmentation import Strength, augment, distort, pen_widths, with_pen
from engine.datasets import Dataset, load
from engine.ink import fit_digit
from engine.strokes import render

STILL = Strength(**dict.fromkeys(Strength.__dataclass_fields__, 0.0))


def some_digits(count: int) -> np.ndarray:
    """Scikit-learn's digits, as pictures like MNIST's."""
    return np.stack([fit_digit(image) for image in load("digits-8x8").train.images[:count]])


def bar(width: int) -> np.ndarray:
    image = np.zeros((28, 28), np.uint8)
    image[4:24, 10 : 10 + width] = 255
    return image


def test_the_same_seed_gives_the_same_pictures() -> None:
    images = some_digits(40)
    before = images.copy()
    first, again, other = (augment(images, np.random.default_rng(seed)) for seed in (5, 5, 6))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert np.array_equal(images, before)
    assert first.dtype == np.uint8
    assert first.shape == images.shape


def test_each_picture_is_changed_in_its_own_way() -> None:
    copies = augment(np.repeat(some_digits(1), 20, axis=0), np.random.default_rng(0))
    assert len({copy.tobytes() for copy in copies}) == 20


def test_distort_is_augment_at_twice_the_size() -> None:
    images = some_digits(10)
    fine = distort(images, np.random.default_rng(0))
    assert fine.shape == (10, 56, 56)
    small = fine.reshape(10, 28, 2, 28, 2).mean((2, 4))
    assert np.abs(augment(images, np.random.default_rng(0)) - small).max() <= 1


def test_no_strength_changes_next_to_nothing() -> None:
    images = some_digits(20)
    assert np.abs(augment(images, np.random.default_rng(0), STILL).astype(int) - images).mean() < 3


def test_no_pictures_and_other_sizes() -> None:
    rng = np.random.default_rng(0)
    assert augment(np.zeros((0, 28, 28), np.uint8), rng).shape == (0, 28, 28)
    assert augment(np.full((2, 20, 32), 200, np.uint8), rng).shape == (2, 20, 32)


def test_blank_stays_blank() -> None:
    calm = Strength(noisy=0, specked=0)
    assert not augment(np.zeros((30, 28, 28), np.uint8), np.random.default_rng(0), calm).any()


def test_shift_keeps_to_its_limit() -> None:
    image = np.zeros((200, 28, 28), np.uint8)
    image[:, 12:16, 12:16] = 255  # its centre is (13.5, 13.5)
    moved = augment(image, np.random.default_rng(0), Strength(**{**vars(STILL), "shift": 3.0})).astype(float)
    down = (moved.sum(2) * np.arange(28)).sum(1) / moved.sum((1, 2)) - 13.5
    across = (moved.sum(1) * np.arange(28)).sum(1) / moved.sum((1, 2)) - 13.5
    for way in (down, across):
        assert 2.5 < np.abs(way).max() <= 3.05
        assert abs(way.mean()) < 0.4


def test_turns_keep_to_fifteen_degrees() -> None:
    images = np.repeat(bar(3)[None], 200, axis=0)
    wild = augment(images, np.random.default_rng(0), Strength(**{**vars(STILL), "rotation": 5.0})).astype(
        float
    )
    rows = np.arange(6, 22)
    middle = (wild[:, rows] * np.arange(28)).sum(2) / wild[:, rows].sum(2)  # of each row's ink
    slopes = np.array([np.polyfit(rows, line, 1)[0] for line in middle])
    assert 0.22 < np.abs(slopes).max() < 0.28  # tan 15 degrees is 0.268
    assert slopes.min() < 0 < slopes.max()


@pytest.mark.parametrize("width", [2.0, 3.0, 4.0])
def test_pen_width_is_judged(width: float) -> None:
    ring = np.array([[14 + 8 * np.cos(a), 14 + 8 * np.sin(a)] for a in np.linspace(0, 6.2, 40)], np.float32)
    assert pen_widths(render([ring], width, 28)[None])[0] == pytest.approx(width, rel=0.2)


@pytest.mark.parametrize("growth", [-2.0, -1.0, -0.5, 0.0, 0.6, 1.5, 3.0])
def test_the_pen_grows_as_asked(growth: float) -> None:
    row = with_pen(bar(6), growth)[14].astype(float) / 255
    assert row.sum() == pytest.approx(6 + growth, abs=0.06)


def test_thin_pens_are_not_lost() -> None:
    thin = Strength(**{**vars(STILL), "pen": 3.0})
    pictures = augment(np.repeat(bar(2)[None], 100, axis=0), np.random.default_rng(0), thin)
    assert pictures.max((1, 2)).min() > 120
    inked = pictures.sum((1, 2)) / 255 / 20
    assert 1 < inked.min() < 2 < inked.max() < 5.5


def test_digits_stay_what_they_were() -> None:
    """A nearest-neighbour reader that knows other distorted digits reads most of these."""
    splits = load("digits-8x8")
    rng = np.random.default_rng(0)

    def distorted(data: Dataset, times: int) -> tuple[np.ndarray, np.ndarray]:
        pictures = np.stack([fit_digit(image) for image in data.images] * times)
        small = [fit_digit(image, 8) for image in augment(pictures, rng)]
        return np.stack(small).reshape(len(small), -1), np.tile(data.labels, times)

    reader = KNeighborsClassifier(3).fit(*distorted(splits.train.take(900), 3))
    assert reader.score(*distorted(splits.test, 2)) > 0.8  # of 8x8 pixels; a tenth would be chance

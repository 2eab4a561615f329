"""The fitting of ink: hardly a matter of place, scale and pen, and never a crash."""

import cv2
import numpy as np
import pytest
from sklearn.datasets import load_digits

from engine.ink import fit_digit
from tests.drawings import difference, drawn, likeness

DIGITS = range(10)


def centre_of_mass(picture: np.ndarray) -> tuple[float, float]:
    y, x = np.indices(picture.shape)
    return float((picture * x).sum() / picture.sum()), float((picture * y).sum() / picture.sum())


def holes(picture: np.ndarray) -> int:
    """How many pieces of ground the ink encloses."""
    ground = cv2.copyMakeBorder((picture < 128).astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=1)
    return int(cv2.connectedComponents(ground, connectivity=4)[0]) - 2


def pen_width(picture: np.ndarray) -> float:
    """The mean width of the strokes: the ink's area for the length of its middle line."""
    large = cv2.resize(picture, None, fx=8, fy=8, interpolation=cv2.INTER_LINEAR)
    mask = (large > 127).astype(np.uint8)
    distance = cv2.distanceTransform(mask, cv2.DIST_L2, 5)
    ridge = (distance >= cv2.dilate(distance, np.ones((3, 3)))) & (mask > 0)
    return float(2 * np.median(distance[ridge])) / 8


# --- the look ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("digit", DIGITS)
def test_a_drawing_gets_mnists_box_and_centre(digit: int) -> None:
    picture = fit_digit(drawn(digit))
    rows, columns = np.nonzero(picture.max(1) > 40)[0], np.nonzero(picture.max(0) > 40)[0]
    longer = max(rows[-1] - rows[0], columns[-1] - columns[0]) + 1
    assert 19 <= longer <= 21
    assert centre_of_mass(picture) == pytest.approx((14, 14), abs=0.3)
    assert picture.max() == 255
    assert picture.dtype == np.uint8
    assert picture.shape == (28, 28)


def test_the_ink_is_not_changed() -> None:
    ink = drawn(4)
    before = ink.copy()
    fit_digit(ink)
    np.testing.assert_array_equal(ink, before)


def test_faint_ink_gets_full_contrast() -> None:
    ink = drawn(6)
    assert difference(fit_digit(ink // 5), fit_digit(ink)) < 1.5


def test_a_vertical_line_stays_a_line() -> None:
    ink = np.zeros((280, 280), np.uint8)
    ink[40:240, 200:208] = 255
    picture = fit_digit(ink)
    columns = np.nonzero(picture.max(0) > 25)[0]
    rows = np.nonzero(picture.max(1) > 25)[0]
    assert columns[-1] - columns[0] + 1 <= 4
    assert rows[-1] - rows[0] + 1 >= 19


# --- what makes no difference -----------------------------------------------------------------------------


@pytest.mark.parametrize("centre", [(80, 90), (200, 85.5), (77.25, 190), (200, 195)])
def test_the_place_makes_no_difference(centre: tuple[float, float]) -> None:
    for digit in DIGITS:
        moved = fit_digit(drawn(digit, centre=centre))
        assert difference(moved, fit_digit(drawn(digit))) < 6, digit


@pytest.mark.parametrize("scale", [0.25, 0.5, 1.7, 6])
def test_the_scale_makes_hardly_a_difference(scale: float) -> None:
    for digit in DIGITS:
        scaled = drawn(digit, height=150 * scale, pen=12 * scale, canvas=round(280 * max(1, scale)))
        assert difference(fit_digit(scaled), fit_digit(drawn(digit))) < 8, digit


@pytest.mark.parametrize("pen", [1, 3, 8, 20])
def test_the_pen_makes_hardly_a_difference(pen: float) -> None:
    for digit in DIGITS:
        assert difference(fit_digit(drawn(digit, pen=pen)), fit_digit(drawn(digit))) < 10, digit
        assert likeness(fit_digit(drawn(digit, pen=pen)), fit_digit(drawn(digit))) > 0.95, digit


def test_different_digits_stay_different() -> None:
    pictures = [fit_digit(drawn(digit)) for digit in DIGITS]
    nearest = min(difference(pictures[a], pictures[b]) for a in DIGITS for b in range(a))
    assert nearest > 15


@pytest.mark.parametrize("pen", [1, 2, 12, 30, 40])
def test_every_pen_becomes_one_that_mnist_knows(pen: float) -> None:
    for digit in DIGITS:
        assert 1.8 <= pen_width(fit_digit(drawn(digit, height=210, pen=pen))) <= 4.5, digit


@pytest.mark.parametrize("pen", [1, 4, 15, 34])
@pytest.mark.parametrize(("digit", "loops"), [(0, 1), (3, 0), (6, 1), (7, 0), (8, 2), (9, 1)])
def test_loops_survive_every_pen(digit: int, loops: int, pen: float) -> None:
    assert holes(fit_digit(drawn(digit, height=210, pen=pen))) == loops


def test_a_picture_fitted_already_stays_as_it_is() -> None:
    images = load_digits().images[:300].astype(np.float32) * (255 / 16)
    large = [cv2.resize(image, (80, 80), interpolation=cv2.INTER_LINEAR) for image in images]
    once = [fit_digit(image.astype(np.uint8)) for image in large]
    changes = [difference(fit_digit(picture), picture) for picture in once]
    assert np.mean(changes) < 3  # of 255; different digits differ by 36
    assert np.mean(np.array(changes) < 0.2) > 0.5


# --- specks and odd inputs --------------------------------------------------------------------------------


def test_a_stray_dot_does_not_move_the_digit() -> None:
    for digit in DIGITS:
        ink = drawn(digit, height=100, centre=(180, 180))
        spotted = ink.copy()
        cv2.circle(spotted, (15, 20), 7, 255, -1)
        assert difference(fit_digit(spotted), fit_digit(ink)) < 4, digit


def test_the_bar_of_a_five_is_no_speck() -> None:
    whole = drawn(5)
    top = np.nonzero(whole.max(1))[0][0]
    parted = whole.copy()
    parted[top + 16 : top + 24] = 0  # the bar has come off
    assert likeness(fit_digit(parted), fit_digit(whole)) > 0.9


@pytest.mark.parametrize("shape", [(28, 28), (1, 1), (3, 400), (0, 7), (0, 0)])
@pytest.mark.parametrize("size", [8, 28])
def test_no_ink_is_a_blank_picture(shape: tuple[int, int], size: int) -> None:
    assert not fit_digit(np.zeros(shape, np.uint8), size).any()


def test_one_pixel_and_a_dot_of_the_pen_stay_dots() -> None:
    pixel = np.zeros((200, 200), np.uint8)
    pixel[30, 170] = 3
    blot = cv2.circle(np.zeros((200, 200), np.uint8), (60, 60), 9, 255, -1)
    for ink in (pixel, blot):
        picture = fit_digit(ink)
        assert picture.max() == 255
        assert np.count_nonzero(picture) <= 40
        assert centre_of_mass(picture) == pytest.approx((14, 14), abs=0.5)


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (20_000, 3), (20, 20_000), (64, 64), (2, 2)])
def test_solid_ink_of_any_shape_fits(shape: tuple[int, int]) -> None:
    for size in (8, 28):
        picture = fit_digit(np.full(shape, 255, np.uint8), size)
        assert picture.shape == (size, size)
        assert picture.max() == 255


def test_random_ink_never_fails() -> None:
    rng = np.random.default_rng(0)
    for _ in range(300):
        height, width = (2 ** rng.uniform(0, 7, 2)).astype(int)
        ink = (rng.random((height, width)) < rng.choice([0.01, 0.1, 0.5, 0.99])) * rng.integers(1, 256)
        picture = fit_digit(ink.astype(np.uint8))
        assert picture.any() == ink.any()


@pytest.mark.parametrize(
    "ink", [np.zeros((28, 28)), np.zeros((28, 28, 3), np.uint8), np.zeros(784, np.uint8)]
)
def test_what_is_no_ink_is_refused(ink: np.ndarray) -> None:
    with pytest.raises(ValueError, match="uint8 array"):
        fit_digit(ink)


# --- 8 x 8 ------------------------------------------------------------------------------------------------


def test_small_pictures_fill_their_box_as_scikit_learns_do() -> None:
    for digit in DIGITS:
        picture = fit_digit(drawn(digit), size=8)
        assert picture.shape == (8, 8)
        assert picture[0].max() > 60
        assert picture[-1].max() > 60
        columns = np.nonzero(picture.max(0))[0]
        assert abs(columns[0] - (7 - columns[-1])) <= 1


def test_scikit_learns_own_digits_stay_much_as_they_are() -> None:
    images = (load_digits().images[:300] * (255 / 16)).astype(np.uint8)
    assert np.median([likeness(fit_digit(image, 8), image) for image in images]) > 0.97

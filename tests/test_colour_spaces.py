"""Colours in other numbers: against published values and OpenCV, and there and back."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from engine.colour_spaces import (
    lab_from_linear,
    lab_from_srgb,
    linear_from_lab,
    linear_from_srgb,
    srgb_from_lab,
    srgb_from_linear,
    to_bytes,
)

# Under D65 and the 2° observer, as Bruce Lindbloom's calculator and the documentation of colour libraries
# have them.
PUBLISHED = {
    (255, 0, 0): (53.2408, 80.0925, 67.2032),
    (0, 255, 0): (87.7347, -86.1827, 83.1793),
    (0, 0, 255): (32.2970, 79.1875, -107.8602),
    (255, 255, 0): (97.1393, -21.5537, 94.4780),
    (0, 255, 255): (91.1132, -48.0875, -14.1312),
    (255, 0, 255): (60.3242, 98.2343, -60.8249),
    (255, 255, 255): (100.0, 0.0, 0.0),
    (0, 0, 0): (0.0, 0.0, 0.0),
    (128, 128, 128): (53.5850, 0.0, 0.0),
}


def all_sorts(seed: int = 0) -> np.ndarray:
    """Every gray, every corner of the cube, and colours at random: (N, 3) uint8."""
    grays = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1)
    steps = np.array([0, 1, 2, 10, 11, 254, 255], np.uint8)  # 10 | 11: where the curve of sRGB begins
    corners = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(-1, 3)
    chance = np.random.default_rng(seed).integers(0, 256, (50_000, 3), dtype=np.uint8)
    return np.concatenate([grays, corners, chance])


@pytest.mark.parametrize("rgb", PUBLISHED)
def test_published_values(rgb: tuple[int, int, int]) -> None:
    lab = lab_from_srgb(np.array([rgb], np.uint8))[0]
    np.testing.assert_allclose(lab, PUBLISHED[rgb], atol=5e-4)
    back = srgb_from_lab(np.array([PUBLISHED[rgb]], np.float32))[0]
    np.testing.assert_allclose(back, np.array(rgb) / 255, atol=2e-4)


def test_the_curve_of_srgb() -> None:
    srgb = np.array([0, 0.02, 0.04045, 0.5, 1], np.float32)
    linear = [0, 0.0015480, 0.0031308, 0.2140411, 1]
    np.testing.assert_allclose(linear_from_srgb(srgb), linear, atol=1e-6)
    np.testing.assert_allclose(srgb_from_linear(np.array(linear)), srgb, atol=1e-5)


def test_against_opencv() -> None:
    colours = all_sorts()
    floats = colours.astype(np.float32) / np.float32(255)
    theirs = cv2.cvtColor(floats[None], cv2.COLOR_RGB2Lab)[0]
    apart = np.abs(lab_from_srgb(colours) - theirs)  # OpenCV reads its curves from tables
    assert apart.max() < 0.6
    assert apart.mean() < 0.1
    np.testing.assert_allclose(cv2.cvtColor(theirs[None], cv2.COLOR_Lab2RGB)[0], floats, atol=0.02)


def test_there_and_back() -> None:
    colours = all_sorts()
    np.testing.assert_array_equal(to_bytes(srgb_from_lab(lab_from_srgb(colours))), colours)
    linear = linear_from_srgb(colours)
    np.testing.assert_array_equal(to_bytes(srgb_from_linear(linear)), colours)
    np.testing.assert_allclose(linear_from_lab(lab_from_linear(linear)), linear, atol=1e-5)


def test_bytes_and_floats_are_the_same_colours() -> None:
    colours = all_sorts()
    np.testing.assert_allclose(linear_from_srgb(colours / 255), linear_from_srgb(colours), atol=1e-6)
    np.testing.assert_allclose(lab_from_srgb(colours / 255), lab_from_srgb(colours), atol=1e-3)


def test_gray_has_no_colour_and_lightness_rises() -> None:
    lab = lab_from_srgb(np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1))
    assert np.abs(lab[:, 1:]).max() < 1e-3
    assert (np.diff(lab[:, 0]) > 0).all()


def test_the_shape_of_a_picture_stays() -> None:
    for shape in ((3,), (1, 1, 3), (4, 7, 3), (0, 5, 3), (2, 4, 7, 3)):
        lab = lab_from_srgb(np.full(shape, 99, np.uint8))
        assert lab.shape == shape
        assert lab.dtype == srgb_from_lab(lab).dtype == np.float32


def test_colours_that_no_screen_has_are_kept() -> None:
    lab = np.array([[50, 128, -128], [50, -128, 128], [100, 60, 60], [0, 40, -40]], np.float32)
    srgb = srgb_from_lab(lab)
    assert np.isfinite(srgb).all()
    assert ((srgb < 0) | (srgb > 1)).any(axis=1).all()
    mild = lab * np.array([1, 0.5, 0.5], np.float32)
    np.testing.assert_allclose(lab_from_srgb(srgb_from_lab(mild))[:2], mild[:2], atol=0.01)
    assert to_bytes(srgb).dtype == np.uint8


def test_to_bytes_rounds_and_cuts() -> None:
    np.testing.assert_array_equal(
        to_bytes(np.array([-3, 0, 0.4999 / 255, 0.501 / 255, 1, 7])), [0, 0, 0, 1, 255, 255]
    )


def test_whole_numbers_are_bytes() -> None:
    with pytest.raises(ValueError, match="uint8, or float from 0 to 1, not int64"):
        linear_from_srgb(np.array([255]))

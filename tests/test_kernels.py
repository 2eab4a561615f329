"""The kernel bench against OpenCV, and the learned kernels against the layer that uses them."""

from typing import Any

import cv2
import numpy as np
import pytest

from engine.checkpoint import load_pretrained
from engine.ink import fit_digit
from engine.kernels import CLASSIC, apply, learned, picture_weights
from engine.preprocessing import to_network_input
from tests.drawings import drawn

BY_NAME = {kernel.name: kernel.weights for kernel in CLASSIC}
INK: Any = fit_digit(drawn(5), 28).astype(np.float32) / 255


@pytest.mark.parametrize("name", list(BY_NAME))
def test_every_kernel_filters_as_opencv_does(name: str) -> None:
    expected = cv2.filter2D(INK, cv2.CV_32F, BY_NAME[name], borderType=cv2.BORDER_CONSTANT)
    np.testing.assert_allclose(apply(INK, BY_NAME[name]), expected, atol=2e-6)


def test_named_kernels_are_opencvs_own() -> None:
    zeros = cv2.BORDER_CONSTANT
    pairs = {
        "Sobel across": cv2.Sobel(INK, cv2.CV_32F, 1, 0, ksize=3, borderType=zeros),
        "Sobel down": cv2.Sobel(INK, cv2.CV_32F, 0, 1, ksize=3, borderType=zeros),
        "Blur": cv2.blur(INK, (3, 3), borderType=zeros),
        "Sharpen": INK - cv2.Laplacian(INK, cv2.CV_32F, ksize=1, borderType=zeros),
        "Edge": 9 * (INK - cv2.blur(INK, (3, 3), borderType=zeros)),
    }
    assert pairs.keys() == BY_NAME.keys()
    for name, expected in pairs.items():
        np.testing.assert_allclose(apply(INK, BY_NAME[name]), expected, atol=5e-6, err_msg=name)


@pytest.mark.parametrize("size", [1, 3, 5, 7])
def test_kernels_of_ones_own(size: int) -> None:
    rng = np.random.default_rng(size)
    picture, kernel = (rng.normal(size=shape).astype(np.float32) for shape in ((17, 23), (size, size)))
    expected = cv2.filter2D(picture, cv2.CV_32F, kernel, borderType=cv2.BORDER_CONSTANT)
    np.testing.assert_allclose(apply(picture, kernel), expected, atol=1e-5)


def test_an_even_kernel_has_no_middle_and_gives_one_less() -> None:
    kernel = np.array([[1, 2], [3, 4]], np.float32)
    expected = cv2.filter2D(INK, cv2.CV_32F, kernel, anchor=(0, 0), borderType=cv2.BORDER_CONSTANT)
    np.testing.assert_allclose(apply(INK, kernel), expected[:-1, :-1], atol=1e-5)


def test_a_kernel_is_square() -> None:
    with pytest.raises(ValueError, match="square"):
        apply(INK, np.ones((3, 5), np.float32))


def test_learned_kernels_do_what_the_first_layer_does() -> None:
    network = load_pretrained("digits")
    kernels = learned(network)
    assert kernels is not None
    assert kernels.shape == (32, 5, 5)
    given = network.layers[0].predict(to_network_input(INK[None], network.preprocessing))[0]
    for channel in (0, 13, 31):
        np.testing.assert_allclose(apply(INK, kernels[channel]), given[..., channel], atol=1e-5)


def test_a_network_without_kernels_has_weights_as_large_as_the_picture() -> None:
    network = load_pretrained("mlp-100")
    assert learned(network) is None
    weights = picture_weights(network)
    assert weights is not None
    assert weights.shape == (100, 28, 28)
    given = network.layers[1].predict(INK.reshape(1, -1))[0]
    bias = network.parameters["1.bias"]
    np.testing.assert_allclose((weights * INK).sum(axis=(1, 2)) + bias, given, atol=1e-4)
    assert picture_weights(load_pretrained("lenet-5")) is None

"""Classic kernels: 3 × 3 weights that people chose, beside those that a network found by learning."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.convolution import convolve
from engine.layers import Conv2D, Dense, Flatten
from engine.network import Network


@dataclass(frozen=True)
class Kernel:
    """weights: (k, k) float32; about: what it does to a picture, in a sentence."""

    name: str
    weights: np.ndarray
    about: str


def _kernel(name: str, rows: list[list[float]], about: str, divisor: float = 1) -> Kernel:
    weights = np.array(rows, np.float32) / np.float32(divisor)
    weights.setflags(write=False)
    return Kernel(name, weights, about)


CLASSIC = (
    _kernel(
        "Sobel across",
        [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]],
        "Finds upright edges: right minus left.",
    ),
    _kernel(
        "Sobel down",
        [[-1, -2, -1], [0, 0, 0], [1, 2, 1]],
        "Finds level edges: below minus above.",
    ),
    _kernel(
        "Edge",
        [[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]],
        "Finds every edge: a pixel minus those around it.",
    ),
    _kernel(
        "Sharpen",
        [[0, -1, 0], [-1, 5, -1], [0, -1, 0]],
        "Makes edges harder: a pixel plus its difference from its neighbours.",
    ),
    _kernel("Blur", [[1, 1, 1], [1, 1, 1], [1, 1, 1]], "The mean of nine pixels.", 9),
)


def apply(picture: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Slide a kernel (k, k) over a picture (H, W): float32 (H, W), or one less each way where k is even.

    Zeros lie around the picture. As in a network the kernel is not turned: this is cross-correlation.
    """
    size = weights.shape[0]
    if weights.shape != (size, size):
        raise ValueError(f"a kernel is square, not {weights.shape}")
    x = np.ascontiguousarray(picture, np.float32)[None, :, :, None]
    weight = np.ascontiguousarray(weights, np.float32)[:, :, None, None]
    return convolve(x, weight, pad=(size - 1) // 2)[0, :, :, 0]


def learned(network: Network) -> np.ndarray | None:
    """The kernels of the first layer, (kernels, k, k), where that is a convolution of one channel."""
    first = network.layers[0]
    if isinstance(first, Conv2D) and first.parameters["weight"].shape[2] == 1:
        return np.moveaxis(first.parameters["weight"][:, :, 0], -1, 0)
    return None


def picture_weights(network: Network) -> np.ndarray | None:
    """The weights of the first layer, (neurons, H, W), where each neuron looks at the whole picture."""
    layers = [layer for layer in network.layers[:2] if not isinstance(layer, Flatten)]
    height, width, channels = network.input_shape
    if not layers or not isinstance(layers[0], Dense) or channels != 1:
        return None
    return layers[0].parameters["weight"].T.reshape(-1, height, width)

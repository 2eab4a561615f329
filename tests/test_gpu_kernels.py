"""The kernels of CUDA against the lines of the engine that they stand for; only where CuPy finds a GPU."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from engine import any_convolution, gpu_kernels
from engine.gpu import NoGPU, cupy
from engine.regularization import BatchNorm
from tests.foreign_array import NAMESPACE, foreign

RNG = np.random.default_rng(0)


@pytest.fixture
def xp() -> Any:
    try:
        return cupy()
    except NoGPU as error:
        pytest.skip(str(error))


@pytest.mark.parametrize(
    ("shape", "kernel", "stride", "pad"),
    [((3, 17, 13, 8), 3, 1, 1), ((2, 16, 16, 4), 4, 4, 0), ((2, 10, 12, 5), 3, 2, 1)],
)
def test_neighbourhoods(xp: Any, shape: tuple[int, ...], kernel: int, stride: int, pad: int) -> None:
    x = RNG.standard_normal(shape, np.float32)
    expected = any_convolution.patches(foreign(x), kernel, stride, pad).get()
    found = any_convolution.patches(xp.asarray(x), kernel, stride, pad).get()
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("relu", [False, True])
def test_batch_normalisation(xp: Any, relu: bool) -> None:
    x, dy = RNG.standard_normal((2, 5, 9, 11, 96), np.float32)
    results = []
    for asarray in (xp.asarray, foreign):
        layer = BatchNorm(96)
        layer.parameters = {name: asarray(array) for name, array in layer.parameters.items()}
        layer.buffers = {name: asarray(array) for name, array in layer.buffers.items()}
        y, backward = layer._forward_batch(asarray(x), relu)
        dx, gradients = backward(asarray(dy))
        parts = (y, dx, gradients["scale"], gradients["shift"], *layer.buffers.values())
        results.append([part.get() for part in parts])
    for found, expected in zip(*results, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


def test_only_cupys_arrays_have_kernels() -> None:
    assert not gpu_kernels.has_kernels(np, np.zeros(3, np.float32))
    assert not gpu_kernels.has_kernels(NAMESPACE, foreign(np.zeros(3, np.float32)))

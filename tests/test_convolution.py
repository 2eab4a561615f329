"""Convolution against four plain loops, whatever way the engine takes to the same numbers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pytest

from engine import inference, winograd
from engine.any_convolution import max_pool, output_size
from engine.convolution import convolve, convolve_gradients
from engine.layers import Conv2D, Layer, MaxPool2D, ReLU
from tests.foreign_array import foreign, here

TOLERANCE = {np.dtype(np.float32): 5e-5, np.dtype(np.float64): 1e-10}  # of the largest number


def naive(x: np.ndarray, weight: np.ndarray, stride: int, pad: int) -> np.ndarray:
    """Four loops: over the rows and columns of the output, and over those of the kernel."""
    kernel, outputs = weight.shape[0], weight.shape[3]
    around = np.pad(x.astype(np.float64), ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    rows = (around.shape[1] - kernel) // stride + 1
    columns = (around.shape[2] - kernel) // stride + 1
    y = np.zeros((len(x), rows, columns, outputs))
    for r in range(rows):
        for c in range(columns):
            for i in range(kernel):
                for j in range(kernel):
                    y[:, r, c] += around[:, r * stride + i, c * stride + j] @ weight[i, j]
    return y


def shifted(x: np.ndarray, weight: np.ndarray, stride: int, pad: int) -> np.ndarray:
    """The same by shifting the whole image for each number of the kernel: for images too large for loops."""
    kernel = weight.shape[0]
    around = np.pad(x.astype(np.float64), ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    rows = (around.shape[1] - kernel) // stride + 1
    columns = (around.shape[2] - kernel) // stride + 1
    y = np.zeros((len(x), rows, columns, weight.shape[3]))
    for i in range(kernel):
        for j in range(kernel):
            part = around[:, i : i + rows * stride : stride, j : j + columns * stride : stride]
            y += part @ weight[i, j].astype(np.float64)
    return y


def pooled(y: np.ndarray) -> np.ndarray:
    n, rows, columns, channels = y.shape
    even = y[:, : rows // 2 * 2, : columns // 2 * 2]
    return even.reshape(n, rows // 2, 2, columns // 2, 2, channels).max(axis=(2, 4))


def close(found: np.ndarray, expected: np.ndarray) -> None:
    assert found.shape == expected.shape
    tolerance = TOLERANCE[found.dtype] * max(1.0, float(np.abs(expected).max(initial=0)))
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance)


@dataclass(frozen=True)
class Problem:
    images: int
    height: int
    width: int
    inputs: int
    outputs: int
    kernel: int
    stride: int = 1
    pad: int = 0
    dtype: type[np.floating] = np.float32

    def __str__(self) -> str:
        sizes = f"{self.images}x{self.height}x{self.width}x{self.inputs}-{self.outputs}"
        return f"{sizes} k{self.kernel} s{self.stride} p{self.pad} {np.dtype(self.dtype).name}"

    def arrays(self) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng((self.images, self.height, self.inputs, self.kernel))
        x = rng.standard_normal((self.images, self.height, self.width, self.inputs))
        weight = rng.standard_normal((self.kernel, self.kernel, self.inputs, self.outputs))
        return x.astype(self.dtype), (weight / np.sqrt(weight[..., 0].size)).astype(self.dtype)

    def layer(self) -> Conv2D:
        """The same weight with a bias."""
        sizes = (self.inputs, self.outputs, self.kernel, self.stride)
        layer = Conv2D(*sizes, padding="same" if self.pad else "valid")
        bias = np.linspace(-1, 1, self.outputs).astype(self.dtype)
        layer.parameters = {"weight": self.arrays()[1], "bias": bias}
        return layer

    def output(self) -> np.ndarray:
        """Random numbers of the shape of the result."""
        rows, columns = (
            output_size(size, self.kernel, self.stride, self.pad) for size in (self.height, self.width)
        )
        shape = (self.images, rows, columns, self.outputs)
        return np.random.default_rng(4).standard_normal(shape).astype(self.dtype)


def random_problems(count: int) -> list[Problem]:
    """Every kernel from 1 to 5 and stride from 1 to 3, odd sizes, one image and several, few channels and
    many.
    """
    rng = np.random.default_rng(0)
    problems: list[Problem] = []
    while len(problems) < count:
        kernel, stride = int(rng.integers(1, 6)), int(rng.choice([1, 1, 1, 2, 3]))
        pad = (kernel - 1) // 2 if kernel % 2 and rng.random() < 0.5 else 0
        height, width = rng.integers(max(1, kernel - 2 * pad), 14, 2)
        inputs, outputs = rng.choice([1, 2, 3, 5, 8, 16, 24, 48, 64], 2)
        dtype = (np.float32, np.float64)[int(rng.integers(2))]
        images = int(rng.choice([1, 1, 2, 5]))
        sizes = (int(height), int(width), int(inputs), int(outputs))
        problems.append(Problem(images, *sizes, kernel, stride, pad, dtype))
    return problems


SMALL = [
    *random_problems(60),
    Problem(1, 1, 1, 1, 1, 1),
    Problem(1, 3, 3, 64, 64, 3),  # one place only
    Problem(1, 1, 1, 64, 64, 3, pad=1),
    Problem(2, 6, 6, 64, 64, 3),
    Problem(1, 12, 12, 48, 48, 3),  # whole tiles of 4 × 4
    Problem(3, 13, 11, 48, 48, 3, pad=1),
    Problem(3, 13, 11, 24, 64, 3, pad=1, dtype=np.float64),
    Problem(2, 10, 14, 64, 24, 3),
    Problem(2, 9, 9, 64, 64, 3, stride=2, pad=1),
    Problem(2, 9, 9, 64, 64, 5, pad=2),
    Problem(2, 28, 28, 1, 32, 5, pad=2),
    Problem(1, 32, 32, 1, 6, 5),
    Problem(4, 14, 14, 6, 16, 5),
]
MANY_CHANNELS = Problem(2, 12, 12, 48, 48, 3, pad=1)
LARGE = [
    Problem(2, 150, 130, 16, 16, 3, pad=1),  # the patches of one image are larger than any cache
    Problem(1, 301, 299, 1, 8, 5, pad=2),
    Problem(1, 203, 201, 3, 8, 3),
    Problem(1, 257, 255, 12, 8, 3, stride=2, pad=1),
    Problem(1, 97, 101, 64, 64, 3, pad=1),
    Problem(9, 28, 28, 48, 48, 3, pad=1),
    Problem(70, 8, 8, 24, 64, 3),
    Problem(300, 6, 6, 8, 8, 3, pad=1),
    Problem(40, 28, 28, 1, 32, 5, pad=2),
    Problem(1, 200, 160, 32, 4, 1),
    Problem(3, 15, 15, 48, 48, 3),  # one row and column more than the tiles look at
    Problem(1, 62, 66, 64, 64, 3),  # strips of whole tiles, without a border
    Problem(2, 9, 9, 64, 128, 3),  # two panels of outputs, and one on the way back
    Problem(1, 32, 32, 128, 192, 3, pad=1),  # three and two, in strips
    Problem(66, 4, 4, 128, 128, 3, pad=1),  # sums over more tiles than a small product takes
]


def test_the_table_stands_on_both_sides_of_the_threshold() -> None:
    for problems in (SMALL, LARGE):
        suited = [winograd.suits(p.kernel, p.stride, p.inputs, p.outputs) for p in problems]
        assert any(suited)
        assert not all(suited)
    assert {p.kernel for p in SMALL} == {1, 2, 3, 4, 5}
    assert {p.stride for p in SMALL} == {1, 2, 3}


@pytest.mark.parametrize("sizes", [(1, 8, 256), (3, 16, 128), (2, 17, 96), (70, 3, 128)], ids=str)
def test_blocks_cover_all_tiles_once_and_are_about_equal(sizes: tuple[int, int, int]) -> None:
    images, down, channels = sizes
    seen, counts = np.zeros((images, down), int), []
    for part, strip in winograd.tile_blocks(images, down, down, channels, block_bytes=3 << 20):
        seen[part, strip] += 1
        counts.append(seen[part, strip].size)
    assert (seen == 1).all()
    assert min(counts) >= max(counts) - max(counts) // 3


def test_by_hand() -> None:
    x = np.array([[1, 2, 3], [4, 5, 6], [7, 8, 9]], np.float32).reshape(1, 3, 3, 1)
    weight = np.array([[1, 10], [100, 1000]], np.float32).reshape(2, 2, 1, 1)
    # Cross-correlation: the kernel is not turned. 1·1 + 2·10 + 4·100 + 5·1000 = 5421.
    assert convolve(x, weight)[0, :, :, 0].tolist() == [[5421, 6532], [8754, 9865]]
    for i in range(2):
        for j in range(2):
            one = np.zeros((1, 2, 2, 1), np.float32)
            one[0, i, j] = 1
            assert convolve(one, weight).item() == weight[i, j, 0, 0]


@pytest.mark.parametrize("problem", SMALL, ids=str)
def test_small_images_against_four_loops(problem: Problem) -> None:
    x, weight = problem.arrays()
    expected = naive(x, weight, problem.stride, problem.pad)
    close(convolve(x, weight, problem.stride, problem.pad), expected)
    np.testing.assert_allclose(shifted(x, weight, problem.stride, problem.pad), expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize("problem", LARGE, ids=str)
def test_large_images_and_batches(problem: Problem) -> None:
    x, weight = problem.arrays()
    close(convolve(x, weight, problem.stride, problem.pad), shifted(x, weight, problem.stride, problem.pad))


@pytest.mark.parametrize("relu", [False, True], ids=["bias", "ReLU"])
@pytest.mark.parametrize("problem", [p for p in SMALL + LARGE if min(p.output().shape[1:3]) > 1], ids=str)
def test_what_follows_is_done_on_the_way(problem: Problem, relu: bool) -> None:
    """Bias, ReLU and pooling in one step with the convolution: a bias that came twice would be seen."""
    x, layer = problem.arrays()[0], problem.layer()
    weight, bias = layer.parameters["weight"], layer.parameters["bias"]
    after: list[Layer] = [ReLU()] if relu else []
    expected = shifted(x, weight, problem.stride, problem.pad) + bias
    if relu:
        expected = np.maximum(expected, 0)
    close(inference.run(inference.plan([layer, *after]), x), expected)
    steps = inference.plan([layer, MaxPool2D(), *after])
    close(inference.run(steps, x), pooled(expected))
    close(inference.run(steps, x[:1]), pooled(expected[:1]))
    close(inference.run(inference.plan([layer, *after, MaxPool2D()]), x), pooled(expected))


@pytest.mark.parametrize("problem", SMALL + LARGE, ids=str)
def test_gradients(problem: Problem) -> None:
    """A convolution is linear in each of its two factors, so its gradients need no small steps: for any v,
    Σ dx·v = Σ conv(v, weight)·dy, and likewise for the weight.
    """
    x, weight = problem.arrays()
    dy = problem.output()
    dx, dweight = convolve_gradients(x, weight, dy, problem.stride, problem.pad, True)
    assert dx is not None
    assert (dx.shape, dx.dtype, dweight.shape, dweight.dtype) == (x.shape, x.dtype, weight.shape, x.dtype)
    rng = np.random.default_rng(5)
    for _ in range(2):
        v, u = rng.standard_normal(x.shape), rng.standard_normal(weight.shape)
        for gradient, direction, change in (
            (dx, v, shifted(v, weight, problem.stride, problem.pad)),
            (dweight, u, shifted(x, u, problem.stride, problem.pad)),
        ):
            scale = float(np.linalg.norm(gradient) * np.linalg.norm(direction))
            expected, found = float((change * dy).sum()), float((gradient * direction).sum())
            assert found == pytest.approx(expected, rel=0, abs=TOLERANCE[x.dtype] / 5 * scale + 1e-9)
    without, same = convolve_gradients(x, weight, dy, problem.stride, problem.pad, False)
    assert without is None
    close(same, dweight.astype(np.float64))


@pytest.mark.parametrize("problem", SMALL[::4], ids=str)
def test_each_number_of_the_gradients(problem: Problem) -> None:
    """By the definition: what a single one of the weight changes, and which places a pixel reaches."""
    x, weight = problem.arrays()
    dy, stride, pad, kernel = problem.output(), problem.stride, problem.pad, problem.kernel
    around = np.pad(x.astype(np.float64), ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    dweight, daround = np.zeros(weight.shape), np.zeros(around.shape)
    for r in range(dy.shape[1]):
        for c in range(dy.shape[2]):
            top, left = r * stride, c * stride
            seen = around[:, top : top + kernel, left : left + kernel]
            dweight += np.einsum("nijp,no->ijpo", seen, dy[:, r, c])
            share = np.einsum("no,ijpo->nijp", dy[:, r, c], weight)
            daround[:, top : top + kernel, left : left + kernel] += share
    dx, found = convolve_gradients(x, weight, dy, stride, pad, True)
    close(found, dweight)
    assert dx is not None
    close(dx, daround[:, pad : pad + problem.height, pad : pad + problem.width])


def test_gradients_where_outputs_are_zero() -> None:
    """A blank corner: a way through transforms must not leave a trace there."""
    x, weight = MANY_CHANNELS.arrays()
    dy = np.zeros_like(MANY_CHANNELS.output())
    dx, dweight = convolve_gradients(x, weight, dy, 1, 1, True)
    assert not dweight.any()
    assert dx is not None
    assert not dx.any()


SOME = [*SMALL[:30:6], Problem(3, 13, 11, 48, 48, 3, pad=1), Problem(2, 28, 28, 1, 32, 5)]


@pytest.mark.parametrize("problem", SOME, ids=str)
def test_views_are_read_and_inputs_left_alone(problem: Problem) -> None:
    x, weight = problem.arrays()
    dy = problem.output()
    turned = np.ascontiguousarray(x.transpose(3, 2, 1, 0)).transpose(3, 2, 1, 0)
    wide = np.repeat(dy, 2, axis=3)[..., ::2]
    turned_weight = np.asfortranarray(weight)
    for array in (turned, wide, turned_weight):
        array.setflags(write=False)
    stride, pad = problem.stride, problem.pad
    close(convolve(turned, turned_weight, stride, pad), naive(x, weight, stride, pad))
    dx, dweight = convolve_gradients(turned, turned_weight, wide, stride, pad, True)
    straight, dweight_straight = convolve_gradients(x, weight, dy, stride, pad, True)
    assert dx is not None
    assert straight is not None
    close(dx, straight.astype(np.float64))
    close(dweight, dweight_straight.astype(np.float64))


@pytest.mark.parametrize("problem", SMALL[::3], ids=str)
def test_other_array_libraries(problem: Problem) -> None:
    """CuPy's arrays are not NumPy's: they take a way of their own, to be tested without a GPU."""
    x, weight = problem.arrays()
    stride, pad, dy = problem.stride, problem.pad, problem.output()
    there, weight_there = foreign(x), foreign(weight)
    expected = naive(x, weight, stride, pad)
    close(here(convolve(there, weight_there, stride, pad)), expected)

    if min(expected.shape[1:3]) > 1:
        layer = problem.layer()
        expected = pooled(np.maximum(expected + layer.parameters["bias"], 0))
        layer.parameters = {name: foreign(array) for name, array in layer.parameters.items()}
        close(inference.run(inference.plan([layer, MaxPool2D(), ReLU()]), there).inside, expected)
    dx, dweight = convolve_gradients(there, weight_there, foreign(dy), stride, pad, True)
    dx_here, dweight_here = convolve_gradients(x, weight, dy, stride, pad, True)
    assert dx is not None
    assert dx_here is not None
    close(here(dx), dx_here.astype(np.float64))
    close(here(dweight), dweight_here.astype(np.float64))
    assert convolve_gradients(there, weight_there, foreign(dy), stride, pad, False)[0] is None


def test_what_was_computed_before_leaves_no_trace() -> None:
    """Scratch memory is used again, so a picture of NaN must be forgotten by the next one."""
    problems = [problem for problem in SMALL if problem.dtype == np.float32]
    order = np.random.default_rng(0).permutation(len(problems))
    expected = {}
    for problem in problems:
        x, weight = problem.arrays()
        expected[problem] = convolve(x, weight, problem.stride, problem.pad)
        with np.errstate(invalid="ignore"):
            bad, dbad = np.full_like(x, np.nan), np.full_like(problem.output(), np.nan)
            convolve(bad, weight, problem.stride, problem.pad)
            convolve_gradients(bad, weight, dbad, problem.stride, problem.pad, True)
    for problem in (problems[i] for i in order):
        x, weight = problem.arrays()
        np.testing.assert_array_equal(convolve(x, weight, problem.stride, problem.pad), expected[problem])
        dx, dweight = convolve_gradients(x, weight, problem.output(), problem.stride, problem.pad, True)
        assert dx is not None
        assert np.isfinite(dx).all()
        assert np.isfinite(dweight).all()


def test_a_result_is_not_scratch_memory() -> None:
    for problem in (MANY_CHANNELS, Problem(2, 9, 9, 3, 4, 3), Problem(1, 6, 6, 8, 8, 1)):
        x, weight = problem.arrays()
        first = convolve(x, weight, 1, problem.pad)
        gradients = convolve_gradients(x, weight, problem.output(), 1, problem.pad, True)
        kept = [first.copy(), *(g.copy() for g in gradients if g is not None)]
        convolve(-x, weight, 1, problem.pad)
        convolve_gradients(-x, weight, -problem.output(), 1, problem.pad, True)
        for old, now in zip(kept, (first, *gradients), strict=True):
            np.testing.assert_array_equal(old, now)


def test_threads_do_not_share_scratch_memory() -> None:
    problems = [MANY_CHANNELS, Problem(3, 28, 28, 1, 32, 5, pad=2), Problem(4, 14, 14, 6, 16, 5)]

    def results(seed: int) -> list[np.ndarray]:
        found = []
        for problem in problems * 3:
            x, weight = problem.arrays()
            dx, dweight = convolve_gradients(x + seed, weight, problem.output() - seed, 1, problem.pad, True)
            assert dx is not None
            found += [convolve(x + seed, weight, 1, problem.pad), dx, dweight]
        return found

    alone = [results(seed) for seed in range(4)]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(results, range(4)))
    for expected, found in zip(alone, together, strict=True):
        for one, other in zip(expected, found, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("channels", [1, 5])
def test_max_pool(channels: int) -> None:
    x = np.random.default_rng(0).standard_normal((3, 7, 9, channels)).astype(np.float32)
    np.testing.assert_array_equal(max_pool(x), pooled(x))
    np.testing.assert_array_equal(here(max_pool(foreign(x))), pooled(x))


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("kernel", [1, 3, 5])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_the_layer_pads_as_it_says(padding: str, kernel: int, stride: int) -> None:
    layer = Conv2D(3, 4, kernel, stride, padding)
    layer.parameters["bias"][...] = [1, 2, 3, 4]
    x = np.random.default_rng(0).standard_normal((2, 8, 11, 3)).astype(np.float32)
    y = layer.predict(x)
    if padding == "same":
        assert y.shape[1:3] == (-(-8 // stride), -(-11 // stride))
        x = np.pad(x, ((0, 0), (kernel // 2,) * 2, (kernel // 2,) * 2, (0, 0)))
    close(y, naive(x, layer.parameters["weight"], stride, 0) + layer.parameters["bias"])

"""The peers in `benchmarks/` do the same arithmetic as the engine; else their times would say nothing."""

from collections.abc import Callable

import numpy as np
import pytest

from benchmarks.channels_first import to_channels_first
from benchmarks.loops import LoopCNN
from benchmarks.timing import in_turns
from engine.layers import (
    AveragePool2D,
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePool,
    Layer,
    MaxPool2D,
    ReLU,
    Residual,
    Sequential,
    Sigmoid,
    Skip,
    Tanh,
    UpSample2D,
)
from engine.losses import cross_entropy
from engine.network import Network
from engine.optimizers import SGD, Adam
from engine.rules import backpropagation


def with_random_numbers(layers: list[Layer], side: int, channels: int) -> Network:
    """Every parameter and buffer is drawn, so that none of them can be left out unseen."""
    network = Network(layers, (side, side, channels))
    rng = np.random.default_rng(5)
    for name, array in network.state().items():
        array[...] = (
            rng.uniform(0.4, 1.6, array.shape) if "variance" in name else rng.normal(0, 0.4, array.shape)
        )
    return network


def flattened() -> Network:
    return with_random_numbers(
        [
            Conv2D(2, 6, 5, padding="same"),
            BatchNorm(6),
            ReLU(),
            MaxPool2D(),
            Residual(Sequential([Conv2D(6, 6, 3, padding="same"), Tanh()])),
            Skip(Sequential([AveragePool2D(), Conv2D(6, 4, 3, padding="same", bias=False), UpSample2D()])),
            Conv2D(10, 3, 3, stride=2),
            Flatten(),
            BatchNorm(27),
            Dropout(0.0),
            Dense(27, 12),
            Sigmoid(),
            Dense(12, 10, bias=False),
        ],
        16,
        2,
    )


def averaged() -> Network:
    return with_random_numbers(
        [Conv2D(1, 8, 3, bias=False), BatchNorm(8), ReLU(), GlobalAveragePool(), Dense(8, 10)], 9, 1
    )


def pictures(network: Network) -> np.ndarray:
    return np.random.default_rng(6).random((7, *network.input_shape), dtype=np.float32)


def test_the_loops_learn_what_the_engine_learns() -> None:
    network = with_random_numbers(
        [Conv2D(1, 8, 3, bias=False), MaxPool2D(), Flatten(), Dense(8 * 25, 10)], 12, 1
    )
    filters, weight, bias = network.parameters.values()
    loops = LoopCNN(filters[:, :, 0].transpose(2, 0, 1), weight, bias)
    x = pictures(network)
    optimizer = SGD(0.05)
    for i in range(len(x)):
        value, gradients = backpropagation(network, x[i : i + 1], np.array([i]), cross_entropy)
        optimizer.step(network.parameters, gradients)
        assert loops.step(x[i, :, :, 0].astype(np.float64), i, 0.05) == pytest.approx(value, rel=1e-4)
    learned = loops.convolution.filters.transpose(1, 2, 0)[:, :, None]
    np.testing.assert_allclose(filters, learned, atol=1e-4)
    np.testing.assert_allclose(weight, loops.softmax.weight, atol=1e-4)
    np.testing.assert_allclose(bias, loops.softmax.bias, atol=1e-4)


@pytest.mark.parametrize("make", [flattened, averaged])
def test_pytorch_reads_as_the_engine_does(make: Callable[[], Network]) -> None:
    torch = pytest.importorskip("torch")
    from benchmarks import in_torch

    network = make()
    x = pictures(network)
    with torch.inference_mode():
        theirs = in_torch.module(network).eval()(torch.from_numpy(to_channels_first(x))).numpy()
    np.testing.assert_allclose(network.predict(x), theirs, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("make", [flattened, averaged])
def test_pytorch_learns_as_the_engine_does(make: Callable[[], Network]) -> None:
    torch = pytest.importorskip("torch")
    from benchmarks import in_torch

    network = make()
    x, labels = pictures(network), np.arange(7)
    module = in_torch.module(network).train()
    ours, theirs = Adam(0.01), torch.optim.Adam(module.parameters(), 0.01)
    for _ in range(4):
        value, gradients = backpropagation(network, x, labels, cross_entropy)
        ours.step(network.parameters, gradients)
        theirs.zero_grad()
        loss = torch.nn.functional.cross_entropy(
            module(torch.from_numpy(to_channels_first(x))), torch.from_numpy(labels)
        )
        loss.backward()
        theirs.step()
        assert float(loss.detach()) == pytest.approx(value, rel=1e-3)


@pytest.mark.parametrize("make", [flattened, averaged])
def test_onnx_runtime_reads_as_the_engine_does(make: Callable[[], Network]) -> None:
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    from benchmarks import in_onnx

    network = make()
    x = pictures(network)
    theirs = in_onnx.session(network)(to_channels_first(x))
    np.testing.assert_allclose(network.predict(x), theirs, rtol=1e-4, atol=1e-4)


def test_a_network_that_ends_flattened_is_refused() -> None:
    from benchmarks.channels_first import laid_out

    with pytest.raises(ValueError, match="no Dense"):
        list(laid_out([Flatten()], (4, 4, 2)))


def test_every_job_has_its_turn_in_every_round() -> None:
    turns: list[str] = []

    def busy(name: str) -> Callable[[], object]:
        def job() -> int:
            turns.append(name)
            return sum(range(20_000))

        return job

    timings = in_turns({"a": busy("a"), "b": busy("b")}, rounds=3, turn_seconds=0.0)
    assert turns[-6:] == ["a", "b"] * 3
    for timing in timings.values():
        assert 0 < timing.minimum <= timing.median < 0.1


def test_the_next_misread_digit_comes_after_the_last_corrected() -> None:
    from benchmarks.teaching import next_misread

    wrong = np.array([True, False, True, True, False])
    assert next_misread(wrong, []) == 0
    assert next_misread(wrong, [0]) == 2
    assert next_misread(wrong, [0, 3]) == 2, "then from the first again"
    assert next_misread(wrong, [0, 2, 3]) is None


def test_the_table_of_teaching_counts_only_other_digits() -> None:
    from benchmarks.teaching import Pupil, table

    found = [Pupil("a", 40, 10, 2, 0, 0.966, (0.1,)), Pupil("b", 20, 8, 4, 1, 0.964, (0.3,))]
    lines = table(found, 0.967).splitlines()
    assert lines[2] == "| 1 | 40 | 10 | 2 | 20% | 0 | -0.10 |"
    assert "**35%**" in lines[4]
    assert "| 60 | 18 | 6 | 33% | 1 | -0.20 (worst -0.30) |" in lines[5]


def test_a_writer_is_taught_on_a_copy_that_is_thrown_away() -> None:
    from benchmarks.teaching import read, taught
    from engine import lesson_samples
    from engine.checkpoint import load_pretrained
    from engine.lesson_samples import Samples
    from engine.lessons import Classroom

    network = load_pretrained("mlp-100")
    written, replay, examination = (
        lesson_samples.drawn(count, seed) for seed, count in enumerate((80, 60, 60))
    )
    before = {name: array.copy() for name, array in network.state().items()}
    misread = int((read(network, written.images) != written.labels).sum())
    one = taught(network, written, Classroom(network, Samples(replay, examination, "")), examination)
    assert one.others == len(written) - min(5, len(one.seconds))
    assert one.before == misread - len(one.seconds)
    assert 0 <= one.after <= one.others
    for name, array in network.state().items():
        np.testing.assert_array_equal(array, before[name])

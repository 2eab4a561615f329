"""`python -m benchmarks.speed`: the engine against PyTorch, ONNX Runtime and plain loops, on one thread.

Prints a Markdown table and the conditions it was measured under. `--only NAME` keeps the work of one network,
`--rounds N` sets how often each side has its turn.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator

import numpy as np
import torch

from benchmarks.articles import cnn_step, dense_epochs
from benchmarks.contests import ENGINE, LOOPS, ONNX, TORCH, Contest, Goals, inference, training
from benchmarks.machine import description, start_fairly
from benchmarks.timing import Timing, in_turns
from engine.architectures import build
from engine.checkpoint import load_pretrained, pretrained_names
from engine.memory import keep_freed_memory
from engine.network import Network

HEADER = """\
| work | engine, ms | against | its ms | times faster | at least | aim |
|---|---|---|---|---|---|---|"""


def main() -> None:
    """Measure everything, or what `--only` asks for."""
    start_fairly()
    asked = _arguments()
    torch.set_num_threads(1)
    torch.set_num_interop_threads(1)
    keep_freed_memory()  # as every training does; the peers in this process gain by it too
    conditions = description()
    print(HEADER, flush=True)
    for contest in _contests(asked.only):
        print(*_rows(contest, in_turns(contest.jobs, asked.rounds)), sep="\n", flush=True)
    print("", *conditions, sep="\n")
    print(f"* milliseconds of CPU time on one thread, minimum / median of {asked.rounds} interleaved rounds")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed")
    parser.add_argument("--only", choices=sorted(_MAKERS), help="the work of one network")
    parser.add_argument("--rounds", type=int, default=15, help="how often each side has its turn")
    return parser.parse_args()


def _lenet_5() -> Iterator[Contest]:
    network = _network("lenet-5")
    yield inference(network, 1, {TORCH: (5.0, 5.0), ONNX: (0.8, 1.0)})
    yield inference(network, 256, {TORCH: (1.5, 1.5), ONNX: (0.8, 1.0)})
    yield training(network, 64, _TRAINING)
    yield training(network, 256, _TRAINING)


def _digits() -> Iterator[Contest]:
    network = _network("digits")
    yield inference(network, 1, {TORCH: (1.5, 1.5), ONNX: (0.65, 1.0)})
    yield inference(network, 256, {TORCH: (1.2, 1.3), ONNX: (0.65, 1.0)})
    yield training(network, 64, _TRAINING)
    yield training(network, 256, _TRAINING)


def _mlp_100() -> Iterator[Contest]:
    yield from dense_epochs({TORCH: (2.5, 3.0)})


def _cnn_8() -> Iterator[Contest]:
    yield cnn_step({LOOPS: (100, 200)})


_TRAINING: Goals = {TORCH: (1.0, 1.2)}
_MAKERS: dict[str, Callable[[], Iterator[Contest]]] = {
    "lenet-5": _lenet_5,
    "digits": _digits,
    "mlp-100": _mlp_100,
    "cnn-8": _cnn_8,
}


def _contests(only: str | None) -> Iterator[Contest]:
    for name, make in _MAKERS.items():
        if only in (None, name):
            yield from make()


def _network(name: str) -> Network:
    """The shipped network, or one with initial weights where none is shipped; read-only, as in the app."""
    if name in pretrained_names():
        return load_pretrained(name)
    return build(name, np.random.default_rng(0)).freeze()


def _rows(contest: Contest, timings: dict[str, Timing]) -> Iterator[str]:
    """One line for each peer; of PyTorch's memory formats, the faster."""
    ours = timings.pop(ENGINE)
    for peer in (TORCH, ONNX, LOOPS):
        named = {name: timing for name, timing in timings.items() if name.startswith(peer)}
        if not named:
            continue
        name = min(named, key=lambda each: named[each].minimum)
        theirs = named[name]
        faster = f"{theirs.minimum / ours.minimum:.3g} / {theirs.median / ours.median:.3g}"
        least, aim = (f"{goal:g} ×" for goal in contest.goals[peer]) if peer in contest.goals else ("", "")
        yield f"| {contest.work} | {_ms(ours)} | {name} | {_ms(theirs)} | **{faster}** | {least} | {aim} |"


def _ms(timing: Timing) -> str:
    return f"{timing.minimum * 1e3:.3g} / {timing.median * 1e3:.3g}"


if __name__ == "__main__":
    main()

"""`python -m benchmarks.color`: photos coloured by nobody, by one colour, by the engine, and from hints.

Prints a Markdown table (PSNR in dB / area under the curve of errors of a and b up to 150 / colourfulness) for
the photos of colour/validation, and how long the engine takes. `--photos` takes only so many of each part,
`--hinted` so many for the rows with hints (the peer solves a system of a hundred thousand equations for
each), `--model PATH` another network than weights/colorize.npz. `--own N` adds how it does on N photos that
it learnt from, and on N of the same kinds that were kept aside.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import numpy as np
from PIL import Image

from benchmarks import levin
from benchmarks.machine import description, start_fairly
from engine import colour_evaluation as evaluation
from engine.ab_bins import BINS, SHARE
from engine.checkpoint import WEIGHTS, CheckpointError, load
from engine.colorize import colorize, paint, predict, prepare
from engine.colour_corpus import is_gray
from engine.colour_evaluation import HINTS, PARTS, Painter, judge, mean_score, painter, random_hints, score
from engine.colour_hints import Hints, point
from engine.datasets import DataUnavailable
from engine.memory import keep_freed_memory
from engine.network import Network
from engine.photos import Photos, training_photos

MEGAPIXEL = (816, 1224)
SECONDS, HINT_SECONDS = 1.0, 0.3  # that a photo of one megapixel and a new hint in it may take on two cores
FASTER_THAN_ONNX = 1.0
SIDE = 256  # of what the network is timed on
ABOVE_LEVIN, ABOVE_GRAY = 1.0, {"bsds": 1.7, "imagenet": 0.5}  # dB
COLOURFUL = {"bsds": 24, "imagenet": 22}

T = TypeVar("T")


def main() -> None:
    """Measure everything, or what was asked for."""
    start_fairly()
    asked = _arguments()
    try:
        network = load(asked.model).freeze()
        photos = {part: evaluation.validation_photos(part) for part in PARTS}
        own = training_photos() if asked.own else None
    except (CheckpointError, DataUnavailable) as error:
        raise SystemExit(str(error)) from error
    heads = (*PARTS, "all", "to reach")
    print("| |" + "".join(f" {head} |" for head in heads), "|---" * (len(heads) + 1) + "|", sep="\n")
    chosen = [_some(photos[part], asked.photos) for part in PARTS]
    for name, (paint_photo, goal) in _without_hints(network).items():
        _row(name, paint_photo, chosen, goal)
    hinted = [_some(of_part, asked.hinted) for of_part in chosen]
    for count in HINTS:
        _row(f"Levin et al. 2004, {count} hints", _levin(count), hinted)
        _row(f"**engine, {count} hints**", painter(network, count), hinted, _goal_with_hints(count))
    if asked.hinted < asked.photos:
        _row(f"gray, the {asked.hinted} photos with hints", evaluation.in_gray, hinted)
    own_lines = _on_its_own(network, own, asked.own)
    print("", _evenness(network, chosen), *own_lines, *_speed(network), *description(), sep="\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.color", description=__doc__)
    parser.add_argument("--photos", type=int, default=1000, help="of each part at most")
    parser.add_argument("--hinted", type=int, default=1000, help="of each part for the rows with hints")
    parser.add_argument(
        "--own", type=int, default=0, help="of the training's photos, and of those kept aside"
    )
    parser.add_argument("--model", type=Path, default=WEIGHTS / "colorize.npz")
    return parser.parse_args()


def _some(photos: Sequence[T], count: int) -> Sequence[T]:
    """`count` of them, spread evenly."""
    chosen = np.unique(np.linspace(0, len(photos) - 1, min(count, len(photos))).round().astype(int))
    return [photos[i] for i in chosen]


def _row(name: str, paint_photo: Painter, parts: Sequence[Sequence[np.ndarray]], goal: str = "") -> None:
    """Print the mean scores of each part's photos, and of all of them."""
    scores = [[score(paint_photo(photo), photo) for photo in photos] for photos in parts]
    means = [mean_score(of_part) for of_part in (*scores, [one for of_part in scores for one in of_part])]
    print(f"| {name} |" + "".join(f" {mean} |" for mean in means) + f" {goal} |", flush=True)


def _without_hints(network: Network) -> dict[str, tuple[Painter, str]]:
    a, b = SHARE @ BINS
    goal = "; ".join(f"{ABOVE_GRAY[part]} dB above gray at {COLOURFUL[part]}" for part in PARTS)
    return {
        "gray": (evaluation.in_gray, ""),
        "mean colour": (lambda truth: evaluation.in_one_colour(truth, a, b), ""),
        "engine, faithful": (painter(network, vivid=0.0), ""),
        "**engine**": (painter(network), goal),
        "engine, vivid": (painter(network, vivid=1.0), ""),
        "the photo itself": (lambda truth: truth, ""),
    }


def _levin(count: int) -> Painter:
    return lambda truth: levin.colorize(truth, random_hints(truth, count, truth.size))


def _goal_with_hints(count: int) -> str:
    more = ", 4 dB above gray" if count == HINTS[1] else ""
    return f"{ABOVE_LEVIN:g} dB above Levin et al.{more}"


def _evenness(network: Network, parts: Sequence[Sequence[np.ndarray]]) -> str:
    """A line on how much the colours of smooth surfaces vary."""

    def plain(truth: np.ndarray) -> np.ndarray:
        prepared = prepare(truth)
        said = predict(prepared, None, network)
        return paint(prepared, replace(said, logits=said.logits - said.evening))

    ways: dict[str, Painter] = {
        "in the photos themselves": lambda truth: truth,
        "as the engine colours them": painter(network),
        "without its evening": plain,
    }
    photos = [photo for of_part in parts for photo in of_part]
    found = {
        name: [evaluation.unevenness(paint_photo(photo)) for photo in photos]
        for name, paint_photo in ways.items()
    }
    figures = ", ".join(f"{np.nanmean(values):.1f} {name}" for name, values in found.items())
    return f"* smooth places, equally light and far apart, differ in a and b by {figures}"


def _on_its_own(network: Network, photos: Photos | None, count: int) -> list[str]:
    """A line on photos kept aside from the training's, and one on those that were learnt from."""
    lines: list[str] = []
    if photos is None:
        return lines
    for what, names in (("kept aside", photos.to_tune), ("learnt from", photos.to_train)):
        opened = (photos.open(name) for name in _some(names, count))
        coloured = [photo for photo in opened if photo is not None and not is_gray(photo)]
        gray, ours = (judge(paint_photo, coloured) for paint_photo in (evaluation.in_gray, painter(network)))
        lines.append(
            f"* {len(coloured)} photos {what}: {ours.psnr - gray.psnr:.2f} dB above gray at a colourfulness "
            f"of {ours.colourfulness:.1f}"
        )
    return lines


def _speed(network: Network) -> list[str]:
    """Lines on a photo of a megapixel, a new hint in it, and the network against ONNX Runtime."""
    keep_freed_memory()
    patches = np.random.default_rng(0).integers(0, 256, (12, 18, 3), dtype=np.uint8)
    photo = np.asarray(Image.fromarray(patches).resize(MEGAPIXEL[::-1], Image.Resampling.BICUBIC))
    prepared = prepare(photo)
    hints = Hints(tuple(point(40.0 * i, 30.0 * i, (200, 80, 10 * i)) for i in range(1, 20)))
    whole = _seconds(lambda: colorize(photo, model=network))
    alone = predict(prepared, None, network)  # which a page has said already
    again = _seconds(lambda: paint(prepared, predict(prepared, hints, network, alone)))
    return [
        f"* a photo of a megapixel in {whole:.2f} s (to reach: {SECONDS}), a new hint in it in {again:.2f} s "
        f"({HINT_SECONDS})",
        _against_onnx(network),
    ]


def _against_onnx(network: Network) -> str:
    from benchmarks import in_onnx
    from benchmarks.channels_first import to_channels_first
    from benchmarks.contests import agree
    from benchmarks.timing import in_turns

    x = np.random.default_rng(1).random((1, SIDE, SIDE, 4), dtype=np.float32)
    first = to_channels_first(x)
    run = in_onnx.session(Network(network.layers, (SIDE, SIDE, 4), network.labels, network.preprocessing))
    agree("ONNX Runtime", to_channels_first(network.predict(x)), run(first))
    times = in_turns({"engine": lambda: network.predict(x), "ONNX Runtime": lambda: run(first)})
    ratio = times["ONNX Runtime"].minimum / times["engine"].minimum
    words = ", ".join(f"{name} {1e3 * timing.minimum:.1f} ms" for name, timing in times.items())
    return f"* the network at {SIDE} × {SIDE}, one thread: {words}: {ratio:.2f} × ({FASTER_THAN_ONNX})"


def _seconds(job: Callable[[], object], rounds: int = 5) -> float:
    """The least of some rounds, by the clock, since two threads share the work."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        job()
        times.append(time.perf_counter() - start)
    return min(times)


if __name__ == "__main__":
    main()

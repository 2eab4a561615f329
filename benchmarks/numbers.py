"""`python -m benchmarks.numbers`: whole handwritten numbers, on cheques and as written with a pen.

Prints a Markdown table: whole strings right, digits right, milliseconds of one processor a picture. Cheques:
600 amounts of `strings/cheques_validation`; dots and dashes are not counted. Pen: 500 numbers of 2 to 8
digits, composed from the strokes of `digits/unipen_validation` with a fixed seed. Nothing in either was ever
learnt from. `--model PATH` puts another network in the engine's place, `--readers` and `--sets` choose some,
`--count` takes the first so many.
"""

from __future__ import annotations

import argparse
import csv
import tarfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from time import process_time

import cv2
import numpy as np

from benchmarks.machine import description, start_fairly
from engine import checkpoint
from engine.components import read as read_by_components
from engine.datasets import data_folder
from engine.number_sources import by_writer
from engine.numbers import MODEL, read_number
from engine.strokes import Strokes, load_strokes, render

SEED, COUNT = 20_26, 500
AT_LEAST = {"cheques": 80.0, "pen": 92.0}
Written = Iterator[tuple[np.ndarray, str]]


@dataclass(frozen=True)
class Score:
    """Shares from 0 to 1 of the strings and of the digits that are right."""

    strings: float
    digits: float
    milliseconds: float

    def __str__(self) -> str:
        return f"**{100 * self.strings:.1f}** / {100 * self.digits:.1f} / {self.milliseconds:.1f}"


# --- what is read -------------------------------------------------------------------------------------------


def cheques(folder: Path | None = None) -> Written:
    """The amounts of real cheques and their digits: pictures (H, W, 3) uint8."""
    folder = (folder or data_folder()) / "strings" / "cheques_validation"
    with (folder / "labels.csv").open(newline="", encoding="utf-8") as file:
        labels = {row["file"]: row["string"] for row in csv.DictReader(file)}
    with tarfile.open(folder / "images.tar") as archive:
        for name, text in labels.items():
            member = archive.extractfile(name)
            assert member is not None
            data = np.frombuffer(member.read(), np.uint8)
            yield np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR_RGB)), text


def pen_numbers(folder: Path | None = None, count: int = COUNT, seed: int = SEED) -> Written:
    """Numbers of 2 to 8 digits in one line as one writer would put them: pictures (H, W) uint8, black on
    white, and their digits.

    Each digit is as it was recorded. Heights differ a little, and so do the gaps between neighbours; a writer
    who lacks a digit borrows one.
    """
    path = (folder or data_folder()) / "digits" / "unipen_validation.npz"
    writers = by_writer(load_strokes(path))
    rng = np.random.default_rng(seed)
    for _ in range(count):
        digits = rng.integers(0, 10, rng.integers(2, 9))
        writer = writers[rng.integers(len(writers))]
        ways = [writer[digit][rng.integers(len(writer[digit]))] for digit in digits]
        yield written(ways, rng), "".join(map(str, digits))


def written(ways: Sequence[Strokes], rng: np.random.Generator) -> np.ndarray:
    """Digits, each a list of strokes, beside each other with one pen: (H, W) uint8."""
    height = rng.uniform(36, 80)
    pen, gap = height * rng.uniform(0.04, 0.12), rng.uniform(0.1, 0.3)
    strokes: list[np.ndarray] = []
    right = 0.0
    for way in ways:
        points = np.concatenate(list(way))
        low, high = points.min(0), points.max(0)
        size = height * rng.normal(1.0, 0.05) / max(high[1] - low[1], 0.6 * (high[0] - low[0]), 1e-6)
        down = height * rng.normal(0, 0.03) - (high[1] - low[1]) * size
        strokes += [(stroke - low) * size + (right, down) for stroke in way]
        right += (high[0] - low[0]) * size + pen + height * max(0.0, rng.normal(gap, 0.04))
    points = np.concatenate(strokes)
    margin = height * rng.uniform(0.1, 0.5)
    low, high = points.min(0) - margin, points.max(0) + margin
    width, tall = np.ceil(high - low).astype(int)
    return 255 - render([(s - low).astype(np.float32) for s in strokes], float(pen), (int(tall), int(width)))


SETS: dict[str, Callable[[], Written]] = {"cheques": cheques, "pen": pen_numbers}


# --- who reads ----------------------------------------------------------------------------------------------


def readers(model: str | None) -> dict[str, Callable[[np.ndarray], str]]:
    """From a picture to its digits, by name."""
    chosen = checkpoint.load(model).freeze() if model else MODEL
    return {
        "read_number": lambda picture: read_number(picture, chosen).text,
        "cut, then `digits`": lambda picture: read_number(picture, "digits").text,
        "captcha tab's classical way": lambda picture: read_by_components(picture).reading.text,
    }


def measure(read: Callable[[np.ndarray], str], numbers: Written) -> Score:
    """How much of them is read right; several lines count as wrong."""
    right = digits = total = count = 0
    seconds = 0.0
    for picture, text in numbers:
        start = process_time()
        said = read(picture)
        seconds += process_time() - start
        right += said == text
        digits += max(0, len(text) - distance(said, text))
        total += len(text)
        count += 1
    return Score(right / count, digits / total, 1e3 * seconds / count)


def distance(one: str, other: str) -> int:
    """How many signs must be put in, left out or exchanged (Levenshtein 1965)."""
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        before, row[0] = row[0], i
        for j, b in enumerate(other, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (a != b))
    return row[-1]


def main() -> None:
    start_fairly()
    parser = argparse.ArgumentParser(prog="python -m benchmarks.numbers", description=__doc__)
    parser.add_argument("--model", help="a file with a reader of lines, instead of weights/numbers.npz")
    parser.add_argument("--sets", nargs="*", choices=list(SETS), default=list(SETS))
    parser.add_argument("--readers", nargs="*", default=None)
    parser.add_argument("--count", type=int, default=None)
    asked = parser.parse_args()
    known = readers(asked.model)
    print(f"| whole strings % / digits % / ms a picture | {' | '.join(asked.sets)} |")
    print(f"|---|{'---|' * len(asked.sets)}")
    for name in asked.readers or known:
        scores = [str(measure(known[name], islice(SETS[one](), asked.count))) for one in asked.sets]
        print(f"| {name} | {' | '.join(scores)} |", flush=True)
    print(f"| at least | {' | '.join(f'{AT_LEAST[one]:.0f}' for one in asked.sets)} |\n")
    print("\n".join(description()))


if __name__ == "__main__":
    main()

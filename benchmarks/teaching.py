"""`python -m benchmarks.teaching`: five corrections each, for the writers whom a network misreads most.

Each writer of UNIPEN with ten or more misread digits gets a throw-away copy of `mlp-100`. The digits are read
in the order in which they were written; one that the copy misreads is corrected, as on the page, until five
are. Then the writer's *other* digits are read again, and so is MNIST's test set.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from benchmarks.machine import start_fairly
from engine.checkpoint import load_pretrained
from engine.datasets import Dataset, data_folder, load
from engine.evaluation import drawn
from engine.lesson_samples import samples
from engine.lessons import Classroom, Drawing, teach
from engine.network import Network
from engine.strokes import load_strokes
from engine.validation import accuracy, predict_batches

CORRECTIONS, MISREAD = 5, 10


@dataclass(frozen=True)
class Pupil:
    """What five corrections did for one writer. before, after: misread among `others`, the uncorrected
    digits; mnist: the share of MNIST's test set read right after them; seconds: of each lesson.
    """

    writer: str
    others: int
    before: int
    after: int
    undone: int
    mnist: float
    seconds: tuple[float, ...]

    @property
    def left(self) -> float:
        """How much of the errors is left, 1 for all."""
        return self.after / max(1, self.before)


def next_misread(wrong: np.ndarray, corrected: list[int]) -> int | None:
    """The next digit to correct: the first misread one after the last corrected, else the first of all."""
    left = [i for i in np.flatnonzero(wrong).tolist() if i not in corrected]
    later = [i for i in left if not corrected or i > corrected[-1]]
    return next(iter([*later, *left]), None)


def pupils(name: str, recordings: str) -> Iterator[Pupil]:
    """Every writer's five lessons."""
    network, test = load_pretrained(name), load("mnist").test
    room = Classroom(network, samples(network.preprocessing.size))
    digits = load_strokes(data_folder() / "digits" / f"{recordings}.npz")
    writers = sorted({sample.writer for sample in digits})
    for writer in writers:
        written = drawn([sample for sample in digits if sample.writer == writer], writer)
        if (read(network, written.images) != written.labels).sum() >= MISREAD:
            yield taught(network, written, room, test)


def taught(network: Network, written: Dataset, room: Classroom, test: Dataset) -> Pupil:
    """One writer's lessons, on copies that are thrown away."""
    copy, undone = network, 0
    corrected: list[int] = []
    known: list[Drawing] = []
    seconds: list[float] = []
    for _ in range(CORRECTIONS):
        i = next_misread(read(copy, written.images) != written.labels, corrected)
        if i is None:
            break
        drawing = Drawing(written.images[i], written.images[i], int(written.labels[i]))
        start = time.process_time()
        lesson = teach(copy, [*known, drawing], room)
        seconds.append(time.process_time() - start)
        corrected.append(i)
        undone += not lesson.kept
        known += [drawing] * lesson.kept
        copy = lesson.network
    others = np.setdiff1d(np.arange(len(written)), corrected)
    before, after = (
        int((read(reader, written.images[others]) != written.labels[others]).sum())
        for reader in (network, copy)
    )
    mnist = accuracy(copy, test)
    return Pupil(written.name, len(others), before, after, undone, mnist, tuple(seconds))


def read(network: Network, images: np.ndarray) -> np.ndarray:
    """What a network reads in pictures (N, 28, 28)."""
    return np.concatenate(list(predict_batches(network, images))).argmax(axis=1)


def table(found: list[Pupil], base: float) -> str:
    """One row for each writer, then the medians."""
    lines = [
        "| writer | other digits | misread before | after | left | lessons undone | MNIST test, points |",
        "|---|---|---|---|---|---|---|",
    ]
    for n, one in enumerate(found, 1):
        lines.append(
            f"| {n} | {one.others} | {one.before} | {one.after} | {one.left:.0%} | {one.undone} | "
            f"{100 * (one.mnist - base):+.2f} |"
        )
    changes = [100 * (one.mnist - base) for one in found]
    before, after = sum(one.before for one in found), sum(one.after for one in found)
    seconds = [value for one in found for value in one.seconds]
    return "\n".join(
        [
            *lines,
            f"| **median** | | | | **{np.median([one.left for one in found]):.0%}** | "
            f"| **{np.median(changes):+.2f}** |",
            f"| **all** | {sum(one.others for one in found)} | {before} | {after} | {after / before:.0%} | "
            f"{sum(one.undone for one in found)} | {np.mean(changes):+.2f} (worst {min(changes):+.2f}) |",
            "",
            f"{len(found)} writers; a lesson takes {np.median(seconds):.2f} s of one core (median), "
            f"{max(seconds):.2f} s at most.",
        ]
    )


def main() -> None:
    start_fairly()  # with two BLAS threads a lesson takes ten times as long
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--network", default="mlp-100")
    parser.add_argument("--recordings", default="unipen_validation", help="or pendigits_train, to tune on")
    choice = parser.parse_args()

    base = accuracy(load_pretrained(choice.network), load("mnist").test)
    print(f"`{choice.network}` reads {base:.2%} of MNIST's test set before.\n")
    print(table(list(pupils(choice.network, choice.recordings)), base))


if __name__ == "__main__":
    main()

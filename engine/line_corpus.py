"""Lines of digits to learn from, drawn without end and the same for the same seed.

Drawing costs more than learning, so pictures are drawn in volumes by processes of their own, and each volume
is learnt several times: shaken a little each time, in batches of pictures of about one width.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

import cv2
import numpy as np

from engine.ahead import Batch, leave_with_parent
from engine.line import HEIGHT, NARROWEST, WIDEST_LEARNT, fitting_width, line_of
from engine.losses import columns_needed

CHUNK = 128  # pictures that one process draws at a time
LONGEST = 10


@dataclass(frozen=True)
class Volume:
    """Lines (40, W) uint8, each as wide as it is, and their digits (N, 10) filled up with -1."""

    lines: list[np.ndarray]
    labels: np.ndarray


# From a seed and a chunk's number to its pictures; it is sent to other processes, so it can be pickled.
Draw = Callable[[int, int], Volume]
# From a line, a width and a generator to the line as it is learnt.
Shake = Callable[[np.ndarray, int, np.random.Generator], np.ndarray]


def natural_line(rgb: np.ndarray) -> np.ndarray:
    """As the reader sees it, but its width not yet rounded to what the reader's tiles need."""
    natural = round(HEIGHT * rgb.shape[1] / rgb.shape[0])
    return line_of(rgb, int(np.clip(natural, NARROWEST, WIDEST_LEARNT)))


def fitted(line: np.ndarray, width: int, rng: np.random.Generator) -> np.ndarray:
    """A line brought to a width and left as it is."""
    return cv2.resize(line, (width, HEIGHT), interpolation=cv2.INTER_LINEAR)


def shaken(line: np.ndarray, width: int, rng: np.random.Generator) -> np.ndarray:
    """A line brought to a width, a little moved, turned, scaled, paled and blurred on the way."""
    wide, high = rng.uniform(0.9, 1.08), rng.uniform(0.85, 1.12)
    turn, slant = rng.normal(0, 0.02), rng.normal(0, 0.08)
    natural = line.shape[1]
    matrix = np.array([[wide * width / natural, slant, 0], [turn, high, 0]], np.float64)
    centre = matrix[:, :2] @ ((natural - 1) / 2, (HEIGHT - 1) / 2)
    matrix[:, 2] = np.array([(width - 1) / 2, (HEIGHT - 1) / 2]) + rng.uniform(-2, 2, 2) - centre
    edge = int(np.median(line[:, :: max(1, natural - 1)]))
    moved = cv2.warpAffine(line, matrix, (width, HEIGHT), borderMode=cv2.BORDER_CONSTANT, borderValue=edge)
    if rng.random() < 0.15:
        moved = cv2.GaussianBlur(moved, (0, 0), rng.uniform(0.4, 0.9))
    gamma, gain = np.exp(rng.normal(0, 0.15)), rng.uniform(0.8, 1.1)
    table = np.clip((np.arange(256) / 255) ** gamma * gain * 255, 0, 255).astype(np.uint8)
    moved = cv2.LUT(moved, table)
    if rng.random() < 0.2:
        grain = rng.standard_normal(moved.shape, np.float32) * np.float32(rng.uniform(3, 18))
        moved = np.clip(moved + grain, 0, 255).astype(np.uint8)
    return moved


class LineCorpus:
    """Batches for `engine.training.train`: (N, 40, W) uint8 and labels (N, 10), N constant, W from batch to
    batch.

    draw: draws one chunk. volume: pictures in a volume, passes: how often it is learnt, the first time as it
    is, then changed by `shake`. mixed: so many volumes take turns, batch by batch, so that a picture comes
    back later. processes: how many make volumes ahead; 0 makes them in this process.
    """

    def __init__(
        self,
        draw: Draw,
        seed: int = 0,
        batch_size: int = 64,
        volume: int = 4096,
        passes: int = 3,
        processes: int = 1,
        shake: Shake = shaken,
        mixed: int = 1,
    ) -> None:
        if volume % CHUNK or volume % batch_size:
            raise ValueError(f"a volume has a multiple of {CHUNK} and {batch_size} pictures, not {volume}")
        self.volume = VolumeMaker(draw, seed, batch_size, volume, passes, shake)
        self.mixed, self.steps_per_epoch = mixed, volume // batch_size * passes
        self._made: dict[int, list[Batch]] = {}
        self._ahead: dict[int, Future[list[Batch]]] = {}
        self._pool = (
            ProcessPoolExecutor(processes, get_context("spawn"), leave_with_parent) if processes else None
        )

    def batch(self, step: int) -> Batch:
        turn, place = divmod(step, self.mixed * self.steps_per_epoch)
        place, which = divmod(place, self.mixed)
        return self._batches(turn * self.mixed + which)[place]

    def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def _batches(self, number: int) -> list[Batch]:
        """Those of a volume. What this turn and the next one need is begun, what earlier ones did is gone."""
        if number not in self._made:
            first = number // self.mixed * self.mixed
            if self._pool is not None:
                for later in range(first, first + 2 * self.mixed):
                    if later not in self._made and later not in self._ahead:
                        self._ahead[later] = self._pool.submit(self.volume, later)
            self._made = {n: batches for n, batches in self._made.items() if n >= first}
            self._made[number] = self._ahead.pop(number).result() if self._pool else self.volume(number)
        return self._made[number]


@dataclass(frozen=True)
class VolumeMaker:
    """From a volume's number to all its batches; it is sent to other processes, so it can be pickled."""

    draw: Draw
    seed: int
    batch_size: int
    size: int
    passes: int
    shake: Shake

    def __call__(self, number: int) -> list[Batch]:
        count = self.size // CHUNK
        chunks = [self.draw(self.seed, chunk) for chunk in range(number * count, (number + 1) * count)]
        lines = [line for chunk in chunks for line in chunk.lines]
        volume = Volume(lines, np.concatenate([chunk.labels for chunk in chunks]))
        return [batch for turn in range(self.passes) for batch in self._pass(volume, number, turn)]

    def _pass(self, volume: Volume, number: int, turn: int) -> Iterator[Batch]:
        rng = np.random.default_rng((self.seed, 1 << 20, number, turn))
        shake = self.shake if turn else fitted
        for chosen in self._by_width(volume, rng):
            natural = float(np.median([volume.lines[i].shape[1] for i in chosen]))
            labels = volume.labels[chosen]
            width = fitting_width(natural, int(columns_needed(labels).max()))
            yield np.stack([shake(volume.lines[i], width, rng) for i in chosen]), labels

    def _by_width(self, volume: Volume, rng: np.random.Generator) -> list[np.ndarray]:
        """Batches of neighbours in width, which is judged with some error so that neighbours change."""
        widths = np.array([line.shape[1] for line in volume.lines])
        order = np.argsort(widths * np.exp(rng.normal(0, 0.06, len(widths))), kind="stable")
        return list(rng.permutation(order.reshape(-1, self.batch_size)))

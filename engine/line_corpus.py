"""Lines of digits to learn from, drawn without end and the same for the same seed.

Drawing costs more than learning, so pictures are drawn in volumes by processes of their own, and each volume
is learnt several times: shaken a little each time, in batches of pictures of about one width.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context, parent_process

import cv2
import numpy as np

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


def natural_line(rgb: np.ndarray) -> np.ndarray:
    """As the reader sees it, but its width not yet rounded to what the reader's tiles need."""
    natural = round(HEIGHT * rgb.shape[1] / rgb.shape[0])
    return line_of(rgb, int(np.clip(natural, NARROWEST, WIDEST_LEARNT)))


def _leave_with_parent() -> None:
    """End this process when the one that began it has ended, however that came."""
    parent = parent_process()
    assert parent is not None

    def leave() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=leave, daemon=True).start()


class LineCorpus:
    """Batches for `engine.training.train`: (N, 40, W) uint8 and labels (N, 10), N constant, W from batch to
    batch.

    draw: draws one chunk. volume: pictures in a volume, passes: how often it is learnt. processes: how many
    draw ahead; 0 draws in this process.
    """

    def __init__(
        self,
        draw: Draw,
        seed: int = 0,
        batch_size: int = 64,
        volume: int = 4096,
        passes: int = 3,
        processes: int = 1,
    ) -> None:
        if volume % CHUNK or volume % batch_size:
            raise ValueError(f"a volume has a multiple of {CHUNK} and {batch_size} pictures, not {volume}")
        self.draw, self.seed = draw, seed
        self.batch_size, self.passes, self.volume = batch_size, passes, volume
        self.steps_per_epoch = volume // batch_size * passes
        self._drawn: tuple[int, Volume] | None = None
        self._order: tuple[int, list[np.ndarray]] | None = None
        self._ahead: dict[int, list[Future[Volume]]] = {}
        self._pool = (
            ProcessPoolExecutor(processes, get_context("spawn"), _leave_with_parent) if processes else None
        )

    def batch(self, step: int) -> tuple[np.ndarray, np.ndarray]:
        per_pass = self.volume // self.batch_size
        turn, place = divmod(step, per_pass)
        volume = self._volume(turn // self.passes)
        if self._order is None or self._order[0] != turn:
            self._order = turn, self._by_width(volume, turn)
        chosen = self._order[1][place]
        rng = np.random.default_rng((self.seed, 1 << 20, step))
        natural = float(np.median([volume.lines[i].shape[1] for i in chosen]))
        labels = volume.labels[chosen]
        width = fitting_width(natural, int(columns_needed(labels).max()))
        shake = shaken if turn % self.passes else fitted
        return np.stack([shake(volume.lines[i], width, rng) for i in chosen]), labels

    def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def _volume(self, number: int) -> Volume:
        if self._drawn is None or self._drawn[0] != number:
            self._start(number)
            chunks = (
                [future.result() for future in self._ahead.pop(number)] if self._pool else self._draw(number)
            )
            lines = [line for chunk in chunks for line in chunk.lines]
            self._drawn = number, Volume(lines, np.concatenate([chunk.labels for chunk in chunks]))
            self._start(number + 1)
        return self._drawn[1]

    def _chunks(self, number: int) -> range:
        count = self.volume // CHUNK
        return range(number * count, (number + 1) * count)

    def _draw(self, number: int) -> list[Volume]:
        return [self.draw(self.seed, chunk) for chunk in self._chunks(number)]

    def _start(self, number: int) -> None:
        if self._pool is not None and number not in self._ahead:
            self._ahead[number] = [
                self._pool.submit(self.draw, self.seed, chunk) for chunk in self._chunks(number)
            ]

    def _by_width(self, volume: Volume, turn: int) -> list[np.ndarray]:
        """Batches of neighbours in width, which is judged with some error so that neighbours change."""
        rng = np.random.default_rng((self.seed, 1 << 21, turn))
        widths = np.array([line.shape[1] for line in volume.lines])
        order = np.argsort(widths * np.exp(rng.normal(0, 0.06, len(widths))), kind="stable")
        batches = order.reshape(-1, self.batch_size)
        return list(rng.permutation(batches))


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

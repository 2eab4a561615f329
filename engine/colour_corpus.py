"""What the colouriser learns from: crops of photos, their lightness in and their colours out, with some of
the colours revealed.

Any photo teaches, since its gray version is made from it. A crop shows most of a scene, so that the network
can tell a meadow from a wall: from three fifths of the photo's shorter side to all of it. From none to a
hundred small patches of the true colours are revealed as hints (Zhang et al. 2017), so that one set of
weights serves with hints and without; now and then the colours are turned to others first, so that hints are
believed also where they are unlikely.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import cv2
import numpy as np

from engine.ab_bins import FARTHEST
from engine.datasets import DataUnavailable
from engine.photos import Photos

STRIDE = 4  # places of the network's output are so many pixels apart
GRAY = 3.0  # a mean chroma below this: a gray photo, which teaches nothing
AHEAD = 3  # batches made ahead
NO_HINTS = 0.35  # of the crops
MOST_HINTS = 100
LARGEST_PATCH = 4  # pixels
TURNED = 0.1  # of the crops with at least FEW hints have their colours turned
FEW = 4
STRETCH = 0.3  # of a crop's sides against each other, at most, as a logarithm
EXPOSURE = 0.2  # deviation of the logarithm of the power that lightness is taken to


@dataclass(frozen=True)
class Phase:
    """From which share of a training on (0 to 1) its crops have `side` pixels, in batches of so many."""

    begins: float
    side: int
    batch: int


class ColourCorpus:
    """Batches for `engine.training.train`: inputs (N, side, side, 4) float32, which are L, the hints' a and b
    and where they are (0 or 1), and labels (N, side / 4, side / 4, 2) int8, the true a and b.

    steps: of the whole training, which is what the phases are shares of. ahead: made so many batches ahead in
    another thread; 0 makes them when they are asked for.
    """

    def __init__(
        self,
        photos: Photos,
        seed: int,
        phases: Sequence[Phase],
        steps: int,
        steps_per_epoch: int,
        ahead: int = AHEAD,
    ) -> None:
        self.photos, self.seed, self.phases, self.steps = photos, seed, tuple(phases), steps
        self.steps_per_epoch, self.ahead = steps_per_epoch, ahead
        self._names = photos.to_train
        self._begins = [round(phase.begins * steps) for phase in phases]
        self._pool = ThreadPoolExecutor(1) if ahead else None
        self._made: dict[int, Future[tuple[np.ndarray, np.ndarray]]] = {}

    def batch(self, step: int) -> tuple[np.ndarray, np.ndarray]:
        if self._pool is None:
            return self.make(step)
        for later in range(step, min(step + self.ahead + 1, max(self.steps, step + 1))):
            if later not in self._made:
                self._made[later] = self._pool.submit(self.make, later)
        return self._made.pop(step).result()

    def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def make(self, step: int) -> tuple[np.ndarray, np.ndarray]:
        """The batch of a step, which depends on the step alone."""
        phase, first = self._place(step)
        crops = np.empty((phase.batch, phase.side, phase.side, 3), np.uint8)
        for i in range(phase.batch):
            rng = np.random.default_rng((self.seed, step, i))
            crops[i] = crop(self._photo(first + i, rng), phase.side, rng)
        rng = np.random.default_rng((self.seed, step))
        inputs = np.zeros((phase.batch, phase.side, phase.side, 4), np.float32)
        colours = np.empty((phase.batch, phase.side // STRIDE, phase.side // STRIDE, 2), np.int8)
        for one, seen, wanted in zip(crops, inputs, colours, strict=True):  # one by one, as caches are small
            lab = quick_lab(one)
            reveal(lab, seen[..., 1:], rng)
            seen[..., 0] = exposed(lab[..., 0], rng)
            wanted[...] = targets(lab)
        return inputs, colours

    def _place(self, step: int) -> tuple[Phase, int]:
        """The phase of a step, and how many crops were before it."""
        now = bisect_right(self._begins, step) - 1
        ends = [*self._begins[1 : now + 1], step]
        counts = zip(self.phases, self._begins, ends, strict=False)
        return self.phases[now], sum(phase.batch * (end - begin) for phase, begin, end in counts)

    def _photo(self, number: int, rng: np.random.Generator) -> np.ndarray:
        """The photo that comes as the `number`th, or by chance another where it is gray or damaged."""
        turn, place = divmod(number, len(self._names))
        name = self._names[self._order(turn)[place]]
        for _ in range(100):
            photo = self._coloured(name)
            if photo is not None:
                return photo
            name = self._names[rng.integers(len(self._names))]
        raise DataUnavailable(f"hardly any photo in {self.photos.path} can be read and is coloured")

    def _coloured(self, name: str) -> np.ndarray | None:
        """A photo; None where it is gray or damaged."""
        photo = self.photos.open(name)
        return None if photo is None or is_gray(photo) else photo

    def _order(self, turn: int) -> np.ndarray:
        if getattr(self, "_turn", None) != turn:
            self._turn = turn
            self._permutation = np.random.default_rng((self.seed, 1 << 20, turn)).permutation(
                len(self._names)
            )
        return self._permutation


def quick_lab(rgb: np.ndarray) -> np.ndarray:
    """`engine.colour_spaces.lab_from_srgb` by OpenCV's tables: quicker, and right within half a unit."""
    pixels = rgb.reshape(1, -1, 3).astype(np.float32)
    pixels *= np.float32(1 / 255)
    return cv2.cvtColor(pixels, cv2.COLOR_RGB2Lab).reshape(rgb.shape)


def is_gray(photo: np.ndarray) -> bool:
    """Whether a photo has next to no colour, judged on its small version."""
    small = cv2.resize(photo, (16, 16), interpolation=cv2.INTER_AREA)
    ab = quick_lab(small)[..., 1:]
    return float(np.hypot(ab[..., 0], ab[..., 1]).mean()) < GRAY


def crop(photo: np.ndarray, side: int, rng: np.random.Generator) -> np.ndarray:
    """A part of a photo, nearly square, of 0.6 to 1 of its shorter side, brought to (side, side, 3); half are
    mirrored.
    """
    height, width = photo.shape[:2]
    window, stretch = min(height, width) * rng.uniform(0.6, 1), np.exp(rng.uniform(-0.5, 0.5) * STRETCH)
    high = int(np.clip(round(window * stretch), 1, height))
    wide = int(np.clip(round(window / stretch), 1, width))
    top, left = rng.integers(height - high + 1), rng.integers(width - wide + 1)
    part = photo[top : top + high, left : left + wide]
    way = cv2.INTER_AREA if min(high, wide) > side else cv2.INTER_CUBIC
    part = cv2.resize(part, (side, side), interpolation=way)
    return part[:, ::-1] if rng.random() < 0.5 else part


def exposed(lightness: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Lightness (H, W), 0 to 100, of half the crops as another exposure would have it."""
    if rng.random() < 0.5:
        return lightness
    shown: np.ndarray = 100 * (np.clip(lightness, 0, 100) / 100) ** np.exp(rng.normal(0, EXPOSURE))
    return shown


def reveal(lab: np.ndarray, hints: np.ndarray, rng: np.random.Generator) -> None:
    """Write some patches of the colours of lab (H, W, 3) into hints (H, W, 3): a, b and 1 where they are.

    No patch in `NO_HINTS` of the cases, else 1 to `MOST_HINTS`, fewer more often than many. The colours of
    lab may be turned first.
    """
    if rng.random() < NO_HINTS:
        return
    count = int(np.exp(rng.uniform(0, np.log(MOST_HINTS + 1))))
    if count >= FEW and rng.random() < TURNED:
        angle = rng.uniform(0.5, 2 * np.pi - 0.5)
        turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]], np.float32)
        lab[..., 1:] = lab[..., 1:] @ turn
    smooth = cv2.blur(np.ascontiguousarray(lab[..., 1:]), (3, 3))
    for top, left, size in random_patches(rng, count, *lab.shape[:2]):
        patch = hints[top : top + size, left : left + size]
        patch[..., :2] = smooth[top + size // 2, left + size // 2]
        patch[..., 2] = 1


def random_patches(
    rng: np.random.Generator, count: int, height: int, width: int
) -> Iterator[tuple[int, int, int]]:
    """(top, left, side) of `count` small squares within a picture."""
    sizes = rng.integers(1, LARGEST_PATCH + 1, count)
    tops = (rng.random(count) * (height - sizes + 1)).astype(int)
    lefts = (rng.random(count) * (width - sizes + 1)).astype(int)
    return zip(tops.tolist(), lefts.tolist(), sizes.tolist(), strict=True)


def targets(lab: np.ndarray) -> np.ndarray:
    """The mean colours of each 4 × 4 pixels of lab (H, W, 3), as whole numbers: (H / 4, W / 4, 2) int8."""
    height, width, _ = lab.shape
    places = cv2.resize(lab, (width // STRIDE, height // STRIDE), interpolation=cv2.INTER_AREA)
    return np.clip(np.rint(places[..., 1:]), -FARTHEST, FARTHEST).astype(np.int8)

"""Crops of photos for the colouriser, drawn where its network learns: all photos lie in one vector on the
device, be it a GPU or the processor, and a batch is a few dozen operations on whole arrays.

A GPU learns faster than sixteen processes draw; here a batch costs it a third of a step. What a crop shows
is as in `engine.colour_corpus`, but for more of it: lying and standing photos are cut as such, since whole
photos are what is to be coloured, and their lightness varies more (turned a little, blurred, grainy).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import Any

import cv2
import numpy as np

from engine.ab_bins import FARTHEST
from engine.colour_corpus import (
    EXPOSURE,
    FEW,
    LARGEST_PATCH,
    MOST_HINTS,
    NO_HINTS,
    STRETCH,
    STRIDE,
    TURNED,
    is_gray,
)
from engine.colour_spaces import EPSILON, KAPPA, TO_XYZ, WHITE, linear_from_srgb
from engine.datasets import DataUnavailable
from engine.layer import Array
from engine.photos import Photos, evened

LEAST_SHARE = 0.5  # of a photo's sides that a crop shows at least
TILT = 4.0  # degrees, deviation, of half the crops
CONTRAST = 0.12  # deviation of the logarithm of the contrast of half of them
BLURRED, FARTHEST_BLUR = 0.25, 0.8  # of the crops, by up to so many pixels of the photo
GRAINY, COARSEST = 0.25, 4.0  # of the crops, by a deviation of up to so many units of L
LYING = 0.7  # of the batches are of lying photos, if there are both
LARGEST_PHOTO = 160  # pixels of the shorter side that is kept of a photo: no crop has more


class DeviceCrops:
    """Batches for `engine.long_training.train_long` as arrays of `xp`: inputs (N, h, w, 4) float32, which are
    L, the hints' a and b and where they are (0 or 1), and labels (N, h / 4, w / 4, 2) int8, the true a and b.

    sides: pixels on the shorter and the longer side of a crop, which take turns by chance; a batch is of
    lying or of standing crops. even: from 0, where all photos come equally often, to 1, where all sources do
    (`engine.photos.evened`). threads: that open the photos. DataUnavailable where no photo is coloured.
    """

    def __init__(
        self,
        photos: Photos,
        seed: int,
        batch: int,
        sides: Sequence[tuple[int, int]],
        steps_per_epoch: int,
        xp: Any = np,
        threads: int = 1,
        even: float = 0.0,
    ) -> None:
        self.seed, self.size, self.sides, self.xp = seed, batch, tuple(sides), xp
        self.steps_per_epoch = steps_per_epoch
        with ThreadPoolExecutor(threads) as pool:
            found = zip(photos.to_train, pool.map(_opener(photos), photos.to_train), strict=True)
            named = [(name, photo) for name, photo in found if photo is not None]
        names, opened = [name for name, _ in named], [photo for _, photo in named]
        if not opened:
            raise DataUnavailable(f"no photo in {photos.path} can be read and is coloured")
        self._heights, self._widths = np.array([photo.shape[:2] for photo in opened]).T
        areas = self._heights * self._widths
        self._begins = np.cumsum(areas) - areas
        self._pixels = xp.asarray(np.concatenate([photo.reshape(-1, 3) for photo in opened]))
        self._lying = np.flatnonzero(self._widths >= self._heights)
        self._standing = np.flatnonzero(self._widths < self._heights)
        self._shares = evened(names, even)

    def batch(self, step: int) -> tuple[Array, Array]:
        """The batch of a step, which depends on the step alone."""
        rng = np.random.default_rng((self.seed, step))
        xp, (short, long) = self.xp, self.sides[rng.integers(len(self.sides))]
        lying = not len(self._standing) or (len(self._lying) > 0 and rng.random() < LYING)
        height, width = (short, long) if lying else (long, short)
        among = self._lying if lying else self._standing
        chosen = rng.choice(among, self.size, p=self._shares[among] / self._shares[among].sum())
        rgb = self._sampled(chosen, height, width, rng)
        lab = lab_from_bytes(rgb)
        ab, hints = lab[..., 1:], hint_places(rng, self.size, height, width)
        ab = xp.matmul(ab.reshape(self.size, -1, 2), xp.asarray(hints.turns)).reshape(ab.shape)
        inputs = xp.zeros((self.size, height, width, 4), dtype=np.float32)
        inputs[..., 0] = _developed(lab[..., 0], rng)
        flat = inputs.reshape(-1, 4)
        told = ab.reshape(-1, 2)[xp.asarray(hints.sources)].mean(axis=1)
        where = xp.asarray(hints.pixels)
        flat[where, 1:3] = told[xp.asarray(hints.patches)]
        flat[where, 3] = 1
        rows, columns = height // STRIDE, width // STRIDE
        places = ab.reshape(self.size, rows, STRIDE, columns, STRIDE, 2).mean(axis=(2, 4))
        return inputs, xp.clip(xp.rint(places), -FARTHEST, FARTHEST).astype(np.int8)

    def close(self) -> None:
        """Nothing to end: there are no processes."""

    def _sampled(self, chosen: np.ndarray, height: int, width: int, rng: np.random.Generator) -> Array:
        """Parts of photos, brought to (N, height, width, 3) float32, 0 to 255, by the nearest four pixels."""
        xp, n = self.xp, len(chosen)
        high, wide = self._heights[chosen], self._widths[chosen]
        stretch = np.exp(rng.uniform(-0.5, 0.5, n) * STRETCH)
        share = rng.uniform(LEAST_SHARE, 1, n)
        whole = np.minimum(high / height, wide / width)  # photo's pixels for one of the crop's
        down, across = whole * share * stretch, whole * share / stretch
        down, across = np.minimum(down, high / height), np.minimum(across, wide / width)
        middle_y = high / 2 + (rng.random(n) - 0.5) * (high - down * height)
        middle_x = wide / 2 + (rng.random(n) - 0.5) * (wide - across * width)
        across = across * rng.choice((-1, 1), n)
        tilt = np.radians(rng.normal(0, TILT, n)) * (rng.random(n) < 0.5)

        def each(values: np.ndarray, kind: type = np.float32) -> Array:
            return xp.asarray(values.astype(kind)[:, None, None])

        y = xp.asarray(np.arange(height, dtype=np.float32) - (height - 1) / 2)[None, :, None]
        x = xp.asarray(np.arange(width, dtype=np.float32) - (width - 1) / 2)[None, None, :]
        sine, cosine = np.sin(tilt), np.cos(tilt)
        up = y * each(down * cosine) + x * each(across * sine) + each(middle_y - 0.5)
        along = x * each(across * cosine) - y * each(down * sine) + each(middle_x - 0.5)
        blur = rng.uniform(0, FARTHEST_BLUR, n) * (rng.random(n) < BLURRED)
        blurred = np.flatnonzero(blur)
        last = each(high - 1), each(wide - 1)
        begin, columns = each(self._begins[chosen], np.int64), each(wide, np.int64)
        rgb = self._taken(up, along, last, begin, columns)
        if len(blurred):
            part = xp.asarray(blurred)
            by = each(blur[blurred])
            rest = [one[part] for one in (up, along, *last, begin, columns)]
            total = rgb[part]
            for dy, dx in ((-1, 0), (1, 0), (0, -1), (0, 1)):
                total += self._taken(rest[0] + dy * by, rest[1] + dx * by, rest[2:4], rest[4], rest[5])
            rgb[part] = total / np.float32(5)
        return rgb

    def _taken(self, up: Array, along: Array, last: Sequence[Array], begin: Array, columns: Array) -> Array:
        """What photos show at places up and along, the nearest four pixels mixed."""
        xp = self.xp
        up = xp.clip(up, np.float32(0), last[0])
        along = xp.clip(along, np.float32(0), last[1])
        top, left = xp.floor(up), xp.floor(along)
        down, right = (up - top)[..., None], (along - left)[..., None]
        row, column = top.astype(np.int64), left.astype(np.int64)
        below = columns * (top < last[0])
        beside = (left < last[1]).astype(np.int64)
        at = begin + row * columns + column
        pixels = self._pixels
        upper = pixels[at] * (1 - right) + pixels[at + beside] * right
        at = at + below
        lower = pixels[at] * (1 - right) + pixels[at + beside] * right
        mixed: Array = upper * (1 - down) + lower * down
        return mixed


def _opener(photos: Photos) -> Callable[[str], np.ndarray | None]:
    def opened(name: str) -> np.ndarray | None:
        """A photo, not larger than is of use; None where it is gray or damaged."""
        photo = photos.open(name)
        if photo is None or is_gray(photo):
            return None
        scale = LARGEST_PHOTO / min(photo.shape[:2])
        if scale >= 1:
            return photo
        size = max(1, round(photo.shape[1] * scale)), max(1, round(photo.shape[0] * scale))
        return cv2.resize(photo, size, interpolation=cv2.INTER_AREA)

    return opened


def lab_from_bytes(rgb: Array) -> Array:
    """sRGB (..., 3) from 0 to 255, taken as whole numbers -> L*a*b*, float32, on any device."""
    xp = rgb.__array_namespace__()
    light, to_relative = _light(xp)
    linear = light[xp.clip(xp.rint(rgb), 0, 255).astype(np.int32)]
    relative = (linear.reshape(-1, 3) @ to_relative).reshape(rgb.shape)
    line = relative * np.float32(KAPPA / 116) + np.float32(16 / 116)
    root = xp.where(relative > np.float32(EPSILON), xp.cbrt(relative), line)
    fx, fy, fz = root[..., 0], root[..., 1], root[..., 2]
    a, b = np.float32(500) * (fx - fy), np.float32(200) * (fy - fz)
    return xp.stack([np.float32(116) * fy - np.float32(16), a, b], axis=-1)


@cache
def _light(xp: Any) -> tuple[Array, Array]:
    """Linear light of the 256 bytes, and the matrix to XYZ relative to white."""
    matrix = (TO_XYZ / WHITE[:, None]).T.astype(np.float32)
    return xp.asarray(linear_from_srgb(np.arange(256, dtype=np.uint8))), xp.asarray(matrix)


def _developed(lightness: Array, rng: np.random.Generator) -> Array:
    """Lightness (N, H, W) of half the crops as another exposure and contrast would have it, some grainy."""
    xp, n = lightness.__array_namespace__(), len(lightness)
    power = np.exp(rng.normal(0, EXPOSURE, n) * (rng.random(n) < 0.5))
    contrast = np.exp(rng.normal(0, CONTRAST, n) * (rng.random(n) < 0.5))
    grain = rng.uniform(0, COARSEST, n) * (rng.random(n) < GRAINY)
    as_crops = [xp.asarray(one.astype(np.float32)[:, None, None]) for one in (power, contrast, grain)]
    shown = (xp.clip(lightness, 0, 100) / np.float32(100)) ** as_crops[0] * np.float32(100)
    shown = (shown - np.float32(50)) * as_crops[1] + np.float32(50)
    noise = _noise(xp, int(rng.integers(1 << 30)), lightness.shape)
    return xp.clip(shown + noise * as_crops[2], 0, 100)


def _noise(xp: Any, seed: int, shape: tuple[int, ...]) -> Array:
    """A normal distribution's numbers, float32."""
    generator = xp.random.default_rng(seed)
    return generator.standard_normal(shape, dtype=np.float32)


@dataclass(frozen=True, eq=False)
class HintPlaces:
    """Where hints are revealed in a batch. sources: (P, 9), the pixels that each patch has its colour from;
    pixels: (M,), those that are told, and patches: (M,), the patch of each. turns: (N, 2, 2) float32, what
    the colours of each crop are multiplied by. All pixels are numbered through the batch.
    """

    sources: np.ndarray
    pixels: np.ndarray
    patches: np.ndarray
    turns: np.ndarray


def hint_places(rng: np.random.Generator, n: int, height: int, width: int) -> HintPlaces:
    """Hints as `engine.colour_corpus.reveal` has them, for a batch at once."""
    counts = np.exp(rng.uniform(0, np.log(MOST_HINTS + 1), n)).astype(int)
    counts[rng.random(n) < NO_HINTS] = 0
    turned = (counts >= FEW) & (rng.random(n) < TURNED)
    angles = rng.uniform(0.5, 2 * np.pi - 0.5, n) * turned
    cosine, sine = np.cos(angles), np.sin(angles)
    turns = np.stack([cosine, sine, -sine, cosine], axis=1).reshape(n, 2, 2).astype(np.float32)
    crops = np.repeat(np.arange(n), counts)
    sizes = rng.integers(1, LARGEST_PATCH + 1, len(crops))
    tops = (rng.random(len(crops)) * (height - sizes + 1)).astype(int)
    lefts = (rng.random(len(crops)) * (width - sizes + 1)).astype(int)
    around = np.arange(-1, 2)
    rows = np.clip((tops + sizes // 2)[:, None] + around, 0, height - 1)
    columns = np.clip((lefts + sizes // 2)[:, None] + around, 0, width - 1)
    sources = (crops[:, None, None] * height + rows[:, :, None]) * width + columns[:, None, :]
    steps = np.arange(LARGEST_PATCH)
    inside = (steps[None, :, None] < sizes[:, None, None]) & (steps[None, None, :] < sizes[:, None, None])
    patches, down, right = np.nonzero(inside)
    pixels = (crops[patches] * height + tops[patches] + down) * width + lefts[patches] + right
    return HintPlaces(sources.reshape(-1, 9), pixels, patches, turns)

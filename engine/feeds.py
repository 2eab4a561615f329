"""Where the batches of a recipe come from: a data set, or one of the corpora that are drawn without end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import chain

import cv2
import numpy as np

from engine import datasets
from engine.ahead import Ahead
from engine.captcha_corpus import CaptchaCorpus
from engine.colour_corpus import ColourCorpus, Phase
from engine.datasets import Dataset
from engine.device_crops import DeviceCrops
from engine.digit_corpus import SETTLING, DigitCorpus, Mixture
from engine.gpu import cupy
from engine.hard_examples import Doubted
from engine.line_corpus import LineCorpus
from engine.number_corpus import number_corpus
from engine.photos import training_photos
from engine.recipes import Recipe
from engine.training import Batches, ShuffledBatches

Progress = Callable[[float, str], None]
LARGE_CROPS = 0.55  # of a training of the colouriser is done when its crops grow
CROPS = 64, 96  # pixels on a side, before and after
CLOCK_CROPS, LONGER = (96, 96, 128), 32  # by the clock, of the shorter side, and how many more the longer has
MIXED, GPU_MIXED = 3, 6  # volumes of lines that take turns, by the clock and on a GPU


def feed(
    recipe: Recipe, first_step: int = 0, processes: int = 1, progress: Progress | None = None
) -> tuple[Batches, Dataset | None]:
    """The batches of a training that goes on at `first_step`, and what it is judged on after each epoch.

    DataUnavailable where a data set is neither here nor to be had.
    """
    if recipe.data == "captcha-corpus":
        cv2.setNumThreads(1)
        return CaptchaCorpus(recipe.seed, recipe.batch_size, processes=processes), None
    if recipe.data == "number-corpus":
        cv2.setNumThreads(1)
        return number_corpus(recipe.seed, recipe.batch_size, processes), None
    if recipe.data == "colour-corpus":
        cv2.setNumThreads(1)
        return colour_batches(recipe), None
    if recipe.data == "digit-corpus":
        cv2.setNumThreads(1)
        validation = datasets.load("mnist", progress=progress).validation
        return DigitBatches(recipe, first_step), validation
    splits = datasets.load(recipe.data, progress=progress)
    batches = ShuffledBatches(recipe.training_data(splits), recipe.batch_size, recipe.seed)
    return batches, None if recipe.whole and recipe.data == "mnist" else splits.validation


class NotEndless(ValueError):
    """A recipe whose data set comes to an end, and with it the training."""


def endless_feed(
    recipe: Recipe,
    processes: int,
    gpu: bool,
    crops: int | None = None,
    hard: str | None = None,
    even: float = 0.0,
) -> LineCorpus | Ahead | DeviceCrops:
    """The batches of a recipe without end, made by so many processes; crops of photos are made where the
    network learns.

    crops: pixels on a shorter side of all crops of photos, instead of several. hard: of captchas mostly those
    that the network of this file does not read surely. even: how evenly the sources of photos are drawn.
    NotEndless for a recipe with a data set of its own, which is learnt in a minute.
    """
    mixed = GPU_MIXED if gpu else MIXED
    if recipe.data == "captcha-corpus":
        keep = Doubted(hard) if hard else None
        return CaptchaCorpus(recipe.seed, recipe.batch_size, processes=processes, mixed=mixed, keep=keep)
    if recipe.data == "number-corpus":
        return number_corpus(recipe.seed, recipe.batch_size, processes, mixed)
    if recipe.data == "colour-corpus":
        per_epoch = max(1, (recipe.images or 16_000) // recipe.batch_size)
        sides = [(short, short + LONGER) for short in ((crops,) if crops else CLOCK_CROPS)]
        photos, xp = training_photos(), cupy() if gpu else np
        return DeviceCrops(photos, recipe.seed, recipe.batch_size, sides, per_epoch, xp, processes, even)
    if recipe.data == "digit-corpus":
        per_epoch = (recipe.images or 64_000) // recipe.batch_size
        return Ahead(Digits(recipe.seed, recipe.batch_size, recipe.epochs * per_epoch), per_epoch, processes)
    raise NotEndless(f"{recipe.name} is learnt in a minute, by its epochs: leave out --gpu and --minutes.")


@dataclass(frozen=True)
class Digits:
    """From a step to its batch, for processes of their own; the second half of a training is milder."""

    seed: int
    batch_size: int
    steps: int

    def __call__(self, step: int) -> tuple[np.ndarray, np.ndarray]:
        return _digit_corpus(self.seed, self.batch_size, 2 * step >= self.steps).batch(step)


@cache
def _digit_corpus(seed: int, batch_size: int, settling: bool) -> DigitCorpus:
    return DigitCorpus(seed=seed, batch_size=batch_size, mixture=SETTLING if settling else Mixture())


def colour_batches(recipe: Recipe) -> ColourCorpus:
    """Small crops first, from which most is learnt in the same time, then larger ones in smaller batches."""
    small, large = CROPS
    phases = Phase(0.0, small, recipe.batch_size), Phase(LARGE_CROPS, large, max(1, recipe.batch_size // 2))
    per_epoch = max(1, (recipe.images or 16_000) // recipe.batch_size)
    steps = recipe.epochs * per_epoch
    return ColourCorpus(training_photos(), recipe.seed, phases, steps, per_epoch)


class DigitBatches:
    """The digit corpus as epochs of a fixed size, made ahead in another thread; its last fifth is milder."""

    def __init__(self, recipe: Recipe, first_step: int) -> None:
        corpora = [
            DigitCorpus(seed=recipe.seed, batch_size=recipe.batch_size, mixture=mixture)
            for mixture in (Mixture(), SETTLING)
        ]
        self.steps_per_epoch = (recipe.images or len(corpora[0])) // recipe.batch_size
        steps = self.steps_per_epoch * recipe.epochs
        turn = steps * 4 // 5
        self._stream: Iterator[tuple[np.ndarray, np.ndarray]] = chain(
            corpora[0].stream(min(first_step, turn), turn), corpora[1].stream(max(first_step, turn), steps)
        )

    def batch(self, step: int) -> tuple[np.ndarray, np.ndarray]:
        return next(self._stream)

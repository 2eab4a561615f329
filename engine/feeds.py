"""Where the batches of a recipe come from: a data set, or one of the corpora that are drawn without end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

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
from engine.training import ShuffledBatches

Progress = Callable[[float, str], None]
LARGE_CROPS = 0.55  # of a training of the colouriser is done when its crops grow
CROPS = 64, 96  # pixels on a side, before and after
CLOCK_CROPS, LONGER = (96, 96, 128), 32  # by the clock, of the shorter side, and how many more the longer has
DIGITS_SETTLE = 0.8  # from here on, of a training, digits are milder; here the second of two cycles begins
DIGITS_SETTLE_BY_CLOCK = 0.5
MIXED, GPU_MIXED = 3, 6  # volumes of lines that take turns, by the clock and on a GPU


Drawn = LineCorpus | ColourCorpus | Ahead | DeviceCrops  # made ahead: to be closed in the end


def feed(
    recipe: Recipe, processes: int = 1, progress: Progress | None = None
) -> tuple[Drawn | ShuffledBatches, Dataset | None]:
    """The batches of a training by epochs, and what it is judged on after each.

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
        return digits_ahead(recipe, DIGITS_SETTLE, processes), validation
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
) -> Drawn:
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
        return digits_ahead(recipe, DIGITS_SETTLE_BY_CLOCK, processes)
    raise NotEndless(f"{recipe.name} is learnt in a minute, by its epochs: leave out --gpu and --minutes.")


@dataclass(frozen=True)
class Digits:
    """From a step to its batch, for processes of their own; from step `turn` on batches are milder."""

    seed: int
    batch_size: int
    turn: int

    def __call__(self, step: int) -> tuple[np.ndarray, np.ndarray]:
        return _digit_corpus(self.seed, self.batch_size, step >= self.turn).batch(step)


def digits_ahead(recipe: Recipe, settle: float, processes: int) -> Ahead:
    """Batches of the digit corpus; the last part of a training, from `settle` (0 to 1) on, is milder.

    DataUnavailable where one of its sources is missing.
    """
    originals = len(DigitCorpus(seed=recipe.seed, batch_size=recipe.batch_size))
    per_epoch = (recipe.images or originals) // recipe.batch_size
    turn = round(settle * recipe.epochs * per_epoch)
    return Ahead(Digits(recipe.seed, recipe.batch_size, turn), per_epoch, processes)


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

"""Where the batches of a recipe come from: a data set, or one of the corpora that are drawn without end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain

import cv2
import numpy as np

from engine import datasets
from engine.captcha_corpus import CaptchaCorpus
from engine.colour_corpus import ColourCorpus, Phase, training_photos
from engine.datasets import Dataset
from engine.digit_corpus import SETTLING, DigitCorpus, Mixture
from engine.number_corpus import number_corpus
from engine.recipes import Recipe
from engine.training import Batches, ShuffledBatches

Progress = Callable[[float, str], None]
LARGE_CROPS = 0.55  # of a training of the colouriser is done when its crops grow from 64 to 96 pixels


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


def colour_batches(recipe: Recipe) -> ColourCorpus:
    """Small crops first, from which most is learnt in the same time, then larger ones in smaller batches."""
    phases = Phase(0.0, 64, recipe.batch_size), Phase(LARGE_CROPS, 96, max(1, recipe.batch_size // 2))
    per_epoch = max(1, (recipe.images or 16_000) // recipe.batch_size)
    return ColourCorpus(training_photos(), recipe.seed, phases, recipe.epochs * per_epoch, per_epoch)


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

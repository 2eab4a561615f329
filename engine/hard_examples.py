"""Learning mostly from what a network does not read yet (hard examples; Shrivastava et al. 2016).

Two of three pictures of the captchas' corpus are read surely after some millions of them, and teach next to
nothing; to read one costs a sixth of learning from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache

import numpy as np

from engine.captcha import column_probabilities
from engine.checkpoint import CheckpointError, load
from engine.decoding import decode, in_text
from engine.line import fitting_width
from engine.line_corpus import fitted
from engine.network import Network

SURE = 0.9  # a text read right and so probable is an easy one
LIKE = 0.5  # a text less like the right one (Ratcliff, Obershelp 1988): the picture is hardly readable at all
SELDOM = 0.12  # of the easy ones are learnt too, lest they be forgotten, and of the unreadable ones


@dataclass(frozen=True)
class Doubted:
    """Keeps lines that the network of a checkpoint reads nearly or in doubt, and a few of the others; it is
    sent to other processes, so it can be pickled.
    """

    path: str

    def __post_init__(self) -> None:
        """CheckpointError where the file can't be used, here and not in the process that draws."""
        if not load(self.path).preprocessing.any_width:
            raise CheckpointError(f"{self.path} holds no reader of captchas.")

    def __call__(self, line: np.ndarray, digits: np.ndarray, rng: np.random.Generator) -> bool:
        """line: (40, W) uint8 of any width; digits: those in it."""
        seen = fitted(line, fitting_width(line.shape[1]), rng)
        text, probability = decode(column_probabilities(_reader(self.path), seen[None])[0])
        truth = in_text(digits)
        easy = probability >= SURE and text == truth
        unreadable = truth and SequenceMatcher(None, text, truth, autojunk=False).ratio() < LIKE
        return bool(rng.random() < SELDOM) if easy or unreadable else True


@cache
def _reader(path: str) -> Network:
    return load(path).freeze()

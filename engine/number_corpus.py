"""What the reader of handwritten numbers learns from: numbers written anew on every kind of paper.

Their digits come from `engine.number_sources`; nothing here was ever seen on a real cheque or note.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from engine.captcha_colours import colour_of
from engine.captcha_damage import blurred, compressed, halved, noisy, paler, shaded
from engine.captcha_grounds import clouds
from engine.chances import chance, pick, within
from engine.empty_pictures import draw_nothing
from engine.line import line_of, tall_rows
from engine.line_corpus import CHUNK, LONGEST, LineCorpus, Volume, natural_line
from engine.number_grounds import PAPERS
from engine.number_line import Ink, write_number
from engine.number_sources import Sources, hand_made_sources, training_sources, tuning_sources

# How many of a hundred numbers have 1, 2, ... 10 digits.
LENGTHS = np.array([5, 8, 12, 18, 20, 14, 9, 7, 4, 3]) / 100
# How often each way to make a picture is taken.
SHARES: dict[str, float] = {"pad": 17, "blank": 13, "lined": 15, "cheque": 44, "textured": 6, "binary": 5}
EMPTY = 0.03  # of all pictures have no digits
TALL = 0.3  # of the others show only the rows that hold tall ink, as one of the reader's looks does

SOURCES: dict[str, Callable[[], Sources]] = {
    "training": training_sources,
    "tuning": tuning_sources,
    "hand-made": hand_made_sources,
}


@dataclass(frozen=True)
class NumberChunks:
    """Draws the chunks of a `LineCorpus`. sources: "training", "tuning" or "hand-made"."""

    sources: str = "training"
    kinds: tuple[str, ...] = tuple(SHARES)

    def __call__(self, seed: int, number: int) -> Volume:
        rng = np.random.default_rng((seed, number))
        cumulated = np.cumsum([SHARES[kind] for kind in self.kinds])
        lines, labels = [], np.full((CHUNK, LONGEST), -1, np.int64)
        for i in range(CHUNK):
            if rng.random() < EMPTY:
                lines.append(natural_line(_nothing(rng)))
                continue
            digits = random_number(rng)
            kind = self.kinds[int(np.searchsorted(cumulated, rng.random() * cumulated[-1]))]
            labels[i, : len(digits)] = digits
            rgb = draw_number(digits, kind, SOURCES[self.sources](), rng)
            if rng.random() < TALL:
                top, bottom = tall_rows(line_of(rgb), rgb.shape[0], rng.uniform(0.001, 0.008))
                rgb = rgb[top:bottom]
            lines.append(natural_line(rgb))
        return Volume(lines, labels)


def number_corpus(seed: int, batch_size: int, processes: int = 1, mixed: int = 1) -> LineCorpus:
    """The batches of the training; DataUnavailable where the digits are not here."""
    training_sources()
    return LineCorpus(NumberChunks(), seed, batch_size, passes=4, processes=processes, mixed=mixed)


def random_number(rng: np.random.Generator) -> np.ndarray:
    """One to ten digits; a fourth end in zeros, as sums of money do, and some repeat a digit."""
    length = 1 + int(np.searchsorted(np.cumsum(LENGTHS), rng.random()))
    digits = rng.integers(0, 10, min(length, LONGEST))
    roll = rng.random()
    if roll < 0.25 and length > 2:
        digits[-int(rng.integers(1, min(length, 5))) :] = 0
    elif roll < 0.35:
        digits = np.where(rng.random(len(digits)) < 0.5, digits[0], digits)
    return digits


def draw_number(digits: np.ndarray, kind: str, sources: Sources, rng: np.random.Generator) -> np.ndarray:
    """A picture of one line (H, W, 3) uint8; kind is one of `SHARES`."""
    ink = write_number(digits, sources, rng)
    mask = _in_its_margins(ink, rng)
    if kind == "pad":
        return _on_the_pad(mask, rng)
    picture = _on_paper(mask, ink, _paper(kind, rng, mask.shape, ink.height), rng)
    if kind == "binary":
        return _binary(picture, rng)
    return _photographed(picture, rng)


def _paper(kind: str, rng: np.random.Generator, shape: tuple[int, ...], height: float) -> np.ndarray:
    name = pick(rng, ("blank", "lined", "cheque")) if kind == "binary" else kind
    return PAPERS[name](rng, shape[1], shape[0], height)


def _in_its_margins(ink: Ink, rng: np.random.Generator) -> np.ndarray:
    """The ink with some ground around it, rarely a little cut off, and now and then bits of other lines."""
    high = len(ink.mask)
    slim, wide = (-0.04, 0.16) if chance(rng, 0.6) else (0.05, 0.45)
    top, bottom = (round(within(rng, slim, wide) * high) for _ in range(2))
    widest = 0.35 if chance(rng, 0.75) else 1.2
    left, right = (round(within(rng, -0.03, widest) * ink.height) for _ in range(2))
    more = max(0, top), max(0, bottom), max(0, left), max(0, right)
    mask = cv2.copyMakeBorder(ink.mask, *more, cv2.BORDER_CONSTANT, value=0)
    rows = slice(max(0, -top), len(mask) - max(0, -bottom))
    mask = np.array(mask[rows, max(0, -left) : mask.shape[1] - max(0, -right)])
    return _with_others(mask, ink, rng) if chance(rng, 0.07) else mask


def _with_others(mask: np.ndarray, ink: Ink, rng: np.random.Generator) -> np.ndarray:
    """The lower ends of what is written above, or the upper ones of what is written below."""
    deep = max(2, round(0.12 * len(ink.mask)))
    part = (ink.mask[-deep:] if chance(rng, 0.5) else ink.mask[:deep])[:, : mask.shape[1]]
    if len(mask) > 2 * deep:
        at = slice(0, deep) if chance(rng, 0.5) else slice(len(mask) - deep, None)
        view = mask[at, : part.shape[1]]
        np.maximum(view, part[:, ::-1], out=view)
    return mask


def _on_the_pad(mask: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Even ink on even ground, as drawing programs and this page's pad have it."""
    ink, ground = (np.zeros(3), np.full(3, 255.0))
    if chance(rng, 0.4):
        ink = colour_of(rng, within(rng, 0, 110), float(rng.random()))
        ground = colour_of(rng, within(rng, 200, 255), float(rng.random()))
    if chance(rng, 0.25):
        ink, ground = ground, ink
    share = (mask / np.float32(255))[..., None]
    return np.rint(ground + (ink - ground) * share).clip(0, 255).astype(np.uint8)


def _on_paper(mask: np.ndarray, ink: Ink, paper: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Ballpoint, fountain pen, felt pen or pencil on paper; chalk on a board where the paper is dark."""
    height, width = mask.shape
    share = mask.astype(np.float32) / 255
    if chance(rng, 0.4):  # uneven ink
        grain = clouds(rng, width, height, max(1.0, ink.pen * within(rng, 0.3, 3)))
        share *= np.clip(within(rng, 0.65, 1.0) + within(rng, 0.1, 0.5) * grain, 0, 1)
    bright = float(np.median(paper))
    kind = rng.random()
    if kind < 0.45:
        colour = np.full(3, within(rng, 0, 70))
    elif kind < 0.8:
        colour = colour_of(rng, within(rng, 20, 110), within(rng, 0.3, 1))
    else:
        colour = np.full(3, within(rng, 60, 130))
    colour = np.minimum(colour, max(bright - 75, 0))
    opacity = within(rng, 0.45, 1.0) if chance(rng, 0.5) else 1.0
    least = 70 / max(bright - float(colour.mean()), 1)  # it still can be seen
    share *= max(opacity, min(1.0, least))
    picture = paper + (colour - paper) * share[..., None]
    if chance(rng, 0.06):
        picture = 255 - picture
    return np.clip(picture, 0, 255).astype(np.uint8)


def _photographed(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """What cameras and scanners do, none of it more than so often."""
    if chance(rng, 0.18):
        picture = shaded(picture, rng)
    if chance(rng, 0.12):
        picture = _in_shadow(picture, rng)
    if chance(rng, 0.3):
        picture = blurred(picture, rng)
    if chance(rng, 0.2):
        picture = noisy(picture, rng)
    if chance(rng, 0.12):
        picture = paler(picture, rng)
    return compressed(picture, rng) if chance(rng, 0.35) else picture


def _in_shadow(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A shadow with a straight edge, soft or hard."""
    height, width = picture.shape[:2]
    way, depth = within(rng, 0, 6.28), within(rng, 0.2, 0.6)
    x, y = np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)[:, None]
    off = (x - within(rng, 0, width)) * np.cos(way) + (y - within(rng, 0, height)) * np.sin(way)
    share = 1 - depth * np.clip(0.5 + off / within(rng, 2, height), 0, 1)
    return (picture * share[..., None]).astype(np.uint8)


def _binary(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Black and white alone, by one threshold (Otsu) or one for each place."""
    if chance(rng, 0.4):
        return halved(picture, rng)
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    around = 2 * round(within(rng, 0.3, 0.8) * len(grey)) + 3
    binary = cv2.adaptiveThreshold(
        grey, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY, around, within(rng, 8, 24)
    )
    return cv2.cvtColor(binary, cv2.COLOR_GRAY2RGB)


def _nothing(rng: np.random.Generator) -> np.ndarray:
    """Paper with nothing written on it, or something else altogether."""
    if chance(rng, 0.4):
        return draw_nothing(rng)
    height = int(within(rng, 28, 70))
    kind = pick(rng, tuple(PAPERS))
    paper = PAPERS[kind](rng, int(height * within(rng, 1.2, 6)), height, 0.7 * height)
    return _photographed(np.clip(paper, 0, 255).astype(np.uint8), rng)

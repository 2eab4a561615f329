"""Reading a line of digits, one to ten of them, and drawing such pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from itertools import pairwise
from statistics import median
from time import perf_counter
from typing import NamedTuple

import numpy as np

from engine.captcha_styles import STYLES
from engine.checkpoint import load_pretrained
from engine.decoding import Sign, align, best_path, prefix_beam
from engine.faces import Faces, shipped_faces
from engine.images import Picture, open_picture
from engine.line import HEIGHT, ink_rows, line_of, line_width, middle_rows, place_in
from engine.network import Network
from engine.preprocessing import to_network_input
from engine.reading import Character, Reading

# From a picture's line (40, W) and its height to the first row to look at and the one after the last.
Rows = Callable[[np.ndarray, int], tuple[int, int]]

LONGEST_TEXT, DIFFICULTIES = 10, range(1, 6)
WIDE = 0.35  # of its height: how far a digit reaches to each side of its middle at most
CLEAR = 0.98  # where each column is as sure as this, its best sign is taken without a search


class CloserLook(NamedTuple):
    """rows: those to look at. stretch: of the line. trust: times its probability."""

    rows: Rows
    stretch: float
    trust: float


# Taken in turn as long as no text is as probable as this; chosen on pictures of the training's kinds in faces
# kept out of it, ties by other pictures (`benchmarks/README.md`). The second one may cut digits.
SURE = 0.95
CLOSER_LOOKS = (
    CloserLook(lambda line, height: ink_rows(line, height, 0.1), 1.0, 1.0),
    CloserLook(lambda line, height: middle_rows(height, 0.2), 1.12, 0.9),
    CloserLook(lambda line, height: ink_rows(line, height, 0.04), 0.85, 1.0),
)


@dataclass(frozen=True)
class CaptchaReading(Reading):
    """A reading and what it was made from.

    columns: (T, 11) float32, what each column says: 0 to 9, or nothing. column_places: (T,) the middle of
    each in the picture's pixels. line: (40, W) uint8, what the network saw: the picture, or in a closer look
    those rows of it that hold the digits, as do the characters' boxes then. width, height: the
    picture's. seconds: the time from the opened picture to the reading.
    """

    columns: np.ndarray = field(default_factory=lambda: np.zeros((0, 11), np.float32))
    column_places: np.ndarray = field(default_factory=lambda: np.zeros(0, np.float32))
    line: np.ndarray = field(default_factory=lambda: np.zeros((HEIGHT, 0), np.uint8))
    width: int = 0
    height: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class _Look:
    """What the network says of a picture's rows from `top` to `bottom`, stretched to `line`.

    text, probability: the most probable text and how probable it is.
    """

    columns: np.ndarray
    line: np.ndarray
    top: int
    bottom: int
    text: str
    probability: float


def read(picture: Picture, model: Network | str = "captcha") -> CaptchaReading:
    """Read the digits in a picture, whatever its polarity, colours and size; "" where there are none.

    picture: a path, a PIL.Image or a uint8 array (H, W), (H, W, 3) or (H, W, 4). PictureError where it can't
    be used, CheckpointError where no network has that name.
    """
    network = load_pretrained(model) if isinstance(model, str) else model
    rgb = open_picture(picture)
    start = perf_counter()
    height, width = rgb.shape[:2]
    look = _surest_look(network, rgb)
    shown = look.bottom - look.top
    places = column_places(len(look.columns), look.line.shape[1], shown, width)
    signs = signs_of(look.columns, look.text)
    spans = _spans(signs, places, shown, width)
    characters = tuple(
        _character(sign, look.columns, span, (look.top, shown))
        for sign, span in zip(signs, spans, strict=True)
    )
    seconds = perf_counter() - start
    return CaptchaReading(look.text, characters, look.columns, places, look.line, width, height, seconds)


def _surest_look(network: Network, rgb: np.ndarray) -> _Look:
    """A look at the whole picture, and closer ones as long as doubts are left: the surest of them.

    Small digits under long strokes are larger in a closer look, and fewer strokes are left.
    """
    height = rgb.shape[0]
    looks = [_look(network, rgb, (0, height))]
    for closer in CLOSER_LOOKS:
        if _sureness(looks) >= SURE:
            break
        look = _look(network, rgb, closer.rows(looks[0].line, height), closer.stretch)
        looks.append(replace(look, probability=closer.trust * look.probability))
    return max(looks, key=lambda look: look.probability)


def _sureness(looks: Iterable[_Look]) -> float:
    """How probable the most probable text is, if looks that agree err apart from each other."""
    missed: dict[str, float] = {}
    for look in looks:
        missed[look.text] = missed.get(look.text, 1.0) * (1 - look.probability)
    return 1 - min(missed.values())


def _look(network: Network, rgb: np.ndarray, rows: tuple[int, int], stretch: float = 1.0) -> _Look:
    seen = rgb[rows[0] : rows[1]]
    line = line_of(seen, line_width(seen.shape[0], stretch * seen.shape[1]))
    columns = column_probabilities(network, line[None])[0]
    return _Look(columns, line, *rows, *decode(columns))


def column_probabilities(network: Network, lines: np.ndarray) -> np.ndarray:
    """What each column of lines (N, 40, W) uint8 says: (N, T, 11) float32, each row summing to 1."""
    return network.probabilities(to_network_input(lines, network.preprocessing))


def decode(columns: np.ndarray) -> tuple[str, float]:
    """The most probable text of (T, 11) and how probable it is: the best path if it is clear, else a
    search.
    """
    best = columns.max(axis=1)
    if best.min() >= CLEAR:
        return in_text(sign.label for sign in best_path(columns)), float(best.prod())
    digits, probability = prefix_beam(columns)[0]
    return in_text(digits), probability


def signs_of(columns: np.ndarray, text: str) -> list[Sign]:
    """Where the digits of a text stand in the columns (T, 11) that say it."""
    signs = best_path(columns)  # which is the most probable way of its own text
    if in_text(sign.label for sign in signs) == text:
        return signs
    return align(columns, tuple(map(int, text)))


def in_text(digits: Iterable[int]) -> str:
    """Digits as one word."""
    return "".join(map(str, digits))


def generate(
    length: int = 4,
    difficulty: int = 2,
    rng: np.random.Generator | int | None = None,
    style: str = "package",
    faces: Faces | None = None,
) -> tuple[np.ndarray, str]:
    """Draw a random number: (picture (H, W, 3) uint8, its digits). The same seed gives the same picture.

    length: 1 to 10. difficulty: 1 to 5. style: a name of `STYLES`. faces: the fonts to choose from, by
    default those that are always there. ValueError, with a sentence, for anything else.
    """
    if style not in STYLES:
        raise ValueError(f"there is no style {style!r}; there are {', '.join(STYLES)}")
    if isinstance(length, bool) or not isinstance(length, int) or not 1 <= length <= LONGEST_TEXT:
        raise ValueError(f"a picture has 1 to {LONGEST_TEXT} digits, not {length!r}")
    if isinstance(difficulty, bool) or difficulty not in DIFFICULTIES:
        raise ValueError(f"the difficulty goes from 1 to 5, not {difficulty!r}")
    generator = np.random.default_rng(rng)
    text = "".join(str(digit) for digit in generator.integers(0, 10, length))
    return STYLES[style].draw(text, difficulty, generator, faces or shipped_faces()), text


def column_places(count: int, line: int, height: int, width: int) -> np.ndarray:
    """The middle of each of `count` columns of a line so wide, in pixels of the picture."""
    scale, shift = place_in(line, height, width)
    # The columns stand evenly about the middle of the line, `line / 4` of them with one cut off at each end.
    middles = (np.arange(count) - (count - 1) / 2) * 4 + line / 2
    return (middles * scale + shift).astype(np.float32)


def _spans(signs: list[Sign], places: np.ndarray, height: int, width: int) -> list[tuple[int, int]]:
    """From where to where each digit stands, in pixels of the picture.

    The columns that say a digit are few, and in its middle: it reaches halfway to its neighbours, but no
    farther than a digit is likely to be wide in a picture so high.
    """
    middles = [float(places[sign.first] + places[sign.last]) / 2 for sign in signs]
    reach = [min(WIDE * height, (b - a) / 2) for a, b in pairwise(middles)]
    outer = median(reach) if reach else WIDE * height
    bounds = [outer, *reach, outer]
    spans = []
    for i, middle in enumerate(middles):
        left, right = bounds[i], bounds[i + 1]
        first = min(max(round(middle - left), 0), width - 1)
        spans.append((first, min(max(round(middle + right), first + 1), width)))
    return spans


def _character(sign: Sign, columns: np.ndarray, span: tuple[int, int], rows: tuple[int, int]) -> Character:
    """rows: where the look began, and how high it was."""
    digits = columns[sign.peak, :10].copy()
    confidence = float(digits[sign.label])
    digits[sign.label] = -1
    rival = int(digits.argmax())
    box = (span[0], rows[0], span[1] - span[0], rows[1])
    return Character(str(sign.label), confidence, box, str(rival), float(digits[rival]))

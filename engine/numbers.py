"""Reading whole numbers: several digits, several lines, from the pad, from paper, from a cheque."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from time import perf_counter

import cv2
import numpy as np

from engine.captcha import column_places, column_probabilities, line_columns
from engine.checkpoint import load_pretrained
from engine.decoding import signs_of
from engine.dither import undithered
from engine.ground import FAINTEST
from engine.images import Picture, fit_digit, open_picture, to_network_input
from engine.line import line_of_ink, line_width, tall_rows
from engine.looks import Lines, Look, Seen, lines_of, surest
from engine.network import Network
from engine.number_boxes import boxes_between
from engine.number_cuts import read_by_cutting
from engine.number_lines import Line, fills, find_lines
from engine.number_stems import unread_stems
from engine.page_ink import ink_on_page
from engine.reading import Character, Reading

LONGEST = 1600  # pixels: ink is sought in a copy no longer than this
AROUND = 0.14  # of a line's height: ground around it, as the reader has learnt it
SIZES = (1.0, 0.9, 1.08)  # in which a line is read
UNHEARD_OF = np.float32(1e-6)  # no column is surer than this that a sign is not there
MODEL = "numbers"
PRINTED = "captcha"  # is asked where a number by hand is less sure than this: it may be printed
CERTAIN = 0.995
SINGLE = "digits"  # is asked what a stroke is that stands alone and was left out
CLEARLY_ONE = 0.9

# Taken in turn; chosen on numbers composed of what is kept apart from the training (`benchmarks/README.md`).
LOOKS = (
    Look(lambda line, height: (0, height)),
    Look(lambda line, height: tall_rows(line, height, 0.003)),
    Look(lambda line, height: (0, height), stretch=1.2),
    Look(lambda line, height: (0, height), stretch=0.8),
)


Readers = tuple[Network, ...]


@dataclass(frozen=True)
class NumberReading(Reading):
    """A reading of a picture `width` x `height` pixels large, made in `seconds`."""

    width: int = 0
    height: int = 0
    seconds: float = 0.0


def read_number(picture: Picture, model: Network | str = MODEL) -> NumberReading:
    """Read the digits, by hand or printed, in a picture, line by line; "" where there are none.

    picture: a path, a PIL.Image or a uint8 array (H, W), (H, W, 3) or (H, W, 4), on any paper. model: a
    reader of lines ("numbers", which asks "captcha" where it is not certain), or any network that reads
    single digits: then each line is cut into digits. Dots, dashes and other marks are left out. PictureError
    where the picture can't be used, CheckpointError where no network has that name.
    """
    readers = _readers(model)
    rgb = open_picture(picture)
    start = perf_counter()
    rgb = undithered(rgb)
    height, width = rgb.shape[:2]
    scale = max(1.0, max(height, width) / LONGEST)
    if scale > 1:
        size = max(1, round(width / scale)), max(1, round(height / scale))
        rgb = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    ink = ink_on_page(rgb)
    lines = find_lines(ink)
    if readers[0].preprocessing.any_width and _is_one_line(rgb, lines):
        read = [_whole_picture(rgb, ink, lines, readers)]
    else:
        read = [_line(line, readers) for line in lines]
    characters = [tuple(_scaled(one, scale, width, height) for one in line) for line in read]
    return _reading(characters, width, height, perf_counter() - start)


def read_number_ink(ink: np.ndarray, model: Network | str = MODEL) -> NumberReading:
    """Read the digits in ink (H, W) uint8, 255 is ink, as a sketchpad has it. ValueError for other arrays."""
    if ink.ndim != 2 or ink.dtype != np.uint8 or not ink.size:
        raise ValueError(f"ink is an array (H, W) of uint8 with some pixels, not {ink.shape} {ink.dtype}")
    readers = _readers(model)
    start = perf_counter()
    lines = [_line(line, readers) for line in find_lines(ink)]
    return _reading(lines, ink.shape[1], ink.shape[0], perf_counter() - start)


def _readers(model: Network | str) -> Readers:
    """Who reads, and who is asked last, if anyone."""
    if not isinstance(model, str):
        return (model,)
    return tuple(load_pretrained(name) for name in ((MODEL, PRINTED) if model == MODEL else (model,)))


def _reading(
    lines: Iterable[tuple[Character, ...]], width: int, height: int, seconds: float
) -> NumberReading:
    found = [line for line in lines if line]
    text = "\n".join("".join(character.text for character in line) for line in found)
    return NumberReading(text, tuple(one for line in found for one in line), width, height, seconds)


def _is_one_line(rgb: np.ndarray, lines: list[Line]) -> bool:
    """Whether the picture is one line from edge to edge: its ground is then best judged by the reader."""
    if lines:
        return fills(lines, rgb.shape)
    if np.ptp(rgb, axis=(0, 1)).max() < FAINTEST:
        return False
    return rgb.shape[0] <= 120 and rgb.shape[1] >= 0.8 * rgb.shape[0]


def _line(line: Line, readers: Readers) -> tuple[Character, ...]:
    if not readers[0].preprocessing.any_width:
        cuts = read_by_cutting(line.ink, line.height, readers[0])
        return tuple(character(cut.probabilities, line.in_picture(cut.box)) for cut in cuts)
    margin = max(2, round(AROUND * len(line.ink)))
    ink = cv2.copyMakeBorder(line.ink, *(margin,) * 4, cv2.BORDER_CONSTANT, value=0)

    def part(top: int, bottom: int, stretch: float) -> np.ndarray:
        return line_of_ink(ink[top:bottom], line_width(bottom - top, stretch * ink.shape[1]))

    said, middles = _digits(_seen(part, len(ink), *readers), ink.shape[1])
    said, middles = with_stems(said, [middle - margin for middle in middles], line)
    boxes = boxes_between(line.ink, middles, line.height)
    return tuple(character(row, line.in_picture(box)) for row, box in zip(said, boxes, strict=True))


def with_stems(
    said: list[np.ndarray], middles: list[float], line: Line, left: int = 0
) -> tuple[list[np.ndarray], list[float]]:
    """What was said to each digit of a line and where its middle lies, with the lone stems that were left out
    and that `digits`, which knows nothing of rules, calls a 1. left: where the line begins.
    """
    found = list(zip(middles, said, strict=True))
    for x, y, w, h in unread_stems(line.ink, line.height, [middle - left for middle in middles]):
        single = load_pretrained(SINGLE)
        fitted = fit_digit(line.ink[y : y + h, x : x + w], single.preprocessing.size)
        probabilities = single.probabilities(to_network_input(fitted[None], single.preprocessing))[0]
        if probabilities[1] >= CLEARLY_ONE:
            found.append((left + x + w / 2, probabilities))
    found.sort(key=lambda one: one[0])
    return [row for _, row in found], [middle for middle, _ in found]


def _whole_picture(
    rgb: np.ndarray, ink: np.ndarray, lines: list[Line], readers: Readers
) -> tuple[Character, ...]:
    height, width = rgb.shape[:2]
    said, middles = _digits(look_at(rgb, *readers), width)
    if len(lines) == 1:
        said, middles = with_stems(said, middles, lines[0], lines[0].left)
    boxes = boxes_between(ink, middles, 0.7 * height)
    return tuple(character(row, box) for row, box in zip(said, boxes, strict=True))


def look_at(rgb: np.ndarray, network: Network, printed: Network | None = None) -> Seen:
    """What a reader of lines says of a picture (H, W, 3) uint8 that is one line from edge to edge.

    printed: who is asked where the first is not certain.
    """
    return _seen(lines_of(rgb), len(rgb), network, printed)


def _seen(lines: Lines, height: int, network: Network, printed: Network | None = None) -> Seen:
    """The surer of the two; that it isn't printed doesn't mean that nothing is there."""
    whole = lines(0, height, 1.0)
    seen = surest(LOOKS, whole, height, lines, partial(line_probabilities, network))
    if printed is None or seen.probability >= CERTAIN:
        return seen
    other = surest(LOOKS[:1], whole, height, lines, partial(line_columns, printed))
    return other if other.text and other.probability > seen.probability else seen


def _digits(seen: Seen, width: int) -> tuple[list[np.ndarray], list[float]]:
    """What was said to each digit, and where its middle lies in a picture so wide."""
    places = column_places(len(seen.columns), seen.line.shape[1], seen.bottom - seen.top, width)
    signs = signs_of(seen.columns, seen.text)
    middles = [float(places[sign.first] + places[sign.last]) / 2 for sign in signs]
    return [seen.columns[sign.peak, :10] for sign in signs], middles


def line_probabilities(network: Network, line: np.ndarray) -> np.ndarray:
    """What each column of a line (40, W) uint8 says, (T, 11): the mean, in logarithms, of what is said when
    the line is written larger and smaller too.
    """
    height, width = line.shape
    matrices = (np.array([[1, 0, 0], [0, size, (1 - size) * height / 2]]) for size in SIZES)
    lines = [cv2.warpAffine(line, m, (width, height), borderMode=cv2.BORDER_REPLICATE) for m in matrices]
    said = column_probabilities(network, np.stack(lines))
    mean = np.exp(np.log(said + UNHEARD_OF).mean(axis=0))
    return mean / mean.sum(axis=1, keepdims=True)


def character(said: np.ndarray, box: tuple[int, int, int, int]) -> Character:
    """The most probable digit of (10,) and its rival."""
    best, rival = (int(digit) for digit in np.argsort(said)[:-3:-1])
    return Character(str(best), float(said[best]), box, str(rival), float(said[rival]))


def _scaled(one: Character, scale: float, width: int, height: int) -> Character:
    """The character with its box in the picture's own pixels."""
    x, y, w, h = (value * scale for value in one.box)
    left, top = min(max(round(x), 0), width - 1), min(max(round(y), 0), height - 1)
    right, bottom = min(max(round(x + w), left + 1), width), min(max(round(y + h), top + 1), height)
    box = left, top, right - left, bottom - top
    return Character(one.text, one.confidence, box, one.runner_up, one.runner_up_confidence)

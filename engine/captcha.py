"""Reading a line of digits, one to ten of them, and drawing such pictures."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from time import perf_counter

import numpy as np

from engine.borders import inside_borders
from engine.captcha_boxes import spans
from engine.captcha_styles import STYLES
from engine.checkpoint import load_pretrained
from engine.decoding import Sign, signs_of
from engine.faces import Faces, shipped_faces
from engine.images import Picture, open_picture
from engine.line import HEIGHT, RATHER_THIN, THIN, ink_rows, line_of, place_in, tall_rows
from engine.looks import Look, lines_of, surest, unless_guessed
from engine.network import DIGITS, Network
from engine.preprocessing import to_network_input
from engine.reading import Character, Reading

LONGEST_TEXT, DIFFICULTIES = 10, range(1, 6)

# Taken in turn; chosen on pictures of the training's kinds in faces kept out of it, ties by other pictures
# (`benchmarks/README.md`).
LOOKS = (
    Look(lambda line, height: ink_rows(line, height, 0.04), stretch=0.85),
    Look(lambda line, height: tall_rows(line, height, 0.003), stretch=1.12, thin=THIN),
    Look(lambda line, height: ink_rows(line, height, 0.1), thin=RATHER_THIN),
    Look(lambda line, height: (0, height)),
    Look(lambda line, height: tall_rows(line, height, 0.01), stretch=1.12),
)


@dataclass(frozen=True)
class CaptchaReading(Reading):
    """A reading and what it was made from.

    columns: (T, 11) float32, what each column says: 0 to 9, or nothing. column_places: (T,) the middle of
    each in the picture's pixels. line: (40, W) uint8, what the network saw: those rows of the picture that
    hold its ink, more or less; thin strokes may be paler. width, height: the picture's. seconds: the time
    from the opened picture to the reading.
    """

    columns: np.ndarray = field(default_factory=lambda: np.zeros((0, 11), np.float32))
    column_places: np.ndarray = field(default_factory=lambda: np.zeros(0, np.float32))
    line: np.ndarray = field(default_factory=lambda: np.zeros((HEIGHT, 0), np.uint8))
    width: int = 0
    height: int = 0
    seconds: float = 0.0


def read(picture: Picture, model: Network | str = "captcha") -> CaptchaReading:
    """Read the digits in a picture, whatever its polarity, colours and size; "" where there are none.

    picture: a path, a PIL.Image or a uint8 array (H, W), (H, W, 3) or (H, W, 4). PictureError where it can't
    be used, CheckpointError where no network has that name, ValueError where it does not read lines.
    """
    network = _reader(model)
    opened = open_picture(picture)
    start = perf_counter()
    upper, lower, left, right = inside_borders(opened)
    rgb = opened[upper:lower, left:right]
    height, width = rgb.shape[:2]
    whole = line_of(rgb)
    seen = unless_guessed(surest(LOOKS, whole, height, lines_of(rgb), partial(line_columns, network)))
    places = column_places(len(seen.columns), seen.line.shape[1], seen.bottom - seen.top, width)
    signs = signs_of(seen.columns, seen.text)
    middles = [float(places[sign.first] + places[sign.last]) / 2 for sign in signs]
    reaches = spans(whole, middles, (seen.top, seen.bottom), (height, width))
    first, end = tall_rows(whole, height, 0.003)  # a look may cut digits that are taller than others
    rows = min(first, seen.top) + upper, max(end, seen.bottom) + upper
    characters = tuple(
        _character(sign, seen.columns, (begin + left, after + left), rows)
        for sign, (begin, after) in zip(signs, reaches, strict=True)
    )
    high, wide = opened.shape[:2]
    seconds = perf_counter() - start
    return CaptchaReading(seen.text, characters, seen.columns, places + left, seen.line, wide, high, seconds)


def reads_lines(network: Network) -> bool:
    """Whether it says of each column of a line which digit is there, or none."""
    seen = network.preprocessing
    return network.labels == (*DIGITS, "") and seen.any_width and (seen.size, seen.pad) == (HEIGHT, 0)


def _reader(model: Network | str) -> Network:
    network = load_pretrained(model) if isinstance(model, str) else model
    if not reads_lines(network):
        name = model if isinstance(model, str) else network.name
        raise ValueError(f"the network {name!r} does not read lines of digits")
    return network


def line_columns(network: Network, line: np.ndarray) -> np.ndarray:
    """What each column of a line (40, W) uint8 says: (T, 11) float32."""
    return column_probabilities(network, line[None])[0]


def column_probabilities(network: Network, lines: np.ndarray) -> np.ndarray:
    """What each column of lines (N, 40, W) uint8 says: (N, T, 11) float32, each row summing to 1."""
    return network.probabilities(to_network_input(lines, network.preprocessing))


def generate(
    length: int = 4,
    difficulty: int = 2,
    rng: np.random.Generator | int | None = None,
    style: str = "package",
    faces: Faces | None = None,
) -> tuple[np.ndarray, str]:
    """Draw a random number: (picture (H, W, 3) uint8, its digits). The same seed gives the same picture.

    length: 1 to 10. difficulty: 1 to 5. rng: a generator or a seed, by default by chance. style: a name of
    `STYLES`. faces: the fonts to choose from, by default those that are always there. ValueError, with a
    sentence, for anything else.
    """
    if not isinstance(style, str) or style not in STYLES:
        raise ValueError(f"there is no style {style!r}; there are {', '.join(STYLES)}")
    if (
        isinstance(length, bool)
        or not isinstance(length, int | np.integer)
        or not 1 <= length <= LONGEST_TEXT
    ):
        raise ValueError(f"a picture has 1 to {LONGEST_TEXT} digits, not {length!r}")
    if isinstance(difficulty, bool) or difficulty not in DIFFICULTIES:
        raise ValueError(f"the difficulty goes from 1 to 5, not {difficulty!r}")
    generator = _generator(rng)
    text = "".join(str(digit) for digit in generator.integers(0, 10, length))
    return STYLES[style].draw(text, difficulty, generator, faces or shipped_faces()), text


def _generator(rng: np.random.Generator | int | None) -> np.random.Generator:
    try:
        return np.random.default_rng(rng)
    except (TypeError, ValueError) as error:
        raise ValueError(f"a seed is a whole number from 0 on, not {rng!r}") from error


def column_places(count: int, line: int, height: int, width: int) -> np.ndarray:
    """The middle of each of `count` columns of a line so wide, in pixels of the picture."""
    scale, shift = place_in(line, height, width)
    # The columns stand evenly about the middle of the line, `line / 4` of them with one cut off at each end.
    middles = (np.arange(count) - (count - 1) / 2) * 4 + line / 2
    return (middles * scale + shift).astype(np.float32)


def _character(sign: Sign, columns: np.ndarray, reach: tuple[int, int], rows: tuple[int, int]) -> Character:
    """reach, rows: of its box, the first column and row and those after the last."""
    digits = columns[sign.peak, :10].copy()
    confidence = float(digits[sign.label])
    digits[sign.label] = -1
    rival = int(digits.argmax())
    box = (reach[0], rows[0], reach[1] - reach[0], rows[1] - rows[0])
    return Character(str(sign.label), confidence, box, str(rival), float(digits[rival]))

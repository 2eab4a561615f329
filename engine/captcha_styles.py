"""The styles of captcha that the app can make, as ten functions in one table.

Each draws digits of a given difficulty, 1 to 5, which widens all its ranges. The same generator state and the
same faces give the same picture.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np
from PIL import Image, ImageDraw

from engine import captcha_grounds as grounds
from engine import captcha_ink as ink_tools
from engine import captcha_marks as marks
from engine.captcha_colours import away_from, brightness, colour_of, flat, ink_and_ground, painted
from engine.captcha_dots import draw_dots
from engine.captcha_line import Setting, framed, set_line, typeset
from engine.captcha_outlines import draw_outline
from engine.captcha_package import draw_package
from engine.chances import chance, pick, whole, within
from engine.faces import LIBERATION, Faces, font
from engine.glyphs import Stamp, coloured, merged
from engine.printed_numbers import draw_print

Draw = Callable[[str, int, np.random.Generator, Faces], np.ndarray]
LONGEST, HARDEST = 10, 5


@dataclass(frozen=True)
class Style:
    """A way to draw captchas: `draw(text, difficulty, rng, faces)` gives (H, W, 3) uint8."""

    name: str
    title: str
    sentence: str
    draw: Draw


def tutorial(text: str, difficulty: int, rng: np.random.Generator, faces: Faces) -> np.ndarray:
    """Liberation Sans 23, black on white, a blank between each two digits; five of them are 100x24."""
    picture = Image.new("RGB", (20 * len(text), 24), "white")
    ImageDraw.Draw(picture).text((3, -1), " ".join(text), font=font(str(LIBERATION), 23), fill="black")
    return np.array(picture)


def plain(text: str, difficulty: int, rng: np.random.Generator, faces: Faces) -> np.ndarray:
    """One face, two colours, nothing in the way."""
    stamps = typeset(text, faces.pick(rng), within(rng, 22, 40), within(rng, 0, 0.05 + 0.04 * difficulty))
    stamps, width, height = framed(stamps, *_margins(stamps, rng, 0.15, 0.15 + 0.15 * difficulty))
    ink, paper = ink_and_ground(rng, 190 - 22 * difficulty, 0.08 * (difficulty - 1), 0.25 * (difficulty - 1))
    return painted(flat(paper, width, height), merged(stamps, width, height), ink)


def noise(text: str, difficulty: int, rng: np.random.Generator, faces: Faces) -> np.ndarray:
    """Turned by up to 5 degrees a difficulty, with thin lines, pepper and grain, on light or dark."""
    setting = Setting(
        height=within(rng, 26, 40),
        gap=within(rng, 0.1, 0.3),
        turn=5.0 * difficulty,
        up_down=0.03 * difficulty,
    )
    stamps = set_line(text, faces.some(rng, len(text)), setting, rng)
    stamps, width, height = framed(stamps, *_margins(stamps, rng, 0.1, 0.4))
    ink, paper = ink_and_ground(rng, 150 - 14 * difficulty, 0.35, 0.7)
    picture = painted(flat(paper, width, height), merged(stamps, width, height), ink)
    for _ in range(whole(rng, 1, 1 + difficulty)):
        line = marks.lines(rng, width, height, 1, (1, 0.9 + 0.15 * difficulty), ("straight", "bezier", "arc"))
        picture = painted(picture, line, away_from(rng, paper, 40))
    specks = marks.pepper(rng, width, height, within(rng, 0.002, 0.009 * difficulty))
    picture = painted(picture, specks, away_from(rng, paper, 60))
    grain = rng.standard_normal(picture.shape, np.float32) * within(rng, 1, 4 * difficulty)
    return np.clip(picture + grain, 0, 255).astype(np.uint8)


def overlap(text: str, difficulty: int, rng: np.random.Generator, faces: Faces) -> np.ndarray:
    """Digits that touch and overlap, struck through by curves of their own colour and width."""
    high = within(rng, 34, 46)
    setting = Setting(
        height=high, gap=-0.03 * (difficulty - 1), gap_range=0.03 + 0.01 * difficulty, turn=5.0 * difficulty,
        slant_range=0.03 * difficulty, up_down=0.025 * difficulty, size_range=0.02 * difficulty,
        overlap_most=0.10 + 0.03 * difficulty,
    )  # fmt: skip
    stamps = set_line(text, faces.some(rng, pick(rng, (1, 1, len(text)))), setting, rng)
    stamps, width, height = framed(stamps, *_margins(stamps, rng, 0.12, 0.4))
    ink = merged(stamps, width, height)
    thick = min(stroke_width(ink), high / 9)
    curves = whole(rng, 1, 1 + difficulty // 4)
    ink = cv2.max(
        ink,
        marks.lines(
            rng,
            width,
            height,
            curves,
            (0.5 * thick, (0.65 + 0.07 * difficulty) * thick),
            ("bezier", "gentle"),
        ),
    )
    if difficulty > 1:
        (ink,) = ink_tools.bend(rng, "waved", 0.07 * difficulty, ink)
    colour, paper = ink_and_ground(rng, 130 - 10 * difficulty, 0.25)
    return painted(flat(paper, width, height), ink, colour)


def texture(text: str, difficulty: int, rng: np.random.Generator, faces: Faces) -> np.ndarray:
    """Digits on gradients, patterns, crumpled paper or something like a photograph."""
    setting = Setting(
        height=within(rng, 28, 44),
        gap=within(rng, 0.06, 0.3),
        turn=3.5 * difficulty,
        up_down=0.03 * difficulty,
    )
    stamps = set_line(text, faces.some(rng, pick(rng, (1, len(text)))), setting, rng)
    stamps, width, height = framed(stamps, *_margins(stamps, rng, 0.12, 0.5))
    paper = colour_of(rng, pick(rng, (within(rng, 30, 80), within(rng, 160, 225))), float(rng.random()))
    spread = within(rng, 12, 20 + 9 * difficulty)
    picture = grounds.ground(rng, pick(rng, tuple(grounds.GROUNDS)), width, height, paper, spread)
    ink = away_from(rng, paper, spread + 75 - 6 * difficulty)
    mask = merged(stamps, width, height)
    edge = np.full(3, 255.0 if brightness(ink) < brightness(paper) else 0.0)
    if chance(rng, 0.3):
        picture = painted(picture, ink_tools.bolder(mask), edge, 0.7)
    elif chance(rng, 0.3):
        picture = painted(picture, cv2.blur(np.roll(mask, (2, 2), (0, 1)), (3, 3)), edge, 0.6)
    return painted(picture, mask, ink)


def colours(text: str, difficulty: int, rng: np.random.Generator, faces: Faces) -> np.ndarray:
    """Each digit in its own colour, lighter than the ground, darker, or of equal brightness."""
    setting = Setting(
        height=within(rng, 28, 44), gap=within(rng, 0.0, 0.3), turn=4.0 * difficulty,
        up_down=0.04 * difficulty, size_range=0.03 * difficulty,
    )  # fmt: skip
    stamps = set_line(text, faces.some(rng, pick(rng, (1, len(text)))), setting, rng)
    stamps, width, height = framed(stamps, *_margins(stamps, rng, 0.12, 0.5))
    mixed = chance(rng, 0.12 * difficulty)
    paper = colour_of(rng, within(rng, 95, 160) if mixed else within(rng, 215, 255), float(rng.random()))
    picture = flat(paper, width, height)
    if difficulty > 1 and chance(rng, 0.5):
        picture = grounds.ground(rng, pick(rng, ("gradient", "mottled", "grainy")), width, height, paper, 12)
    inks = np.stack([_own_colour(rng, paper, difficulty) for _ in text])
    mask, paint = coloured(stamps, inks, width, height)
    picture = painted(picture, mask, paint)
    for _ in range(whole(rng, 0, difficulty)):
        line = marks.lines(rng, width, height, 1, (1, 1 + 0.2 * difficulty))
        picture = painted(picture, line, _own_colour(rng, paper, difficulty))
    return picture


def _own_colour(rng: np.random.Generator, paper: np.ndarray, difficulty: int) -> np.ndarray:
    """Mostly a colour of another brightness; at times one of the same brightness and another hue."""
    if chance(rng, 0.03 * difficulty):
        for _ in range(8):
            colour = colour_of(rng, brightness(paper), 1.0)
            if np.abs(colour - paper).max() > 90:
                return colour
    return away_from(rng, paper, 95 - 7 * difficulty)


def stroke_width(ink: np.ndarray) -> float:
    """The pixels across a stroke: the ink's area over half its outline."""
    edge = float(np.count_nonzero(ink_tools.hollow((ink > 127).astype(np.uint8) * 255)))
    return 2 * float(np.count_nonzero(ink > 127)) / max(edge, 1)


def _margins(
    stamps: list[Stamp], rng: np.random.Generator, least: float, most: float
) -> tuple[float, float, float, float]:
    """Four margins between `least` and `most` of the highest digit, in pixels: left, top, right, bottom."""
    height = max(one.mask.shape[0] for one in stamps)
    left, top, right, bottom = ((least + (most - least) * rng.random(4)) * height).tolist()
    return left, top, right, bottom


def _checked(draw: Draw) -> Draw:
    def checked(text: str, difficulty: int, rng: np.random.Generator, faces: Faces) -> np.ndarray:
        check_text(text)
        if difficulty not in range(1, HARDEST + 1):
            raise ValueError(f"The difficulty goes from 1 to {HARDEST}, and {difficulty!r} is outside.")
        return draw(text, int(difficulty), rng, faces)

    return checked


def check_text(text: str) -> None:
    """Raises ValueError, with a sentence, unless the text is one to ten of the digits 0 to 9."""
    if not 1 <= len(text) <= LONGEST:
        raise ValueError(f"A captcha has 1 to {LONGEST} digits, and this text has {len(text)}.")
    if not set(text) <= set("0123456789"):
        raise ValueError(f"A captcha here has only the digits 0 to 9, and {text!r} has something else.")


_TABLE = (
    Style(
        "tutorial",
        "The tutorial's",
        "Liberation Sans 23, black on white, a blank between the digits.",
        tutorial,
    ),
    Style("plain", "Plain", "One typeface in two colours, and nothing in the way.", plain),
    Style("noise", "Noise", "Turned digits with thin lines and specks, on light or dark.", noise),
    Style("package", "The captcha package", "What Python's captcha package draws.", draw_package),
    Style("overlap", "Overlapping", "Digits that touch, struck through in their own colour.", overlap),
    Style(
        "outline", "Outlines", "Shaken outlines with curves across, as npm's svg-captcha draws.", draw_outline
    ),
    Style(
        "dots",
        "Dots",
        "Digits built of dots, waved, with a sine through them, as in Go's captcha.",
        draw_dots,
    ),
    Style(
        "texture", "Texture", "Digits on patterns, crumpled paper or something like a photograph.", texture
    ),
    Style(
        "print",
        "Print",
        "A meter, a display, a ticket, a sign or a receipt, as a camera sees it.",
        draw_print,
    ),
    Style("colours", "Colours", "Each digit has a colour of its own.", colours),
)
STYLES: dict[str, Style] = {style.name: replace(style, draw=_checked(style.draw)) for style in _TABLE}

"""A read number as a piece of the page: the digits large, line by line, and boxes drawn over the picture."""

from __future__ import annotations

from html import escape
from itertools import pairwise

import numpy as np

from engine.numbers import NumberReading
from engine.reading import Character
from ui.captcha_answer import either, ordinal, percent_short
from ui.pictures import box_style, data_uri, shrunk

DOUBT = 0.8  # a digit less probable than this is shown with what else it might be
SHOWN = 640  # pixels: no longer is the picture sent back
LEAST_LINES = 4  # of one digit each, nearly all: then the paper may lie on its side
NO_DIGITS = "No digits found."


def to_html(picture: np.ndarray, reading: NumberReading) -> str:
    """All that is shown of a reading of a picture (H, W) or (H, W, 3) uint8."""
    return (
        f'<div class="number-answer">{number(reading)}{doubt(reading)}{sideways(reading)}'
        f"{on_picture(picture, reading)}"
        f'<p class="number-facts">{facts(reading)}</p></div>'
    )


def waiting(sentence: str) -> str:
    """What stands there while there is nothing to read."""
    return f'<div class="number-answer"><p class="number-none" role="status">{escape(sentence)}</p></div>'


def failed(sentence: str) -> str:
    """Why there is no reading."""
    return f'<div class="number-answer"><p class="failure" role="alert">{escape(sentence)}</p></div>'


def lines_of(reading: NumberReading) -> list[tuple[Character, ...]]:
    """The characters of each line."""
    lengths = [len(line) for line in reading.text.split("\n")] if reading.text else []
    bounds = np.cumsum([0, *lengths]).tolist()
    return [reading.characters[begin:end] for begin, end in pairwise(bounds)]


def number(reading: NumberReading) -> str:
    """What a screen reader says, and each line's digits for the eye."""
    if not reading.text:
        return f'<p class="number-none" role="status">{NO_DIGITS}</p>'
    lines = lines_of(reading)
    longest = max(map(len, lines))
    rows = "".join(f"<ol>{''.join(map(_digit, line))}</ol>" for line in lines)
    spoken = escape(reading.text.replace("\n", ", "))
    size = f'style="--longest:{max(longest, 4)}" data-lines="{min(len(lines), 4)}"'
    return (
        f'<p class="number-spoken hidden" role="status">{spoken}</p>'
        f'<div class="number-lines" {size}>{rows}</div>'
    )


def _digit(character: Character) -> str:
    unsure = character.confidence < DOUBT
    rival = f'<span class="rival">or {escape(character.runner_up)}</span>' if unsure else ""
    kind = "unsure" if unsure else "sure"
    sure = percent_short(character.confidence)
    return (
        f'<li class="{kind}"><b>{escape(character.text)}</b><span class="certain">{sure}</span>{rival}</li>'
    )


def doubt(reading: NumberReading) -> str:
    """ "Not sure about the 3rd digit: 4 or 9?" """
    unsure = [(place, one) for place, one in enumerate(reading.characters) if one.confidence < DOUBT]
    if not unsure:
        return ""
    if len(unsure) == 1:
        place, character = unsure[0]
        said = f"Not sure about the {ordinal(place)} digit: {either(character)}?"
    else:
        said = f"Not sure about {len(unsure)} of {len(reading.characters)} digits."
    return f'<p class="number-doubt">{escape(said)}</p>'


def sideways(reading: NumberReading) -> str:
    """A question where nearly every line is one digit: paper that lies on its side looks so."""
    lengths = [len(line) for line in lines_of(reading)]
    if len(lengths) < LEAST_LINES or sum(length == 1 for length in lengths) < 0.75 * len(lengths):
        return ""
    return '<p class="number-doubt">Does the paper lie on its side? Turn the picture.</p>'


def on_picture(picture: np.ndarray, reading: NumberReading) -> str:
    """The picture with a box around each digit, what it was read as, and how sure the reader is."""
    boxes = "".join(_box(character, reading) for character in reading.characters)
    words = f"the picture, {reading.width} × {reading.height} pixels"
    return (
        f'<div class="number-picture" style="--ratio:{reading.width / reading.height:.4f}">'
        f'<img alt="{words}" src="{data_uri(shrunk(picture, SHOWN))}">{boxes}</div>'
    )


def _box(character: Character, reading: NumberReading) -> str:
    place = box_style(character.box, reading.width, reading.height)
    kind = "unsure" if character.confidence < DOUBT else "sure"
    title = f"{either(character)}, {character.confidence:.0%}"
    return (
        f'<i class="box {kind}" style="{place}" title="{escape(title)}" aria-hidden="true">'
        f"<b>{escape(character.text)}</b></i>"
    )


def facts(reading: NumberReading) -> str:
    """How much there is, and how long it took."""
    digits, lines = len(reading.characters), len(lines_of(reading))
    many = f"{digits} digit{'s' * (digits != 1)}" + (f" in {lines} lines" if lines > 1 else "")
    return f"{many} · read in {1000 * reading.seconds:.0f}\u00a0ms"

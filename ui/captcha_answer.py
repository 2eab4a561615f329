"""A captcha's reading as a piece of the page: the number, each digit, boxes on the picture, the columns.

Plain HTML made in Python. Picture and strip lie in one frame, so that a column stands under what it has seen.
"""

from __future__ import annotations

from html import escape
from itertools import groupby

import numpy as np

from engine.captcha import CaptchaReading
from engine.network import Network
from engine.reading import SURE, Character
from ui.pictures import box_style, data_uri, shrunk

NO_DIGITS = "No digits found."
BRING = "Bring a picture, or make one."
EMPTY = f'<div class="captcha-answer"><p class="captcha-none" role="status">{BRING}</p></div>'
HEAT = (31, 152, 115)  # the page's green, on white and on black; its opacity is the probability
NOTHING = (125, 131, 138)  # the row of "nothing here"
SHOWN = 720  # pixels: no wider is the picture sent back
ORDINALS = ("1st", "2nd", "3rd", "4th", "5th", "6th", "7th", "8th", "9th", "10th")


def to_html(
    picture: np.ndarray, reading: CaptchaReading, network: Network, truth: str = "", taught: str = ""
) -> str:
    """All that is shown of a reading. truth: what the picture says, where the page made it itself. taught: a
    sentence where the visitor's own copy has read.
    """
    return (
        f'<div class="captcha-answer">{headline(reading)}{digits(reading)}'
        f"{verdict(reading, truth)}{aligned(picture, reading)}{facts(reading, network, taught)}</div>"
    )


def failed(sentence: str) -> str:
    """Why there is no reading."""
    return f'<div class="captcha-answer"><p class="failure" role="alert">{escape(sentence)}</p></div>'


def headline(reading: CaptchaReading) -> str:
    """What a screen reader says; the eye has the large digits."""
    if not reading.text:
        return f'<p class="captcha-none" role="status">{NO_DIGITS}</p>'
    return f'<p class="captcha-number hidden" role="status">{escape(reading.text)}</p>'


def digits(reading: CaptchaReading) -> str:
    """Each digit large, under it how sure the reader is and what else it might be."""
    if not reading.characters:
        return ""
    cells = "".join(map(_digit, reading.characters))
    count = len(reading.characters)
    return f'<ol class="captcha-digits" style="--count:{count}" aria-label="Digit by digit">{cells}</ol>'


def _digit(character: Character) -> str:
    rival = percent_short(character.runner_up_confidence)
    other = f'<span class="rival"><i>or</i> {escape(character.runner_up)}<small>{rival}</small></span>'
    kind = "unsure" if character.confidence < SURE else "sure"
    sure = percent_short(character.confidence)
    return (
        f'<li class="{kind}"><b>{escape(character.text)}</b><span class="certain">{sure}</span>{other}</li>'
    )


def percent_short(share: float) -> str:
    """HTML: "97 %", "0.4 %", "< 0.1 %"; "100 %" is not said of less than that."""
    if share < 0.0005:
        return "&lt;\u202f0.1\u00a0%"
    if share < 0.0095:
        return f"{100 * share:.1f}\u00a0%"
    return f"{99 if 0.99 < share < 0.9995 else round(100 * share)}\u00a0%"


def verdict(reading: CaptchaReading, truth: str) -> str:
    """What is to be said of it in words: doubt, and whether it is right where that is known."""
    said = []
    if reading.unsure:
        said.append(f'<p class="captcha-doubt">{escape(doubt(reading.characters))}</p>')
    if truth:
        right = reading.text == truth
        word = "Right." if right else f"Wrong: the picture says {escape(truth)}."
        said.append(f'<p class="captcha-truth {"right" if right else "wrong"}">{word}</p>')
    return f'<div class="captcha-verdict" aria-live="polite">{"".join(said)}</div>'


def doubt(characters: tuple[Character, ...]) -> str:
    """ "Not sure about the 3rd digit: 4 or 9?" """
    unsure = [(place, character) for place, character in enumerate(characters) if character.confidence < SURE]
    if len(unsure) == 1:
        place, character = unsure[0]
        return f"Not sure about the {ordinal(place)} digit: {either(character)}?"
    parts = [f"the {ordinal(place)} ({either(character)}?)" for place, character in unsure[:4]]
    if len(unsure) > 4:
        parts.append(f"{len(unsure) - 4} more")
    return f"Not sure about {', '.join(parts[:-1])} and {parts[-1]}."


def either(character: Character) -> str:
    return f"{character.text} or {character.runner_up}" if character.runner_up else character.text


def ordinal(place: int) -> str:
    return ORDINALS[place] if place < len(ORDINALS) else f"{place + 1}th"


# --- the picture and its columns ------------------------------------------------------------------------


def aligned(picture: np.ndarray, reading: CaptchaReading) -> str:
    """The picture with its boxes, and under it what each column said."""
    boxes = "".join(_box(character, reading) for character in reading.characters)
    words = f"the picture, {reading.width} × {reading.height} pixels"
    ratio = f"{reading.width} / {reading.height}"
    return (
        f'<figure class="captcha-aligned" style="--ratio:{ratio}"><div class="on-picture">'
        f'<img alt="{words}" src="{data_uri(shrunk(picture, SHOWN))}">{boxes}</div>{strip(reading)}</figure>'
    )


def _box(character: Character, reading: CaptchaReading) -> str:
    place = box_style(character.box, reading.width, reading.height)
    kind = "unsure" if character.confidence < SURE else "sure"
    return f'<i class="box {kind}" style="{place}" aria-hidden="true"></i>'


def strip(reading: CaptchaReading) -> str:
    """The columns' probabilities as heat, a row for each of ten digits and one for nothing."""
    if not len(reading.columns):
        return ""
    left, width = extent(reading)
    rows = "".join(f"<span>{row}</span>" for row in (*range(10), "–"))
    return (
        f'<div class="strip"><div class="rows" aria-hidden="true">{rows}</div>'
        f'<div class="heat"><img role="img" alt="{escape(spoken_columns(reading))}" '
        f'src="{data_uri(heat(reading.columns))}" style="left:{left:.2f}%;width:{width:.2f}%"></div></div>'
        "<figcaption>What each column of the picture says: a digit, or – for nothing. "
        "Equal neighbours are one digit.</figcaption>"
    )


def extent(reading: CaptchaReading) -> tuple[float, float]:
    """Where the strip begins and how wide it is, in per cent of the picture's width."""
    places = reading.column_places
    step = float(places[1] - places[0]) if len(places) > 1 else float(reading.width)
    return 100 * (float(places[0]) - step / 2) / reading.width, 100 * len(places) * step / reading.width


def heat(columns: np.ndarray) -> np.ndarray:
    """(T, 11) probabilities as a picture (11, T, 4) uint8."""
    picture = np.empty((columns.shape[1], columns.shape[0], 4), np.uint8)
    picture[..., :3] = HEAT
    picture[-1, :, :3] = NOTHING
    picture[..., 3] = np.rint(255 * np.clip(columns.T, 0, 1))
    return picture


def spoken_columns(reading: CaptchaReading) -> str:
    """The strip in words: runs of columns that say the same, with how sure the surest of them is."""
    best = reading.columns.argmax(axis=1).tolist()
    parts, start = [], 0
    for sign, run in groupby(best):
        count = len(list(run))
        surest = float(reading.columns[start : start + count, sign].max())
        start += count
        name = "nothing" if sign == reading.columns.shape[1] - 1 else f"{sign} ({surest:.0%})"
        parts.append(f"{count} × {name}")
    return f"From left to right, {len(best)} columns say: {', '.join(parts)}."


def facts(reading: CaptchaReading, network: Network, taught: str) -> str:
    """Who has read, how large it is, how long it took."""
    who = taught or "Read by the shipped network"
    return (
        f'<p class="captcha-facts{" taught" if taught else ""}">{escape(who)} · '
        f"{network.parameter_count:,} parameters · {1000 * reading.seconds:.1f} ms</p>"
    )

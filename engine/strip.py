"""The tutorial's picture on its way into the network: drawn, cut into equal slices, each shrunk to 8 x 8.

How the strip becomes 8 x 8 was chosen by measuring: black ink on white paper is inverted, each slice is
resized without smoothing and every pixel made ink or paper, so that the network gets 1 and 0.01 as it does
for full and empty pixels of a handwritten digit.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from engine.architectures import build
from engine.preprocessing import Preprocessing, to_network_input

FACE = Path(__file__).parent / "fonts" / "LiberationSans-Regular.ttf"
FACE_SIZE = 23
UNITS = 2048  # the size at which the face itself was designed
WIDTH, HEIGHT = 100, 24
PLACE = (5, 0)  # where the text begins: five digits and their spaces are 90 pixels wide
PARTS = 5
SIDE = 8
INK = 80  # of 255: a pixel of a shrunk slice with more ink than this is ink
TEXT = "0 1 2 3 4"
SYMBOLS = frozenset("0123456789 ")
NETWORK = "digits-8x8"  # that reads the slices


@dataclass(frozen=True, eq=False)
class Strip:
    """A picture on its way into the network.

    picture: (H, W) uint8, black on white. slices: each (H, about W / 5) uint8. shrunk: (5, 8, 8) uint8, white
    ink on black. inputs: (5, 8, 8) float32 from 0.01 to 1, what the network gets.
    """

    picture: np.ndarray
    slices: tuple[np.ndarray, ...]
    shrunk: np.ndarray
    inputs: np.ndarray


def draw_strip(text: str = TEXT) -> np.ndarray:
    """Draw digits and spaces in Liberation Sans 23: (24, 100) uint8, black on white.

    ValueError for other characters, and for a text that is too long for the picture.
    """
    if not set(text) <= SYMBOLS:
        raise ValueError(f"a strip holds digits and spaces, not {text[:40]!r}")
    places = PLACE[0] + np.cumsum([0.0, *map(_advance, text)])
    if places[-1] > WIDTH:
        raise ValueError(f"{text[:40]!r} is too long for a strip of {WIDTH} pixels")
    picture = Image.new("L", (WIDTH, HEIGHT), 255)
    draw = ImageDraw.Draw(picture)
    for character, x in zip(text, places, strict=False):
        draw.text((round(x), PLACE[1]), character, fill=0, font=_face(FACE_SIZE))
    return np.array(picture)


def _advance(character: str) -> float:
    """The width of a character, unrounded; Pillow alone has it only where a library for layouts is there."""
    return _face(UNITS).getlength(character) * FACE_SIZE / UNITS


@cache
def _face(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(FACE), size, layout_engine=ImageFont.Layout.BASIC)


def cut(picture: np.ndarray, parts: int = PARTS) -> list[np.ndarray]:
    """Cut a picture (H, W) uint8 into equal slices, left to right; widths differ by a pixel at most.

    ValueError for another array, and for a picture with fewer columns than slices.
    """
    _check_grey(picture)
    if not 1 <= parts <= picture.shape[1]:
        raise ValueError(f"a picture {picture.shape[1]} pixels wide can't be cut into {parts} slices")
    return np.array_split(picture, parts, axis=1)


def shrink(part: np.ndarray) -> np.ndarray:
    """Bring a slice, black on white, to (8, 8) float32 as the network gets it: 0.01 is paper, 1 is ink."""
    return _inputs(_shrunk(part)[None])[0]


def _shrunk(part: np.ndarray) -> np.ndarray:
    """A slice, black on white, as (8, 8) uint8, white on black."""
    _check_grey(part)
    small = cv2.resize(255 - part, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
    return cv2.threshold(small, INK, 255, cv2.THRESH_BINARY)[1]


def _inputs(shrunk: np.ndarray) -> np.ndarray:
    return to_network_input(shrunk, _preprocessing())[..., 0]


@cache
def _preprocessing() -> Preprocessing:
    return build(NETWORK, np.random.default_rng(0)).preprocessing


def _check_grey(picture: np.ndarray) -> None:
    if picture.ndim != 2 or picture.dtype != np.uint8 or picture.size == 0:
        raise ValueError(f"a grey picture is a uint8 array (H, W), not {picture.dtype} {picture.shape}")


def prepare(picture: np.ndarray, parts: int = PARTS) -> Strip:
    """Every stage from a grey picture, black on white, to what the network gets."""
    slices = tuple(cut(picture, parts))
    shrunk = np.stack([_shrunk(part) for part in slices])
    inputs = _inputs(shrunk)
    for array in (picture := picture.copy(), shrunk, inputs):
        array.setflags(write=False)
    return Strip(picture, slices, shrunk, inputs)


@cache
def strip_of(text: str = TEXT) -> Strip:
    """The strip with this text, drawn and prepared once."""
    return prepare(draw_strip(text))

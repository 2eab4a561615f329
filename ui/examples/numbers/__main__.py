"""`python -m ui.examples.numbers` makes the example pictures of the section Whole numbers again.

All of them are drawn here from `engine.digit_shapes`, on paper that is drawn too: nobody's photo, CC0.
"""

from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from engine.number_grounds import PAPERS
from engine.number_ink import Writing, by_a_hand
from engine.number_line import Spacing, write_number
from engine.number_sources import hand_made_sources

HERE = Path(__file__).parent
OURS = hand_made_sources()
NEAT = Spacing(0.14, spread=0.03, tight=0.0, size=0.04, wander=0.03)


def line(text: str, seed: int, height: float, pen: float, slant: float, marks: float = 0.0) -> np.ndarray:
    """The ink of one line: (H, W) uint8."""
    rng = np.random.default_rng(seed)
    hand = by_a_hand(Writing(height, pen, slant, 1.0), OURS, rng)
    return write_number(np.array([int(digit) for digit in text]), OURS, rng, hand, NEAT, marks).mask


def on_paper(
    kind: str,
    seed: int,
    size: tuple[int, int],
    lines: list[tuple[np.ndarray, int, int]],
    colour: tuple[int, ...],
) -> np.ndarray:
    """Lines of ink, each at its x and y, on paper of a size (width, height): (height, width, 3) float32."""
    width, height = size
    picture = PAPERS[kind](np.random.default_rng(seed), width, height, 60.0)
    for mask, x, y in lines:
        part = picture[y : y + mask.shape[0], x : x + mask.shape[1]]
        part += (np.array(colour, np.float32) - part) * (mask[..., None] / np.float32(255))
    return picture


def in_light(picture: np.ndarray, way: float, depth: float) -> np.ndarray:
    """Light that falls off in one direction, in radians."""
    height, width = picture.shape[:2]
    x, y = np.meshgrid(np.linspace(-1, 1, width), np.linspace(-1, 1, height))
    share = 1 - depth / (1 + np.exp(-5 * (x * np.cos(way) + y * np.sin(way))))
    return picture * share[..., None].astype(np.float32)


def note() -> np.ndarray:
    """Three lines on lined paper, half of it in shadow."""
    texts = (("4071", 1, 40), ("29358", 5, 150), ("660", 9, 260))
    lines = [(line(text, seed, 66, 6, 0.1), 60, y) for text, seed, y in texts]
    return in_light(on_paper("lined", 11, (520, 380), lines, (34, 48, 120)), 0.6, 0.45)


def cheque() -> np.ndarray:
    """An amount on patterned ground."""
    mask = line("184500", 6, 62, 5, 0.3, marks=9)
    size = mask.shape[1] + 50, mask.shape[0] + 30
    return on_paper("cheque", 21, size, [(mask, 24, 14)], (40, 40, 46))


def sideways() -> np.ndarray:
    """A number on yellow paper that lies on its side."""
    picture = on_paper("blank", 25, (560, 300), [(line("5302947", 4, 90, 9, 0.15), 30, 90)], (30, 30, 34))
    tinted = picture / picture.mean((0, 1)) * np.array([240, 222, 140], np.float32)
    return np.rot90(in_light(tinted, 2.5, 0.3))


def main() -> None:
    """Write every picture."""
    for name, made in (("note", note), ("cheque", cheque), ("sideways", sideways)):
        picture = cv2.GaussianBlur(np.ascontiguousarray(np.clip(made(), 0, 255)), (0, 0), 0.7)
        Image.fromarray(np.rint(picture).astype(np.uint8)).save(HERE / f"{name}.jpg", quality=88)


if __name__ == "__main__":
    main()

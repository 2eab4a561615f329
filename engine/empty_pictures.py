"""Pictures with no digits in them: what a reader has to leave unread."""

from __future__ import annotations

import importlib.util
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from engine import captcha_grounds as grounds
from engine import captcha_marks as marks
from engine.captcha_colours import colour_of, flat, painted
from engine.captcha_damage import damage
from engine.chances import chance, pick, whole, within
from engine.datasets import DataUnavailable
from engine.images import open_picture
from engine.photos import Photos, training_photos


def draw_nothing(rng: np.random.Generator) -> np.ndarray:
    """A part of a photo, or patterns, shapes and strokes: (H, W, 3) uint8, 30 to 120 pixels high."""
    height = whole(rng, 30, 120)
    width = round(height * within(rng, 0.7, 2.2) if chance(rng, 0.5) else height * within(rng, 2, 6))
    made = part_of_a_photo if chance(rng, 0.6) else _pattern
    picture = made(rng, width, height)
    for _ in range(whole(rng, 0, 4)):
        colour = colour_of(rng, within(rng, 0, 255), float(rng.random()))
        picture = painted(picture, _stray(rng, width, height), colour, within(rng, 0.3, 1))
    return damage(picture, rng, 0.6)


def part_of_a_photo(rng: np.random.Generator, width: int, height: int) -> np.ndarray:
    """A window of any size and place in one of the photos to learn from, perhaps mirrored."""
    photo = _photo(rng)
    share = 1.0 if chance(rng, 0.3) else within(rng, 0.15, 1)
    scale = share * min(photo.shape[0] / height, photo.shape[1] / width)
    high, wide = max(2, int(height * scale)), max(2, int(width * scale))
    top = whole(rng, 0, photo.shape[0] - high)
    left = whole(rng, 0, photo.shape[1] - wide)
    part = photo[top : top + high, left : left + wide]
    if chance(rng, 0.5):
        part = part[:, ::-1]
    return cv2.resize(np.ascontiguousarray(part), (width, height), interpolation=cv2.INTER_AREA)


def _photo(rng: np.random.Generator) -> np.ndarray:
    photos = _many_photos()
    found = photos.open(pick(rng, photos.to_train)) if photos and photos.to_train else None
    return pick(rng, _two_photos()) if found is None else found


@lru_cache(maxsize=1)
def _many_photos() -> Photos | None:
    """Those of the colouriser's training, where they are."""
    try:
        return training_photos()
    except DataUnavailable:
        return None


@lru_cache(maxsize=1)
def _two_photos() -> tuple[np.ndarray, ...]:
    """The two photos that come with scikit-learn, found without loading it."""
    found = importlib.util.find_spec("sklearn")
    assert found is not None
    assert found.origin is not None
    folder = Path(found.origin).parent / "datasets" / "images"
    return tuple(open_picture(path) for path in sorted(folder.glob("*.jpg")))


def _pattern(rng: np.random.Generator, width: int, height: int) -> np.ndarray:
    """A flat or patterned ground with some large shapes on it."""
    paper = colour_of(rng, within(rng, 0, 255), float(rng.random()))
    picture = flat(paper, width, height)
    if chance(rng, 0.6):
        kind = pick(rng, tuple(grounds.GROUNDS))
        picture = grounds.ground(rng, kind, width, height, paper, within(rng, 5, 70))
    for _ in range(whole(rng, 0, 6)):
        mask = marks.empty(width, height)
        corners = rng.random((whole(rng, 3, 7), 2)) * (width, height) * within(rng, 0.2, 1)
        corners += rng.random(2) * (width, height) * 0.6
        if chance(rng, 0.5):
            cv2.fillPoly(mask, [np.rint(corners).astype(np.int32)], 255, cv2.LINE_AA)
        else:
            reach = tuple(int(side) for side in 1 + rng.random(2) * (width, height) * 0.3)
            middle = tuple(int(side) for side in corners[0])
            cv2.ellipse(mask, (middle, reach, within(rng, 0, 180)), 255, -1 if chance(rng, 0.7) else 2)
        colour = colour_of(rng, within(rng, 0, 255), float(rng.random()))
        picture = painted(picture, mask, colour, within(rng, 0.4, 1))
    return picture


def _stray(rng: np.random.Generator, width: int, height: int) -> np.ndarray:
    mask = marks.empty(width, height)
    if chance(rng, 0.5):
        marks.stroke(mask, marks.wandering(rng, width, height), within(rng, 1, 0.12 * height))
        return mask
    return marks.lines(rng, width, height, whole(rng, 1, 3), (1, 3))

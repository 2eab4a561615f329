"""Colours of captchas: pairs that differ enough to be read, and paint laid through a mask."""

from __future__ import annotations

import cv2
import numpy as np

from engine.chances import within

GREY = np.array([0.299, 0.587, 0.114])  # of RGB: what the eye takes as brightness (BT.601)


def brightness(colour: np.ndarray) -> float:
    """0 is black, 255 white."""
    return float(np.asarray(colour, np.float64) @ GREY)


def colour_of(rng: np.random.Generator, bright: float, saturation: float) -> np.ndarray:
    """A colour of a brightness from 0 to 255: (3,) float64; saturation 0 is grey, 1 as strong as it gets."""
    hue = rng.random(3)
    hue -= hue @ GREY
    strength = float(np.abs(hue).max()) + 1e-9
    room = np.where(hue > 0, (255 - bright) / np.maximum(hue, 1e-9), bright / np.maximum(-hue, 1e-9))
    return np.clip(bright + hue * min(float(room.min()), 160 / strength) * saturation, 0, 255)


def ink_and_ground(
    rng: np.random.Generator, contrast: float = 90, dark_ground: float = 0.3, saturation: float = 0.8
) -> tuple[np.ndarray, np.ndarray]:
    """Two colours at least `contrast` apart in brightness; the ground is the darker one so often."""
    gap = within(rng, contrast, max(contrast, 235))
    low = within(rng, 0, 255 - gap)
    dark = colour_of(rng, low, saturation * float(rng.random()))
    light = colour_of(rng, low + gap, saturation * float(rng.random()))
    return (light, dark) if rng.random() < dark_ground else (dark, light)


def away_from(
    rng: np.random.Generator, ground: np.ndarray, contrast: float, saturation: float = 1.0
) -> np.ndarray:
    """A colour at least `contrast` brighter or darker than another, if there is room for that."""
    level = brightness(ground)
    down, up = level - contrast, 255 - contrast - level
    darker = rng.random() * (max(down, 0) + max(up, 0) + 1e-9) < max(down, 0)
    if max(down, up) <= 0:
        bright = 0.0 if down > up else 255.0
    else:
        bright = within(rng, 0, down) if darker else within(rng, level + contrast, 255)
    return colour_of(rng, bright, saturation * float(rng.random()) ** 0.5)


def flat(colour: np.ndarray, width: int, height: int) -> np.ndarray:
    """A picture (height, width, 3) uint8 of one colour."""
    picture = np.empty((height, width, 3), np.uint8)
    picture[:] = np.rint(colour).astype(np.uint8)
    return picture


def painted(picture: np.ndarray, mask: np.ndarray, paint: np.ndarray, opacity: float = 1.0) -> np.ndarray:
    """The picture with paint laid on it where the mask is: (H, W, 3) uint8.

    paint: a colour (3,) or a picture (H, W, 3); opacity from 0 to 1.
    """
    left, top, width, height = cv2.boundingRect(mask)
    under = picture.copy()
    if not width:
        return under
    window = (slice(top, top + height), slice(left, left + width))
    share = cv2.merge((mask[window],) * 3)
    on_top = np.asarray(paint)
    on_top = on_top[window] if on_top.ndim == 3 else flat(on_top, width, height)
    part = under[window].astype(np.float32)
    part += (on_top - part) * (share * np.float32(opacity / 255))
    under[window] = np.rint(part, out=part)
    return under

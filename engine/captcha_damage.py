"""What happens to a captcha on its way: frames, JPEG, blur, tiny copies blown up, few colours, fading."""

from __future__ import annotations

import math
from collections.abc import Callable

import cv2
import numpy as np

from engine.captcha_grounds import clouds
from engine.chances import chance, pick, whole, within

Damage = Callable[[np.ndarray, np.random.Generator], np.ndarray]
SMOOTH = np.array([[1, 1, 1], [1, 5, 1], [1, 1, 1]], np.float32) / 13  # the filter Pillow calls SMOOTH


def framed(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A border of one to three pixels, inside the picture or around it."""
    thick = pick(rng, (1, 1, 1, 2, 3))
    colour = pick(rng, ((0, 0, 0), (128, 128, 128), (255, 255, 255), tuple(rng.integers(0, 256, 3).tolist())))
    if chance(rng, 0.5):
        thick += whole(rng, 0, 3)
        return cv2.copyMakeBorder(picture, *(thick,) * 4, cv2.BORDER_CONSTANT, value=colour)
    picture = picture.copy()
    picture[:thick], picture[-thick:], picture[:, :thick], picture[:, -thick:] = (colour,) * 4
    return picture


def compressed(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Through JPEG, quality 15 to 90."""
    quality = whole(rng, 15, 90)
    _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR))


def blurred(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    sigma = within(rng, 0.3, 0.028 * picture.shape[0] + 0.2)
    return cv2.GaussianBlur(picture, (0, 0), min(sigma, 2.0))


def smoothed(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Pillow's SMOOTH, a median, or a mean of 2x2."""
    kind = pick(rng, ("smooth", "median", "mean"))
    if kind == "median" and picture.shape[0] > 36:
        return cv2.medianBlur(picture, 3)
    return cv2.filter2D(picture, -1, SMOOTH) if kind == "smooth" else cv2.blur(picture, (2, 2))


def shrunken(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A copy 24 to 40 pixels high, blown up again smoothly or in blocks."""
    height, width = picture.shape[:2]
    rows = min(whole(rng, 24, 40), height)
    small = cv2.resize(picture, (max(4, round(width * rows / height)), rows), interpolation=cv2.INTER_AREA)
    if chance(rng, 0.3):
        return small
    way = pick(rng, (cv2.INTER_NEAREST, cv2.INTER_LINEAR, cv2.INTER_CUBIC))
    factor = pick(rng, (1.5, 2, 2, 3))
    return cv2.resize(small, None, fx=factor, fy=factor, interpolation=way)


def posterised(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Few levels per channel, as a small palette leaves."""
    step = 255 / whole(rng, 3, 8)
    return np.clip(np.rint(picture * (1 / step)) * step, 0, 255).astype(np.uint8)


def faded(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Part of the picture washed out towards its mean colour."""
    height, width = picture.shape[:2]
    mean = np.array(cv2.mean(picture)[:3], np.float32)
    keep = within(rng, 0.45, 0.8) + clouds(rng, width, height, width / 3).reshape(height, width, 1) * 0.3
    share = np.clip(keep, 0.35, 1)
    return (mean + (picture - mean) * share).astype(np.uint8)


def paler(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Low contrast, moved up or down."""
    share = within(rng, 0.3, 0.8)
    return np.clip(picture * share + within(rng, 0, 255 * (1 - share)), 0, 255).astype(np.uint8)


def exposed(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A gamma between 0.5 and 2."""
    gamma = 2 ** within(rng, -1, 1)
    return cv2.LUT(picture, (255 * (np.arange(256) / 255) ** gamma).astype(np.uint8))


def inverted(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return cv2.bitwise_not(picture)


def salted(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Single pixels of black, white or any colour."""
    picture = picture.copy()
    hit = rng.random(picture.shape[:2], np.float32) < within(rng, 0.002, 0.05)
    count = int(np.count_nonzero(hit))
    kind = pick(rng, ("white", "black", "both", "any"))
    if kind == "both":
        picture[hit] = (rng.integers(0, 2, (count, 1)) * 255).astype(np.uint8)
    elif kind == "any":
        picture[hit] = rng.integers(0, 256, (count, 3), np.uint8)
    else:
        picture[hit] = 255 if kind == "white" else 0
    return picture


def noisy(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Grain, the same in all channels or not."""
    channels = pick(rng, (1, 3))
    grain = rng.standard_normal((*picture.shape[:2], channels), np.float32) * within(rng, 2, 22)
    return np.clip(picture + grain, 0, 255).astype(np.uint8)


def greyed(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)


def halved(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Only black and white are left, split where the brightness halves the range (Otsu)."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    return cv2.cvtColor(
        cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)[1], cv2.COLOR_GRAY2RGB
    )


def shaded(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Light that falls off to one side."""
    height, width = picture.shape[:2]
    way, depth = within(rng, 0, 2 * math.pi), within(rng, 0.1, 0.5)
    x = np.linspace(-0.5, 0.5, width, dtype=np.float32) * math.cos(way)
    y = np.linspace(-0.5, 0.5, height, dtype=np.float32)[:, None] * math.sin(way)
    return np.clip(picture * (1 - depth * (0.5 + x + y))[:, :, None], 0, 255).astype(np.uint8)


# How often each happens to a picture; in this order.
DAMAGES: tuple[tuple[Damage, float], ...] = (
    (shaded, 0.08),
    (faded, 0.05),
    (salted, 0.06),
    (noisy, 0.16),
    (smoothed, 0.14),
    (blurred, 0.10),
    (shrunken, 0.08),
    (paler, 0.10),
    (exposed, 0.08),
    (greyed, 0.10),
    (framed, 0.10),
    (posterised, 0.04),
    (halved, 0.01),
    (inverted, 0.05),
    (compressed, 0.22),
)


def damage(picture: np.ndarray, rng: np.random.Generator, amount: float = 1.0) -> np.ndarray:
    """The picture after whatever happened to it; `amount` scales how often each damage does."""
    rolls = rng.random(len(DAMAGES)).tolist()
    for (hurt, often), roll in zip(DAMAGES, rolls, strict=True):
        if roll < often * amount:
            picture = hurt(picture, rng)
    return picture

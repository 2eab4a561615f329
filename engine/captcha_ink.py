"""What generators do to the digits' ink: hollow it, fill it with dots, cut it, bend it like water."""

from __future__ import annotations

import math
from collections.abc import Callable

import cv2
import numpy as np

from engine.captcha_grounds import clouds
from engine.chances import chance, pick, within

RING = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
Map = tuple[np.ndarray, np.ndarray]


def bolder(ink: np.ndarray, times: int = 1) -> np.ndarray:
    return cv2.dilate(ink, RING, iterations=times)


def lighter(ink: np.ndarray) -> np.ndarray:
    """Thinner by a part of a pixel on each side, so that fine strokes stay."""
    return cv2.addWeighted(ink, 0.45, cv2.erode(ink, RING), 0.55, 0)


def hollow(ink: np.ndarray, width: int = 1) -> np.ndarray:
    """The outlines alone."""
    return cv2.subtract(bolder(ink, width), ink)


def dotted(ink: np.ndarray, rng: np.random.Generator, spacing: float, share: float = 0.8) -> np.ndarray:
    """The ink as a screen of dots, `spacing` pixels apart, on a lattice that may be turned."""
    height, width = ink.shape
    way = within(rng, 0, math.pi / 2)
    x, y = np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)[:, None]
    wave = np.float32(2 * math.pi / spacing)
    across = np.cos((x * math.cos(way) + y * math.sin(way)) * wave)
    along = np.cos((y * math.cos(way) - x * math.sin(way)) * wave)
    dots = np.clip((across + along + 2 * (share - 0.5)) * 255, 0, 255).astype(np.uint8)
    return cv2.min(ink, dots)


def hatched(ink: np.ndarray, rng: np.random.Generator, spacing: float, share: float = 0.6) -> np.ndarray:
    """The ink as parallel lines."""
    height, width = ink.shape
    way = within(rng, 0, math.pi)
    x, y = np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)[:, None]
    wave = np.sin((x * math.cos(way) + y * math.sin(way)) * (2 * math.pi / spacing))
    lines = np.clip((wave + 2 * share - 1) * 400 + 128, 0, 255).astype(np.uint8)
    return cv2.min(ink, lines)


def worn(ink: np.ndarray, rng: np.random.Generator, share: float) -> np.ndarray:
    """Ink with specks missing, as from a dry ribbon."""
    height, width = ink.shape
    noise = clouds(rng, width, height, within(rng, 1, 3)).reshape(height, width)
    return cv2.min(ink, np.clip((noise + 1.1 - 2 * share) * 400, 0, 255).astype(np.uint8))


def cut(ink: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Lines of ground through the ink."""
    return cv2.subtract(ink, mask)


# --- bending ------------------------------------------------------------------------------------------------


def _coordinates(width: int, height: int) -> Map:
    x = np.arange(width, dtype=np.float32)
    y = np.arange(height, dtype=np.float32)[:, None]
    return x, y


def waved(rng: np.random.Generator, width: int, height: int, strength: float) -> Map:
    """Rows and columns shifted along sines, as most PHP captchas do; short waves are lower."""
    x, y = _coordinates(width, height)
    long, across = 0.3 * 12 ** float(rng.random()), 0.3 * 7 ** float(rng.random())  # in picture heights
    down = min(1.0, long) * np.sin(x * (2 * math.pi / (height * long)) + within(rng, 0, 6.3))
    right = min(1.0, 1.4 * across) * np.sin(y * (2 * math.pi / (height * across)) + within(rng, 0, 6.3))
    size = 0.10 * height * strength
    return x + size * 0.9 * right, y + size * down


def rippled(rng: np.random.Generator, width: int, height: int, strength: float) -> Map:
    """Rings on water around a point."""
    x, y = _coordinates(width, height)
    dx, dy = x - within(rng, 0.2, 0.8) * width, y - within(rng, 0.2, 0.8) * height
    far = np.sqrt(dx * dx + dy * dy) + 1
    push = 0.05 * height * strength * np.sin(far * (2 * math.pi / (height * within(rng, 0.35, 1.0)))) / far
    return x + dx * push, y + dy * push


def bulged(rng: np.random.Generator, width: int, height: int, strength: float) -> Map:
    """One to three lenses that enlarge or shrink what is under them."""
    across, along = _coordinates(width, height)
    x, y = np.broadcast_arrays(across, along)
    lenses = pick(rng, (1, 1, 2, 3))
    for _ in range(lenses):
        reach = height * within(rng, 0.35, 1.2)
        dx, dy = across - within(rng, 0.1, 0.9) * width, along - within(rng, 0.25, 0.75) * height
        near = np.exp(-(dx * dx + dy * dy) / (reach * reach))
        pull = near * (0.28 * strength * pick(rng, (1.0, -0.8)))
        x, y = x - dx * pull, y - dy * pull
    return x, y


def sheared(rng: np.random.Generator, width: int, height: int, strength: float) -> Map:
    """Each row and each column moved whole by a wave, in whole pixels, as AWT's shear captchas do."""
    x, y = _coordinates(width, height)
    right = np.rint(0.16 * height * strength * np.sin(y * (2 * math.pi / height) + within(rng, 0, 6.3)))
    down = np.rint(0.12 * height * strength * np.sin(x * (6.3 / (height * within(rng, 1, 3)))))
    return x + right, y + down


def kneaded(rng: np.random.Generator, width: int, height: int, strength: float) -> Map:
    """Smooth random pulls (an elastic distortion)."""
    x, y = _coordinates(width, height)
    pulls = clouds(rng, width, height, height * within(rng, 0.25, 0.6), 2) * (0.09 * height * strength)
    return x + pulls[:, :, 0], y + pulls[:, :, 1]


def tilted(rng: np.random.Generator, width: int, height: int, strength: float) -> Map:
    """Seen from the side: a perspective."""
    x, y = _coordinates(width, height)
    u, v = x / width - 0.5, y / height - 0.5
    a, b = within(rng, -0.35, 0.35) * strength, within(rng, -0.2, 0.2) * strength
    scale = 1 / (1 + a * u + b * v)
    return (u * scale + 0.5) * width, (v * scale + 0.5) * height


BENDS: dict[str, Callable[[np.random.Generator, int, int, float], Map]] = {
    "waved": waved,
    "rippled": rippled,
    "bulged": bulged,
    "sheared": sheared,
    "kneaded": kneaded,
    "tilted": tilted,
}


def bend(
    rng: np.random.Generator,
    kind: str,
    strength: float,
    *layers: np.ndarray,
    border: int = cv2.BORDER_CONSTANT,
) -> list[np.ndarray]:
    """Layers of one size, all bent in the same way; a strength of 1 is what readable generators do."""
    height, width = layers[0].shape[:2]
    x, y = BENDS[kind](rng, width, height, strength)
    map_x = np.ascontiguousarray(np.broadcast_to(x, (height, width)), np.float32)
    map_y = np.ascontiguousarray(np.broadcast_to(y, (height, width)), np.float32)
    return [cv2.remap(layer, map_x, map_y, cv2.INTER_LINEAR, borderMode=border) for layer in layers]


def filled(ink: np.ndarray, rng: np.random.Generator, stroke_width: float) -> np.ndarray:
    """One of the fills, as coarse as strokes of this width in pixels bear; thin strokes stay as they are."""
    if stroke_width < 3.5:
        return worn(ink, rng, within(rng, 0, 0.2)) if chance(rng, 0.5) else ink
    kind = pick(rng, ("hollow", "dotted", "hatched", "worn", "hollow"))
    if kind == "hollow":
        return hollow(ink, 1 if stroke_width < 8 else pick(rng, (1, 2)))
    if kind == "dotted":
        return dotted(ink, rng, within(rng, 2.5, min(5, stroke_width)), within(rng, 0.5, 0.9))
    if kind == "hatched":
        return hatched(ink, rng, within(rng, 2.5, min(6, stroke_width * 1.2)), within(rng, 0.45, 0.75))
    return worn(ink, rng, within(rng, 0.1, 0.35))

"""Three captcha styles that no training sees: the benchmark's question whether the reader reads the world.

Written from what three widely used generators are known to do (their sizes, curves, lenses and colours),
apart from the styles that the engine trains on, and fixed before that training started. The digits come from
faces that training does not use either.

* `kaptcha`, Java: 200×50, a ground that runs from light grey to white, two thick black curves, and one of
  three distortions of all that: water, a shadow with ripples, or a grid under a fish-eye lens; a black frame.
* `securimage`, PHP: 215×80, letters that sit and lean on their own, three lenses that pinch the picture, then
  waved strokes in the letters' colour and specks.
* `mews`, PHP (Laravel): 160×46 and 120×36, letters of many faces and colours as high as the picture, straight
  lines in the same colours; on a flat ground, on paper, or inverted; saved as JPEG.
"""

from __future__ import annotations

import io
from itertools import pairwise

import cv2
import numpy as np
from PIL import Image, ImageDraw

from benchmarks.captcha_faces import UNSEEN_FACES, Faces, Style, draw_font, lean


def kaptcha(text: str, rng: np.random.Generator, faces: Faces) -> np.ndarray:
    """As Java's kaptcha draws: black digits and two thick curves, all of it bent."""
    width, height = 200, 50
    letters = [draw_font(rng, faces, 40) for _ in text]
    widths = [font.getlength(character) for font, character in zip(letters, text, strict=True)]
    ink = Image.new("L", (width, height))
    pen = ImageDraw.Draw(ink)
    x = (width - sum(widths) - 2 * (len(text) - 1)) / 2
    for font, character, advance in zip(letters, text, widths, strict=True):
        pen.text((x, height / 2 + 14), character, 255, font, anchor="ls", stroke_width=0.5)  # it sets bold
        x += advance + 2
    _thick_curve(pen, (0.1, 0.1, 0.25, 0.25), (width, height), rng)
    _thick_curve(pen, (0.1, 0.25, 0.5, 0.9), (width, height), rng)
    bend = (_water, _rippled_shadow, _fish_eye)[rng.choice(3, p=(0.5, 0.25, 0.25))]
    colour, cover = bend(np.asarray(ink, np.float32) / 255, rng)
    down, across = np.mgrid[0:height, 0:width]
    ground = 192 + 63 * (across * width + down * height) / (width**2 + height**2)
    picture = ground[..., None] * (1 - cover[..., None]) + colour * cover[..., None]
    picture[[0, -1]] = picture[:, [0, -1]] = 0
    return _bytes(picture)


def _thick_curve(
    pen: ImageDraw.ImageDraw, at: tuple[float, ...], size: tuple[int, int], rng: np.random.Generator
) -> None:
    """A Bézier curve through random heights, 3.6 px wide where it starts and 1 px less after each piece."""
    width, height = size
    points = np.array([(width * x, height * rng.random()) for x in at])
    t = np.linspace(0, 1, 24)[:, None]
    curve = (1 - t) ** 3 * points[0] + 3 * t * (1 - t) ** 2 * points[1]
    curve += 3 * t**2 * (1 - t) * points[2] + t**3 * points[3]
    for i, (start, end) in enumerate(pairwise(curve)):
        pen.line([*start, *end], 255, round(0.9 * max(4 - i, 2)))


def _water(ink: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Ripples across, then the rings of a drop in the middle: (colour, cover)."""
    down, across = np.mgrid[0 : ink.shape[0], 0 : ink.shape[1]].astype(np.float32)
    phase = rng.uniform(0, 2 * np.pi, 2)
    x = across + 2.6 * np.sin(down / 15 + phase[0])
    y = down + 1.7 * np.sin(across / 5 + phase[1])
    rippled = _remap(ink, x, y)
    dx, dy = across - ink.shape[1] / 2, down - ink.shape[0] / 2
    distance = np.hypot(dx, dy) + 1e-3
    push = 3 * np.sin(np.pi * distance - 10) * np.clip(1 - distance / 50, 0, 1) / distance
    return np.zeros(3), _remap(rippled, across + dx * push, down + dy * push)


def _rippled_shadow(ink: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A blurred black shadow beside the digits, and both rippled: (colour, cover)."""
    angle = rng.uniform(0, 2 * np.pi)
    beside = np.array([[1, 0, 5 * np.cos(angle)], [0, 1, 5 * np.sin(angle)]], np.float32)
    shadow = cv2.GaussianBlur(cv2.warpAffine(ink, beside, ink.shape[::-1]), (0, 0), 3.3)
    cover = np.maximum(ink, 0.45 * shadow)
    down, across = np.mgrid[0 : ink.shape[0], 0 : ink.shape[1]].astype(np.float32)
    x = across + 7.6 * np.sin(down / rng.integers(8, 15))
    y = down + rng.uniform(1, 2) * np.sin(across / rng.integers(2, 5))
    return np.zeros(3), _remap(cover, x, y)


def _fish_eye(ink: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A blue grid of 7 px over the digits, and a lens over a part of the picture: (colour, cover)."""
    height, width = ink.shape
    grid = np.zeros_like(ink)
    grid[6::7] = grid[:, 6::7] = 1
    down, across = np.mgrid[0:height, 0:width].astype(np.float32)
    radius = rng.integers(width // 4, width // 3)
    middle = rng.uniform(0.35, 0.65) * width, height / 2
    dx, dy = across - middle[0], down - middle[1]
    share = np.hypot(dx, dy) / radius
    bent = np.where(share < 1, -0.75 * share**3 + 1.5 * share**2 + 0.25 * share, share)
    scale = np.divide(bent, share, out=np.ones_like(bent), where=share > 0)
    ink, grid = (_remap(part, middle[0] + dx * scale, middle[1] + dy * scale) for part in (ink, grid))
    cover = np.maximum(ink, grid)
    blue = np.where((grid > ink)[..., None], np.array([0, 0, 255.0]), 0)
    return blue, cover


# Ground, letters and strokes: the default first, then what sites set.
SECURIMAGE_COLOURS = (
    ((255, 255, 255), (112, 112, 112), (112, 112, 112)),
    ((255, 255, 255), (47, 79, 140), (47, 79, 140)),
    ((246, 246, 246), (20, 20, 20), (90, 90, 90)),
    ((224, 236, 248), (0, 51, 102), (90, 120, 160)),
    ((255, 244, 214), (140, 50, 20), (170, 110, 60)),
    ((40, 70, 60), (225, 240, 220), (150, 190, 160)),
)


def securimage(text: str, rng: np.random.Generator, faces: Faces) -> np.ndarray:
    """As PHP's Securimage draws: pinched digits under waved strokes of their own colour."""
    width, height = 215, 80
    chosen = 0 if rng.random() < 0.4 else rng.integers(1, len(SECURIMAGE_COLOURS))
    ground, letters, strokes = SECURIMAGE_COLOURS[chosen]
    ink = Image.new("L", (width, height))
    face = draw_font(rng, faces, 34 if len(text) > 5 else 38)
    step = min(face.getlength("0") * rng.uniform(1.0, 1.25), (width - 30) / len(text))
    x = (width - step * (len(text) - 1)) / 2 + rng.uniform(-8, 8)
    for i, character in enumerate(text):
        middle = (x + i * step, height / 2 + rng.uniform(-7, 7))
        lean(ink, character, face, middle, rng.uniform(-22, 22), 255)
    cover = _pinch(np.asarray(ink, np.float32) / 255, rng)
    picture = np.array(ground, np.float64) * (1 - cover[..., None]) + np.array(letters) * cover[..., None]
    canvas = Image.fromarray(_bytes(picture))
    pen = ImageDraw.Draw(canvas)
    for line in range(5):
        _waved_stroke(pen, line, (width, height), strokes, rng)
    for x, y in rng.uniform((3, 3), (width - 3, height - 3), (int(rng.integers(40, 110)), 2)):
        size = rng.uniform(0.3, 1.1)
        pen.ellipse([x - size, y - size, x + size, y + size], strokes)
    return np.asarray(canvas).copy()


def _pinch(ink: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Three lenses at random places draw the ink inwards."""
    height, width = ink.shape
    down, across = np.mgrid[0:height, 0:width].astype(np.float32)
    x, y = across.copy(), down.copy()
    for _ in range(3):
        dx, dy = across - rng.uniform(0.2, 0.8) * width, down - rng.uniform(0.2, 0.8) * height
        radius = rng.uniform(0.4, 0.8) * height
        distance = np.hypot(dx, dy)
        strength = -0.85 * rng.uniform(0.15, 0.3) * np.sin(np.pi * np.minimum(distance / radius, 1))
        x, y = x + dx * strength, y + dy * strength
    return _remap(ink, x, y)


def _waved_stroke(
    pen: ImageDraw.ImageDraw,
    line: int,
    size: tuple[int, int],
    colour: tuple[int, int, int],
    rng: np.random.Generator,
) -> None:
    """One of five strokes, each in its own fifth of the width, leaning by up to 30 degrees and waving."""
    width, height = size
    x, y = width * ((line + 1) / 6 + rng.uniform(-0.1, 0.1)), height * rng.uniform(0.1, 0.9)
    lean, length = rng.uniform(-0.165, 0.165) * np.pi, rng.uniform(0.4, 0.7) * width
    wave = rng.uniform(0.2, 0.8) ** 2 * 0.5
    along = np.arange(0, length, 0.5)
    swing = 0.75 * rng.random() / (wave + 5 / length) * np.sin(wave * along + rng.uniform(0, 2 * np.pi))
    forward, aside = np.array([np.cos(lean), np.sin(lean)]), np.array([np.sin(lean), -np.cos(lean)])
    points = np.array([x, y]) + (along - length / 2)[:, None] * forward + swing[:, None] * aside
    thickness = int(rng.integers(1, 4))
    pen.line([tuple(point) for point in points], colour, thickness)


MEWS_COLOURS = (
    (44, 62, 80),
    (192, 57, 43),
    (22, 160, 133),
    (142, 68, 173),
    (48, 63, 159),
    (245, 124, 0),
    (121, 85, 72),
)


def mews(text: str, rng: np.random.Generator, faces: Faces) -> np.ndarray:
    """As Laravel's mews/captcha draws: letters of many faces and colours, as high as the picture."""
    kind = ("flat", "paper", "inverse")[rng.choice(3, p=(0.5, 0.3, 0.2))]
    width, height = (160, 46) if kind == "flat" or len(text) > 5 else (120, 36)
    ground = np.full((height, width, 3), (236, 242, 244), np.uint8)
    if kind != "flat":
        ground = _paper(height, width, rng)
    canvas = Image.fromarray(ground)
    colours = MEWS_COLOURS if kind == "flat" else [tuple(rng.integers(0, 130, 3).tolist()) for _ in text]
    step = (width - 8) / len(text)
    for i, character in enumerate(text):
        size = int(rng.integers(height - 10, height + 1) * min(1, 1.5 * step / height))
        middle = (4 + (i + 0.5) * step, height / 2 + rng.uniform(-2, 2))
        colour = colours[rng.integers(len(colours))]
        lean(canvas, character, draw_font(rng, faces, size), middle, rng.uniform(-15, 15), colour)
    pen = ImageDraw.Draw(canvas)
    for _ in range(6 if kind == "flat" else 3):
        ends = rng.uniform((0, 0, 0, 0), (width, height, width, height))
        pen.line(ends.tolist(), colours[rng.integers(len(colours))], 1)
    picture = np.asarray(canvas)
    if kind == "inverse":
        picture = 255 - cv2.GaussianBlur(picture, (0, 0), 0.7)
    picture = _bytes(128 + 0.9 * (picture.astype(np.float64) - 128))
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=90)
    return np.asarray(Image.open(file).convert("RGB")).copy()


def _paper(height: int, width: int, rng: np.random.Generator) -> np.ndarray:
    """(H, W, 3) of a light, tinted paper: soft stains and fine fibres."""
    stains = cv2.resize(rng.normal(0, 1, (4, 8)), (width, height), interpolation=cv2.INTER_CUBIC)
    fibres = cv2.blur(rng.normal(0, 1, (height, width)), (7, 1) if rng.random() < 0.5 else (2, 2))
    tint = rng.uniform(205, 245, 3)
    return _bytes(tint + (9 * stains + 14 * fibres)[..., None])


STYLES = {
    style.name: style
    for style in (
        Style(
            "kaptcha", "as Java's kaptcha draws: ripples, lenses, thick black curves", kaptcha, UNSEEN_FACES
        ),
        Style(
            "securimage",
            "as PHP's Securimage draws: pinched digits under waved strokes",
            securimage,
            UNSEEN_FACES,
        ),
        Style("mews", "as Laravel's mews/captcha draws: coloured letters and lines", mews, UNSEEN_FACES),
    )
}


def _remap(ink: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """(H, W) ink taken from the places x, y; nothing lies outside."""
    return cv2.remap(ink, x.astype(np.float32), y.astype(np.float32), cv2.INTER_LINEAR)


def _bytes(picture: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)

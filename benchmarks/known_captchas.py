"""Fresh pictures of seven styles whose kind the reader trains on, drawn apart from its training generators.

* `tutorial`: 100×24, five digits with blanks between, black on white, Liberation Sans 23.
* `light noise`: 4–6 digits, each turned by up to 15 degrees, on a light ground with thin lines and specks.
* `package`: the `captcha` package as it comes: 160×60, 4 digits, its own face.
* `package, 12 faces`: the same package with 5–6 digits, 12 faces and three sizes.
* `overlap`: 4–6 digits that touch and overlap under curves in their own colour.
* `svg`: 150×50, glyphs as outlines with shaken points, grey or coloured, as npm's svg-captcha draws them.
* `tiles`: 424×106, four digits turned by up to 55 degrees, each on a tile of its own or all on one, with two
  strokes in its colour through each, and over them a line and discs, as Python's multicolorcaptcha draws.
"""

from __future__ import annotations

from collections.abc import Sequence
from unittest import mock

import cv2
import numpy as np
from captcha import image as package
from PIL import Image, ImageDraw, ImageFont

from benchmarks.captcha_faces import UNSEEN_FACES, Faces, Style, draw_font, lean

LIBERATION = {"truetype/liberation/LiberationSans-Regular.ttf": "fonts-liberation"}
COMMON_FACES = LIBERATION | {
    "truetype/liberation/LiberationSerif-Bold.ttf": "fonts-liberation",
    "truetype/liberation/LiberationMono-Regular.ttf": "fonts-liberation",
    "truetype/dejavu/DejaVuSans.ttf": "fonts-dejavu-core",
    "truetype/dejavu/DejaVuSans-Bold.ttf": "fonts-dejavu-core",
    "truetype/dejavu/DejaVuSerif.ttf": "fonts-dejavu-core",
    "truetype/freefont/FreeSans.ttf": "fonts-freefont-ttf",
    "truetype/freefont/FreeSerifBold.ttf": "fonts-freefont-ttf",
    "truetype/lato/Lato-Bold.ttf": "fonts-lato",
    "truetype/open-sans/OpenSans-Regular.ttf": "fonts-open-sans",
    "truetype/roboto/unhinted/RobotoTTF/Roboto-Medium.ttf": "fonts-roboto-unhinted",
    "opentype/inter/Inter-Regular.otf": "fonts-inter",
}
COMIC_FACES = {
    "opentype/comic-neue/ComicNeue-Bold.otf": "fonts-comic-neue",
    "truetype/humor-sans/Humor-Sans.ttf": "fonts-humor-sans",
    "truetype/dejavu/DejaVuSans.ttf": "fonts-dejavu-core",
    "truetype/lato/Lato-Regular.ttf": "fonts-lato",
}
PACKAGE_SIZES = ((160, 60), (200, 70), (240, 80))
SVG_SIZES = {4: 56, 5: 52, 6: 46}
TILE = 106  # pixels a side
FINE = 8  # outlines are filled on a grid this many times finer


class _Chance:
    """What the package asks Python's `secrets` for, from a generator that has a seed."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng

    def randbelow(self, end: int) -> int:
        return int(self.rng.integers(end))

    def randbits(self, bits: int) -> int:
        return int(self.rng.integers(2**bits))

    def choice(self, things: Sequence[ImageFont.FreeTypeFont]) -> ImageFont.FreeTypeFont:
        return things[int(self.rng.integers(len(things)))]


def tutorial(text: str, rng: np.random.Generator, faces: Faces) -> np.ndarray:
    """The digits with blanks between them, in the middle of 100×24."""
    canvas = Image.new("RGB", (100, 24), (255, 255, 255))
    ImageDraw.Draw(canvas).text((50, 12), " ".join(text), (0, 0, 0), draw_font(rng, faces, 23), anchor="mm")
    return np.asarray(canvas).copy()


def light_noise(text: str, rng: np.random.Generator, faces: Faces) -> np.ndarray:
    """Dark digits turned by up to 15 degrees, thin lines, specks."""
    face = draw_font(rng, faces, int(rng.integers(26, 35)))
    step = face.getlength("0") * rng.uniform(1.05, 1.3)
    width, height = round(step * len(text) + 24), 50
    canvas = Image.new("RGB", (width, height), tuple(rng.integers(225, 256, 3).tolist()))
    ink = tuple(rng.integers(0, 110, 3).tolist())
    for i, character in enumerate(text):
        middle = (12 + (i + 0.5) * step, height / 2 + rng.uniform(-4, 4))
        lean(canvas, character, face, middle, rng.uniform(-15, 15), ink)
    pen = ImageDraw.Draw(canvas)
    for _ in range(rng.integers(1, 4)):
        ends = rng.uniform((0, 0, 0, 0), (width, height, width, height))
        pen.line(ends.tolist(), tuple(rng.integers(60, 200, 3).tolist()), 1)
    picture = np.asarray(canvas).copy()
    specks = rng.random((height, width)) < 0.015
    picture[specks] = rng.integers(0, 200, (int(specks.sum()), 3))
    return picture


def package_defaults(text: str, rng: np.random.Generator, faces: Faces) -> np.ndarray:
    """The package's own face and size; `faces` don't matter."""
    return _from_package(package.ImageCaptcha(), text, rng)


def package_twelve(text: str, rng: np.random.Generator, faces: Faces) -> np.ndarray:
    """One of three sizes, each digit in any of the faces."""
    width, height = PACKAGE_SIZES[int(rng.integers(len(PACKAGE_SIZES)))]
    return _from_package(package.ImageCaptcha(width, height, [str(face) for face in faces]), text, rng)


def _from_package(maker: package.ImageCaptcha, text: str, rng: np.random.Generator) -> np.ndarray:
    with mock.patch.object(package, "secrets", _Chance(rng)):
        return np.asarray(maker.generate_image(text).convert("RGB")).copy()


def overlap(text: str, rng: np.random.Generator, faces: Faces) -> np.ndarray:
    """Digits closer than their width, and two or three curves through them in the same colour."""
    face = draw_font(rng, faces, int(rng.integers(34, 43)))
    step = face.getlength("0") * rng.uniform(0.68, 0.9)
    width, height = round(step * len(text) + 40), 60
    canvas = Image.new("RGB", (width, height), tuple(rng.integers(215, 256, 3).tolist()))
    ink = tuple(rng.integers(0, 130, 3).tolist())
    for i, character in enumerate(text):
        middle = (20 + (i + 0.5) * step, height / 2 + rng.uniform(-6, 6))
        lean(canvas, character, face, middle, rng.uniform(-20, 20), ink)
    picture = np.asarray(canvas).copy()
    for _ in range(rng.integers(2, 4)):
        heights = rng.uniform(0.25, 0.75, 4) * height
        points = _curve(np.linspace(rng.uniform(0, 0.1), rng.uniform(0.9, 1), 4) * width, heights)
        _stroke(picture, points, ink, rng.uniform(1.8, 3.0))
    return picture


def svg(text: str, rng: np.random.Generator, faces: Faces) -> np.ndarray:
    """Shaken outlines, spread evenly over 150×50, and one to three curves from the left edge to the right."""
    width, height = 150, 50
    colourful = rng.random() < 0.5
    ground = rng.integers(200, 256, 3) if colourful else np.full(3, 255)
    picture = np.full((height, width, 3), ground, np.uint8)
    for _ in range(rng.integers(1, 4)):
        x = [rng.uniform(1, 21), *rng.uniform(width / 2 - 21, width / 2 + 21, 2), rng.uniform(129, 149)]
        _stroke(picture, _curve(x, rng.uniform(1, height - 1, 4)), _svg_ink(rng, colourful), 1.0)
    face = draw_font(rng, faces, FINE * SVG_SIZES[len(text)])
    spacing = (width - 2) / (len(text) + 1)
    for i, character in enumerate(text):
        cover = _outline(character, face, (spacing * (i + 1), height / 2), (width, height), rng)[..., None]
        picture = np.rint(picture * (1 - cover) + np.array(_svg_ink(rng, colourful)) * cover).astype(np.uint8)
    return picture


def _svg_ink(rng: np.random.Generator, colourful: bool) -> tuple[int, ...]:
    """A grey (17 to 153), or a colour that is darker than the ground."""
    if not colourful:
        return (17 * int(rng.integers(1, 10)),) * 3
    return tuple(rng.integers(0, 170, 3).tolist())


def _outline(
    character: str,
    face: ImageFont.FreeTypeFont,
    middle: tuple[float, float],
    size: tuple[int, int],
    rng: np.random.Generator,
) -> np.ndarray:
    """(H, W) from 0 to 1: the glyph's contours with each point shaken by up to 0.3 px, filled."""
    width, height = size[0] * FINE, size[1] * FINE
    glyph = Image.new("L", (width, height))
    ImageDraw.Draw(glyph).text((middle[0] * FINE, middle[1] * FINE), character, 255, face, anchor="mm")
    solid = (np.asarray(glyph) > 127).astype(np.uint8)
    contours, _ = cv2.findContours(solid, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    shaken = []
    for contour in contours:
        points = cv2.approxPolyDP(contour, 1.0, True).reshape(-1, 2)
        shaken.append(np.rint(points + rng.uniform(-0.3, 0.3, points.shape) * FINE).astype(np.int32))
    cv2.fillPoly(filled := np.zeros((height, width), np.uint8), shaken, 255)
    return cv2.resize(filled, size, interpolation=cv2.INTER_AREA) / 255


def _curve(x: Sequence[float] | np.ndarray, y: Sequence[float] | np.ndarray) -> np.ndarray:
    """(64, 2) points of the Bézier curve with these four control points."""
    t = np.linspace(0, 1, 64)[:, None]
    share = np.hstack([(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3])
    return share @ np.column_stack([x, y])


def _stroke(picture: np.ndarray, points: np.ndarray, ink: tuple[int, ...], thickness: float) -> None:
    """Draw a smooth line into `picture`."""
    height, width = picture.shape[:2]
    fine = np.zeros((height * 4, width * 4), np.uint8)
    cv2.polylines(fine, [np.rint(points * 4).astype(np.int32)], False, 255, max(1, round(thickness * 4)))
    cover = cv2.resize(fine, (width, height), interpolation=cv2.INTER_AREA)[..., None] / 255
    picture[:] = np.rint(picture * (1 - cover) + np.array(ink) * cover)


def tiles(text: str, rng: np.random.Generator, faces: Faces) -> np.ndarray:
    """One digit to a tile, turned far and struck through; a line and ten discs over all."""
    side = TILE
    alike = rng.random() < 0.5
    ground = rng.integers(0, 256, 3)
    canvas = Image.new("RGB", (side * len(text), side))
    for i, character in enumerate(text):
        own = ground if alike else rng.integers(0, 256, 3)
        dark = own.sum() < 384
        ink = tuple((rng.integers(148, 256, 3) if dark else rng.integers(0, 109, 3)).tolist())
        tile = Image.new("RGB", (side, side), tuple(own.tolist()))
        face = draw_font(rng, faces, int(rng.integers(44, 81)))
        place = side / 4, float(rng.uniform(0, side / 4))
        ImageDraw.Draw(tile).text(place, character, ink, face)
        tile = tile.rotate(int(rng.integers(-55, 56)), fillcolor=tuple(own.tolist()))
        for _ in range(2):
            begin = rng.random(2)
            end = np.where(
                begin >= 0.5, rng.random(2) * (begin - 0.2), begin + 0.2 + rng.random(2) * (0.8 - begin)
            )
            ImageDraw.Draw(tile).line([*(begin * side), *(end * side)], ink, 3)
        canvas.paste(tile, (side * i, 0))
    pen, width = ImageDraw.Draw(canvas), side * len(text)
    start, top = rng.uniform(0, 0.2) * width, rng.uniform(0, side)
    pen.line([start, top, width - start, rng.uniform(top, side)], (0, 0, 0), 5)
    for _ in range(10):
        x, y, radius = rng.uniform(0, width), rng.uniform(0, side), rng.uniform(0.025, 0.075) * side
        colour = tuple(rng.integers(0, 256, 3).tolist())
        pen.ellipse([x - radius, y - radius, x + radius, y + radius], colour)
    return np.asarray(canvas).copy()


STYLES = {
    style.name: style
    for style in (
        Style("tutorial", "100×24, five digits, black on white", tutorial, LIBERATION, (5,)),
        Style("light noise", "turned digits, thin lines, specks", light_noise, COMMON_FACES),
        Style("package", "the captcha package as it comes", package_defaults, {}, (4,)),
        Style("package, 12 faces", "the captcha package, three sizes", package_twelve, COMMON_FACES, (5, 6)),
        Style("overlap", "touching digits, curves in their own colour", overlap, COMMON_FACES),
        Style("svg", "outlines as svg-captcha draws them", svg, COMIC_FACES),
        Style("tiles", "turned digits on tiles of many colours", tiles, UNSEEN_FACES, (4,)),
    )
}

"""`python -m ui.examples` makes the example pictures of the Draw tab and the page's icon again."""

import json
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from engine.strokes import render

HERE = Path(__file__).parent
STROKES = json.loads((HERE / "strokes.json").read_text(encoding="utf-8"))
HEIGHT, WIDTH = 360, 480


def ink(digit: int, side: float, x: float, y: float, pen: float, slant: float = 0.0) -> np.ndarray:
    """Ink (HEIGHT, WIDTH) 0..1 of one digit: its pad is `side` pixels wide and lies at (x, y)."""
    points = [np.array(stroke, np.float32).reshape(-1, 2) for stroke in STROKES[str(digit)]]
    slanted = np.array([[1, 0], [-slant, 1]], np.float32) * side
    placed = [p @ slanted + np.array([x, y], np.float32) for p in points]
    return render(placed, pen, (HEIGHT, WIDTH)).astype(np.float32) / 255


def shade(strength: float, towards: tuple[float, float]) -> np.ndarray:
    """Light that falls off in one direction, (HEIGHT, WIDTH, 1), 1 where it is brightest."""
    x, y = np.meshgrid(np.linspace(-1, 1, WIDTH), np.linspace(-1, 1, HEIGHT))
    slope = x * towards[0] + y * towards[1]
    return (1 - strength / (1 + np.exp(-6 * slope)))[..., None].astype(np.float32)


def paint(ground: np.ndarray, colour: tuple[int, int, int], marks: np.ndarray) -> np.ndarray:
    """Put ink of one colour on a ground (H, W, 3)."""
    return ground + (np.array(colour, np.float32) - ground) * marks[..., None]


def grain(rng: np.random.Generator, amount: float, blur: float) -> np.ndarray:
    """Noise (HEIGHT, WIDTH, 1), smoothed over `blur` pixels, with `amount` as its standard deviation."""
    noise = cv2.GaussianBlur(rng.standard_normal((HEIGHT, WIDTH)).astype(np.float32), (0, 0), blur)
    return noise[..., None] * (amount / noise.std())


def lined_paper(rng: np.random.Generator) -> np.ndarray:
    """A blue 5 on yellow lined paper, half of it in a shadow."""
    paper = np.full((HEIGHT, WIDTH, 3), (246, 226, 140), np.float32)
    for row in range(28, HEIGHT, 42):
        paper[row : row + 2] = (150, 176, 196)
    paper[:, 70:72] = (222, 132, 120)
    written = paint(paper, (38, 52, 128), ink(5, 330, 90, 10, 11, slant=0.08))
    return (written + grain(rng, 2.5, 0.8)) * shade(0.5, (0.8, 0.6))


def blackboard(rng: np.random.Generator) -> np.ndarray:
    """A chalk 8 on a wiped blackboard."""
    board = np.full((HEIGHT, WIDTH, 3), (46, 62, 56), np.float32) + grain(rng, 5, 22) + grain(rng, 2, 0.7)
    dust = np.clip(1.15 + grain(rng, 0.3, 0.9)[..., 0], 0, 1)
    return paint(board, (236, 236, 226), ink(8, 330, 70, 12, 17) * dust)


def corner(rng: np.random.Generator) -> np.ndarray:
    """A small pencil 2 in the corner of a white sheet."""
    sheet = np.full((HEIGHT, WIDTH, 3), (238, 238, 234), np.float32) + grain(rng, 1.5, 0.8)
    return paint(sheet, (96, 98, 104), ink(2, 110, 350, 234, 4.0)) * shade(0.16, (-0.7, -0.5))


def marker(rng: np.random.Generator) -> np.ndarray:
    """A fat red 7 with a felt pen on brown cardboard."""
    card = np.full((HEIGHT, WIDTH, 3), (186, 150, 108), np.float32) + grain(rng, 5, 1.2) + grain(rng, 4, 14)
    return paint(card, (150, 30, 34), ink(7, 350, 40, 0, 34, slant=0.1) * 0.92)


def sticker() -> np.ndarray:
    """A transparent picture (RGBA) of a green 3."""
    marks = ink(3, 340, 70, 8, 22)
    return np.dstack([np.broadcast_to((15, 110, 84), (HEIGHT, WIDTH, 3)), marks * 255])


def icon(side: int = 128) -> np.ndarray:
    """The page's icon (RGBA): a white 4 on the page's green."""
    points = [np.array(stroke, np.float32).reshape(-1, 2) * side for stroke in STROKES["4"]]
    four = render(points, side * 0.085, side).astype(np.float32)[..., None] / 255
    square = np.zeros((side * 4, side * 4), np.uint8)
    edge, radius = side * 4, side
    cv2.rectangle(square, (radius, 0), (edge - radius, edge), 255, -1)
    cv2.rectangle(square, (0, radius), (edge, edge - radius), 255, -1)
    for x in (radius, edge - radius - 1):
        for y in (radius, edge - radius - 1):
            cv2.circle(square, (x, y), radius, 255, -1)
    green = np.array((15, 122, 92), np.float32)
    shape = cv2.resize(square, (side, side), interpolation=cv2.INTER_AREA)
    return np.dstack([green + (255 - green) * four, shape])


def main() -> None:
    rng = np.random.default_rng(4)
    for name, picture in {
        "lined-paper.jpg": lined_paper(rng),
        "blackboard.jpg": blackboard(rng),
        "corner.jpg": corner(rng),
        "marker.jpg": marker(rng),
        "transparent.png": sticker(),
        "../icon.png": icon(),
    }.items():
        pixels = np.clip(np.rint(picture), 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(HERE / name, quality=82)


if __name__ == "__main__":
    main()

"""Digits drawn for the tests: the page's ten drawings as ink of any size, place and pen, and on paper."""

import json

import cv2
import numpy as np

from engine.strokes import render
from tests.browser import ROOT

STROKES = {
    int(digit): [np.array(stroke, np.float32).reshape(-1, 2) for stroke in strokes]
    for digit, strokes in json.loads((ROOT / "ui/examples/strokes.json").read_text(encoding="utf-8")).items()
}


def drawn(
    digit: int,
    height: float = 150,
    pen: float = 12,
    canvas: int = 280,
    centre: tuple[float, float] | None = None,
) -> np.ndarray:
    """The ink (canvas, canvas) of a digit `height` pixels high around `centre` (x, y)."""
    points = np.concatenate(STROKES[digit])
    low, high = points.min(axis=0), points.max(axis=0)
    scale = height / float((high - low)[1])
    middle = np.array(centre or (canvas / 2, canvas / 2), np.float32)
    strokes = [(stroke - (low + high) / 2) * scale + middle for stroke in STROKES[digit]]
    return render(strokes, pen, canvas, steps=0)


def on_paper(
    ink: np.ndarray, paper: tuple[int, int, int] | np.ndarray, colour: tuple[int, int, int]
) -> np.ndarray:
    """Ink of a colour on paper of another, or on a picture (H, W, 3): uint8 RGB."""
    cover = cv2.GaussianBlur(ink, (0, 0), 0.7)[..., None] / 255
    return np.clip(np.rint(paper * (1 - cover) + np.array(colour) * cover), 0, 255).astype(np.uint8)


def likeness(one: np.ndarray, other: np.ndarray) -> float:
    """The correlation of two small pictures, a little blurred; 0 where one is blank."""
    if not one.any() or not other.any():
        return 0.0
    flat = [cv2.GaussianBlur(picture, (0, 0), 1).astype(np.float64).ravel() for picture in (one, other)]
    return float(np.corrcoef(flat[0], flat[1])[0, 1])


def difference(one: np.ndarray, other: np.ndarray) -> float:
    """The mean absolute difference of two pictures, of 255."""
    return float(np.abs(one.astype(float) - other).mean())

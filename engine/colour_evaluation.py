"""How well a photo is coloured, against the colours that it had.

No figure says it alone: gray is never far wrong, and what is vivid is often wrong. So there are three: PSNR
of red, green and blue; the area under the curve that says for each error of a and b up to 150 how many pixels
lie below it (Zhang et al. 2016); and how colourful the result is, wherever its colours are (Hasler,
Süsstrunk 2003).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import astuple, dataclass
from pathlib import Path

import cv2
import numpy as np

from engine.colorize import VIVID, paint, predict, prepare
from engine.colour_hints import Hints, point
from engine.colour_spaces import lab_from_srgb
from engine.datasets import DataUnavailable, data_folder
from engine.images import open_picture
from engine.network import Network
from engine.screen_colours import lightness_of, srgb_bytes

PARTS = ("bsds", "imagenet")
SHORT = 256  # pixels of the shorter side at which photos are judged
LARGEST_ERROR = 150  # of a and b
REVEALED = 1  # pixels around a random hint whose mean colour it has
SEED = 2_000_000_000
HINTS = (5, 20, 100)
PLACES, APART = 32, 12  # of a photo's shorter side; between two places that are compared
SMOOTH, ENOUGH = 3.0, 30  # units of L; pairs of places

Painter = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Score:
    """PSNR in dB, area under the curve in %, colourfulness."""

    psnr: float
    area: float
    colourfulness: float

    def __str__(self) -> str:
        return f"{self.psnr:.2f} / {self.area:.1f} / {self.colourfulness:.0f}"


def score(result: np.ndarray, truth: np.ndarray) -> Score:
    """One coloured photo against the true one, both (H, W, 3) uint8."""
    return Score(psnr(result, truth), error_area(result, truth), colourfulness(result))


def mean_score(scores: Iterable[Score]) -> Score:
    return Score(*np.mean([astuple(one) for one in scores], axis=0).tolist())


def psnr(result: np.ndarray, truth: np.ndarray) -> float:
    """Peak signal to noise in dB, over red, green and blue; 99 for equal pictures."""
    error = float(np.mean((result.astype(np.float32) - truth) ** 2))
    return 10 * float(np.log10(255**2 / error)) if error else 99.0


def error_area(result: np.ndarray, truth: np.ndarray) -> float:
    """The mean, over all errors from 0 to 150, of the share of pixels whose a, b are wrong by at most that,
    in %.
    """
    difference = lab_from_srgb(result)[..., 1:] - lab_from_srgb(truth)[..., 1:]
    error = np.ceil(np.hypot(difference[..., 0], difference[..., 1])).astype(np.int64)
    counts = np.bincount(error.ravel(), minlength=LARGEST_ERROR + 1)[: LARGEST_ERROR + 1]
    return float(100 * (counts.cumsum() / error.size).mean())


def colourfulness(rgb: np.ndarray) -> float:
    """Spread and mean of the opponent colours red - green and yellow - blue (Hasler, Süsstrunk 2003)."""
    red, green, blue = (rgb[..., i].astype(np.float32) for i in range(3))
    opponents = red - green, 0.5 * (red + green) - blue
    spread = float(np.hypot(*(one.std() for one in opponents)))
    return spread + 0.3 * float(np.hypot(*(one.mean() for one in opponents)))


def unevenness(rgb: np.ndarray) -> float:
    """How much a and b differ between smooth places that are equally light and `APART` of them apart in a
    row, each a `PLACES`th of the shorter side: what is seen as blotches, or as a sky's own colours. NaN where
    there are hardly any.
    """
    height, width = rgb.shape[:2]
    side = min(height, width) / PLACES
    size = round(width / side), round(height / side)
    lab = lab_from_srgb(rgb)
    mean = cv2.resize(lab, size, interpolation=cv2.INTER_AREA)
    squares = cv2.resize(lab[..., 0] ** 2, size, interpolation=cv2.INTER_AREA)
    smooth = squares - mean[..., 0] ** 2 < SMOOTH**2
    one, other = mean[:, APART:], mean[:, :-APART]
    pairs = smooth[:, APART:] & smooth[:, :-APART] & (np.abs(one[..., 0] - other[..., 0]) < SMOOTH)
    if pairs.sum() < ENOUGH:
        return float("nan")
    return float(np.hypot(*np.moveaxis((one - other)[pairs, 1:], -1, 0)).mean())


def validation_photos(part: str) -> list[np.ndarray]:
    """The photos of colour/validation, (H, W, 3) uint8 of a shorter side of 256. DataUnavailable where there
    are none.
    """
    return [open_validation(path) for path in validation_files(part)]


def validation_files(part: str) -> list[Path]:
    folder = data_folder() / "colour" / "validation" / part
    files = sorted(path for path in folder.glob("*") if path.suffix.lower() in (".jpg", ".png"))
    if not files:
        raise DataUnavailable(f"there are no photos in {folder}")
    return files


def open_validation(path: Path) -> np.ndarray:
    rgb = open_picture(path)
    scale = SHORT / min(rgb.shape[:2])
    if scale >= 1:
        return rgb
    size = round(rgb.shape[1] * scale), round(rgb.shape[0] * scale)
    return cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)


def in_gray(truth: np.ndarray) -> np.ndarray:
    """A photo without its colours, its lightness kept: (H, W, 3) uint8."""
    return in_one_colour(truth, 0, 0)


def in_one_colour(truth: np.ndarray, a: float, b: float) -> np.ndarray:
    """A photo in one colour, its lightness kept."""
    lab = np.empty(truth.shape, np.float32)
    lab[..., 0] = lightness_of(truth)
    lab[..., 1:] = a, b
    return srgb_bytes(lab)


def random_hints(truth: np.ndarray, count: int, seed: int) -> Hints:
    """`count` places chosen by chance, with the mean colour of the 3 × 3 pixels there."""
    rng = np.random.default_rng((SEED, seed))
    height, width = truth.shape[:2]
    side = 2 * REVEALED + 1
    strokes = []
    for _ in range(count):
        top, left = rng.integers(max(1, height - side + 1)), rng.integers(max(1, width - side + 1))
        patch = truth[top : top + side, left : left + side].reshape(-1, 3)
        red, green, blue = (int(part) for part in np.rint(patch.mean(axis=0)))
        middle = left + side / 2, top + side / 2
        strokes.append(point(*middle, (red, green, blue), side / 2))
    return Hints(tuple(strokes))


def painter(network: Network, count: int = 0, vivid: float = VIVID) -> Painter:
    """Colours a true photo from its lightness and `count` random hints."""

    def run(truth: np.ndarray) -> np.ndarray:
        prepared = prepare(truth)
        hints = random_hints(truth, count, truth.size) if count else None
        return paint(prepared, predict(prepared, hints, network), vivid=vivid)

    return run


def judge(paint_photo: Painter, photos: Iterable[np.ndarray]) -> Score:
    """The mean score over photos."""
    return mean_score(score(paint_photo(photo), photo) for photo in photos)


def measure(network: Network, limit: int | None = None) -> dict[str, float]:
    """PSNR above gray, area and colourfulness by part of the validation photos, and PSNR above gray with
    hints; what is not here is left out. limit: of each part only so many photos, spread over it.
    """
    figures: dict[str, float] = {}
    for part in PARTS:
        try:
            files = validation_files(part)
        except DataUnavailable:
            continue
        photos = [open_validation(path) for path in files[:: max(1, len(files) // (limit or len(files)))]]
        gray = judge(in_gray, photos)
        plain = judge(painter(network), photos)
        figures |= {
            f"{part}: gray, dB": round(gray.psnr, 2),
            f"{part}: dB above gray": round(plain.psnr - gray.psnr, 2),
            f"{part}: area of errors, %": round(plain.area, 2),
            f"{part}: colourfulness": round(plain.colourfulness, 1),
        }
        for count in HINTS:
            hinted = judge(painter(network, count), photos)
            figures[f"{part}: dB above gray with {count} hints"] = round(hinted.psnr - gray.psnr, 2)
    return figures

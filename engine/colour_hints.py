"""What a person says about a photo's colours: points and strokes in the photo's pixels, or a painted layer.

Of a hint's colour only a and b of CIE Lab count: how light a place is the photo has said already.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from engine.colour_spaces import lab_from_srgb

MAX_STROKES, MAX_POINTS = 2000, 200_000
FARTHEST = 1e6  # pixels, of what a stroke may say
STROKE = 'A stroke looks like {"points": [[x, y]], "colour": "#rrggbb", "radius": 0}, with numbers in it.'
NUMBERS = (float, int, np.floating, np.integer)
COLOUR = re.compile("#?([0-9a-fA-F]{6})")
LEAST_COVER = 0.2  # of a place that a painted layer covers before it counts there


@dataclass(frozen=True)
class Stroke:
    """A line through points (x, y) in the photo's pixels, or one point, of a colour (whole numbers from 0 to
    255).

    radius: half its width in the photo's pixels; it is never thinner than one pixel of what the network sees.
    """

    points: tuple[tuple[float, float], ...]
    rgb: tuple[int, int, int]
    radius: float = 0.0

    def __post_init__(self) -> None:
        if not isinstance(self.points, tuple | list) or not all(_is_pair(point) for point in self.points):
            raise ValueError("The points of a stroke are pairs of numbers, x and y.")
        if not self.points:
            raise ValueError("A stroke needs at least one point.")
        near = all(abs(number) < FARTHEST for point in self.points for number in point)  # NaN is not
        if not near or not is_number(self.radius) or not 0 <= self.radius < FARTHEST:
            raise ValueError("Points and radius of a stroke are numbers below a million, no radius below 0.")
        if not _is_colour(self.rgb):
            raise ValueError(
                f"A colour is red, green and blue, whole numbers from 0 to 255, not {self.rgb!r}."
            )


def is_number(value: object) -> bool:
    """Whether it is a real number of Python's or NumPy's; a truth value is none."""
    return isinstance(value, NUMBERS) and not isinstance(value, bool)


def _is_pair(point: Sequence[float]) -> bool:
    return isinstance(point, tuple | list) and len(point) == 2 and is_number(point[0]) and is_number(point[1])


def _is_colour(rgb: Sequence[int]) -> bool:
    whole = isinstance(rgb, tuple | list) and all(isinstance(part, int | np.integer) for part in rgb)
    return whole and len(rgb) == 3 and all(0 <= part <= 255 for part in rgb)


def point(x: float, y: float, rgb: tuple[int, int, int], radius: float = 0.0) -> Stroke:
    """A hint at one place of the photo."""
    return Stroke(((x, y),), rgb, radius)


@dataclass(frozen=True, eq=False)
class Hints:
    """Strokes, the later over the earlier, and a painted layer over them: (H, W, 4) uint8 RGBA of any size,
    which is laid on the whole photo.
    """

    strokes: tuple[Stroke, ...] = ()
    overlay: np.ndarray | None = None

    def __post_init__(self) -> None:
        if not all(isinstance(stroke, Stroke) for stroke in self.strokes):
            raise ValueError("The strokes of hints are `Stroke`s; `Hints.of` takes others.")
        points = sum(len(stroke.points) for stroke in self.strokes)
        if len(self.strokes) > MAX_STROKES or points > MAX_POINTS:
            raise ValueError(f"At most {MAX_STROKES} strokes of {MAX_POINTS:,} points together are taken.")
        layer = self.overlay
        if layer is not None and (layer.ndim != 3 or layer.shape[2] != 4 or layer.dtype != np.uint8):
            raise ValueError(f"A painted layer is (H, W, 4) uint8, not {layer.shape} {layer.dtype}.")

    def planes(self, photo: tuple[int, int], size: tuple[int, int]) -> np.ndarray:
        """What is known at each place of a photo (height, width) reduced to size (h, w): (h, w, 3) float32,
        a, b and 1 where something is, 0 elsewhere.
        """
        planes = np.zeros((*size, 3), np.float32)
        if self.strokes:
            _draw(self.strokes, photo, planes)
        if self.overlay is not None and self.overlay.size:
            _lay(self.overlay, planes)
        return planes

    def to_json(self) -> list[dict[str, Any]]:
        """The strokes as JSON; a painted layer is a picture of its own."""
        return [
            {
                "points": [[float(x), float(y)] for x, y in stroke.points],
                "colour": "#" + bytes(stroke.rgb).hex(),
                "radius": float(stroke.radius),
            }
            for stroke in self.strokes
        ]

    @classmethod
    def of(cls, hints: Hinted) -> Hints:
        """Hints of all that stands for them: strokes, or what `to_json` gives; None for none. ValueError,
        with a sentence, for anything else.
        """
        if hints is None or isinstance(hints, Hints):
            return hints or cls()
        if not isinstance(hints, list | tuple):
            raise ValueError("Hints are a list of strokes.")
        first = hints[: MAX_STROKES + 1]
        return cls(tuple(one if isinstance(one, Stroke) else _stroke(one) for one in first))

    @classmethod
    def from_json(cls, values: Any) -> Hints:
        """The inverse of `to_json`. ValueError, with a sentence, for anything else."""
        if not isinstance(values, list):
            raise ValueError("Hints are a list of strokes.")
        return cls(tuple(_stroke(value) for value in values[: MAX_STROKES + 1]))


Hinted = Hints | Sequence[Stroke | dict[str, Any]] | None  # what `Hints.of` takes


def _stroke(value: Any) -> Stroke:
    try:
        points = tuple(_point(pair) for pair in value["points"][: MAX_POINTS + 1])
        found, radius = COLOUR.fullmatch(value["colour"]), _number(value.get("radius", 0))
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(STROKE) from error
    if found is None:
        raise ValueError(f"A colour is written #rrggbb, not {value['colour'][:20]!r}.")
    red, green, blue = bytes.fromhex(found[1])
    return Stroke(points, (red, green, blue), radius)


def _point(pair: Any) -> tuple[float, float]:
    if not isinstance(pair, list | tuple) or len(pair) != 2:
        raise TypeError(f"{pair!r} is no pair")
    return _number(pair[0]), _number(pair[1])


def _number(value: Any) -> float:
    """A JSON number; what is too large for a float is infinite."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{value!r} is no number")
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _draw(strokes: tuple[Stroke, ...], photo: tuple[int, int], planes: np.ndarray) -> None:
    """Strokes on planes; each place belongs to the last stroke that goes over it."""
    height, width = planes.shape[:2]
    scale = np.array([width / photo[1], height / photo[0]])
    owner = np.zeros((height, width), np.int32)
    thickest = 4 * (height + width)  # more covers all, and OpenCV would take as long as it is thick
    for number, stroke in enumerate(strokes, 1):
        places = np.floor(np.array(stroke.points) * scale).astype(np.int32)
        thick = min(max(1, round(2 * stroke.radius * float(scale.mean()))), thickest)
        if len(places) == 1:
            cv2.circle(owner, places[0].tolist(), thick // 2, number, -1)
        else:
            cv2.polylines(owner, [places], False, number, thick)
    colours = np.array([stroke.rgb for stroke in strokes], np.uint8)[None]
    there = owner > 0
    planes[there, :2] = lab_from_srgb(colours)[0, owner[there] - 1, 1:]
    planes[there, 2] = 1


def _lay(overlay: np.ndarray, planes: np.ndarray) -> None:
    """A painted layer on planes, where it covers enough of a place."""
    height, width = planes.shape[:2]
    cover = overlay[..., 3:].astype(np.float32) / 255
    paint = np.concatenate([overlay[..., :3] * cover, cover], axis=-1)
    small = cv2.resize(paint, (width, height), interpolation=cv2.INTER_AREA)
    there = small[..., 3] >= LEAST_COVER
    rgb = small[there, :3] / small[there, 3:] / 255
    planes[there, :2] = lab_from_srgb(rgb)[:, 1:]
    planes[there, 2] = 1

"""A visitor's photo: reduced to the screen's size, coloured, told by hints; large only to be saved."""

from __future__ import annotations

import hashlib
import itertools
import json
import math
import threading
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from engine import colorize
from engine.colorize import VIVID, Colours, Prepared
from engine.colour_hints import MAX_POINTS, MAX_STROKES, Hints
from engine.images import DAMAGE, FORMATS, ORIENTATION, PictureError, open_picture
from engine.screen_colours import lightness_of, srgb_bytes

SCREEN = 960  # pixels a side of what the page shows
KEY = "paint-by-numpy"  # of the text in a saved PNG that holds its hints and settings
MOST_CHARACTERS = 4_000_000  # of the hints that a page sends
MOST_TEXT = 900_000  # of those in a PNG; Pillow reads no more than a megabyte
COLOURED = "-coloured"  # at the end of a saved photo's name
APART = 6  # of 255: by how much a channel differs from another where a photo has a colour
TRANSPOSED = 5  # the first of the EXIF orientations that lay a photo on its side

_numbers = itertools.count(1)
LARGE = threading.BoundedSemaphore(2)  # photos painted at full size at one time, so that memory suffices


@dataclass(frozen=True)
class Settings:
    """What the sliders say: from faithful, 0, to vivid, 1; how much colour at all; times the colours."""

    vivid: float = VIVID
    strength: float = 1.0
    saturation: float = 1.0

    @classmethod
    def of(cls, vivid: Any, strength: Any, saturation: Any) -> Settings:
        """From whatever numbers a slider or a file gives, brought into their ranges."""
        return cls(_within(vivid, cls.vivid, 1), _within(strength, 1, 1), _within(saturation, 1, 2))


def _within(value: Any, default: float, most: float) -> float:
    number = float(value) if isinstance(value, int | float) else default
    return min(max(number, 0.0), most) if math.isfinite(number) else default


@dataclass(frozen=True, eq=False)
class Photo:
    """One photo on the page.

    number: no other photo has it. size: (height, width) of the photo itself. prepared: what the page shows,
    whose pixels are the unit of `hints`. picture: it in its own colours, (h, w, 3) uint8; None where it has
    none. digest: of the file; equal ones have equal hints.
    """

    number: int
    digest: bytes
    path: str
    name: str
    size: tuple[int, int]
    prepared: Prepared
    picture: np.ndarray | None
    hints: Hints
    colours: Colours

    @cached_property
    def gray(self) -> np.ndarray:
        """(h, w, 3) uint8, as the page shows it."""
        light = self.prepared.lightness[..., None]
        return srgb_bytes(np.concatenate([light, np.zeros((*light.shape[:2], 2), np.float32)], -1))

    @property
    def scale(self) -> float:
        """Pixels of the photo for each on the page."""
        return self.size[1] / self.prepared.size[1]

    def told(self, hints: Hints) -> Photo:
        """The same photo with other hints: the network is asked again."""
        return replace(self, hints=hints, colours=colorize.predict(self.prepared, hints, before=self.colours))

    def painted(self, settings: Settings) -> np.ndarray:
        """(h, w, 3) uint8, as large as the page shows it."""
        return colorize.paint(
            self.prepared, self.colours, settings.strength, settings.saturation, settings.vivid
        )

    def strokes(self) -> list[dict[str, Any]]:
        """The hints as the page has them: in units of the photo's width."""
        return scaled(self.hints, 1 / self.prepared.size[1])


def opened(path: str | Path) -> tuple[Photo, Settings | None]:
    """A photo with the hints that were saved in it, coloured; and the settings that were, if any.

    PictureError where it can't be used, CheckpointError where no network is shipped.
    """
    rgb = open_picture(path, longest=SCREEN)
    prepared = colorize.prepare(rgb)
    size, text = _header(Path(path))
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").digest()
    hints, settings = read_saved(text, prepared.size[1] / size[1])
    photo = Photo(
        next(_numbers),
        digest,
        str(path),
        Path(path).stem.removesuffix(COLOURED)[:80] or "photo",
        size,
        prepared,
        rgb if has_colour(rgb) and settings is None else None,  # a saved one has the app's own colours
        hints,
        colorize.predict(prepared, hints),
    )
    return photo, settings


def has_colour(rgb: np.ndarray) -> bool:
    """Whether more than a hundredth of a picture is not gray."""
    channels = rgb.astype(np.int16)
    return bool((np.ptp(channels, axis=2) > APART).mean() > 0.01)


def _header(path: Path) -> tuple[tuple[int, int], str]:
    """(height, width) of an upright photo, and the text that was saved in it."""
    try:
        with Image.open(path, formats=FORMATS) as image:
            width, height = image.size
            text = image.info.get(KEY, "") if image.format == "PNG" else ""
            lies = image.getexif().get(ORIENTATION, 1) in range(TRANSPOSED, TRANSPOSED + 4)
    except DAMAGE as error:
        raise PictureError("This picture is damaged and can't be opened.") from error
    return ((width, height) if lies else (height, width)), text


# --- hints, as the page and as files have them ------------------------------------------------------------


def scaled(hints: Hints, scale: float) -> list[dict[str, Any]]:
    """Strokes as JSON, with every length times `scale`."""
    digits = 1 if scale >= 1 else 4
    return [
        {
            "points": [[round(x * scale, digits), round(y * scale, digits)] for x, y in stroke.points],
            "colour": "#" + bytes(stroke.rgb).hex(),
            "radius": round(stroke.radius * scale, digits),
        }
        for stroke in hints.strokes
    ]


def hints_from(strokes: Any, scale: float) -> Hints:
    """The inverse of `scaled`. ValueError with a sentence for what is no list of strokes."""
    plain = Hints.from_json(strokes)
    return Hints(
        tuple(
            replace(
                stroke,
                points=tuple((x * scale, y * scale) for x, y in stroke.points),
                radius=stroke.radius * scale,
            )
            for stroke in plain.strokes
        )
    )


def from_page(value: str | None, photo: Photo) -> Hints | None:
    """What the canvas sent, as hints on a photo; None where it speaks of another photo.

    ValueError, with a sentence, for anything that a canvas does not send.
    """
    if not value:
        return None
    if not isinstance(value, str) or len(value) > MOST_CHARACTERS:
        raise ValueError(f"Too many hints: at most {MAX_STROKES} strokes of {MAX_POINTS:,} points together.")
    try:
        sent = json.loads(value)
    except (ValueError, RecursionError) as error:
        raise ValueError("The hints could not be read.") from error
    if not isinstance(sent, dict) or sent.get("photo") != photo.number:
        return None
    return hints_from(sent.get("strokes"), photo.prepared.size[1])


def read_saved(text: Any, scale: float) -> tuple[Hints, Settings | None]:
    """The hints and settings of a saved PNG; none where there are none or they make no sense."""
    try:
        saved = json.loads(text) if isinstance(text, str) and text else None
        if not isinstance(saved, dict):
            return Hints(), None
        hints = hints_from(saved.get("hints", []), scale)
    except (ValueError, RecursionError):
        return Hints(), None
    return hints, Settings.of(saved.get("vivid"), saved.get("strength"), saved.get("saturation"))


def save(photo: Photo, settings: Settings, target: Path) -> Path:
    """The coloured photo at its full size, upright, with its hints. PictureError where it is gone."""
    with LARGE:
        lightness = lightness_of(open_picture(photo.path))
        large = Prepared(lightness, photo.prepared.small)
        painted = colorize.paint(large, photo.colours, settings.strength, settings.saturation, settings.vivid)
    return write(painted, scaled(photo.hints, photo.scale), settings, target)


def write(painted: np.ndarray, hints: list[dict[str, Any]], settings: Settings, target: Path) -> Path:
    """A PNG that carries its hints, in its own pixels, and settings; `opened` reads them."""
    info = PngInfo()
    info.add_itxt(KEY, saved_text(hints, settings))
    Image.fromarray(painted).save(target, compress_level=4, pnginfo=info)
    return target


def saved_text(hints: list[dict[str, Any]], settings: Settings) -> str:
    """Hints and settings as JSON; of strokes every second point as long as it is too much for a PNG."""
    while True:
        text = json.dumps({"hints": hints, **vars(settings)}, separators=(",", ":"))
        if len(text) <= MOST_TEXT:
            return text
        hints = [{**stroke, "points": stroke["points"][::2]} for stroke in hints]

"""Pictures in, arrays out: `open_picture` takes whatever people bring and says plainly where it can't be
used.
"""

from __future__ import annotations

import os
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from engine.ink import fit_digit
from engine.preprocessing import Preprocessing, to_network_input

__all__ = ["Picture", "PictureError", "Preprocessing", "fit_digit", "open_picture", "to_network_input"]

Picture = str | os.PathLike[str] | Image.Image | np.ndarray

MAX_PIXELS = 60_000_000  # a header that promises more is refused before anything is unpacked
MAX_SIDE = 30_000
WORKING_SIDE = 2_000  # longer pictures are reduced to this: a digit needs no more


class PictureError(ValueError):
    """A picture that can't be used; the message is a plain sentence for the person who brought it."""


def open_picture(picture: Picture, longest: int = WORKING_SIDE) -> np.ndarray:
    """Any picture as (H, W, 3) uint8 RGB, upright, transparency on white, the longer side at most `longest`.

    picture: a path, a PIL.Image or a uint8 array (H, W), (H, W, 3) or (H, W, 4). Animations give their first
    frame. Raises PictureError.
    """
    if isinstance(picture, np.ndarray):
        image = _from_array(picture)
    elif isinstance(picture, Image.Image):
        image = _decoded(picture)
    else:
        image = _from_file(Path(picture))
    image.thumbnail((longest, longest), Image.Resampling.BOX, reducing_gap=2.0)
    return np.asarray(image, np.uint8)


def _from_array(array: np.ndarray) -> Image.Image:
    if array.dtype != np.uint8:
        raise PictureError(f"A picture as an array holds numbers from 0 to 255 (uint8), not {array.dtype}.")
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 3, 4)):
        raise PictureError(f"A picture is height × width, × 3 or × 4 numbers, not {array.shape}.")
    if array.size == 0:
        raise PictureError("This picture has no pixels.")
    _check_size(array.shape[1], array.shape[0])
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    return _on_white(Image.fromarray(np.ascontiguousarray(array)))


def _from_file(path: Path) -> Image.Image:
    if not path.is_file():
        raise PictureError(f"There is no file {path.name}.")
    if path.stat().st_size == 0:
        raise PictureError(f"{path.name} is empty.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's own warning about large pictures, and odd metadata
            with Image.open(path) as image:
                return _decoded(image)
    except (UnidentifiedImageError, Image.DecompressionBombError) as error:
        if isinstance(error, Image.DecompressionBombError):
            raise PictureError(f"{path.name} is too large to be opened.") from error
        raise PictureError(f"{path.name} is not a picture that can be read.") from error


def _decoded(image: Image.Image) -> Image.Image:
    _check_size(*image.size)
    try:
        if getattr(image, "n_frames", 1) > 1:
            image.seek(0)
        image.load()
        upright = ImageOps.exif_transpose(image)
        return _on_white(upright)
    except PictureError:
        raise
    except (OSError, ValueError, SyntaxError, EOFError, TypeError, IndexError, KeyError) as error:
        raise PictureError("This picture is damaged or not complete.") from error


def _check_size(width: int, height: int) -> None:
    if width < 1 or height < 1:
        raise PictureError("This picture has no pixels.")
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
        raise PictureError(
            f"This picture is too large ({width} × {height}); {MAX_PIXELS // 1_000_000} megapixels are the limit."
        )


def _on_white(image: Image.Image) -> Image.Image:
    """RGB, with what is transparent shown on white, and 16-bit and floating-point pictures brought to 8
    bits.
    """
    if image.mode.startswith("I") or image.mode == "F":
        return _from_deep(image)
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image).convert("RGB")
    return image.convert("RGB")


def _from_deep(image: Image.Image) -> Image.Image:
    """A gray picture of more than 8 bits: 16-bit ones by their full range, others by the range that they
    use.
    """
    values = np.asarray(image).astype(np.float64)
    values = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
    low, high = float(values.min()), float(values.max())
    if image.mode == "F" and low >= 0 and high <= 1:
        low, high = 0.0, 1.0
    elif low >= 0 and high <= 255:
        low, high = 0.0, 255.0
    elif low >= 0 and high <= 65535:
        low, high = 0.0, 65535.0
    scaled = (values - low) * (255 / max(high - low, 1e-12))
    return Image.fromarray(scaled.round().clip(0, 255).astype(np.uint8)).convert("RGB")

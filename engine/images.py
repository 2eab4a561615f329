"""Any picture that a person has, as an array: a file, a PIL.Image or an array of pixels.

`open_picture` opens it, `ink_of` finds the digit's ink in it, `fit_digit` makes of that what a network reads.
"""

import errno
import os
import struct
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from engine.ink import fit_digit
from engine.paper import ink_of
from engine.preprocessing import Preprocessing, to_network_input

__all__ = [
    "Picture",
    "PictureError",
    "Preprocessing",
    "fit_digit",
    "ink_of",
    "open_picture",
    "to_network_input",
]

Picture = str | os.PathLike[str] | Image.Image | np.ndarray

MAX_PIXELS = 64_000_000  # beyond this a small file could fill the memory
# None of these has Pillow run another program.
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "PPM", "ICO")
UPRIGHT = {  # what undoes each EXIF orientation
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
ORIENTATION = 0x0112  # the EXIF tag
DEPTHS = (255, 1023, 4095, 16383, 65535)  # full scale of 8, 10, 12, 14 and 16 bits
LIGHT = 176  # of 255: ink lighter than this would fade on white
# What Pillow's decoders raise for files that are damaged, besides OSError.
DAMAGE = (
    *(OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError),
    *(OverflowError, MemoryError, RuntimeError, struct.error),
)
DAMAGED = "This picture is damaged or cut short and can't be opened."
UNREADABLE = {  # by what the system says of a file
    errno.EACCES: "This file may not be read: its permissions keep it closed.",
    errno.EPERM: "This file may not be read: its permissions keep it closed.",
    errno.ENAMETOOLONG: "The path of this file is longer than a path can be.",
}
HEIC = "This is a HEIC photo, as iPhones keep them: save it as a JPEG first."
HEIC_BRANDS = (b"heic", b"heix", b"hevc", b"heim", b"mif1", b"msf1")  # at byte 8 of a file, after "ftyp"
NOT_A_PICTURE = "This file is no picture that can be opened here: PNG, JPEG, WebP, GIF, BMP or TIFF."
TOO_LARGE = f"at most {MAX_PIXELS // 10**6} megapixels are read."


class PictureError(ValueError):
    """A picture that can't be used; the message is a plain sentence for the person who brought it."""


def open_picture(picture: Picture, longest: int | None = None) -> np.ndarray:
    """Open a picture, upright, as (H, W, 3) uint8 RGB.

    picture: a path, a PIL.Image or a uint8 array (H, W), (H, W, 3) or (H, W, 4). Transparency is laid on
    white, or on black where all that is visible is light; of an animation the first picture is taken; 16-bit
    and float pictures are brought to their full range. longest: reduce to at most so many pixels a side
    before anything is computed. PictureError, with a sentence that says what is wrong, where it can't be
    used.
    """
    if isinstance(picture, np.ndarray):
        _check_array(picture)
        if picture.shape[2:] == (3,) and not (longest and max(picture.shape) > longest):
            return np.array(picture, order="C")
        return _flattened(Image.fromarray(np.ascontiguousarray(picture)), longest)
    if isinstance(picture, Image.Image):
        return _first(picture, longest)
    if not isinstance(picture, str | os.PathLike):
        raise PictureError(f"A picture is a file, a PIL.Image or an array, not {type(picture).__name__}.")
    return _from_file(Path(picture), longest)


def _from_file(path: Path, longest: int | None) -> np.ndarray:
    try:
        if not path.is_file():
            raise PictureError(f"There is no file {path.name!r}.")
        if path.stat().st_size == 0:
            raise PictureError("This file is empty.")
        with Image.open(path, formats=FORMATS) as image:
            _check_size(*image.size)
            if longest:
                image.draft(None, (2 * longest, 2 * longest))  # JPEG is reduced while it is decoded
            return _decoded(image, longest)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise PictureError(f"This picture is too large; {TOO_LARGE}") from None
    except UnidentifiedImageError:
        raise PictureError(HEIC if _is_heic(path) else NOT_A_PICTURE) from None
    except PictureError:
        raise
    except DAMAGE as error:
        reason = UNREADABLE.get(error.errno or 0) if isinstance(error, OSError) else None
        raise PictureError(reason or DAMAGED) from error


def _first(image: Image.Image, longest: int | None) -> np.ndarray:
    """The first picture of an image, which stays turned to the one that it was turned to."""
    place = image.tell()
    if not place:
        _check_size(*image.size)
        return _decoded(image, longest)
    try:
        image.seek(0)
        _check_size(*image.size)
        pixels = _decoded(image, longest)
        image.seek(place)
    except PictureError:
        raise
    except (*DAMAGE, AttributeError) as error:  # of a file that was closed Pillow has none to turn
        raise PictureError(DAMAGED) from error
    return pixels


def _is_heic(path: Path) -> bool:
    with path.open("rb") as file:
        start = file.read(12)
    return start[4:8] == b"ftyp" and start[8:] in HEIC_BRANDS


def _check_size(width: int, height: int) -> None:
    if width < 1 or height < 1:
        raise PictureError("This picture has no pixels.")
    if width * height > MAX_PIXELS:
        raise PictureError(f"This picture has {width * height / 1e6:.0f} megapixels; {TOO_LARGE}")


def _check_array(array: np.ndarray) -> None:
    if array.dtype != np.uint8:
        raise PictureError(f"An array of pixels holds uint8 numbers, not {array.dtype}.")
    if array.ndim != 2 and not (array.ndim == 3 and array.shape[2] in (3, 4)):
        raise PictureError(f"An array of pixels is (H, W), (H, W, 3) or (H, W, 4), not {array.shape}.")
    _check_size(array.shape[1], array.shape[0])


def _decoded(image: Image.Image, longest: int | None) -> np.ndarray:
    """The pixels of an image; its EXIF orientation is undone last, when it is small."""
    try:
        image.load()
        orientation = _orientation(image)
        pixels = _flattened(image, longest)
    except DAMAGE as error:
        raise PictureError(DAMAGED) from error
    if orientation not in UPRIGHT:
        return pixels
    return np.array(Image.fromarray(pixels).transpose(UPRIGHT[orientation]))


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation; 1, upright, where there is none or it can't be read."""
    try:
        return int(image.getexif().get(ORIENTATION, 1))
    except DAMAGE:
        return 1


def _flattened(image: Image.Image, longest: int | None) -> np.ndarray:
    """Reduce an image and bring it to RGB, without transparency."""
    if image.mode.startswith(("I", "F")):
        image = Image.fromarray(_eight_bits(np.asarray(image)))
    see_through = image.has_transparency_data
    image = image.convert("RGBA" if see_through else "RGB")  # a palette or single bits can't be averaged
    if longest and max(image.size) > longest:
        scale = longest / max(image.size)
        to = max(1, round(image.width * scale)), max(1, round(image.height * scale))
        image = image.resize(to, Image.Resampling.BOX, reducing_gap=2.0)
    return _on_ground(np.asarray(image)) if see_through else np.array(image)


def _eight_bits(values: np.ndarray) -> np.ndarray:
    """Deeper pixels as uint8: integers by their depth, floats by 1 or 255, the rest by its largest."""
    values = np.nan_to_num(values.astype(np.float32), nan=0, posinf=0, neginf=0)
    largest = float(values.max())
    if largest <= 1 and not np.array_equal(values, np.round(values)):
        full = 1.0
    else:
        full = next((float(depth) for depth in DEPTHS if largest <= depth), largest)
    return np.clip(np.rint(values * (255 / full)), 0, 255).astype(np.uint8)


def _on_ground(rgba: np.ndarray) -> np.ndarray:
    """Lay a transparent picture on white; on black where all that can be seen is light and would fade."""
    cover = rgba[..., 3:].astype(np.float32) / 255
    lightness = np.asarray(Image.fromarray(np.ascontiguousarray(rgba[..., :3])).convert("L"))
    visible = cover[..., 0] > 0.5
    dark = np.count_nonzero(visible & (lightness < LIGHT))
    mostly_empty = np.count_nonzero(visible) < 0.5 * visible.size
    ground = 0.0 if mostly_empty and visible.any() and dark < 0.02 * np.count_nonzero(visible) else 255.0
    return np.rint(rgba[..., :3] * cover + ground * (1 - cover)).astype(np.uint8)

"""What one network does to a picture before it reads it. It belongs to the network and travels with its
weights.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from engine.neighbourhoods import NEIGHBOURHOODS, neighbours


@dataclass(frozen=True)
class Preprocessing:
    """What a network does to a size x size picture of white (1) on black (0): pad it with zeros, scale,
    shift.

    size: side of the picture in pixels. pad: rows of zeros on each of the four sides. The input is x * scale
    + offset. any_width: pictures are `size` high and as wide as they like, as lines of digits are.
    neighbourhood: the network reads single pixels, each with those around it, from pictures of any height and
    width; one of `engine.neighbourhoods`, whose side `size` then is. "": it reads whole pictures.
    photo: the network colours photos whose height and width are multiples of `size`.
    """

    size: int = 28
    pad: int = 0
    scale: float = 1.0
    offset: float = 0.0
    any_width: bool = False
    neighbourhood: str = ""
    photo: bool = False

    def __post_init__(self) -> None:
        if self.size < 1 or self.pad < 0:
            raise ValueError(f"preprocessing needs size >= 1 and pad >= 0, not {self.size=}, {self.pad=}")
        if not (np.isfinite(self.scale) and np.isfinite(self.offset)):
            raise ValueError(f"preprocessing needs finite numbers, not {self.scale=}, {self.offset=}")
        if self.neighbourhood:
            self._check_neighbourhood()
        if self.photo and (self.pad or self.any_width or self.neighbourhood):
            raise ValueError(f"a network for photos has no padding and no neighbourhood, not {self!r}")

    def _check_neighbourhood(self) -> None:
        if self.neighbourhood not in NEIGHBOURHOODS:
            known = ", ".join(NEIGHBOURHOODS)
            raise ValueError(f"there is no neighbourhood {self.neighbourhood!r}; there are {known}")
        side = NEIGHBOURHOODS[self.neighbourhood].side
        if (self.size, self.pad, self.any_width) != (side, 0, False):
            raise ValueError(f"{self.neighbourhood} need size {side} and no padding, not {self!r}")

    def to_json(self) -> dict[str, Any]:
        values = asdict(self)
        if not self.any_width:
            del values["any_width"]  # files written before there were lines do not have it
        if not self.neighbourhood:
            del values["neighbourhood"]  # nor do most have this
        if not self.photo:
            del values["photo"]
        return values

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "Preprocessing":
        """The inverse of `to_json`; raises ValueError where a name is missing or unknown, or a value is no
        number.
        """
        number = (int, float)
        names: dict[str, type | tuple[type, ...]] = {
            "size": int,
            "pad": int,
            "scale": number,
            "offset": number,
        }
        rare = {"any_width", "neighbourhood", "photo"}
        if not isinstance(values, dict) or set(values) - rare != set(names):
            raise ValueError(f"preprocessing needs exactly {', '.join(names)}; found {values!r}")
        for name, kind in names.items():
            if isinstance(values[name], bool) or not isinstance(values[name], kind):
                raise ValueError(f"preprocessing {name!r} is no number: {values[name]!r}")
        for name in ("any_width", "photo"):
            if not isinstance(values.get(name, False), bool):
                raise ValueError(f"preprocessing {name!r} is true or false, not {values[name]!r}")
        neighbourhood = values.get("neighbourhood", "")
        if not isinstance(neighbourhood, str):
            raise ValueError(f"preprocessing 'neighbourhood' is a text, not {neighbourhood!r}")
        scale, offset = float(values["scale"]), float(values["offset"])
        any_width, photo = values.get("any_width", False), values.get("photo", False)
        return cls(values["size"], values["pad"], scale, offset, any_width, neighbourhood, photo)


def to_network_input(images: np.ndarray, preprocessing: Preprocessing) -> np.ndarray:
    """Turn pictures into what a network reads.

    images: (N, size, size), uint8 or float 0..1, white on black; (N, size, W) where any width will do.
    Returns (N, size + 2 pad, size + 2 pad, 1) or (N, size + 2 pad, W + 2 pad, 1) float32; for a network of
    single pixels, of pictures (N, H, W), (N·H·W, neighbourhood); for a network for photos, of (N, H, W, 4),
    which are the lightness L of CIE Lab, a and b where they are known, and 1 there and 0 elsewhere, the same
    with L, a and b scaled and L shifted.
    """
    if preprocessing.photo:
        return _photo_inputs(images, preprocessing)
    if preprocessing.neighbourhood:
        return _pixel_inputs(images, preprocessing)
    size, pad = preprocessing.size, preprocessing.pad
    fits = images.ndim == 3 and images.shape[1] == size
    if not fits or not (preprocessing.any_width or images.shape[2] == size):
        expected = f"(N, {size}, {'any width' if preprocessing.any_width else size})"
        raise ValueError(f"this network reads pictures {expected}, not {images.shape}")
    width = images.shape[2]
    xp = images.__array_namespace__()
    inputs: np.ndarray = xp.empty((len(images), size + 2 * pad, width + 2 * pad, 1), dtype=np.float32)
    if pad:
        inputs.fill(preprocessing.offset)
    inner = inputs[:, pad : pad + size, pad : pad + width, 0]
    unit = _unit(images)
    xp.multiply(images, np.float32(preprocessing.scale / unit), out=inner)
    if preprocessing.offset:
        inner += np.float32(preprocessing.offset)
    return inputs


def _pixel_inputs(images: np.ndarray, preprocessing: Preprocessing) -> np.ndarray:
    if images.ndim != 3:
        raise ValueError(f"this network reads the pixels of pictures (N, H, W), not {images.shape}")
    unit = _unit(images)
    seen = neighbours(images, preprocessing.neighbourhood)
    scale = np.float32(preprocessing.scale / unit)
    inputs: np.ndarray = np.multiply(seen, scale, dtype=np.float32, casting="same_kind")
    if preprocessing.offset:
        inputs += np.float32(preprocessing.offset)
    return inputs


def _unit(images: np.ndarray) -> float:
    """What stands for full ink. ValueError for whole numbers that are not bytes."""
    if images.dtype.kind in "iu" and images.dtype != np.uint8:
        raise ValueError(f"pictures are uint8, or float from 0 to 1, not {images.dtype}")
    return 255.0 if images.dtype == np.uint8 else 1.0


def _photo_inputs(images: np.ndarray, preprocessing: Preprocessing) -> np.ndarray:
    size = preprocessing.size
    if images.ndim != 4 or images.shape[3] != 4 or images.shape[1] % size or images.shape[2] % size:
        raise ValueError(
            f"this network reads photos (N, H, W, 4) of sides that {size} divides, not {images.shape}"
        )
    xp = images.__array_namespace__()
    scale, offset = preprocessing.scale, preprocessing.offset
    inputs: np.ndarray = images * xp.asarray([scale, scale, scale, 1], dtype=np.float32)
    inputs += xp.asarray([offset, 0, 0, 0], dtype=np.float32)
    return inputs

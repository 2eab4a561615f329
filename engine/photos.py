"""Photos to learn from: those in a folder or a ZIP."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from engine.datasets import DataUnavailable, data_folder

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"}
KEPT_APART = 48  # each so many names one is kept to tune on
MAX_IN_MEMORY = 256 << 20  # bytes of a ZIP
# What zipfile raises for entries that are damaged or locked, besides OSError.
DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError)


class Photos:
    """The photos in a folder or a ZIP, by name in order; what is no photo is left out.

    DataUnavailable where there are none to learn from.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._archive = _archive(path) if path.is_file() else None
        found = self._archive.namelist() if self._archive else [str(file) for file in path.rglob("*")]
        self.names = sorted(name for name in found if Path(name).suffix.lower() in SUFFIXES)
        if not self.names:
            raise DataUnavailable(f"there are no photos in {path}")
        if not self.to_train:
            raise DataUnavailable(f"there is one photo in {path}, and one is kept apart: put more into it")

    def open(self, name: str) -> np.ndarray | None:
        """A photo (H, W, 3) uint8, RGB; None where it can't be read."""
        try:
            content = self._archive.read(name) if self._archive else Path(name).read_bytes()
            photo = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR) if content else None
        except (OSError, cv2.error, *DAMAGE):  # OpenCV's is of a photo that is too large
            return None
        return None if photo is None else cv2.cvtColor(photo, cv2.COLOR_BGR2RGB)

    @property
    def to_train(self) -> list[str]:
        return [name for i, name in enumerate(self.names) if i % KEPT_APART]

    @property
    def to_tune(self) -> list[str]:
        return self.names[::KEPT_APART]


def evened(names: Sequence[str], power: float) -> np.ndarray:
    """How often photos are to be drawn, so that large sources do not outweigh small ones: (N,) summing to 1.

    A photo's source is its name up to the last "_", or its folder where there is none. power: 0 draws all
    photos equally often, 1 all sources.
    """
    sources = [_source(Path(name)) for name in names]
    counts = Counter(sources)
    weights = np.array([counts[source] ** -power for source in sources])
    return weights / weights.sum()


def _source(path: Path) -> str:
    tag, _, _ = path.stem.rpartition("_")
    return str(path.with_name(tag)) if tag else str(path.parent)


def _archive(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(_in_memory(path))
    except (OSError, *DAMAGE) as error:
        raise DataUnavailable(f"{path} is not a readable ZIP of photos, or not all of it") from error


def _in_memory(path: Path) -> Path | io.BytesIO:
    """A file read at once where that is bearable: photos are taken from all over it."""
    return io.BytesIO(path.read_bytes()) if path.stat().st_size <= MAX_IN_MEMORY else path


def training_photos() -> Photos:
    """colour/train.zip, or the folder colour/train, where data lie. DataUnavailable where neither is."""
    folder = data_folder() / "colour"
    for place in (folder / "train.zip", folder / "train"):
        if place.exists():
            return Photos(place)
    raise DataUnavailable(
        f"there are no photos to learn from: put some thousands into {folder / 'train'} (any will do, such "
        "as ImageNet's or your own), or name the folder above in PAINT_BY_NUMPY_DATA"
    )

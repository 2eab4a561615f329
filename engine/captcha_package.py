"""The `captcha` package's own pictures, from a seed.

The package draws all its chances from `secrets`, which nobody can seed. So its module is loaded a second time
under a name of ours, and in that copy `secrets` is an object that asks this thread's generator. The package's
code runs unchanged, and the copy that others import keeps its real chances.
"""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from types import ModuleType
from typing import Any, TypeVar

import numpy as np

from engine.chances import pick, whole
from engine.faces import PILLOW, Faces, NoFaces, droid_sans_mono

T = TypeVar("T")
DEFAULT_SIZES = (42, 50, 56)
DEFAULT_WIDTH, DEFAULT_HEIGHT = 160, 60


class _SeededSecrets(threading.local):
    """Stands where the package expects `secrets`; each thread has its own generator, for one picture."""

    rng: np.random.Generator | None = None

    def _generator(self) -> np.random.Generator:
        assert self.rng is not None, "the package draws only within seeded()"
        return self.rng

    def randbelow(self, end: int) -> int:
        return int(self._generator().random() * end)

    def randbits(self, count: int) -> int:
        return int(self._generator().random() * 2**count)

    def choice(self, options: Sequence[T]) -> T:
        return pick(self._generator(), options)


_secrets = _SeededSecrets()
_loading = threading.Lock()


@lru_cache(maxsize=1)
def _copy() -> ModuleType:
    """The package's drawing module, loaded anew; what is patched here is patched nowhere else."""
    found = importlib.util.find_spec("captcha.image")
    if found is None or found.origin is None:
        raise NoFaces("The captcha package is not installed.")
    spec = importlib.util.spec_from_file_location("engine._captcha_image", found.origin)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.__dict__["secrets"] = _secrets
    return module


@contextmanager
def _seeded(rng: np.random.Generator) -> Iterator[None]:
    before, _secrets.rng = _secrets.rng, rng
    try:
        yield
    finally:
        _secrets.rng = before


@lru_cache(maxsize=512)
def _generator(width: int, height: int, faces: tuple[str, ...], sizes: tuple[int, ...]) -> Any:
    return _copy().ImageCaptcha(width, height, list(faces), sizes)


def package_picture(
    text: str,
    rng: np.random.Generator,
    width: int = DEFAULT_WIDTH,
    height: int = DEFAULT_HEIGHT,
    faces: tuple[str, ...] = (),
    sizes: tuple[int, ...] = DEFAULT_SIZES,
) -> np.ndarray:
    """What `ImageCaptcha(...).generate_image(text)` draws: (height, width, 3) uint8."""
    with _loading:
        generator = _generator(width, height, faces or (droid_sans_mono(),), sizes)
        # Pillow's font objects are shared by all threads that draw, so one draws at a time.
        with _seeded(rng):
            return np.array(generator.generate_image(text).convert("RGB"))


def width_for(text: str, height: int = DEFAULT_HEIGHT) -> int:
    """The default 160 pixels for four digits or fewer; each further digit gets its quarter of that."""
    return max(DEFAULT_WIDTH, 40 * len(text)) * height // DEFAULT_HEIGHT


def draw_package(text: str, difficulty: int, rng: np.random.Generator, faces: Faces) -> np.ndarray:
    """1 and 2 are the defaults; 3 brings other faces, 4 and 5 other sizes and tighter pictures."""
    if difficulty <= 2:
        return package_picture(text, rng, width_for(text))
    files = tuple(name for name in faces.some(rng, whole(rng, 1, 3)) if name != PILLOW) or (
        droid_sans_mono(),
    )
    if difficulty == 3:
        return package_picture(text, rng, width_for(text), faces=files)
    height = pick(rng, (40, 50, 60, 70, 80, 100))
    sizes = tuple(round(height * part) for part in pick(rng, ((0.6, 0.75), (0.7, 0.83, 0.93), (0.8, 1.0))))
    tightness = 1.0 if difficulty == 4 else 0.85
    width = round(max(2.2, (0.5 + 0.12 * rng.random() + 0.1) * tightness * len(text) + 0.4) * height)
    return package_picture(text, rng, width, height, files, sizes)

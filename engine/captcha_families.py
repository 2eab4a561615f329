"""What a corpus of captchas may mix: the free mixture, and each style at any difficulty."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from engine.captcha_damage import damage
from engine.captcha_struck import draw_struck
from engine.captcha_styles import HARDEST, STYLES
from engine.captcha_tiles import draw_tiles
from engine.captcha_variety import draw_varied
from engine.chances import whole
from engine.faces import Faces

Family = Callable[[str, np.random.Generator, Faces], np.ndarray]


def _at_any_difficulty(name: str) -> Family:
    style = STYLES[name]

    def family(text: str, rng: np.random.Generator, faces: Faces) -> np.ndarray:
        return style.draw(text, whole(rng, 1, HARDEST), rng, faces)

    return family


def _damaged(name: str) -> Family:
    """A style after what happens on the way."""
    draw = _at_any_difficulty(name)

    def family(text: str, rng: np.random.Generator, faces: Faces) -> np.ndarray:
        return damage(draw(text, rng, faces), rng, 0.9)

    return family


FAMILIES: dict[str, Family] = {
    "varied": draw_varied,
    "struck": draw_struck,
    "tiles": draw_tiles,
    **{name: _at_any_difficulty(name) for name in STYLES},
    **{f"damaged {name}": _damaged(name) for name in STYLES},
}

"""Numbers as small pictures: orange above zero, blue below, the page itself where they are zero."""

from __future__ import annotations

import base64
import io

import numpy as np
from PIL import Image

from ui.weight_pictures import NEGATIVE, POSITIVE

LEVELS = 40  # of each sign: a palette as small as its picture
FAINT = 0.7  # strengths to this power: a tenth of the strongest still shows


def _palette() -> tuple[bytes, bytes]:
    """Colours and opacities of the levels, as a PNG's palette holds them."""
    levels = np.arange(-LEVELS, LEVELS + 1)
    colours = np.where((levels > 0)[:, None], POSITIVE, NEGATIVE).astype(np.uint8)
    opacity = np.rint(255 * (np.abs(levels) / LEVELS) ** FAINT).astype(np.uint8)
    return colours.tobytes(), opacity.tobytes()


COLOURS, OPACITIES = _palette()


def strength_of(values: np.ndarray) -> float:
    """The number that is drawn at full strength: nearly the largest, so that one outlier hides nothing."""
    sizes = np.abs(np.nan_to_num(values))
    return float(np.quantile(sizes, 0.998)) or float(sizes.max(initial=0)) or 1.0


def signed(values: np.ndarray, strongest: float | None = None) -> str:
    """Numbers (H, W) as a PNG's data URI."""
    scale = LEVELS / (strongest or strength_of(values))
    levels = np.rint(np.clip(np.nan_to_num(values) * scale, -LEVELS, LEVELS))
    image = Image.fromarray((levels + LEVELS).astype(np.uint8))
    image.putpalette(COLOURS)
    return _uri(image, transparency=OPACITIES)


def strip(maps: np.ndarray, strongest: float | None = None) -> str:
    """Maps (H, W, C) one below the other, as one picture (C · H, W)."""
    return signed(np.moveaxis(maps, -1, 0).reshape(-1, maps.shape[1]), strongest)


def inked(amounts: np.ndarray) -> str:
    """Ink (H, W), uint8 or float 0 to 1, white on black as networks see it."""
    pixels = amounts if amounts.dtype == np.uint8 else np.rint(255 * np.clip(amounts, 0, 1)).astype(np.uint8)
    return _uri(Image.fromarray(pixels))


def _uri(image: Image.Image, **options: bytes) -> str:
    out = io.BytesIO()
    image.save(out, "PNG", compress_level=4, **options)
    return "data:image/png;base64," + base64.b64encode(out.getvalue()).decode("ascii")


def key(more: str, less: str) -> str:
    """What the two colours mean, each with its words on one line."""
    kinds = (("more", more), ("less", less))
    return " ".join(f'<span class="key"><i class="{kind}"></i>{words}</span>' for kind, words in kinds)


def number(value: float | np.floating, digits: int = 3) -> str:
    """A number for a person: "−0.125"; tiny ones in powers of ten (HTML), but not in a grid of 2 digits."""
    value = float(value)
    if digits > 2 and value and abs(value) < 0.5 * 10**-digits:
        mantissa, _, power = f"{value:.0e}".partition("e")
        return f"{mantissa} · 10<sup>{int(power)}</sup>".replace("-", "−")
    return f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "−")

"""The faces that the benchmark's captchas are drawn in: files that Debian's packages install.

The styles that no training sees (`benchmarks.unseen_captchas`) take theirs from packages that training leaves
alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

FONTS = Path("/usr/share/fonts")
# The package of each face. The order counts: a seed's pictures depend on it.
UNSEEN_FACES = {
    "opentype/inter/Inter-Regular.otf": "fonts-inter",
    "opentype/inter/Inter-Bold.otf": "fonts-inter",
    "truetype/jetbrains-mono/JetBrainsMono-Medium.ttf": "fonts-jetbrains-mono",
    "opentype/ebgaramond/EBGaramond12-Regular.otf": "fonts-ebgaramond",
    "opentype/ebgaramond/EBGaramond12-Bold.otf": "fonts-ebgaramond",
    "truetype/mononoki/mononoki-Regular.ttf": "fonts-mononoki",
    "truetype/mononoki/mononoki-Bold-Italic.ttf": "fonts-mononoki",
    "truetype/monofur/monof55.ttf": "fonts-monofur",
    "truetype/manrope/Manrope-SemiBold.ttf": "fonts-manrope",
    "opentype/sora/Sora-Regular.otf": "fonts-sora",
    "opentype/sora/Sora-Bold.otf": "fonts-sora",
    "opentype/national-park/NationalPark-Regular.otf": "fonts-national-park",
    "opentype/national-park/NationalPark-Heavy.otf": "fonts-national-park",
    "truetype/humor-sans/Humor-Sans.ttf": "fonts-humor-sans",
    "truetype/fantasque-sans/Normal/TTF/FantasqueSansMono-Bold.ttf": "fonts-fantasque-sans",
    "truetype/agave/agave-b-autohinted.ttf": "fonts-agave",
    "truetype/essays1743/Essays1743-Bold.ttf": "fonts-essays1743",
    "truetype/oxygen/Oxygen-Sans.ttf": "fonts-oxygen",
    "truetype/oxygen/Oxygen-Sans-Bold.ttf": "fonts-oxygen",
    "opentype/quattrocento/Quattrocento-Regular.otf": "fonts-quattrocento",
    "opentype/junicode/JunicodeTwoBeta-Bold.otf": "fonts-junicode",
    "truetype/adf/BerenisADFPro-Bold.otf": "fonts-adf-berenis",
    "truetype/adf/LibrisADFStd-Regular.otf": "fonts-adf-libris",
    "truetype/adf/LibrisADFStd-BoldItalic.otf": "fonts-adf-libris",
    "truetype/noto/NotoSans-Regular.ttf": "fonts-noto-core",
    "truetype/noto/NotoSerif-Bold.ttf": "fonts-noto-core",
}
Faces = Sequence[str | Path]
Draw = Callable[[str, np.random.Generator, Faces], np.ndarray]


class FacesMissing(RuntimeError):
    """A face that the benchmark draws with isn't installed."""


@dataclass(frozen=True)
class Style:
    """`draw(text, rng, faces)` gives a uint8 picture (H, W, 3); `usual` are the faces it has by itself."""

    name: str
    sentence: str
    draw: Draw
    usual: Mapping[str, str]
    lengths: tuple[int, ...] = (4, 5, 6)

    def fresh(self, rng: np.random.Generator, faces: Faces | None = None) -> tuple[np.ndarray, str]:
        """A picture of random digits, and the digits."""
        text = "".join(map(str, rng.integers(0, 10, rng.choice(self.lengths))))
        return self.draw(text, rng, installed(self.usual) if faces is None else faces), text


def installed(faces: Mapping[str, str], folder: Path = FONTS) -> list[Path]:
    """Their files; FacesMissing names the packages that lack."""
    lacking = sorted({package for face, package in faces.items() if not (folder / face).is_file()})
    if lacking:
        raise FacesMissing(f"These pictures need Debian's fonts: apt install {' '.join(lacking)}")
    return [folder / face for face in faces]


def draw_font(rng: np.random.Generator, faces: Faces, size: int) -> ImageFont.FreeTypeFont:
    """One of the faces; the basic layout, so that a picture doesn't depend on what text shaper is there."""
    face = str(faces[int(rng.integers(len(faces)))])
    return ImageFont.truetype(face, size, layout_engine=ImageFont.Layout.BASIC)


def lean(
    canvas: Image.Image,
    character: str,
    font: ImageFont.FreeTypeFont,
    middle: tuple[float, float],
    degrees: float,
    colour: int | tuple[int, ...],
) -> None:
    """Draw one turned character around its `middle` (x, y)."""
    side = int(2 * font.size)
    mask = Image.new("L", (side, side))
    left, top, right, bottom = font.getbbox(character)
    place = ((side - left - right) / 2, (side - top - bottom) / 2)
    ImageDraw.Draw(mask).text(place, character, 255, font)
    mask = mask.rotate(degrees, Image.Resampling.BICUBIC)
    corner = round(middle[0] - side / 2), round(middle[1] - side / 2)
    canvas.paste(colour, (*corner, corner[0] + side, corner[1] + side), mask)

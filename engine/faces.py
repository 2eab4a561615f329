"""The typefaces that captchas are drawn in: explicit lists of font files, so that a seed means one picture.

What the requirements guarantee is `shipped_faces()`. Training takes hundreds more from Debian's font
packages; whole packages are kept apart for validation, because a face that differs from a training face in
nothing but its weight would prove nothing.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from PIL import ImageFont

DIGITS = "0123456789"
PILLOW = "Pillow's own face"  # stands for a path: the face embedded in Pillow's code
LIBERATION = Path(__file__).resolve().parent / "fonts" / "LiberationSans-Regular.ttf"
DEBIAN = (Path("/usr/share/fonts"), Path("/usr/share/texmf/fonts"))
STYLES_A_FAMILY, EVERYDAY_STYLES = 3, 8

# Debian package: how its files begin, from /usr/share/fonts on. None of these is ever drawn in training.
VALIDATION = {
    "fonts-adf-berenis": "truetype/adf/Berenis",
    "fonts-adf-libris": "truetype/adf/Libris",
    "fonts-agave": "truetype/agave/",
    "fonts-ebgaramond": "opentype/ebgaramond/",
    "fonts-essays1743": "truetype/essays1743/",
    "fonts-fantasque-sans": "truetype/fantasque-sans/Normal/",
    "fonts-humor-sans": "truetype/humor-sans/",
    "fonts-inter": "opentype/inter/",
    "fonts-jetbrains-mono": "truetype/jetbrains-mono/",
    "fonts-junicode": "opentype/junicode/JunicodeTwoBeta-",
    "fonts-manrope": "truetype/manrope/",
    "fonts-monofur": "truetype/monofur/",
    "fonts-mononoki": "truetype/mononoki/",
    "fonts-national-park": "opentype/national-park/",
    "fonts-noto-core": "truetype/noto/Noto(Serif|SerifDisplay|SansMono)-",  # Noto Sans is Open Sans again
    "fonts-oxygen": "truetype/oxygen/",
    "fonts-quattrocento": "opentype/quattrocento/",
    "fonts-sora": "opentype/sora/",
}
# Neither: other scripts, symbols, and the same designs in other formats.
NEVER = (
    "truetype/noto/(?!NotoMono)",
    "[a-z]+/fantasque-sans/",
    "(type1|X11)/",
    "truetype/dseg/DSEG(Weather|14|.*SEGG)",
    "truetype/croscore/",
    "truetype/(inter-vf|ebgaramond|eurofurence)/",  # the last is Monofur too
    "opentype/elstob/",  # Junicode too
)
# Text faces, which generators and printers use most; the rest are more often display faces.
ORDINARY = (
    r"[a-z]+/(fonts-go|freefont|roboto|liberation|dejavu|lato|open-sans|crosextra|urw-base35|linux-libertine|"
    r"cantarell|firacode|hack|inconsolata|noto|paratype|clear-sans|gentium|courier-prime|b612|tuffy|charis|"
    r"cabin|karla|vollkorn|adf|cmu|tiresias|anonymous-pro|stix|arkpandora|league-mono|play|hermit)/"
)
# And of those the ones that computers and the web use unasked, or their doubles.
EVERYDAY = r"[a-z]+/(freefont|roboto|liberation|dejavu|lato|open-sans|crosextra|urw-base35|arkpandora|noto)/"


class NoFaces(ValueError):
    """There is no face to draw with; the sentence says why."""


@dataclass(frozen=True)
class Faces:
    """Font files by path, or `PILLOW`; never empty."""

    files: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.files:
            raise NoFaces("There are no typefaces to draw digits with.")

    def __len__(self) -> int:
        return len(self.files)

    def pick(self, rng: np.random.Generator) -> str:
        return self.files[int(rng.random() * len(self.files))]

    def some(self, rng: np.random.Generator, count: int) -> tuple[str, ...]:
        """Up to `count` faces, perhaps the same one twice."""
        return tuple(self.pick(rng) for _ in range(count))


@lru_cache(maxsize=1)
def shipped_faces() -> Faces:
    """What is there wherever the requirements are: Droid Sans Mono, Liberation Sans and Pillow's Aileron."""
    return Faces((droid_sans_mono(), str(LIBERATION), PILLOW))


@lru_cache(maxsize=1)
def droid_sans_mono() -> str:
    """The face that the `captcha` package brings along and draws in by default."""
    found = importlib.util.find_spec("captcha")
    if found is None or found.origin is None:
        raise NoFaces("The captcha package is not installed, and with it Droid Sans Mono is missing.")
    return str(Path(found.origin).parent / "data" / "DroidSansMono.ttf")


def faces_in(*folders: Path | str) -> Faces:
    """All usable faces in folders and below: ten digits, none like another; three styles a family at most."""
    return Faces(tuple(_usable(_few_a_family(_one_format(_font_files(map(Path, folders)))))))


@lru_cache(maxsize=2)
def debian_faces(kind: Literal["train", "validation"] = "train") -> Faces:
    """The faces of Debian's font packages; raises NoFaces where none is installed."""
    kept_apart = re.compile("|".join(VALIDATION.values()))
    never = re.compile("|".join((*NEVER, *VALIDATION.values())))
    chosen = []
    for path in _font_files(DEBIAN):
        name = _below_fonts(path)
        wanted = not never.match(name) if kind == "train" else kept_apart.match(name)
        if wanted and path.stem not in UNREADABLE | ONE_OR_SEVEN:
            chosen.append(path)
    return Faces(tuple(_usable(_few_a_family(_one_format(chosen)))))


def ordinary(faces: Faces) -> tuple[str, ...]:
    """The files of those of Debian's faces that are text faces, perhaps none."""
    return _in_packages(faces, ORDINARY)


def everyday(faces: Faces) -> tuple[str, ...]:
    """The files of those of Debian's faces that are met everywhere, perhaps none."""
    return _in_packages(faces, EVERYDAY)


def _in_packages(faces: Faces, names: str) -> tuple[str, ...]:
    wanted = re.compile(names)
    return tuple(file for file in faces.files if wanted.match(_below_fonts(Path(file))))


def font(face: str, size: int) -> ImageFont.FreeTypeFont:
    """A face at a size in pixels per em; it lays digits out one by one, whatever libraries are there."""
    if face == PILLOW:
        default = ImageFont.load_default(size)
        if not isinstance(default, ImageFont.FreeTypeFont):
            raise NoFaces("This Pillow was built without FreeType and cannot draw its own face.")
        return default
    return ImageFont.truetype(face, size, layout_engine=ImageFont.Layout.BASIC)


# --- choosing -----------------------------------------------------------------------------------------------

# Digits that nobody reads with confidence, or that are none: found by looking at all of them.
UNREADABLE = frozenset(
    """90stars Cupola D050000L Ecolier-court It_wasn_t_me LinLibertine_I Neo OCRBE OCRBF OCRBX PatchStencil
    Wargames bitbttf cmex10 cmsy10 entlayrb f500 fauxsnow feta hdmaker lineding loopy msam10 msbm10 skullcap
    stmary10 symmetry vertigo2 wasy10""".split()  # noqa: SIM905
)
# Whose 7 is the 1 of text faces, a bar with a flag at its left, or the reverse: found by a network that had
# learnt text faces alone and took one for the other in a quarter of the cases.
ONE_OR_SEVEN = frozenset(
    """1015snr AbecedarioGuiada AbecedarioPautada aftermat alphbeta amalgama amalgamo b2sq bewildet
    blackoni blonibld blonirex Blox2 bocuma bocumaba bocumade brigadom chumbly clasict1 clasict2
    combusii combusti combustt combustw compc1s compc2s compc3o compc3s darkside dastardl dented
    dystorqu ECO encappln euphor3d euphoric exagger8 extracti falsepos falsposr fascii fasciicr fasciisc
    fasciism fasciitw galapogo galvaniz gather gesture gestures gesturet gr8higts graveyrd grotesq
    hackslsh hairball ilits inevitab inktank interso janken jupiterc lakeshor le-murmure lucid2 mincer
    overhead qlumpy quadrcal quandary queasyol quillexo quillexs revertro roughday saunder slenmini
    slenstub Strande2 supragc supragl syracuse TriodPostnaja tsextols UKIJEsC UKIJEsN UKIJJunu UKIJKuKa
    UKIJTiken unanimo unanimoi Unxgala urcompi vantage wagerlos wayward waywards weaver whipsnap
    withstan xeroxmal yielding yonder zephyreg zirconia""".split()  # noqa: SIM905
)
WEIGHTS = re.compile(
    r"(?i)[-_ ]?(thin|hairline|extra|ultra|semi|demi|light|regular|roman|book|medium|bold|black|heavy|italic|"
    r"oblique|slanted|condensed|cond|expanded|narrow|std|pro|it|bd|bdit|lt|mdit|[0-9]+|\[.*\])(?![a-z])"
)
FAVOURITES = ("regular", "bold", "italic")


def _font_files(folders: Iterable[Path]) -> Iterator[Path]:
    """Every font file below the folders, by path."""
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.suffix.lower() in {".ttf", ".otf", ".pfb", ".t1"} and path.is_file():
                yield path


def _one_format(paths: Iterable[Path]) -> list[Path]:
    """Of a stem that is there in two formats or folders, the first one."""
    found: dict[str, Path] = {}
    for path in paths:
        found.setdefault(path.stem, path)
    return list(found.values())


def _below_fonts(path: Path) -> str:
    return path.as_posix().rpartition("share/fonts/")[2]


def _few_a_family(paths: Iterable[Path]) -> list[Path]:
    """At most three styles a family, of everyday ones eight: regular, bold and italic first, then by name."""
    families: dict[str, list[Path]] = {}
    for path in paths:
        split = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", path.stem)
        family = WEIGHTS.sub("", split).replace("-", "")
        families.setdefault(family[:4] if family.startswith("DSEG") else family, []).append(path)
    few = []
    for styles in families.values():
        often = re.match(EVERYDAY, _below_fonts(styles[0]))
        few += sorted(styles, key=_rank)[: EVERYDAY_STYLES if often else STYLES_A_FAMILY]
    return few


def _rank(path: Path) -> tuple[bool, int, int, str]:
    """Plain styles first: the fewer words a style's name has, the plainer it is."""
    name = path.stem.lower()
    favourite = next((i for i, word in enumerate(FAVOURITES) if name.endswith(word)), len(FAVOURITES))
    return "cond" in name, favourite, len(name), name


def _usable(paths: Iterable[Path]) -> Iterator[str]:
    """Those with ten distinct digits, without a second one of the same shapes."""
    seen: set[bytes] = set()
    for path in paths:
        thumbnails = digit_thumbnails(str(path))
        if thumbnails is None or not _distinct(thumbnails):
            continue
        shape = (thumbnails[:, ::3, ::3] > 0.5).tobytes()
        if shape not in seen:
            seen.add(shape)
            yield str(path)


def digit_thumbnails(face: str, side: int = 24) -> np.ndarray | None:
    """The ten digits, stretched to squares: (10, side, side) float32 from 0 to 1; None if one is blank."""
    try:
        loaded = font(face, 64)
        masks = [loaded.getmask(digit) for digit in DIGITS]
        missing = bytes(loaded.getmask("\ue5f7"))  # what the face draws for characters that it lacks
        if missing in {bytes(mask) for mask in masks}:
            return None
    except (OSError, ValueError):  # a font that this FreeType cannot read, or one with bitmaps only
        return None
    pictures = []
    for mask in masks:
        if min(mask.size) < 3:
            return None
        ink = np.array(mask, np.uint8).reshape(mask.size[1], mask.size[0])
        rows, columns = np.flatnonzero(ink.max(axis=1) > 64), np.flatnonzero(ink.max(axis=0) > 64)
        if min(len(rows), len(columns)) < 3:
            return None
        tight = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        pictures.append(cv2.resize(tight, (side, side), interpolation=cv2.INTER_AREA))
    return np.stack(pictures).astype(np.float32) / 255


def _distinct(thumbnails: np.ndarray) -> bool:
    """No digit is like another: pictures of the same box for everything are no digits."""
    flat = thumbnails.reshape(len(thumbnails), -1)
    apart = np.abs(flat[:, None] - flat[None]).mean(axis=2)
    return bool(apart[~np.eye(len(flat), dtype=bool)].min() > 0.04)

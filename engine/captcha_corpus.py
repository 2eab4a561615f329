"""What the captcha reader learns from: drawn pictures without end, the same for the same seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from engine.captcha_families import FAMILIES
from engine.empty_pictures import draw_nothing
from engine.faces import Faces, NoFaces, debian_faces, droid_sans_mono, everyday, ordinary, shipped_faces
from engine.line import ink_rows, line_of, tall_rows
from engine.line_corpus import CHUNK, LONGEST, LineCorpus, Volume, fitted, natural_line, shaken
from engine.line_damage import battered

__all__ = [
    "CHUNK",
    "LONGEST",
    "SHARES",
    "CaptchaCorpus",
    "Volume",
    "draw_chunk",
    "fitted",
    "random_digits",
    "shaken",
    "training_faces",
]

# How many of a hundred texts have 1, 2, ... 10 digits.
LENGTHS = np.array([3, 3, 5, 23, 20, 19, 8, 7, 5, 7]) / 100
# How often each family is drawn: the free mixture most, what is hard more often than what is easy.
SHARES: dict[str, float] = {
    "varied": 24,
    "struck": 34,
    "tiles": 14,
    "package": 24,
    "overlap": 11,
    "noise": 8,
    "outline": 7,
    "print": 6,
    "dots": 5,
    "texture": 5,
    "colours": 4,
    "plain": 2,
    "tutorial": 1,
    "damaged package": 3,
    "damaged overlap": 3,
    "damaged noise": 3,
    "damaged print": 3,
    "damaged outline": 2,
    "damaged dots": 2,
    "damaged texture": 2,
    "damaged colours": 2,
    "damaged plain": 1,
    "damaged tutorial": 1,
}
EMPTY = 0.05  # of all pictures have no digits
# Are looked at closer, as the reader does it (`engine.captcha`): where their tall ink is, or all of it.
TALL, CLOSER = 0.5, 0.2
MORE_ORDINARY, MORE_EVERYDAY = 4, 8
OWN_FACE = 0.35  # of the package's pictures are in the package's own face, as it comes


# From a line, its digits and a generator to whether it is learnt.
Keep = Callable[[np.ndarray, np.ndarray, np.random.Generator], bool]


def draw_chunk(
    seed: int, number: int, shares: dict[str, float], faces: Faces, keep: Keep | None = None
) -> Volume:
    """The chunk `number` of the corpus: texts drawn in styles by their shares, as lines; those to `keep`."""
    rng = np.random.default_rng((seed, number))
    names = list(shares)
    weights = np.array([shares[name] for name in names])
    lines: list[np.ndarray] = []
    labels = np.full((CHUNK, LONGEST), -1, np.int64)
    while len(lines) < CHUNK:
        if rng.random() < EMPTY:
            digits, rgb = np.zeros(0, np.int64), draw_nothing(rng)
        else:
            digits = random_digits(rng)
            name = names[rng.choice(len(names), p=weights / weights.sum())]
            own = name == "package" and rng.random() < OWN_FACE
            chosen = Faces((droid_sans_mono(),)) if own else faces
            rgb = FAMILIES[name]("".join(map(str, digits)), rng, chosen)
        roll = rng.random()
        if roll < TALL:
            top, bottom = tall_rows(line_of(rgb), rgb.shape[0], rng.uniform(0.002, 0.025))
            rgb = rgb[top:bottom]
        elif roll < TALL + CLOSER:
            top, bottom = ink_rows(line_of(rgb), rgb.shape[0], rng.uniform(0.005, 0.1))
            rgb = rgb[top:bottom]
        line = natural_line(rgb)
        if keep is None or keep(line, digits, rng):
            labels[len(lines), : len(digits)] = digits
            lines.append(line)
    return Volume(lines, labels)


def training_faces() -> Faces:
    """The faces that are always there, and those of Debian's font packages that are installed here.

    Text faces come `MORE_ORDINARY` times more, the commonest of them `MORE_EVERYDAY` times more again.
    """
    try:
        debian = debian_faces("train")
        often = ordinary(debian) * MORE_ORDINARY + everyday(debian) * MORE_EVERYDAY
        return Faces((*shipped_faces().files, *debian.files, *often))
    except NoFaces:
        return shipped_faces()


def random_digits(rng: np.random.Generator) -> np.ndarray:
    """One to ten digits; now and then runs of equal ones, which a reader has to keep apart."""
    length = int(rng.choice(LONGEST, p=LENGTHS)) + 1
    digits = rng.integers(0, 10, length)
    if rng.random() < 0.15:
        digits = np.where(rng.random(length) < 0.5, digits[0], digits)
    return digits


@dataclass(frozen=True)
class CaptchaChunks:
    """Draws the chunks of a `LineCorpus`: families by their shares, in some faces."""

    shares: dict[str, float]
    faces: Faces
    keep: Keep | None = None

    def __call__(self, seed: int, number: int) -> Volume:
        return draw_chunk(seed, number, self.shares, self.faces, self.keep)


class CaptchaCorpus(LineCorpus):
    """Captchas as batches; see `LineCorpus`. shares: how often each of `FAMILIES` is drawn; keep: which of
    them are learnt.
    """

    def __init__(
        self,
        seed: int = 0,
        batch_size: int = 64,
        shares: dict[str, float] | None = None,
        faces: Faces | None = None,
        volume: int = 4096,
        passes: int = 6,
        processes: int = 1,
        mixed: int = 1,
        keep: Keep | None = None,
    ) -> None:
        draw = CaptchaChunks(shares or SHARES, faces or training_faces(), keep)
        super().__init__(draw, seed, batch_size, volume, passes, processes, battered, mixed)

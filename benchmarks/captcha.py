"""`python -m benchmarks.captcha`: the engine, ddddocr and tesseract read the same fresh captchas.

Prints a Markdown table (whole strings right, characters right, milliseconds a picture) and what was measured.
`--styles` and `--readers` choose some of them, `--model PATH` puts another network in the engine's place,
`--count` says how many pictures of a style there are, `--seed` which.
"""

from __future__ import annotations

import argparse
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks import known_captchas, unseen_captchas
from benchmarks.captcha_faces import FacesMissing, Style
from benchmarks.captcha_readers import (
    Answers,
    DdddocrReader,
    EngineReader,
    Reader,
    ReaderMissing,
    TesseractReader,
)
from benchmarks.machine import description, start_fairly

STYLES: dict[str, Style] = known_captchas.STYLES | unseen_captchas.STYLES
AT_LEAST = {
    "tutorial": 100.0,
    "light noise": 99.5,
    "package": 99.0,
    "package, 12 faces": 98.5,
    "overlap": 92.0,
    "svg": 99.0,
} | dict.fromkeys(unseen_captchas.STYLES, 90.0)
READERS: dict[str, Callable[[argparse.Namespace], Reader]] = {
    "engine": lambda asked: EngineReader(asked.model),
    "ddddocr": lambda asked: DdddocrReader(),
    "ddddocr-beta": lambda asked: DdddocrReader(beta=True),
    "tesseract": lambda asked: TesseractReader(),
}


@dataclass(frozen=True)
class Score:
    """Shares from 0 to 1 of the strings and of the characters that are right; `way`: how they were read."""

    strings: float
    characters: float
    milliseconds: float
    way: str = ""

    def __str__(self) -> str:
        return f"**{100 * self.strings:.1f}** / {100 * self.characters:.1f} / {self.milliseconds:.1f}"


def main() -> None:
    """Measure everything, or what was asked for."""
    start_fairly()
    asked = _arguments()
    try:
        readers = [READERS[name](asked) for name in asked.readers]
        _measure(readers, asked)
    except (FacesMissing, ReaderMissing) as error:
        raise SystemExit(str(error)) from error
    print("", *description(), *(f"* {reader.about}" for reader in readers), sep="\n")
    print(
        f"* {asked.count} pictures of a style, seed {asked.seed}; whole strings right, % / characters right,"
    )
    print("  % / milliseconds of CPU time for a picture on one thread (median; tesseract's mean)")


def _measure(readers: Sequence[Reader], asked: argparse.Namespace) -> None:
    """Print the table, a row as soon as it is known, and then how tesseract read best."""
    print("| style | at least |" + "".join(f" {reader.name} |" for reader in readers))
    print("|---|---|" + "---|" * len(readers), flush=True)
    ways = []
    for name in asked.styles:
        pictures, texts = fresh(STYLES[name], asked.count, asked.seed)
        scores = [best(reader.read(pictures), texts) for reader in readers]
        cells = "".join(f" {score} |" for score in scores)
        wanted = f"{AT_LEAST[name]:g}" if name in AT_LEAST else "—"
        print(f"| {name} | {wanted} |{cells}", flush=True)
        ways += [f"{name} as {score.way}" for score in scores if score.way]
    if ways:
        print("", f"* tesseract reads best: {'; '.join(ways)}", sep="\n")


def fresh(style: Style, count: int, seed: int) -> tuple[list[np.ndarray], list[str]]:
    """`count` pictures and their texts; the same ones for one seed, whatever else is drawn."""
    rng = np.random.default_rng([seed, zlib.crc32(style.name.encode())])
    drawn = [style.fresh(rng) for _ in range(count)]
    return [picture for picture, _ in drawn], [text for _, text in drawn]


def best(ways: Sequence[Answers], texts: Sequence[str]) -> Score:
    """The score of the way that reads most strings, and of those most characters."""
    return max((score(answers, texts) for answers in ways), key=lambda it: (it.strings, it.characters))


def score(answers: Answers, texts: Sequence[str]) -> Score:
    """Compare what was read with what is there; a missing, wrong or added character is one wrong."""
    pairs = list(zip(answers.texts, texts, strict=True))
    right = sum(read == text for read, text in pairs) / len(pairs)
    wrong = sum(edit_distance(read, text) for read, text in pairs) / sum(map(len, texts))
    return Score(right, max(0.0, 1 - wrong), answers.milliseconds, answers.way)


def edit_distance(read: str, text: str) -> int:
    """How many characters to insert, delete or replace (Levenshtein 1966)."""
    row = list(range(len(text) + 1))
    for i, character in enumerate(read, 1):
        above, row = row, [i]
        for j, other in enumerate(text, 1):
            row.append(min(above[j] + 1, row[-1] + 1, above[j - 1] + (character != other)))
    return row[-1]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.captcha")
    parser.add_argument("--count", type=int, default=500, help="pictures of each style")
    parser.add_argument("--styles", nargs="+", choices=STYLES, default=list(STYLES), metavar="STYLE")
    parser.add_argument("--readers", type=_readers, default=list(READERS), help=",".join(READERS))
    parser.add_argument("--model", type=Path, help="a checkpoint instead of weights/captcha.npz")
    parser.add_argument("--seed", type=int, default=2026, help="which pictures")
    asked = parser.parse_args()
    if asked.count < 1:
        parser.error("--count is at least 1")
    return asked


def _readers(names: str) -> list[str]:
    """The names between commas."""
    asked = names.split(",")
    for name in asked:
        if name not in READERS:
            raise argparse.ArgumentTypeError(f"{name}: no such reader; there are {', '.join(READERS)}")
    return asked


if __name__ == "__main__":
    main()

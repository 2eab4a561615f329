"""`python -m benchmarks.contact_sheets FOLDER`: validation photos beside what the engine makes of them.

Each row of a sheet: the photo, its gray version, the engine's colours from faithful to vivid, and with 5 and
20 random hints. The sheets are PNG files; figures say little about blotches, so they are to be looked at.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from engine.checkpoint import WEIGHTS, CheckpointError, load
from engine.colorize import VIVID, paint, predict, prepare
from engine.colour_evaluation import PARTS, in_gray, open_validation, random_hints, validation_files
from engine.datasets import DataUnavailable
from engine.network import Network

CELL = 224  # pixels of the longer side of one picture
ROWS = 10
MARGIN = 14  # above each row, for its name
HINTS = (5, 20)
VIVIDS = (0.0, VIVID, 1.0)
TITLES = ("photo", "gray", *(f"vivid {v}" for v in VIVIDS), *(f"{count} hints" for count in HINTS))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.contact_sheets", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--photos", type=int, default=30, help="of each part of colour/validation")
    parser.add_argument("--model", type=Path, default=WEIGHTS / "colorize.npz")
    asked = parser.parse_args()
    try:
        network = load(asked.model).freeze()
        files = {part: validation_files(part) for part in PARTS}
    except (CheckpointError, DataUnavailable) as error:
        raise SystemExit(str(error)) from error
    asked.folder.mkdir(parents=True, exist_ok=True)
    for part in PARTS:
        chosen = files[part][:: max(1, len(files[part]) // asked.photos)][: asked.photos]
        for number, sheet in enumerate(sheets(chosen, network), 1):
            path = asked.folder / f"colour_{part}_{number}.png"
            sheet.save(path)
            print(path)


def sheets(files: list[Path], network: Network) -> Iterator[Image.Image]:
    """Sheets of `ROWS` photos each."""
    for first in range(0, len(files), ROWS):
        some = files[first : first + ROWS]
        sheet = Image.new("RGB", (CELL * len(TITLES), (CELL + MARGIN) * len(some)), "white")
        pen = ImageDraw.Draw(sheet)
        for row, path in enumerate(some):
            top = row * (CELL + MARGIN)
            pictures = row_of(open_validation(path), network)
            for column, (title, picture) in enumerate(zip(TITLES, pictures, strict=True)):
                small = Image.fromarray(picture)
                small.thumbnail((CELL, CELL))
                sheet.paste(small, (column * CELL, top + MARGIN))
                text = f"{path.stem}, {title}" if column == 0 else title
                pen.text((column * CELL + 2, top + 1), text, fill="black")
        yield sheet


def row_of(truth: np.ndarray, network: Network) -> list[np.ndarray]:
    """The pictures of one row, in the order of `TITLES`."""
    prepared = prepare(truth)
    plain = predict(prepared, None, network)
    row = [truth, in_gray(truth), *(paint(prepared, plain, vivid=vivid) for vivid in VIVIDS)]
    for count in HINTS:
        row.append(paint(prepared, predict(prepared, random_hints(truth, count, truth.size), network)))
    return row


if __name__ == "__main__":
    main()

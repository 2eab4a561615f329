"""Networks of single pixels: from the gray of a pixel and its neighbours to its red, green and blue."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from engine import checkpoint
from engine.checkpoint import CheckpointError
from engine.colour_spaces import to_bytes
from engine.images import Picture, open_picture
from engine.initializers import Initializer
from engine.layers import Dense, Sigmoid
from engine.neighbourhoods import NEIGHBOURHOODS
from engine.network import Network
from engine.preprocessing import Preprocessing, to_network_input

COLOURS = ("red", "green", "blue")
MOST_HIDDEN = 1024
TILE = 1 << 12  # pixels that are painted at once: their hidden values stay in the cache


@dataclass(frozen=True)
class Row:
    """A line of the summary that the article prints: None stands for however many pixels."""

    layer: str
    output_shape: tuple[int | None, ...]
    parameters: int


def gray_of(picture: Picture, longest: int | None = None) -> np.ndarray:
    """The gray version of a picture, (H, W) uint8: 0.299 red + 0.587 green + 0.114 blue (ITU-R BT.601)."""
    return np.array(Image.fromarray(open_picture(picture, longest)).convert("L"))


def new_network(neighbourhood: str, hidden: int, start: Initializer, rng: np.random.Generator) -> Network:
    """A network of single pixels that has learnt nothing yet; its biases start at 0."""
    kind = NEIGHBOURHOODS[neighbourhood]
    layers = [
        Dense(kind.inputs, hidden, initial=start, rng=rng),
        Sigmoid(),
        Dense(hidden, len(COLOURS), initial=start, rng=rng),
        Sigmoid(),
    ]
    preprocessing = Preprocessing(size=kind.side, neighbourhood=neighbourhood)
    return Network(layers, (kind.inputs,), COLOURS, preprocessing, "pixel-colours")


def summary(network: Network) -> list[Row]:
    """The network as Keras would print it: its dense layers, with the sigmoids in them."""
    rows: list[Row] = []
    for kind, shape, parameters in network.summary():
        if kind == "Dense":
            name = f"dense_{len(rows)}" if rows else "dense"
            rows.append(Row(f"{name} ({kind})", (None, *shape), parameters))
    return rows


def paint(network: Network, picture: Picture, longest: int | None = None) -> np.ndarray:
    """Paint the gray version of a picture with what a network has learnt: (H, W, 3) uint8, of the same size.

    PictureError where the picture can't be used, ValueError for a network that does not paint pixels.
    """
    check(network)
    return paint_gray(network, gray_of(picture, longest))


def paint_gray(network: Network, gray: np.ndarray) -> np.ndarray:
    """Paint a gray picture (H, W) uint8: (H, W, 3) uint8."""
    picture = np.empty((*gray.shape, len(COLOURS)), np.uint8)
    reach = network.preprocessing.size // 2
    for rows, columns in _tiles(*gray.shape):
        top, left = max(0, rows.start - reach), max(0, columns.start - reach)
        part = gray[top : rows.stop + reach, left : columns.stop + reach]
        y = network.predict(to_network_input(part[None], network.preprocessing))
        y = y.reshape(*part.shape, len(COLOURS))[rows.start - top :, columns.start - left :]
        inside = picture[rows, columns]
        inside[...] = to_bytes(y[: inside.shape[0], : inside.shape[1]])
    return picture


def _tiles(height: int, width: int) -> Iterator[tuple[slice, slice]]:
    """Parts of a picture, so that the hidden values of a large one do not fill the memory."""
    rows = min(height, math.isqrt(TILE))
    columns = TILE // rows
    for y in range(0, height, rows):
        for x in range(0, width, columns):
            yield slice(y, y + rows), slice(x, x + columns)


def check(network: Network) -> None:
    """ValueError, with a sentence, where a network is not one of those that are made here."""
    kinds = [type(layer) for layer in network.layers]
    named = network.preprocessing.neighbourhood in NEIGHBOURHOODS and network.labels == COLOURS
    if not named or kinds != [Dense, Sigmoid, Dense, Sigmoid]:
        raise ValueError("this network does not turn a pixel's neighbourhood into its colour")
    hidden = network.parameters["0.weight"].shape[1]
    if hidden > MOST_HIDDEN:
        raise ValueError(f"this network has {hidden} hidden units; at most {MOST_HIDDEN} are used here")


def load(path: str | os.PathLike[str]) -> Network:
    """A network that was saved by `engine.checkpoint.save`. CheckpointError for any other file."""
    network = checkpoint.load(path)
    try:
        check(network)
    except ValueError as error:
        raise CheckpointError(f"{Path(path).name}: {error}") from error
    return network

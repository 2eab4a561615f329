"""A picture with one line of digits, as the reader sees it: grey, of one height, bright on dark."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import cv2
import numpy as np

HEIGHT = 40  # pixels that a line is high
NARROWEST, WIDEST = 72, 1032  # pixels that it may be wide, as multiples of STEP and TRIM more
WIDEST_LEARNT = 456  # wider lines are pressed into this in training
STEP, TRIM = 16, 8  # widths are 16 k + 8: what four columns' worth of tiles needs (`engine.architectures`)
FAR = 48  # of 255: a pixel so far from the ground in some channel is ink
INK = np.uint8(96)  # of 255, from the ground: darker specks and the grain of the ground do not count as ink
AROUND = 2  # rows of the line that are kept above and below the ink
TALL = np.ones((5, 1), np.uint8)  # what is as high as this is more likely a digit's than a stroke's
# What these do not fit into is thin; the second one, a disc, leaves bold digits alone.
THIN, RATHER_THIN = (
    cv2.getStructuringElement(shape, (side, side))
    for shape, side in ((cv2.MORPH_CROSS, 3), (cv2.MORPH_ELLIPSE, 5))
)
HIDDEN = 0.012  # where this part of a picture is ink that lightness does not show, colour is looked at
ONE_GROUND = 0.55  # where fewer pixels have nearly the commonest colour, there may be several grounds
LEAST_TILE, NARROW_TILE = 9, 0.4  # columns, and the part of the widest tile's: what is narrower is a stroke
MOST_OF_TILE = 0.4  # has the tile's own colour
MOST_OF_EDGE = 0.8  # of the rows change their colour where one tile ends and the next begins
SHADES = 2.5  # colours must vary so many times more than lightness does, to be looked at instead


def line_of(rgb: np.ndarray, width: int | None = None) -> np.ndarray:
    """The line in a picture (H, W, 3) uint8 as (40, width) uint8: 0 is the ground, 255 the strongest ink.

    Without a width, the picture's own proportion decides. Which of light and dark is the ground is judged by
    the whole picture: most of it is ground.
    """
    small = _resized(rgb, width or line_width(*rgb.shape[:2]))
    return stretched(_shades(small))


def line_of_ink(ink: np.ndarray, width: int) -> np.ndarray:
    """The same for ink (H, W) uint8 whose ground is 0 already."""
    return stretched(_resized(ink, width, ground=0))


def ink_rows(line: np.ndarray, height: int, share: float) -> tuple[int, int]:
    """From where to where a picture of some height has its ink, but for this share of it above and as much
    below, judged by its line (40, W).

    Digits that are small in their picture are larger in those rows alone; lines and specks above and below
    them are gone.
    """
    ink = (np.maximum(line, INK) - INK).sum(axis=1, dtype=np.float64).cumsum()
    if not ink[-1]:
        return 0, height
    first = max(0, int(np.searchsorted(ink, share * ink[-1])) - AROUND)
    end = min(HEIGHT, int(np.searchsorted(ink, (1 - share) * ink[-1])) + 1 + AROUND)
    return first * height // HEIGHT, -(-end * height // HEIGHT)


def tall_rows(line: np.ndarray, height: int, share: float) -> tuple[int, int]:
    """`ink_rows` of the ink that is tall: strokes that run across, under or over digits do not count."""
    return ink_rows(cv2.morphologyEx(line, cv2.MORPH_OPEN, TALL), height, share)


def thinned_out(line: np.ndarray, strength: float = 0.5, thin: np.ndarray = THIN) -> np.ndarray:
    """A line (40, W) whose thin strokes are paler, by a strength from 0, as they are, to 1, gone.

    Strokes through digits, and hooks beside them, are often thinner than the digits are. thin: what does not
    fit into them (an opening; Matheron 1975).
    """
    thick = cv2.morphologyEx(line, cv2.MORPH_OPEN, thin)
    return cv2.addWeighted(line, 1 - strength, thick, strength, 0)


def line_width(height: int, width: float) -> int:
    """The width of a line for a picture of this height and width."""
    return fitting_width(HEIGHT * width / height)


def fitting_width(natural: float, columns: int = 0) -> int:
    """The nearest width that the reader's tiles take and that gives at least so many columns."""
    least = max(NARROWEST, -(-(4 * (columns + 2) - TRIM) // STEP) * STEP + TRIM)
    return max(least, min(WIDEST, round((natural - TRIM) / STEP) * STEP + TRIM))


def stretched(grey: np.ndarray) -> np.ndarray:
    """Grey (H, W) float or uint8 as uint8 from 0, the ground, to 255, whatever its contrast and polarity."""
    shares = np.array([0.005, 0.5, 0.995])
    found = quantiles_of_bytes(grey, shares) if grey.dtype == np.uint8 else np.quantile(grey, shares)
    low, ground, high = (float(value) for value in found)
    if high - low < 1:
        return np.zeros(grey.shape, np.uint8)
    ink = (grey - low) if high - ground > ground - low else (high - grey)
    return np.clip(np.rint(ink * (255 / (high - low))), 0, 255).astype(np.uint8)


def quantiles_of_bytes(values: np.ndarray, shares: np.ndarray | float) -> np.ndarray:
    """`np.quantile` of bytes, by counting them: four times as quick for some thousands."""
    below = np.bincount(values.ravel(), minlength=256).cumsum()
    at = shares * (values.size - 1)
    first = np.floor(at)
    lower, upper = np.searchsorted(below, (first, np.ceil(at)), side="right")
    return np.asarray(lower + (at - first) * (upper - lower))


def _resized(picture: np.ndarray, width: int, ground: int | None = None) -> np.ndarray:
    """(40, width, ...), nothing lost between pixels: areas are averaged where the picture shrinks.

    A picture too narrow to be stretched gets more of its ground on both sides, by default the median.
    """
    height = picture.shape[0]
    inner = _inner_width(width, height, picture.shape[1])
    shrinks = height > HEIGHT or picture.shape[1] > inner
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    small = cv2.resize(np.ascontiguousarray(picture), (inner, HEIGHT), interpolation=how)
    if inner == width:
        return small
    left = (width - inner) // 2
    wide = np.empty((HEIGHT, width, *picture.shape[2:]), np.uint8)
    wide[...] = np.median(small.reshape(HEIGHT * inner, -1), axis=0) if ground is None else ground
    wide[:, left : left + inner] = small
    return wide


def place_in(width: int, picture_height: int, picture_width: int) -> tuple[float, float]:
    """(scale, shift) with x in the picture = scale · x in a line of `width` + shift."""
    inner = _inner_width(width, picture_height, picture_width)
    scale = picture_width / inner
    return scale, -((width - inner) // 2) * scale


def _inner_width(width: int, picture_height: int, picture_width: int) -> int:
    """How wide the picture itself is in a line of `width`: all of it, unless that would stretch it much."""
    natural = HEIGHT * picture_width / picture_height
    return width if natural > 0.8 * width else max(1, round(natural))


def _shades(rgb: np.ndarray) -> np.ndarray:
    """One number a pixel: its lightness, unless digits would be lost in it that differ in colour alone.

    On an even ground it is then the distance from the ground's colour; on others, where lightness hardly
    varies, the place along the main axis of colour. On tiles side by side, each of one colour, it is the
    distance from the tile's.
    """
    lightness = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    if (rgb[..., 0] == rgb[..., 1]).all() and (rgb[..., 0] == rgb[..., 2]).all():
        return lightness
    channels = np.ascontiguousarray(rgb.reshape(-1, 3).T, np.float32)
    medians = np.array([quantiles_of_bytes(rgb[..., i], 0.5) for i in range(3)], np.float32)
    apart = np.abs(channels - medians[:, None])
    distance = np.maximum(np.maximum(apart[0], apart[1]), apart[2])
    if (distance < FAR / 2).mean() < ONE_GROUND:
        on_tiles = _on_tiles(rgb)
        if on_tiles is not None:
            return on_tiles
    contrast = np.abs(lightness.ravel() - np.float32(quantiles_of_bytes(lightness, 0.5)))
    hidden = (distance > FAR) & (contrast < distance / 3)
    if hidden.mean() > HIDDEN and (distance < FAR / 2).mean() > 0.5:
        return distance.reshape(lightness.shape)
    channels -= channels.mean(axis=1, keepdims=True)
    covariance = channels @ channels.T / channels.shape[1]
    little = (SHADES * max(float(cv2.meanStdDev(lightness)[1][0, 0]), 1.0)) ** 2
    if np.trace(covariance) < little:  # no axis varies more than all together
        return lightness
    variances, axes = np.linalg.eigh(covariance)
    if variances[-1] < little:
        return lightness
    return (axes[:, -1] @ channels).reshape(lightness.shape)


def _on_tiles(rgb: np.ndarray) -> np.ndarray | None:
    """How far pixels are from the colour of their tile, as uint8; None where no tiles stand side by side.

    A tile's colour is what most of its columns have most of. Strokes across several tiles differ from all of
    them, and digits are as strong on each.
    """
    tiles = _tiles(rgb)
    if len(tiles) < 2:
        return None
    ink = np.zeros(rgb.shape[:2], np.float32)
    after, last = 0, tiles[0].colour
    for tile in tiles:
        # What lies between two tiles is a bold digit of either.
        between, own = (
            np.abs(rgb[:, part].astype(np.float32) - colour).max(axis=2)
            for part, colour in ((slice(after, tile.begin), last), (slice(tile.begin, tile.end), tile.colour))
        )
        if (own < FAR / 2).mean() < MOST_OF_TILE:
            return None
        own[:, [0, -1]] = 0  # its edges are mixed with its neighbours'
        strength = 255 / max(float(np.quantile(own, 0.98)), FAR)
        further = np.abs(rgb[:, after : tile.begin].astype(np.float32) - tile.colour).max(axis=2)
        ink[:, after : tile.begin] = np.minimum(between, further) * strength
        ink[:, tile.begin : tile.end] = own * strength
        after, last = tile.end, tile.colour
    return np.rint(np.minimum(ink, 255)).astype(np.uint8)


class _Tile(NamedTuple):
    begin: int
    end: int
    colour: np.ndarray


def _tiles(rgb: np.ndarray) -> list[_Tile]:
    """Runs of columns that have mostly one colour each, wide ones alone; neighbours differ."""
    columns = np.median(rgb, axis=0).astype(np.uint8)
    columns = cv2.medianBlur(columns[None], LEAST_TILE)[0].astype(np.float32)  # over strokes
    steps = np.abs(columns[2:] - columns[:-2]).max(axis=1)
    edges = (at for at in _peaks(steps, FAR / 2) if _is_edge(rgb, at))
    bounds = [0, *edges, len(columns)]
    least = max(LEAST_TILE, NARROW_TILE * float(np.diff(bounds).max()))
    tiles: list[_Tile] = []
    for begin, end in pairwise(bounds):
        if end - begin < least:
            continue
        colour = np.median(columns[begin + 1 : end - 1], axis=0)
        if tiles and np.abs(colour - tiles[-1].colour).max() < FAR / 2:
            tiles[-1] = tiles[-1]._replace(end=end)
        else:
            tiles.append(_Tile(begin, end, colour))
    if tiles:
        tiles[0], tiles[-1] = tiles[0]._replace(begin=0), tiles[-1]._replace(end=len(columns))
    return tiles


def _is_edge(rgb: np.ndarray, at: int) -> bool:
    """Whether a picture changes its colour from the column two before `at` to the one after it, and in
    most rows: a shade that runs from one side to the other does not, nor does a stroke.
    """
    before, after = (rgb[:, np.clip(at + way, 0, rgb.shape[1] - 1)].astype(np.int16) for way in (-2, 1))
    return bool((np.abs(after - before).max(axis=1) > FAR / 2).mean() > MOST_OF_EDGE)


def _peaks(steps: np.ndarray, least: float) -> list[int]:
    """Where columns differ from those beside them: in each run of steps of at least so much, the column at
    which the new colour begins.
    """
    found: list[int] = []
    run: list[int] = []
    for i, step in enumerate([*steps.tolist(), 0.0]):
        if step > least:
            run.append(i)
        elif run:
            found.append(max(run, key=lambda at: steps[at]) + 1)
            run = []
    return found

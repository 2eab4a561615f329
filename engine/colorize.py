"""Colouring a photo: its lightness stays as it is, the network says which colours each place may have.

Three steps, so that a page can repeat what has changed alone: `prepare` opens a photo, `predict` asks the
network (again for new hints), `paint` makes the picture (again for another slider). `colorize` is all three.

The network sees a small version of the photo, since colours follow what things are, and its colours are
brought to the photo's size along the edges of the lightness (`engine.guided_filter`).
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np

from engine import ab_bins
from engine.bilateral import joint_bilateral
from engine.checkpoint import load_pretrained
from engine.colour_hints import Hinted, Hints, is_number
from engine.guided_filter import enlarged, enlarged_deep, guided_enlargement, guided_lines, reduced
from engine.hinted_colours import Said, hinted_colours
from engine.images import Picture, PictureError, open_picture
from engine.network import Network
from engine.preprocessing import to_network_input
from engine.screen_colours import lightness_of, srgb_bytes

SHORT = 128  # pixels of the shorter side of what the network sees
SCALES = (0.75, 1.0, 1.25)  # it looks in three sizes, each time mirrored too, and its answers are averaged
STRIDE = 4  # pixels of what the network sees, on a side, of which it says one thing
LONGEST = 4  # times as many has the longer side at most
STRIP_PIXELS = 1 << 16  # of the photo that are computed at once
VIVID = 0.7  # from 0, faithful, to 1: above it, what is coloured wrongly shows more than what gains
APART = 18.0  # units of a and b between two colours that are suggested
SUGGESTED = 0.3  # how much more rare colours count there than photos have them; 0 to 1 as `vivid`


@dataclass(frozen=True, eq=False)
class Prepared:
    """A photo ready to be coloured. lightness: L, 0 to 100, (H, W) float32; small: the same (h, w) as the
    network sees it.
    """

    lightness: np.ndarray
    small: np.ndarray

    @property
    def size(self) -> tuple[int, int]:
        height, width = self.lightness.shape
        return height, width


@dataclass(frozen=True, eq=False)
class Colours:
    """What the network says: logits (h / 4, w / 4, 261), and the hints that it was told, (h, w, 3); evening:
    what makes the logits alike where the photo is; unhinted: what it says without hints, None where there
    are none.
    """

    logits: np.ndarray
    hints: np.ndarray
    evening: np.ndarray
    unhinted: np.ndarray | None = None

    @property
    def without_hints(self) -> np.ndarray:
        """The logits (h / 4, w / 4, 261) of the photo alone."""
        return self.logits if self.unhinted is None else self.unhinted


def colorize(
    photo: Picture,
    hints: Hinted = None,
    strength: float = 1.0,
    saturation: float = 1.0,
    vivid: float = VIVID,
    model: Network | str = "colorize",
) -> np.ndarray:
    """Colour a photo: (H, W, 3) uint8 of the photo's own size and lightness.

    photo: a path, a PIL.Image or a uint8 array; a colour one is taken for its lightness. hints: `Hints`, or a
    list of strokes, each a `Stroke` or {"points": [[x, y]], "colour": "#rrggbb", "radius": 0}. strength: 0
    leaves it gray. saturation: times the network's colours, not the hints'. vivid: from 0, faithful, to 1.
    Raises PictureError where the photo can't be used, CheckpointError where no network has that name,
    ValueError for other hints and numbers.
    """
    prepared = prepare(photo)
    return paint(prepared, predict(prepared, hints, model), strength, saturation, vivid)


def prepare(photo: Picture) -> Prepared:
    """Open a photo. PictureError where it can't be used."""
    lightness = lightness_of(open_picture(photo))
    if not lightness.size:
        raise PictureError("This picture has no pixels.")
    small = np.clip(reduced(lightness, *network_size(*lightness.shape)), 0, 100)
    for array in (lightness, small):
        array.setflags(write=False)
    return Prepared(lightness, small)


def network_size(height: int, width: int, multiple: int = 32, scale: float = 1.0) -> tuple[int, int]:
    """The size in which the network sees a photo: multiples of what its strides need."""
    short = scale * SHORT
    sides = (min(side * short / min(height, width), short * LONGEST) for side in (height, width))
    high, wide = (max(1, round(side / multiple)) * multiple for side in sides)
    return high, wide


def predict(
    prepared: Prepared,
    hints: Hinted = None,
    model: Network | str = "colorize",
    before: Colours | None = None,
) -> Colours:
    """Ask the network what colours a photo has, told some of them. CheckpointError for an unknown name,
    ValueError for a network that does not colour photos and for what are no hints.

    before: what the same network said of the same photo with other hints, which saves half of the work.
    """
    known = Hints.of(hints)
    network = load_pretrained(model) if isinstance(model, str) else model
    if not network.preprocessing.photo or network.labels != ab_bins.LABELS:
        name = model if isinstance(model, str) else network.name
        raise ValueError(f"the network {name!r} does not colour photos")
    if before:
        alone, evening = before.without_hints, before.evening
    else:
        said = _logits(network, prepared, Hints())
        alone = joint_bilateral(said, prepared.small)
        evening = alone - said
    planes = known.planes(prepared.size, prepared.small.shape)
    if not planes[..., 2].any():
        return Colours(alone, planes, evening)
    # What hints change is not evened itself: it would spread over the next thing that looks alike.
    return Colours(_logits(network, prepared, known) + evening, planes, evening, alone)


def _logits(network: Network, prepared: Prepared, hints: Hints) -> np.ndarray:
    """What the network says in all sizes, both ways: (h / 4, w / 4, 261)."""
    rows, columns = (side // STRIDE for side in prepared.small.shape)
    total = np.zeros((rows, columns, len(network.labels)), np.float32)
    for scale in SCALES:
        size = network_size(*prepared.size, scale=scale)
        seen = np.dstack([_seen(prepared, size), hints.planes(prepared.size, size)])
        for logits in _both_ways(network, seen):
            total += enlarged_deep(logits, rows, columns)
    total /= 2 * len(SCALES)
    return total


def _seen(prepared: Prepared, size: tuple[int, int]) -> np.ndarray:
    """The photo's lightness in a size (h, w) of the network's."""
    if size == prepared.small.shape:
        return prepared.small
    return np.clip(reduced(prepared.lightness, *size), 0, 100)


def _both_ways(network: Network, seen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What the network says of (h, w, 4), and of it mirrored: twice (h / 4, w / 4, 261)."""
    logits = [
        network.predict(to_network_input(np.ascontiguousarray(way)[None], network.preprocessing))[0]
        for way in (seen, seen[:, ::-1])
    ]
    return logits[0], logits[1][:, ::-1]


def paint(
    prepared: Prepared,
    colours: Colours,
    strength: float = 1.0,
    saturation: float = 1.0,
    vivid: float = VIVID,
) -> np.ndarray:
    """The picture (H, W, 3) uint8. ValueError where strength or vivid is not 0 to 1 or saturation not 0 to
    4.
    """
    for name, value, most in (("strength", strength, 1), ("saturation", saturation, 4), ("vivid", vivid, 1)):
        if not is_number(value) or not 0 <= value <= most:
            raise ValueError(f"{name} goes from 0 to {most}, not {value!r}")
    ab = small_colours(prepared.small, colours, saturation, vivid) * np.float32(strength)
    return _full_size(prepared, ab)


def small_colours(
    lightness: np.ndarray, colours: Colours, saturation: float = 1.0, vivid: float = VIVID
) -> np.ndarray:
    """a and b for each pixel of what the network sees: (h, w, 2), the hints kept where they are."""
    told = Said(colours.logits, _enlarged(colours.logits, lightness, vivid))
    if colours.unhinted is None:
        return told.ab * np.float32(saturation)
    alone = Said(colours.unhinted, _enlarged(colours.unhinted, lightness, vivid))
    return hinted_colours(lightness, colours.hints, told, alone, saturation)


def _enlarged(logits: np.ndarray, lightness: np.ndarray, vivid: float) -> np.ndarray:
    """The colours (h, w, 2) that logits (h / 4, w / 4, 261) are taken for, along the edges of lightness."""
    return guided_enlargement(ab_bins.decode(logits, vivid), lightness)


def suggestions(
    prepared: Prepared, colours: Colours, x: float, y: float, count: int = 5
) -> list[tuple[tuple[int, int, int], float]]:
    """The colours that the network finds likeliest at (x, y) in the photo's pixels, in order: (red, green,
    blue) at the lightness there, and what share of the probability lies near each; no two are much alike.
    """
    height, width = prepared.size
    column, row = (
        int(np.clip(at, 0, side - 1)) for at, side in ((x, width), (y, height))
    )  # the pixel that was meant
    rows, columns = colours.logits.shape[:2]
    place = colours.logits[row * rows // height, column * columns // width]
    p = ab_bins.probabilities(place, SUGGESTED)
    light = float(prepared.lightness[row, column])
    found = []
    for _ in range(min(count, len(p))):
        best = int(p.argmax())
        distance = np.hypot(*(ab_bins.BINS - ab_bins.BINS[best]).T)
        near = distance < APART
        share = float(p[near].sum())
        if share <= 0:
            break
        lab = np.array([[[light, *ab_bins.BINS[best]]]], np.float32)
        red, green, blue = (int(part) for part in srgb_bytes(lab)[0, 0])
        found.append(((red, green, blue), share))
        p[near] = 0
    return sorted(found, key=lambda one: -one[1])


def _full_size(prepared: Prepared, ab: np.ndarray) -> np.ndarray:
    """The lightness with colours ab (h, w, 2), brought to its size along its edges, as sRGB bytes."""
    lightness = prepared.lightness
    height, width = lightness.shape
    slope, intercept = guided_lines(prepared.small, ab, 1, 4.0)
    # As wide as the photo, not yet as high: rows are mixed strip by strip.
    wide = enlarged(np.dstack([slope, intercept]), ab.shape[0], width)
    out = np.empty((height, width, 3), np.uint8)
    rows = max(1, STRIP_PIXELS // width)
    strips = [slice(top, min(top + rows, height)) for top in range(0, height, rows)]
    job = partial(_strip, lightness, wide, out)
    if len(strips) == 1:
        job(strips[0])
    else:
        with ThreadPoolExecutor(min(2, os.cpu_count() or 1)) as pool:
            list(pool.map(job, strips))
    return out


def _strip(lightness: np.ndarray, wide: np.ndarray, out: np.ndarray, rows: slice) -> None:
    """Fill some rows of `out`."""
    high = len(wide)
    at = (np.arange(rows.start, rows.stop) + 0.5) * (high / len(lightness)) - 0.5
    at = np.clip(at, 0, high - 1)
    above = np.minimum(at.astype(int), max(0, high - 2))
    share = (at - above).astype(np.float32)[:, None, None]
    lines = wide[above] * (1 - share)
    lines += wide[np.minimum(above + 1, high - 1)] * share
    light = lightness[rows]
    lab = np.empty((*light.shape, 3), np.float32)
    lab[..., 0] = light
    lab[..., 1:] = lines[..., :2] * light[..., None] + lines[..., 2:]
    out[rows] = srgb_bytes(lab)

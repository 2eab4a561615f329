"""Numbers in ordinary print: a meter's windows, a seven-segment display, a ticket, a sign, a receipt.

Each is seen as a camera sees it: a little from the side, in uneven light, not quite sharp.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from engine import captcha_damage as damages
from engine import captcha_grounds as grounds
from engine import captcha_ink as ink_tools
from engine import captcha_marks as marks
from engine.captcha_colours import brightness, colour_of, flat, ink_and_ground, painted
from engine.captcha_line import Setting, centred, framed, set_line, typeset
from engine.chances import chance, pick, within
from engine.faces import Faces
from engine.glyphs import Stamp, merged

SEGMENTS = {  # top, upper right, lower right, bottom, lower left, upper left, middle
    "0": "1111110", "1": "0110000", "2": "1101101", "3": "1111001", "4": "0110011",
    "5": "1011011", "6": "1011111", "7": "1110000", "8": "1111111", "9": "1111011",
}  # fmt: skip
ENDS = np.array(
    [[[0, 0], [1, 0]], [[1, 0], [1, 1]], [[1, 1], [1, 2]], [[0, 2], [1, 2]],
     [[0, 1], [0, 2]], [[0, 0], [0, 1]], [[0, 1], [1, 1]]],
    np.float64,
)  # fmt: skip


def meter(text: str, difficulty: int, rng: np.random.Generator, faces: Faces) -> np.ndarray:
    """Each digit in a window of its own, as on an odometer or a gas meter; the last drums may be coloured."""
    height = within(rng, 24, 48)
    cell, rows = round(height * within(rng, 0.95, 1.3)), round(height * within(rng, 1.35, 1.8))
    frame = round(height * within(rng, 0.05, 0.3))
    light, dark = within(rng, 190, 250), within(rng, 5, 60)
    drum_dark = chance(rng, 0.65)
    case = colour_of(rng, within(rng, 40, 210), 0.3)
    width, tall = (cell + frame) * len(text) + frame, rows + 2 * frame
    picture = flat(case, width, tall)
    red = len(text) - (pick(rng, (1, 2, 3)) if len(text) > 3 and chance(rng, 0.3) else 0)
    face = faces.pick(rng)
    roundness = 1 - 0.5 * np.abs(np.linspace(-1, 1, rows)) ** 3 * within(rng, 0.2, 1)
    for i, digit in enumerate(text):
        left = frame + i * (cell + frame)
        drum = np.array([150.0, 25, 25]) if i >= red else np.full(3, dark if drum_dark else light)
        ink = np.full(3, light if drum_dark or i >= red else dark)
        window = flat(drum, cell, rows)
        setting = Setting(height=height, up_down=0.03 * difficulty, turn=0.5 * difficulty)
        stamps, _, _ = centred(set_line(digit, [face], setting, rng), cell, rows, rng, 0.08 * difficulty)
        window = painted(window, merged(stamps, cell, rows), ink)
        picture[frame : frame + rows, left : left + cell] = (window * roundness[:, None, None]).astype(
            np.uint8
        )
    return picture


def display(text: str, difficulty: int, rng: np.random.Generator, faces: Faces) -> np.ndarray:
    """Seven bars a digit, lit or dark on a ground in which the unlit bars may shine faintly."""
    height = within(rng, 26, 60)
    wide, thick = height * within(rng, 0.42, 0.58), height * within(rng, 0.09, 0.16)
    gap, slant = height * within(rng, 0.25, 0.5), within(rng, 0, 0.18)
    pad = height * within(rng, 0.2, 0.5)
    columns = round(2 * pad + len(text) * (wide + gap) - gap + slant * height + thick)
    rows = round(2 * pad + height + thick)
    lit, unlit = marks.empty(columns, rows), marks.empty(columns, rows)
    short = thick * within(rng, 0.55, 0.75) / height
    for i, digit in enumerate(text):
        origin = np.array([pad + thick / 2 + i * (wide + gap), pad + thick / 2])
        for bar, on in zip(ENDS, SEGMENTS[digit], strict=True):
            way = (bar[1] - bar[0]) * short * np.array([height / wide, 2])
            ends = (bar + np.stack([way, -way])) * (wide, height / 2)
            ends[:, 0] += slant * (height - ends[:, 1])
            _bar(lit if on == "1" else unlit, ends + origin, thick)
    glowing = chance(rng, 0.55)
    if glowing:
        ink = colour_of(rng, within(rng, 120, 230), 1.0)
        paper = colour_of(rng, within(rng, 0, 35), 0.3)
    else:
        ink, paper = colour_of(rng, within(rng, 10, 60), 0.2), colour_of(rng, within(rng, 130, 215), 0.35)
    picture = painted(flat(paper, columns, rows), unlit, ink, within(rng, 0, 0.04 + 0.02 * difficulty))
    if glowing:
        picture = painted(picture, cv2.GaussianBlur(lit, (0, 0), thick * 0.8), ink, 0.4)
    return painted(picture, lit, ink)


def _bar(mask: np.ndarray, ends: np.ndarray, thick: float) -> None:
    """A bar with pointed ends."""
    way = ends[1] - ends[0]
    along = way / (np.linalg.norm(way) + 1e-9) * thick / 2
    side = np.array([-along[1], along[0]])
    points = [
        ends[0] - along,
        ends[0] + side,
        ends[1] + side,
        ends[1] + along,
        ends[1] - side,
        ends[0] - side,
    ]
    cv2.fillPoly(mask, [np.rint(np.array(points) * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)


def ticket(text: str, difficulty: int, rng: np.random.Generator, faces: Faces) -> np.ndarray:
    """A number on coloured or patterned card, perhaps in a box or above a rule."""
    stamps = typeset(text, faces.pick(rng), within(rng, 20, 44), within(rng, 0.0, 0.25))
    stamps, width, height = framed(stamps, *_margins(stamps, rng, 0.2, 1.0))
    paper = colour_of(rng, within(rng, 175, 250), 0.8)
    kind = pick(rng, ("striped", "squared", "mottled", "gradient"))
    picture = grounds.ground(rng, kind, width, height, paper, within(rng, 2, 8 * difficulty))
    ink = colour_of(rng, within(rng, 5, 80), float(rng.random()))
    if chance(rng, 0.3):
        y = height - whole_margin(height)
        cv2.line(picture, (0, y), (width, y), ink.tolist(), 1, cv2.LINE_AA)
    if chance(rng, 0.25):
        cv2.rectangle(picture, (2, 2), (width - 3, height - 3), ink.tolist(), pick(rng, (1, 2)))
    return painted(picture, ink_tools.worn(merged(stamps, width, height), rng, 0.04 * difficulty), ink)


def whole_margin(height: int) -> int:
    return max(2, round(height * 0.06))


def sign(text: str, difficulty: int, rng: np.random.Generator, faces: Faces) -> np.ndarray:
    """A house number, a plate, a shirt: bold digits on a flat or brushed ground, often rimmed."""
    stamps = typeset(text, faces.pick(rng), within(rng, 28, 60), within(rng, 0.0, 0.2))
    stamps, width, height = framed(stamps, *_margins(stamps, rng, 0.15, 0.8))
    ink, paper = ink_and_ground(rng, 110 - 8 * difficulty, 0.5, 1.0)
    kind = pick(rng, ("gradient", "grainy", "mottled", "scene"))
    picture = grounds.ground(rng, kind, width, height, paper, within(rng, 2, 7 * difficulty))
    mask = merged(stamps, width, height)
    if chance(rng, 0.35):
        shadow = cv2.blur(np.roll(mask, (2, 2), (0, 1)), (3, 3))
        picture = painted(picture, shadow, paper * 0.4, 0.6)
    if chance(rng, 0.3):
        cv2.rectangle(
            picture, (3, 3), (width - 4, height - 4), ink.tolist(), pick(rng, (1, 2, 3)), cv2.LINE_AA
        )
    return painted(picture, mask, ink)


def receipt(text: str, difficulty: int, rng: np.random.Generator, faces: Faces) -> np.ndarray:
    """Thermal paper: thin grey digits, worn, with lines of dots or other rows cut off above and below."""
    height = within(rng, 16, 30)
    stamps = typeset(text, faces.pick(rng), height, within(rng, 0.0, 0.2))
    stamps, width, tall = framed(stamps, *_margins(stamps, rng, 0.35, 0.8))
    picture = grounds.ground(
        rng, "crumpled", width, tall, colour_of(rng, within(rng, 200, 248), 0.15), 5.0 * difficulty
    )
    ink = colour_of(rng, within(rng, 20, 60 + 12 * difficulty), 0.3)
    return painted(picture, ink_tools.worn(merged(stamps, width, tall), rng, 0.05 * difficulty), ink)


def _margins(
    stamps: list[Stamp], rng: np.random.Generator, least: float, most: float
) -> tuple[float, float, float, float]:
    height = max(one.mask.shape[0] for one in stamps)
    left, top, right, bottom = ((least + (most - least) * rng.random(4) ** 1.5) * height).tolist()
    return left, top, right, bottom


PRINTED: dict[str, Callable[[str, int, np.random.Generator, Faces], np.ndarray]] = {
    "meter": meter,
    "display": display,
    "ticket": ticket,
    "sign": sign,
    "receipt": receipt,
}


def draw_print(text: str, difficulty: int, rng: np.random.Generator, faces: Faces) -> np.ndarray:
    """One of the five, then perspective, light, blur and grain that grow with the difficulty."""
    picture = PRINTED[pick(rng, tuple(PRINTED))](text, difficulty, rng, faces)
    picture = photographed(picture, difficulty, rng)
    if chance(rng, 0.12 * difficulty):
        picture = damages.shaded(picture, rng)
    if chance(rng, 0.1 * difficulty):
        picture = damages.noisy(picture, rng)
    if chance(rng, 0.12 * difficulty):
        picture = damages.compressed(picture, rng)
    return picture


def photographed(picture: np.ndarray, difficulty: int, rng: np.random.Generator) -> np.ndarray:
    """Turned by up to 1.5 degrees a difficulty, seen a little from the side, a little out of focus."""
    height, width = picture.shape[:2]
    strength = 0.012 * difficulty
    box = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    pulled = box + (rng.random((4, 2)) * 2 - 1) * (strength * height * 2.0, strength * height * 2.0)
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), within(rng, -1.2, 1.2) * difficulty, 1.0)
    reach = min(1.0, 2.5 * height / width)  # long numbers turn less, or they leave the picture
    turned = pulled @ turn[:, :2].T + turn[:, 2]
    corners = (box + (turned - box) * reach).astype(np.float32)
    view = cv2.getPerspectiveTransform(box, corners)
    border = pick(rng, (cv2.BORDER_REPLICATE, cv2.BORDER_REPLICATE, cv2.BORDER_CONSTANT))
    edge = [0.8 * brightness(picture[0, 0])] * 3
    picture = cv2.warpPerspective(
        picture, view, (width, height), flags=cv2.INTER_LINEAR, borderMode=border, borderValue=edge
    )
    sigma = within(rng, 0, 0.22) * difficulty
    return cv2.GaussianBlur(picture, (0, 0), sigma) if sigma > 0.25 else picture

"""Ink is found on any paper and in any light, and none where there is none."""

import io
from collections.abc import Callable, Iterator

import cv2
import numpy as np
import pytest
from PIL import Image

from engine.ink import fit_digit
from engine.paper import ink_of
from tests.drawings import drawn, likeness, on_paper

SIDE = 320


def plain(colour: tuple[int, int, int]) -> np.ndarray:
    return np.full((SIDE, SIDE, 3), colour, np.uint8)


def grainy(picture: np.ndarray, grain: float = 4) -> np.ndarray:
    noise = np.random.default_rng(0).normal(0, grain, picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


def shaded(picture: np.ndarray, depth: float, width: float, angle: float = 0.9) -> np.ndarray:
    """A shadow over one half, its edge `width` of the picture wide."""
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE - 0.5
    across = x * np.cos(angle) + y * np.sin(angle)
    return (picture * (1 - depth / (1 + np.exp(-4 * across / width)))[..., None]).astype(np.uint8)


def photographed(picture: np.ndarray, quality: int = 80) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=quality)
    return np.array(Image.open(file))


def ruled(
    paper: tuple[int, int, int], colour: tuple[int, int, int], tilt: int, squares: bool = False
) -> np.ndarray:
    picture = plain(paper)
    for at in range(-SIDE // 4, SIDE + SIDE // 4, 30):
        cv2.line(picture, (0, at), (SIDE, at + tilt), colour, 2, cv2.LINE_AA)
        if squares:
            cv2.line(picture, (at, 0), (at - tilt, SIDE), colour, 2, cv2.LINE_AA)
    return picture


def sheet_on_table(ink: np.ndarray) -> np.ndarray:
    table = grainy(plain((95, 65, 40)), 8)
    sheet = on_paper(ink, (238, 236, 230), (20, 25, 70))
    table[40:-30, 35:-35] = sheet[40:-30, 35:-35]
    return photographed(table)


def boxed(ink: np.ndarray) -> np.ndarray:
    picture = on_paper(ink, (250, 250, 250), (20, 20, 20))
    cv2.rectangle(picture, (30, 30), (SIDE - 30, SIDE - 30), (30, 30, 30), 3)
    return picture


def with_finger(ink: np.ndarray) -> np.ndarray:
    picture = on_paper(ink, (235, 232, 225), (30, 30, 60))
    cv2.circle(picture, (SIDE, SIDE), 70, (205, 150, 120), -1, cv2.LINE_AA)
    return photographed(grainy(picture))


WHITE, BLACK = (255, 255, 255), (0, 0, 0)
SCENES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "black on white": lambda ink: on_paper(ink, WHITE, BLACK),
    "white on black": lambda ink: on_paper(ink, BLACK, WHITE),
    "blue on yellow": lambda ink: photographed(grainy(on_paper(ink, (250, 230, 90), (30, 40, 160)))),
    "red on green, as light as it": lambda ink: photographed(on_paper(ink, (120, 150, 90), (190, 100, 90))),
    "yellow on white": lambda ink: on_paper(ink, WHITE, (250, 230, 60)),
    "chalk": lambda ink: photographed(grainy(on_paper(ink, (40, 70, 55), (205, 215, 205)), 6)),
    "faint": lambda ink: grainy(on_paper(ink, (250, 250, 250), (212, 212, 212)), 1),
    "soft shadow": lambda ink: photographed(shaded(on_paper(ink, (230, 228, 220), (60, 60, 70)), 0.5, 0.3)),
    "hard shadow": lambda ink: photographed(shaded(on_paper(ink, (230, 228, 220), (30, 30, 60)), 0.5, 0.04)),
    "lamp": lambda ink: photographed(shaded(on_paper(ink, (240, 235, 225), (60, 60, 60)), 0.75, 1.2)),
    "lined": lambda ink: photographed(
        on_paper(ink, ruled((245, 243, 238), (140, 170, 215), 9), (25, 30, 90))
    ),
    "squared": lambda ink: shaded(
        on_paper(ink, ruled((242, 242, 240), (150, 165, 195), 5, True), (30, 30, 40)), 0.3, 0.3
    ),
    "dark lines": lambda ink: photographed(
        on_paper(ink, ruled((240, 240, 240), (150, 150, 150), -6), (40, 40, 45))
    ),
    "grain": lambda ink: photographed(grainy(on_paper(ink, (200, 200, 200), (80, 80, 80)), 16), 50),
    "sheet on a table": sheet_on_table,
    "boxed": boxed,
    "finger": with_finger,
}


@pytest.mark.parametrize("scene", SCENES)
@pytest.mark.parametrize("digit", [1, 3, 4, 8])
def test_ink_is_found(scene: str, digit: int) -> None:
    ink = drawn(digit, height=130, pen=8, canvas=SIDE, centre=(165, 150))
    found = ink_of(SCENES[scene](ink))
    assert found.shape == (SIDE, SIDE)
    assert found.dtype == np.uint8
    assert likeness(fit_digit(found), fit_digit(ink)) > 0.9


@pytest.mark.parametrize("pen", [1.5, 4, 15, 40])
@pytest.mark.parametrize("flip", [False, True])
def test_any_pen_in_either_polarity(pen: float, flip: bool) -> None:
    for digit in (0, 5, 9):
        ink = drawn(digit, height=200, pen=pen, canvas=SIDE)
        picture = on_paper(ink, WHITE, BLACK) if flip else on_paper(ink, BLACK, WHITE)
        assert likeness(fit_digit(ink_of(picture)), fit_digit(ink)) > 0.93, digit


@pytest.mark.parametrize("place", [(60, 60), (260, 70), (250, 255)])
def test_a_small_digit_in_a_corner(place: tuple[float, float]) -> None:
    ink = drawn(2, height=50, pen=4, canvas=SIDE, centre=place)
    picture = photographed(shaded(grainy(on_paper(ink, (240, 238, 230), (20, 20, 80)), 3), 0.4, 0.3))
    assert likeness(fit_digit(ink_of(picture)), fit_digit(ink)) > 0.85


@pytest.mark.parametrize("height", [20, 30, 44])
@pytest.mark.parametrize("digit", [1, 3, 7])
def test_next_to_no_ink_on_a_clean_sheet(digit: int, height: float) -> None:
    for place in ((30, 40), (250, 60), (140, 255)):
        ink = drawn(digit, height=height, pen=2.5, canvas=SIDE, centre=place)
        assert likeness(fit_digit(ink_of(on_paper(ink, WHITE, BLACK))), fit_digit(ink)) > 0.85
        assert likeness(fit_digit(ink_of(255 - ink)), fit_digit(ink)) > 0.85


@pytest.mark.parametrize("margin", [0, 3, 20])
def test_a_tight_crop_is_read_in_the_right_polarity(margin: int) -> None:
    for digit in range(10):
        ink = drawn(digit, height=200, pen=26, canvas=SIDE)
        x, y, w, h = cv2.boundingRect(ink)
        tight = np.pad(ink[y : y + h, x : x + w], margin)
        for gray in (tight, 255 - tight):
            assert likeness(fit_digit(ink_of(gray)), fit_digit(ink)) > 0.9, digit


@pytest.mark.parametrize("side", [28, 40, 64])
def test_tiny_pictures(side: int) -> None:
    for digit in range(10):
        ink = drawn(digit, height=0.7 * side, pen=side / 10, canvas=side)
        for gray in (ink, 255 - ink):
            assert likeness(fit_digit(ink_of(gray)), fit_digit(ink)) > 0.9, digit


def test_clean_ink_comes_back_as_it_is() -> None:
    ink = drawn(3, canvas=SIDE)
    assert np.abs(ink_of(ink).astype(int) - ink).mean() < 1.5


def test_the_edge_of_a_stroke_stays_soft() -> None:
    found = ink_of(on_paper(drawn(3, canvas=SIDE), WHITE, BLACK))
    assert len(np.unique(found)) > 20


# --- no ink -----------------------------------------------------------------------------------------------


def blanks() -> Iterator[tuple[str, np.ndarray]]:
    for name, colour in (
        ("white", WHITE),
        ("black", BLACK),
        ("gray", (128, 128, 128)),
        ("red", (200, 20, 40)),
    ):
        yield name, plain(colour)
    yield "grain", grainy(plain((200, 200, 200)), 12)
    yield "jpeg grain", photographed(grainy(plain((200, 180, 150)), 15), 50)
    yield "soft shadow", photographed(grainy(shaded(plain((230, 230, 230)), 0.5, 0.4), 3))
    yield "lamp", shaded(plain((230, 230, 220)), 0.7, 1.2)
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE - 0.5
    glow = 230 * (1 - 0.4 * np.exp(-(x**2 + y**2) / 0.06))
    yield "hand's shadow", photographed(np.repeat(glow[..., None], 3, axis=2).astype(np.uint8))
    yield "lined paper", photographed(grainy(ruled((245, 243, 238), (140, 170, 215), 5), 2))
    dusty = plain((250, 250, 250))
    dusty[np.random.default_rng(0).random((SIDE, SIDE)) < 0.001] = 0
    yield "dust", dusty
    flecked = plain((250, 250, 250))
    for x in range(40, SIDE, 60):
        flecked[x : x + 4, x : x + 6] = 20
    yield "flecks", flecked


@pytest.mark.parametrize(("name", "picture"), [pytest.param(*blank, id=blank[0]) for blank in blanks()])
def test_a_blank_picture_has_no_ink(name: str, picture: np.ndarray) -> None:
    assert not ink_of(picture).any()


@pytest.mark.parametrize("shape", [(1, 1), (1, 640), (640, 1), (2, 3), (7, 7), (30, 5000), (5000, 30)])
@pytest.mark.parametrize("value", [0, 77, 255])
def test_one_colour_of_any_shape_has_no_ink(shape: tuple[int, int], value: int) -> None:
    found = ink_of(np.full(shape, value, np.uint8))
    assert found.shape == shape
    assert not found.any()


def test_random_pictures_never_fail() -> None:
    rng = np.random.default_rng(0)
    for _ in range(60):
        height, width = (2 ** rng.uniform(0, 8, 2)).astype(int)
        picture: np.ndarray = rng.integers(0, 256, (height, width, 3)).astype(np.uint8)
        if rng.random() < 0.5:
            picture = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.5, 9)).reshape(height, width, 3)
        found = ink_of(picture)
        assert found.shape == (height, width)
        assert found.dtype == np.uint8

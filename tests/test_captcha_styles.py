"""The generators: the same seed is the same picture, every length and difficulty gives visible digits."""

from __future__ import annotations

import secrets
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import captcha.image
import numpy as np
import pytest

from engine.captcha_colours import GREY, away_from, brightness, colour_of, ink_and_ground
from engine.captcha_damage import DAMAGES, damage
from engine.captcha_families import FAMILIES
from engine.captcha_grounds import GROUNDS, ground
from engine.captcha_ink import BENDS, bend
from engine.captcha_line import Setting, set_line
from engine.captcha_marks import empty
from engine.captcha_package import package_picture
from engine.captcha_struck import twigged
from engine.captcha_styles import STYLES
from engine.faces import LIBERATION, shipped_faces

FACES = shipped_faces()
NAMES = ["tutorial", "plain", "noise", "package", "overlap", "outline", "dots", "texture", "print", "colours"]


def assert_is_picture(picture: np.ndarray) -> None:
    assert picture.dtype == np.uint8
    assert picture.ndim == 3
    assert picture.shape[2] == 3
    assert 12 <= picture.shape[0] <= 400
    assert 8 <= picture.shape[1] <= 2000


def test_the_ten_styles_are_there_with_a_sentence_each() -> None:
    assert list(STYLES) == NAMES
    for name, style in STYLES.items():
        assert style.name == name
        assert style.sentence.endswith(".")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("difficulty", [1, 2, 3, 4, 5])
def test_every_length_is_drawn_and_its_ink_is_seen(name: str, difficulty: int) -> None:
    for length in range(1, 11):
        rng = np.random.default_rng((difficulty, length))
        picture = STYLES[name].draw("3141592653"[:length], difficulty, rng, FACES)
        assert_is_picture(picture)
        spread = np.ptp(np.quantile(picture.reshape(-1, 3), (0.01, 0.99), axis=0), axis=0)
        assert spread.max() > 25, f"length {length}"


@pytest.mark.parametrize("name", NAMES)
def test_longer_numbers_get_wider_pictures(name: str) -> None:
    def mean_width(text: str) -> float:
        drawn = [STYLES[name].draw(text, 2, np.random.default_rng(seed), FACES) for seed in range(6)]
        return float(np.mean([picture.shape[1] / picture.shape[0] for picture in drawn]))

    assert mean_width("2718281828") > 1.4 * mean_width("271")


@pytest.mark.parametrize("name", list(FAMILIES))
def test_a_seed_means_one_picture_also_in_two_threads(name: str) -> None:
    def drawn(seed: int) -> list[bytes]:
        rng = np.random.default_rng(seed)
        return [FAMILIES[name]("40917", rng, FACES).tobytes() for _ in range(4)]

    alone = [drawn(seed) for seed in range(4)]
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(drawn, range(4))) == alone
    assert len({picture for pictures in alone for picture in pictures}) > (1 if name != "tutorial" else 0)


@pytest.mark.parametrize("name", list(FAMILIES))
def test_families_draw_every_length(name: str) -> None:
    rng = np.random.default_rng(5)
    for length in (1, 2, 5, 10):
        for _ in range(6):
            assert_is_picture(FAMILIES[name]("8046137295"[:length], rng, FACES))


@pytest.mark.parametrize("name", NAMES)
def test_bad_arguments_are_refused_in_a_sentence(name: str) -> None:
    draw, rng = STYLES[name].draw, np.random.default_rng(0)
    for text in ("", "12345678901"):
        with pytest.raises(ValueError, match=r"has 1 to 10 digits, and this text has \d+\."):
            draw(text, 2, rng, FACES)
    for text in ("12a", "٣", "1 2"):
        with pytest.raises(ValueError, match=r"only the digits 0 to 9"):
            draw(text, 2, rng, FACES)
    for difficulty in (0, 6, -1):
        with pytest.raises(ValueError, match=r"from 1 to 5"):
            draw("12", difficulty, rng, FACES)


def test_the_tutorials_picture_is_100_by_24_with_a_digit_in_each_fifth() -> None:
    picture = STYLES["tutorial"].draw("01234", 1, np.random.default_rng(0), FACES)
    assert picture.shape == (24, 100, 3)
    ink = (picture[:, :, 0] < 128).reshape(24, 5, 20)
    assert (ink.sum(axis=(0, 2)) > 20).all()
    assert not ink[:, :, 18:].any()  # nothing is cut by the equal slices
    assert picture[0, 0].tolist() == [255, 255, 255]


# --- the captcha package ------------------------------------------------------------------------------------


def test_the_package_draws_160_by_60_and_keeps_its_own_chances() -> None:
    picture = package_picture("1234", np.random.default_rng(0))
    assert picture.shape == (60, 160, 3)
    assert captcha.image.secrets is secrets  # ours is a copy of the module
    again = package_picture("1234", np.random.default_rng(0))
    assert (picture == again).all()
    assert (picture != package_picture("1234", np.random.default_rng(1))).any()


def test_the_packages_chances_reach_their_ends() -> None:
    """`randbelow` and `randbits` stand in for those of `secrets`: the whole range, its ends too."""
    from engine.captcha_package import _secrets, _seeded

    with _seeded(np.random.default_rng(0)):
        below = [_secrets.randbelow(41) for _ in range(4000)]
        bits = [_secrets.randbits(32) for _ in range(2000)]
    assert (min(below), max(below)) == (0, 40)
    assert 0 <= min(bits) < 2**28
    assert 2**32 - 2**28 < max(bits) < 2**32


# --- the parts ----------------------------------------------------------------------------------------------


def test_colours_have_the_brightness_and_the_contrast_asked_for() -> None:
    rng = np.random.default_rng(0)
    for _ in range(200):
        bright = float(rng.uniform(0, 255))
        assert abs(brightness(colour_of(rng, bright, 1.0)) - bright) < 1e-6
        ink, paper = ink_and_ground(rng, 90)
        assert abs(float((ink - paper) @ GREY)) >= 90 - 1e-6
        assert abs(brightness(away_from(rng, paper, 60)) - brightness(paper)) >= 60 - 1e-6


def test_digits_lie_in_order_and_overlap_no_more_than_allowed() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        setting = Setting(gap=-0.5, turn=20, overlap_most=0.25)
        stamps = set_line("1380", [str(LIBERATION)], setting, rng)
        for left, right in pairwise(stamps):
            narrower = min(left.mask.shape[1], right.mask.shape[1])
            assert left.left < right.left
            assert left.right - right.left <= 0.25 * narrower + 1


@pytest.mark.parametrize("kind", list(GROUNDS))
def test_grounds_fill_the_picture_and_stay_near_their_colour(kind: str) -> None:
    rng = np.random.default_rng(0)
    for _ in range(10):
        picture = ground(rng, kind, 120, 45, np.array([120.0, 130, 140]), 20)
        assert picture.shape == (45, 120, 3)
        assert abs(float(picture.mean()) - 130) < 25
        assert picture.std() > 1


@pytest.mark.parametrize("kind", list(BENDS))
def test_bends_move_ink_without_losing_it(kind: str) -> None:
    rng = np.random.default_rng(0)
    ink = np.zeros((60, 160), np.uint8)
    ink[20:40, 60:100] = 255
    for _ in range(10):
        (bent,) = bend(rng, kind, 1.0, ink)
        assert (bent != ink).any()
        assert 0.5 < bent.sum() / ink.sum() < 2


@pytest.mark.parametrize("hurt", [hurt for hurt, _ in DAMAGES], ids=lambda hurt: hurt.__name__)
def test_damages_give_pictures_and_leave_the_original(hurt: object) -> None:
    assert callable(hurt)
    rng = np.random.default_rng(0)
    for shape in ((60, 160, 3), (13, 9, 3)):
        picture = rng.integers(0, 256, shape, np.uint8)
        before = picture.copy()
        for _ in range(5):
            after = hurt(picture, rng)
            assert after.dtype == np.uint8
            assert after.ndim == 3
            assert min(after.shape[:2]) >= 4
        assert (picture == before).all()


def test_no_damage_is_no_change() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (40, 90, 3), np.uint8)
    assert damage(picture, np.random.default_rng(1), 0.0) is picture


def test_twigs_stand_beside_the_digits_on_a_stroke_along_them() -> None:
    """Of 60 strokes with twigs, most begin outside of the line of digits and run into it."""
    begun = 0
    for seed in range(60):
        mask = empty(160, 50)
        twigged(mask, np.random.default_rng(seed), (40.0, 120.0), 3.0)
        columns = np.flatnonzero(mask.max(axis=0))
        assert len(columns) > 10
        assert ((columns > 40) & (columns < 120)).any()
        begun += columns[0] < 40 or columns[-1] >= 120
    assert begun > 50

"""The benchmark's captchas: the same seed draws the same digits, and nothing that trains knows of them."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest
from captcha.image import DEFAULT_FONTS

from benchmarks import captcha, captcha_readers, known_captchas, unseen_captchas
from benchmarks.captcha_faces import UNSEEN_FACES, FacesMissing, Style, installed
from benchmarks.captcha_readers import Answers

ROOT = Path(__file__).resolve().parent.parent
SHIPPED: list[str | Path] = [*DEFAULT_FONTS, ROOT / "engine" / "fonts" / "LiberationSans-Regular.ttf"]
STYLES = list(captcha.STYLES.values())
SIZES = {
    "tutorial": {(24, 100)},
    "package": {(60, 160)},
    "package, 12 faces": {(60, 160), (70, 200), (80, 240)},
    "svg": {(50, 150)},
    "kaptcha": {(50, 200)},
    "securimage": {(80, 215)},
    "mews": {(46, 160), (36, 120)},
}


def named(style: Style) -> str:
    return style.name


def drawn(style: Style, seed: int, count: int = 12) -> list[tuple[np.ndarray, str]]:
    rng = np.random.default_rng(seed)
    return [style.fresh(rng, SHIPPED) for _ in range(count)]


@pytest.mark.parametrize("style", STYLES, ids=named)
def test_the_seed_decides_the_pictures(style: Style) -> None:
    first, again, other = drawn(style, 3), drawn(style, 3), drawn(style, 4)
    assert [text for _, text in first] == [text for _, text in again]
    assert all(np.array_equal(a, b) for (a, _), (b, _) in zip(first, again, strict=True))
    assert [text for _, text in first] != [text for _, text in other]


@pytest.mark.parametrize("style", STYLES, ids=named)
def test_pictures_are_of_digits_and_of_the_style_s_size(style: Style) -> None:
    made = drawn(style, 0, 30)
    assert {len(text) for _, text in made} == set(style.lengths)
    for picture, text in made:
        assert text.isdecimal()
        assert text.isascii()
        assert picture.dtype == np.uint8
        assert picture.shape[2] == 3
        assert picture.shape[:2] in SIZES.get(style.name, {picture.shape[:2]})


@pytest.mark.parametrize("style", STYLES, ids=named)
def test_the_text_is_what_is_drawn(style: Style) -> None:
    """With the same chance, other digits of the same number change the picture, widely enough to see it."""
    changed = []
    for seed in range(8):
        pictures = [
            style.draw(text, np.random.default_rng(seed), SHIPPED[:1]).astype(int)
            for text in ("11111", "88888")
        ]
        assert pictures[0].shape == pictures[1].shape
        changed.append(np.mean(np.abs(pictures[0] - pictures[1]).max(axis=2) > 30))
    assert np.median(changed) > 0.02


def test_missing_faces_are_named(tmp_path: Path) -> None:
    with pytest.raises(FacesMissing, match=r"apt install .*fonts-agave .*fonts-sora"):
        installed(UNSEEN_FACES, tmp_path)


@pytest.mark.parametrize("style", unseen_captchas.STYLES.values(), ids=named)
def test_the_installed_faces_have_every_digit(style: Style) -> None:
    try:
        faces = installed(style.usual)
    except FacesMissing as missing:
        pytest.skip(str(missing))
    for face in faces:
        shapes = {style.draw(digit, np.random.default_rng(1), [face]).tobytes() for digit in "0123456789"}
        assert len(shapes) == 10, face


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def test_what_trains_and_what_tests_know_nothing_of_each_other() -> None:
    generators = [ROOT / "benchmarks" / f"{name}_captchas.py" for name in ("known", "unseen")]
    for path in [*generators, ROOT / "benchmarks" / "captcha_faces.py"]:
        assert not [name for name in imports(path) if name.startswith("engine")], path.name
    for path in [*(ROOT / "engine").rglob("*.py"), *(ROOT / "ui").rglob("*.py")]:
        assert not [name for name in imports(path) if name.startswith("benchmarks")], path.name


def test_fresh_pictures_do_not_depend_on_what_else_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    style = known_captchas.STYLES["package"]  # it has its own face
    few, texts = captcha.fresh(style, 2, 5)
    many, more = captcha.fresh(style, 3, 5)
    assert texts == more[:2]
    assert np.array_equal(few[1], many[1])


@pytest.mark.parametrize(
    ("read", "text", "distance"),
    [("", "", 0), ("", "123", 3), ("123", "123", 0), ("1223", "123", 1), ("13", "123", 1), ("31", "13", 2)],
)
def test_edit_distance(read: str, text: str, distance: int) -> None:
    assert captcha.edit_distance(read, text) == captcha.edit_distance(text, read) == distance


def test_scores() -> None:
    texts = ["1234", "567890"]
    poor, good = Answers(["", "56789"], 1.0, "poor"), Answers(["1234", "56780"], 2.0, "good")
    assert captcha.best([poor, good], texts) == captcha.Score(0.5, 0.9, 2.0, "good")
    assert captcha.score(Answers(["99999999999999", "0"], 1.0), texts).characters == 0


def test_the_best_path_drops_repeats_and_blanks() -> None:
    columns = [0, 2, 2, 0, 2, 10, 10, 1, 0]  # 0 is the blank, 1 the digit 0
    assert captcha_readers.best_path(np.eye(11)[columns]) == "1190"

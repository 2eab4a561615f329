"""What befalls a line after it is drawn leaves it readable."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from engine.captcha import column_probabilities
from engine.captcha_styles import STYLES
from engine.checkpoint import load_pretrained
from engine.decoding import decode
from engine.faces import shipped_faces
from engine.line import HEIGHT, line_of
from engine.line_damage import battered, lens, strokes, waves

Damage = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def drawn(seed: int) -> tuple[np.ndarray, str]:
    rng = np.random.default_rng(seed)
    text = "".join(map(str, rng.integers(0, 10, 5)))
    return line_of(STYLES["plain"].draw(text, 2, rng, shipped_faces()), 136), text


@pytest.mark.parametrize("damage", [waves, lens, strokes])
def test_a_damaged_line_differs_and_mostly_reads_the_same(damage: Damage) -> None:
    network = load_pretrained("captcha")
    right = 0
    for seed in range(20):
        line, text = drawn(seed)
        before = line.copy()
        damaged = damage(line, np.random.default_rng((9, seed)))
        assert damaged.shape == line.shape
        assert damaged.dtype == np.uint8
        assert not np.array_equal(damaged, line)
        np.testing.assert_array_equal(line, before)
        right += decode(column_probabilities(network, damaged[None])[0])[0] == text
    assert right >= 15


def test_strokes_are_as_bright_as_the_ink_at_most() -> None:
    line, _ = drawn(1)
    faint = (line // 3).astype(np.uint8)
    assert strokes(faint, np.random.default_rng(2)).max() <= faint.max()


def test_a_lens_moves_no_corner_far() -> None:
    grid = np.zeros((HEIGHT, 104), np.uint8)
    grid[::8] = grid[:, ::8] = 255
    bent = lens(grid, np.random.default_rng(0))
    assert cv2.absdiff(bent, grid).mean() > 1
    assert 0.6 < bent.mean() / grid.mean() < 1.6


def test_some_lines_are_only_shaken_and_all_have_the_width() -> None:
    line, _ = drawn(3)
    rng = np.random.default_rng(5)
    results = [battered(line, 152, rng) for _ in range(30)]
    assert {one.shape for one in results} == {(HEIGHT, 152)}
    assert len({one.tobytes() for one in results}) == 30

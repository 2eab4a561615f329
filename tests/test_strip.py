"""The tutorial's picture: drawn, cut into equal slices, and what becomes of each."""

from __future__ import annotations

import numpy as np
import pytest

from engine.strip import cut, draw_strip, prepare, shrink, strip_of


def test_the_strip() -> None:
    strip = draw_strip()
    assert strip.shape == (24, 100)
    assert strip.dtype == np.uint8
    assert strip.max() == 255  # paper
    assert strip.min() < 10  # ink
    columns = (strip < 128).any(axis=0)
    assert np.count_nonzero(np.diff(columns.astype(int)) == 1) == 5  # five digits, apart
    np.testing.assert_array_equal(strip, draw_strip())


def test_each_slice_holds_its_digit_whole() -> None:
    for part in cut(draw_strip()):
        assert part.shape == (24, 20)
        assert (part[:, [0, -1]] > 128).all()
        assert (part < 128).sum() > 20


def test_the_same_digit_looks_alike_wherever_it_stands() -> None:
    first, *others = strip_of("3 3 3 3 3").shrunk
    for other in others:
        assert np.count_nonzero(first != other) < 20


def test_a_slice_becomes_what_the_network_gets() -> None:
    part = np.full((24, 20), 255, np.uint8)
    part[6:18, 5:15] = 0
    small = shrink(part)
    assert small.shape == (8, 8)
    assert small.dtype == np.float32
    assert small[0, 0] == pytest.approx(0.01)
    assert small[4, 4] == pytest.approx(1.0)


def test_the_stages_of_a_strip() -> None:
    strip = strip_of()
    assert len(strip.slices) == 5
    assert strip.shrunk.shape == strip.inputs.shape == (5, 8, 8)
    assert strip.shrunk.dtype == np.uint8
    np.testing.assert_allclose(strip.inputs, strip.shrunk / 255 * 0.99 + 0.01, atol=1e-6)
    with pytest.raises(ValueError, match="read-only"):
        strip.inputs[0, 0, 0] = 1


def test_a_blank_strip_is_all_paper() -> None:
    assert (draw_strip("") == 255).all()
    assert prepare(draw_strip("   ")).inputs == pytest.approx(0.01)


@pytest.mark.parametrize("shape", [(24, 101), (1, 5), (3000, 7), (1, 40_000)])
def test_other_sizes_are_cut_too(shape: tuple[int, int]) -> None:
    strip = prepare(np.zeros(shape, np.uint8))
    widths = [part.shape[1] for part in strip.slices]
    assert sum(widths) == shape[1]
    assert max(widths) - min(widths) <= 1
    assert strip.inputs == pytest.approx(1.0)


def test_what_cannot_be_used_is_said() -> None:
    with pytest.raises(ValueError, match="digits and spaces, not 'abc'"):
        draw_strip("abc")
    with pytest.raises(ValueError, match="too long for a strip of 100 pixels"):
        draw_strip("0 1 2 3 4 5")
    with pytest.raises(ValueError, match="1 pixels wide can't be cut into 5 slices"):
        cut(np.zeros((1, 1), np.uint8))
    with pytest.raises(ValueError, match="into 0 slices"):
        cut(np.zeros((24, 100), np.uint8), 0)
    with pytest.raises(ValueError, match="a grey picture is a uint8 array"):
        shrink(np.zeros((24, 20), np.float32))
    with pytest.raises(ValueError, match="a grey picture is a uint8 array"):
        cut(np.zeros((24, 100, 3), np.uint8))

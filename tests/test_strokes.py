from math import pi
from pathlib import Path

import numpy as np
import pytest

from engine import strokes
from engine.strokes import Hand, draw, load_strokes, render, smooth, vary


def line(*points: tuple[float, float]) -> np.ndarray:
    return np.array(points, np.float32)


def inked(ink: np.ndarray) -> float:
    """Pixels of ink."""
    return float(ink.sum()) / 255


@pytest.mark.parametrize("width", [0.7, 1, 1.5, 2, 3, 4.4, 8, 15])
@pytest.mark.parametrize("shift", [0.0, 0.3, 0.5])
def test_a_horizontal_line_has_its_width_and_length(width: float, shift: float) -> None:
    long = render([line((20, 50 + shift), (80, 50 + shift))], width, 100)
    short = render([line((20, 50 + shift), (50, 50 + shift))], width, 100)
    assert inked(long) - inked(short) == pytest.approx(30 * width, rel=0.02)  # the caps cancel out
    assert inked(short) - 30 * width == pytest.approx(pi * width**2 / 4, abs=0.11 * width**2 + 0.3)


@pytest.mark.parametrize("angle", [0.2, 0.6, 0.785, 1.2])
def test_a_slanted_line_is_as_wide_as_a_level_one(angle: float) -> None:
    along = np.array([np.cos(angle), np.sin(angle)])
    ways = [np.array([[50, 50] - half * along, [50, 50] + half * along], np.float32) for half in (15, 30)]
    short, long = (inked(render([way], 5, 100)) for way in ways)
    assert long - short == pytest.approx(30 * 5, rel=0.04)


def test_pixels_are_covered_from_corner_to_corner() -> None:
    exact = render([line((11, 5), (11, 25))], 2, (30, 20))
    assert exact.shape == (30, 20)
    assert exact[15, 8:14].astype(int) == pytest.approx(np.array([0, 0, 255, 255, 0, 0]), abs=32)  # to 1/8 px
    between = render([line((11.5, 5), (11.5, 25))], 2, (30, 20))[15, 9:14].astype(int)
    assert between[[0, 4]].tolist() == [0, 0]
    assert between[2] == 255
    assert between[[1, 3]] == pytest.approx(np.array([128, 128]), abs=32)
    assert between.sum() == pytest.approx(2 * 255, abs=4)


def test_caps_are_round() -> None:
    ink = render([line((30, 50), (70, 50))], 20, 100)
    assert ink[50, 78] == 255  # nearly a pen's radius beyond the end
    assert ink[50, 81] == 0
    assert ink[42, 78] == 0  # where a square cap would have its corner
    assert ink[42, 68] == 255


def test_joins_are_round() -> None:
    ink = render([line((20, 80), (20, 20), (80, 20))], 20, 100, steps=0)
    assert ink[17, 12] == 255
    assert ink[11, 11] == 0  # a sharp corner would fill it


def test_a_single_point_is_a_dot() -> None:
    ink = render([line((30, 20))], 12, (40, 60))
    assert inked(ink) == pytest.approx(pi * 36, rel=0.06)
    y, x = np.nonzero(ink)
    assert (x.mean() + 0.5, y.mean() + 0.5) == pytest.approx((30, 20), abs=0.25)


def test_crossing_lines_leave_no_gap() -> None:
    ink = render([line((10, 30), (50, 30)), line((30, 10), (30, 50))], 4.4, 60)
    assert (ink[29:31, 12:48] == 255).all()
    assert (ink[12:48, 29:31] == 255).all()


def test_nothing_drawn_is_blank() -> None:
    assert not render([], 5, 30).any()


def test_smoothing_keeps_ends_and_stays_within_the_corner() -> None:
    corner = line((0, 0), (10, 0), (10, 10))
    curve = smooth(corner, 8)
    assert curve[0].tolist() == [0, 0]
    assert curve[-1].tolist() == [10, 10]
    assert curve.dtype == np.float32
    assert (curve >= 0).all()
    assert (curve <= 10).all()
    assert np.hypot(*(curve - [8.75, 1.25]).T).min() < 1e-5  # half way from (5, 0) to (10, 5)
    turns = np.diff(np.arctan2(*np.diff(curve, axis=0).T[::-1]))
    assert np.abs(turns).max() < 0.35  # no sharp turn is left


def test_a_point_given_twice_stays_a_corner() -> None:
    curve = smooth(line((0, 0), (10, 0), (10, 0), (10, 10)), 8)
    assert np.hypot(*(curve - [10, 0]).T).min() < 1e-6


def test_few_points_need_no_smoothing() -> None:
    two = line((1, 2), (3, 4))
    assert np.array_equal(smooth(two), two)
    assert np.array_equal(smooth(two[:1]), two[:1])


def write_recordings(path: Path) -> None:
    np.savez(
        path,
        points=np.array([[0, 0], [10, 40], [5, 5], [6, 7], [8, 9]], np.int16),
        stroke_offsets=np.array([0, 2, 3, 5], np.int32),
        sample_offsets=np.array([0, 2, 3], np.int32),
        labels=np.array([4, 7], np.uint8),
        writers=np.array([3, 12], np.uint8),
    )


def test_recordings_are_read_with_y_down(tmp_path: Path) -> None:
    write_recordings(tmp_path / "pen.npz")
    four, seven = load_strokes(tmp_path / "pen.npz")
    assert (four.label, four.writer, seven.label, seven.writer) == (4, "3", 7, "12")
    assert [stroke.tolist() for stroke in four.strokes] == [[[0, 0], [10, -40]], [[5, -5]]]
    assert [stroke.tolist() for stroke in seven.strokes] == [[[6, -7], [8, -9]]]


FOUR = [line((20, 0), (0, 60), (60, 60)), line((45, 30), (45, 100))]


def test_variation_repeats_with_its_seed_and_leaves_its_input() -> None:
    before = [stroke.copy() for stroke in FOUR]
    first, again, other = (vary(FOUR, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.allclose(first[1][-1], other[1][-1])
    assert all(np.array_equal(a, b) for a, b in zip(before, FOUR, strict=True))


def test_variation_has_a_box_of_one() -> None:
    for seed in range(20):
        varied = vary(FOUR, np.random.default_rng(seed))
        assert len(varied) == 2
        points = np.concatenate(varied)
        assert points.dtype == np.float32
        low, high = points.min(0), points.max(0)
        assert (high - low).max() == pytest.approx(1, abs=1e-5)
        assert low + high == pytest.approx([0, 0], abs=1e-5)


def test_a_still_hand_only_centres_and_scales() -> None:
    still = Hand(0, 0, 0, 0, 0, 0, 0, density=(40, 40.001))
    left, down = vary(FOUR, np.random.default_rng(0), still)
    assert left[[0, -1]] == pytest.approx(np.array([[-0.1, -0.5], [0.3, 0.1]]), abs=0.01)
    assert down[[0, -1]] == pytest.approx(np.array([[0.15, -0.2], [0.15, 0.5]]), abs=0.01)


def test_ends_move_no_further_than_asked() -> None:
    hand = Hand(0, 0, 0, 0, 0, 0, ends=0.1)
    lengths = []
    for seed in range(50):
        bar, _ = vary([line((0, 0), (50, 0)), line((25, -50), (25, 50))], np.random.default_rng(seed), hand)
        lengths.append(float(np.ptp(bar[:, 0])))  # 0.5 of a height that itself changes by a tenth or two
    assert min(lengths) > 0.3
    assert max(lengths) < 0.85
    assert np.ptp(lengths) > 0.1


def test_a_dot_can_be_varied_and_drawn() -> None:
    rng = np.random.default_rng(0)
    dot = vary([line((3, 3)), line((3, 3), (3, 3))], rng, Hand(tremble=0, joints=0))
    assert np.isfinite(np.concatenate(dot)).all()
    assert draw(dot, rng).any()


def test_drawings_fit_their_canvas() -> None:
    for seed in range(30):
        rng = np.random.default_rng(seed)
        ink = draw(vary(FOUR, rng), rng)
        assert ink.dtype == np.uint8
        assert 30 < max(ink.shape) < 100
        assert ink.max() > 100
        edges = np.concatenate([ink[0], ink[-1], ink[:, 0], ink[:, -1]])
        assert not edges.any()


def test_pens_have_the_widths_asked_for() -> None:
    bar = [line((-0.1, -0.5), (-0.1, 0.5))]
    covered = {
        pen: [inked(draw(bar, np.random.default_rng(s), (pen, pen))) for s in range(40)]
        for pen in (0.05, 0.2)
    }
    ratio = np.median(covered[0.2]) / np.median(covered[0.05])
    assert ratio == pytest.approx(4 * (1 + 0.2 * pi / 4) / (1 + 0.05 * pi / 4), rel=0.08)


def test_uneven_pressure_changes_the_width_along_the_way() -> None:
    bar = smooth(line(*[(20.0, 20.0 + 3 * step) for step in range(30)]), 3)
    pieces = strokes._pressed([bar], 8, np.random.default_rng(0))
    widths = inked_rows(strokes.render_pieces(pieces, (130, 40)))[25:100]
    assert widths.min() < 7.5
    assert widths.max() > 8.5
    assert widths.min() > 5


def inked_rows(ink: np.ndarray) -> np.ndarray:
    return np.asarray(ink.sum(1) / 255)

"""Where each digit of a captcha stands."""

import numpy as np
import pytest

from engine.captcha import read
from engine.captcha_boxes import WIDE, spans
from engine.captcha_styles import STYLES
from engine.faces import shipped_faces
from engine.line import HEIGHT, line_of, place_in


def bars(*places: tuple[int, int], width: int = 136) -> np.ndarray:
    """A line with a bar of ink from each first column to before each last, rows 8 to 32."""
    line = np.zeros((HEIGHT, width), np.uint8)
    for first, end in places:
        line[8:32, first:end] = 255
    return line


def test_a_box_ends_where_the_ink_does() -> None:
    line = bars((20, 24), (30, 34), (40, 58))
    assert spans(line, (22, 32, 49), (0, 40), (40, 136)) == [(20, 24), (30, 34), (40, 58)]


def test_boxes_are_in_pixels_of_the_picture() -> None:
    line = bars((20, 24), (40, 58))
    assert spans(line, (66, 147), (0, 120), (120, 408)) == [(60, 72), (120, 174)]


def test_touching_digits_are_parted_where_the_least_ink_is() -> None:
    line = bars((20, 38), (42, 60))
    line[18:25, 38:42] = 255  # tall enough to count
    assert spans(line, (29, 51), (0, 40), (40, 136)) == [(20, 40), (40, 60)]


def test_a_stroke_through_all_digits_ends_at_a_digits_reach() -> None:
    line = bars((60, 70))
    line[19:22] = 255
    (first, end), *_ = spans(line, (65,), (0, 40), (40, 136))
    assert (first, end) == (65 - round(WIDE * HEIGHT), 65 + round(WIDE * HEIGHT))


def test_a_speck_beside_a_digit_is_no_part_of_it() -> None:
    line = bars((20, 24), (50, 66))
    line[12:16, 44:46] = line[20:24, 72:74] = 255
    line[30:32, 67:68] = 255  # as near as a part of a broken digit
    assert spans(line, (22, 58), (0, 40), (40, 136)) == [(20, 24), (50, 68)]


def test_a_digit_without_ink_has_a_box_within_the_picture() -> None:
    for middle in (0, 3, 135):
        ((first, end),) = spans(bars(), (middle,), (0, 40), (40, 136))
        assert 0 <= first < end <= 136
    assert spans(bars(), (), (0, 40), (40, 136)) == []


@pytest.mark.parametrize("text", ["1110", "0111", "17701", "4", "88"])
def test_all_ink_lies_in_some_box(text: str) -> None:
    """A wide digit beside narrow ones is not cut."""
    for seed in range(6):
        picture = STYLES["plain"].draw(text, 1, np.random.default_rng(seed), shipped_faces())
        reading = read(picture)
        assert reading.text == text
        ink = (line_of(picture) > 128).sum(axis=0)
        scale, shift = place_in(len(ink), *picture.shape[:2])
        covered = np.zeros(len(ink), bool)
        for character in reading.characters:
            x, _, width, _ = character.box
            covered[int((x - shift) / scale) : round((x + width - shift) / scale) + 1] = True
        assert ink[covered].sum() >= 0.98 * ink.sum()

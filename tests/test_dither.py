"""Faxes and old GIFs are read as what they were made of; other pictures stay as they are."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from engine.captcha import generate
from engine.dither import is_dithered, undithered
from engine.numbers import read_number
from tests.browser import ROOT

NUMBERS = {"note.jpg": "4071\n29358\n660", "cheque.jpg": "184500"}


@pytest.mark.parametrize("mode", ["1", "P"])
@pytest.mark.parametrize("name", NUMBERS)
def test_a_dithered_page_is_read(name: str, mode: str) -> None:
    picture = Image.open(ROOT / "ui/examples/numbers" / name).convert("RGB").convert(mode)
    assert is_dithered(np.asarray(picture.convert("RGB")))
    assert read_number(picture).text == NUMBERS[name]


@pytest.mark.parametrize("name", NUMBERS)
def test_a_page_is_not_taken_for_dithered(name: str) -> None:
    picture = np.asarray(Image.open(ROOT / "ui/examples/numbers" / name).convert("RGB"))
    assert undithered(picture) is picture


@pytest.mark.parametrize("style", ["plain", "print", "texture"])
def test_printed_numbers_and_small_pictures_stay(style: str) -> None:
    picture, _ = generate(6, 5, 3, style)
    assert undithered(picture) is picture
    for shape in ((1, 1), (1, 2), (5, 2), (2, 5)):
        blank = np.zeros((*shape, 3), np.uint8)
        assert undithered(blank) is blank

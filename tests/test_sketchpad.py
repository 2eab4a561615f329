"""What the sketchpad's value may be: the browser's word is not taken for it."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from engine.images import PictureError
from ui.sketchpad import MAX_CHARACTERS, MAX_SIDE, SCRIPT, SIDE, open_sketch, sketchpad, template


def data_url(image: Image.Image, kind: str = "PNG") -> str:
    out = io.BytesIO()
    image.save(out, kind)
    return "data:image/png;base64," + base64.b64encode(out.getvalue()).decode()


def test_ink_is_what_is_dark() -> None:
    paper = Image.new("RGBA", (SIDE, SIDE), "white")
    paper.paste("black", (10, 20, 30, 60))
    ink = open_sketch(data_url(paper))
    assert ink is not None
    assert ink.shape == (SIDE, SIDE)
    assert ink.dtype == np.uint8
    assert ink[20:60, 10:30].min() == 255
    assert ink.sum() == 40 * 20 * 255


@pytest.mark.parametrize("blank", ["", None])
def test_blank_paper_is_none(blank: str | None) -> None:
    assert open_sketch(blank) is None


@pytest.mark.parametrize(
    ("sketch", "why"),
    [
        ("hello", "not a PNG"),
        ("data:image/svg+xml;base64,PHN2Zy8+", "not a PNG"),
        ("data:image/png;base64,", "damaged"),
        ("data:image/png;base64,!!!!", "damaged"),
        ("data:image/png;base64,iVBORw0KGgo=", "damaged"),
        (data_url(Image.new("L", (8, 8)), "JPEG"), "damaged"),
        (data_url(Image.new("L", (140, 140)))[:-40], "damaged"),
        (data_url(Image.new("L", (MAX_SIDE + 1, 1))), "too large"),
        ("data:image/png;base64," + "A" * MAX_CHARACTERS, "too large"),
        (["data:image/png;base64,"], "not a PNG"),
        ({"path": "/etc/passwd"}, "not a PNG"),
    ],
)
def test_anything_else_is_refused_with_a_sentence(sketch: str, why: str) -> None:
    with pytest.raises(PictureError, match=why) as refused:
        open_sketch(sketch)
    assert re.fullmatch(r"The .*\.", str(refused.value))


def test_the_script_and_markup_survive_gradios_templates() -> None:
    """Gradio reads both {{…}} and ${…} as its own in a template; a backtick would end it."""
    assert not re.search(r"\{\{|\$\{|`|\\", template("label", "hint"))
    assert "use strict" not in SCRIPT  # it is a function's body


def test_it_fetches_nothing() -> None:
    assert not re.search(r"https?:|//[a-z]+\.", SCRIPT + template("label", "hint"))


def test_the_pad_starts_blank_with_a_label() -> None:
    pad = sketchpad("Draw a digit", "here", elem_id="pad")
    assert pad.value == ""
    assert pad.html_template.count('aria-label="Draw a digit"') == 1


def test_a_screen_reader_is_told_the_keys_and_what_else_draws() -> None:
    pad = sketchpad("Draw a digit", "here", elem_id="pad", instead="Buttons draw too.")
    told = "Draw a digit. Keys: B pen, E eraser, Z undo, Y redo, C clear, [ and ] pen size. Buttons draw too."
    assert f'<canvas tabindex="0" role="img" aria-label="{told}">' in pad.html_template

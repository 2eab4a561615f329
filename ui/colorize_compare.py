"""Before and after in one picture: our own, because it is sent a small JPEG and keeps where its line was."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import gradio as gr
import numpy as np
from PIL import Image

SCRIPT = (Path(__file__).parent / "colorize_compare.js").read_text(encoding="utf-8")
MARKUP = """
<div class="compare empty">
  <div class="frames">
    <img class="after" alt="the coloured photo"><img class="before" alt="">
    <span class="said" aria-hidden="true"></span><span class="coloured" aria-hidden="true">coloured</span>
    <span class="line" aria-hidden="true"></span>
    <input type="range" min="0" max="100" value="50" step="0.5" aria-label="Before and after">
  </div>
  <div class="choices" role="group" aria-label="Compare with" hidden></div>
</div>"""


def compare(*, canvas: str, elem_id: str) -> gr.HTML:
    """Nothing yet. canvas: the elem_id of the hint canvas, which is told of each coloured picture."""
    return gr.HTML(
        value="",
        html_template=MARKUP,
        js_on_load=SCRIPT,
        apply_default_css=False,
        elem_id=elem_id,
        canvas=canvas,
        before=None,
        after=None,
    )


def photo_uri(picture: np.ndarray) -> str:
    """A picture (H, W, 3) uint8 as a JPEG with all of its colour resolution, for the page."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=88, subsampling=0)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")

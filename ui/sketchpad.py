"""The sketchpad: a sheet of paper in the page that says what is on it while the pen still moves.

It is a `gr.HTML` around one <canvas>, and a function instead of a subclass because Gradio writes a .pyi file
beside the source of every subclass of a component. The scripts draw, keep the strokes and send; its value
is "" while the paper is blank and else a small PNG as a data URL, which `open_sketch` opens.
"""

import base64
import binascii
import io
from pathlib import Path

import gradio as gr
import numpy as np
from PIL import Image, UnidentifiedImageError

from engine.images import PictureError

SIDE = 140  # pixels of the picture that the pad sends: five for each that a network sees
EVERY_MS = 80  # while the pen moves, at most one picture in that time
MAX_CHARACTERS = 200_000  # of a data URL; a drawing needs some 5,000
MAX_SIDE = 1024
PREFIX = "data:image/png;base64,"


def script(*parts: str) -> str:
    """The files of a component's script, joined: Gradio runs it as one function's body."""
    return "\n".join((Path(__file__).parent / part).read_text(encoding="utf-8") for part in parts)


SCRIPT = script("sketchpad.js", "canvas_tools.js", "sketchpad_storage.js", "sketchpad_player.js")

ICONS = {
    "pen": "M4 20l1-4L16.5 4.5a2.1 2.1 0 0 1 3 3L8 19l-4 1zM14.5 6.5l3 3",
    "eraser": "M8 20h12M9 9l6.5 6.5"
    "M5.2 12.9l7.7-7.7a2 2 0 0 1 2.8 0l4.1 4.1a2 2 0 0 1 0 2.8L12 20H8.5l-3.3-3.3a2.7 2.7 0 0 1 0-3.8z",
    "undo": "M9 14L4 9l5-5M4 9h10a6 6 0 0 1 0 12h-3",
    "redo": "M15 14l5-5-5-5M20 9H10a6 6 0 0 0 0 12h3",
    "clear": "M4 7h16M10 11v6M14 11v6M6 7l1 13h10l1-13M9 7V4h6v3",
}
KEYS = {"pen": "B", "eraser": "E", "undo": "Z", "redo": "Y", "clear": "C"}


def sketchpad(label: str, hint: str, *, elem_id: str, instead: str = "", kept_as: str = "") -> gr.HTML:
    """A square pad with its tools. `label` is what a screen reader says, `hint` lies on the blank paper.

    instead: a sentence for who can't draw. kept_as: what the drawing is called in the storage of this
    tab of the browser, from where it comes back when the page is loaded again; "" keeps none.
    """
    return gr.HTML(
        value="",
        html_template=template(label, hint, instead),
        js_on_load=SCRIPT,
        apply_default_css=False,
        elem_id=elem_id,
        side=SIDE,
        every_ms=EVERY_MS,
        kept_as=kept_as,
    )


def template(label: str, hint: str, instead: str = "") -> str:
    """The pad's markup: paper with the canvas, then the tools."""
    keys = ", ".join(f"{key} {name}" for name, key in KEYS.items())
    told = f"{label}. Keys: {keys}, [ and ] pen size. {instead}".strip()
    return f"""
<div class="pad blank" role="group" aria-label="{label}">
  <div class="paper">
    <canvas tabindex="0" role="img" aria-label="{told}"></canvas>
    <p class="hint" aria-hidden="true">{hint}</p>
    <div class="nib" hidden></div>
  </div>
  <div class="tools" role="toolbar" aria-label="Drawing tools">
    {tool("pen", pressed=True)}{tool("eraser", pressed=False)}
    <label title="Pen size ([ and ])"><span class="dot" style="width:4px;height:4px"></span>
      <input type="range" min="2" max="16" value="7" aria-label="Pen size">
      <span class="dot" style="width:11px;height:11px"></span></label>
    <span class="gap"></span>
    {tool("undo")}{tool("redo")}{tool("clear")}
  </div>
</div>"""


def tool(name: str, pressed: bool | None = None) -> str:
    """One button; `pressed` is given for the two that stay down."""
    label, key = name.capitalize(), KEYS[name]
    state = "" if pressed is None else f' aria-pressed="{str(pressed).lower()}"'
    return (
        f'<button type="button" data-does="{name}" title="{label} ({key})" aria-label="{label}"{state}>'
        f'<svg viewBox="0 0 24 24" aria-hidden="true"><path d="{ICONS[name]}"/></svg></button>'
    )


def open_sketch(sketch: str | None) -> np.ndarray | None:
    """The ink that the pad sent: uint8 (H, W), 255 is ink, 0 is paper; None while the paper is blank.

    The value comes from a browser, so nothing about it is trusted: raises PictureError unless it is a PNG in
    a data URL, at most MAX_CHARACTERS long and MAX_SIDE on each side.
    """
    if not sketch:
        return None
    if not isinstance(sketch, str) or not sketch.startswith(PREFIX):
        raise PictureError("The sketchpad sent something that is not a PNG.")
    if len(sketch) > MAX_CHARACTERS:
        raise PictureError(f"The drawing is too large: {len(sketch):,} bytes, at most {MAX_CHARACTERS:,}.")
    try:
        data = base64.b64decode(sketch[len(PREFIX) :], validate=True)
        with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
            if max(image.size) > MAX_SIDE:
                size = f"{image.width} × {image.height}"
                raise PictureError(f"The drawing is too large: {size} pixels, at most {MAX_SIDE} a side.")
            return 255 - np.asarray(image.convert("L"))
    except (binascii.Error, UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        if isinstance(error, PictureError):
            raise
        raise PictureError("The drawing could not be opened: the PNG is damaged.") from error

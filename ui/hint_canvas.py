"""The hint canvas: a photo in the page on which a person says what colour something has.

Like the sketchpad a `gr.HTML` around one <canvas>, and a function. The scripts keep the hints; the value is
"" or JSON, `{"photo": number, "strokes": [{"points": [[x, y]], "colour": "#rrggbb", "radius": r}]}`, with
lengths in units of the photo's width. Nothing about it is trusted: `ui.colorize_photo.from_page` reads it.
"""

from __future__ import annotations

import gradio as gr

from ui.sketchpad import script, tool

EVERY_MS = 160  # while the pen moves, at most one message in that time
SCRIPT = script("hint_canvas.js", "canvas_tools.js", "hint_colours.js", "hint_pointer.js", "hint_keys.js")
USE = "Arrow keys move, Enter asks for likely colours, 1 to 5 choose one."
# Only a and b of a colour count: how light a place is the photo says.
PALETTE = {
    "Skin": "#d9a27e",
    "Red": "#c23b32",
    "Orange": "#dd7a2c",
    "Yellow": "#e2c13c",
    "Leaf green": "#7da33a",
    "Green": "#3c8a46",
    "Teal": "#2f968c",
    "Sky blue": "#6fb1e0",
    "Blue": "#3160b4",
    "Violet": "#7a519f",
    "Pink": "#dd88a8",
    "Brown": "#7d5230",
    "Gray": "#8a8a8a",
}
EYE = (
    "M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12z"
    "M12 9.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6z"
)


def hint_canvas(label: str, first: str, hint: str, *, opener: str, elem_id: str) -> gr.HTML:
    """The canvas with its tools. `label` is what a screen reader says; `first` lies on it while it is empty,
    `hint` while the photo has no hints; opener: the elem_id of the gr.UploadButton that opens photos.
    """
    return gr.HTML(
        value="",
        html_template=template(label, first, hint),
        js_on_load=SCRIPT,
        apply_default_css=False,
        elem_id=elem_id,
        every_ms=EVERY_MS,
        opener=opener,
        ground=None,
        likely=None,
    )


def template(label: str, first: str, hint: str) -> str:
    """The canvas' markup: the photo, the palette, the tools."""
    return f"""
<div class="hints empty blank" role="group" aria-label="{label}">
  <div class="stage">
    <canvas tabindex="0" role="img" aria-label="{label}. {USE}"></canvas>
    <p class="first" aria-hidden="true">{first}</p><p class="hint" aria-hidden="true">{hint}</p>
    <div class="nib" hidden></div>
    <div class="offer" role="group" aria-label="Likely colours here" hidden></div>
  </div>
  <div class="palette" role="group" aria-label="Colours">
    {"".join(swatch(name, colour) for name, colour in PALETTE.items())}
    <label class="own" title="Any other colour">
      <input type="color" value="#d9a27e" aria-label="Any other colour"></label>
  </div>
  <div class="tools" role="toolbar" aria-label="Hint tools">
    {tool("pen", pressed=True)}{tool("eraser", pressed=False)}
    <label title="Pen size ([ and ])"><span class="dot" style="width:4px;height:4px"></span>
      <input type="range" min="8" max="100" value="24" aria-label="Pen size">
      <span class="dot" style="width:11px;height:11px"></span></label>
    <span class="gap"></span>
    {eye()}{tool("undo")}{tool("redo")}{tool("clear")}
  </div>
</div>"""


def swatch(name: str, colour: str) -> str:
    """One colour of the palette."""
    return (
        f'<button type="button" data-colour="{colour}" style="--colour:{colour}" title="{name}" '
        f'aria-label="{name}" aria-pressed="false"></button>'
    )


def eye() -> str:
    """The button that lays the coloured photo under the hints."""
    label = "Show the colours under the hints"
    return (
        f'<button type="button" data-does="beneath" title="{label} (V)" aria-label="{label}" '
        f'aria-pressed="false"><svg viewBox="0 0 24 24" aria-hidden="true"><path d="{EYE}"/></svg></button>'
    )

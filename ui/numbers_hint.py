"""Under the pad where it clearly holds several digits: what they read as a whole, and the way to the section
Whole numbers, which shows how.
"""

import gradio as gr

from engine.checkpoint import CheckpointError
from engine.images import PictureError
from engine.number_lines import holds_several
from engine.numbers import read_number_ink
from ui.sketchpad import open_sketch

SEVERAL = '<p class="several" role="status">{said} <button type="button">{does}</button></p>'
LINE = "\n"
ASKED = "More than one digit?"
OPEN_SCRIPT = """
element.addEventListener("click", (event) => {
  if (!event.target.closest("button")) return;
  const section = document.querySelector("#numbers");
  const closed = section.querySelector("button:not(.open)");
  closed?.click();
  // Not before it has grown to its height.
  setTimeout(() => section.scrollIntoView({behavior: "smooth", block: "start"}), closed ? 300 : 0);
});"""


def hint(sketch: str | None) -> str:
    """The sentence, or ""."""
    try:
        ink = open_sketch(sketch)
    except PictureError:
        return ""
    if ink is None or not holds_several(ink):
        return ""
    try:
        text = read_number_ink(ink).text
    except CheckpointError:
        text = ""
    if not text:
        return SEVERAL.format(said=ASKED, does="Read the whole number")
    return SEVERAL.format(said=f"{ASKED} As a whole <b>{text.replace(LINE, ' / ')}</b>.", does="Show how")


def hint_panel() -> gr.HTML:
    """Where it stands."""
    return gr.HTML("", apply_default_css=False, js_on_load=OPEN_SCRIPT, elem_id="numbers-several")

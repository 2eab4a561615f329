"""The sentence under the pad where it clearly holds several digits; it opens the section Whole numbers."""

import gradio as gr

from engine.images import PictureError
from engine.number_lines import holds_several
from ui.sketchpad import open_sketch

SEVERAL = (
    '<p class="several" role="status">More than one digit? '
    '<button type="button">Read the whole number</button></p>'
)
OPEN_SCRIPT = """
element.addEventListener("click", (event) => {
  if (!event.target.closest("button")) return;
  const section = document.querySelector("#numbers");
  section.querySelector("button:not(.open)")?.click();
  section.scrollIntoView({behavior: "smooth", block: "start"});
});"""


def hint(sketch: str | None) -> str:
    """The sentence, or ""."""
    try:
        ink = open_sketch(sketch)
    except PictureError:
        return ""
    return SEVERAL if ink is not None and holds_several(ink) else ""


def hint_panel() -> gr.HTML:
    """Where it stands."""
    return gr.HTML("", apply_default_css=False, js_on_load=OPEN_SCRIPT, elem_id="numbers-several")

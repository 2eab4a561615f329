"""The Colorize tab's upper part on the page: canvas, comparison, sliders, examples."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import gradio as gr

from engine.images import open_picture
from ui.colorize_compare import compare, photo_uri
from ui.colorize_photo import Settings
from ui.fields import path_of, slider
from ui.hint_canvas import hint_canvas
from ui.pictures import shrunk

PHOTOS = Path(__file__).parent / "examples" / "photos"
BY = "https://creativecommons.org/licenses/by/2.0/"
NAMES = {
    "temple.jpg": "A temple",
    "cat.jpg": "A cat",
    "astronaut.jpg": "An astronaut",
    "flower.jpg": "A flower",
    "coffee.jpg": "A cup of coffee",
    "cameraman.jpg": "A man with a camera, gray from the beginning",
}
CREDITS = (
    f'Photos: temple by danielbuechele and flower by vultilion (<a href="{BY}">CC BY 2.0</a>), cat by Stefan '
    "van der Walt, coffee by Rachel Michetti at Pikolo Espresso Bar, cameraman by Lav Varshney (CC0), "
    "astronaut by NASA."
)
EXAMPLES = tuple(PHOTOS / name for name in NAMES)
OPENER = "colorize-open"
CANVAS = "colorize-canvas"
THUMBNAIL = 120  # pixels
HONEST = (
    "It guesses. A gray photo says how light a place is, not what colour it had. Sky, leaves, grass and skin "
    "are often right; clothes, cars, walls and flowers could have any colour, and come out pale or wrong. "
    "Click such a place and choose: the hint is kept, and spread over what belongs to it."
)
BRING = "Drop or paste a photo onto the picture. A colour one is turned gray first, so you can compare."
CLICK = """
element.addEventListener("click", (event) => {
  const example = event.target.closest("button")?.dataset.example;
  if (example) trigger("select", {example: Number(example)});
});"""


@dataclass(frozen=True)
class Stage:
    """The components that handlers read and change. sliders: vivid, strength, saturation.

    refused: why the last file is no photo; near what brings photos, as `told` may be out of sight of it.
    """

    opener: gr.UploadButton
    examples: gr.HTML
    canvas: gr.HTML
    compare: gr.HTML
    sliders: tuple[gr.Slider, gr.Slider, gr.Slider]
    download: gr.Button
    file: gr.DownloadButton
    told: gr.HTML
    refused: gr.HTML


def lay_out() -> Stage:
    """The photo with its hints on the left, what comes of it on the right."""
    with gr.Row(elem_id="colorize", equal_height=False):
        with gr.Column(min_width=300, elem_id="colorize-bring"):
            canvas = hint_canvas(
                "Your photo",
                "Drop a photo here",
                "Click a place for its likely colours, or drag to paint",
                opener=OPENER,
                elem_id=CANVAS,
            )
            with gr.Row(elem_id="colorize-source"):
                opener = gr.UploadButton(
                    "Open a photo", file_types=["image"], variant="primary", elem_id=OPENER, scale=0
                )
                opener.preprocess = path_of  # type: ignore[assignment, method-assign]
                examples = gr.HTML(
                    thumbnails(), apply_default_css=False, js_on_load=CLICK, elem_id="colorize-examples"
                )
            refused = gr.HTML("", apply_default_css=False, visible=False, elem_id="colorize-refused")
            gr.HTML(
                f"<p>{BRING}</p><p><small>{CREDITS}</small></p>",
                apply_default_css=False,
                elem_id="colorize-note",
            )
        with gr.Column(min_width=300, elem_id="colorize-told"):
            shown = compare(canvas=CANVAS, elem_id="colorize-compare")
            sliders = lay_out_sliders()
            with gr.Row(elem_id="colorize-save", elem_classes="turns"):
                download = gr.Button("Download", elem_id="colorize-download", scale=0, min_width=160)
                file = gr.DownloadButton("Download the file", visible="hidden", elem_id="colorize-file")
                told = gr.HTML("", apply_default_css=False, elem_id="colorize-said")
            gr.HTML(f"<p>{HONEST}</p>", apply_default_css=False, elem_id="colorize-honest")
    return Stage(opener, examples, canvas, shown, sliders, download, file, told, refused)


def lay_out_sliders() -> tuple[gr.Slider, gr.Slider, gr.Slider]:
    """Three that only paint again what the network has said."""
    vivid = slider(0, 1, Settings.vivid, step=0.05, label="Faithful ↔ vivid", elem_classes="colorize-slider")
    with gr.Row(elem_id="colorize-sliders"):
        strength, saturation = (
            slider(0, most, 1, step=0.05, label=label, min_width=130, elem_classes="colorize-slider")
            for label, most in (("Strength", 1), ("Saturation", 2))
        )
    return vivid, strength, saturation


def thumbnails() -> str:
    """Six photos to try."""
    buttons = "".join(map(_thumbnail, range(len(EXAMPLES))))
    return f'<div class="thumbnails" role="group" aria-label="Try a photo">{buttons}</div>'


def _thumbnail(number: int) -> str:
    picture = photo_uri(shrunk(open_picture(EXAMPLES[number]), THUMBNAIL))
    name = NAMES[EXAMPLES[number].name]
    return (
        f'<button type="button" data-example="{number}" title="{name}" aria-label="{name}">'
        f'<img src="{picture}" alt=""></button>'
    )

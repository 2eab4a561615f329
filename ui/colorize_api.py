"""What the Colorize tab offers to programs: /colorize."""

from __future__ import annotations

from typing import Any

import gradio as gr
from PIL import Image

from engine.checkpoint import CheckpointError
from engine.colorize import paint, predict, prepare
from engine.colour_hints import Hints
from engine.images import PictureError
from ui.colorize_photo import KEY, Settings, saved_text


def colorize(
    photo: str,
    hints: Any = None,
    strength: float = 1.0,
    saturation: float = 1.0,
    vivid: float = Settings.vivid,
) -> Image.Image:
    """Colour a photo, told some of its colours. Its size and lightness stay.

    Args:
        photo: an image file: PNG, JPEG, WebP, GIF, BMP or TIFF; a colour one is taken for its lightness
        hints: a list of points and strokes in the photo's pixels, x to the right and y down, such as
            [{"points": [[120, 40]], "colour": "#6fb1e0"}, {"points": [[10, 300], [80, 310]], "colour":
            "#7da33a", "radius": 6}]; of a colour only its hue and chroma count
        strength: 0 leaves the photo gray, 1 is all of the colours
        saturation: 0 to 2, times the network's own colours
        vivid: from 0, faithful, to 1, vivid

    Returns:
        the coloured photo as a PNG file, with its hints in it
    """
    if not photo:
        raise gr.Error("Send a photo.")
    for name, value, most in (("strength", strength, 1), ("saturation", saturation, 2), ("vivid", vivid, 1)):
        if not 0 <= value <= most:
            raise gr.Error(f"{name} goes from 0 to {most}, not {value:g}.")
    settings = Settings.of(vivid, strength, saturation)
    try:
        told = Hints.from_json([] if hints is None else hints)
        prepared = prepare(photo)
        painted = paint(
            prepared, predict(prepared, told), settings.strength, settings.saturation, settings.vivid
        )
    except (PictureError, CheckpointError, ValueError) as error:
        raise gr.Error(str(error)) from error
    image = Image.fromarray(painted)
    image.info[KEY] = saved_text(told.to_json(), settings)  # Gradio writes it into the PNG
    return image


def endpoint() -> None:
    """/colorize: a plain file, JSON and numbers in, a file out."""
    with gr.Row(visible=False):
        file, hints = gr.File(label="photo"), gr.JSON(label="hints")
        strength, saturation = gr.Number(1, label="strength"), gr.Number(1, label="saturation")
        vivid, painted = gr.Number(Settings.vivid, label="vivid"), gr.Image(format="png", label="coloured")
        fields = [file, hints, strength, saturation, vivid]
        gr.Button().click(colorize, fields, painted, api_name="colorize")

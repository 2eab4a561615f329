"""What the Colorize tab offers to programs: /colorize."""

from __future__ import annotations

from typing import Any

import gradio as gr
from PIL import Image

from engine.checkpoint import CheckpointError
from engine.colorize import paint, predict, prepare
from engine.colour_hints import Hints
from engine.images import PictureError
from ui.colorize_photo import KEY, LARGE, Settings, saved_text
from ui.programs import file_at, offer, refusal, short

HINTS = [
    {"points": [[120, 40]], "colour": "#6fb1e0"},
    {"points": [[10, 300], [80, 310]], "colour": "#7da33a", "radius": 6},
]


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
        raise refusal("Send a photo.")
    settings = Settings(
        _between("vivid", vivid, 1), _between("strength", strength, 1), _between("saturation", saturation, 2)
    )
    try:
        told = Hints.from_json([] if hints is None else hints)
        with LARGE:
            prepared = prepare(photo)
            said = predict(prepared, told)
            painted = paint(prepared, said, settings.strength, settings.saturation, settings.vivid)
    except (PictureError, CheckpointError, ValueError) as error:
        raise refusal(error) from error
    image = Image.fromarray(painted)
    image.info[KEY] = saved_text(told.to_json(), settings)  # Gradio writes it into the PNG
    return image


def _between(name: str, value: Any, most: int) -> float:
    """A number from 0 to `most`; what was left empty is no number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        raise refusal(f"{name} is a number from 0 to {most}, not {short(value)}.")
    return float(value)


def endpoint() -> None:
    """/colorize: a plain file, JSON and numbers in, a file out."""
    with gr.Row(visible=False):
        file, hints = gr.File(label="photo"), gr.JSON(label="hints")
        strength, saturation = gr.Number(1, label="strength"), gr.Number(1, label="saturation")
        vivid, painted = gr.Number(Settings.vivid, label="vivid"), gr.Image(format="png", label="coloured")
        examples = [file_at("ui/examples/photos/cameraman.jpg"), HINTS, 1, 1, Settings.vivid]
        offer(colorize, [file, hints, strength, saturation, vivid], [painted], examples)

"""What the Captcha tab offers to programs: /read_captcha and /generate_captcha."""

from __future__ import annotations

from typing import Any

import gradio as gr
import numpy as np

from engine.captcha import LONGEST_TEXT, read
from engine.captcha_styles import STYLES
from engine.checkpoint import CheckpointError
from engine.images import PictureError
from ui import captcha_maker
from ui.captcha_maker import MOST_SEED, STYLE, exercise_of
from ui.captcha_pupil import Pupil
from ui.programs import described, file_at, offer, refusal, short


def read_captcha(picture: str) -> dict[str, Any]:
    """Read the digits in a picture that this app or a common open-source generator made, or that is your own.

    One to ten digits in one line; any polarity, colours and size will do.

    Args:
        picture: an image file: PNG, JPEG, WebP, GIF, BMP or TIFF

    Returns:
        "text": the digits, "" where there are none; "unsure": whether any digit is less than 50 % sure;
        "characters": for each digit its "text", "confidence" (0 to 1), "runner_up", "runner_up_confidence"
        and "box" (x, y, width, height in pixels of the upright picture); "width", "height": the upright
        picture's size
    """
    if not picture:
        raise refusal("Send a picture file.")
    try:
        return described(read(picture, Pupil().reader))
    except (PictureError, CheckpointError) as error:
        raise refusal(error) from error


def generate_captcha(
    length: float = 4, difficulty: float = 2, style: str = "package", seed: float = 0
) -> tuple[np.ndarray, str]:
    """Draw a captcha of random digits. The same arguments give the same picture.

    Args:
        length: how many digits, 1 to 10
        difficulty: 1 to 5
        style: tutorial, plain, noise, package, overlap, outline, dots, texture, print or colours
        seed: a whole number from 0 to 999,999,999

    Returns:
        the picture as a PNG file
        its digits
    """
    if not isinstance(style, str) or style not in STYLES:
        raise refusal(f"There is no style {short(style)}; choose from {', '.join(STYLES)}.")
    exercise = exercise_of(
        style, _whole("length", length, 1, LONGEST_TEXT), _whole("difficulty", difficulty, 1, 5)
    )
    return captcha_maker.draw(exercise, _whole("seed", seed, 0, MOST_SEED))


def _whole(name: str, value: Any, least: int, most: int) -> int:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not least <= value <= most or value != int(value):
        raise refusal(f"{name} is a whole number from {least} to {most:,}, not {short(value)}.")
    return int(value)


def endpoints() -> None:
    """/read_captcha and /generate_captcha: plain files and values in and out."""
    with gr.Row(visible=False):
        file, found = gr.File(label="picture"), gr.JSON(label="reading")
        offer(read_captcha, [file], [found], [file_at("captcha.png")])
        length, difficulty = gr.Number(4, label="length"), gr.Number(2, label="difficulty")
        style, seed = gr.Dropdown([*STYLES], value=STYLE, label="style"), gr.Number(0, label="seed")
        picture, text = gr.Image(format="png", label="picture"), gr.Textbox(label="text")
        fields = [length, difficulty, style, seed]
        offer(generate_captcha, fields, [picture, text], [4, 2, STYLE, 0])

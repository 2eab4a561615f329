"""What the Captcha tab offers to programs: /read_captcha and /generate_captcha."""

from __future__ import annotations

from typing import Any

import gradio as gr
import numpy as np

from engine.captcha import CaptchaReading, read
from engine.checkpoint import CheckpointError
from engine.images import PictureError
from ui import captcha_maker
from ui.captcha_maker import exercise_of, seed_of
from ui.captcha_pupil import Pupil


def read_captcha(picture: str) -> dict[str, Any]:
    """Read the digits in a picture that this app or a common open-source generator made, or that is your own.

    One to ten digits in one line; any polarity, colours and size will do.

    Args:
        picture: an image file: PNG, JPEG, WebP, GIF, BMP or TIFF

    Returns:
        "text": the digits, "" where there are none; "unsure": whether any digit is less than 50 % sure;
        "characters": for each digit its "text", "confidence" (0 to 1), "runner_up", "runner_up_confidence"
        and "box" (x, y, width, height in pixels); "width", "height": the picture's size
    """
    if not picture:
        raise gr.Error("Send a picture file.")
    try:
        return described(read(picture, Pupil().reader))
    except (PictureError, CheckpointError) as error:
        raise gr.Error(str(error)) from error


def described(reading: CaptchaReading) -> dict[str, Any]:
    """A reading as JSON has it."""
    characters = [
        {
            "text": character.text,
            "confidence": round(character.confidence, 6),
            "runner_up": character.runner_up,
            "runner_up_confidence": round(character.runner_up_confidence, 6),
            "box": list(character.box),
        }
        for character in reading.characters
    ]
    size = {"width": reading.width, "height": reading.height}
    return {"text": reading.text, "unsure": reading.unsure, "characters": characters, **size}


def generate_captcha(
    length: float = 4, difficulty: float = 2, style: str = "package", seed: float = 0
) -> tuple[np.ndarray, str]:
    """Draw a captcha of random digits. The same arguments give the same picture.

    Args:
        length: how many digits, 1 to 10
        difficulty: 1 to 5
        style: tutorial, plain, noise, package, overlap, outline, dots, texture, print or colours
        seed: a whole number

    Returns:
        the picture as a PNG file, and its digits
    """
    try:
        exercise = exercise_of(style, length, difficulty)
    except ValueError as error:
        raise gr.Error(str(error)) from error
    return captcha_maker.draw(exercise, seed_of(seed))


def endpoints() -> None:
    """/read_captcha and /generate_captcha: plain files and values in and out."""
    with gr.Row(visible=False):
        file, found = gr.File(label="picture"), gr.JSON(label="reading")
        gr.Button().click(read_captcha, file, found, api_name="read_captcha")
        length, difficulty = gr.Number(4, label="length"), gr.Number(2, label="difficulty")
        style, seed = gr.Textbox("package", label="style"), gr.Number(0, label="seed")
        picture, text = gr.Image(format="png", label="picture"), gr.Textbox(label="text")
        fields = [length, difficulty, style, seed]
        gr.Button().click(generate_captcha, fields, [picture, text], api_name="generate_captcha")

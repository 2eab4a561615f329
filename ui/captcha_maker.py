"""Make one: the form that says which captcha is drawn, with a picture on each style's button."""

from __future__ import annotations

import base64
import hashlib
import io
from dataclasses import dataclass
from functools import cache
from html import escape

import gradio as gr
import numpy as np
from PIL import Image

from engine.captcha import DIFFICULTIES, LONGEST_TEXT, generate
from engine.captcha_lessons import Exercise
from engine.captcha_styles import STYLES
from ui.fields import slider

STYLE, LENGTH, DIFFICULTY, SEED = "package", 4, 2, 7
MOST_SEED = 999_999_999
MOST_MADE = 32  # while a slider is dragged, pictures are on their way to the page and back
THUMBNAIL = (70, 30)  # pixels of the page


Made = dict[str, str]  # the digits of pictures that the page has made, by their digests


@dataclass(frozen=True)
class Maker:
    """The fields of the form. `inputs` are in the order of `exercise_of` with the seed last."""

    style: gr.Radio
    about: gr.HTML
    length: gr.Slider
    difficulty: gr.Slider
    seed: gr.Number
    button: gr.Button

    @property
    def inputs(self) -> list[gr.components.Component]:
        return [self.style, self.length, self.difficulty, self.seed]


def remembered(made: Made, picture: np.ndarray, text: str) -> Made:
    """What the page has made for a visitor, with one more picture; the oldest of many is forgotten."""
    return {**dict(list(made.items())[1 - MOST_MADE :]), digest(picture): text}


def digest(picture: np.ndarray) -> str:
    """A name for a picture's pixels."""
    return hashlib.sha256(repr(picture.shape).encode() + picture.tobytes()).hexdigest()


def exercise_of(style: str | None, length: float | None, difficulty: float | None) -> Exercise:
    """What the fields ask for; ValueError, with a sentence, where they hold something else."""
    if style not in STYLES:
        raise ValueError(f"There is no style {style!r}; choose from {', '.join(STYLES)}.")
    if length is None or not float(length).is_integer() or not 1 <= length <= LONGEST_TEXT:
        raise ValueError(f"A picture has 1 to {LONGEST_TEXT} digits.")
    if difficulty is None or difficulty not in DIFFICULTIES:
        raise ValueError("The difficulty is 1, 2, 3, 4 or 5.")
    return Exercise(style, int(length), int(difficulty))


def seed_of(value: float | None) -> int:
    """A seed from what the field holds: any number does."""
    if value is None or not np.isfinite(value):
        return 0
    return abs(int(value)) % (MOST_SEED + 1)


def draw(exercise: Exercise, seed: int) -> tuple[np.ndarray, str]:
    """The picture of a seed, (H, W, 3) uint8, and its digits."""
    return exercise.draw(np.random.default_rng(seed))


def about(style: str | None) -> str:
    """A style's sentence."""
    return f"<p>{escape(STYLES[style].sentence)}</p>" if style in STYLES else ""


def lay_out() -> Maker:
    """The fields, one below the other."""
    gr.HTML(f"<style>{thumbnail_styles()}</style>", apply_default_css=False, visible=True)
    style = gr.Radio(
        [(one.title, name) for name, one in STYLES.items()],
        value=STYLE,
        label="Style",
        elem_id="captcha-style",
    )
    sentence = gr.HTML(about(STYLE), apply_default_css=False, elem_id="captcha-about")
    with gr.Row(elem_id="captcha-numbers"):
        length = slider(1, LONGEST_TEXT, LENGTH, step=1, label="Digits", min_width=120)
        difficulty = slider(1, 5, DIFFICULTY, step=1, label="Difficulty", min_width=120)
    with gr.Row(elem_id="captcha-make-row"):
        button = gr.Button(
            "Make one", variant="primary", size="lg", elem_id="captcha-make", min_width=140, scale=3
        )
        seed = gr.Number(
            SEED,
            precision=0,
            minimum=0,
            maximum=MOST_SEED,
            label="Seed",
            min_width=110,
            scale=2,
            elem_id="captcha-seed",
        )
    return Maker(style, sentence, length, difficulty, seed, button)


@cache
def thumbnail_styles() -> str:
    """CSS that puts a small picture on each style's button; the pictures are drawn when the page is built."""
    rules = []
    for number, style in enumerate(STYLES, 1):
        picture, _ = generate(4, DIFFICULTY, 3, style)
        rules.append(
            f"#captcha-style label:nth-of-type({number})::before"
            f'{{background-image:url("{_thumbnail(picture)}")}}'
        )
    return "\n".join(rules)


def _thumbnail(picture: np.ndarray) -> str:
    small = Image.fromarray(picture)
    small.thumbnail((2 * THUMBNAIL[0], 2 * THUMBNAIL[1]), Image.Resampling.LANCZOS)
    red, green, blue = (int(level) for level in np.median(picture.reshape(-1, 3), axis=0))
    image = Image.new("RGB", (2 * THUMBNAIL[0], 2 * THUMBNAIL[1]), (red, green, blue))
    image.paste(small, ((image.width - small.width) // 2, (image.height - small.height) // 2))
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=60)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")

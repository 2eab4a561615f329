"""What programs call: each value arrives as it was sent, and the API page says what it may be.

Of a function's docstring Gradio shows what stands before "Args:" alone, and beside a file it proposes a PDF;
here the words on each value are put beside it, and a picture of our own.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import gradio as gr
from gradio.components import Component

from engine.captcha import CaptchaReading
from engine.numbers import NumberReading
from ui.fields import path_of


def refusal(sentence: object) -> gr.Error:
    """An answer that says what is wrong with what was sent; the server's log need not hold it."""
    return gr.Error(str(sentence), print_exception=False)


def short(value: object) -> str:
    """A value as a sentence repeats it."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def offer(
    function: Callable[..., Any],
    inputs: Sequence[Component],
    outputs: Sequence[Component],
    examples: Sequence[Any],
) -> None:
    """Let programs call a function by its own name, with one field for each argument.

    examples: a value for each, which the API page puts into its code.
    """
    about, returned = words_on(function)
    for field, name, example in zip(inputs, inspect.signature(function).parameters, examples, strict=True):
        _describe(field, about[name], example)
        arrives = path_of if isinstance(field, gr.File) else _as_sent
        field.preprocess = arrives  # type: ignore[assignment, method-assign]
    told = [" ".join(returned)] if len(outputs) == 1 else returned
    for field, words in zip(outputs, told, strict=True):
        _describe(field, words, None)
    gr.Button(visible=False).click(function, [*inputs], [*outputs], api_name=function.__name__)


def file_at(path: str) -> dict[str, Any]:
    """A file as the API page shows it; code there is run from the top of the repository."""
    return {"path": path, "url": path, "meta": {"_type": "gradio.FileData"}}


def described(reading: CaptchaReading | NumberReading) -> dict[str, Any]:
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


def words_on(function: Callable[..., Any]) -> tuple[dict[str, str], list[str]]:
    """What a docstring says of each argument, and the lines of what is returned."""
    _, _, rest = (inspect.getdoc(function) or "").partition("Args:\n")
    arguments, _, returns = rest.partition("Returns:\n")
    about: dict[str, str] = {}
    for line in arguments.splitlines():
        inside = line.removeprefix("    ")
        if inside and not inside.startswith(" "):
            name, _, inside = inside.partition(":")
            about[name] = ""
        if about:
            about[name] = f"{about[name]} {inside.strip()}".strip()
    return about, [line.strip() for line in returns.splitlines() if line.strip()]


def _describe(field: Component, words: str, example: Any) -> None:
    info = {**field.api_info(), "description": words, "additional_description": words}
    field.api_info = lambda: info  # type: ignore[method-assign]
    field.example_payload = lambda: example  # type: ignore[method-assign]


def _as_sent(sent: Any) -> Any:
    return sent

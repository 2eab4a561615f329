"""Fields that take whatever a visitor types."""

from __future__ import annotations

import math
from typing import Any

import gradio as gr
from gradio.data_classes import FileData, ImageData

DECIMALS = 9  # of a slider's value
MOST_CHOSEN = 32  # of a group, more than any has


def slider(least: float, most: float, value: float, *, step: float, **options: Any) -> gr.Slider:
    """A slider without Gradio's reset, whose number field takes anything, as `brought_within` says."""
    return gr.Slider(least, most, value, step=step, buttons=[], **options)


def image(value: Any = None, **options: Any) -> gr.Image:
    """A field for a picture; a handler gets to know where the file lies, and the engine opens it."""
    return gr.Image(value, type="filepath", **options)


def finite(typed: Any) -> bool:
    """Whether it is a number that a float can hold."""
    try:
        return isinstance(typed, int | float) and math.isfinite(typed)
    except OverflowError:
        return False


def brought_within(field: gr.Slider, typed: Any) -> float:
    """The value of a slider that is nearest to what was typed beside it; nothing typed is the first one.

    Whole numbers where its values are whole.
    """
    least, most, step = field.minimum, field.maximum, field.step
    default = field.value if isinstance(field.value, int | float) else least
    number = typed if finite(typed) else default
    found = least + round((min(max(number, least), most) - least) / step) * step
    return round(min(max(found, least), most), DECIMALS)  # 14 × 0.05 is 0.7000000000000001


def within_bounds(field: gr.Number, typed: Any) -> float | int | None:
    """A number field's value, brought between its bounds, if it has any; None where nothing is typed."""
    if not finite(typed):
        return None
    low = typed if field.minimum is None else max(typed, field.minimum)
    return gr.Number.round_to_precision(
        low if field.maximum is None else min(low, field.maximum), field.precision
    )


def one_of(field: gr.Radio, chosen: Any) -> Any:
    """The choice of a radio group, None where it is none of its own (any more)."""
    return chosen if any(chosen == value for _, value in field.choices) else None


def some_of(_: gr.CheckboxGroup, chosen: Any) -> list[str]:
    """The names that are chosen, once each; also those that are no choice any more, which the answer says."""
    names = [name for name in chosen if isinstance(name, str)] if isinstance(chosen, list) else []
    return list(dict.fromkeys(names))[:MOST_CHOSEN]


def path_of(sent: FileData | ImageData | None) -> str | None:
    """Where a file that was brought lies, as it came.

    Gradio's own ways open a picture first, without the engine's guards and sentences, copy what a button
    brings under another name, and make an empty file beside a program's, for good.
    """
    return sent.path if sent else None


# Gradio refuses what lies outside, and an event that is not queued shows nobody its words. It makes a
# component anew, by its class, for each visitor who was sent an update of it, and what one instance was given
# is lost then; so these are the classes'.
gr.Slider.preprocess = brought_within  # type: ignore[assignment, method-assign]
gr.Number.preprocess = within_bounds  # type: ignore[assignment, method-assign]
gr.Radio.preprocess = one_of  # type: ignore[assignment, method-assign]
gr.Image.preprocess = lambda _, sent: path_of(sent)  # type: ignore[assignment, method-assign]
gr.CheckboxGroup.preprocess = some_of  # type: ignore[assignment, method-assign]

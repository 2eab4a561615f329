"""The visitor's own digits: the gallery, a set from a file, and one that the page has kept."""

from __future__ import annotations

from typing import Any

import gradio as gr

from engine.own_digits import OwnDigits, OwnDigitsError, load
from ui import teach_keeper
from ui import teach_view as html
from ui.messages import message
from ui.teach_parts import parts
from ui.teach_pupil import Pupil, known


def change(
    names: list[str], pupil: Pupil | None, digits: OwnDigits, request: gr.Request, event: gr.EventData
) -> tuple[Any, ...]:
    """A drawing of the gallery got another label or was removed."""
    pupil = known(pupil, request)
    number, label = event.number, event.label
    if isinstance(number, int) and label is None:
        digits = digits.remove(number)
    elif isinstance(number, int) and label in range(10):
        digits = digits.relabel(number, label)
    return pupil, digits, *parts(None, names, pupil, digits, True)


def bring(
    path: str | None, names: list[str], pupil: Pupil | None, digits: OwnDigits, request: gr.Request
) -> tuple[Any, ...]:
    """A downloaded set comes back, and is added to what there is."""
    pupil = known(pupil, request)
    try:
        brought = load(path) if path else OwnDigits()
        digits = digits.with_pictures((digit.picture, digit.label) for digit in brought)
        have = "has" if len(brought) == 1 else "have"
        told = message(f"{html.count(len(brought), 'digit')} {have} been added.")
    except OwnDigitsError as error:
        told = message(f"This file can't be used. {error}", "error")
    return told, pupil, digits, *parts(None, names, pupil, digits, True)


def come_back(
    names: list[str], pupil: Pupil | None, digits: OwnDigits, request: gr.Request, event: gr.EventData
) -> tuple[Any, ...]:
    """The page was loaded again: what the tab has kept stands before what there is."""
    pupil = known(pupil, request)
    digits = teach_keeper.with_kept(event.digits, digits)
    return pupil, digits, *parts(None, names, pupil, digits, False)

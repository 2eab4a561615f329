"""The parts of the page that a lesson, or another set of one's own digits, changes."""

from __future__ import annotations

from typing import Any

import gradio as gr

from engine.own_digits import OwnDigits, save
from ui import teach_keeper
from ui import teach_view as html
from ui.teach_pupil import Pupil


def parts(
    note: str | None, names: list[str], pupil: Pupil | None, digits: OwnDigits, is_open: bool
) -> tuple[Any, ...]:
    """The updates of `shown` in `ui.teach.build`. What is in the section is made only while it is open."""
    row, file, marks = of_course(names, pupil, digits, is_open)
    gallery: Any = gr.skip()
    own_file: Any = gr.skip()
    if is_open:
        gallery = html.gallery(digits)
        own_file = gr.update(value=digits_file(pupil, digits)) if pupil and len(digits) else gr.skip()
    return (
        gr.skip() if note is None else note,
        row,
        file,
        gallery,
        marks,
        gr.update(visible=len(digits) > 0),
        own_file,
        gr.skip() if pupil is None else teach_keeper.update(pupil, digits),
    )


def of_course(
    names: list[str], pupil: Pupil | None, digits: OwnDigits, is_open: bool
) -> tuple[Any, Any, Any]:
    """What belongs to the taught copy among those that read: (row, download, chart)."""
    course = pupil.taught(names) if pupil is not None else None
    file = gr.update(value=pupil.file(course)) if pupil is not None and course is not None else gr.skip()
    marks: Any = gr.skip()
    if is_open:
        kept = digits.split()[1]
        marks = html.own_chart(course.marks(kept), len(kept)) if course is not None and len(kept) else ""
    return gr.update(visible=course is not None), file, marks


def digits_file(pupil: Pupil, digits: OwnDigits) -> str:
    """The visitor's digits as a file to be downloaded."""
    path = pupil.folder() / "my-digits.npz"
    save(digits, path)
    return str(path)

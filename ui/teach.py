"""Teach it your hand: "No, it was a 4" under the answer, and a section for one's own digits below.

The network that reads is taught on a copy of the visitor's own, which then stands in the picker.
"""

from __future__ import annotations

import os
import threading
import time
from typing import Any

import gradio as gr
import numpy as np
from gradio.context import Context

from engine.checkpoint import pretrained_names
from engine.images import PictureError
from engine.own_digits import OwnDigits, OwnDigitsError
from ui import own_networks, teach_digits, teach_keeper, teach_pupil
from ui import teach_view as html
from ui.draw import DrawTab
from ui.events import AT_ONCE, NEWEST, tickets
from ui.limits import Limits
from ui.messages import message
from ui.own_networks import Own
from ui.sketchpad import open_sketch
from ui.teach_parts import of_course, parts
from ui.teach_pupil import Course, Pupil, known, room_of

TITLE = "Teach it your hand"
BLANK = "Draw a digit first, then say what it was."
LEAST = 10  # of one's own digits, for a lesson with all of them


# --- handlers: unpack, one call, pack --------------------------------------------------------------------


def press(
    sketch: str | None,
    names: list[str],
    own: Own,
    pupil: Pupil | None,
    digits: OwnDigits,
    is_open: bool,
    request: gr.Request,
    event: gr.EventData,
) -> tuple[Any, ...]:
    """A digit under the answer was pressed: teach it, or keep the drawing.

    Returns own networks, picker, pupil, own digits, again, and then the parts.
    """
    pupil = known(pupil, request)
    try:
        label, keeps = int(event.digit), event.mode == "keep"
        ink = open_sketch(sketch)
        if ink is None or not 0 <= label <= 9:
            raise ValueError(BLANK)
        if keeps:
            digits = digits.add(ink, label)
            counts = ", ".join(f"{count} × {digit}" for digit, count in enumerate(digits.counts()) if count)
            note = message(f"Kept as a {label}. Your digits: {counts}.", "kept")
            return own, gr.skip(), pupil, digits, gr.skip(), *parts(note, names, pupil, digits, is_open)
        return corrected(ink, names, own, pupil, digits, is_open, label)
    except (PictureError, OwnDigitsError, ValueError) as error:
        note = message(sentence(error), "error")
        return own, gr.skip(), pupil, digits, gr.skip(), *parts(note, names, pupil, digits, is_open)


def corrected(
    ink: np.ndarray,
    names: list[str],
    own: Own,
    pupil: Pupil,
    digits: OwnDigits,
    is_open: bool,
    label: int,
) -> tuple[Any, ...]:
    """One drawing is taught to the first of the chosen networks."""
    course = pupil.attend((names or pretrained_names())[0], own)
    start = time.perf_counter()
    lesson = course.correct(ink, label)
    note = html.lesson_said(lesson, label, course.room.samples.told, time.perf_counter() - start)
    note = html.of_several(note, course.base, names)
    return reads_now(course, own, pupil, digits, is_open, note, names)


def teach_all(
    names: list[str], own: Own, pupil: Pupil | None, digits: OwnDigits, request: gr.Request
) -> tuple[Any, ...]:
    """All of one's own digits, but for those kept aside, are taught at once; what is said of it comes twice,
    for the answer and for the section.
    """
    pupil = known(pupil, request)
    try:
        if len(digits) < LEAST:
            raise ValueError(f"Keep at least {LEAST} digits first, better a few of each.")
        course = pupil.attend((names or pretrained_names())[0], own)
        lesson = course.learn_all(digits)
    except ValueError as error:
        note = message(sentence(error), "error")
        return own, gr.skip(), pupil, digits, gr.skip(), *parts(note, names, pupil, digits, True), note
    note = html.of_several(html.all_said(lesson, course.room.samples.told), course.base, names)
    return *reads_now(course, own, pupil, digits, True, note, names), note


def undo(
    names: list[str], own: Own, pupil: Pupil | None, digits: OwnDigits, is_open: bool
) -> tuple[Any, ...]:
    """Take the last lesson of the copy that reads back."""
    course = pupil.taught(names) if pupil is not None else None
    if pupil is None or course is None:
        return gone(own, names, pupil, digits, is_open)
    course.undo()
    note = message(f"The last lesson{html.of_one(course.base, names)} is undone.")
    return reads_now(course, own, pupil, digits, is_open, note, names)


def reset(
    names: list[str], own: Own, pupil: Pupil | None, digits: OwnDigits, is_open: bool
) -> tuple[Any, ...]:
    """Take all lessons of the copy that reads back."""
    course = pupil.taught(names) if pupil is not None else None
    if pupil is None or course is None:
        return gone(own, names, pupil, digits, is_open)
    course.states.clear()
    whose = html.of_one(course.base, names)
    note = message(f"All lessons{whose} are forgotten; the network reads as it did before.")
    return reads_now(course, own, pupil, digits, is_open, note, names)


def opened(names: list[str], pupil: Pupil | None, digits: OwnDigits, request: gr.Request) -> tuple[Any, ...]:
    """The section was opened: it is computed from now on."""
    pupil = known(pupil, request)
    return True, pupil, digits, *parts(None, names, pupil, digits, True)


def prepare(names: list[str]) -> None:
    """Have what lessons need ready before the first: the pad was touched."""
    name = (names or pretrained_names())[0]
    if name in pretrained_names():
        threading.Thread(target=room_of, args=(name,), daemon=True).start()


def let_go(pupil: Pupil | None) -> None:
    """The visitor was away for longer than `keep_seconds`."""
    if pupil is not None:
        pupil.release()


def leave(request: gr.Request) -> None:
    """The tab was closed: nothing of the visitor's is kept any more."""
    teach_pupil.sessions.leave(request.session_hash)


# --- what they show --------------------------------------------------------------------------------------


def reads_now(
    course: Course, own: Own, pupil: Pupil, digits: OwnDigits, is_open: bool, note: str, names: list[str]
) -> tuple[Any, ...]:
    """The course's network stands in the picker in its own place among `names` and reads the drawing."""
    picked = put_into_picker(course, own, names)
    return own, picked, pupil, digits, next(tickets), *parts(note, picked["value"], pupil, digits, is_open)


def put_into_picker(course: Course, own: Own, names: list[str]) -> dict[str, Any]:
    """The picker's new value: in place of the network, or of its copy, the one that is up to date; what it is
    compared with stays chosen.
    """
    old = {course.base, course.name}
    if not course.states:
        return gr.update(value=_instead(names, old, course.base))
    if course.name in own:
        own[course.name] = course.network
    else:
        _, picked = own_networks.offer(course.network, f"{course.base}, my hand", own)
        course.name = picked["value"][0]
    there = [name for name in names if name in own_networks.names(own)]
    return gr.update(choices=own_networks.choices(own), value=_instead(there, old, course.name))


def _instead(names: list[str], old: set[str], new: str) -> list[str]:
    """Names with `new` for those of `old`, once; alone where none is there."""
    found = list(dict.fromkeys(new if name in old else name for name in names))
    return found if new in found else [new]


def tidy(own: Own, pupil: Pupil | None) -> tuple[Own, Any, Any]:
    """Take the names of copies that are taught nothing any more out of the picker, once none is chosen there,
    and have the drawing read again, for what looked into such a copy: (own networks, picker, again).

    Gradio refuses what is chosen and no choice any more, as it is for a moment where both change at once.
    """
    empty = [c for c in pupil.courses.values() if c.name and not c.states] if pupil is not None else []
    for course in empty:
        own.pop(course.name, None)
        course.name = ""
    if not empty:
        return own, gr.skip(), gr.skip()
    return own, gr.update(choices=own_networks.choices(own)), next(tickets)


def gone(
    own: Own, names: list[str], pupil: Pupil | None, digits: OwnDigits, is_open: bool
) -> tuple[Any, ...]:
    """There is nothing to take back, or it has expired."""
    note = message("There is no lesson to take back.")
    return own, gr.skip(), pupil, digits, gr.skip(), *parts(note, names, pupil, digits, is_open)


def sentence(error: Exception) -> str:
    """An error's text as a sentence."""
    text = str(error)
    return f"{text[0].upper()}{text[1:]}{'' if text.endswith('.') else '.'}"


# --- layout ----------------------------------------------------------------------------------------------


def build(drawn: DrawTab) -> None:
    """The row under the answer, and the section; to be called inside the Draw tab."""
    limits = Limits.from_environment(os.environ)
    pupil: gr.State = gr.State(None, time_to_live=limits.keep_seconds, delete_callback=let_go)
    is_open: gr.State = gr.State(False)
    with drawn.below_answer:
        row = panel(html.ROW, "teach-row", html.ROW_SCRIPT)
        note = panel("", "teach-note")
        with gr.Row(visible=False, elem_id="teach-after") as after:
            undo_button = gr.Button("Undo", size="sm", elem_id="teach-undo")
            reset_button = gr.Button("Reset", size="sm", elem_id="teach-reset")
            download = gr.DownloadButton("Download", size="sm", elem_id="teach-download")
    with gr.Accordion(TITLE, open=False, elem_id="teach") as section:
        gallery = panel("", "teach-gallery", html.GALLERY_SCRIPT, "turns")
        with gr.Row(visible=False, elem_id="teach-keep") as keep:
            all_button = gr.Button("Teach it all of them", variant="primary", elem_id="teach-all")
            download_digits = gr.DownloadButton("Download my digits", elem_id="teach-digits-download")
        upload = gr.UploadButton(
            "Bring back downloaded digits", file_types=[".npz", ".zip"], size="sm", elem_id="teach-upload"
        )
        brought = panel("", "teach-brought")
        chart = panel("", "teach-chart")
    keeper = teach_keeper.keeper()
    shown = [note, after, download, gallery, chart, keep, download_digits, keeper]
    digits = drawn.own_digits
    everything = [drawn.own_networks, drawn.picker, pupil, digits, drawn.again, *shown]
    lesson = [drawn.picker, drawn.own_networks, pupil, digits]
    pressed = row.click(press, [drawn.pad, *lesson, is_open], everything, **AT_ONCE)
    pressed.then(None, note, None, js=html.CLEAR, **AT_ONCE)
    row.clear(None, note, note, js=html.FORGET, **AT_ONCE)
    drawn.picker.input(None, None, note, js="() => ''", **AT_ONCE)  # it was about another network
    row.focus(prepare, drawn.picker, None, **AT_ONCE)
    all_button.click(teach_all, lesson, [*everything, brought], **AT_ONCE)
    there = [drawn.picker, drawn.own_networks, pupil, digits, is_open]
    for button, take_back in ((undo_button, undo), (reset_button, reset)):
        event = button.click(take_back, there, everything, **AT_ONCE)
        event.then(
            tidy, [drawn.own_networks, pupil], [drawn.own_networks, drawn.picker, drawn.again], **AT_ONCE
        )
        event.then(None, None, brought, js=html.TAKEN_BACK, **AT_ONCE)
    drawn.for_teach.change(
        of_course, [drawn.picker, pupil, digits, is_open], [after, download, chart], **NEWEST
    )
    mine = [pupil, digits]
    gallery.click(teach_digits.change, [drawn.picker, *mine], [*mine, *shown], **AT_ONCE)
    keeper.submit(teach_digits.come_back, [drawn.picker, *mine], [*mine, *shown], **AT_ONCE)
    upload.upload(teach_digits.bring, [upload, drawn.picker, *mine], [brought, *mine, *shown], **AT_ONCE)
    section.expand(opened, [drawn.picker, *mine], [is_open, *mine, *shown], **NEWEST)
    section.collapse(lambda: False, None, is_open, **NEWEST)
    assert Context.root_block is not None
    Context.root_block.unload(leave)


def panel(text: str, name: str, script: str | None = None, classes: str = "") -> gr.HTML:
    """A part of the page that is drawn by this module's own HTML and CSS."""
    return gr.HTML(text, apply_default_css=False, elem_id=name, elem_classes=classes, js_on_load=script)

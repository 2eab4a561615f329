"""The Colorize tab: a photo is dropped and coloured, told by hints, compared and saved."""

from __future__ import annotations

import os
import time
from typing import Any

import gradio as gr
from gradio.context import Context

from engine.checkpoint import CheckpointError
from engine.colorize import suggestions
from engine.images import PictureError
from ui import colorize_api, colorize_easel, colorize_many, colorize_pair
from ui.colorize_compare import photo_uri
from ui.colorize_easel import Easel
from ui.colorize_photo import COLOURED, Photo, Settings, from_page, opened, save
from ui.colorize_stage import EXAMPLES, Stage, lay_out
from ui.events import AT_ONCE, NEWEST, newest
from ui.limits import Limits, spoken_time
from ui.messages import message

TAB = "colorize"
LIKELY = 5  # colours that are offered for a place
SAVE = "() => document.querySelector('#colorize-file')?.click()"


# --- handlers: unpack, one call, pack --------------------------------------------------------------------


def begin(easel: Easel, request: gr.Request | None = None) -> tuple[Any, ...]:
    """The tab was opened: the first example, unless there is a photo."""
    if easel.photo is not None:
        return easel, *(gr.skip() for _ in range(7))
    first = Settings()
    return bring(str(EXAMPLES[0]), first.vivid, first.strength, first.saturation, easel, request)


def bring_example(
    event: gr.EventData,
    vivid: float,
    strength: float,
    saturation: float,
    easel: Easel,
    request: gr.Request | None = None,
) -> tuple[Any, ...]:
    """An example was clicked."""
    number = event._data.get("example") if isinstance(event._data, dict) else None
    if not isinstance(number, int) or number not in range(len(EXAMPLES)):
        return easel, *(gr.skip() for _ in range(7))
    return bring(str(EXAMPLES[number]), vivid, strength, saturation, easel, request)


def bring(
    path: str | None,
    vivid: float,
    strength: float,
    saturation: float,
    easel: Easel,
    request: gr.Request | None = None,
) -> tuple[Any, ...]:
    """A photo was brought: easel, canvas, comparison, what is said, why it can't be used, sliders.

    A bad one changes nothing but what is said beside the button.
    """
    colorize_easel.sessions.remember(getattr(request, "session_hash", None), easel)
    if not path:
        return easel, *(gr.skip() for _ in range(7))
    began = time.perf_counter()
    try:
        photo, saved = opened(path)
    except (PictureError, CheckpointError) as error:
        refused = gr.update(value=message(str(error), "error"), visible=True)
        return easel, gr.skip(), gr.skip(), gr.skip(), refused, *(gr.skip() for _ in range(3))
    settings = saved or Settings.of(vivid, strength, saturation)
    with easel.lock:
        photo = easel.bring(photo)
        easel.painted = photo, settings
        after = photo_uri(photo.painted(settings))
    said = facts(photo, time.perf_counter() - began)
    before = [["gray", photo_uri(photo.gray)]]
    ground = {"photo": photo.number, "picture": before[0][1], "strokes": photo.strokes()}
    ground["height"], ground["width"] = photo.prepared.size
    if photo.picture is not None:
        before.append(["original", photo_uri(photo.picture)])
    sliders = (settings.vivid, settings.strength, settings.saturation) if saved else (gr.skip(),) * 3
    taken = gr.update(value="", visible=False)
    return easel, gr.update(ground=ground), gr.update(before=before, after=after), said, taken, *sliders


def follow(
    value: str | None, vivid: float, strength: float, saturation: float, easel: Easel
) -> tuple[Any, ...]:
    """Hints or sliders have changed: easel, comparison, what is said."""
    if easel.photo is None:
        return easel, gr.skip(), (expired() if value else gr.skip())
    settings = Settings.of(vivid, strength, saturation)
    began = time.perf_counter()
    with easel.lock:
        photo = easel.photo
        try:
            hints = from_page(value, photo)
        except ValueError as error:
            return easel, gr.skip(), message(str(error), "error")
        if hints is not None and hints.to_json() != photo.hints.to_json():
            photo = easel.photo = photo.told(hints)
        if (photo, settings) == easel.painted:
            return easel, gr.skip(), gr.skip()
        easel.painted = photo, settings
        after = photo_uri(photo.painted(settings))
    return easel, gr.update(after=after), facts(photo, time.perf_counter() - began)


def ask(event: gr.EventData, easel: Easel) -> Any:
    """A place was clicked: the colours that are likeliest there, for the canvas."""
    asked = event._data if isinstance(event._data, dict) else {}
    photo = easel.photo
    if photo is None or asked.get("photo") != photo.number:
        return gr.skip()
    width = photo.prepared.size[1]
    try:
        x, y = float(asked["x"]) * width, float(asked["y"]) * width
        found = suggestions(photo.prepared, photo.colours, x, y, LIKELY)
    except (KeyError, TypeError, ValueError, OverflowError):
        return gr.skip()
    colours = [["#" + bytes(rgb).hex(), "<1%" if share < 0.01 else f"{share:.0%}"] for rgb, share in found]
    return gr.update(likely={"asked": asked.get("asked"), "colours": colours})


def making() -> Any:
    """Download was pressed."""
    return gr.update(value="Painting it at full size …", interactive=False)


def download(vivid: float, strength: float, saturation: float, easel: Easel) -> tuple[Any, ...]:
    """The file at full size, the button as it was, what is said."""
    button = gr.update(value="Download", interactive=True)
    photo = easel.photo
    if photo is None:
        return gr.update(value=None), button, expired()
    try:
        target = easel.folder() / f"{photo.name}{COLOURED}.png"
        return str(save(photo, Settings.of(vivid, strength, saturation), target)), button, gr.skip()
    except PictureError:
        gone = message("This photo is no longer kept here. Bring it again.", "error")
        return gr.update(value=None), button, gone


def let_go(easel: Easel) -> None:
    """The visitor was away for longer than `keep_seconds`."""
    easel.release()


def leave(request: gr.Request) -> None:
    """The tab was closed: nothing of the visitor's is computed or kept any more."""
    colorize_easel.sessions.leave(request.session_hash)


# --- what is said ----------------------------------------------------------------------------------------


def facts(photo: Photo, seconds: float) -> str:
    """One line under the picture."""
    height, width = photo.size
    hints = len(photo.hints.strokes)
    told = f" · {hints} hint{'s' * (hints > 1)}" if hints else ""
    return message(f"{width} × {height} pixels{told} · painted in {seconds:.2f} s")


def expired() -> str:
    kept = spoken_time(Limits.from_environment(os.environ).keep_seconds)
    return message(f"The photo was kept for {kept} after its last use. Bring it again.", "error")


# --- layout ----------------------------------------------------------------------------------------------


def build(tab: gr.Tab) -> None:
    """Lay the tab out and wire it; to be called inside `tab`, whose first opening colours an example."""
    limits = Limits.from_environment(os.environ)
    easel: gr.State = gr.State(Easel(), time_to_live=limits.keep_seconds, delete_callback=let_go)
    stage = lay_out()
    wire(tab, stage, easel)
    colorize_many.build(stage.sliders, easel, limits)
    colorize_pair.build(easel, limits)
    colorize_api.endpoint()
    assert Context.root_block is not None
    Context.root_block.unload(leave)


def wire(tab: gr.Tab, stage: Stage, easel: gr.State) -> None:
    """A new photo changes everything; hints and sliders are one event, so that no old answer comes last."""
    outputs = [easel, stage.canvas, stage.compare, stage.told, stage.refused, *stage.sliders]
    tab.select(begin, easel, outputs, trigger_mode="once", **AT_ONCE)
    fields = [*stage.sliders, easel]
    stage.opener.upload(bring, [stage.opener, *fields], outputs, **AT_ONCE)
    stage.examples.select(bring_example, fields, outputs, **NEWEST)
    newest(
        [stage.canvas.change, *(slider.input for slider in stage.sliders)],
        follow,
        [stage.canvas, *fields],
        [easel, stage.compare, stage.told],
    )
    stage.canvas.select(ask, easel, stage.canvas, **NEWEST)
    pressed = stage.download.click(making, None, stage.download, **AT_ONCE)
    made = pressed.then(download, fields, [stage.file, stage.download, stage.told], **AT_ONCE)
    made.then(None, js=SAVE, **AT_ONCE)

"""Many: several photos or a ZIP of them, coloured one after the other into a ZIP."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.data_classes import FileData, ListFiles
from PIL import Image

from engine.checkpoint import CheckpointError
from engine.colorize import colorize
from engine.images import PictureError
from ui import colorize_easel
from ui.colorize_bundle import MOST_PHOTOS, Entry, Parcel, count, entries
from ui.colorize_easel import Easel
from ui.colorize_photo import Settings
from ui.events import AT_ONCE, NEWEST, QUEUED
from ui.limits import Limits, spoken_time
from ui.messages import bar, message

JPEG = (".jpg", ".jpeg", ".jpe", ".jfif")
SAVED: dict[str, dict[str, Any]] = {
    ".jpg": {"quality": 95, "subsampling": 0},
    ".png": {"compress_level": 4},
}
FILE = "coloured.zip"
SKIPPED = "skipped.txt"  # in the ZIP
MOST_NAMED = 50  # of those that were skipped, on the page
ROOM = 1 << 30  # bytes of the disk that stay free
INTRODUCTION = (
    "Several photos, or a ZIP of them, with the sliders as they are above. JPEGs come back as JPEGs, all "
    "others as PNGs, each at its full size. A file may have {megabytes} MB."
)


@dataclass
class Going:
    """How far it is. skipped: name and why."""

    total: int
    began: float = field(default_factory=time.monotonic)
    done: int = 0
    skipped: list[tuple[str, str]] = field(default_factory=list)

    @property
    def seen(self) -> int:
        return self.done + len(self.skipped)


@dataclass(frozen=True)
class ManyView:
    """What changes. busy: whether Stop is offered; file: the ZIP, "" where there is none."""

    told: str
    busy: bool
    file: str = ""


# --- what is done -----------------------------------------------------------------------------------------


def carry_out(easel: Easel, limits: Limits) -> Generator[ManyView, None, None]:
    """Colour what was noted. Stopped or out of time, what is done up to then is in the ZIP."""
    wanted = easel.many.take()
    if wanted is None:
        return
    with easel.many.under_way() as stop:
        yield from _coloured(*wanted, easel.folder(), stop, limits)


def _coloured(
    files: list[str], settings: Settings, folder: Path, stop: threading.Event, limits: Limits
) -> Iterator[ManyView]:
    """One photo after the other, and the ZIP at the end."""
    going = Going(min(count(files), MOST_PHOTOS))
    parcel = Parcel(folder / FILE)
    ending = ""
    try:
        with closing(entries(files, folder)) as found:
            for entry in found:
                ending = _ending(stop, going, limits, parcel)
                if ending:
                    break
                yield ManyView(_progress(going, entry.name), True)
                _colour(entry, settings, folder, parcel, going)
        if going.skipped:
            parcel.note(SKIPPED, "".join(f"{name}: {why}\n" for name, why in going.skipped))
    finally:
        parcel.close()
    yield ManyView(_ended(going, ending), False, str(parcel.path) if going.done else "")


def _ending(stop: threading.Event, going: Going, limits: Limits, parcel: Parcel) -> str:
    """Why no other photo is coloured; "" to go on."""
    if stop.is_set():
        return f"Stopped after {going.seen} of {going.total}."
    if going.seen >= MOST_PHOTOS:
        return f"At most {MOST_PHOTOS} photos are coloured at once; the others were left."
    if time.monotonic() - going.began > limits.max_seconds:
        return f"After {spoken_time(limits.max_seconds)} it ended, after {going.seen} of {going.total}."
    return "There is no more room on this machine." if parcel.room() < ROOM else ""


def _colour(entry: Entry, settings: Settings, folder: Path, parcel: Parcel, going: Going) -> None:
    """One photo into the parcel, or a reason why not."""
    if entry.path is None:
        going.skipped.append((entry.name, entry.trouble))
        return
    suffix = Path(entry.name).suffix.lower()
    target = folder / f"coloured{'.jpg' if suffix in JPEG else '.png'}"
    try:
        painted = colorize(entry.path, None, settings.strength, settings.saturation, settings.vivid)
    except (PictureError, CheckpointError) as error:
        going.skipped.append((entry.name, str(error)))
        return
    Image.fromarray(painted).save(target, **SAVED[target.suffix])
    parcel.add(target, f"{Path(entry.name).stem}{target.suffix}")
    going.done += 1


# --- what is said -----------------------------------------------------------------------------------------


def _progress(going: Going, name: str) -> str:
    left = ""
    if going.seen:
        seconds = (time.monotonic() - going.began) / going.seen * (going.total - going.seen)
        left = f" · {spoken_time(max(1, seconds))} left"
    text = f"{going.seen + 1} of {going.total}: {name}{left}"
    return bar(going.seen / max(1, going.total), text, "Photos coloured") + _skipped(going)


def _ended(going: Going, ending: str) -> str:
    what = f"{going.done} photo{'' if going.done == 1 else 's'} coloured"
    took = spoken_time(max(1, time.monotonic() - going.began))
    text = f"{what} in {took}." if going.done else "Nothing was coloured."
    return message(f"{text} {ending}".strip(), "done") + _skipped(going)


def _skipped(going: Going) -> str:
    if not going.skipped:
        return ""
    rows = [f"<li><b>{escape(name)}</b> {escape(why)}</li>" for name, why in going.skipped[:MOST_NAMED]]
    if len(going.skipped) > MOST_NAMED:
        rows.append(f"<li>… and {len(going.skipped) - MOST_NAMED} more, listed in the ZIP.</li>")
    return f'<div class="skipped"><p>Skipped:</p><ul>{"".join(rows)}</ul></div>'


# --- handlers and layout ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Part:
    """The components of Many; outputs in the order of `shown`."""

    files: gr.File
    start: gr.Button
    stop: gr.Button
    told: gr.HTML
    file: gr.DownloadButton

    @property
    def outputs(self) -> list[Any]:
        return [self.told, self.start, self.stop, self.file]


def shown(view: ManyView) -> list[Any]:
    """The updates of a Part's outputs that a view asks for."""
    file = gr.update(visible=True, value=view.file) if view.file else gr.update(visible=False)
    return [view.told, gr.update(visible=not view.busy), gr.update(visible=view.busy), file]


def begin(
    files: list[str] | None,
    vivid: float,
    strength: float,
    saturation: float,
    easel: Easel,
    request: gr.Request | None = None,
) -> tuple[Any, ...]:
    """Colour them was pressed: an answer at once; the work may have to wait for a place."""
    colorize_easel.sessions.remember(getattr(request, "session_hash", None), easel)
    if not files:
        return easel, *shown(ManyView(message("Bring some photos first."), False))
    if easel.many.busy:
        return easel, *(gr.skip() for _ in range(4))
    easel.many.want((list(files), Settings.of(vivid, strength, saturation)))
    return easel, *shown(ManyView(bar(0, "Beginning …", "Photos coloured"), True))


def stop(easel: Easel) -> list[Any]:
    """Stop was pressed. What runs answers itself; what only waits for a place is answered here."""
    if easel.many.cancel() is None:
        said = message("Stopping after this photo …")
        return [said if easel.many.busy else gr.skip(), *(gr.skip() for _ in range(3))]
    return shown(ManyView(message("Stopped before it began."), False))


def brought(easel: Easel) -> list[Any]:
    """There are other files: what was said, and made, of the last ones goes."""
    return [gr.skip() for _ in range(4)] if easel.many.busy else shown(ManyView("", False))


@dataclass(frozen=True)
class Worker:
    """What the page runs under the limits of this page."""

    limits: Limits

    def work(self, easel: Easel) -> Iterator[tuple[Any, ...]]:
        """What was noted. The easel is written with each view, so that its time to live begins anew."""
        yield easel, *(gr.skip() for _ in range(4))  # Gradio empties what a generator without a view writes
        with closing(carry_out(easel, self.limits)) as views:
            for view in views:
                yield easel, *shown(view)


def paths_of(payload: ListFiles | FileData | None) -> list[str]:
    """Where uploaded files lie."""
    if payload is None:
        return []
    return [file.path for file in (payload.root if isinstance(payload, ListFiles) else [payload])]


def build(sliders: tuple[gr.Slider, ...], easel: gr.State, limits: Limits) -> None:
    """Lay the part out and wire it."""
    introduction = INTRODUCTION.format(megabytes=limits.max_upload_megabytes)
    gr.HTML(f"<h2>Many</h2><p>{introduction}</p>", apply_default_css=False, elem_classes="section")
    with gr.Row(elem_id="colorize-many", equal_height=False):
        with gr.Column(min_width=300):
            files = gr.File(
                file_count="multiple", label="Photos or a ZIP", height=170, elem_id="colorize-files"
            )
            files.preprocess = paths_of  # type: ignore[method-assign]
        with gr.Column(min_width=300):
            with gr.Row(elem_classes=["buttons", "turns"]):
                start = gr.Button(
                    "Colour them",
                    variant="primary",
                    elem_id="colorize-many-start",
                    scale=0,
                    min_width=160,
                )
                stop_button = gr.Button(
                    "Stop",
                    variant="stop",
                    visible=False,
                    elem_id="colorize-many-stop",
                    scale=0,
                    min_width=160,
                )
                file = gr.DownloadButton(
                    "Download the ZIP", visible=False, elem_id="colorize-zip", scale=0, min_width=190
                )
            told = gr.HTML("", apply_default_css=False, elem_id="colorize-many-told")
    part = Part(files, start, stop_button, told, file)
    begun = start.click(begin, [files, *sliders, easel], [easel, *part.outputs], **AT_ONCE)
    begun.then(
        Worker(limits).work,
        easel,
        [easel, *part.outputs],
        concurrency_id="colorize-many",
        concurrency_limit=limits.max_trainings,
        **QUEUED,
    )
    stop_button.click(stop, easel, part.outputs, **AT_ONCE)
    files.change(brought, easel, part.outputs, **NEWEST)

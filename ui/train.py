"""The Train tab: choose, press Train, watch; then compare, keep, draw with it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio.context import Context

from engine.own_digits import OwnDigits
from ui import draw, own_networks, trainer
from ui.draw import DrawTab
from ui.events import AT_ONCE, QUEUED, into_sight
from ui.limits import Limits
from ui.own_networks import Own
from ui.run_book import RunBook, sessions
from ui.train_view import View, charts, expired
from ui.training_form import Form, chosen, lay_out_form, preset_picker

REMOVE = """
element.addEventListener("click", (event) => {
  const number = event.target.closest("[data-remove]")?.dataset.remove;
  if (number) trigger("click", {number: Number(number)});
});"""


# The other tab begins where this one was scrolled to.
TO_THE_PAD = "() => requestAnimationFrame(() => scrollTo({top: 0, behavior: 'instant'}))"


@dataclass(frozen=True)
class Stage:
    """The components that a View changes, in the order of `shown`."""

    status: gr.HTML
    loss: gr.HTML
    accuracy: gr.HTML
    weights: gr.HTML
    report: gr.HTML
    runs: gr.HTML
    train: gr.Button
    stop: gr.Button
    more: gr.Button
    keep: gr.Row
    download: gr.DownloadButton

    @property
    def outputs(self) -> list[Any]:
        return [getattr(self, name) for name in self.__dataclass_fields__]


def shown(view: View) -> list[Any]:
    """The updates of a Stage's components that a view asks for."""
    texts = (view.status, view.loss, view.accuracy, view.weights, view.report, view.runs)
    updates = [gr.skip() if text is None else text for text in texts]
    if view.busy is None:
        return [*updates, *(gr.skip() for _ in range(5))]
    more = gr.update(visible=False)
    if view.continues and not view.busy:
        more = gr.update(visible=True, value=f"Continue {view.continues.lower()}")  # whatever is chosen now
    keep = gr.update(visible=not view.busy and view.usable)
    file = gr.skip() if view.file is None else view.file
    return [*updates, gr.update(visible=not view.busy), gr.update(visible=view.busy), more, keep, file]


# --- handlers: unpack, one call, pack -------------------------------------------------------------


@dataclass(frozen=True)
class Handlers:
    """What the page calls, under the limits of this page."""

    limits: Limits

    def begin(
        self,
        book: RunBook | None,
        had_runs: bool,
        preset: str | None,
        own_digits: OwnDigits,
        request: gr.Request,
        *form: Any,
    ) -> tuple[Any, ...]:
        """Train."""
        book, view = trainer.plan(book, had_runs, chosen(preset, form), self.limits, own_digits)
        sessions.remember(request.session_hash, book)
        return book, True, *shown(view)

    def go_on(self, book: RunBook | None, preset: str | None, *form: Any) -> tuple[Any, ...]:
        """Continue."""
        book, view = trainer.plan_more(book, chosen(preset, form), self.limits)
        return book, *shown(view)

    def bring_back(self, book: RunBook | None, path: str | None, request: gr.Request) -> tuple[Any, ...]:
        """Upload."""
        book, view = trainer.plan_upload(book, path, self.limits)
        sessions.remember(request.session_hash, book)
        return book, True, *shown(view)

    def work(self, book: RunBook | None) -> Iterator[tuple[Any, ...]]:
        """What was planned. The book is written with each view, so that its time to live begins anew.

        The first changes nothing: a generator without any would have Gradio empty its outputs.
        """
        yield book, *shown(View())
        with closing(trainer.carry_out(book, self.limits)) as views:
            for view in views:
                yield book, *shown(view)

    def use_in_draw(self, book: RunBook | None, own: Own) -> tuple[Any, ...]:
        """Put a copy of the network into the visitor's picker in Draw, and go there."""
        if book is None or book.run is None:
            return book, gr.skip(), gr.skip(), gr.skip(), *shown(expired(self.limits))
        own, picked = own_networks.offer(book.run.network.copy().freeze(), book.run.record.short_title, own)
        return book, own, picked, gr.Tabs(selected=draw.TAB), *shown(View())


def stop(book: RunBook | None) -> list[Any]:
    """Stop."""
    return shown(trainer.stop(book))


def remove(book: RunBook | None, event: gr.EventData) -> tuple[Any, ...]:
    """A run's × was pressed."""
    if book is not None:
        book.remove(int(event.number))
    return book, *shown(charts(book))


def choose_scale(book: RunBook | None, log: bool) -> tuple[Any, ...]:
    """Linear or logarithmic."""
    book = book or RunBook()
    book.log_loss = log
    return book, *shown(charts(book))


def leave(request: gr.Request) -> None:
    """The tab was closed: nothing of the visitor's is computed or kept any more."""
    sessions.leave(request.session_hash)


def let_go(book: RunBook | None) -> None:
    """The visitor was away for longer than `keep_seconds`."""
    if book is not None:
        book.release()


# --- layout ---------------------------------------------------------------------------------------


def build(drawn: DrawTab, tabs: gr.Tabs) -> None:
    """Lay the tab out and wire it; to be called inside its gr.Tab."""
    limits = Limits.from_environment(os.environ)
    book: gr.State = gr.State(None, time_to_live=limits.keep_seconds, delete_callback=let_go)
    had_runs: gr.State = gr.State(
        False
    )  # outlives the book, to tell a newcomer from one who was away for long
    with gr.Row(elem_id="train", equal_height=False):
        with gr.Column(elem_id="train-choose", scale=9, min_width=300):
            picker, about = preset_picker()
            with gr.Row(elem_id="train-buttons", elem_classes="turns"):
                train = gr.Button("Train", variant="primary", size="lg", elem_id="train-start")
                stop_button = gr.Button(
                    "Stop", variant="stop", size="lg", visible=False, elem_id="train-stop"
                )
                more = gr.Button("Continue", size="lg", visible=False, elem_id="train-continue")
            status = panel("", "train-status")
            form = lay_out_form(picker, about, limits)
        with gr.Column(elem_id="train-watch", scale=16, min_width=300):
            empty = charts(None)
            with gr.Row(elem_id="train-charts"):
                with gr.Column(min_width=270):
                    loss = panel(empty.loss, "train-loss")
                    log = gr.Checkbox(label="logarithmic", container=False, elem_id="train-log")
                with gr.Column(min_width=270):
                    accuracy = panel(empty.accuracy, "train-accuracy")
            weights = panel("", "train-weights")
    with gr.Row(visible=False, elem_id="train-keep") as keep:
        use = gr.Button("Use in Draw", variant="primary", elem_id="train-use")
        download = gr.DownloadButton("Download", elem_id="train-download")
    report, runs = panel("", "train-report"), panel("", "train-runs", REMOVE)
    upload = gr.UploadButton(
        "Bring back a downloaded network", file_types=[".npz"], size="sm", elem_id="train-upload"
    )
    stage = Stage(status, loss, accuracy, weights, report, runs, train, stop_button, more, keep, download)
    handlers = Handlers(limits)
    wire_work(stage, handlers, picker, form, upload, book, had_runs, drawn.own_digits)
    stop_button.click(stop, book, stage.outputs, **AT_ONCE)
    runs.click(remove, book, [book, *stage.outputs], **AT_ONCE)
    log.input(choose_scale, [book, log], [book, *stage.outputs], **AT_ONCE)
    there = [drawn.own_networks, drawn.picker, tabs]
    used = use.click(
        handlers.use_in_draw, [book, drawn.own_networks], [book, *there, *stage.outputs], **AT_ONCE
    )
    used.then(None, js=TO_THE_PAD, **AT_ONCE)
    assert Context.root_block is not None
    Context.root_block.unload(leave)


def wire_work(
    stage: Stage,
    handlers: Handlers,
    picker: gr.Radio,
    form: Form,
    upload: gr.UploadButton,
    book: gr.State,
    had_runs: gr.State,
    own_digits: gr.State,
) -> None:
    """Train, Continue and Upload: a quick answer, then the work, which waits for a place."""
    answers = [book, had_runs, *stage.outputs]
    planned = (
        stage.train.click(
            handlers.begin, [book, had_runs, picker, own_digits, *form.inputs], answers, **AT_ONCE
        ),
        stage.more.click(handlers.go_on, [book, picker, *form.inputs], [book, *stage.outputs], **AT_ONCE),
        upload.upload(handlers.bring_back, [book, upload], answers, **AT_ONCE),
    )
    planned[-1].then(None, js=into_sight("#train-status"), **AT_ONCE)
    for event in planned:
        event.then(
            handlers.work,
            book,
            [book, *stage.outputs],
            concurrency_id="train",
            concurrency_limit=handlers.limits.max_trainings,
            **QUEUED,
        )


def panel(html: str | None, name: str, script: str | None = None) -> gr.HTML:
    """A part of the page that is drawn by this module's own HTML and CSS."""
    return gr.HTML(html, apply_default_css=False, elem_id=name, js_on_load=script)

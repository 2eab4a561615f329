"""Learning to colour from one pair of pictures: begun, watched, stopped, applied to another, kept."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

import gradio as gr
import numpy as np

from engine import painting, pixel_networks
from engine.checkpoint import CheckpointError
from engine.images import PictureError
from engine.painting import PRESETS, Choices, Look, Pair, pair_of
from ui import colorize_easel
from ui import colorize_pair_view as html
from ui.colorize_apprentice import Lesson
from ui.colorize_easel import Easel
from ui.colorize_pair_stage import PRESET, PairPart, lay_out, preset_note, values_of
from ui.events import AT_ONCE, NEWEST, QUEUED, flag, into_sight, newest, watch
from ui.limits import Limits
from ui.messages import message
from ui.places import places

LONGEST = 640  # pixels a side of another picture that is painted
Looked = tuple[Any, ...] | None  # colour and gray picture, neighbourhood, hidden units
# What is being learnt stands above its settings: bring it into sight.
WATCH = """(...inputs) => {
  document.querySelector("#pair-pictures")?.scrollIntoView({block: "center", behavior: "smooth"});
  return inputs;
}"""
FIELDS = tuple(Choices.__dataclass_fields__)[:-1]


@dataclass(frozen=True)
class PairView:
    """What changes; None leaves it as it is. In the order of Panels; busy: whether Stop is offered."""

    gray: str | None = None
    output: str | None = None
    truth: str | None = None
    told: str | None = None
    loss: str | None = None
    psnr: str | None = None
    network: str | None = None
    busy: bool | None = None
    file: str | None = None


NOTHING_LEARNT = PairView(
    output=html.PRESS_LEARN,
    loss=html.loss_chart(None),
    psnr=html.psnr_chart(None),
)


def shown(view: PairView) -> list[Any]:
    """The updates of Panels that a view asks for."""
    texts = (view.gray, view.output, view.truth, view.told, view.loss, view.psnr, view.network)
    updates: list[Any] = [gr.skip() if text is None else text for text in texts]
    if view.busy is None:
        updates += [gr.skip(), gr.skip()]
    else:
        updates += [gr.update(visible=not view.busy), gr.update(visible=view.busy)]
    file = gr.update(value=view.file, visible=True) if view.file else gr.skip()
    return [*updates, file]


def choices_of(values: tuple[Any, ...], limits: Limits) -> Choices:
    """Choices from what the fields hold. ValueError, with a sentence, for what can't be."""
    fields = dict(zip(FIELDS, values, strict=True))
    if any(value is None for value in fields.values()):
        raise ValueError("Fill in every field.")
    fields |= {name: int(fields[name]) for name in ("hidden", "batch", "epochs")}
    choices = Choices(**{**fields, "learning_rate": float(fields["learning_rate"])})
    return replace(choices, epochs=min(choices.epochs, limits.max_epochs))


def coloured_pair(colour: str, gray: str | None) -> Pair:
    """The pair of two pictures; PictureError where they are none, or where there is no colour to learn."""
    pair = pair_of(colour, gray)
    if not np.ptp(pair.colour, axis=2).any():
        raise PictureError("This picture is gray: there is no colour in it to learn.")
    return pair


# --- what is done -----------------------------------------------------------------------------------------


def carry_out(easel: Easel, limits: Limits) -> Generator[PairView, None, None]:
    """Learn what was noted. What is learnt up to Stop, or up to the time limit, is kept."""
    apprentice = easel.apprentice
    lesson = apprentice.errand.take()
    if lesson is None:
        return
    deadline = time.monotonic() + limits.max_seconds
    with (
        places.one(),
        apprentice.errand.under_way() as stop,
        closing(painting.learn(lesson.pair, lesson.choices, stop)) as events,
    ):
        for event in events:
            if apprentice.errand.left:
                return
            if time.monotonic() > deadline:
                stop.set()
            if isinstance(event, Look):
                lesson.note(event)
                yield _live(lesson)
            else:
                apprentice.network = event.network.freeze()
                apprentice.errand.busy = False
                yield replace(
                    _live(lesson),
                    told=message(html.ended(lesson, event.reason), "done"),
                    busy=False,
                    file=apprentice.file(easel.folder()),
                )


def _live(lesson: Lesson) -> PairView:
    return PairView(
        output=html.output(lesson),
        told=html.progress(lesson),
        loss=html.loss_chart(lesson),
        psnr=html.psnr_chart(lesson),
        busy=True,
    )


# --- handlers ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Handlers:
    """What the page calls, under the limits of this page."""

    limits: Limits

    def look(self, is_open: bool, looked: Looked, easel: Easel, *fields: Any) -> tuple[Any, ...]:
        """It was opened, or a picture or a setting has changed: (what was looked at, the panels)."""
        colour, gray, *values = fields
        now = colour, gray, *values[:2]
        if not is_open or now == looked or easel.apprentice.errand.busy:  # what is learnt of it stays
            return looked, *shown(PairView())
        try:
            network = PairView(network=self._network(tuple(values)))
        except ValueError as error:
            return now, *shown(PairView(told=message(str(error), "error")))
        if looked is not None and looked[:2] == now[:2]:
            return now, *shown(network)
        view = replace(NOTHING_LEARNT if looked else PairView(), gray="", truth="", told="")
        return now, *shown(replace(_seen(view, colour, gray), network=network.network))

    def begin(
        self,
        request: gr.Request,
        colour: str | None,
        gray: str | None,
        easel: Easel,
        *values: Any,
    ) -> tuple[Any, ...]:
        """Learn was pressed: an answer at once; the learning may have to wait for a place."""
        colorize_easel.sessions.remember(request.session_hash, easel)
        if easel.apprentice.errand.busy:
            return easel, *shown(PairView())
        if not colour:
            return easel, *shown(PairView(told=message("Bring a colour picture first.", "error")))
        try:
            lesson = Lesson(coloured_pair(colour, gray), choices_of(values, self.limits))
        except ValueError as error:  # PictureError is one
            return easel, *shown(PairView(told=message(str(error), "error")))
        easel.apprentice.errand.want(lesson)
        wait = places.wait(self.limits.max_trainings)
        told = message(wait) if wait else html.progress(lesson)
        view = PairView(gray=html.gray(lesson.pair), truth=html.truth(lesson.pair), told=told, busy=True)
        return easel, *shown(view)

    def work(self, easel: Easel) -> Iterator[tuple[Any, ...]]:
        """What was noted. The easel is written with each view, so that its time to live begins anew."""
        yield easel, *shown(PairView())  # Gradio empties what a generator without a view writes
        with closing(carry_out(easel, self.limits)) as views:
            for view in views:
                yield easel, *shown(view)

    def _network(self, values: tuple[Any, ...]) -> str:
        choices = choices_of(values, self.limits)
        start = painting.STARTS[choices.start]
        rng = np.random.default_rng(0)
        return html.summary_picture(
            pixel_networks.new_network(choices.neighbourhood, choices.hidden, start, rng)
        )


def _seen(view: PairView, colour: str | None, gray: str | None) -> PairView:
    """The view with the pair that was brought, or why there is none."""
    if not colour:
        return replace(view, told=message("Bring a colour picture."))
    try:
        pair = coloured_pair(colour, gray)
    except PictureError as error:
        return replace(view, told=message(str(error), "error"))
    return replace(view, gray=html.gray(pair), truth=html.truth(pair))


def choose_preset(name: str | None) -> list[Any]:
    """Every field as the preset has it, and what comes of it."""
    preset = PRESETS.get(name or "", PRESETS[PRESET])
    return [*values_of(preset.choices), preset_note(name)]


def depart() -> tuple[Any, ...]:
    """A field was changed: no preset any more."""
    return None, preset_note(None)


def stop(easel: Easel) -> list[Any]:
    """Stop was pressed. What runs answers itself; what only waits for a place is answered here."""
    if easel.apprentice.errand.cancel() is None:
        return shown(PairView())
    return shown(PairView(told=message("Stopped before it began."), busy=False))


def paint_other(path: str | None, easel: Easel) -> tuple[Any, ...]:
    """Another picture in the colours that were learnt."""
    network = easel.apprentice.network
    if network is None or not path:
        said = "Bring a picture." if network is not None else "Learn first, or load a network."
        return easel, message(said)
    try:
        gray = pixel_networks.gray_of(path, LONGEST)
    except PictureError as error:
        return easel, message(str(error), "error")
    painted = pixel_networks.paint_gray(network, gray)
    pair = html.picture(gray, "gray") + html.picture(painted, "in the colours that were learnt")
    return easel, f'<div class="pair-two">{pair}</div>'


def load(path: str | None, easel: Easel, request: gr.Request | None = None) -> tuple[Any, ...]:
    """A saved network was brought back."""
    colorize_easel.sessions.remember(getattr(request, "session_hash", None), easel)
    if not path or easel.apprentice.errand.busy:
        return easel, *shown(PairView())
    try:
        network = pixel_networks.load(path).freeze()
    except CheckpointError as error:
        return easel, *shown(PairView(told=message(str(error), "error")))
    easel.apprentice.network = network
    file = easel.apprentice.file(easel.folder())
    said = message("Your network is back and paints the picture below.", "done")
    return easel, *shown(PairView(told=said, network=html.summary_picture(network), file=file))


# --- layout -----------------------------------------------------------------------------------------------


def build(easel: gr.State, limits: Limits) -> None:
    """Lay the part out and wire it."""
    part = lay_out(limits)
    handlers = Handlers(limits)
    is_open, looked = flag(), gr.State(None)
    pictures, fields = [part.colour, part.gray], part.fields.inputs
    outputs = part.panels.outputs
    watch(part.part, is_open)
    network = part.fields.neighbourhood.change, part.fields.hidden.change
    newest(
        [is_open.change, part.colour.change, part.gray.change, *network],
        handlers.look,
        [is_open, looked, easel, *pictures, *fields],
        [looked, *outputs],
    )
    part.preset.input(choose_preset, part.preset, [*fields, part.note], **AT_ONCE)
    gr.on([field.input for field in fields], depart, None, [part.preset, part.note], **AT_ONCE)
    wire(part, handlers, easel)


def wire(part: PairPart, handlers: Handlers, easel: gr.State) -> None:
    """Learn, Stop, load; and another picture is painted whenever it or the network is a new one."""
    outputs = [easel, *part.panels.outputs]
    given = [part.colour, part.gray, easel, *part.fields.inputs]
    begun = part.panels.start.click(handlers.begin, given, outputs, js=WATCH, **AT_ONCE)
    learnt = begun.then(
        handlers.work,
        easel,
        outputs,
        concurrency_id="train",
        concurrency_limit=handlers.limits.max_trainings,
        **QUEUED,
    )
    part.panels.stop.click(stop, easel, part.panels.outputs, **AT_ONCE)
    loaded = part.load.upload(load, [part.load, easel], outputs, **AT_ONCE)
    loaded.then(None, js=into_sight("#pair-told"), **AT_ONCE)
    for event in (learnt, loaded):
        event.then(paint_other, [part.other, easel], [easel, part.painted], **AT_ONCE)
    part.other.change(paint_other, [part.other, easel], [easel, part.painted], **NEWEST)

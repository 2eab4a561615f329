"""Inside the network: its layers at work on the drawing, kernels, why it answers so, and what it imagines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np

from engine.checkpoint import pretrained_names
from ui.draw import DrawTab, Own, choices
from ui.events import NEWEST, QUEUED
from ui.inside_imagine import dream, nothing_yet
from ui.inside_kernels import bench, own_kernel, own_view
from ui.inside_layers import describe, layers_panel
from ui.inside_look import Look, look_at
from ui.inside_pictures import inked
from ui.inside_unit import card
from ui.inside_why import another, why

SIDE_SCRIPT = (Path(__file__).parent / "inside_side.js").read_text(encoding="utf-8")
SIDE_TEMPLATE = (
    '<div class="side"><div class="slot"></div><figure class="sight">'
    '<div><img alt="what the network sees" hidden><i hidden></i></div></figure>'
    '<p class="where" aria-live="polite">What the network sees.</p></div>'
)
CLOSE_SCRIPT = """
element.addEventListener("click", (event) => {
  if (!event.target.closest("[data-close]")) return;
  document.dispatchEvent(new CustomEvent("unit-closed"));
  trigger("click");
});"""
PARTS = {"layers": "Layers", "kernels": "Kernels", "why": "Why", "imagine": "Imagine"}
DIGITS = [str(digit) for digit in range(10)]
Chosen = dict[str, Any]  # {"stage": int, "place": list of int}


# --- handlers --------------------------------------------------------------------------------------------


def show(part: str, look: Look | str, chosen: Chosen | None, typed: str | None) -> tuple[Any, ...]:
    """What a part shows: (side, layers, unit, kernels, own kernel, why, other digit, changed, message)."""
    if isinstance(look, str):
        sentence = f'<p class="failure" role="alert">{escape(look)}</p>'
        return (*(gr.skip() for _ in range(8)), sentence)
    side = json.dumps({"picture": inked(np.pad(look.ink, look.network.preprocessing.pad))})
    layers = unit = kernels = own = reasons = other = changed = gr.skip()
    if part == "layers":
        layers, unit = describe(look), taken_apart(look, chosen)
    elif part == "kernels":
        kernels, own = bench(look), own_view(look, typed)
    elif part == "why":
        reasons, other, changed = why(look), None, ""  # the change belonged to another drawing
    return side, layers, unit, kernels, own, reasons, other, changed, ""


def follow(
    is_open: bool,
    part: str,
    sketch: str | None,
    name: str | None,
    own: Own,
    chosen: Chosen | None,
    typed: str,
) -> tuple[Any, ...]:
    """The drawing or the network has changed; nothing is computed while the section is closed."""
    if not is_open or part == "imagine":
        return tuple(gr.skip() for _ in range(9))
    views = list(show(part, look_at(sketch, name, own), chosen, typed))
    if (sketch or "").endswith("#"):  # the same drawing, said again: what was asked of it stays
        views[6:8] = gr.skip(), gr.skip()
    return tuple(views)


def choose_network(
    is_open: bool, part: str, sketch: str | None, name: str | None, own: Own, _: Chosen | None, typed: str
) -> tuple[Any, ...]:
    """Another network: the number that was taken apart has no counterpart in it."""
    return None, *follow(is_open, part, sketch, name, own, None, typed)


def opened(names: list[str], *fields: Any) -> tuple[Any, ...]:
    """The section was opened; it looks into the network that reads."""
    _, part, sketch, before, own, chosen, typed = fields
    name = before if before in names or not names else names[0]
    known = name in own or name in pretrained_names()
    name = name if known else pretrained_names()[0]
    # Said only where it differs: by the time this arrives, the visitor may have chosen another.
    picker = renew(own)
    if name != before:
        picker["value"] = name
    return True, picker, *follow(True, part, sketch, name, own, chosen, typed)


def renew(own: Own) -> dict[str, Any]:
    """There may be another network to look into."""
    return gr.update(choices=choices(own))


def open_part(part: str, *fields: Any) -> tuple[Any, ...]:
    """Another part came to the front; whoever chose it has opened the section, noted or not yet."""
    _, before, *others = fields
    return part, *follow(part != before or fields[0], part, *others)


def taken_apart(look: Look, chosen: Chosen | None) -> str:
    """The chosen number, "" where none is."""
    if not chosen:
        return ""
    return card(look.seen, chosen["stage"], tuple(chosen["place"]))


def press(sketch: str | None, name: str | None, own: Own, event: gr.EventData) -> tuple[Any, str]:
    """A number on the maps was pressed."""
    try:
        chosen = {"stage": int(event.stage), "place": [int(i) for i in event.place]}
    except (AttributeError, TypeError, ValueError):
        return None, ""
    look = look_at(sketch, name, own)
    return (None, "") if isinstance(look, str) else (chosen, taken_apart(look, chosen))


def try_kernel(sketch: str | None, name: str | None, own: Own, typed: str | None) -> str:
    """The visitor's own kernel has changed."""
    look = look_at(sketch, name, own)
    return look if isinstance(look, str) else own_view(look, typed)


def make_another(sketch: str | None, name: str | None, own: Own, digit: str | None) -> str:
    """What would make it another digit."""
    if digit not in DIGITS:
        return ""
    look = look_at(sketch, name, own)
    return look if isinstance(look, str) else another(look, int(digit))


def imagined(digit: str | None, name: str | None, seed: int, own: Own) -> Iterator[tuple[str, int]]:
    """A digit imagined, step by step; the next dream begins from other noise."""
    for html in dream(digit, name, seed, own):
        yield html, seed + 1


# --- layout ----------------------------------------------------------------------------------------------


def panel(html: str, name: str) -> gr.HTML:
    return gr.HTML(html, apply_default_css=False, elem_id=name)


def digit_picker(label: str, name: str) -> gr.Radio:
    return gr.Radio(DIGITS, label=label, elem_id=name, elem_classes="pills")


@dataclass(frozen=True)
class Stage:
    """The section's components. `views` are those that `show` fills, in its order."""

    network: gr.Radio
    side: gr.HTML
    unit: gr.HTML
    layers: gr.HTML
    typed: gr.HTML
    own_made: gr.HTML
    kernels: gr.HTML
    reasons: gr.HTML
    other: gr.Radio
    changed: gr.HTML
    wish: gr.Radio
    imagined: gr.HTML
    message: gr.HTML
    tabs: dict[str, gr.Tab]

    @property
    def views(self) -> list[Any]:
        above = [self.side, self.layers, self.unit, self.kernels, self.own_made]
        return [*above, self.reasons, self.other, self.changed, self.message]


def lay_out() -> Stage:
    """What stays in sight on the left, the four parts on the right."""
    network = gr.Radio(
        choices(own={}),
        value=pretrained_names()[0],
        label="Look into",
        elem_id="inside-network",
        elem_classes="pills",
    )
    message = panel("", "inside-message")
    with gr.Row(elem_id="inside-body", equal_height=False):
        with gr.Column(min_width=240, elem_id="inside-left"):
            side, unit = lay_out_side()
        with gr.Column(min_width=280, elem_id="inside-right"), gr.Tabs(elem_id="inside-parts"):
            with gr.Tab(PARTS["layers"]) as layers_tab:
                layers = layers_panel()
            with gr.Tab(PARTS["kernels"]) as kernels_tab:
                gr.HTML("<h3>Your own</h3>", apply_default_css=False, elem_classes="inside-title")
                with gr.Row(elem_id="inside-own-row", equal_height=False):
                    typed, own_made = own_kernel(), panel("", "inside-own-made")
                kernels = panel("", "inside-kernels")
            with gr.Tab(PARTS["why"]) as why_tab:
                reasons = panel("", "inside-why")
                other = digit_picker("What would make it a …", "inside-other")
                changed = panel("", "inside-changed")
            with gr.Tab(PARTS["imagine"]) as imagine_tab:
                wish = digit_picker("Imagine a …", "inside-wish")
                dreamt = panel(nothing_yet(), "inside-imagined")
    tabs = dict(zip(PARTS, (layers_tab, kernels_tab, why_tab, imagine_tab), strict=True))
    return Stage(
        network, side, unit, layers, typed, own_made, kernels, reasons, other, changed, wish, dreamt,
        message, tabs,
    )  # fmt: skip


def lay_out_side() -> tuple[gr.HTML, gr.HTML]:
    """What the network sees with the visiting pad, and the number that is taken apart."""
    side = gr.HTML(
        "",
        html_template=SIDE_TEMPLATE,
        js_on_load=SIDE_SCRIPT,
        apply_default_css=False,
        elem_id="inside-side",
    )
    unit = gr.HTML("", js_on_load=CLOSE_SCRIPT, apply_default_css=False, elem_id="inside-unit")
    return side, unit


def build(drawn: DrawTab) -> None:
    """The section, closed; to be called inside the Draw tab."""
    is_open, part, chosen, seed = gr.State(False), gr.State("layers"), gr.State(None), gr.State(0)
    with gr.Accordion("Inside the network", open=False, elem_id="inside") as section:
        stage = lay_out()
    look = [drawn.pad, stage.network, drawn.own_networks]
    fields = [is_open, part, *look, chosen, stage.typed]
    section.expand(opened, [drawn.picker, *fields], [is_open, stage.network, *stage.views], **NEWEST)
    section.collapse(lambda: False, None, is_open, **NEWEST)
    drawn.picker.change(renew, drawn.own_networks, stage.network, **NEWEST)
    drawn.pad.change(follow, fields, stage.views, **NEWEST)
    stage.network.input(choose_network, fields, [chosen, *stage.views], **NEWEST)
    for name, tab in stage.tabs.items():
        tab.select(partial(open_part, name), fields, [part, *stage.views], **NEWEST)
    stage.layers.click(press, look, [chosen, stage.unit], **NEWEST)
    stage.unit.click(lambda: (None, ""), None, [chosen, stage.unit], **NEWEST)
    stage.typed.change(try_kernel, [*look, stage.typed], stage.own_made, **NEWEST)
    stage.other.input(make_another, [*look, stage.other], stage.changed, **NEWEST)
    stage.wish.input(
        imagined,
        [stage.wish, stage.network, seed, drawn.own_networks],
        [stage.imagined, seed],
        concurrency_id="imagine",
        concurrency_limit=2,
        **{**QUEUED, "trigger_mode": "always_last"},
    )

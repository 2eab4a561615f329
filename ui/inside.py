"""Inside the network: its layers at work on the drawing, kernels, why it answers so, and what it imagines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np

from engine.checkpoint import pretrained_names
from ui import own_networks
from ui.draw import DrawTab
from ui.events import AT_ONCE, NEWEST, QUEUED, newest, note, signal, tickets
from ui.inside_imagine import WISH_SCRIPT, WISH_TEMPLATE, dream, nothing_yet, wished
from ui.inside_kernels import bench, own_kernel, own_view
from ui.inside_layers import describe, layers_panel
from ui.inside_look import Look, look_at
from ui.inside_pictures import inked
from ui.inside_unit import card
from ui.inside_why import another, why
from ui.own_networks import Own, choices

SIDE_SCRIPT = (Path(__file__).parent / "inside_side.js").read_text(encoding="utf-8")
SIDE_TEMPLATE = (
    '<div class="side"><div class="slot"></div><figure class="sight">'
    '<div><img alt="what the network sees" hidden><i hidden></i></div></figure>'
    '<p class="where" aria-live="polite">What the network sees.</p></div>'
)
CLOSE_SCRIPT = """
const close = () => {
  document.dispatchEvent(new CustomEvent("unit-closed"));
  trigger("click");
};
element.addEventListener("click", (event) => { if (event.target.closest("[data-close]")) close(); });
element.closest("#inside").addEventListener("keydown", (event) => {
  if (event.key === "Escape" && element.querySelector(".unit")) close();
});"""
# A number of one network has no counterpart in another: nothing is chosen any more, here and on the maps.
FORGET = "() => { document.dispatchEvent(new CustomEvent('unit-closed')); return ''; }"
PARTS = {"layers": "Layers", "kernels": "Kernels", "why": "Why", "imagine": "Imagine"}
DIGITS = [str(digit) for digit in range(10)]


# --- handlers --------------------------------------------------------------------------------------------


def follow(
    is_open: bool,
    part: str,
    sketch: str | None,
    name: str | None,
    names: list[str],
    own: Own,
    chosen: str | None,
    typed: str | None,
    other: str | None,
    listed: list[str] | None,
) -> tuple[Any, ...]:
    """What is seen of the section, anew: (networks, listed, then the views of Stage).

    Nothing is computed while the section is closed, and only the part that is in front. Where the network is
    gone, as a taught copy is after Undo, the first of those that read, `names`, takes its place.
    """
    if not is_open:
        return tuple(gr.skip() for _ in range(10))
    there = own_networks.names(own)
    found = name if name in there else first_of(names, own)
    networks = gr.skip() if there == listed and found == name else renew(own, name, found)
    return networks, there, *views(part, sketch, found, own, chosen, typed, other)


def views(
    part: str, sketch: str | None, name: str | None, own: Own,
    chosen: str | None, typed: str | None, other: str | None,
) -> tuple[Any, ...]:  # fmt: skip
    """What a part shows: (side, layers, unit, kernels, own kernel, why, changed, message)."""
    look = look_at(sketch, name, own)
    if isinstance(look, str):
        sentence = f'<p class="failure" role="alert">{escape(look)}</p>'
        return (*(gr.skip() for _ in range(7)), sentence)
    side = json.dumps({"picture": inked(np.pad(look.ink, look.network.preprocessing.pad))})
    layers = kernels = own_made = reasons = changed = gr.skip()
    unit = ""  # it belongs to the maps, and comes back with them
    if part == "layers":
        layers, unit = describe(look), taken_apart(look, chosen)
    elif part == "kernels":
        kernels, own_made = bench(look), own_view(look, typed)
    elif part == "why":
        reasons, changed = why(look), another(look, int(other)) if other in DIGITS else ""
    return side, layers, unit, kernels, own_made, reasons, changed, ""


def opened(names: list[str], name: str | None, own: Own) -> tuple[bool, dict[str, Any]]:
    """The section was opened, and looks into the network that reads: (open, network)."""
    wanted = [name] if name is not None and (name in names or not names) else names[:1]
    return True, renew(own, name, first_of(wanted, own))


def first_of(names: list[str], own: Own) -> str:
    """The first of some networks that is there, else the first of all."""
    there = own_networks.names(own)
    return next((name for name in names if name in there), there[0])


def renew(own: Own, name: str | None, wanted: str) -> dict[str, Any]:
    """What there is to look into, and that it is `wanted` now, no longer `name`."""
    # Said only where it differs: by the time this arrives, the visitor may have chosen another.
    return gr.update(choices=choices(own)) | ({"value": wanted} if wanted != name else {})


def taken_apart(look: Look, chosen: str | None) -> str:
    """The number that `press` told, "" where none is; one of another network has no counterpart in this."""
    try:
        name, stage, place = json.loads(chosen or "")
        return card(look.seen, int(stage), tuple(int(i) for i in place)) if name == look.name else ""
    except (TypeError, ValueError):  # it comes from a browser
        return ""


def press(name: str | None, event: gr.EventData) -> str:
    """A number on the maps was pressed: which, as JSON."""
    return json.dumps([name, getattr(event, "stage", None), getattr(event, "place", None)])


def wish_for(wish: str | None, newest_wish: list[str | None]) -> int:
    """A wish, see `WISH_SCRIPT`, ends what is still being imagined, and is imagined next: its signal."""
    newest_wish[:] = [wish]
    return next(tickets)


def imagined(wish: str | None, name: str | None, own: Own, newest_wish: list[str | None]) -> Iterator[str]:
    """A digit imagined, step by step, until another is wished for."""
    digit, seed = wished(wish)
    with closing(dream(digit, name, seed, own)) as frames:
        for html in frames:
            if newest_wish != [wish]:
                return
            yield html


# --- layout ----------------------------------------------------------------------------------------------


def panel(html: str, name: str) -> gr.HTML:
    return gr.HTML(html, apply_default_css=False, elem_id=name)


def digit_picker(label: str, name: str) -> gr.Radio:
    return gr.Radio(DIGITS, label=label, elem_id=name, elem_classes="pills")


@dataclass(frozen=True)
class Stage:
    """The section's components. `views` are those that `views` fills, in its order."""

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
    wish: gr.HTML
    imagined: gr.HTML
    message: gr.HTML
    tabs: dict[str, gr.Tab]

    @property
    def views(self) -> list[Any]:
        above = [self.side, self.layers, self.unit, self.kernels, self.own_made]
        return [*above, self.reasons, self.changed, self.message]


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
                wish = gr.HTML(
                    "",
                    html_template=WISH_TEMPLATE,
                    js_on_load=WISH_SCRIPT,
                    apply_default_css=False,
                    elem_id="inside-wish",
                )
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
    part, chosen = note("layers"), note()
    listed: gr.State = gr.State(None)
    newest_wish: gr.State = gr.State([])  # changed in place: a dream goes on meanwhile
    is_open, own = drawn.inside_open, drawn.own_networks
    with gr.Accordion("Inside the network", open=False, elem_id="inside") as section:
        stage = lay_out()
    section.expand(opened, [drawn.picker, stage.network, own], [is_open, stage.network], **NEWEST)
    section.collapse(None, None, is_open, js="() => false", **AT_ONCE)
    for name, tab in stage.tabs.items():
        tab.select(None, None, part, js=f"() => '{name}'", **AT_ONCE)
    stage.layers.click(press, stage.network, chosen, **NEWEST)
    stage.unit.click(None, None, chosen, js="() => ''", **AT_ONCE)
    stage.network.change(None, None, chosen, js=FORGET, **AT_ONCE)
    typed, other = stage.typed, stage.other
    newest(
        [drawn.for_inside.change, part.change, chosen.change, stage.network.input, typed.change, other.input],
        follow,
        [is_open, part, drawn.pad, stage.network, drawn.picker, own, chosen, typed, other, listed],
        [stage.network, listed, *stage.views],
    )
    to_imagine = signal()
    stage.wish.change(wish_for, [stage.wish, newest_wish], to_imagine, **NEWEST)
    to_imagine.change(
        imagined,
        [stage.wish, stage.network, own, newest_wish],
        stage.imagined,
        concurrency_id="imagine",
        concurrency_limit=2,
        **{**QUEUED, "trigger_mode": "always_last"},
    )

"""Learning from one pair on the page: how its parts lie."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from typing import Any

import gradio as gr

from engine.neighbourhoods import NEIGHBOURHOODS
from engine.optimizers import OPTIMIZERS
from engine.painting import LOSSES, MOST_BATCH, PRESETS, STARTS, Choices
from engine.pixel_networks import MOST_HIDDEN
from ui import colorize_pair_view as html
from ui.colorize_stage import PHOTOS
from ui.fields import image, path_of
from ui.limits import Limits

INTRODUCTION = (
    "The gray of each pixel and of its neighbours goes through a hidden layer of sigmoids to red, green and "
    "blue: an article's network (“BP neural network: from NumPy to TensorFlow 2”, 2021). It sees one pair "
    "of pictures, and learns which colour goes with which gray in them."
)
OTHER = (
    "It paints any gray picture in the first one's colours: "
    "what is as light as something in that one gets its colour."
)
PRESET = next(iter(PRESETS))


@dataclass(frozen=True)
class Fields:
    """The settings, in the order of Choices without its seed."""

    neighbourhood: gr.Dropdown
    hidden: gr.Number
    learning_rate: gr.Number
    batch: gr.Dropdown
    epochs: gr.Number
    optimizer: gr.Dropdown
    start: gr.Dropdown
    loss: gr.Dropdown
    shuffled: gr.Checkbox

    @property
    def inputs(self) -> list[Any]:
        return [getattr(self, name) for name in self.__dataclass_fields__]


@dataclass(frozen=True)
class Panels:
    """What a view changes, in the order of `ui.colorize_pair.shown`."""

    gray: gr.HTML
    output: gr.HTML
    truth: gr.HTML
    told: gr.HTML
    loss: gr.HTML
    psnr: gr.HTML
    network: gr.HTML
    start: gr.Button
    stop: gr.Button
    keep: gr.DownloadButton

    @property
    def outputs(self) -> list[Any]:
        return [getattr(self, name) for name in self.__dataclass_fields__]


@dataclass(frozen=True)
class PairPart:
    """All of it."""

    part: gr.Accordion
    colour: gr.Image
    gray: gr.Image
    preset: gr.Radio
    note: gr.HTML
    fields: Fields
    panels: Panels
    other: gr.Image
    painted: gr.HTML
    load: gr.UploadButton


def values_of(choices: Choices) -> list[Any]:
    """What the fields hold for some choices."""
    return list(astuple(choices))[:-1]


def preset_note(name: str | None) -> str:
    return f"<p>{PRESETS[name].sentence if name in PRESETS else 'Your own settings.'}</p>"


def panel(name: str, html: str = "") -> gr.HTML:
    return gr.HTML(html, apply_default_css=False, elem_id=f"pair-{name}")


def picture_field(value: str | None, label: str, name: str) -> gr.Image:
    """A picture that is brought; the engine opens it, with its own guards and sentences."""
    return image(
        value,
        sources=["upload", "clipboard"],
        label=label,
        buttons=[],
        height=248,  # with the label above and what it may be brought by below
        elem_id=f"pair-{name}-picture",
    )


def lay_out(limits: Limits) -> PairPart:
    """Closed; nothing is computed until it is opened."""
    with gr.Accordion("Learn from one picture", open=False, elem_id="colorize-pair") as part:
        gr.HTML(f"<p>{INTRODUCTION}</p>", apply_default_css=False, elem_classes="pair-note")
        with gr.Row(elem_id="pair", equal_height=False):
            with gr.Column(min_width=300, scale=2):
                with gr.Row(elem_id="pair-bring"):
                    colour = picture_field(str(PHOTOS / "flower.jpg"), "Colour", "colour")
                    gray = picture_field(None, "Gray, or made of it", "gray")
                preset = gr.Radio(list(PRESETS), value=PRESET, label="Preset", elem_id="pair-preset")
                note = gr.HTML(preset_note(PRESET), apply_default_css=False, elem_classes="pair-note")
                fields = lay_out_fields(limits)
                with gr.Row(elem_classes=["buttons", "turns"]):
                    start = gr.Button(
                        "Learn", variant="primary", elem_id="pair-start", scale=0, min_width=150
                    )
                    stop = gr.Button(
                        "Stop", variant="stop", visible=False, elem_id="pair-stop", scale=0, min_width=150
                    )
            with gr.Column(min_width=300, scale=3):
                with gr.Row(elem_id="pair-pictures"):
                    shown = panel("gray"), panel("output", html.PRESS_LEARN), panel("truth")
                told = panel("told")
                with gr.Row(elem_id="pair-charts"):
                    charts = panel("loss", html.loss_chart(None)), panel("psnr", html.psnr_chart(None))
                network = panel("network")
        gr.HTML(
            f"<h3>Paint another one</h3><p>{OTHER}</p>", apply_default_css=False, elem_classes="pair-note"
        )
        with gr.Row(elem_id="pair-other", equal_height=False):
            with gr.Column(min_width=300, scale=2):
                other = picture_field(str(PHOTOS / "cat.jpg"), "Another picture", "other")
                with gr.Row(elem_classes="buttons"):
                    keep = gr.DownloadButton(
                        "Save the network", visible=False, elem_id="pair-save", scale=0, min_width=190
                    )
                    load = gr.UploadButton(
                        "Load one", file_types=[".npz"], elem_id="pair-load", scale=0, min_width=120
                    )
                    load.preprocess = path_of  # type: ignore[assignment, method-assign]
            with gr.Column(min_width=300, scale=3):
                painted = panel("painted")
    panels = Panels(*shown, told, *charts, network, start, stop, keep)
    return PairPart(part, colour, gray, preset, note, fields, panels, other, painted, load)


def lay_out_fields(limits: Limits) -> Fields:
    """The settings, as the first preset has them."""
    choices = PRESETS[PRESET].choices
    with gr.Column(elem_id="pair-settings"):
        with gr.Row():
            neighbourhood = gr.Dropdown(
                list(NEIGHBOURHOODS), value=choices.neighbourhood, label="Reads", min_width=120
            )
            hidden = gr.Number(
                choices.hidden,
                label="Hidden units",
                precision=0,
                minimum=1,
                maximum=MOST_HIDDEN,
                min_width=90,
            )
        with gr.Row():
            rate = gr.Number(choices.learning_rate, label="Learning rate", minimum=0, min_width=90)
            batch = gr.Dropdown(
                [1, 16, 64, 256, MOST_BATCH], value=choices.batch, label="Pixels a step", min_width=90
            )
            epochs = gr.Number(
                choices.epochs,
                label="Epochs",
                precision=0,
                minimum=1,
                maximum=limits.max_epochs,
                min_width=80,
            )
        with gr.Row():
            optimizer = gr.Dropdown(
                list(OPTIMIZERS), value=choices.optimizer, label="Optimizer", min_width=90
            )
            start = gr.Dropdown(list(STARTS), value=choices.start, label="First weights", min_width=120)
            loss = gr.Dropdown(list(LOSSES), value=choices.loss, label="Loss", min_width=180)
        shuffled = gr.Checkbox(choices.shuffled, label="Pixels in a new order each epoch", container=False)
    return Fields(neighbourhood, hidden, rate, batch, epochs, optimizer, start, loss, shuffled)

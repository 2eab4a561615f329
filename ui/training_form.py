"""The settings of the Train tab as fields, and how they change each other."""

from __future__ import annotations

import json
from dataclasses import astuple, dataclass, replace
from functools import partial
from html import escape
from typing import Any

import gradio as gr

from engine.architectures import DIGIT_NETWORKS
from engine.losses import LOSSES
from engine.optimizers import OPTIMIZERS
from engine.recipes import RECIPES
from engine.rules import RULES
from engine.schedules import SCHEDULES
from ui.data_source import explained
from ui.events import NEWEST
from ui.limits import Limits
from ui.messages import message
from ui.training_settings import (
    LONGEST_LAYERS,
    MINE,
    OWN,
    PICTURE_COUNTS,
    PICTURE_SIZES,
    QUICK,
    QUICK_SETTINGS,
    WITH_MINE,
    Settings,
    SettingsError,
    build_network,
    layers_of,
    networks_for,
    picture_size,
    presets,
)

TARGETS = {"0 and 1": (0.0, 1.0), "0.01 and 0.99": (0.01, 0.99)}
QUICK_NOTE = "A small convolution, learnt in some seconds from pictures that are always here."


@dataclass(frozen=True)
class Form:
    """The fields, in the order of Settings."""

    data: gr.Radio
    network: gr.Dropdown
    layers: gr.Textbox
    loss: gr.Dropdown
    optimizer: gr.Dropdown
    learning_rate: gr.Number
    schedule: gr.Dropdown
    batch_size: gr.Number
    epochs: gr.Number
    images: gr.Number
    seed: gr.Number
    rule: gr.Dropdown
    targets: gr.Dropdown
    weight_decay: gr.Number

    @property
    def inputs(self) -> list[Any]:
        return [getattr(self, name) for name in self.__dataclass_fields__]


def chosen(preset: str | None, values: tuple[Any, ...]) -> Settings:
    """A preset's settings where one is chosen, as the fields may still be on their way; else the fields'."""
    return presets().get(preset or "") or settings_of(values)


def settings_of(values: tuple[Any, ...]) -> Settings:
    """Settings from what the fields hold, which may be anything: `checked` judges it."""
    fields = dict(zip(Form.__dataclass_fields__, values, strict=True))
    return Settings(
        **{**fields, "targets": TARGETS.get(fields["targets"], (0.0, 1.0)), "layers": fields["layers"] or ""}
    )


def values_of(settings: Settings) -> list[Any]:
    """What the fields hold for some settings."""
    targets = next(name for name, pair in TARGETS.items() if pair == settings.targets)
    return list(astuple(replace(settings, targets=targets)))  # type: ignore[arg-type]


# --- handlers -------------------------------------------------------------------------------------


def choose_preset(limits: Limits, name: str | None) -> list[Any]:
    """Every field as the preset has it, and what is said of its data and layers."""
    settings = presets().get(name or "", QUICK_SETTINGS)
    return [*values_of(settings), data_note(settings.data), layers_note(settings, limits)]


def choose_data(limits: Limits, *values: Any) -> list[Any]:
    """Other data: a network that does not read them makes room for one that does."""
    settings = settings_of(values)
    size = PICTURE_SIZES[settings.data]
    if settings.network != OWN and picture_size(settings.network) != size:
        network = networks_for(settings.data)[-1] if settings.data == "digits-8x8" else "mlp-relu-128"
        settings = replace(settings, network=network, layers=layers_of(network))
    settings = replace(settings, images=PICTURE_COUNTS[settings.data])
    return [
        settings.network, settings.layers, settings.images, data_note(settings.data), layers_note(settings,
        limits) ]  # fmt: skip


def choose_network(limits: Limits, *values: Any) -> list[Any]:
    """Another network: its layers, and data that it can read."""
    settings = settings_of(values)
    if settings.network != OWN:
        settings = replace(settings, layers=layers_of(settings.network))
        if picture_size(settings.network) != PICTURE_SIZES[settings.data]:
            data = next(
                data for data, size in PICTURE_SIZES.items() if size == picture_size(settings.network)
            )
            settings = replace(settings, data=data, images=PICTURE_COUNTS[data])
    return [
        settings.data,
        settings.layers,
        settings.images,
        data_note(settings.data),
        layers_note(settings, limits),
    ]


def read_layers(limits: Limits, preset: str | None, *values: Any) -> list[Any]:
    """The list of layers is another one: the visitor's own, unless the network or a preset brought it.

    Where a preset did, other fields may still be on their way, or another preset has been chosen meanwhile.
    """
    settings = settings_of(values)
    brought = next((one for one in presets().values() if one.layers == settings.layers), None)
    if preset is not None and brought is not None:
        return [gr.skip(), layers_note(brought, limits)]
    if settings.network != OWN and settings.layers != layers_of(settings.network):
        settings = replace(settings, network=OWN)
    return [settings.network, layers_note(settings, limits)]


def js_departure() -> str:
    """For the browser alone: a preset of which the visitor has changed a field is not chosen any more."""
    fields = {name: values_of(settings) for name, settings in presets().items()}
    return f"""(preset, ...values) =>
        JSON.stringify(({json.dumps(fields)})[preset]) === JSON.stringify(values) ? preset : null"""


def js_other_layers() -> str:
    """The same for a list of layers, of which nobody knows who has changed it: one of a preset's, perhaps of
    one that was chosen before, was not written by hand.
    """
    layers = [settings.layers for settings in presets().values()]
    return f"(preset, layers) => {json.dumps(layers)}.includes(layers) ? preset : null"


# --- what is said ---------------------------------------------------------------------------------


def preset_note(name: str | None) -> str:
    if name in RECIPES:
        recipe = RECIPES[name]
        published = "" if recipe.published == "—" else f" Published: {recipe.published}."
        return f"<p>{escape(recipe.note + published)}</p>"
    return f"<p>{QUICK_NOTE if name == QUICK else 'Your own settings.'}</p>"


def data_note(data: str) -> str:
    return f"<p>{escape(explained(data))}</p>"


def layers_note(settings: Settings, limits: Limits) -> str:
    """What the layers make of a picture, or what is wrong with them."""
    batch = settings.batch_size if isinstance(settings.batch_size, int) and settings.batch_size > 0 else 1
    try:
        network = build_network(replace(settings, batch_size=batch, seed=0, rule="backpropagation"), limits)
    except SettingsError as error:
        return message(str(error), "error")
    shapes = [
        shape for kind, shape, _ in network.summary() if kind not in ("Flatten", "ReLU", "Sigmoid", "Tanh")
    ]
    steps = " → ".join("×".join(map(str, shape)) for shape in (network.input_shape, *shapes))
    return f"<p>{steps} · {network.parameter_count:,} parameters</p>"


# --- layout ---------------------------------------------------------------------------------------


def preset_picker() -> tuple[gr.Radio, gr.HTML]:
    """The presets, and what is said of the chosen one."""
    picker = gr.Radio(list(presets()), value=QUICK, label="What to train", elem_id="train-preset")
    return picker, note(preset_note(QUICK), "train-about")


def lay_out_form(picker: gr.Radio, about: gr.HTML, limits: Limits) -> Form:
    """The fields, folded away, and what they do to each other."""
    start = QUICK_SETTINGS
    with gr.Accordion("Settings", open=False, elem_id="train-settings"):
        names = {"8×8 digits": "digits-8x8", "MNIST": "mnist", "My digits": MINE, "MNIST and mine": WITH_MINE}
        data = gr.Radio(list(names.items()), value=start.data, label="Data")
        about_data = note(data_note(start.data), "train-data-note")
        network = gr.Dropdown([OWN, *DIGIT_NETWORKS], value=start.network, label="Network")
        layers = gr.Textbox(
            start.layers, label="Layers", lines=2, max_length=LONGEST_LAYERS, elem_id="train-layers",
            info="From picture to answer, such as: conv 3x3x16, relu, pool 2, dense 10",
        )  # fmt: skip
        about_layers = note(layers_note(start, limits), "train-layers-note")
        rest = learning_fields(start, limits)
    form = Form(data, network, layers, **rest)
    wire_form(form, picker, [about, about_data, about_layers], limits)
    return form


def learning_fields(start: Settings, limits: Limits) -> dict[str, Any]:
    """How it learns. Each has one sentence."""
    with gr.Row():
        loss = choice(LOSSES, start.loss, "Loss", "What is made small.")
        optimizer = choice(OPTIMIZERS, start.optimizer, "Optimizer", "What makes a step.")
    with gr.Row():
        rate = number(start.learning_rate, "Learning rate", "How long steps are.", None)
        schedule = choice(SCHEDULES, start.schedule, "Schedule", "How the rate changes.")
    with gr.Row():
        batch = number(start.batch_size, "Batch", "Pictures in one step.")
        epochs = number(start.epochs, "Epochs", f"Times through, up to {limits.max_epochs}.")
    with gr.Row():
        images = number(start.images, "Pictures", "How many it learns from.")
        seed = number(start.seed, "Seed", "Same seed, same run.")
    with gr.Row():
        rule = choice(RULES, start.rule, "Training rule", "How errors go back.")
        targets = choice(TARGETS, "0 and 1", "Targets", "Wrong and right outputs.")
    decay = number(start.weight_decay, "Weight decay", "How fast AdamW shrinks the weights.", None)
    return {
        "loss": loss, "optimizer": optimizer, "learning_rate": rate, "schedule": schedule,
        "batch_size": batch, "epochs": epochs, "images": images, "seed": seed,
        "rule": rule, "targets": targets, "weight_decay": decay,
    }  # fmt: skip


def choice(names: Any, value: str, label: str, info: str) -> gr.Dropdown:
    return gr.Dropdown(list(names), value=value, label=label, info=info, min_width=120)


def number(value: float, label: str, info: str, precision: int | None = 0) -> gr.Number:
    return gr.Number(value, label=label, info=info, precision=precision, min_width=120)


def note(html: str, name: str) -> gr.HTML:
    return gr.HTML(html, apply_default_css=False, elem_id=name, elem_classes="train-note", js_on_load=None)


def wire_form(form: Form, picker: gr.Radio, notes: list[gr.HTML], limits: Limits) -> None:
    """`input` is what the visitor does, not what a handler sets, so nothing here answers itself."""
    about, about_data, about_layers = notes
    picker.input(partial(choose_preset, limits), picker, [*form.inputs, about_data, about_layers], **NEWEST)
    picker.change(preset_note, picker, about, **NEWEST)
    form.data.input(
        partial(choose_data, limits),
        form.inputs,
        [form.network, form.layers, form.images, about_data, about_layers],
        **NEWEST,
    )
    form.network.input(
        partial(choose_network, limits),
        form.inputs,
        [form.data, form.layers, form.images, about_data, about_layers],
        **NEWEST,
    )
    # a textbox's `input` is about keys alone and misses what is pasted or deleted
    form.layers.change(
        partial(read_layers, limits),
        [picker, *form.inputs],
        [form.network, about_layers],
        **NEWEST,
    )
    form.layers.change(None, [picker, form.layers], picker, js=js_other_layers(), **NEWEST)
    gr.on(
        [field.input for field in form.inputs],
        None,
        [picker, *form.inputs],
        picker,
        js=js_departure(),
        **NEWEST,
    )

"""A link that opens the Train tab with the same settings: for a class, a colleague, or to go on later."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio.context import Context

from ui.events import AT_ONCE
from ui.limits import Limits
from ui.messages import message
from ui.training_form import Form, data_note, layers_note, note, settings_of, values_of
from ui.training_settings import Settings, SettingsError, checked, preset_of

KEY = "train"  # of the address
MOST_CHARACTERS = 2000
FIELDS = len(Form.__dataclass_fields__)
# The address of the page is the link; it is also put where it can be pasted from, if the browser allows that.
COPY = f"""async (...values) => {{
  const link = new URL(location.href);
  link.search = "?" + new URLSearchParams({{{KEY}: JSON.stringify(values)}});
  history.replaceState(null, "", link);
  try {{
    await navigator.clipboard.writeText(link.href);
    return "<p>Copied. Whoever opens the link finds these settings.</p>";
  }} catch {{
    return "<p>The address of this page is the link now: whoever opens it finds these settings.</p>";
  }}
}}"""


def settings_in(text: str, limits: Limits) -> Settings:
    """The settings that a link holds. SettingsError, with a sentence, where it holds none that can be run."""
    try:
        values = json.loads(text) if len(text) <= MOST_CHARACTERS else None
    except (ValueError, RecursionError) as error:
        raise SettingsError("The link is damaged.") from error
    if not isinstance(values, list) or len(values) != FIELDS or not all(map(_is_plain, values)):
        raise SettingsError("The link is damaged, or of another version of this page.")
    settings = settings_of(tuple(values))
    checked(settings, limits)
    return settings


def _is_plain(value: object) -> bool:
    return isinstance(value, str | int | float | None)


@dataclass(frozen=True)
class Opening:
    """What happens when the page is opened, under the limits of this page."""

    limits: Limits

    def follow(self, request: gr.Request) -> list[Any]:
        """By a link: the tab, preset, fields and notes, the open section, what is said; else nothing."""
        text = request.query_params.get(KEY)
        if text is None:
            return [gr.skip() for _ in range(FIELDS + 6)]
        tab, section = gr.update(selected=KEY), gr.update(open=True)
        try:
            settings = settings_in(text, self.limits)
        except SettingsError as error:
            told = message(f"{error} The settings here are the usual ones.", "error")
            return [tab, *(gr.skip() for _ in range(FIELDS + 3)), section, told]
        notes = data_note(settings.data), layers_note(settings, self.limits)
        return [tab, preset_of(settings), *values_of(settings), *notes, section, ""]


def build(
    tabs: gr.Tabs, section: gr.Accordion, picker: gr.Radio, form: Form, notes: list[gr.HTML], limits: Limits
) -> None:
    """The button, below the fields; to be called inside their section."""
    button = gr.Button("Copy a link to these settings", size="sm", elem_id="train-link")
    told = note("", "train-linked")
    button.click(None, form.inputs, told, js=COPY, **AT_ONCE)
    assert Context.root_block is not None
    outputs = [tabs, picker, *form.inputs, *notes, section, told]
    Context.root_block.load(Opening(limits).follow, None, outputs, **AT_ONCE)

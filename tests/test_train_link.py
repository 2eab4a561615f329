"""A link to settings of the Train tab: what it holds, what a damaged one leads to, and in a real browser."""

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import urlencode

import gradio as gr
import pytest
from playwright.sync_api import Page, expect

from ui.limits import Limits
from ui.train_link import FIELDS, Opening, settings_in
from ui.training_form import values_of
from ui.training_settings import QUICK_SETTINGS, SettingsError, presets

LIMITS = Limits()


def visit(text: str | None) -> list[Any]:
    """What changes for who opens a link."""
    query = {} if text is None else {"train": text}
    return Opening(LIMITS).follow(cast(gr.Request, SimpleNamespace(query_params=query)))


@pytest.mark.parametrize("name", presets())
def test_every_preset_comes_back_from_its_link(name: str) -> None:
    settings = presets()[name]
    assert settings_in(json.dumps(values_of(settings)), LIMITS) == settings
    _, preset, *fields = visit(json.dumps(values_of(settings)))
    assert preset == name
    assert fields[:FIELDS] == values_of(settings)


def test_own_settings_choose_no_preset() -> None:
    values = values_of(QUICK_SETTINGS)
    values[5] = 0.03
    tab, preset, *fields, section, told = visit(json.dumps(values))
    assert tab["selected"] == "train"
    assert preset is None
    assert fields[5] == 0.03
    assert "parameters" in fields[FIELDS + 1]
    assert section["open"]
    assert told == ""


def test_no_link_changes_nothing() -> None:
    assert visit(None) == [gr.skip()] * (FIELDS + 6)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "damaged"),
        ("[1, 2", "damaged"),
        ("{}", "another version"),
        ("[1]", "another version"),
        (json.dumps([[]] * FIELDS), "another version"),
        (json.dumps(["x"] * FIELDS), "Choose the data"),
        ("[" * 1900, "damaged"),
        ("9" * 5000, "another version"),
    ],
)
def test_a_damaged_link_gets_a_sentence_and_the_usual_settings(text: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        settings_in(text, LIMITS)
    *others, told = visit(text)
    assert said in told
    assert 'role="alert"' in told
    assert others[1:-1] == [gr.skip()] * (FIELDS + 3)


@pytest.mark.parametrize(("place", "value", "said"), [(5, -1, "learning rate"), (8, None, "epochs")])
def test_settings_that_can_not_be_run_are_told(place: int, value: Any, said: str) -> None:
    values = values_of(QUICK_SETTINGS)
    values[place] = value
    assert said in visit(json.dumps(values))[-1]


@pytest.mark.browser
def test_who_opens_the_link_has_the_settings(open_page: Callable[..., Page], app_url: str) -> None:
    page = open_page()
    page.get_by_role("tab", name="Train").click()
    page.locator("#train-settings > button").click()
    page.get_by_label("Learning rate").fill("0.03")
    page.get_by_label("Epochs").fill("2")
    page.locator("#train-link").click()
    expect(page.locator("#train-linked")).to_contain_text("finds these settings")
    assert "train=" in page.url
    other = open_page()
    other.goto(page.url)
    expect(other.get_by_label("Epochs")).to_have_value("2")
    expect(other.get_by_label("Learning rate")).to_have_value("0.03")
    expect(other.get_by_role("tab", name="Train")).to_have_attribute("aria-selected", "true")
    expect(other.locator("#train-preset input:checked")).to_have_count(0)
    other.locator("#train-start").click()
    expect(other.locator("#train-report")).to_contain_text("of 180 test pictures", timeout=60_000)
    other.goto(f"{app_url}?{urlencode({'train': 'nonsense'})}")
    expect(other.locator("#train-linked [role=alert]")).to_contain_text("damaged")

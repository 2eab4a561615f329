"""How the page is wired: what Gradio's client (6.31) makes of it. See ui/events.py."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, Request

from tests.browser import STROKES, draw

pytestmark = pytest.mark.browser


def listeners(config: dict[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """(event, names of the handlers on the server) of everything that can happen on the page."""
    parts = {part["id"]: part for part in config["components"]}
    found = defaultdict(list)
    for handler in config["dependencies"]:
        if handler["backend_fn"]:
            for target, event in handler["targets"]:
                found[target, event].append(handler["api_name"])
    for (target, event), names in found.items():
        part = parts.get(target)  # none for `then` and `unload`
        if part is not None:
            yield f"{part['props'].get('elem_id') or target}.{event}", names


def test_an_event_of_a_component_leads_to_one_handler(page: Page, app_url: str) -> None:
    heard = list(listeners(page.request.get(f"{app_url}config").json()))
    assert len(heard) > 60
    several = {event: names for event, names in heard if len(names) > 1}
    assert not several, "they would wake each other for ever"


def test_a_drawing_at_rest_asks_for_nothing(page: Page) -> None:
    asked: list[str] = []

    def note(request: Request) -> None:
        if request.method == "POST":
            asked.append(request.url)

    for name in ("Whole numbers", "Inside the network"):
        page.get_by_role("button", name=name).click()
    page.on("request", note)
    draw(page, STROKES["4"])
    page.wait_for_timeout(1500)
    assert asked
    asked.clear()
    page.wait_for_timeout(1000)
    assert not asked

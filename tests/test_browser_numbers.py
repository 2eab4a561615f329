"""The section Whole numbers in a real browser: the pad live, a picture, turning it, and the endpoint."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from gradio_client import Client, handle_file
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from tests.browser import STROKES, draw
from tests.number_pictures import written

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Page]


def write(page: Page, text: str) -> None:
    """Digits beside each other on the pad."""
    size = 0.9 / len(text)
    for place, digit in enumerate(text):
        strokes = [
            [
                value * size * 1.3 + (0.05 + (place - 0.15) * size if axis % 2 == 0 else 0.3)
                for axis, value in enumerate(stroke)
            ]
            for stroke in STROKES[digit]
        ]
        draw(page, strokes)


def open_section(page: Page) -> Page:
    page.locator("#numbers").get_by_role("button", name="Whole numbers").click()
    expect(page.locator("#numbers-pad")).to_be_visible()
    return page


def spoken(page: Page, where: str) -> Locator:
    return page.locator(f"#numbers-{where} .number-spoken")


def test_the_pad_is_read_live(page: Page) -> None:
    thin(page)
    write(page, "42")
    hint = page.locator("#numbers-several")
    expect(hint).to_contain_text("More than one digit? As a whole 42.")
    hint.get_by_role("button").click()  # it opens the section
    expect(spoken(page, "pad")).to_have_text("42")
    expect(page.locator("#numbers-pad .box")).to_have_count(2)
    expect(page.locator("#numbers-pad .box").first).to_be_in_viewport()
    page.get_by_role("button", name="Clear", exact=True).first.click()
    expect(page.locator("#numbers-pad")).to_contain_text("Write several digits")
    write(page, "507")
    expect(spoken(page, "pad")).to_have_text("507")


def test_the_hint_is_on_the_screen_of_a_laptop_under_the_pad(open_page: Callable[..., Page]) -> None:
    page = open_page(width=1366, height=768)
    thin(page)
    write(page, "42")
    expect(page.locator("#numbers-several .several")).to_be_in_viewport(ratio=1)


def thin(page: Page) -> None:
    """A finer pen, or small digits fill up."""
    page.get_by_label("Pen size", exact=True).first.fill("4")


def test_a_picture_is_read_and_turned(page: Page, tmp_path: Path) -> None:
    open_section(page)
    Image.fromarray(np.rot90(written("86420"))).save(tmp_path / "lying.png")
    page.locator("#numbers-picture input[type=file]").set_input_files(tmp_path / "lying.png")
    expect(page.locator("#numbers-told .number-picture img")).to_be_visible()
    page.get_by_role("button", name="Turn right").click()
    expect(spoken(page, "told")).to_have_text("86420")
    expect(page.locator("#numbers-told .box")).to_have_count(5)
    page.get_by_role("button", name="Turn left").click()
    expect(spoken(page, "told")).not_to_have_text("86420")


def test_an_example_and_a_broken_file(page: Page, tmp_path: Path) -> None:
    open_section(page)
    page.locator("#numbers-examples").get_by_role("button").nth(1).click()
    expect(page.locator("#numbers-told ol")).to_have_count(3)
    page.locator("#numbers-picture").get_by_label("Remove Image").click()
    expect(page.locator("#numbers-told")).to_contain_text("Bring a picture")
    (tmp_path / "broken.png").write_bytes(b"no picture at all")
    page.locator("#numbers-picture input[type=file]").set_input_files(tmp_path / "broken.png")
    expect(page.locator("#numbers-told [role=alert]")).to_contain_text("no picture that can be opened")


def test_programs_read_numbers_too(app_url: str, tmp_path: Path) -> None:
    Image.fromarray(written("13579")).save(tmp_path / "number.png")
    client = Client(app_url, verbose=False, download_files=tmp_path)
    told = client.predict(handle_file(tmp_path / "number.png"), api_name="/read_number")
    assert told["text"] == "13579"
    assert len(told["characters"]) == 5

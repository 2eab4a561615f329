"""Learning from one pair in a real browser: watch it learn, stop it, paint another picture, keep it."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Page]


def open_part(page: Page) -> Page:
    page.get_by_role("tab", name="Colorize").click()
    expect(page.locator("#pair-network svg")).to_have_count(0)
    page.locator("#colorize-pair").get_by_role("button", name="Learn from one picture").click()
    expect(page.locator("#pair-network svg")).to_be_visible()
    return page


def told(page: Page) -> Locator:
    return page.locator("#pair-told")


def test_it_learns_and_paints_another_picture(page: Page, tmp_path: Path) -> None:
    open_part(page)
    expect(page.locator("#pair-network")).to_contain_text("579")
    expect(page.locator("#pair-other")).not_to_contain_text("in the colours")
    page.get_by_label("Epochs").fill("4")
    page.get_by_label("Epochs").blur()
    expect(page.locator("#colorize-pair")).to_contain_text("Your own settings.")
    page.locator("#pair-start").click()
    expect(told(page)).to_contain_text("Learnt 4 epochs", timeout=60_000)
    expect(told(page)).to_contain_text("better than the gray picture")
    expect(page.locator("#pair-loss polyline")).to_have_count(1)
    expect(page.locator("#pair-psnr polyline")).to_have_count(2)
    expect(page.locator("#pair-pictures img")).to_have_count(3)
    expect(page.locator("#pair-painted img")).to_have_count(2)
    with page.expect_download() as download:
        page.locator("#pair-save").click()
    assert download.value.suggested_filename == "pixel-colours.npz"
    download.value.save_as(tmp_path / "mine.npz")
    page.reload()
    open_part(page)
    page.get_by_test_id("Load one-upload-button").set_input_files(tmp_path / "mine.npz")
    expect(told(page)).to_contain_text("is back")
    expect(page.locator("#pair-painted img")).to_have_count(2)


def test_it_is_watched_and_stopped(page: Page) -> None:
    open_part(page)
    page.get_by_text("as published in NumPy").click()
    expect(page.locator("#colorize-pair")).to_contain_text("the picture is white at once")
    expect(page.get_by_label("Pixels a step")).to_have_value("1")
    page.locator("#pair-start").click()
    expect(told(page)).to_contain_text(re.compile(r"Epoch \d+ of 10"), timeout=60_000)
    points = "(document.querySelector('#pair-psnr .line')?.getAttribute('points') ?? '').split(' ').length"
    page.wait_for_function(f"{points} > 2")
    page.locator("#pair-stop").click()
    expect(told(page)).to_contain_text("Stopped after", timeout=60_000)
    expect(told(page)).to_contain_text("worse than the gray picture")
    expect(page.locator("#pair-start")).to_be_visible()


def test_a_refusal_leaves_what_is_there(page: Page) -> None:
    open_part(page)
    page.get_by_label("Learning rate").fill("0")
    page.get_by_label("Learning rate").blur()
    expect(page.locator("#colorize-pair")).to_contain_text("Your own settings.")
    page.locator("#pair-start").click()
    expect(told(page)).to_contain_text("rate")
    expect(page.locator("#pair-start")).to_have_text("Learn")
    expect(page.locator("#pair-network svg")).to_be_visible()
    expect(page.locator("#pair-network")).to_contain_text("579")
    expect(page.locator("#pair-pictures img")).to_have_count(2)


def test_a_phone_never_scrolls_sideways(open_page: OpenPage) -> None:
    page = open_part(open_page(width=390, height=844, touch=True, dark=True))
    page.get_by_label("Reads").click()
    page.get_by_role("option", name="24 neighbours").click()
    expect(page.locator("#pair-network")).to_contain_text("1,859")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    wide = page.evaluate(
        """() => [...document.querySelectorAll('#colorize-pair *')]
            .filter(e => e.checkVisibility() && !e.closest('svg') && e.getBoundingClientRect().right > 391)
            .map(e => e.outerHTML.slice(0, 120))"""
    )
    assert wide == []

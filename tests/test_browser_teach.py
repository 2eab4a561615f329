"""Teach it your hand in a real browser: one click, undo, another visitor; keep, correct, train."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, Route, expect

from engine import lesson_samples
from engine.own_digits import OwnDigits, save
from tests.browser import STROKES, draw

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Page]
# A 1 with a long upstroke, which mlp-100 calls a 9.
LONG_ONE = [[0.3, 0.45, 0.42, 0.34, 0.54, 0.2, 0.545, 0.4, 0.55, 0.6, 0.55, 0.82]]
SLOW = 60_000  # the first lesson of an app draws its examination


def choose_mlp(page: Page) -> None:
    chosen = page.locator("#picker label.selected")
    page.locator("#picker label").get_by_text("mlp-100", exact=True).click()
    expect(chosen).to_have_text(["digits", "mlp-100"])
    expect(page.locator("#answer .answer")).to_have_count(2)
    page.locator("#picker label").get_by_text("digits", exact=True).click()
    expect(chosen).to_have_text(["mlp-100"])


def draw_and_read(page: Page, strokes: list[list[float]], digit: int) -> None:
    """Draw, and wait until it is read; the pad may have been scrolled out of sight."""
    page.locator("#pad canvas").scroll_into_view_if_needed()
    draw(page, strokes)
    expect(page.locator("#answer .digit")).to_have_text(str(digit))


def say(page: Page, digit: int) -> None:
    page.locator("#teach-row").get_by_role("button", name=str(digit)).click()


def open_section(page: Page) -> None:
    page.locator("#teach > button").click()
    expect(page.locator("#teach-upload")).to_be_visible()


def test_one_click_teaches_undo_takes_it_back_and_nobody_else_sees_it(
    open_page: OpenPage, tmp_path: Path
) -> None:
    page, other = open_page(), open_page()
    choose_mlp(page)
    draw_and_read(page, LONG_ONE, 9)
    say(page, 1)
    expect(page.locator("#teach-note")).to_contain_text("it reads 1 now", timeout=SLOW)
    expect(page.locator("#teach-note")).to_contain_text("before any lesson")
    expect(page.locator("#answer .digit")).to_have_text("1")
    expect(page.locator("#picker label.selected")).to_have_text(["mlp-100, my hand"])
    with page.expect_download() as download:
        page.locator("#teach-download").click()
    assert download.value.suggested_filename == "mlp-100-my-hand.npz"
    expect(other.locator("#picker")).not_to_contain_text("my hand")
    choose_mlp(other)
    draw_and_read(other, LONG_ONE, 9)
    page.locator("#teach-undo").press("Enter")
    expect(page.locator("#answer .digit")).to_have_text("9")
    expect(page.locator("#picker label.selected")).to_have_text(["mlp-100"])
    expect(page.locator("#teach-undo")).to_be_hidden()
    expect(page.locator("#teach-row [data-digit='0']")).to_be_focused()  # the button itself is gone
    expect(page.locator("#teach-note p")).to_have_text("The last lesson is undone.")
    draw(page, STROKES["7"][:1])
    expect(page.locator("#teach-note p")).to_have_count(0)  # it was about another drawing


def test_undo_belongs_to_the_copy_that_reads(page: Page) -> None:
    choose_mlp(page)
    draw_and_read(page, LONG_ONE, 9)
    say(page, 1)
    chosen, undo = page.locator("#picker label.selected"), page.locator("#teach-undo")
    expect(chosen).to_have_text(["mlp-100, my hand"], timeout=SLOW)
    expect(undo).to_be_visible()
    for name in ("mlp-16", "mlp-100, my hand"):
        page.locator("#picker label").get_by_text(name, exact=True).click()
    expect(chosen).to_have_text(["mlp-16"])
    expect(undo).to_be_hidden()  # it was taught nothing
    say(page, 1)
    expect(chosen).to_have_text(["mlp-16, my hand"])
    for name in ("mlp-100, my hand", "mlp-16, my hand"):
        page.locator("#picker label").get_by_text(name, exact=True).click()
    expect(chosen).to_have_text(["mlp-100, my hand"])
    undo.click()
    expect(chosen).to_have_text(["mlp-100"])
    expect(undo).to_be_hidden()
    for name in ("mlp-16, my hand", "mlp-100"):
        page.locator("#picker label").get_by_text(name, exact=True).click()
    expect(undo).to_be_visible()


def test_a_reading_that_was_overtaken_does_not_come_last(page: Page) -> None:
    """A lesson chooses the taught copy and has the drawing read again; the one request holds the old name."""
    choose_mlp(page)
    draw_and_read(page, LONG_ONE, 9)
    held: list[Route] = []

    def hold_the_old(route: Route) -> None:
        data = json.loads(route.request.post_data or "{}")["data"]
        if len(data) == 6 and data[1] == ["mlp-100"] and type(data[-1]) is int:
            held.append(route)
        else:
            route.continue_()

    page.route("**/predict*", hold_the_old)
    say(page, 1)
    expect(page.locator("#answer .digit")).to_have_text("1", timeout=SLOW)
    assert len(held) == 1
    with page.expect_response("**/predict*"):
        held[0].continue_()
    page.wait_for_timeout(300)
    expect(page.locator("#answer .digit")).to_have_text("1")


def test_drawings_are_kept_corrected_and_removed(page: Page) -> None:
    open_section(page)
    expect(page.locator("#teach-gallery")).to_contain_text("None yet")
    page.locator("#teach-row").get_by_text("Keep it as a").click()
    draw_and_read(page, STROKES["4"], 4)
    say(page, 9)
    expect(page.locator("#teach-note")).to_contain_text("Kept as a 9")
    expect(page.locator("#pad .pad")).to_have_class("pad blank")
    figure = page.locator("#teach-gallery figure")
    expect(figure).to_have_count(1)
    figure.get_by_label("What this drawing shows").select_option("4")
    expect(figure.get_by_role("button")).to_have_attribute("aria-label", "Remove this 4")
    figure.get_by_role("button").click()
    expect(page.locator("#teach-gallery")).to_contain_text("None yet")


def test_kept_drawings_are_there_again_when_the_page_is_loaded_again(page: Page) -> None:
    page.locator("#teach-row").get_by_text("Keep it as a").click()
    for digit in ("4", "7"):
        draw_and_read(page, STROKES[digit], int(digit))
        say(page, int(digit))
        expect(page.locator("#teach-note")).to_contain_text(f"Kept as a {digit}")
    for count in (2, 1, 0):
        page.reload()
        open_section(page)
        expect(page.locator("#teach-gallery figure")).to_have_count(count)
        if count:
            page.locator("#teach-gallery [data-remove]").first.click()
            expect(page.locator("#teach-gallery figure")).to_have_count(count - 1)
    page.evaluate("sessionStorage.setItem('paint-by-numpy.digits', 'nonsense')")
    page.reload()
    open_section(page)
    expect(page.locator("#teach-gallery")).to_contain_text("None yet")


def test_keeping_a_drawing_on_a_slow_line_spares_the_next_one(page: Page) -> None:
    page.locator("#teach-row").get_by_text("Keep it as a").click()
    draw_and_read(page, STROKES["4"], 4)
    held: list[Route] = []

    def hold_the_press(route: Route) -> None:
        if "event_data" in (text := route.request.post_data or "") and '"keep"' in text:
            held.append(route)
        else:
            route.continue_()

    page.route("**/predict*", hold_the_press)
    say(page, 4)
    page.locator("#pad").get_by_role("button", name="Clear").click()
    draw_and_read(page, STROKES["7"], 7)
    assert len(held) == 1
    held[0].continue_()
    expect(page.locator("#teach-note")).to_contain_text("Kept as a 4")
    page.wait_for_timeout(200)
    expect(page.locator("#pad .pad")).not_to_have_class("pad blank")
    expect(page.locator("#answer .digit")).to_have_text("7")


def test_a_set_comes_back_is_taught_and_trained_on(page: Page, tmp_path: Path) -> None:
    digits = lesson_samples.drawn(30, seed=4)
    pairs = zip(digits.images, digits.labels.tolist(), strict=True)
    save(OwnDigits().with_pictures(pairs), tmp_path / "mine.npz")
    open_section(page)
    field = page.locator("#teach input[type=file]")
    field.set_input_files(tmp_path / "mine.npz")
    expect(page.locator("#teach-gallery figure")).to_have_count(30)
    expect(page.locator("#teach-gallery figure.aside")).to_have_count(10)
    np.savez(tmp_path / "bad.npz", images=np.zeros(3))
    field.set_input_files(tmp_path / "bad.npz")
    expect(page.locator("#teach-brought [role=alert]")).to_contain_text("This file can't be used")
    choose_mlp(page)
    page.locator("#teach-all").click()
    expect(page.locator("#teach-note")).to_contain_text("Learnt your digits", timeout=SLOW)
    expect(page.locator("#teach-chart polyline")).to_have_count(1)
    expect(page.locator("#teach-brought")).to_contain_text("Learnt your digits")
    page.locator("#teach-undo").click()
    expect(page.locator("#teach-brought p")).to_have_count(0)
    with page.expect_download() as download:
        page.locator("#teach-digits-download").click()
    assert Path(download.value.path()).read_bytes() == (tmp_path / "mine.npz").read_bytes()
    page.get_by_role("tab", name="Train").click()
    page.locator("#train-settings > button").click()
    page.get_by_role("radio", name="My digits").click()
    page.get_by_label("Epochs").fill("2")
    page.locator("#train-start").click()
    expect(page.locator("#train-report")).to_contain_text("of 10", timeout=SLOW)


def test_the_focus_goes_to_the_next_drawing_when_one_is_removed(page: Page, tmp_path: Path) -> None:
    digits = lesson_samples.drawn(3, seed=4)
    save(
        OwnDigits().with_pictures(zip(digits.images, digits.labels.tolist(), strict=True)), tmp_path / "3.npz"
    )
    open_section(page)
    page.locator("#teach input[type=file]").set_input_files(tmp_path / "3.npz")
    removes = page.locator("#teach-gallery [data-remove]")
    expect(removes).to_have_count(3)
    names = [removes.nth(i).get_attribute("data-remove") for i in range(3)]
    removes.nth(1).focus()
    page.keyboard.press("Enter")
    expect(removes).to_have_count(2)
    expect(removes.nth(1)).to_be_focused()
    expect(removes.nth(1)).to_have_attribute("data-remove", names[2] or "")
    page.wait_for_timeout(500)
    page.keyboard.press("Enter")
    expect(removes).to_have_count(1)
    expect(removes).to_be_focused()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_a_phone_never_scrolls_sideways(open_page: OpenPage, dark: bool) -> None:
    page = open_page(width=390, height=844, touch=True, dark=dark)
    open_section(page)
    page.locator("#teach-row").get_by_text("Keep it as a").click()
    page.locator("#drawings button").nth(3).click()
    expect(page.locator("#answer .digit")).to_have_text("3")
    say(page, 3)
    expect(page.locator("#teach-gallery figure")).to_have_count(1)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    ten = [button.bounding_box() for button in page.locator("#teach-row button").all()]
    assert all(
        box and box["width"] >= 28 and box["height"] >= 32 and box["x"] + box["width"] <= 390 for box in ten
    )


def test_everything_is_reached_by_keyboard(page: Page) -> None:
    draw_and_read(page, STROKES["4"], 4)
    page.locator("#teach-row [data-digit='4']").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#teach-note p")).to_contain_text("reads 4", timeout=SLOW)
    page.locator("#teach-row input").first.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#teach-row .correct")).to_have_attribute("data-mode", "keep")
    page.locator("#teach-download").focus()
    page.keyboard.press("Tab")  # in the order in which they are seen
    expect(page.locator("#picker input").first).to_be_focused()

"""The Train tab in a real browser: train, stop, continue, compare, and take the network along."""

import re
import time
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path

import gradio as gr
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser import free_port
from ui import draw, run_book, train
from ui.places import places
from ui.theme import HEAD, theme
from ui.training_run import Run

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Page]


def open_train(page: Page) -> Page:
    page.get_by_role("tab", name="Train").click()
    expect(page.locator("#train-start")).to_be_visible()
    return page


def open_settings(page: Page) -> None:
    page.locator("#train-settings").get_by_text("Settings", exact=True).click()
    expect(page.get_by_label("Epochs")).to_be_visible()


def write_layers(page: Page, text: str) -> None:
    """Fill in a list of layers, again if the field came to life only after that and has its old text back."""
    layers = page.locator("#train-layers textarea")
    for _ in range(5):
        layers.fill(text)
        page.wait_for_timeout(200)
        if layers.input_value() == text:
            return
    pytest.fail(f"the field does not keep {text!r}")


def choose(page: Page, preset: str) -> None:
    page.locator("#train-preset").get_by_text(preset, exact=True).click()


def start_long_run(page: Page) -> None:
    """Train for so long that a test can act meanwhile."""
    open_settings(page)
    write_layers(page, "conv 3x3x48 same, relu, conv 3x3x48 same, relu, dense 10")
    expect(page.locator("#train-layers-note")).to_contain_text("8×8×48")
    page.get_by_label("Epochs").fill("100")
    page.locator("#train-start").click()
    expect(page.locator("#train-status")).to_contain_text("of 100", timeout=30_000)
    expect(line(page)).to_be_visible()


def line(page: Page) -> Locator:
    return page.locator("#train-loss polyline.line").first


def count_points(page: Page) -> int:
    return len((line(page).get_attribute("points") or "").split())


def upload(page: Page, file: Path) -> None:
    page.get_by_test_id("Bring back a downloaded network-upload-button").set_input_files(file)


def report(page: Page) -> Locator:
    return page.locator("#train-report .headline")


def test_one_click_trains_and_shows_everything(page: Page) -> None:
    open_train(page)
    page.locator("#train-start").click()
    expect(page.locator("#train-stop")).to_be_visible()
    expect(page.get_by_role("progressbar")).to_be_visible()
    expect(report(page)).to_contain_text("180 test pictures", timeout=60_000)
    expect(page.locator("#train-status")).to_contain_text("Run 1 is done: 15 epochs")
    expect(page.locator(".confusion tbody tr")).to_have_count(10)
    expect(page.locator("#train-weights img")).to_have_count(16)
    expect(page.locator("#train-accuracy polyline")).to_have_count(1)
    expect(page.locator("#train-runs tbody tr")).to_have_count(1)
    share = re.match(r"([\d.]+) %", report(page).inner_text())
    assert share
    assert float(share[1]) > 90
    expect(page.locator("#train-start")).to_be_visible()
    expect(page.locator("#train-stop")).to_be_hidden()


def test_points_arrive_until_stop_and_go_on_after_continue(page: Page) -> None:
    start_long_run(open_train(page))
    first = count_points(page)
    expect(page.locator("#train-status")).to_contain_text("pictures/s")
    points = "document.querySelector('#train-loss .line').getAttribute('points').split(' ')"
    page.wait_for_function(f"count => {points}.length > count", arg=first)
    page.locator("#train-stop").click()
    expect(page.locator("#train-status")).to_contain_text("Run 1 stopped after")
    expect(report(page)).to_be_visible()
    expect(page.locator("#train-download")).to_be_visible()
    page.locator("#train-continue").click()
    expect(page.locator("#train-status")).to_contain_text("of 100")
    expect(report(page)).to_be_hidden()
    page.locator("#train-stop").click()
    expect(report(page)).to_be_visible()
    expect(page.locator("#train-runs tbody tr")).to_have_count(1)


def test_buttons_that_take_turns_hand_the_focus_on(page: Page) -> None:
    open_train(page)
    start_long_run(page)  # by the mouse, which gives a button the focus too
    stop, start = page.locator("#train-stop"), page.locator("#train-start")
    expect(stop).to_be_focused()
    page.wait_for_timeout(500)
    page.keyboard.press("Enter")
    expect(start).to_be_focused()
    page.wait_for_timeout(500)
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Continue run 1")).to_be_focused()
    page.keyboard.press("Enter")
    expect(stop).to_be_focused()
    page.locator("h1").click()  # the visitor takes the focus away
    stop.evaluate("button => button.click()")
    expect(start).to_be_visible()
    page.wait_for_timeout(100)
    assert page.evaluate("document.activeElement === document.body")


@pytest.mark.parametrize("key", ["Enter", " "])
def test_a_key_that_comes_too_late_for_stop_starts_nothing(page: Page, key: str) -> None:
    open_train(page)
    start_long_run(page)
    stop, start = page.locator("#train-stop"), page.locator("#train-start")
    expect(stop).to_be_focused()
    # The moment at which Train takes the focus, and the key that was meant for Stop in the same one.
    page.evaluate(
        """key => new Promise((done) => document.querySelector("#train-buttons")
          .addEventListener("focusin", ({target}) => {
            if (target.id !== "train-start") return;
            requestAnimationFrame(() => {
              const pressed = new KeyboardEvent("keydown", {key, bubbles: true, cancelable: true});
              window.swallowed = !target.dispatchEvent(pressed);
            });
          }) || done())""",
        key,
    )
    stop.evaluate("button => button.click()")
    expect(start).to_be_focused()
    page.wait_for_function("window.swallowed !== undefined")
    assert page.evaluate("window.swallowed")
    page.wait_for_timeout(500)
    page.keyboard.press("Enter")  # later it is meant as it is pressed
    expect(stop).to_be_visible()


def test_a_second_run_is_compared_with_the_first_and_can_be_removed(page: Page) -> None:
    open_train(page)
    for preset in ("digits-8x8", "digits-8x8 (true gradient)"):
        choose(page, preset)
        page.locator("#train-start").click()
        expect(report(page)).to_be_visible(timeout=60_000)
        expect(page.locator("#train-start")).to_be_visible()
    expect(page.locator("#train-loss polyline.line")).to_have_count(2)
    expect(page.locator("#train-runs tbody tr")).to_have_count(2)
    page.get_by_label("logarithmic").check()
    expect(page.locator("#train-loss polyline.line")).to_have_count(2)
    page.get_by_role("button", name="Take Run 1 off the charts").click()
    expect(page.locator("#train-loss polyline.line")).to_have_count(1)
    expect(page.locator("#train-runs tbody tr")).to_have_count(1)


def test_use_in_draw_and_nobody_else_sees_it(open_page: OpenPage) -> None:
    page, other = open_train(open_page()), open_page()
    choose(page, "digits-8x8")
    page.locator("#train-start").click()
    page.locator("#train-use").click(timeout=60_000)
    expect(page.locator("#pad canvas")).to_be_visible()
    expect(page.locator("#picker").get_by_label("run 1: digits-8x8")).to_be_checked()
    page.wait_for_function("scrollY === 0")  # the pad is in sight
    expect(other.locator("#picker").get_by_label("digits", exact=True)).to_be_checked()
    expect(other.locator("#picker").get_by_label("run 1")).to_have_count(0)
    open_train(other)
    expect(other.locator("#train-runs tbody tr")).to_have_count(0)
    expect(other.locator("#train-loss polyline")).to_have_count(0)
    expect(other.locator("#train-use")).to_be_hidden()


def test_two_visitors_train_at_the_same_time(open_page: OpenPage) -> None:
    one, other = open_train(open_page()), open_train(open_page())
    start_long_run(one)
    choose(other, "digits-8x8")
    other.locator("#train-start").click()
    expect(report(other)).to_be_visible(timeout=60_000)
    expect(one.locator("#train-stop")).to_be_visible()  # the first one is still at it
    one.locator("#train-stop").click()
    expect(report(one)).to_be_visible()
    expect(one.locator("#train-runs")).to_contain_text("Adam")
    expect(other.locator("#train-runs")).to_contain_text("raw error")


def test_one_recipe_after_another_stays_chosen_while_settings_are_closed(page: Page) -> None:
    open_train(page)
    for preset in ("mlp-16", "mlp-100", "mlp-50-20", "mlp-100 (one at a time)", "mlp-16"):
        choose(page, preset)
        expect(page.locator("#train-about")).not_to_contain_text("Your own settings.")
        page.wait_for_timeout(700)  # what comes late would come by now
        expect(page.locator("#train-preset").get_by_label(preset, exact=True)).to_be_checked()
        expect(page.locator("#train-about")).not_to_contain_text("Your own settings.")


def test_a_network_is_downloaded_and_brought_back(page: Page, tmp_path: Path) -> None:
    open_train(page)
    choose(page, "digits-8x8")
    page.locator("#train-start").click()
    expect(report(page)).to_be_visible(timeout=60_000)
    accuracy = report(page).inner_text()
    with page.expect_download() as download:
        page.locator("#train-download").click()
    assert download.value.suggested_filename == "run-1-digits-8x8.npz"
    file = tmp_path / "mine.npz"
    download.value.save_as(file)
    page.reload()
    open_train(page)
    expect(page.locator("#train-runs tbody tr")).to_have_count(0)
    upload(page, file)
    expect(page.locator("#train-status")).to_contain_text("The network is back", timeout=30_000)
    expect(report(page)).to_have_text(accuracy)
    expect(page.locator("#train-continue")).to_be_visible()


def test_a_file_that_is_no_network_is_refused_in_a_sentence(page: Page, tmp_path: Path) -> None:
    file = tmp_path / "bad.npz"
    file.write_bytes(b"no network at all")
    open_train(page)
    upload(page, file)
    expect(page.locator("#train-status [role=alert]")).to_contain_text("This file can't be used")
    expect(page.locator("#train-start")).to_be_visible()


def test_what_is_said_of_a_file_comes_into_sight(open_page: OpenPage, tmp_path: Path) -> None:
    page = open_train(open_page(width=390, height=600))
    (tmp_path / "bad.npz").write_bytes(b"no network at all")
    page.locator("#train-upload").scroll_into_view_if_needed()
    expect(page.locator("#train-start")).not_to_be_in_viewport()
    upload(page, tmp_path / "bad.npz")
    expect(page.locator("#train-status [role=alert]")).to_be_in_viewport()


def test_a_mistake_in_the_layers_is_named_under_them(page: Page) -> None:
    open_settings(open_train(page))
    write_layers(page, "conv 3x3x16, rellu, pool 2, dense 10")
    note = page.locator("#train-layers-note")
    expect(note.get_by_role("alert")).to_contain_text('"rellu"')
    expect(page.locator("#train-preset .selected")).to_have_count(0)  # it is no preset any more
    page.locator("#train-start").click()
    alert = page.locator("#train-status [role=alert]")
    expect(alert).to_contain_text('"rellu"')
    page.wait_for_timeout(1000)
    expect(alert).to_contain_text('"rellu"')  # it stays
    expect(page.locator("#train-loss figure")).to_be_visible()
    write_layers(page, "conv 3x3x16, relu, pool 2, dense 10")
    expect(note).to_contain_text("8×8×1 → 6×6×16 → 3×3×16 → 10 · 1,610 parameters")


def test_without_mnist_a_sentence_names_the_ways_out(page: Page) -> None:
    open_train(page)
    open_settings(page)
    choose(page, "mlp-100")
    expect(page.locator("#train-data-note")).to_contain_text("not on this machine yet")
    page.locator("#train-start").click()
    error = page.locator("#train-status [role=alert]")
    expect(error).to_contain_text("PAINT_BY_NUMPY_DATA", timeout=30_000)
    expect(error).to_contain_text("The 8×8 digits are always here")
    expect(page.locator("#train-start")).to_be_visible()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_a_phone_never_scrolls_sideways(open_page: OpenPage, dark: bool) -> None:
    page = open_train(open_page(width=390, height=844, touch=True, dark=dark))
    open_settings(page)
    assert_fits(page)
    page.locator("#train-start").click()
    expect(line(page)).to_be_visible(timeout=30_000)
    assert_fits(page)
    expect(report(page)).to_be_visible(timeout=60_000)
    assert_fits(page)


def assert_fits(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    wide = page.evaluate(
        """() => [...document.querySelectorAll('#train *, #train-report *, #train-keep *')]
            .filter(e => e.checkVisibility() && !e.closest('svg') && e.getBoundingClientRect().right > 391)
            .map(e => e.outerHTML.slice(0, 120))"""
    )
    assert wide == []


# --- in this process, where the computation can be looked at --------------------------------------------


@pytest.fixture
def own_app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The two tabs, served by this process."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    with gr.Blocks(analytics_enabled=False) as demo, gr.Tabs() as tabs:
        with gr.Tab("Draw", id=draw.TAB):
            drawn = draw.build()
        with gr.Tab("Train", id="train"):
            train.build(drawn, tabs)
    look = {"theme": theme(), "head": HEAD}
    _, url, _ = demo.queue().launch(
        server_port=free_port(), prevent_thread_lock=True, quiet=True, ssr_mode=False, **look
    )
    yield url
    demo.close()


def only_run() -> weakref.ref[Run]:
    """The run of the only visitor, held by nobody here."""
    (book,) = run_book.sessions.by_session.values()
    assert isinstance(book, run_book.RunBook)
    assert book.run
    return weakref.ref(book.run)


def seconds_until(condition: Callable[[], bool], patience: float = 5) -> float:
    began = time.monotonic()
    while not condition() and time.monotonic() - began < patience:
        time.sleep(0.01)
    return time.monotonic() - began


# gradio's queue counts its events in ways that pandas has deprecated
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_closing_the_page_ends_the_computation_and_frees_its_memory(browser: Browser, own_app: str) -> None:
    page = browser.new_page()
    page.goto(own_app)
    start_long_run(open_train(page))
    run = only_run()
    assert places.taken == 1
    page.close()
    assert seconds_until(lambda: places.taken == 0) < 1
    assert seconds_until(lambda: run() is None) < 5

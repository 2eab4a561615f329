"""The Captcha tab in a real browser: make, read, upload, score, teach, stop, and take it apart."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from engine.captcha import generate
from tests.browser import ROOT, running_app

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Page]
SMALL = {
    "PAINT_BY_NUMPY_MAX_LESSON_PICTURES": "1600",
    "PAINT_BY_NUMPY_SCORE_PICTURES": "12",
    "PAINT_BY_NUMPY_CHECK_PICTURES": "2",
}


@pytest.fixture(scope="module")
def app_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("captcha-app")


@pytest.fixture(scope="module")
def app_url(app_folder: Path) -> Iterator[str]:
    """An app of its own, in which scores and lessons are small."""
    with running_app(app_folder, SMALL) as url:
        yield url


def open_tab(page: Page) -> Page:
    page.get_by_role("tab", name="Captcha").click()
    expect(page.locator("#captcha-make")).to_be_visible()
    return page


def number(page: Page) -> Locator:
    return page.locator("#captcha-answer .captcha-number")


def choose(page: Page, style: str) -> None:
    page.locator("#captcha-style").get_by_text(style, exact=True).click()


def seed(page: Page) -> Locator:
    return page.get_by_label("Seed")


def slide(page: Page, label: str, value: int) -> None:
    page.get_by_label(f"number input for {label}").fill(str(value))


def test_an_example_is_read_when_the_tab_opens(page: Page) -> None:
    open_tab(page)
    expect(number(page)).to_have_text(re.compile(r"^\d{4}$"))
    expect(page.locator(".captcha-digits li")).to_have_count(4)
    expect(page.locator("#captcha-answer .on-picture img")).to_be_visible()
    expect(page.locator("#captcha-answer .box")).to_have_count(4)
    expect(page.locator("#captcha-answer .heat img")).to_be_visible()
    expect(page.locator("#captcha-purpose")).to_contain_text("or that are your own")
    strip, picture = (
        page.locator(f"#captcha-answer {part}").bounding_box() for part in (".heat", ".on-picture")
    )
    assert strip
    assert picture
    assert abs(strip["x"] - picture["x"]) < 1
    assert abs(strip["width"] - picture["width"]) < 1


def test_made_pictures_are_read_and_come_again_with_their_seed(page: Page) -> None:
    open_tab(page)
    choose(page, "Plain")
    expect(page.locator("#captcha-about")).to_contain_text("nothing in the way")
    slide(page, "Digits", 6)
    expect(page.locator(".captcha-digits li")).to_have_count(6)
    expect(page.locator(".captcha-truth")).to_have_text("Right.")
    first, kept = number(page).inner_text(), seed(page).input_value()
    page.locator("#captcha-make").click()
    expect(number(page)).not_to_have_text(first)
    expect(seed(page)).not_to_have_value(kept)
    seed(page).fill(kept)
    expect(number(page)).to_have_text(first)


def test_an_uploaded_picture_is_read(page: Page, tmp_path: Path) -> None:
    picture, text = generate(5, 1, 21, "plain")
    Image.fromarray(picture).save(tmp_path / "mine.png")
    open_tab(page)
    clear(page)
    expect(page.locator(".captcha-none")).to_contain_text("Bring a picture")
    page.locator("#captcha-picture input[type=file]").set_input_files(tmp_path / "mine.png")
    expect(number(page)).to_have_text(text)
    expect(page.locator(".captcha-truth")).to_have_count(0)
    clear(page)
    Image.new("RGB", (80, 30), "white").save(tmp_path / "white.png")
    page.locator("#captcha-picture input[type=file]").set_input_files(tmp_path / "white.png")
    expect(page.locator("#captcha-answer")).to_contain_text("No digits found.")


def test_a_broken_file_gets_a_sentence(page: Page, tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"no picture at all")
    clear(open_tab(page))
    page.locator("#captcha-picture input[type=file]").set_input_files(tmp_path / "broken.png")
    expect(page.locator("#captcha-answer [role=alert]")).to_contain_text("no picture that can be opened")


def clear(page: Page) -> None:
    page.locator("#captcha-picture").get_by_label("Remove Image").click()


def test_score_it(page: Page) -> None:
    open_tab(page)
    choose(page, "The tutorial's")
    page.locator("#captcha-score").click()
    expect(page.locator("#captcha-scored .headline")).to_have_text(re.compile(r"1[0-2] of 12"))
    expect(page.locator("#captcha-score")).to_be_enabled()
    expect(page.locator("#captcha-score-stop")).to_be_hidden()
    expect(page.locator("#captcha-score")).to_be_focused()  # as before, with Stop in between


def test_teach_it_and_nobody_else_sees_it(open_page: OpenPage, tmp_path: Path) -> None:
    page, other = open_tab(open_page()), open_tab(open_page())
    slide(page, "Pictures", 48)
    page.locator("#captcha-teach").click()
    expect(page.locator("#captcha-teach-stop")).to_be_visible()
    expect(page.locator("#captcha-lesson")).to_contain_text("Learnt 48 pictures", timeout=60_000)
    expect(page.locator("#captcha-loss polyline")).to_have_count(2)
    expect(page.locator("#captcha-marks tbody tr")).to_have_count(11)
    expect(page.locator(".captcha-facts")).to_contain_text("Read by your taught copy")
    with page.expect_download() as download:
        page.locator("#captcha-download").click()
    assert download.value.suggested_filename == "captcha-taught.npz"
    other.locator("#captcha-make").click()
    expect(seed(other)).not_to_have_value("7")
    expect(other.locator(".captcha-facts")).to_contain_text("Read by the shipped network")
    expect(other.locator("#captcha-marks")).to_be_empty()
    expect(other.locator("#captcha-download")).to_be_hidden()
    page.locator("#captcha-reset").click()
    expect(page.locator(".captcha-facts")).to_contain_text("Read by the shipped network")
    expect(page.locator("#captcha-download")).to_be_hidden()
    download.value.save_as(tmp_path / "mine.npz")
    page.get_by_test_id("Bring a copy back-upload-button").set_input_files(tmp_path / "mine.npz")
    expect(page.locator("#captcha-lesson")).to_contain_text("Your copy is back")
    expect(page.locator(".captcha-facts")).to_contain_text("Read by your taught copy")
    expect(page.locator("#captcha-download")).to_be_visible()


def test_a_lesson_streams_and_stops(page: Page) -> None:
    open_tab(page)
    slide(page, "Pictures", 1600)
    page.locator("#captcha-teach").click()
    expect(page.locator("#captcha-score")).to_be_disabled()
    expect(page.locator("#captcha-lesson")).to_contain_text("of 1,600 pictures")
    points = "(document.querySelector('#captcha-loss .line')?.getAttribute('points') ?? '').split(' ').length"
    page.wait_for_function(f"{points} > 3")
    choose(page, "Plain")  # the page goes on answering meanwhile
    expect(page.locator("#captcha-about")).to_contain_text("nothing in the way")
    page.locator("#captcha-teach-stop").click()
    expect(page.locator("#captcha-lesson")).to_contain_text("Stopped after", timeout=60_000)
    expect(page.locator("#captcha-teach")).to_be_enabled()
    expect(page.locator("#captcha-download")).to_be_visible()


def test_where_it_began(page: Page) -> None:
    open_tab(page)
    part = page.locator("#captcha-origins")
    expect(part.locator("table")).to_have_count(0)
    part.get_by_role("button", name="Step by step").click()
    expect(part.locator("tbody tr")).to_have_count(1, timeout=60_000)  # scikit-learn is loaded first
    expect(part.locator("td.wrong")).to_contain_text("8")
    part.get_by_role("button", name="Cure").click()
    expect(part.locator(".lesson")).to_contain_text("forgotten")
    part.get_by_role("button", name="Replay").click()
    expect(part.locator(".lesson")).to_contain_text("Only the one that rehearsed")
    expect(part.locator("tbody tr")).to_have_count(3)


def test_the_classical_way_follows_the_picture(page: Page) -> None:
    open_tab(page)
    choose(page, "The tutorial's")
    part = page.locator("#captcha-classical")
    expect(part.locator("figure")).to_have_count(0)
    part.get_by_role("button", name="Step by step").click()
    expect(part.locator(".stages figure")).to_have_count(4)
    expect(part.locator(".said")).to_have_text(re.compile(r"^\d+$"))
    before = part.locator(".said").inner_text()
    page.locator("#captcha-make").click()
    expect(part.locator(".said")).not_to_have_text(before)
    page.get_by_label("number input for Threshold").fill("1")
    expect(page.get_by_label("Find the threshold (Otsu)")).not_to_be_checked()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_a_phone_never_scrolls_sideways(open_page: OpenPage, dark: bool) -> None:
    page = open_tab(open_page(width=390, height=844, touch=True, dark=dark))
    slide(page, "Digits", 10)
    slide(page, "Difficulty", 5)
    expect(page.locator(".captcha-facts")).to_be_visible()
    assert_fits(page)
    for part in ("#captcha-origins", "#captcha-classical"):
        page.locator(part).get_by_role("button", name="Step by step").click()
    expect(page.locator("#captcha-origins tbody tr")).to_have_count(1, timeout=60_000)
    expect(page.locator(".stages figure")).to_have_count(4)
    page.locator("#captcha-score").click()
    expect(page.locator("#captcha-scored .headline")).to_be_visible()
    assert_fits(page)


def assert_fits(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    wide = page.evaluate(
        """() => [...document.querySelectorAll('#captcha *, #captcha-school *, #captcha-origins *')]
            .filter(e => e.checkVisibility() && !e.closest('svg, #captcha-style, .heat, .hidden')
                         && e.getBoundingClientRect().right > 391)
            .map(e => e.outerHTML.slice(0, 120))"""
    )
    assert wide == []


def test_everything_is_reached_by_keyboard(page: Page) -> None:
    open_tab(page)
    page.get_by_role("radio", name="The captcha package").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(page.locator("#captcha-about")).to_contain_text("Digits that touch")
    for name in ("#captcha-make", "#captcha-score", "#captcha-teach"):
        page.locator(name).focus()
        expect(page.locator(name)).to_be_focused()


# --- for programs -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def client(app_url: str, tmp_path_factory: pytest.TempPathFactory) -> Client:
    return Client(app_url, verbose=False, download_files=str(tmp_path_factory.mktemp("client")))


def test_programs_make_and_read(client: Client, tmp_path: Path) -> None:
    file, text = client.predict(5, 1, "plain", 21, api_name="/generate_captcha")
    with Image.open(file) as image:
        drawn = np.asarray(image.convert("RGB"))
    expected, said = generate(5, 1, 21, "plain")
    np.testing.assert_array_equal(drawn, expected)
    assert text == said
    found = client.predict(handle_file(file), api_name="/read_captcha")
    assert found["text"] == text
    assert found["unsure"] is False
    assert [character["text"] for character in found["characters"]] == list(text)
    assert all(len(character["box"]) == 4 for character in found["characters"])


def test_programs_get_sentences(client: Client, tmp_path: Path) -> None:
    with pytest.raises(AppError, match="There is no style 'cat'"):
        client.predict(4, 2, "cat", 0, api_name="/generate_captcha")
    letter = tmp_path / "letter.txt"
    letter.write_text("Dear network,")
    with pytest.raises(AppError, match="no picture that can be opened"):
        client.predict(handle_file(letter), api_name="/read_captcha")


def test_a_photo_of_anything_has_an_answer(client: Client) -> None:
    found = client.predict(handle_file(ROOT / "ui/examples/blackboard.jpg"), api_name="/read_captcha")
    assert set(found) == {"text", "unsure", "characters", "width", "height"}

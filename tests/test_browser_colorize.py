"""The Colorize tab in a real browser: drop, slide, hint, choose what is offered, save, many, stop."""

import base64
import io
import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from tests.browser import ROOT, draw_by_touch
from ui.colorize_photo import KEY

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Page]
PHOTOS = ROOT / "ui/examples/photos"


def open_tab(page: Page) -> Page:
    page.get_by_role("tab", name="Colorize").click()
    expect(said(page)).to_contain_text("640 × 427 pixels")
    expect(page.locator("#colorize-canvas .hints")).not_to_have_class(re.compile("empty"))
    return page


def said(page: Page) -> Locator:
    return page.locator("#colorize-said")


def offered(page: Page) -> Locator:
    return page.locator("#colorize-canvas .offer button")


def after(page: Page) -> str:
    return page.locator("#colorize-compare .after").get_attribute("src") or ""


def changes(page: Page, before: str) -> None:
    """Wait until the coloured picture is another one."""
    expect(page.locator("#colorize-compare .after")).not_to_have_attribute("src", before)


def pixel(page: Page, x: float, y: float) -> tuple[int, int, int]:
    """The coloured picture's colours at a place from 0 to 1."""
    with Image.open(io.BytesIO(base64.b64decode(after(page).partition(",")[2]))) as image:
        return colour(image, int(x * image.width), int(y * image.height))


def colour(image: Image.Image, x: int, y: int) -> tuple[int, int, int]:
    red, green, blue = (int(part) for part in np.asarray(image.convert("RGB"))[y, x])
    return red, green, blue


def at(page: Page, x: float, y: float) -> tuple[float, float]:
    """Where a place of the canvas, from 0 to 1, lies in the window."""
    page.locator("#colorize-canvas canvas").scroll_into_view_if_needed()
    box = page.locator("#colorize-canvas canvas").bounding_box()
    assert box is not None
    return box["x"] + x * box["width"], box["y"] + y * box["height"]


def drag(page: Page, *places: tuple[float, float]) -> None:
    first, *others = (at(page, *place) for place in places)
    page.mouse.move(*first)
    page.mouse.down()
    for place in others:
        page.mouse.move(*place, steps=6)
    page.mouse.up()


def tool(page: Page, name: str) -> Locator:
    return page.locator(f"#colorize-canvas [data-does={name}]")


def open_photo(page: Page, path: Path) -> None:
    page.get_by_test_id("Open a photo-upload-button").set_input_files(path)


def slide(page: Page, label: str, value: float) -> None:
    page.get_by_label(f"number input for {label}").fill(str(value))


def photo(path: Path, size: tuple[int, int]) -> Path:
    Image.linear_gradient("L").resize(size).convert("RGB").save(path)
    return path


def test_an_example_is_coloured_when_the_tab_opens(page: Page) -> None:
    open_tab(page)
    expect(page.locator("#colorize-compare .after")).to_be_visible()
    expect(page.locator("#colorize-compare .before")).to_have_attribute("alt", "gray")
    page.get_by_role("button", name="original").click()
    expect(page.locator("#colorize-compare .before")).to_have_attribute("alt", "original")
    expect(page.locator("#colorize-honest")).to_contain_text("It guesses")
    first = after(page)
    page.get_by_label("A man with a camera").click()
    expect(said(page)).to_contain_text("512 × 512")
    changes(page, first)
    expect(page.locator("#colorize-compare .choices")).to_be_hidden()  # it has only ever been gray


def test_before_and_after_are_told_apart_by_a_line(page: Page) -> None:
    open_tab(page)
    line = page.get_by_label("Before and after")
    box = page.locator("#colorize-compare .frames").bounding_box()
    assert box
    page.mouse.click(box["x"] + box["width"] * 0.2, box["y"] + box["height"] / 2)
    assert float(line.input_value()) == pytest.approx(20, abs=4)
    split = page.locator("#colorize-compare .compare").evaluate("e => e.style.getPropertyValue('--split')")
    assert float(split.rstrip("%")) == pytest.approx(20, abs=4)
    before = line.input_value()
    line.press("ArrowRight")
    assert float(line.input_value()) > float(before)


@pytest.mark.parametrize(
    "where", ["#colorize-canvas canvas", "#colorize-compare .frames", "#colorize-honest"]
)
def test_a_dropped_photo_is_coloured_wherever_it_falls(page: Page, tmp_path: Path, where: str) -> None:
    data = base64.b64encode(photo(tmp_path / "mine.png", (300, 200)).read_bytes()).decode()
    open_tab(page).evaluate(
        """([data, where]) => {
            const bytes = Uint8Array.from(atob(data), c => c.charCodeAt(0)), bag = new DataTransfer();
            bag.items.add(new File([bytes], "mine.png", {type: "image/png"}));
            for (const kind of ["dragover", "drop"]) {
                const event = new DragEvent(kind, {dataTransfer: bag, bubbles: true, cancelable: true});
                document.querySelector(where).dispatchEvent(event);
                if (!event.defaultPrevented) throw new Error("the browser would open the file instead");
            }
        }""",
        [data, where],
    )
    expect(said(page)).to_contain_text("300 × 200 pixels")


def test_a_bad_file_gets_a_sentence_and_the_photo_stays(page: Page, tmp_path: Path) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    open_tab(page)
    first = after(page)
    page.locator("#colorize-open").scroll_into_view_if_needed()
    (tmp_path / "letter.png").write_text("Dear network,")
    open_photo(page, tmp_path / "letter.png")
    refused = page.locator("#colorize-refused").get_by_role("alert")
    expect(refused).to_contain_text("no picture that can be opened")
    expect(refused).to_be_in_viewport()  # on a phone as well, where the coloured picture is far below
    assert after(page) == first
    open_photo(page, photo(tmp_path / "good.png", (60, 40)))  # the next one is taken
    expect(said(page)).to_contain_text("60 × 40 pixels")
    expect(refused).to_be_hidden()


def test_tall_and_wide_photos_keep_their_aspect(page: Page, tmp_path: Path) -> None:
    open_tab(page)
    for size in ((200, 900), (1200, 150)):
        open_photo(page, photo(tmp_path / f"{size[0]}.png", size))
        expect(said(page)).to_contain_text(f"{size[0]} × {size[1]}")
        for part in ("#colorize-canvas canvas", "#colorize-compare .frames"):
            page.wait_for_function(
                """([part, ratio]) => {
                    const box = document.querySelector(part).getBoundingClientRect();
                    return Math.abs(box.width / box.height / ratio - 1) < 0.03;
                }""",
                arg=[part, size[0] / size[1]],
            )


def test_sliders_paint_anew(page: Page) -> None:
    open_tab(page)
    first = after(page)
    slide(page, "Faithful", 1)
    changes(page, first)
    vivid = after(page)
    slide(page, "Strength", 0)
    changes(page, vivid)
    red, green, blue = pixel(page, 0.8, 0.3)
    assert max(red, green, blue) - min(red, green, blue) <= 4
    slide(page, "Strength", 1)
    slide(page, "Saturation", 2)
    expect(page.locator("#colorize-compare .after")).not_to_have_attribute("src", re.compile("^$"))
    page.wait_for_function("old => document.querySelector('#colorize-compare .after').src !== old", arg=vivid)


def test_a_painted_hint_is_followed_erased_and_undone(page: Page) -> None:
    open_tab(page)
    first = after(page)
    page.get_by_label("Red", exact=True).click()
    drag(page, (0.4, 0.75), (0.6, 0.75))
    expect(said(page)).to_contain_text("1 hint ")
    changes(page, first)
    red, green, _ = pixel(page, 0.5, 0.75)
    assert red > green + 10
    tool(page, "eraser").click()
    drag(page, (0.5, 0.65), (0.5, 0.9))  # through the middle of it
    expect(said(page)).to_contain_text("2 hints")
    tool(page, "undo").click()
    expect(said(page)).to_contain_text("1 hint ")
    tool(page, "redo").click()
    expect(said(page)).to_contain_text("2 hints")
    tool(page, "clear").click()
    expect(said(page)).not_to_contain_text("hint")
    expect(page.locator("#colorize-compare .after")).to_have_attribute("src", first)
    expect(tool(page, "clear")).to_be_disabled()


def test_a_click_offers_five_colours(page: Page) -> None:
    open_tab(page)
    page.mouse.click(*at(page, 0.75, 0.2))
    expect(offered(page)).to_have_count(5)
    first = after(page)
    offered(page).nth(2).click()
    changes(page, first)
    expect(said(page)).to_contain_text("1 hint ")
    second = after(page)
    offered(page).nth(3).click()  # another choice instead, not besides
    changes(page, second)
    expect(said(page)).to_contain_text("1 hint ")
    page.keyboard.press("Escape")
    expect(offered(page).first).to_be_hidden()
    page.mouse.click(*at(page, 0.75, 0.2))  # the dot itself, once more
    expect(offered(page).first).to_be_visible()
    third = after(page)
    page.get_by_label("Blue", exact=True).click()
    changes(page, third)
    expect(said(page)).to_contain_text("1 hint ")
    red, _, blue = pixel(page, 0.75, 0.2)
    assert blue > red


def test_a_colour_that_was_chosen_is_dotted_by_a_click(page: Page) -> None:
    open_tab(page)
    first = after(page)
    page.get_by_label("Red", exact=True).click()
    page.mouse.click(*at(page, 0.5, 0.8))
    changes(page, first)
    expect(said(page)).to_contain_text("1 hint ")
    red, _, blue = pixel(page, 0.5, 0.8)
    assert red > blue + 20
    expect(offered(page)).to_have_count(5)  # in whose place it may have another colour
    offered(page).first.click()
    expect(said(page)).to_contain_text("1 hint ")
    page.locator("#colorize-honest").click()
    expect(offered(page).first).to_be_hidden()
    page.mouse.click(*at(page, 0.25, 0.2))  # an offered one was chosen last: clicks ask again
    expect(offered(page).first).to_be_visible()
    expect(said(page)).to_contain_text("1 hint ")
    own = page.get_by_label("Any other colour")
    own.evaluate("e => { e.value = '#123456'; e.dispatchEvent(new Event('change')); }")
    expect(page.locator("#colorize-canvas .own")).to_have_class(re.compile("taken"))


def test_hints_are_given_by_keyboard(page: Page) -> None:
    open_tab(page)
    page.locator("#colorize-canvas canvas").focus()
    for key in ("Shift+ArrowRight", "ArrowUp", "Enter"):
        page.keyboard.press(key)
    expect(offered(page)).to_have_count(5)
    page.keyboard.press("2")
    expect(said(page)).to_contain_text("1 hint ")
    page.keyboard.press("z")
    expect(said(page)).not_to_contain_text("hint")
    page.keyboard.press("e")
    expect(tool(page, "eraser")).to_have_attribute("aria-pressed", "true")


def test_a_download_brings_its_hints_back(page: Page, open_page: OpenPage, tmp_path: Path) -> None:
    open_tab(page)
    page.get_by_label("Orange").click()
    drag(page, (0.1, 0.1), (0.3, 0.1))
    expect(said(page)).to_contain_text("1 hint ")
    slide(page, "Saturation", 1.5)
    with page.expect_download() as download:
        page.locator("#colorize-download").click()
    assert download.value.suggested_filename == "temple-coloured.png"
    file = tmp_path / "temple-coloured.png"
    download.value.save_as(file)
    with Image.open(file) as image:
        assert image.size == (640, 427)
        assert json.loads(image.info[KEY])["saturation"] == 1.5
    expect(page.locator("#colorize-download")).to_have_text("Download")
    other = open_tab(open_page())
    expect(said(other)).not_to_contain_text("hint")  # another visitor's are their own
    open_photo(other, file)
    expect(said(other)).to_contain_text("1 hint ")
    expect(other.get_by_label("number input for Saturation")).to_have_value("1.5")
    tool(other, "clear").click()
    expect(said(other)).not_to_contain_text("hint")


def bundle(path: Path, count: int, size: tuple[int, int]) -> Path:
    buffer = io.BytesIO()
    Image.linear_gradient("L").resize(size).save(buffer, "JPEG")
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(count):
            archive.writestr(f"{number}.jpg", buffer.getvalue())
        archive.writestr("letter.jpg", "Dear network,")
    return path


def test_many_come_back_in_a_zip_and_a_bad_one_is_named(page: Page, tmp_path: Path) -> None:
    open_tab(page)
    files = [PHOTOS / "cat.jpg", bundle(tmp_path / "many.zip", 2, (60, 40))]
    page.locator("#colorize-files input[type=file]").set_input_files(files)
    expect(page.locator("#colorize-files")).to_contain_text("many")
    page.locator("#colorize-many-start").click()
    expect(page.locator("#colorize-many-told")).to_contain_text("3 photos coloured", timeout=60_000)
    expect(page.locator("#colorize-many-told .skipped")).to_contain_text("letter.jpg This file is no picture")
    with page.expect_download() as download:
        page.locator("#colorize-zip").click()
    download.value.save_as(tmp_path / "back.zip")
    with zipfile.ZipFile(tmp_path / "back.zip") as back:
        assert sorted(back.namelist()) == ["0.jpg", "1.jpg", "cat.jpg", "skipped.txt"]


def test_many_stop_and_keep_what_is_done(page: Page, tmp_path: Path) -> None:
    open_tab(page)
    zipped = bundle(tmp_path / "many.zip", 100, (900, 700))
    page.locator("#colorize-files input[type=file]").set_input_files(zipped)
    expect(page.locator("#colorize-files")).to_contain_text("many")
    page.locator("#colorize-many-start").click()
    expect(page.locator("#colorize-many-told")).to_contain_text("3 of 101", timeout=60_000)
    first = after(page)
    page.get_by_label("A cat").click()  # the page goes on answering meanwhile
    changes(page, first)
    page.locator("#colorize-many-stop").click()
    expect(page.locator("#colorize-many-told")).to_contain_text("Stopped after", timeout=60_000)
    expect(page.locator("#colorize-zip")).to_be_visible()
    expect(page.locator("#colorize-many-start")).to_be_visible()


def test_the_focus_stays_where_a_visitor_works(page: Page, tmp_path: Path) -> None:
    """A button that is gone, disabled or made anew takes the focus with it, and a keyboard begins anew."""
    open_tab(page)
    original = page.locator("#colorize-compare").get_by_role("button", name="original")
    original.press("Enter")
    expect(original).to_have_attribute("aria-pressed", "true")
    expect(original).to_be_focused()
    canvas = page.locator("#colorize-canvas canvas")
    first = after(page)
    canvas.click(position={"x": 60, "y": 60})
    offered(page).first.click()
    changes(page, first)
    undo = page.locator("#colorize-canvas").get_by_role("button", name="Undo")
    undo.press("Enter")
    expect(undo).to_be_disabled()
    expect(page.locator("#colorize-canvas .tools button:focus")).to_have_count(1)
    download = page.locator("#colorize-download")
    with page.expect_download():
        download.press("Enter")
    expect(download).to_be_enabled()
    expect(download).to_be_focused()
    zipped = bundle(tmp_path / "many.zip", 100, (900, 700))
    page.locator("#colorize-files input[type=file]").set_input_files(zipped)
    expect(page.locator("#colorize-files")).to_contain_text("many")
    page.locator("#colorize-many-start").press("Enter")
    stop = page.locator("#colorize-many-stop")
    expect(stop).to_be_focused()
    page.wait_for_timeout(500)
    stop.press("Enter")
    expect(page.locator("#colorize-many-told")).to_contain_text("Stopped after", timeout=60_000)
    expect(page.locator("#colorize-many-start")).to_be_focused()


def test_nothing_brought_gets_a_sentence_and_the_button_stays(page: Page, tmp_path: Path) -> None:
    open_tab(page)
    start = page.locator("#colorize-many-start")
    start.click()
    expect(page.locator("#colorize-many-told")).to_contain_text("Bring some photos first.")
    expect(start).to_have_text("Colour them")
    page.locator("#colorize-files input[type=file]").set_input_files(photo(tmp_path / "a.png", (80, 60)))
    start.click()
    expect(page.locator("#colorize-many-told")).to_contain_text("1 photo coloured")
    expect(start).to_have_text("Colour them")
    expect(page.locator("#colorize-zip")).to_have_text("Download the ZIP")


def test_a_typed_number_is_brought_into_its_range(page: Page) -> None:
    open_tab(page)
    first = after(page)
    slide(page, "Saturation", 9)
    changes(page, first)
    expect(said(page)).to_contain_text("painted in")
    expect(page.get_by_text("Error", exact=True)).to_have_count(0)


def test_a_finger_paints_and_the_page_stays(open_page: OpenPage) -> None:
    page = open_tab(open_page(width=390, height=844, touch=True))
    first = after(page)
    at(page, 0, 0)
    before = page.evaluate("scrollY")
    down = [value for i in range(12) for value in (0.5, 0.1 + 0.03 * i)]
    draw_by_touch(page, [down], "#colorize-canvas canvas")
    changes(page, first)
    expect(said(page)).to_contain_text("1 hint ")
    assert page.evaluate("scrollY") == before
    for part in (0.15, 0.4):  # the stroke goes as far as the finger
        red, green, _ = pixel(page, 0.5, part * 640 / 427)
        assert red > green


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_a_phone_never_scrolls_sideways(open_page: OpenPage, dark: bool) -> None:
    page = open_tab(open_page(width=390, height=844, touch=True, dark=dark))
    expect(tool(page, "beneath")).to_have_attribute("aria-pressed", "true")
    page.touchscreen.tap(*at(page, 0.97, 0.5))
    expect(offered(page)).to_have_count(5)
    offered(page).nth(1).tap()
    expect(said(page)).to_contain_text("1 hint ")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    wide = page.evaluate(
        """() => [...document.querySelectorAll('#colorize *, #colorize-many *')]
            .filter(e => e.checkVisibility() && !e.closest('svg, .nib')
                         && (e.getBoundingClientRect().right > 391 || e.getBoundingClientRect().left < -1))
            .map(e => e.outerHTML.slice(0, 120))"""
    )
    assert wide == []


# --- for programs -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def client(app_url: str, tmp_path_factory: pytest.TempPathFactory) -> Client:
    return Client(app_url, verbose=False, download_files=str(tmp_path_factory.mktemp("client")))


def test_programs_colour_with_hints_as_data(client: Client) -> None:
    hints: list[dict[str, Any]] = [{"points": [[225, 150], [250, 160]], "colour": "#3160b4", "radius": 9}]
    given = handle_file(PHOTOS / "cat.jpg")
    plain = client.predict(given, None, 1, 1, 0.5, api_name="/colorize")
    told = client.predict(given, hints, 1, 1, 0.5, api_name="/colorize")
    with Image.open(plain) as first, Image.open(told) as second:
        assert first.size == second.size == (451, 300)
        assert first.format == second.format == "PNG"
        assert json.loads(second.info[KEY])["hints"] == hints
        red, _, blue = colour(first, 237, 155)
        hinted_red, _, hinted_blue = colour(second, 237, 155)
    assert hinted_blue - hinted_red > blue - red + 20


def test_programs_get_sentences(client: Client, tmp_path: Path) -> None:
    letter = tmp_path / "letter.txt"
    letter.write_text("Dear network,")
    with pytest.raises(AppError, match="no picture that can be opened"):
        client.predict(handle_file(letter), None, api_name="/colorize")
    with pytest.raises(AppError, match="Hints are a list of strokes"):
        client.predict(handle_file(PHOTOS / "cat.jpg"), {"x": 1}, api_name="/colorize")

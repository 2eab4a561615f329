"""The Draw tab in a real browser: draw, erase, bring a picture, compare."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser import ROOT, STROKES, draw, draw_by_touch
from ui import draw as draw_tab

pytestmark = pytest.mark.browser

PHOTOS = ROOT / "ui/examples"
INK = """canvas => {
  const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  let ink = 0;
  for (let i = 3; i < pixels.length; i += 4) ink += pixels[i];
  return ink / 255 / (canvas.width * canvas.height);
}"""


def verdict(page: Page) -> Locator:
    return page.locator("#answer .digit")


def ink(page: Page) -> float:
    """The part of the paper that is covered."""
    return float(page.locator("#pad canvas").evaluate(INK))


def tool(page: Page, name: str) -> Locator:
    return page.get_by_role("toolbar", name="Drawing tools").get_by_role("button", name=name)


# --- drawing --------------------------------------------------------------------------------------


@pytest.mark.parametrize("digit", ["0", "1", "3", "4", "7"])
def test_a_digit_drawn_with_the_mouse_is_read(page: Page, digit: str) -> None:
    draw(page, STROKES[digit])
    expect(verdict(page)).to_have_text(digit)
    expect(page.locator("#answer .best b")).to_have_text(digit)
    expect(page.locator("#answer .time")).to_contain_text("ms")


@pytest.mark.parametrize("digit", ["2", "5"])
def test_a_digit_drawn_by_touch_is_read(open_page: Callable[..., Page], digit: str) -> None:
    phone = open_page(width=390, height=844, touch=True)
    draw_by_touch(phone, STROKES[digit])
    expect(verdict(phone)).to_have_text(digit)
    assert phone.evaluate("scrollY") == 0, "drawing scrolled the page"


def test_the_answer_comes_while_the_pen_still_moves(page: Page) -> None:
    draw(page, STROKES["7"], lift=False)
    expect(verdict(page)).to_have_text("7")
    page.mouse.up()


def test_a_small_digit_in_a_corner_is_read(page: Page) -> None:
    draw(page, [[0.65 + 0.3 * v if i % 2 else 0.02 + 0.3 * v for i, v in enumerate(s)] for s in STROKES["3"]])
    expect(verdict(page)).to_have_text("3")


def test_a_blank_pad_says_draw_a_digit(page: Page) -> None:
    expect(verdict(page)).to_have_text("draw a digit")
    assert ink(page) == 0
    shares = page.locator("#answer .bars li").evaluate_all("rows => rows.map(row => row.textContent)")
    assert shares == list("0123456789")  # and no percentages


def test_the_network_sees_white_on_black(page: Page) -> None:
    draw(page, STROKES["1"])
    expect(verdict(page)).to_have_text("1")
    seen = page.locator("#answer .seen img")
    assert seen.evaluate("image => [image.naturalWidth, image.naturalHeight]") == [28, 28]
    corner, most = seen.evaluate("""image => {
      const canvas = Object.assign(document.createElement("canvas"), {width: 28, height: 28});
      const context = canvas.getContext("2d");
      context.drawImage(image, 0, 0);
      const pixels = context.getImageData(0, 0, 28, 28).data;
      return [pixels[0], Math.max(...pixels.filter((_, i) => i % 4 === 0))];
    }""")
    assert corner == 0
    assert most > 200


# --- tools ----------------------------------------------------------------------------------------


def test_undo_redo_and_clear(page: Page) -> None:
    expect(tool(page, "Undo")).to_be_disabled()
    draw(page, STROKES["4"])
    whole = ink(page)
    tool(page, "Undo").click()
    without_the_stem = ink(page)
    assert 0 < without_the_stem < whole
    tool(page, "Undo").click()
    expect(verdict(page)).to_have_text("draw a digit")
    assert ink(page) == 0
    tool(page, "Redo").click()
    assert ink(page) == pytest.approx(without_the_stem, rel=1e-3)
    tool(page, "Redo").click()
    expect(verdict(page)).to_have_text("4")
    assert ink(page) == pytest.approx(whole, rel=1e-3)
    expect(tool(page, "Redo")).to_be_disabled()
    tool(page, "Clear").click()
    expect(verdict(page)).to_have_text("draw a digit")
    tool(page, "Undo").click()
    expect(verdict(page)).to_have_text("4")


def test_the_keyboard_does_what_the_tools_do(page: Page) -> None:
    draw(page, STROKES["4"])
    whole = ink(page)
    for keys, expected in [
        ("z", "some"), ("y", "all"), ("Control+z", "some"), ("Control+Shift+z", "all"), ("c", "none"),
        ("z", "all"), ("Delete", "none"), ("Control+z", "all"), ("Control+c", "all"),
    ]:  # fmt: skip
        page.keyboard.press(keys)
        left = ink(page) / whole
        assert {"none": left == 0, "some": 0 < left < 0.9, "all": left > 0.99}[expected], keys
    page.keyboard.press("e")
    expect(tool(page, "Eraser")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("b")
    expect(tool(page, "Pen")).to_have_attribute("aria-pressed", "true")


def test_keys_typed_into_a_field_are_left_alone(page: Page) -> None:
    draw(page, STROKES["1"])
    before = ink(page)
    page.evaluate("document.querySelector('#answer').append(document.createElement('input'))")
    page.locator("#answer input").press_sequentially("zcey")
    assert page.locator("#answer input").input_value() == "zcey"
    assert ink(page) == before


def test_the_eraser_takes_away_and_undo_gives_back(page: Page) -> None:
    draw(page, STROKES["4"])
    whole = ink(page)
    tool(page, "Eraser").click()
    draw(page, [[0.05, 0.05, 0.1, 0.95], *STROKES["4"]])
    assert ink(page) == 0
    expect(verdict(page)).to_have_text("draw a digit")
    for _ in range(3):
        page.keyboard.press("z")
    assert ink(page) == pytest.approx(whole, rel=1e-3)
    expect(verdict(page)).to_have_text("4")


def test_the_pen_can_be_thicker(page: Page) -> None:
    line = [[0.2, 0.5, 0.5, 0.5, 0.8, 0.5]]
    draw(page, line)
    thin = ink(page)
    page.keyboard.press("c")
    for _ in range(5):
        page.keyboard.press("]")
    draw(page, line)
    assert ink(page) == pytest.approx(thin * 12 / 7, rel=0.1)


def test_a_tap_leaves_a_dot(page: Page) -> None:
    draw(page, [[0.5, 0.5]])
    assert ink(page) == pytest.approx(3.1416 * 0.035**2, rel=0.05)


def test_the_drawing_stays_when_the_window_changes(page: Page) -> None:
    draw(page, STROKES["8"])
    before, width = ink(page), page.locator("#pad canvas").evaluate("canvas => canvas.width")
    page.set_viewport_size({"width": 700, "height": 900})
    page.wait_for_function("width => document.querySelector('#pad canvas').width !== width", arg=width)
    assert ink(page) == pytest.approx(before, rel=0.03)


def test_a_drawing_comes_back_when_the_page_is_loaded_again(page: Page) -> None:
    draw(page, STROKES["8"][:1], lift=False)  # a lost connection doesn't wait for the pen
    expect(verdict(page)).to_have_text("8")
    before = ink(page)
    page.reload()
    expect(verdict(page)).to_have_text("8")
    assert ink(page) == pytest.approx(before, rel=0.01)
    tool(page, "Clear").click()
    page.reload()
    tool(page, "Pen").hover(trial=True)
    assert ink(page) == 0


@pytest.mark.parametrize("stored", ["throw new Error()", "return '[{\"points\": []}]'"])
def test_a_browser_that_keeps_nothing_sound_has_a_blank_pad_that_works(page: Page, stored: str) -> None:
    page.add_init_script(f"Storage.prototype.getItem = () => {{ {stored} }}")
    page.add_init_script("Storage.prototype.setItem = () => { throw new Error() }")
    page.reload()
    page.locator("#pad canvas").hover(trial=True)
    assert ink(page) == 0
    draw(page, STROKES["7"])
    expect(verdict(page)).to_have_text("7")


def test_an_example_is_drawn_and_read(page: Page) -> None:
    draw(page, STROKES["4"])
    page.get_by_role("group", name="Watch a digit being drawn").get_by_role("button", name="6").click()
    expect(verdict(page)).to_have_text("6")
    page.keyboard.press("z")  # the example is one stroke
    page.keyboard.press("z")  # before it, the paper was cleared
    expect(verdict(page)).to_have_text("4")


def test_an_example_can_be_undone_while_it_is_drawn(page: Page) -> None:
    draw(page, STROKES["4"])
    expect(verdict(page)).to_have_text("4")
    before = ink(page)
    page.get_by_role("group", name="Watch a digit being drawn").get_by_role("button", name="6").click()
    page.wait_for_timeout(100)  # the pen is on its way; the whole 6 takes most of a second
    page.keyboard.press("z")
    page.keyboard.press("z")
    expect(verdict(page)).to_have_text("4")
    assert ink(page) == pytest.approx(before, rel=0.01)


def test_the_tools_have_names_and_can_be_reached(page: Page) -> None:
    page.locator("#pad canvas").focus()
    names = []
    for _ in range(3):
        page.keyboard.press("Tab")
        names.append(page.evaluate("document.activeElement.getAttribute('aria-label')"))
    assert names == ["Pen", "Eraser", "Pen size"]


# --- several networks -----------------------------------------------------------------------------


def test_networks_read_side_by_side(page: Page) -> None:
    picker = page.locator("#picker")
    names = picker.locator("label").all_inner_texts()
    assert len(names) > 1
    draw(page, STROKES["7"])
    picker.get_by_text(names[1], exact=True).click()
    expect(page.locator("#answer h3")).to_have_text([names[0], names[1]])
    expect(verdict(page)).to_have_text(["7", "7"])
    picker.get_by_text(names[1], exact=True).click()
    expect(verdict(page)).to_have_count(1)


def test_visitors_do_not_see_each_other(open_page: Callable[..., Page]) -> None:
    one, other = open_page(), open_page()
    draw(one, STROKES["3"])
    expect(verdict(one)).to_have_text("3")
    expect(verdict(other)).to_have_text("draw a digit")


# --- pictures -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "digit"),
    [("lined-paper.jpg", "5"), ("blackboard.jpg", "8"), ("corner.jpg", "2"), ("marker.jpg", "7"),
     ("transparent.png", "3")],
)  # fmt: skip
def test_a_picture_is_read(page: Page, name: str, digit: str) -> None:
    page.locator("#picture input[type=file]").set_input_files(PHOTOS / name)
    expect(page.locator("#picture-answer .digit")).to_have_text(digit)


def test_an_example_picture_is_one_click_away(page: Page) -> None:
    page.locator("#photos button").first.click()
    expect(page.locator("#picture-answer .digit")).to_have_text(["8"])
    page.locator("#picture").get_by_label("Remove Image").click()
    expect(page.locator("#picture-answer .digit")).to_have_count(0)


def test_a_file_that_is_no_picture_gets_a_sentence(page: Page, tmp_path: Path) -> None:
    bad = tmp_path / "letter.png"
    bad.write_text("Dear network,")
    page.locator("#picture input[type=file]").set_input_files(bad)
    expect(page.locator("#picture-answer [role=alert]")).to_be_visible()
    expect(page.locator("#picture .image-frame img")).to_be_hidden()  # the browser's torn sheet
    page.locator("#picture").get_by_role("button", name="Remove Image").click()
    page.locator("#picture input[type=file]").set_input_files(PHOTOS / "corner.jpg")
    expect(page.locator("#picture .image-frame img")).to_be_visible()


# --- what a screen reader says ----------------------------------------------------------------------


def test_examples_and_groups_have_names_and_sections_say_whether_they_are_open(page: Page) -> None:
    photos = page.locator("#photos").get_by_role("button")
    names = [photo.get_attribute("aria-label") for photo in photos.all()]
    assert names == [f"Example: {path.stem.replace('-', ' ')}" for path in draw_tab.PHOTOS]
    expect(page.get_by_role("group", name="Read by")).to_be_visible()
    section = page.get_by_role("button", name="Whole numbers")
    expect(section).to_have_attribute("aria-expanded", "false")
    section.click()
    expect(section).to_have_attribute("aria-expanded", "true")
    expect(page.get_by_role("button", name="Example: cheque")).to_be_visible()


# --- layout ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("width", "height"),
    [(390, 664), (667, 375), (640, 360)],  # the first is what a browser's own bars leave of 844; two that lie
)
def test_a_phone_shows_pad_and_answer_without_scrolling(
    open_page: Callable[..., Page], width: int, height: int
) -> None:
    phone = open_page(width=width, height=height, touch=True)
    draw_by_touch(phone, STROKES["4"])
    expect(verdict(phone)).to_have_text("4")
    for part in ("#pad canvas", "#pad .tools", "#answer .digit", "#answer .bars", "#answer .seen img"):
        expect(phone.locator(part)).to_be_in_viewport(ratio=0.99)
    assert phone.evaluate("document.documentElement.scrollWidth") <= width
    if width <= 640:  # where Gradio hides the link to its API
        assert phone.locator("footer").inner_text().strip() == "Settings"


@pytest.mark.parametrize("dark", [False, True])
def test_the_theme_reaches_the_page(open_page: Callable[..., Page], dark: bool) -> None:
    page = open_page(dark=dark)
    brightness = page.evaluate("""() => {
      const colour = getComputedStyle(document.body).backgroundColor.match(/[0-9.]+/g).map(Number);
      return (colour[0] + colour[1] + colour[2]) / 3;
    }""")
    assert brightness < 60 if dark else brightness > 200
    font = page.locator("h1").evaluate("title => getComputedStyle(title).fontFamily")
    assert font.startswith("system-ui")

"""Inside the network in a real browser: live maps, a number taken apart, kernels, why, imagined digits."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser import STROKES, draw, draw_by_touch

pytestmark = pytest.mark.browser

INKED = """canvas => {
  const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  let sum = 0;
  for (let i = 0; i < pixels.length; i += 4) sum += pixels[i + 3] * (1 + i % 8191);
  return sum;
}"""

LISTEN = """part => {
  window.told = [];
  new MutationObserver(() => told.push(part.textContent))
    .observe(part, {subtree: true, childList: true, characterData: true});
}"""


def open_section(page: Page) -> Page:
    page.get_by_role("button", name="Inside the network").click()
    expect(page.locator("#inside-side .sight img")).to_be_visible()
    return page


def open_part(page: Page, name: str) -> None:
    page.locator("#inside-parts").get_by_role("tab", name=name).click()


def look_into(page: Page, network: str) -> None:
    page.locator("#inside-network").get_by_text(network, exact=True).click()


def stage(page: Page, title: str) -> Locator:
    return page.locator("#inside-layers .stage").filter(
        has=page.get_by_role("heading", name=title, exact=True)
    )


def maps(page: Page, title: str) -> Locator:
    return stage(page, title).locator("canvas")


def painted(canvas: Locator) -> float:
    """A number that changes with what is on a canvas."""
    canvas.page.wait_for_function("canvas => canvas.width > 0", arg=canvas.element_handle())
    return float(canvas.evaluate(INKED))


def wait_until_painted_anew(canvas: Locator, before: float) -> None:
    canvas.page.wait_for_function(
        f"([canvas, before]) => ({INKED})(canvas) !== before", arg=[canvas.element_handle(), before]
    )


def test_layers_are_live_while_the_pen_moves(page: Page) -> None:
    expect(page.locator("#inside-layers .stage")).to_have_count(0)
    draw(page, STROKES["4"][:1])
    open_section(page)
    names = page.locator("#inside-layers .stage h3")
    expect(names).to_have_count(11)
    assert names.all_inner_texts()[:3] == ["Convolution 1", "Pooling 1", "Convolution 2"]
    first, last = maps(page, "Convolution 1"), maps(page, "Probabilities")
    before = painted(first), painted(last)
    page.locator("#pad canvas").scroll_into_view_if_needed()
    draw(page, STROKES["4"][1:], lift=False)
    wait_until_painted_anew(first, before[0])
    wait_until_painted_anew(last, before[1])
    page.mouse.up()
    expect(last).to_have_attribute("aria-label", re.compile(r"4: (9\d\.\d|100\.0).%"))


def test_pointing_shows_where_a_number_looks_and_pressing_how_it_is_made(page: Page) -> None:
    draw(page, STROKES["4"])
    open_section(page)
    look_into(page, "lenet-5")
    canvas, where, frame = maps(page, "Pooling 1"), page.locator("#inside .where"), page.locator(".sight i")
    painted(canvas)
    expect(frame).to_be_hidden()
    canvas.hover(position={"x": 30, "y": 30})
    expect(where).to_have_text("Pooling 1 · map 1, row 8, column 8 sees 6 × 6 pixels")
    expect(frame).to_be_visible()
    part = frame.evaluate("mark => mark.offsetWidth / mark.parentElement.offsetWidth")
    assert part == pytest.approx(6 / 32, abs=0.02)
    canvas.click(position={"x": 30, "y": 30})
    card = page.locator("#inside-unit .unit")
    expect(card).to_contain_text("The largest of four numbers")
    expect(card.locator(".grid td")).to_have_count(4)
    maps(page, "Convolution 1").click(position={"x": 28, "y": 28})
    expect(card).to_contain_text("25 numbers, each times its weight, added up.")
    expect(card.locator(".grid td")).to_have_count(75)
    shown = card.locator(".result b")
    number = float(shown.inner_text().replace("−", "-"))
    last = float(card.locator(".sum dd").last.inner_text().replace("−", "-"))
    assert number == pytest.approx(last, abs=2e-4)
    text = card.inner_text()
    page.locator("#pad").get_by_role("button", name="Undo").click()
    expect(card).not_to_have_text(text, use_inner_text=True)  # the number follows the drawing
    card.get_by_role("button", name="Close").click()
    expect(card).to_have_count(0)


def test_a_number_is_seen_with_its_maps_alone(page: Page) -> None:
    draw(page, STROKES["4"])
    open_section(page)
    canvas, card = maps(page, "Convolution 1"), page.locator("#inside-unit .unit")
    painted(canvas)
    canvas.click(position={"x": 28, "y": 28})
    expect(card).to_be_visible()
    open_part(page, "Why")
    expect(card).to_have_count(0)
    expect(page.locator(".sight i")).to_be_hidden()
    open_part(page, "Layers")
    expect(card).to_be_visible()
    expect(page.locator(".sight i")).to_be_visible()
    open_part(page, "Kernels")
    for network in ("cnn-8", "digits"):
        look_into(page, network)
        expect(page.locator("#inside-kernels .learnt figure")).to_have_count(8 if network == "cnn-8" else 32)
    open_part(page, "Layers")
    painted(canvas)
    expect(page.locator(".sight i")).to_be_hidden()  # that network was another one in between
    expect(card).to_have_count(0)


def test_a_copy_that_is_gone_makes_way_for_its_network(page: Page) -> None:
    draw(page, STROKES["4"])
    page.locator("#teach-row [data-digit='4']").click()
    expect(page.locator("#picker label.selected")).to_have_text(["digits, my hand"], timeout=60_000)
    open_section(page)
    chosen = page.locator("#inside-network label.selected")
    expect(chosen).to_have_text("digits, my hand")
    page.locator("#teach-undo").click()
    expect(page.locator("#inside-network")).not_to_contain_text("my hand")
    expect(chosen).to_have_text("digits")
    expect(page.locator("#inside-message .failure")).to_have_count(0)
    page.locator("#pad").get_by_role("button", name="Clear").click()
    draw(page, STROKES["7"])
    expect(maps(page, "Probabilities")).to_have_attribute("aria-label", re.compile(r"7: (9\d\.\d|100\.0).%"))


def test_other_networks_can_be_looked_into(page: Page) -> None:
    draw(page, STROKES["7"])
    open_section(page)
    for network, count in (("cnn-8", 4), ("mlp-50-20", 4), ("digits-8x8", 3)):
        look_into(page, network)
        expect(page.locator("#inside-layers .stage")).to_have_count(count)
        expect(page.locator("#inside-unit .unit")).to_have_count(0)  # it was another network's
        canvas = page.locator("#inside-layers .stage canvas").first
        painted(canvas)
        canvas.click(position={"x": 5, "y": 5})
        expect(page.locator("#inside-unit .unit .sum")).to_be_visible()


def test_everything_is_reached_by_keyboard(page: Page) -> None:
    draw(page, STROKES["4"])
    page.get_by_role("button", name="Inside the network").focus()
    page.keyboard.press("Enter")
    canvas = maps(page, "Convolution 1")
    painted(canvas)
    canvas.focus()
    for pressed in ("ArrowDown", "ArrowRight", "PageDown"):
        page.keyboard.press(pressed)
    expect(page.locator("#inside .where")).to_contain_text("map 2, row 2, column 2")
    page.keyboard.press("Enter")
    expect(page.locator("#inside-unit .unit header")).to_contain_text("map 2, row 2, column 2")
    page.locator("#inside-unit [data-close]").press("Enter")
    expect(page.locator("#inside-unit .unit")).to_have_count(0)
    expect(canvas).to_be_focused()
    page.keyboard.press("Enter")  # and goes on from where it was
    expect(page.locator("#inside-unit .unit header")).to_contain_text("map 2, row 2, column 2")
    page.keyboard.press("Escape")
    expect(page.locator("#inside-unit .unit")).to_have_count(0)
    expect(canvas).to_be_focused()
    maps(page, "Outputs").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#inside .where")).to_contain_text("Outputs · 1")
    page.get_by_role("tab", name="Layers").focus()
    for tab in ("Kernels", "Why", "Imagine"):
        expect(page.get_by_role("tab", name=tab)).to_be_enabled()


def test_the_kernel_bench(page: Page) -> None:
    draw(page, STROKES["5"])
    open_section(page)
    open_part(page, "Kernels")
    expect(page.locator("#inside-kernels .bench figure")).to_have_count(5)
    expect(page.locator("#inside-kernels .learnt figure")).to_have_count(32)
    made = page.locator("#inside-own-made img")
    before = made.get_attribute("src") or ""
    page.get_by_label("Row 2, column 2").fill("3")
    expect(made).not_to_have_attribute("src", before)
    page.locator("#inside-own").get_by_role("button", name="Blur").click()
    expect(page.get_by_label("Row 1, column 1")).to_have_value("0.1111")
    blurred = page.locator("#inside-kernels").get_by_alt_text("the drawing through Blur").get_attribute("src")
    expect(made).to_have_attribute("src", blurred or "")
    page.get_by_label("Row 2, column 2").fill("1000")
    expect(page.locator("#inside-own-made [role=alert]")).to_contain_text("Nine numbers from −100 to 100")


def test_why_and_what_would_make_it_a_9(page: Page) -> None:
    open_section(page)
    open_part(page, "Why")
    expect(page.locator("#inside-why")).to_contain_text("Draw a digit first.")
    page.locator("#pad canvas").scroll_into_view_if_needed()
    draw(page, STROKES["4"])
    expect(page.locator("#inside-why .lead")).to_contain_text("digits reads 4")
    expect(page.locator("#inside-why .over")).to_have_count(2)
    page.locator("#inside-other").get_by_text("9", exact=True).click()
    expect(page.locator("#inside-changed .lead")).to_contain_text("Now it reads 9")
    expect(page.locator("#inside-changed img")).to_have_count(4)
    page.locator("#pad").get_by_role("button", name="Clear").click()
    expect(page.locator("#inside-changed")).to_contain_text("Draw a digit first.")
    draw(page, STROKES["3"])
    expect(page.locator("#inside-why .lead")).to_contain_text("digits reads 3")
    expect(page.locator("#inside-changed .lead")).to_contain_text("Now it reads 9")  # it is still asked


def test_a_digit_is_imagined_step_by_step(page: Page) -> None:
    open_section(page)
    look_into(page, "mlp-100")
    open_part(page, "Imagine")
    page.locator("#inside-wish").get_by_text("3", exact=True).click()
    lead = page.locator("#inside-imagined .lead")
    expect(lead).to_contain_text(re.compile(r"Step (4|8|12|16|20|24|28|32|36|40) of 80"))
    page.locator("#inside-imagined").evaluate(LISTEN)
    page.locator("#inside-wish").get_by_text("5", exact=True).click()
    expect(lead).to_contain_text("of a 5")
    told = page.evaluate("told")
    assert any("of a 5" in text for text in told)
    assert not any("Step 80 of 80" in text and "of a 3" in text for text in told), "it need not be waited for"
    expect(lead).to_contain_text("Step 80 of 80: mlp-100 sees")
    expect(page.locator("#inside-imagined .film figure")).to_have_count(9)
    first = page.locator("#inside-imagined .dream > img").get_attribute("src") or ""
    page.locator("#inside-wish").get_by_text("5", exact=True).click()
    expect(lead).not_to_contain_text("Step 80")
    expect(lead).to_contain_text("Step 80 of 80: mlp-100 sees")
    expect(page.locator("#inside-imagined .dream > img")).not_to_have_attribute("src", first)
    seen = page.locator("#inside-side .sight img")
    blank = seen.get_attribute("src") or ""
    draw(page, STROKES["7"])
    expect(seen).not_to_have_attribute("src", blank)


@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_stays_as_high_when_the_pad_comes_along(open_page: Callable[..., Page], width: int) -> None:
    """What is read would jump where a browser does not hold it (Safari knows no scroll anchoring)."""
    page = open_page(width=width, height=844)
    draw(page, STROKES["4"])
    open_section(page)
    painted(maps(page, "Convolution 1"))
    high = page.evaluate("document.documentElement.scrollHeight")
    assert page.locator("#draw-pad #pad, .pad-place #pad").count() == 1
    stage(page, "Convolution 2").scroll_into_view_if_needed()
    expect(page.locator("#inside-side #pad")).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollHeight") == high


def test_the_pad_comes_along_and_goes_home(page: Page) -> None:
    open_section(page)
    home, here = page.locator("#draw-pad #pad"), page.locator("#inside-side #pad")
    canvas = maps(page, "Convolution 2")
    painted(canvas)
    height = canvas.evaluate("canvas => canvas.height")
    stage(page, "Convolution 2").get_by_role("button", name="Show all 64").click()
    assert canvas.evaluate("canvas => canvas.height") > height
    stage(page, "Probabilities").scroll_into_view_if_needed()
    expect(here).to_be_in_viewport()
    draw(page, STROKES["7"])
    expect(maps(page, "Probabilities")).to_have_attribute("aria-label", re.compile(r"7: (9\d\.\d|100\.0).%"))
    page.evaluate("scrollTo(0, 0)")
    expect(home).to_be_in_viewport()
    expect(page.locator("#answer .digit")).to_have_text("7")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_a_phone_never_scrolls_sideways(open_page: Callable[..., Page], dark: bool) -> None:
    page = open_page(width=390, height=844, touch=True, dark=dark)
    draw_by_touch(page, STROKES["4"])
    open_section(page)
    canvas = maps(page, "Convolution 1")
    painted(canvas)
    canvas.tap(position={"x": 28, "y": 28})
    expect(page.locator("#inside-unit .unit")).to_be_in_viewport()
    page.evaluate("scrollTo(0, 0)")  # it belongs to maps that are out of sight now
    expect(page.locator("#inside-unit .unit")).to_be_hidden()
    canvas.scroll_into_view_if_needed()
    expect(page.locator("#inside-unit .unit")).to_be_in_viewport()
    page.locator("#inside-unit [data-close]").tap()
    expect(page.locator("#inside-unit .unit")).to_have_count(0)
    for part, shown in (("Kernels", "#inside-kernels .learnt"), ("Why", "#inside-why .maps"),
                        ("Imagine", "#inside-wish")):  # fmt: skip
        assert_fits(page)
        open_part(page, part)
        expect(page.locator(shown)).to_be_visible()
        if part == "Why":  # a colour stands beside its words
            lines = "keys => keys.map(key => key.getClientRects().length)"
            assert page.locator("#inside-why .key").evaluate_all(lines) == [1, 1]
    assert_fits(page)


def assert_fits(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    wide = page.evaluate(
        """() => [...document.querySelectorAll('#inside *')]
            .filter(e => e.checkVisibility() && !e.closest('svg, .over, .overflow-menu')
                         && e.getBoundingClientRect().right > 391)
            .map(e => e.outerHTML.slice(0, 120))"""
    )
    assert wide == []

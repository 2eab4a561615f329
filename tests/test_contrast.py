"""Words stand out from what they lie on, 4.5 to 1 as WCAG 2.2 asks (1.4.3), in the light and in the dark."""

import re

import pytest

from ui.theme import STYLES, theme

ENOUGH = 4.5
LOOK = theme()
PAPERS = {"light": "#ffffff", "dark": re.findall(r"--paper: (#\w+)", STYLES)[0]}


def colour(name: str) -> str:
    """A colour of the theme, by what it is for; one that is not said for the dark is the same there."""
    value = getattr(LOOK, name, None) or getattr(LOOK, name.removesuffix("_dark"))
    return colour(value[1:]) if value.startswith("*") else {"white": "#ffffff"}.get(value, value)


def luminance(colour: str) -> float:
    """WCAG's relative luminance of #rrggbb."""
    shares = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def rule(selector: str, prop: str) -> str:
    """What STYLES say of a property, of #rgb made #rrggbb."""
    body = re.search(rf"^{re.escape(selector)} {{(.*?)}}", STYLES, re.MULTILINE | re.DOTALL)
    assert body is not None, selector
    found = re.search(rf"(?<![-\w]){prop}: (#\w+)", body[1])
    assert found is not None, (selector, prop)
    value = found[1]
    return "#" + "".join(2 * c for c in value[1:]) if len(value) == 4 else value


def test_contrast_is_as_the_standard_has_it() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)  # WCAG's well-known near miss


@pytest.mark.parametrize("text", ["body_text_color", "body_text_color_subdued"])
@pytest.mark.parametrize("ground", ["body_background_fill", "block_background_fill"])
@pytest.mark.parametrize("mode", ["", "_dark"])
def test_text_on_the_page(text: str, ground: str, mode: str) -> None:
    fill = {"block_background_fill": "#ffffff"}.get(ground + mode) or colour(ground + mode)
    assert contrast(colour(text + mode), fill) >= ENOUGH


@pytest.mark.parametrize(
    "fill",
    ["button_primary_background_fill", "button_primary_background_fill_hover"],
)
@pytest.mark.parametrize("mode", ["", "_dark"])
def test_words_on_the_green_buttons(fill: str, mode: str) -> None:
    assert contrast(colour("button_primary_text_color"), colour(fill + mode)) >= ENOUGH


@pytest.mark.parametrize("paper", PAPERS.values(), ids=PAPERS)
def test_the_hint_on_the_pad(paper: str) -> None:
    assert contrast(rule(".pad .hint", "color"), paper) >= ENOUGH


@pytest.mark.parametrize("box", [".number-picture .box b", ".number-picture .box.unsure b"])
def test_the_labels_over_a_number(box: str) -> None:
    assert contrast(rule(".number-picture .box b", "color"), rule(box, "background")) >= ENOUGH


@pytest.mark.parametrize("doubt", [".captcha-truth.wrong, .captcha-doubt", ".marks .worse"])
def test_what_is_doubted(doubt: str) -> None:
    assert contrast(rule(doubt, "color"), colour("body_background_fill")) >= ENOUGH


def test_the_faint_colour_is_for_lines_and_dots_alone() -> None:
    faint = re.findall(r"^([^{}\n]*) {[^{}]*(?<![-\w])color: var\(--faint\)", STYLES, re.MULTILINE)
    assert faint == [".confusion .none"]

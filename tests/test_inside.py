"""The section Inside without a page: what its handlers answer, for every network and every kind of input."""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import gradio as gr
import numpy as np
import pytest
from PIL import Image

from engine.checkpoint import load_pretrained, pretrained_names
from engine.kernels import apply
from engine.network import Network
from engine.units import look
from tests.test_draw_tab import sketch
from tests.test_units import branching
from ui import inside, inside_imagine
from ui.inside_kernels import own_weights
from ui.inside_look import Look, look_at
from ui.inside_pictures import number, signed
from ui.inside_unit import card
from ui.inside_words import about, titles
from ui.own_networks import GONE

SIDE, LAYERS, UNIT, KERNELS, OWN, WHY, CHANGED, MESSAGE = range(8)  # of `shown`
FOUR = sketch("4")
SKIPPED = gr.skip()


def shown(
    part: str, drawing: str | None = FOUR, name: str = "digits", own: dict[str, Network] | None = None,
    chosen: Any = None, typed: str = "", other: str | None = None, is_open: bool = True,
) -> tuple[Any, ...]:  # fmt: skip
    """What the section shows."""
    return inside.follow(is_open, part, drawing, name, [], own or {}, chosen, typed, other, None)[2:]


def looked(name: str = "lenet-5", own: dict[str, Network] | None = None) -> Look:
    found = look_at(FOUR, name, own or {})
    assert isinstance(found, Look)
    return found


def pixels(uri: str) -> np.ndarray:
    """The picture of a data URI, (H, W, 4)."""
    content = base64.b64decode(uri.removeprefix("data:image/png;base64,"))
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGBA"))


def words(html: str) -> str:
    """What a person reads."""
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


# --- pictures and numbers -----------------------------------------------------------------------------------


def test_signs_are_colours_and_sizes_are_opacity() -> None:
    picture = pixels(signed(np.array([[1.0, 0.5, 0.0, -0.5, -1.0]]), 1.0))[0].astype(int)
    assert (picture[:2, 0] > picture[:2, 2]).all(), "orange above zero"
    assert (picture[3:, 2] > picture[3:, 0]).all(), "blue below"
    assert picture[2, 3] == 0, "zero is the page itself"
    assert picture[0, 3] == picture[4, 3] == 255 > picture[1, 3] == picture[3, 3] > 100


@pytest.mark.parametrize("values", [np.zeros((3, 2)), np.full((3, 2), np.nan)])
def test_pictures_of_nothing(values: np.ndarray) -> None:
    assert (pixels(signed(values))[..., 3] == 0).all()


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [(0.12345, 3, "0.123"), (-2.5, 2, "−2.50"), (0, 3, "0.000"), (-0.0001, 2, "0.00"),
     (-4e-7, 3, "−4 · 10<sup>−7</sup>")],
)  # fmt: skip
def test_numbers_are_written_for_people(value: float, digits: int, text: str) -> None:
    assert number(value, digits) == text


# --- every part, every network ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*pretrained_names(), "mine"])
def test_every_part_shows_every_network(name: str) -> None:
    own = {"mine": branching()}
    for part, filled in (("layers", LAYERS), ("kernels", KERNELS), ("why", WHY)):
        views = shown(part, name=name, own=own)
        assert views[MESSAGE] == ""
        assert len(views[filled]) > 500
        assert pixels(json.loads(views[SIDE])["picture"]).shape[0] == looked(name, own).network.input_shape[0]
        others = {LAYERS, KERNELS, WHY} - {filled}
        assert all(views[i] == SKIPPED for i in others), "only what is seen is computed"


@pytest.mark.parametrize("name", [*pretrained_names(), "mine"])
def test_layers_describe_every_stage(name: str) -> None:
    found = looked(name, {"mine": branching()})
    described = json.loads(inside.describe(found))
    assert described["network"] == name
    stages = described["stages"]
    assert len(stages) == len(found.seen.stages)  # without the picture, with the probabilities
    for stage in stages:
        height, width = stage["size"]
        assert pixels(stage["picture"]).shape[:2] == (stage["maps"] * height, width)
        assert [len(ranges) for ranges in stage["window"]] == [len(ranges) for ranges in stage["sees"]]
        assert stage["flat"] or [len(ranges) for ranges in stage["sees"]] == stage["size"]
        assert stage["about"].endswith(".")
    assert stages[-1]["values"][found.digit].endswith("%")


def test_the_strip_shows_the_maps() -> None:
    found = looked("lenet-5")
    stage = json.loads(inside.describe(found))["stages"][0]
    strip = pixels(stage["picture"]).reshape(6, 28, 28, 4)
    output = found.seen.output(1)
    for channel in range(6):
        shown, own = strip[channel, ..., 3].astype(float), output[..., channel]
        assert (shown[own == 0] == 0).all()
        assert np.corrcoef(shown.ravel(), own.ravel())[0, 1] > 0.9


def test_stages_have_plain_names() -> None:
    seen = looked("digits").seen
    assert titles(seen)[:4] == ["Input", "Convolution 1", "Pooling 1", "Convolution 2"]
    assert titles(seen)[-3:] == ["Mean of each map", "Outputs", "Probabilities"]
    assert "32 filters of 5 × 5 slide over the picture" in about(seen, 1)
    assert "all 32 maps before it" in about(seen, 3)
    assert "softmax" in about(seen, len(seen.stages))
    assert "in proportion" in about(looked("mlp-100").seen, 3)


# --- a number taken apart -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*pretrained_names(), "mine"])
def test_any_number_has_a_card(name: str) -> None:
    seen = looked(name, {"mine": branching()}).seen
    for stage in range(len(seen.stages) + 1):
        shape = seen.output(stage).shape if stage < len(seen.stages) else (10,)
        place = tuple(side // 2 for side in shape)
        html = card(seen, stage, place)
        assert number(look(seen, stage, place).activation, 4) in html
        assert "nan" not in html


def test_the_numbers_on_a_card_add_up() -> None:
    """As a person with a pencil would check: the products' grid, the sum, the bias, ReLU."""
    html = card(looked("lenet-5").seen, 1, (14, 14, 2))
    products = re.findall(r"= products</caption>(.*?)</table>", html)[0]
    cells = [float(text.replace("−", "-")) for text in re.findall(r"<td[^>]*>([^<]+)</td>", products)]
    assert len(cells) == 25
    rows = {
        key: float(value.replace("−", "-"))
        for key, value in re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", html)
    }
    assert sum(cells) == pytest.approx(rows["sum of the products"], abs=25 * 0.005)
    before = rows["= before activation"]
    assert rows["sum of the products"] + rows["+ bias"] == pytest.approx(before, abs=2e-4)
    assert rows["→ ReLU: below zero becomes zero"] == pytest.approx(max(0, before), abs=2e-4)


def test_a_card_of_many_maps_names_the_rest() -> None:
    seen = looked("digits").seen
    html = card(seen, 4, (5, 5, 7))
    unit = look(seen, 4, (5, 5, 7))
    parts = re.findall(r"<tr><th scope=\"row\">(.*?)</th><td>(.*?)</td></tr>", html)
    assert len(parts) == 7
    assert parts[-1][0] == "the other 58"
    total = sum(float(value.replace("−", "-")) for _, value in parts)
    assert total == pytest.approx(float(unit.total), abs=0.01)


def test_the_largest_is_marked_and_shares_are_explained() -> None:
    seen = looked("lenet-5").seen
    assert card(seen, 2, (7, 7, 0)).count("class=best") == 1
    assert "digit 4" in card(seen, 8, (4,))
    assert "Its part of the sum of all ten" in card(seen, 8, (4,))


def event(**data: Any) -> gr.EventData:
    return cast(gr.EventData, SimpleNamespace(**data))


def test_a_press_chooses_and_follows_the_drawing() -> None:
    chosen = inside.press("lenet-5", event(stage=1, place=[9, 9, 0]))
    of_four, of_seven = (
        shown("layers", drawing, "lenet-5", chosen=chosen)[UNIT] for drawing in (FOUR, sketch("7"))
    )
    for html in (of_four, of_seven):
        assert "map 1, row 10, column 10" in words(html)
    assert of_four != of_seven
    assert shown("layers", name="mlp-16", chosen=chosen)[UNIT] == "", "it was another network's"


@pytest.mark.parametrize(
    "data",
    [{}, {"stage": 1}, {"stage": "x", "place": [1]}, {"stage": 1, "place": 3}, {"stage": 1, "place": ["a"]},
     {"stage": None, "place": None}],
)  # fmt: skip
def test_a_press_on_nothing_is_nothing(data: dict[str, Any]) -> None:
    assert shown("layers", name="lenet-5", chosen=inside.press("lenet-5", event(**data)))[UNIT] == ""


@pytest.mark.parametrize(
    "text", ["", "{", "7", "[]", "null", '["lenet-5", 1]', '{"a": 1}', '["lenet-5", {}, 1]']
)
def test_what_a_browser_may_say_instead_is_nothing(text: str) -> None:
    assert shown("layers", name="lenet-5", chosen=text)[UNIT] == ""


@pytest.mark.parametrize("data", [{"stage": 99, "place": [1]}, {"stage": 1, "place": [99, 1, 1]}])
def test_a_press_beside_the_maps_shows_nothing(data: dict[str, Any]) -> None:
    assert shown("layers", name="lenet-5", chosen=inside.press("lenet-5", event(**data)))[UNIT] == ""


# --- closed, blank, broken ----------------------------------------------------------------------------------


def test_nothing_is_computed_while_it_is_closed() -> None:
    for part in ("layers", "why", "imagine"):
        assert all(view == SKIPPED for view in shown(part, "not even a drawing", is_open=False))


@pytest.mark.parametrize("part", ["kernels", "why", "imagine"])
def test_what_the_network_sees_is_always_the_drawing_and_the_card_belongs_to_the_maps(part: str) -> None:
    chosen = inside.press("digits", event(stage=1, place=[9, 9, 0]))
    assert shown("layers", chosen=chosen)[UNIT]
    views = shown(part, sketch("7"), chosen=chosen)
    assert views[SIDE] == shown("layers", sketch("7"))[SIDE] != shown("layers")[SIDE]
    assert views[UNIT] == ""


@pytest.mark.parametrize(
    ("name", "names", "found"),
    [("mlp-16, my hand", ["mlp-16"], "mlp-16"), (None, ["cnn-8", "digits"], "cnn-8"), (None, [], "digits"),
     ("run 7", ["run 7"], "digits"), ("<b>", ["mine"], "mine")],
)  # fmt: skip
def test_where_a_network_is_gone_one_that_reads_takes_its_place(
    name: str | None, names: list[str], found: str
) -> None:
    own = {"mine": branching()}
    listed = [*pretrained_names(), *own]
    networks, _, *views = inside.follow(True, "layers", FOUR, name, names, own, None, "", None, listed)
    assert networks["value"] == found
    assert (found, found) in networks["choices"]
    assert json.loads(views[LAYERS])["network"] == found
    assert views[MESSAGE] == ""


def test_a_network_of_ones_own_is_listed_once() -> None:
    own = {"mine": branching()}
    networks, listed, *_ = inside.follow(True, "layers", FOUR, "digits", [], own, None, "", None, None)
    assert ("mine", "mine") in networks["choices"]
    networks, same, *_ = inside.follow(True, "layers", FOUR, "digits", [], own, None, "", None, listed)
    assert networks == SKIPPED, "a list that is sent anew takes the focus away"
    assert same == listed


def test_it_opens_with_the_network_that_reads() -> None:
    is_open, picker = inside.opened(["cnn-8"], "digits", {})
    assert is_open
    assert picker["value"] == "cnn-8"
    for names in (["cnn-8", "digits"], [], ["gone"]):
        kept = inside.opened(names, "digits", {})[1]
        assert "value" not in kept, "what the visitor chooses meanwhile would be lost"
        assert ("digits", "digits") in kept["choices"]


@pytest.mark.parametrize(
    "part",
    ["layers", "kernels", "why", "imagine"],
)
def test_what_can_not_be_shown_is_told(part: str) -> None:
    views = shown(part, "x", other="9")
    assert "not a PNG" in words(views[MESSAGE])
    assert all(view == SKIPPED for view in views[:MESSAGE])


@pytest.mark.parametrize("blank", ["", None])
def test_a_blank_pad(blank: str | None) -> None:
    assert json.loads(shown("layers", blank)[LAYERS])["stages"]
    reasons = shown("why", blank, other="9")
    assert "Draw a digit first." in reasons[WHY]
    assert "Draw a digit first." in reasons[CHANGED]
    assert shown("kernels", blank)[OWN]


# --- kernels, why, imagine ----------------------------------------------------------------------------------


def test_a_kernel_of_ones_own_filters_the_drawing() -> None:
    typed = json.dumps(["0", "0", "0", "0", "-2.5", "", "0", "0", "0"])
    colours = pixels(re.findall(r'src="([^"]+)"', shown("kernels", typed=typed)[OWN])[0])
    made = apply(looked("digits").amounts, np.array([[0, 0, 0], [0, -2.5, 0], [0, 0, 0]]))
    assert ((colours[..., 3] > 0) == (made < -0.01)).mean() > 0.99
    assert (colours[colours[..., 3] > 0][:, 2] > 200).all(), "blue: below zero"


@pytest.mark.parametrize("typed", ["[1, 2]", "[]", "{", '["a",0,0,0,0,0,0,0,0]', "[1e9,0,0,0,0,0,0,0,0]",
                                   "[NaN,0,0,0,0,0,0,0,0]", "7", '{"a": 1}'])  # fmt: skip
def test_a_kernel_that_is_none_gets_a_sentence(typed: str) -> None:
    said = own_weights(typed)
    assert isinstance(said, str)
    assert said.startswith("Nine numbers")
    assert 'role="alert"' in shown("kernels", typed=typed)[OWN]


def test_learned_kernels_stand_beside_the_classic_ones() -> None:
    html = shown("kernels", name="lenet-5")[KERNELS]
    for name in ("Sobel across", "Sobel down", "Edge", "Sharpen", "Blur"):
        assert name in html
    assert html.count('alt="kernel ') == 6
    assert "has no kernels" in shown("kernels", name="mlp-100")[KERNELS]


def test_why_names_the_answer_and_another_digit_is_reached() -> None:
    views = shown("why")
    assert "digits reads 4 , 100.0 %" in words(views[WHY])
    assert views[CHANGED] == ""
    assert "It already reads 4." in shown("why", other="4")[CHANGED]
    assert "Now it reads 9" in words(shown("why", other="9")[CHANGED])
    assert shown("why", other="x")[CHANGED] == ""


def dreamt(wish: str, name: str, own: dict[str, Network] | None = None) -> Iterator[str]:
    return inside.imagined(wish, name, own or {}, [wish])


def test_a_dream_is_told_step_by_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inside_imagine, "PAUSE", 0)
    told = list(dreamt("3 1", "mlp-100"))
    assert words(told[0]).startswith("Step 0 of 80: mlp-100 sees")
    assert "Step 80 of 80" in told[-1]
    assert told[-1].count('alt="step ') == 9
    assert len(set(told)) == len(told) == 21


def test_the_same_wish_again_is_another_dream() -> None:
    assert next(dreamt("3 1", "mlp-100")) != next(dreamt("3 2", "mlp-100"))


def test_another_wish_ends_the_dream(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inside_imagine, "PAUSE", 0)
    newest: list[str | None] = []
    first = inside.wish_for("3 1", newest)
    dream = inside.imagined("3 1", "mlp-100", {}, newest)
    next(dream)
    assert inside.wish_for("8 2", newest) != first, "each wish has a signal of its own"
    assert list(dream) == []
    assert len(list(inside.imagined("8 2", "mlp-100", {}, newest))) == 21


@pytest.mark.parametrize(
    ("wish", "digit", "seed"),
    [("3 1", 3, 1), ("0 12", 0, 12), ("", 0, 0), (None, 0, 0), ("x 1", 0, 0), ("² 1", 0, 0), ("9", 0, 0),
     ("3 -1", 0, 0), ("3 1e9", 0, 0), ("3 9999999999", 0, 0)],
)  # fmt: skip
def test_a_wish_is_a_digit_and_a_seed(wish: str | None, digit: int, seed: int) -> None:
    assert inside_imagine.wished(wish) == (digit, seed)


def test_a_dream_of_a_lost_network_is_a_sentence() -> None:
    assert GONE in next(dreamt("3 1", "run 7"))


def test_names_are_text_not_markup() -> None:
    own = {"<img src=x>": load_pretrained("mlp-16")}
    for part, view in (("kernels", KERNELS), ("why", WHY)):
        assert "<img src=x>" not in shown(part, name="<img src=x>", own=own)[view]
    assert "<img src=x>" not in next(dreamt("3 1", "<img src=x>", own))

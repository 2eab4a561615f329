"""The Draw tab's handlers, without a page: what they answer, and whose networks they keep."""

import base64
import io
from types import SimpleNamespace
from typing import Any, cast

import gradio as gr
import numpy as np
import pytest
from PIL import Image

from engine.architectures import build
from engine.checkpoint import load_pretrained, pretrained_names
from engine.network import Network
from engine.strokes import render
from tests.browser import STROKES
from ui import draw, own_networks
from ui.answer import Answer, to_html
from ui.own_networks import MAX_OWN, Own
from ui.sketchpad import SIDE


def sketch(digit: str) -> str:
    """What the pad would send for one of the example drawings."""
    strokes = [np.array(stroke, np.float32).reshape(-1, 2) * SIDE for stroke in STROKES[digit]]
    out = io.BytesIO()
    Image.fromarray(255 - render(strokes, 0.07 * SIDE, SIDE)).convert("RGBA").save(out, "PNG")
    return "data:image/png;base64," + base64.b64encode(out.getvalue()).decode()


@pytest.fixture
def untrained() -> Network:
    return build("mlp-16", np.random.default_rng(0))


def visitor(session: str) -> gr.Request:
    return cast(gr.Request, SimpleNamespace(session_hash=session))


@pytest.mark.parametrize("digit", list(STROKES))
def test_every_example_drawing_is_read_by_our_network(digit: str) -> None:
    html, _ = draw.read_sketch(sketch(digit), ["digits"], {})
    assert f'role="status">{digit}</span>' in html


def test_no_chosen_network_means_ours() -> None:
    html, _ = draw.read_sketch(sketch("4"), [], {})
    assert f"<h3>{pretrained_names()[0]}</h3>" in html


def test_several_networks_answer_in_the_order_of_choice() -> None:
    html, _ = draw.read_sketch(sketch("4"), ["mlp-100", "digits"], {})
    assert html.index("mlp-100") < html.index("digits")
    assert 'data-count="2"' in html


@pytest.mark.parametrize("bad", ["x", "data:image/png;base64,AAAA"])
def test_a_broken_sketch_is_told_in_place(bad: str) -> None:
    html, _ = draw.read_sketch(bad, ["digits"], {})
    assert 'role="alert">The ' in html


def test_a_network_that_has_expired_is_told_in_place() -> None:
    html, _ = draw.read_sketch(sketch("4"), ["run 1", "digits"], {})
    assert "no longer kept here" in html
    assert 'role="status">4</span>' in html


def test_a_network_of_ones_own_reads(untrained: Network) -> None:
    own, picker = own_networks.offer(untrained, "run 1", {})
    assert picker["value"] == ["run 1"]
    assert picker["choices"][-1] == ("run 1", "run 1")
    html, kept = draw.read_sketch(sketch("4"), picker["value"], own)
    assert "<h3>run 1</h3>" in html
    assert kept is own, "another event may be adding to the same dict"


def test_a_taken_name_gets_a_number(untrained: Network) -> None:
    own: Own = {}
    for _ in range(3):
        own_networks.offer(untrained, "digits", own)
    assert list(own) == ["digits 2", "digits 3", "digits 4"]
    assert load_pretrained("digits") is not untrained


def test_the_oldest_of_too_many_goes(untrained: Network) -> None:
    own: Own = {}
    for i in range(MAX_OWN + 2):
        own_networks.offer(untrained, f"run {i}", own)
    assert list(own) == [f"run {i}" for i in range(2, MAX_OWN + 2)]


def test_a_closed_tab_lets_go_of_its_own_networks_alone(untrained: Network) -> None:
    mine, hers = own_networks.offer(untrained, "a", {})[0], own_networks.offer(untrained, "b", {})[0]
    draw.read_sketch("", ["a"], mine, visitor("me"))
    draw.read_sketch("", ["b"], hers, visitor("her"))
    draw.leave(visitor("me"))
    assert mine == {}
    assert list(hers) == ["b"]
    draw.leave(visitor("her"))
    assert not own_networks.open_pages


def test_no_picture_no_answer() -> None:
    assert draw.read_picture(None, ["digits"], {})[0] == ""


def test_names_are_text_not_markup() -> None:
    html = to_html([Answer("<img src=x onerror=alert(1)>", failure="<b>no</b>")], "")
    assert "<img" not in html
    assert "<b>" not in html


@pytest.mark.parametrize("arguments", [("",), (None,), ("x.png", "no such network")])
def test_programs_get_sentences(arguments: tuple[Any, ...]) -> None:
    with pytest.raises(gr.Error) as refused:
        draw.recognize_digit(*arguments)
    assert refused.value.message.endswith(".")

"""Learning from one pair, without a page: begun, watched, stopped, applied to another picture, kept."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import gradio as gr
import numpy as np
import pytest
from PIL import Image

from engine import checkpoint
from engine.checkpoint import CheckpointError
from engine.network import Network
from engine.painting import PRESETS, Choices
from engine.pixel_networks import load as load_network
from tests.browser import ROOT
from ui import colorize_pair as tab
from ui import colorize_pair_view as html
from ui.colorize_apprentice import FILE
from ui.colorize_easel import Easel
from ui.colorize_pair import FIELDS, Handlers, PairView, carry_out, choices_of, shown
from ui.colorize_pair_stage import Panels, values_of
from ui.limits import Limits
from ui.places import places

LIMITS = Limits()
HANDLERS = Handlers(LIMITS)
QUICK = Choices(epochs=30)


def request() -> gr.Request:
    return cast(gr.Request, SimpleNamespace(session_hash="me"))


@pytest.fixture
def colour(tmp_path: Path) -> str:
    """A blue sky over green ground, which the gray tells apart."""
    rows = np.zeros((32, 40, 3), np.uint8)
    rows[:16], rows[16:] = (150, 190, 240), (50, 110, 40)
    Image.fromarray(rows).save(tmp_path / "pair.png")
    return str(tmp_path / "pair.png")


def learn(colour: str, choices: Choices = QUICK, limits: Limits = LIMITS) -> tuple[Easel, list[PairView]]:
    easel = Easel()
    Handlers(limits).begin(request(), colour, None, easel, *values_of(choices))
    views = list(carry_out(easel, limits))
    assert not easel.apprentice.errand.busy
    return easel, views


def network_of(easel: Easel) -> Network:
    assert easel.apprentice.network is not None
    return easel.apprentice.network


def test_a_small_picture_is_learnt_and_shown_on_the_way(colour: str) -> None:
    easel, views = learn(colour)
    assert views[0].busy
    assert "Beginning" in (views[0].told or "")
    assert all("<img" in (view.output or "") for view in views)
    last = views[-1]
    assert last.busy is False
    assert "Learnt 30 epochs" in (last.told or "")
    assert network_of(easel).metrics["psnr"] > 20
    assert "better than the gray picture" in (last.told or "")
    assert (last.psnr or "").count("<polyline") == 2
    assert (last.loss or "").count("<polyline") == 1
    easel.release()


@pytest.mark.parametrize("name", list(PRESETS))
def test_presets_fill_the_fields_and_say_what_comes_of_them(name: str) -> None:
    *values, note = tab.choose_preset(name)
    assert choices_of(tuple(values), LIMITS) == PRESETS[name].choices
    assert PRESETS[name].sentence in note
    assert tab.depart() == (None, "<p>Your own settings.</p>")


@pytest.mark.parametrize("name", ["as published in NumPy", "as published in Keras"])
def test_what_was_published_turns_white_and_learns_nothing(colour: str, name: str) -> None:
    *values, _ = tab.choose_preset(name)
    choices = choices_of(tuple(values), Limits(max_epochs=2))
    easel, views = learn(colour, choices)
    assert "worse than the gray picture" in (views[-1].told or "")
    assert network_of(easel).metrics["psnr"] < 8
    easel.release()


def test_the_part_shows_the_pair_and_the_network_before_anything_is_learnt(colour: str) -> None:
    looked, *views = HANDLERS.look(True, None, Easel(), colour, None, *values_of(QUICK))
    gray, output, truth, _, loss, psnr, network, *_ = views
    assert "gray" in gray
    assert "the truth" in truth
    assert [output, loss, psnr] == [gr.skip()] * 3, (
        "what was learnt before stays when the part is opened again"
    )
    assert "5 gray values, 64 hidden units, 3 colours, 579 parameters" in network
    assert "(None, 64)" in network
    for is_open, before in ((False, None), (True, looked)):
        again = HANDLERS.look(is_open, before, Easel(), colour, None, *values_of(QUICK))
        assert again == (before, *shown(PairView()))


def test_another_picture_takes_what_was_learnt_of_the_last_one_away(colour: str, tmp_path: Path) -> None:
    easel, _ = learn(colour)
    Image.linear_gradient("L").resize((40, 32)).convert("RGB").rotate(90).save(tmp_path / "gray.png")
    Image.new("RGB", (40, 32), (200, 40, 60)).save(tmp_path / "red.png")
    looked, *_ = HANDLERS.look(True, None, easel, colour, None, *values_of(QUICK))
    looked, *views = HANDLERS.look(True, looked, easel, str(tmp_path / "red.png"), None, *values_of(QUICK))
    _, output, truth, told, loss, psnr, *_ = views
    assert output == html.PRESS_LEARN
    assert [loss, psnr] == [html.loss_chart(None), html.psnr_chart(None)]
    assert "the truth" in truth
    assert told == ""
    others = values_of(Choices(hidden=8))
    _, *views = HANDLERS.look(True, looked, easel, str(tmp_path / "red.png"), None, *others)
    assert "8 hidden units" in views[6]
    assert views[:6] == [gr.skip()] * 6, "the pictures are the same"
    for path, said in ((None, "Bring a colour picture"), (str(tmp_path / "gray.png"), "no colour in it")):
        _, *views = HANDLERS.look(True, looked, easel, path, None, *values_of(QUICK))
        assert said in views[3]
        assert [views[0], views[2]] == ["", ""], "nothing of the last one"
    assert "no colour in it" in HANDLERS.begin(request(), path, None, easel, *values_of(QUICK))[4]
    easel.release()


def test_while_it_learns_its_panels_are_its_own(colour: str, tmp_path: Path) -> None:
    easel = Easel()
    HANDLERS.begin(request(), colour, None, easel, *values_of(QUICK))
    Image.new("RGB", (40, 32), (200, 40, 60)).save(tmp_path / "red.png")
    other = HANDLERS.look(True, ("a",), easel, str(tmp_path / "red.png"), None, *values_of(Choices(hidden=8)))
    assert other == (("a",), *shown(PairView()))
    easel.release()


def test_each_neighbourhood_has_its_picture() -> None:
    for neighbourhood, inputs in (("4 neighbours", 5), ("8 neighbours", 9), ("24 neighbours", 25)):
        values = values_of(Choices(neighbourhood=neighbourhood, hidden=7))
        picture = HANDLERS.look(True, None, Easel(), None, None, *values)[7]
        assert picture.count('class="read') == inputs
        assert picture.count('class="node"') == 7


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("hidden", 0),
        ("hidden", None),
        ("learning_rate", -1),
        ("batch", 10**6),
        ("epochs", 0),
        ("start", "no"),
    ],
)
def test_settings_that_can_not_be_get_a_sentence(colour: str, field: str, value: Any) -> None:
    values = dict(zip(FIELDS, values_of(QUICK), strict=True)) | {field: value}
    easel = Easel()
    told = HANDLERS.begin(request(), colour, None, easel, *values.values())[4]
    assert 'role="alert"' in told
    assert easel.apprentice.errand.wanted is None
    assert 'role="alert"' in HANDLERS.look(True, None, Easel(), colour, None, *values.values())[4]


def test_pictures_that_can_not_be_get_a_sentence(colour: str, tmp_path: Path) -> None:
    (tmp_path / "letter.png").write_text("Dear network,")
    Image.new("L", (9, 9)).save(tmp_path / "other.png")
    easel, values = Easel(), values_of(QUICK)
    bad, other = str(tmp_path / "letter.png"), str(tmp_path / "other.png")
    assert "no picture" in HANDLERS.begin(request(), bad, None, easel, *values)[4]
    assert "of one size" in HANDLERS.begin(request(), colour, other, easel, *values)[4]
    assert "Bring a colour picture" in HANDLERS.begin(request(), None, None, easel, *values)[4]
    assert "no picture" in HANDLERS.look(True, None, Easel(), bad, None, *values)[4]
    assert "Bring a colour picture" in HANDLERS.look(True, None, Easel(), None, None, *values)[4]
    assert list(carry_out(easel, LIMITS)) == []


def test_stop_keeps_what_is_learnt(colour: str) -> None:
    easel = Easel()
    HANDLERS.begin(request(), colour, None, easel, *values_of(Choices(epochs=100, batch=1)))
    assert HANDLERS.begin(request(), colour, None, easel, *values_of(QUICK))[1:] == tuple(shown(PairView()))
    views = []
    for view in carry_out(easel, LIMITS):
        views.append(view)
        assert len(views) < 10
        tab.stop(easel)
    assert "Stopped after" in (views[-1].told or "")
    assert easel.apprentice.network is not None
    easel.release()


def test_stop_before_it_has_a_place(colour: str) -> None:
    easel = Easel()
    HANDLERS.begin(request(), colour, None, easel, *values_of(QUICK))
    assert "Stopped before it began" in tab.stop(easel)[3]
    assert list(HANDLERS.work(easel)) == [(easel, *tab.shown(tab.PairView()))]  # no view would empty all
    assert not easel.apprentice.errand.busy


def test_time_is_limited(colour: str) -> None:
    _, views = learn(colour, Choices(epochs=1000, batch=1), Limits(max_seconds=1, max_epochs=10_000))
    assert "Stopped after" in (views[-1].told or "")


def test_epochs_are_limited() -> None:
    assert choices_of(tuple(values_of(Choices(epochs=5000))), Limits(max_epochs=7)).epochs == 7


def test_another_picture_is_painted_in_those_colours(colour: str) -> None:
    easel, _ = learn(colour, Choices(epochs=20))
    _, told = tab.paint_other(str(ROOT / "ui/examples/photos/cat.jpg"), easel)
    assert told.count("<img") == 2
    assert "Bring a picture" in tab.paint_other(None, easel)[1]
    assert "no picture" in tab.paint_other(__file__, easel)[1]
    assert "Learn first" in tab.paint_other(colour, Easel())[1]
    easel.release()


def test_a_network_is_saved_and_loaded(colour: str) -> None:
    easel, views = learn(colour)
    file = views[-1].file
    assert file is not None
    assert Path(file).name == FILE
    again = Easel()
    told = tab.load(file, again, request())
    assert "is back" in told[4]
    assert "579 parameters" in told[7]
    for name, array in network_of(easel).parameters.items():
        np.testing.assert_array_equal(network_of(again).parameters[name], array)
    for one in (easel, again):
        one.release()
    assert not Path(file).exists()


def test_a_file_that_is_no_such_network_gets_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "x.npz").write_bytes(b"PK nothing")
    easel = Easel()
    assert 'role="alert"' in tab.load(str(tmp_path / "x.npz"), easel, request())[4]
    digits = str(ROOT / "weights/mlp-16.npz")
    assert "does not turn a pixel" in tab.load(digits, easel, request())[4]
    assert easel.apprentice.network is None
    assert checkpoint.load(digits).name
    with pytest.raises(CheckpointError):
        load_network(digits)


def test_who_leaves_ends_the_learning(colour: str) -> None:
    easel = Easel()
    HANDLERS.begin(request(), colour, None, easel, *values_of(Choices(epochs=100, batch=1)))
    views = carry_out(easel, LIMITS)
    next(views)
    assert places.taken == 1, "it is a training like any other"
    easel.release()
    assert list(views) == []
    assert not easel.apprentice.errand.busy
    assert easel.apprentice.network is None
    assert places.taken == 0
    assert easel._folder is None, "nothing was written"


def test_who_has_to_wait_for_a_place_is_told(colour: str) -> None:
    easel, limits = Easel(), Limits(max_trainings=1)
    with places.one():
        told = Handlers(limits).begin(request(), colour, None, easel, *values_of(QUICK))[4]
    assert "1 of 1 places are taken" in told
    easel.release()


def test_a_view_has_an_update_for_each_panel() -> None:
    assert len(shown(PairView())) == len(Panels.__dataclass_fields__)
    assert len(shown(PairView(busy=True, file="x"))) == len(Panels.__dataclass_fields__)
    assert html.loss_chart(None)

"""The Colorize tab's handlers, without a page: photos, hints, sliders, files, and what visitors may send."""

from __future__ import annotations

import base64
import copy
import io
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import gradio as gr
import numpy as np
import pytest
from PIL import Image

from engine import colorize as engine
from engine.architectures import build
from engine.checkpoint import CheckpointError
from engine.colorize import Colours, Prepared
from engine.colour_hints import MAX_STROKES, Hints
from engine.network import Network
from engine.screen_colours import lightness_of
from tests.browser import ROOT
from tests.test_images import png_header
from ui import colorize as tab
from ui import colorize_easel, colorize_photo
from ui.colorize_api import colorize
from ui.colorize_easel import Easel
from ui.colorize_photo import KEY, SCREEN, Settings, from_page, opened, read_saved, save, saved_text
from ui.colorize_stage import EXAMPLES, NAMES, PHOTOS, thumbnails
from ui.hint_canvas import PALETTE, template

SLIDERS = (0.5, 1.0, 1.0)
RED = "#be3c32"


@pytest.fixture(autouse=True)
def untrained(monkeypatch: pytest.MonkeyPatch) -> Network:
    """Any network will do here: what it finds likely does not matter."""
    network = build("colorize", np.random.default_rng(0))
    network.parameters[list(network.parameters)[-2]][...] *= 4
    monkeypatch.setattr(engine, "load_pretrained", lambda name: network.freeze())
    return network


def request(session: str = "me") -> gr.Request:
    return cast(gr.Request, SimpleNamespace(session_hash=session))


def event(**data: Any) -> gr.EventData:
    return cast(gr.EventData, SimpleNamespace(_data=data))


def write(path: Path, size: tuple[int, int] = (90, 60), **options: Any) -> Path:
    """A photo of a sky over a ground."""
    rows = np.linspace(230, 60, size[1])[:, None].repeat(size[0], axis=1)
    Image.fromarray(np.dstack([rows, rows * 0.9, rows * 0.7]).astype(np.uint8)).save(path, **options)
    return path


@pytest.fixture
def easel(tmp_path: Path) -> Easel:
    """A visitor who has brought a photo of 90 × 60 pixels."""
    mine = Easel()
    tab.bring(str(write(tmp_path / "sky.png")), *SLIDERS, mine, request())
    assert mine.photo is not None
    return mine


def page(easel: Easel, *strokes: dict[str, Any], photo: int | None = None) -> str:
    """What the canvas sends."""
    assert easel.photo is not None
    number = easel.photo.number if photo is None else photo
    return json.dumps({"photo": number, "strokes": list(strokes)})


def dot(x: float, y: float, colour: str = RED, radius: float = 0.02) -> dict[str, Any]:
    return {"points": [[x, y]], "colour": colour, "radius": radius}


def pixels(uri: str) -> np.ndarray:
    data = base64.b64decode(uri.partition(",")[2])
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def skipped(update: Any) -> bool:
    return update == gr.skip()


# --- photos ----------------------------------------------------------------------------------------------


def test_a_photo_is_coloured_beside_its_gray_and_its_own_colours(tmp_path: Path) -> None:
    easel = Easel()
    path = write(tmp_path / "sky.png", (300, 200))
    _, ground, shown, told, refused, *sliders = tab.bring(str(path), *SLIDERS, easel, request())
    assert [name for name, _ in shown["before"]] == ["gray", "original"]
    gray, original, after = (pixels(uri) for uri in (*dict(shown["before"]).values(), shown["after"]))
    assert gray.shape == original.shape == after.shape == (200, 300, 3)
    assert np.ptp(gray, axis=2).max() <= 3
    assert np.ptp(original.astype(int), axis=2).mean() > 30
    assert np.abs(lightness_of(after) - lightness_of(gray)).mean() < 1
    assert ground["ground"]["width"] == 300
    assert ground["ground"]["strokes"] == []
    assert "300 × 200 pixels" in told
    assert refused == gr.update(value="", visible=False)
    assert all(map(skipped, sliders))


def test_a_gray_photo_has_nothing_else_to_be_compared_with(tmp_path: Path) -> None:
    Image.new("L", (40, 30), 90).save(tmp_path / "gray.png")
    shown = tab.bring(str(tmp_path / "gray.png"), *SLIDERS, Easel(), request())[2]
    assert [name for name, _ in shown["before"]] == ["gray"]


def test_the_tab_opens_with_an_example_and_keeps_what_is_there(easel: Easel) -> None:
    first = tab.begin(Easel(), request())
    assert first[0].photo.path == str(EXAMPLES[0])
    assert all(map(skipped, tab.begin(easel, request())[1:]))


def test_examples_are_six_photos_of_which_none_is_heavy() -> None:
    assert sorted(path.name for path in PHOTOS.glob("*.jpg")) == sorted(NAMES)
    assert len(EXAMPLES) == 6
    assert all(path.stat().st_size <= 100_000 for path in EXAMPLES)
    said = (PHOTOS / "README.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in said for name in NAMES)
    assert thumbnails().count("<button") == 6
    assert len(thumbnails()) < 60_000


def test_an_example_is_clicked() -> None:
    easel = Easel()
    tab.bring_example(event(example=1), *SLIDERS, easel, request())
    assert easel.photo is not None
    assert easel.photo.path == str(EXAMPLES[1])
    for bad in (7, -1, "1", None, [1]):
        assert all(map(skipped, tab.bring_example(event(example=bad), *SLIDERS, easel, request())[1:]))


def a_text(path: Path) -> None:
    path.write_text("Dear network,")


def a_bomb(path: Path) -> None:
    path.write_bytes(png_header(60_000, 60_000))


def four_hundred_megapixels(path: Path) -> None:
    path.write_bytes(png_header(20_000, 20_000))


def cut_short(path: Path) -> None:
    whole = write(path).read_bytes()
    path.write_bytes(whole[: len(whole) // 2])


def nothing(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (a_text, "no picture that can be opened"),
        (a_bomb, "too large; at most 64 megapixels"),
        (four_hundred_megapixels, "too large; at most 64 megapixels"),
        (cut_short, "damaged or cut short"),
        (nothing, "empty"),
    ],
)
def test_what_is_no_photo_gets_a_sentence_and_changes_nothing(
    make: Any, sentence: str, tmp_path: Path, easel: Easel
) -> None:
    make(tmp_path / "bad.png")
    before = easel.photo
    told = list(tab.bring(str(tmp_path / "bad.png"), *SLIDERS, easel, request()))
    refused = told.pop(4)
    assert sentence in refused["value"]
    assert 'role="alert"' in refused["value"]
    assert refused["visible"]
    assert all(map(skipped, told[1:]))
    assert easel.photo is before
    with pytest.raises(gr.Error, match=sentence):
        colorize(str(tmp_path / "bad.png"))


def test_a_network_that_is_not_shipped_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> Network:
        raise CheckpointError("there is no shipped network 'colorize'")

    monkeypatch.setattr(engine, "load_pretrained", missing)
    told = tab.bring(str(write(tmp_path / "a.png")), *SLIDERS, Easel(), request())
    assert "no shipped network" in told[4]["value"]


@pytest.mark.parametrize("size", [(1, 1), (1, 700), (900, 3), (2400, 90), (200, 1500)])
def test_any_shape_keeps_its_aspect(size: tuple[int, int], tmp_path: Path) -> None:
    path = write(tmp_path / "odd.png", size)
    photo, _ = opened(path)
    height, width = photo.prepared.size
    assert photo.size == size[::-1]
    assert max(height, width) <= SCREEN
    assert abs(width - max(1, size[0] * height / size[1])) <= max(1.0, width / height)
    with Image.open(save(photo, Settings(), tmp_path / "saved.png")) as saved:
        assert saved.size == size


def test_a_photo_that_lies_on_its_side_is_saved_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    photo, _ = opened(write(tmp_path / "side.jpg", (120, 80), exif=exif, quality=95))
    assert photo.size == (120, 80)
    assert photo.prepared.size == (120, 80)
    with Image.open(save(photo, Settings(), tmp_path / "saved.png")) as saved:
        assert saved.size == (80, 120)
        assert saved.getexif().get(0x0112, 1) == 1


# --- hints and sliders -----------------------------------------------------------------------------------


def test_a_hint_is_followed_where_it_is(easel: Easel) -> None:
    _, shown, told = tab.follow(page(easel, dot(0.5, 0.3)), *SLIDERS, easel)
    assert "1 hint" in told
    assert easel.photo is not None
    red, green, _ = pixels(shown["after"])[27, 45].astype(int)
    assert red > green + 40
    _, shown, told = tab.follow(page(easel), *SLIDERS, easel)
    assert "hint" not in told


def test_a_slider_only_paints_and_a_hint_does_not_read_the_photo(
    easel: Easel, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Hints | None] = []
    predict = engine.predict

    def counted(prepared: Prepared, hints: Hints | None = None, *, before: Colours | None = None) -> Colours:
        asked.append(hints)
        assert before is not None  # what the photo alone says is known
        return predict(prepared, hints, before=before)

    monkeypatch.setattr(engine, "predict", counted)
    monkeypatch.setattr(engine, "prepare", lambda *a: pytest.fail("the photo is prepared already"))
    value = page(easel, dot(0.2, 0.2))
    tab.follow(value, *SLIDERS, easel)
    assert len(asked) == 1
    _, vivid, _ = tab.follow(value, 1.0, 1.0, 1.0, easel)
    _, gray, _ = tab.follow(value, 1.0, 0.0, 1.0, easel)
    assert len(asked) == 1
    assert not np.array_equal(pixels(vivid["after"]), pixels(gray["after"]))
    assert np.ptp(pixels(gray["after"]), axis=2).max() <= 3


def test_what_the_page_shows_already_is_not_painted_again(easel: Easel) -> None:
    assert skipped(tab.follow(page(easel), *SLIDERS, easel)[1])
    tab.follow(page(easel, dot(0.5, 0.5)), *SLIDERS, easel)
    assert skipped(tab.follow(page(easel, dot(0.5, 0.5)), *SLIDERS, easel)[1])


def test_hints_of_another_photo_do_not_count(easel: Easel) -> None:
    tab.follow(page(easel, dot(0.5, 0.5), photo=10**9), *SLIDERS, easel)
    assert easel.photo is not None
    assert easel.photo.hints.strokes == ()


@pytest.mark.parametrize(
    "strokes",
    [
        "no list",
        [{"points": [], "colour": RED}],
        [{"points": [[0, 0]], "colour": "red"}],
        [{"points": [[0, "x"]], "colour": RED}],
        [{"points": [[1e300, 0]], "colour": RED}],
        [{"points": [[0, 0]], "colour": RED, "radius": -1}],
        [{"points": [[0, 0]], "colour": RED}] * (MAX_STROKES + 1),
        [None],
    ],
)
def test_hints_that_no_canvas_sends_get_a_sentence(easel: Easel, strokes: Any) -> None:
    assert easel.photo is not None
    value = json.dumps({"photo": easel.photo.number, "strokes": strokes})
    _, shown, told = tab.follow(value, *SLIDERS, easel)
    assert 'role="alert"' in told
    assert skipped(shown)
    assert easel.photo.hints.strokes == ()


def test_a_value_that_is_no_json_gets_a_sentence(easel: Easel) -> None:
    for value in ("{", "[" * 100_000, "x" * (colorize_photo.MOST_CHARACTERS + 1)):
        assert 'role="alert"' in tab.follow(value, *SLIDERS, easel)[2]
    assert easel.photo is not None
    assert from_page("", easel.photo) is None


def test_a_click_gets_five_colours_that_exist_there(easel: Easel) -> None:
    photo = easel.photo
    assert photo is not None
    answer = tab.ask(event(photo=photo.number, x=0.5, y=0.1, asked=3), easel)["likely"]
    assert answer["asked"] == 3
    assert len(answer["colours"]) == 5
    light = photo.prepared.lightness[9, 45]
    for colour, share in answer["colours"]:
        rgb = np.frombuffer(bytes.fromhex(colour[1:]), np.uint8)
        assert abs(lightness_of(rgb[None, None])[0, 0] - light) < 1.5
        assert share.endswith("%")


@pytest.mark.parametrize("data", [{}, {"x": "a"}, {"x": float("nan"), "y": 0}, {"x": 1}])
def test_a_click_that_no_canvas_sends_has_no_answer(easel: Easel, data: dict[str, Any]) -> None:
    assert easel.photo is not None
    assert skipped(tab.ask(event(photo=easel.photo.number, **data), easel))
    assert skipped(tab.ask(event(photo=-1, x=0.5, y=0.5), easel))
    assert skipped(tab.ask(cast(gr.EventData, SimpleNamespace(_data=None)), easel))


def test_hints_for_a_photo_that_is_gone_are_said() -> None:
    assert "kept for" in tab.follow('{"photo": 1, "strokes": []}', *SLIDERS, Easel())[2]
    assert skipped(tab.follow("", *SLIDERS, Easel())[2])


def test_hints_are_there_again_when_their_photo_comes_back(tmp_path: Path) -> None:
    easel = Easel()
    path = write(tmp_path / "sea.png", (90, 60))
    tab.bring(str(path), *SLIDERS, easel, request())
    tab.follow(page(easel, dot(0.5, 0.5)), *SLIDERS, easel)
    _, ground, *_ = tab.bring(str(PHOTOS / "cat.jpg"), *SLIDERS, easel, request())
    assert ground["ground"]["strokes"] == []
    copy = tmp_path / "the same photo.png"
    copy.write_bytes(path.read_bytes())
    _, ground, _, told, *_ = tab.bring(str(copy), *SLIDERS, easel, request())
    assert [stroke["points"] for stroke in ground["ground"]["strokes"]] == [[[0.5, 0.5]]]
    assert "1 hint" in told
    tab.follow(page(easel), *SLIDERS, easel)  # all are taken away: none come back
    tab.bring(str(PHOTOS / "cat.jpg"), *SLIDERS, easel, request())
    _, ground, *_ = tab.bring(str(path), *SLIDERS, easel, request())
    assert ground["ground"]["strokes"] == []
    easel.release()
    assert not easel.hints


def test_only_so_many_photos_hints_are_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(colorize_easel, "MOST_REMEMBERED", 2)
    easel = Easel()
    for i in range(4):
        tab.bring(str(write(tmp_path / f"{i}.png", (40 + i, 30))), *SLIDERS, easel, request())
        tab.follow(page(easel, dot(0.5, 0.5)), *SLIDERS, easel)
    assert len(easel.hints) == 2
    easel.release()


# --- files -----------------------------------------------------------------------------------------------


def test_a_download_has_the_full_size_the_lightness_and_the_hints(tmp_path: Path) -> None:
    easel = Easel()
    path = write(tmp_path / "large.png", (1300, 800))
    tab.bring(str(path), *SLIDERS, easel, request())
    tab.follow(page(easel, dot(0.5, 0.5), dot(0.1, 0.2, "#3160b4")), 0.25, 0.75, 1.5, easel)
    file, button, _ = tab.download(0.25, 0.75, 1.5, easel)
    assert Path(file).name == "large-coloured.png"
    assert button["interactive"]
    with Image.open(file) as image:
        assert image.size == (1300, 800)
        painted, saved = np.asarray(image), json.loads(image.info[KEY])
    assert np.abs(lightness_of(painted) - lightness_of(np.asarray(Image.open(path)))).max() <= 0.5
    assert saved["hints"][0]["points"] == [[650, 650]]
    assert (saved["vivid"], saved["strength"], saved["saturation"]) == (0.25, 0.75, 1.5)
    again = Easel()
    _, ground, _, told, _, *sliders = tab.bring(file, *SLIDERS, again, request())
    assert sliders == [0.25, 0.75, 1.5]
    assert [stroke["points"] for stroke in ground["ground"]["strokes"]] == [[[0.5, 0.5]], [[0.1, 0.2]]]
    assert [stroke["colour"] for stroke in ground["ground"]["strokes"]] == [RED, "#3160b4"]
    assert "2 hints" in told
    assert again.photo is not None
    assert again.photo.picture is None  # its colours are the app's, not an original's
    assert Path(tab.download(0.25, 0.75, 1.5, again)[0]).name == "large-coloured.png"
    easel.release()
    again.release()


def test_a_photo_that_is_gone_can_not_be_downloaded(tmp_path: Path, easel: Easel) -> None:
    (tmp_path / "sky.png").unlink()
    file, button, told = tab.download(*SLIDERS, easel)
    assert file["value"] is None
    assert button["interactive"]
    assert "Bring it again" in told
    assert "Bring it again" in tab.download(*SLIDERS, Easel())[2]


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "7", '{"hints": 3}', '{"hints": [{"points": 1}]}', "[" * 100_000, None, 7]
)
def test_a_text_that_makes_no_sense_is_no_hint(text: Any) -> None:
    assert read_saved(text, 1.0) == (Hints(), None) or read_saved(text, 1.0)[0].strokes == ()


def test_saved_numbers_are_brought_into_their_ranges() -> None:
    settings = read_saved('{"vivid": 9, "strength": -3, "saturation": "x"}', 1.0)[1]
    assert settings == Settings(1.0, 0.0, 1.0)
    assert Settings.of(float("nan"), None, float("inf")) == Settings()


def test_very_many_hints_still_fit_into_a_png(tmp_path: Path) -> None:
    stroke = {"points": [[i * 0.1, 5.5] for i in range(60_000)], "colour": RED, "radius": 3.0}
    text = saved_text([stroke, dot(3, 4)], Settings())
    assert len(text) <= colorize_photo.MOST_TEXT
    assert len(json.loads(text)["hints"]) == 2


def test_a_visitor_who_leaves_takes_everything_along(easel: Easel) -> None:
    file, *_ = tab.download(*SLIDERS, easel)
    assert Path(file).is_file()
    tab.leave(request())
    assert not Path(file).exists()
    assert easel.photo is None
    colorize_easel.sessions.leave(None)
    tab.let_go(easel)


def test_each_visitor_gets_an_easel_of_their_own(easel: Easel) -> None:
    other = copy.deepcopy(easel)
    assert other is not easel
    assert other.photo is None


# --- for programs ----------------------------------------------------------------------------------------


def test_programs_send_hints_as_data() -> None:
    hints = [{"points": [[120, 40]], "colour": RED}, {"points": [[9, 9], [60, 9]], "colour": "#3160b4"}]
    plain, told = (colorize(str(PHOTOS / "cat.jpg"), given) for given in (None, hints))
    assert plain.size == told.size == (451, 300)
    assert json.loads(told.info[KEY])["hints"][0]["colour"] == RED
    assert not np.array_equal(np.asarray(plain), np.asarray(told))


def test_programs_get_sentences() -> None:
    with pytest.raises(gr.Error, match="Send a photo"):
        colorize("")
    with pytest.raises(gr.Error, match="Hints are a list"):
        colorize(str(ROOT / "ui/examples/corner.jpg"), {"points": []})
    for wrong in ({"x": 1}, {"points": [["x", 1]], "colour": RED}, {"points": [[True, 1]], "colour": RED}):
        with pytest.raises(gr.Error, match="A stroke looks like"):
            colorize(str(ROOT / "ui/examples/corner.jpg"), [wrong])
    for wrong_colour in ("red", "#12345", "#1234567", "#12 45 7"):
        with pytest.raises(gr.Error, match="A colour is written #rrggbb, not '"):
            colorize(str(ROOT / "ui/examples/corner.jpg"), [{"points": [[1, 1]], "colour": wrong_colour}])


@pytest.mark.parametrize(
    ("name", "value", "most"),
    [
        ("strength", 3, 1),
        ("saturation", -0.5, 2),
        ("vivid", float("nan"), 1),
        ("strength", None, 1),
        ("strength", "0.5", 1),
        ("vivid", True, 1),
        ("saturation", [1], 2),
        ("saturation", 10**400, 2),
    ],
)
def test_programs_are_told_of_numbers_out_of_range(name: str, value: Any, most: int) -> None:
    with pytest.raises(gr.Error, match=f"{name} is a number from 0 to {most}, not"):
        colorize(str(PHOTOS / "cat.jpg"), **{name: value})


def test_the_canvas_has_a_name_for_everything() -> None:
    markup = template("Your photo", "Drop one here", "Click")
    assert markup.count("data-colour") == len(PALETTE)
    assert all(f'aria-label="{name}"' in markup for name in PALETTE)
    assert "`" not in markup
    assert "${" not in markup

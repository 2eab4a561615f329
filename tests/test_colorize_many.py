"""Many photos at once: none is lost, a bad one is named, and no ZIP does harm."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import gradio as gr
import numpy as np
import pytest
from PIL import Image

from engine import colorize as engine
from engine.architectures import build
from ui import colorize_bundle, colorize_many
from ui.colorize_bundle import Parcel, count, entries, is_zip, plain_name
from ui.colorize_easel import Easel
from ui.colorize_many import SKIPPED, ManyView, Part, Worker, carry_out, shown
from ui.limits import Limits

LIMITS = Limits()


@pytest.fixture(autouse=True)
def untrained(monkeypatch: pytest.MonkeyPatch) -> None:
    network = build("colorize", np.random.default_rng(0)).freeze()
    monkeypatch.setattr(engine, "load_pretrained", lambda name: network)


def request() -> gr.Request:
    return cast(gr.Request, SimpleNamespace(session_hash="me"))


def photo(kind: str = "PNG", size: tuple[int, int] = (40, 30)) -> bytes:
    buffer = io.BytesIO()
    Image.linear_gradient("L").resize(size).save(buffer, kind)
    return buffer.getvalue()


def archive(path: Path, *files: tuple[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in files:
            made.writestr(name, data)
    return path


def colour(*paths: Path, easel: Easel | None = None) -> tuple[list[ManyView], dict[str, bytes]]:
    """Press the button and wait: what was shown, and what is in the ZIP."""
    easel = easel or Easel()
    colorize_many.begin([str(path) for path in paths], 0.5, 1.0, 1.0, easel, request())
    views = list(carry_out(easel, LIMITS))
    assert not easel.many.busy
    if not views[-1].file:
        return views, {}
    with zipfile.ZipFile(views[-1].file) as back:
        files = {name: back.read(name) for name in back.namelist()}
    easel.release()
    return views, files


def test_a_folder_that_can_not_be_made_leaves_the_button_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Easel) -> Path:
        raise OSError("No space left on device")

    monkeypatch.setattr(Easel, "folder", full)
    easel = Easel()
    colorize_many.begin([str(tmp_path / "one.jpg")], 0.5, 1.0, 1.0, easel, request())
    with pytest.raises(OSError, match="No space left"):
        list(carry_out(easel, LIMITS))
    assert not easel.many.busy


def test_photos_and_zips_come_back_coloured_and_a_bad_one_is_named(tmp_path: Path) -> None:
    (tmp_path / "one.jpg").write_bytes(photo("JPEG"))
    (tmp_path / "letter.png").write_bytes(b"Dear network,")
    zipped = archive(tmp_path / "two.zip", ("holiday/sea.png", photo()), ("wood.webp", photo("WEBP")))
    views, files = colour(tmp_path / "one.jpg", tmp_path / "letter.png", zipped)
    assert sorted(files) == ["one.jpg", "sea.png", SKIPPED, "wood.png"]
    for name, data in files.items():
        if name != SKIPPED:
            with Image.open(io.BytesIO(data)) as image:
                assert image.size == (40, 30)
                assert image.format == ("JPEG" if name == "one.jpg" else "PNG")
    assert files[SKIPPED].startswith(b"letter.png: This file is no picture")
    assert "1 of 4: one.jpg" in views[0].told
    assert "3 photos coloured" in views[-1].told
    assert "<b>letter.png</b> This file is no picture" in views[-1].told
    assert [view.busy for view in views] == [True] * 4 + [False]


def test_equal_names_do_not_overwrite_each_other(tmp_path: Path) -> None:
    zipped = archive(
        tmp_path / "a.zip",
        ("1/x.png", photo()),
        ("2/x.png", photo()),
        ("X.PNG", photo()),
        ("x.gif", photo("GIF")),
    )
    assert sorted(colour(zipped)[1]) == ["X 3.png", "x 2.png", "x 4.png", "x.png"]


def test_names_that_climb_out_are_only_names(tmp_path: Path) -> None:
    zipped = archive(
        tmp_path / "bad.zip",
        ("../../escaped.png", photo()),
        ("/etc/absolute.png", photo()),
        ("C:\\Windows\\system.png", photo()),
        ("\x01<b>bold.png", photo()),
    )
    views, files = colour(zipped)
    assert sorted(files) == ["absolute.png", "bbold.png", "escaped.png", "system.png"]
    assert not list(tmp_path.parent.glob("escaped*"))
    assert "<b>bold" not in views[-2].told


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("a/b/c.jpg", "c.jpg"),
        ("..", "photo"),
        ("...", "photo"),
        ("", "photo"),
        ("a:b*.png", "ab.png"),
        ("x" * 500 + ".jpeg", "x" * 100 + ".jpeg"),
    ],
)
def test_plain_names(name: str, plain: str) -> None:
    assert plain_name(name) == plain


def test_a_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(colorize_bundle, "MOST_BYTES", 1 << 20)
    zipped = archive(tmp_path / "bomb.zip", ("zeros.png", bytes(50 << 20)), ("sea.png", photo()))
    found = []
    for entry in entries([str(zipped)], tmp_path):
        found.append((entry.name, entry.trouble))
        assert not (tmp_path / "unpacked").exists() or (tmp_path / "unpacked").stat().st_size <= 1 << 20
    assert found == [("zeros.png", "It is larger than 1 megabytes."), ("sea.png", "")]


def test_damaged_locked_and_nested_zips_are_named(tmp_path: Path) -> None:
    inner = archive(tmp_path / "inner.zip", ("a.png", photo()))
    outer = archive(tmp_path / "outer.zip", ("inner.zip", inner.read_bytes()), ("sea.png", photo()))
    (tmp_path / "broken.zip").write_bytes(b"PK\x03\x04 and nothing else")
    locked = bytearray(archive(tmp_path / "locked.zip", ("secret.png", photo())).read_bytes())
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        locked[locked.index(mark) + at] |= 1
    (tmp_path / "locked.zip").write_bytes(bytes(locked))
    _, files = colour(tmp_path / "broken.zip", tmp_path / "locked.zip", outer)
    assert sorted(files) == ["sea.png", SKIPPED]
    said = files[SKIPPED].decode()
    assert "broken.zip: This ZIP is damaged" in said
    assert "secret.png: It is locked with a password." in said
    assert "inner.zip: A ZIP in a ZIP is not opened." in said


def test_what_systems_add_to_a_zip_is_no_photo(tmp_path: Path) -> None:
    zipped = archive(
        tmp_path / "mac.zip",
        ("__MACOSX/._sea.png", b"x"),
        (".DS_Store", b"x"),
        ("sea.png", photo()),
        ("d/", b""),
    )
    assert count([str(zipped)]) == 1
    assert sorted(colour(zipped)[1]) == ["sea.png"]


def test_stop_keeps_what_is_done(tmp_path: Path) -> None:
    zipped = archive(tmp_path / "five.zip", *((f"{i}.png", photo()) for i in range(5)))
    easel = Easel()
    colorize_many.begin([str(zipped)], 0.5, 1.0, 1.0, easel, request())
    views = []
    for view in carry_out(easel, LIMITS):
        views.append(view)
        if len(views) == 2:
            told, *others = colorize_many.stop(easel)
            assert "Stopping after this photo" in told
            assert others == [gr.skip()] * 3
            assert colorize_many.brought(easel) == [gr.skip()] * 4, "other files change nothing meanwhile"
    assert "Stopped after 2 of 5" in views[-1].told
    with zipfile.ZipFile(views[-1].file) as back:
        assert sorted(back.namelist()) == ["0.png", "1.png"]
    assert colorize_many.stop(easel) == [gr.skip()] * 4
    told, start, _, file = colorize_many.brought(easel)
    assert told == ""
    assert start["visible"]
    assert not file["visible"], "it is the last files' ZIP"
    easel.release()


def test_stop_before_it_has_a_place(tmp_path: Path) -> None:
    easel = Easel()
    colorize_many.begin([str(tmp_path)], 0.5, 1.0, 1.0, easel, request())
    told, start, stop, _ = colorize_many.stop(easel)
    assert "Stopped before it began" in told
    assert start["visible"]
    assert not stop["visible"]
    assert list(carry_out(easel, LIMITS)) == []
    assert not easel.many.busy


def test_who_leaves_takes_the_work_along(tmp_path: Path) -> None:
    (tmp_path / "sea.png").write_bytes(photo())
    easel = Easel()
    colorize_many.begin([str(tmp_path / "sea.png")] * 3, 0.5, 1.0, 1.0, easel, request())
    views = carry_out(easel, LIMITS)
    next(views)
    folder = easel.folder()
    easel.release()
    list(views)
    assert not folder.exists()


def test_time_and_number_are_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sea.png").write_bytes(photo())
    monkeypatch.setattr(colorize_many, "MOST_PHOTOS", 2)
    views, files = colour(*[tmp_path / "sea.png"] * 4)
    assert len(files) == 2
    assert "At most 2 photos" in views[-1].told
    easel = Easel()
    colorize_many.begin([str(tmp_path / "sea.png")] * 4, 0.5, 1.0, 1.0, easel, request())
    *_, last = carry_out(easel, Limits(max_seconds=0))
    assert "After 0 s it ended, after 0 of 2." in last.told
    easel.release()


def test_nothing_brought_and_pressing_twice(tmp_path: Path) -> None:
    easel = Easel()
    assert "Bring some photos first" in colorize_many.begin(None, 0.5, 1.0, 1.0, easel, request())[1]
    assert list(Worker(LIMITS).work(easel)) == [(easel, *(gr.skip(),) * 4)]  # no view would empty all
    colorize_many.begin([str(tmp_path)], 0.5, 1.0, 1.0, easel, request())
    wanted = easel.many.wanted
    assert colorize_many.begin(["other"], 0.5, 1.0, 1.0, easel, request())[1:] == (gr.skip(),) * 4
    assert easel.many.wanted is wanted
    views, files = colour(tmp_path / "missing.png")
    assert files == {}
    assert "Nothing was coloured" in views[-1].told


def test_a_view_has_an_update_for_each_output() -> None:
    assert len(shown(ManyView("", True))) == len(Part.__dataclass_fields__) - 1
    assert is_zip("a.ZIP")


def test_a_parcel_can_be_read_back(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"1")
    parcel = Parcel(tmp_path / "p.zip")
    names: list[Any] = [parcel.add(tmp_path / "a", "a.png") for _ in range(3)]
    parcel.close()
    assert names == ["a.png", "a 2.png", "a 3.png"]
    assert zipfile.ZipFile(tmp_path / "p.zip").testzip() is None

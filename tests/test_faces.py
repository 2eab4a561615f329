"""The typefaces: what is shipped draws ten digits that differ, and validation never meets training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine import faces
from engine.faces import (
    LIBERATION,
    PILLOW,
    Faces,
    NoFaces,
    debian_faces,
    droid_sans_mono,
    everyday,
    faces_in,
    font,
    ordinary,
    shipped_faces,
)
from engine.glyphs import Pose, glyph, stamp, tight


@pytest.mark.parametrize("face", shipped_faces().files)
def test_shipped_faces_draw_ten_distinct_digits(face: str) -> None:
    thumbnails = faces.digit_thumbnails(face)
    assert thumbnails is not None
    for i in range(10):
        for j in range(i):
            assert np.abs(thumbnails[i] - thumbnails[j]).mean() > 0.05, (i, j)


def test_shipped_faces_are_three_and_lie_where_the_requirements_put_them() -> None:
    files = shipped_faces().files
    assert len(files) == 3
    assert PILLOW in files
    assert all(Path(name).is_file() for name in files if name != PILLOW)


def test_liberation_is_shipped_with_the_open_font_licence() -> None:
    licence = LIBERATION.with_name("LICENSE").read_text(encoding="utf-8")
    assert "SIL OPEN FONT LICENSE Version 1.1" in licence
    assert "Copyright (c) 2012 Red Hat, Inc. with Reserved Font Name Liberation." in licence
    assert font(str(LIBERATION), 12).getname() == ("Liberation Sans", "Regular")


def test_no_faces_is_said_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(NoFaces, match=r"no typefaces"):
        Faces(())
    with pytest.raises(NoFaces, match=r"no typefaces"):
        faces_in(tmp_path)


def test_faces_in_takes_a_folder_and_leaves_what_is_no_face(tmp_path: Path) -> None:
    (tmp_path / "a.ttf").write_bytes(LIBERATION.read_bytes())
    (tmp_path / "same.ttf").write_bytes(LIBERATION.read_bytes())
    (tmp_path / "broken.ttf").write_bytes(b"no font at all")
    (tmp_path / "notes.txt").write_text("nor this", encoding="utf-8")
    assert faces_in(tmp_path).files == (str(tmp_path / "a.ttf"),)


def test_training_and_validation_share_no_face_and_no_shape() -> None:
    try:
        train, validation = debian_faces("train"), debian_faces("validation")
    except NoFaces:
        pytest.skip("none of Debian's font packages is installed")
    assert not set(train.files) & set(validation.files)
    known, kept = (
        np.stack([thumbnails for name in side if (thumbnails := faces.digit_thumbnails(name)) is not None])
        for side in ((*train.files, *shipped_faces().files), validation.files)
    )
    nearest = [np.abs(known - one).mean(axis=(1, 2, 3)).min() for one in kept]
    assert min(nearest) > 0.06  # Noto Sans beside Open Sans would be 0.025


def test_a_family_gives_three_styles_at_most() -> None:
    paths = [
        Path(f"Some-{style}.ttf") for style in ("Thin", "Bold", "Light", "Regular", "BoldItalic", "Italic")
    ]
    assert [path.stem for path in faces._few_a_family(paths)] == ["Some-Regular", "Some-Bold", "Some-Italic"]


def test_the_commonest_families_give_more() -> None:
    folder = Path("/usr/share/fonts/truetype/roboto/hinted")
    names = [f"Roboto{kind}-{style}" for kind in ("", "Condensed") for style in ("Bold", "Regular", "Thin")]
    found = [path.stem for path in faces._few_a_family(folder / f"{name}.ttf" for name in names)]
    assert found[:3] == ["Roboto-Regular", "Roboto-Bold", "Roboto-Thin"]  # before the condensed ones
    assert sorted(found) == sorted(names)


def test_symbols_are_no_digits() -> None:
    boxes = np.ones((10, 24, 24), np.float32)
    assert not faces._distinct(boxes)


def test_faces_that_mislead_are_not_learnt_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("syracuse", "cmsy10", "b")
    for name, source in zip(names, (LIBERATION, LIBERATION, Path(droid_sans_mono())), strict=True):
        (tmp_path / f"{name}.ttf").write_bytes(source.read_bytes())
    monkeypatch.setattr(faces, "DEBIAN", (tmp_path,))
    assert debian_faces.__wrapped__("train").files == (str(tmp_path / "b.ttf"),)


@pytest.mark.parametrize("face", shipped_faces().files)
@pytest.mark.parametrize("height", [10, 31, 60])
def test_a_glyph_is_as_high_as_asked_and_stands_on_its_line(face: str, height: int) -> None:
    drawn = glyph(face, "0", height)
    assert height <= drawn.height * 1.08
    placed = tight(stamp(face, "1", Pose(height), x=50, baseline=70))
    assert abs(placed.mask.shape[0] - height) <= 0.12 * height + 2
    assert abs(placed.bottom - 70) <= 2
    assert abs((placed.left + placed.right) / 2 - 50) <= 2


def test_a_blank_character_is_refused_in_a_sentence() -> None:
    with pytest.raises(NoFaces, match=r"draws nothing for ' '\."):
        glyph(str(LIBERATION), " ", 20)


def test_a_pose_turns_leans_and_stretches() -> None:
    face = str(LIBERATION)
    upright = tight(stamp(face, "1", Pose(60), 50, 70))
    fallen = tight(stamp(face, "1", Pose(60, turn=90), 50, 70))
    assert abs(fallen.mask.shape[1] - upright.mask.shape[0]) <= 2
    wide = tight(stamp(face, "1", Pose(60, stretch=2.0), 50, 70))
    assert abs(wide.mask.shape[1] - 2 * upright.mask.shape[1]) <= 3
    leaning = tight(stamp(face, "1", Pose(60, slant=0.5), 50, 70)).mask > 127
    top, bottom = (
        np.flatnonzero(row).mean() for row in (leaning[5:15].any(axis=0), leaning[-15:-5].any(axis=0))
    )
    assert top - bottom > 10  # to the right at the top


def test_text_faces_are_told_from_display_faces() -> None:
    share = "/usr/share/fonts/"
    text = f"{share}truetype/dejavu/DejaVuSans.ttf"
    assert ordinary(Faces((text, f"{share}truetype/aenigma/acknowle.ttf", PILLOW))) == (text,)
    assert ordinary(Faces((PILLOW,))) == ()
    karla = f"{share}truetype/karla/Karla-Regular.ttf"
    assert everyday(Faces((text, karla, PILLOW))) == (text,)

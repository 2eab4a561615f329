"""Any picture a person may bring, and what is no picture."""

import errno
import io
import os
import struct
import zlib
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest
from PIL import Image

from engine.images import PictureError, open_picture

WIDTH, HEIGHT = 48, 36


@pytest.fixture
def scene() -> np.ndarray:
    """An upright picture without symmetries: red top left, blue bottom right, a gray ramp between."""
    picture = np.repeat(np.linspace(60, 200, WIDTH, dtype=np.uint8)[None, :, None], HEIGHT, axis=0)
    picture = np.repeat(picture, 3, axis=2)
    picture[:12, :16] = (220, 30, 20)
    picture[-10:, -8:] = (20, 40, 210)
    return picture


def close(one: np.ndarray, other: np.ndarray, within: float) -> bool:
    return one.shape == other.shape and float(np.abs(one.astype(float) - other).mean()) < within


# --- what can be opened -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [Path, str])
def test_a_file_is_opened(scene: np.ndarray, tmp_path: Path, kind: type) -> None:
    Image.fromarray(scene).save(tmp_path / "scene.png")
    np.testing.assert_array_equal(open_picture(kind(tmp_path / "scene.png")), scene)


@pytest.mark.parametrize("ending", ["jpg", "webp", "gif", "bmp", "tif", "ppm"])
def test_the_usual_formats(scene: np.ndarray, tmp_path: Path, ending: str) -> None:
    Image.fromarray(scene).save(tmp_path / f"scene.{ending}")
    assert close(open_picture(tmp_path / f"scene.{ending}"), scene, 6)


def test_the_name_does_not_matter(scene: np.ndarray, tmp_path: Path) -> None:
    Image.fromarray(scene).save(tmp_path / "scene.jpg", "PNG")
    np.testing.assert_array_equal(open_picture(tmp_path / "scene.jpg"), scene)


def test_arrays(scene: np.ndarray) -> None:
    np.testing.assert_array_equal(open_picture(scene), scene)
    np.testing.assert_array_equal(open_picture(scene[..., 0]), np.repeat(scene[..., :1], 3, axis=2))
    opaque = np.dstack([scene, np.full((HEIGHT, WIDTH), 255, np.uint8)])
    np.testing.assert_array_equal(open_picture(opaque), scene)
    np.testing.assert_array_equal(open_picture(scene[::-1, ::2]), scene[::-1, ::2])  # not contiguous


def test_the_result_is_new(scene: np.ndarray) -> None:
    opened = open_picture(scene)
    opened[:] = 0
    assert scene.any()


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "CMYK", "YCbCr", "HSV"])
def test_colour_modes(scene: np.ndarray, mode: str) -> None:
    assert close(open_picture(Image.fromarray(scene).convert(mode)), scene, 5)


@pytest.mark.parametrize(("mode", "within"), [("L", 1), ("LA", 1), ("I", 1), ("F", 1), ("P", 1)])
def test_gray_modes(scene: np.ndarray, mode: str, within: float) -> None:
    gray = Image.fromarray(scene).convert("L")
    expected = np.repeat(np.asarray(gray)[..., None], 3, axis=2)
    converted = gray.convert(mode)
    assert close(open_picture(converted), expected, within)


def test_single_bits(tmp_path: Path) -> None:
    bits = np.random.default_rng(0).random((HEIGHT, WIDTH)) < 0.5
    Image.fromarray(bits).save(tmp_path / "bits.png")
    opened = open_picture(tmp_path / "bits.png")
    np.testing.assert_array_equal(opened, np.where(bits, 255, 0)[..., None].repeat(3, axis=2))


def test_a_cmyk_jpeg(scene: np.ndarray, tmp_path: Path) -> None:
    Image.fromarray(scene).convert("CMYK").save(tmp_path / "print.jpg", quality=95)
    assert close(open_picture(tmp_path / "print.jpg"), scene, 6)


@pytest.mark.parametrize(
    ("depth", "ending"), [(16, "png"), (12, "png"), (10, "tif"), (8, "tif"), (16, "tif")]
)
def test_deep_gray(tmp_path: Path, depth: int, ending: str) -> None:
    ramp = np.linspace(0, 2**depth - 1, WIDTH).round().astype(np.uint16)
    Image.fromarray(np.repeat(ramp[None], HEIGHT, axis=0)).save(tmp_path / f"deep.{ending}")
    opened = open_picture(tmp_path / f"deep.{ending}")
    expected = np.linspace(0, 255, WIDTH)
    assert np.abs(opened[3, :, 1] - expected).max() <= 1


@pytest.mark.parametrize("full", [1.0, 255.0, 1e6])
def test_float_pictures(tmp_path: Path, full: float) -> None:
    ramp = np.repeat(np.linspace(0, full, WIDTH, dtype=np.float32)[None], HEIGHT, axis=0)
    ramp[0, 0] = np.nan
    ramp[1, 0] = -np.inf
    Image.fromarray(ramp).save(tmp_path / "float.tif")
    opened = open_picture(tmp_path / "float.tif")
    assert np.abs(opened[3, :, 0] - np.linspace(0, 255, WIDTH)).max() <= 1
    assert not opened[:2, 0].any()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_undone(scene: np.ndarray, tmp_path: Path, orientation: int) -> None:
    turned = {  # how a camera stores the scene under each orientation, by the EXIF standard
        1: scene,
        2: scene[:, ::-1],
        3: scene[::-1, ::-1],
        4: scene[::-1],
        5: scene.transpose(1, 0, 2),
        6: scene.transpose(1, 0, 2)[::-1],
        7: scene.transpose(1, 0, 2)[::-1, ::-1],
        8: scene.transpose(1, 0, 2)[:, ::-1],
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(np.ascontiguousarray(turned)).save(tmp_path / "turned.png", exif=exif)
    np.testing.assert_array_equal(open_picture(tmp_path / "turned.png"), scene)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_broken_exif_is_no_obstacle(scene: np.ndarray, tmp_path: Path) -> None:
    Image.fromarray(scene).save(tmp_path / "scene.png", exif=b"Exif\0\0MM\0*\0\0\xff\xff nonsense")
    np.testing.assert_array_equal(open_picture(tmp_path / "scene.png"), scene)


def test_transparency_lies_on_white(scene: np.ndarray) -> None:
    cover = np.zeros((HEIGHT, WIDTH), np.uint8)
    cover[:12, :16] = 255
    cover[20, 20] = 128
    opened = open_picture(np.dstack([scene, cover]))
    np.testing.assert_array_equal(opened[:12, :16], scene[:12, :16])
    assert (opened[-5:, -5:] == 255).all()
    assert scene[20, 20, 0] < opened[20, 20, 0] < 255


def test_white_ink_on_nothing_does_not_vanish() -> None:
    picture = np.zeros((40, 40, 4), np.uint8)
    picture[10:30, 18:22] = 255
    opened = open_picture(picture)
    assert (opened[12:28, 18:22] == 255).all()
    assert not opened[:5].any()


def test_a_palette_with_a_transparent_colour(tmp_path: Path) -> None:
    image = Image.new("P", (20, 10), 0)
    image.putpalette([200, 0, 0, 0, 0, 90])
    image.paste(1, (0, 0, 10, 10))
    image.save(tmp_path / "palette.png", transparency=0)
    opened = open_picture(tmp_path / "palette.png")
    assert tuple(opened[5, 2]) == (0, 0, 90)
    assert tuple(opened[5, 15]) == (255, 255, 255)


def test_of_an_animation_the_first_picture_is_taken(scene: np.ndarray, tmp_path: Path) -> None:
    frames = [Image.fromarray(scene), Image.new("RGB", (WIDTH, HEIGHT), "white")]
    frames[0].save(tmp_path / "moving.gif", save_all=True, append_images=frames[1:])
    assert close(open_picture(tmp_path / "moving.gif"), scene, 6)


@pytest.mark.parametrize("ending", ["gif", "tif", "webp"])
def test_an_animation_that_was_turned_on_is_left_there(ending: str, tmp_path: Path) -> None:
    black, white = Image.new("RGB", (9, 9)), Image.new("RGB", (9, 9), "white")
    black.save(tmp_path / f"moving.{ending}", save_all=True, append_images=[white, black, white])
    with Image.open(tmp_path / f"moving.{ending}") as image:
        image.seek(1)
        assert not open_picture(image).any()
        assert image.tell() == 1
        assert np.asarray(image.convert("L")).min() == 255


def test_an_animation_that_was_turned_on_and_closed(tmp_path: Path) -> None:
    black, white = Image.new("RGB", (9, 9)), Image.new("RGB", (9, 9), "white")
    black.save(tmp_path / "moving.gif", save_all=True, append_images=[white])
    with Image.open(tmp_path / "moving.gif") as image:
        image.seek(1)
    with pytest.raises(PictureError, match=r"\.$"):
        open_picture(image)


def test_a_pil_image_is_left_as_it_was(scene: np.ndarray) -> None:
    image = Image.fromarray(scene).convert("P")
    open_picture(image, longest=10)
    assert image.mode == "P"
    assert image.size == (WIDTH, HEIGHT)


# --- size -------------------------------------------------------------------------------------------------


def test_large_pictures_are_reduced_by_averaging(tmp_path: Path) -> None:
    stripes = np.zeros((3000, 4000, 3), np.uint8)
    stripes[:, ::2] = 255
    for ending in ("jpg", "png"):
        Image.fromarray(stripes).save(tmp_path / f"large.{ending}")
        opened = open_picture(tmp_path / f"large.{ending}", longest=640)
        assert opened.shape == (480, 640, 3)
        assert np.abs(opened.astype(int) - 127).max() < 20
    assert open_picture(stripes, longest=640).shape == (480, 640, 3)


def test_small_pictures_are_not_enlarged(scene: np.ndarray) -> None:
    np.testing.assert_array_equal(open_picture(scene, longest=640), scene)


@pytest.mark.parametrize("shape", [(20, 20_000), (20_000, 20), (1, 1), (1, 30_000)])
def test_strips_keep_a_pixel(shape: tuple[int, int]) -> None:
    opened = open_picture(np.full(shape, 90, np.uint8), longest=640)
    assert min(opened.shape) >= 1
    assert max(opened.shape) <= 640
    assert (opened == 90).all()


# --- what is refused, with a sentence ---------------------------------------------------------------------


def png_header(width: int, height: int) -> bytes:
    """A PNG file that promises so many pixels and holds none."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("side", [9_000, 12_000, 20_000, 100_000])
def test_bombs_are_refused_before_they_are_decoded(tmp_path: Path, side: int) -> None:
    (tmp_path / "bomb.png").write_bytes(png_header(side, side))
    with pytest.raises(PictureError, match="at most 64 megapixels"):
        open_picture(tmp_path / "bomb.png")


def test_a_pil_image_or_an_array_can_be_too_large_as_well() -> None:
    with pytest.raises(PictureError, match="81 megapixels; at most 64"):
        open_picture(Image.new("1", (9_000, 9_000)))
    with pytest.raises(PictureError, match="81 megapixels; at most 64"):
        open_picture(np.broadcast_to(np.uint8(0), (9_000, 9_000)))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "empty"),
        (b"Dear network, please read this.", "no picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><path d='M0 0'/></svg>", "no picture"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n", "no picture"),
        (b"\x00\x00\x00\x18ftypheic" + bytes(60), "a HEIC photo, .* save it as a JPEG"),
        (b"\x89PNG\r\n\x1a\n", "no picture|damaged"),
        (b"\xff\xd8\xff\xe0" + bytes(40), "no picture|damaged"),
        (bytes(5_000), "no picture"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, content: bytes, sentence: str) -> None:
    (tmp_path / "picture.png").write_bytes(content)
    with pytest.raises(PictureError, match=sentence):
        open_picture(tmp_path / "picture.png")


@pytest.mark.parametrize("ending", ["png", "jpg", "webp", "gif", "bmp", "tif"])
@pytest.mark.parametrize("part", [0.02, 0.3, 0.6, 0.9])
def test_files_that_are_cut_short(tmp_path: Path, ending: str, part: float) -> None:
    grain = np.random.default_rng(0).integers(0, 256, (60, 80, 3)).astype(np.uint8)
    Image.fromarray(grain).save(tmp_path / f"whole.{ending}")
    whole = (tmp_path / f"whole.{ending}").read_bytes()
    (tmp_path / f"cut.{ending}").write_bytes(whole[: int(part * len(whole))])
    with pytest.raises(PictureError, match=r"\.$"):
        open_picture(tmp_path / f"cut.{ending}")


@pytest.mark.filterwarnings("ignore")  # Pillow's, about what it makes of them
def test_damaged_files_raise_nothing_else(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    scene = Image.fromarray(rng.integers(0, 256, (20, 30, 3)).astype(np.uint8))
    for ending in ("png", "jpg", "webp", "gif", "tif", "bmp"):
        scene.save(tmp_path / f"scene.{ending}")
        whole = (tmp_path / f"scene.{ending}").read_bytes()
        for _ in range(40):
            damaged = bytearray(whole)
            for place in rng.integers(0, min(len(whole), 400), 6):
                damaged[place] = rng.integers(0, 256)
            (tmp_path / f"damaged.{ending}").write_bytes(damaged)
            try:
                opened = open_picture(tmp_path / f"damaged.{ending}", longest=640)
            except PictureError:
                continue
            assert opened.ndim == 3
            assert opened.dtype == np.uint8


def test_an_avif_whose_frame_is_damaged(tmp_path: Path) -> None:
    whole = io.BytesIO()
    grain = np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    Image.fromarray(grain).save(whole, "AVIF")
    damaged = bytearray(whole.getvalue())
    pixels = damaged.find(b"mdat") + 4
    damaged[pixels : pixels + 20] = b"\xff" * 20
    (tmp_path / "photo.avif").write_bytes(damaged)
    with pytest.raises(PictureError, match="damaged or cut short"):
        open_picture(tmp_path / "photo.avif")


@pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM])
def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def refuse(*_: object, **__: object) -> NoReturn:  # who runs the tests may be allowed to read all
        raise OSError(number, os.strerror(number))

    Image.new("L", (9, 9)).save(tmp_path / "mine.png")
    monkeypatch.setattr(Image, "open", refuse)
    with pytest.raises(PictureError, match=r"^This file may not be read: its permissions keep it closed\.$"):
        open_picture(tmp_path / "mine.png")


@pytest.mark.parametrize("path", ["a" * 300, "a/" * 3000])
def test_a_path_that_is_too_long(path: str) -> None:
    with pytest.raises(PictureError, match="path of this file is longer than a path can be"):
        open_picture(path)


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(PictureError, match=r"no file 'nothing\.png'") as refused:
        open_picture(tmp_path / "nothing.png")
    assert str(tmp_path) not in str(refused.value)
    with pytest.raises(PictureError, match="no file"):
        open_picture(tmp_path)


@pytest.mark.parametrize(
    ("array", "sentence"),
    [
        (np.zeros((8, 8)), "uint8 numbers, not float64"),
        (np.zeros((8, 8), bool), "not bool"),
        (np.zeros((8, 8), np.uint16), "not uint16"),
        (np.zeros((8, 8, 2), np.uint8), r"not \(8, 8, 2\)"),
        (np.zeros((2, 8, 8, 3), np.uint8), r"not \(2, 8, 8, 3\)"),
        (np.zeros(64, np.uint8), r"not \(64,\)"),
        (np.uint8(3) * np.ones((), np.uint8), r"\(\)|uint8"),
        (np.zeros((0, 8), np.uint8), "no pixels"),
        (np.zeros((8, 0, 3), np.uint8), "no pixels"),
    ],
)
def test_other_arrays_are_refused(array: np.ndarray, sentence: str) -> None:
    with pytest.raises(PictureError, match=sentence):
        open_picture(array)


@pytest.mark.parametrize("thing", [None, 7, b"bytes", [[0, 255]]])
def test_other_things_are_refused(thing: object) -> None:
    with pytest.raises(PictureError, match="A picture is"):
        open_picture(thing)  # type: ignore[arg-type]

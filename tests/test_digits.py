"""Reading one digit: what a prediction says, and that every kind of picture is read."""

from collections.abc import Sequence
from dataclasses import FrozenInstanceError
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from engine.checkpoint import CheckpointError, pretrained_names
from engine.digits import Prediction, recognize, recognize_ink
from engine.images import Picture, PictureError, Preprocessing
from engine.layers import Dense, Flatten
from engine.network import Network
from tests.drawings import drawn, on_paper

BEST = pretrained_names()[0]  # `digits` where it is shipped
WHITE, BLACK = (255, 255, 255), (0, 0, 0)


def sure_of(probabilities: Sequence[float], size: int = 28, pad: int = 0) -> Network:
    """A network that says the same to every picture."""
    side = size + 2 * pad
    rng = np.random.default_rng(0)
    dense = Dense(side * side, 10, rng=rng)
    network = Network([Flatten(), dense], (side, side, 1), preprocessing=Preprocessing(size, pad))
    dense.parameters["weight"][:] = 0
    dense.parameters["bias"][:] = np.log(np.maximum(probabilities, 1e-9))
    return network


def say(*probabilities: float) -> str:
    """The sentence for probabilities of 0, 1, 2, ...; the rest is shared out."""
    rest = (1 - sum(probabilities)) / (10 - len(probabilities))
    shares = [*probabilities, *[rest] * (10 - len(probabilities))]
    return Prediction(
        int(np.argmax(shares)), np.array(shares, np.float32), np.ones((28, 28), np.uint8)
    ).sentence


# --- what a prediction says -------------------------------------------------------------------------------


def test_a_prediction_holds_what_the_page_shows() -> None:
    told = [0.01, 0.02, 0.03, 0.04, 0.5, 0.05, 0.06, 0.07, 0.08, 0.14]
    prediction = recognize_ink(drawn(4), sure_of(told))
    assert prediction.digit == 4
    assert prediction.runner_up == 9
    assert prediction.confidence == pytest.approx(0.5, abs=1e-5)
    assert prediction.unsure
    assert prediction.sentence == "4 or 9?"
    assert prediction.probabilities.shape == (10,)
    assert prediction.probabilities.dtype == np.float32
    np.testing.assert_allclose(prediction.probabilities, told, atol=1e-5)
    assert prediction.network_input.shape == (28, 28)
    assert prediction.network_input.dtype == np.uint8
    assert prediction.preparing_seconds > 0
    assert prediction.network_seconds > 0


def test_sentences() -> None:
    assert say(0.02, 0.9) == "1"
    assert say(0.3, 0.55) == "1 or 0?"
    assert say(0.05, 0.05, 0.5) == "2?"  # unsure, and no rival is near


def test_a_prediction_is_frozen() -> None:
    prediction = recognize_ink(drawn(4), sure_of([0.1] * 10))
    with pytest.raises(FrozenInstanceError):
        prediction.digit = 5  # type: ignore[misc]
    with pytest.raises(ValueError, match="read-only"):
        prediction.network_input[0, 0] = 1


@pytest.mark.parametrize("model", [BEST, "digits-8x8"])
def test_a_blank_picture_is_no_digit(model: str) -> None:
    for prediction in (
        recognize(np.full((90, 60, 3), 240, np.uint8), model),
        recognize_ink(np.zeros((280, 280), np.uint8), model),
    ):
        assert prediction.digit is None
        assert not prediction.probabilities.any()
        assert not prediction.network_input.any()
        assert prediction.sentence == "draw a digit"
        assert not prediction.unsure
        assert prediction.confidence == 0
        assert prediction.runner_up is None


@pytest.mark.parametrize(("size", "pad"), [(8, 0), (28, 0), (28, 2)])
def test_each_network_gets_its_own_size(size: int, pad: int) -> None:
    prediction = recognize_ink(drawn(7), sure_of([0.1] * 10, size, pad))
    assert prediction.network_input.shape == (size, size)
    assert prediction.network_input.max() == 255


def test_an_unknown_network_is_refused() -> None:
    with pytest.raises(CheckpointError, match="resnet"):
        recognize_ink(drawn(7), "resnet")


def test_what_is_no_picture_is_refused(tmp_path: Path) -> None:
    (tmp_path / "letter.png").write_text("Dear network,")
    with pytest.raises(PictureError):
        recognize(tmp_path / "letter.png", BEST)
    with pytest.raises(PictureError):
        recognize(np.zeros((0, 28), np.uint8), BEST)


# --- the shipped network reads ----------------------------------------------------------------------------


@pytest.mark.parametrize("digit", range(10))
def test_the_pages_drawings_are_read(digit: int) -> None:
    for height, pen, centre in (
        (150, 12, (140, 140)),
        (60, 6, (60, 200)),
        (200, 30, (140, 140)),
        (150, 2, (130, 150)),
    ):
        assert recognize_ink(drawn(digit, height, pen, centre=centre), BEST).digit == digit, (height, pen)


@pytest.mark.parametrize("digit", range(10))
def test_every_kind_of_picture_is_read(digit: int, tmp_path: Path) -> None:
    ink = drawn(digit, height=120, pen=11)
    dark_on_light = on_paper(ink, (235, 230, 200), (30, 40, 120))
    transparent = np.dstack([np.zeros((280, 280, 3), np.uint8), ink])
    Image.fromarray(dark_on_light).save(tmp_path / "photo.jpg", quality=70)
    Image.fromarray((ink.astype(np.uint16) << 8) + 255).save(tmp_path / "deep.png")
    Image.fromarray(cv2.resize(dark_on_light, (2400, 2400))).save(tmp_path / "large.jpg")
    pictures: dict[str, Picture] = {
        "array": dark_on_light,
        "inverted": 255 - dark_on_light,
        "gray": ink,
        "alpha": transparent,
        "white on nothing": np.dstack([np.full((280, 280, 3), 255, np.uint8), ink]),
        "JPEG": tmp_path / "photo.jpg",
        "16 bits": tmp_path / "deep.png",
        "large": str(tmp_path / "large.jpg"),
        "CMYK": Image.fromarray(dark_on_light).convert("CMYK"),
        "one bit": Image.fromarray(ink > 127),
        "palette": Image.fromarray(dark_on_light).quantize(6),
    }
    read = {name: recognize(picture, BEST).digit for name, picture in pictures.items()}
    assert read == dict.fromkeys(pictures, digit)


def test_a_turned_photo_is_read_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held upright
    sideways = Image.fromarray(on_paper(drawn(4), WHITE, BLACK)).transpose(Image.Transpose.ROTATE_90)
    sideways.save(tmp_path / "phone.jpg", exif=exif)
    assert recognize(tmp_path / "phone.jpg", BEST).digit == 4


@pytest.mark.parametrize("shape", [(1, 1), (20, 20_000), (20_000, 20), (5, 5, 4), (1, 700, 3)])
@pytest.mark.parametrize("value", [0, 128, 255])
def test_absurd_pictures_are_read_as_blank(shape: tuple[int, ...], value: int) -> None:
    assert recognize(np.full(shape, value, np.uint8), BEST).digit is None


@pytest.mark.parametrize("name", ["captcha", "numbers", "colorize"])
def test_a_network_for_something_else_gets_a_sentence(name: str) -> None:
    with pytest.raises(ValueError, match=f"the network '{name}' does not read single digits"):
        recognize(np.full((40, 40), 255, np.uint8), name)

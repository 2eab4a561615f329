"""The API: what a program gets that sends a plain picture file."""

from pathlib import Path
from typing import Any

import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from tests.browser import ROOT
from ui.draw import recognize_digit

LINED = ROOT / "ui/examples/lined-paper.jpg"


@pytest.fixture(scope="module")
def client(app_url: str, tmp_path_factory: pytest.TempPathFactory) -> Client:
    return Client(app_url, verbose=False, download_files=str(tmp_path_factory.mktemp("client")))


def test_a_picture_file_is_read(client: Client) -> None:
    found: dict[str, Any] = client.predict(handle_file(LINED), api_name="/recognize_digit")
    assert found["digit"] == 5
    assert found["answer"] == "5"
    assert found["network"] == "digits"
    assert len(found["probabilities"]) == 10
    assert sum(found["probabilities"]) == pytest.approx(1, abs=1e-4)
    assert max(found["probabilities"]) == found["probabilities"][5]


def test_another_network_can_be_named(client: Client) -> None:
    found = client.predict(handle_file(LINED), "lenet-5", api_name="/recognize_digit")
    assert found["network"] == "lenet-5"


def test_an_unknown_network_gets_a_sentence(client: Client) -> None:
    with pytest.raises(AppError, match=r"no network 'resnet'; choose from digits"):
        client.predict(handle_file(LINED), "resnet", api_name="/recognize_digit")


def test_a_file_that_is_no_picture_gets_a_sentence(client: Client, tmp_path: Path) -> None:
    bad = tmp_path / "letter.txt"
    bad.write_text("Dear network,")
    with pytest.raises(AppError) as refused:
        client.predict(handle_file(bad), api_name="/recognize_digit")
    assert "Traceback" not in str(refused.value)
    assert "picture" in str(refused.value)


def test_an_empty_picture_has_no_digit(client: Client, tmp_path: Path) -> None:
    Image.new("RGB", (40, 30), "white").save(tmp_path / "white.png")
    found = client.predict(handle_file(tmp_path / "white.png"), api_name="/recognize_digit")
    assert found["digit"] is None
    assert found["answer"] == "no ink found"


def test_only_what_is_meant_for_programs_is_public(client: Client) -> None:
    described = client.view_api(return_format="dict", print_info=False)
    assert isinstance(described, dict)
    endpoints = described["named_endpoints"]
    assert set(endpoints) == {
        "/recognize_digit",
        "/read_number",
        "/read_captcha",
        "/generate_captcha",
        "/colorize",
    }
    names = [parameter["parameter_name"] for parameter in endpoints["/recognize_digit"]["parameters"]]
    assert names == ["picture", "network"]
    names = [parameter["parameter_name"] for parameter in endpoints["/generate_captcha"]["parameters"]]
    assert names == ["length", "difficulty", "style", "seed"]


def test_the_function_is_plain_python() -> None:
    assert recognize_digit(str(LINED))["digit"] == 5

"""The API: what a program gets that sends a plain picture file."""

from pathlib import Path
from typing import Any

import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from tests.browser import ROOT, running_app
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
    assert found["unsure"] is False
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


def test_the_api_page_says_what_each_value_may_be(client: Client) -> None:
    described = client.view_api(return_format="dict", print_info=False)
    assert isinstance(described, dict)
    for endpoint in described["named_endpoints"].values():
        for value in [*endpoint["parameters"], *endpoint["returns"]]:
            words = value["python_type"]["description"]
            assert words
            assert "FileData" not in words
            assert "any valid json" not in words
    picture, style, hints = (
        next(one for one in described["named_endpoints"][name]["parameters"] if one["label"] == label)
        for name, label in (
            ("/read_number", "picture"),
            ("/generate_captcha", "style"),
            ("/colorize", "hints"),
        )
    )
    assert (ROOT / picture["example_input"]["path"]).is_file()
    assert "'tutorial'" in style["python_type"]["type"]
    assert '"points": [[120, 40]]' in hints["python_type"]["description"]


@pytest.mark.parametrize(
    ("name", "values", "sentence"),
    [
        ("/generate_captcha", (4, 2, "noise", "7"), "seed is a whole number from 0 to 999,999,999, not '7'."),
        ("/generate_captcha", (4, 2, "noise", 10**400), "seed is a whole number"),
        ("/generate_captcha", ("4", 2, "noise", 7), "length is a whole number from 1 to 10, not '4'."),
        ("/generate_captcha", (4, 2.5, "noise", 7), "difficulty is a whole number from 1 to 5, not 2.5."),
        ("/generate_captcha", (4, 2, "x" * 9999, 7), "There is no style 'xxxx"),
        ("/recognize_digit", (handle_file(LINED), "x" * 9999), "There is no network 'xxxx"),
        ("/colorize", (handle_file(LINED), [], None, 1, 1), "strength is a number from 0 to 1, not None."),
    ],
)
def test_what_is_of_no_use_gets_a_short_sentence(
    client: Client, name: str, values: tuple[Any, ...], sentence: str
) -> None:
    with pytest.raises(AppError) as refused:
        client.predict(*values, api_name=name)
    assert sentence in str(refused.value)
    assert len(str(refused.value)) < 300


def test_a_file_leaves_nothing_beside_it(client: Client, app_folder: Path) -> None:
    client.predict(handle_file(LINED), api_name="/read_number")
    uploads = [path for path in (app_folder / "gradio").rglob("*") if path.is_file()]
    assert uploads
    assert all(path.stat().st_size for path in uploads)


def test_a_host_that_stops_the_app_finds_no_files_of_visitors(tmp_path: Path) -> None:
    (tmp_path / "temporary").mkdir()
    with running_app(tmp_path, {"TMPDIR": str(tmp_path / "temporary"), "GRADIO_TEMP_DIR": ""}) as url:
        client = Client(url, verbose=False, download_files=str(tmp_path / "client"))
        client.predict(handle_file(LINED), api_name="/recognize_digit")
        client.close()
        (root,) = (tmp_path / "temporary").glob("paint-by-numpy-*")
        assert list(root.rglob("lined-paper.jpg"))
    assert not list((tmp_path / "temporary").glob("paint-by-numpy-*"))


def test_the_function_is_plain_python() -> None:
    assert recognize_digit(str(LINED))["digit"] == 5

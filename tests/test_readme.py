"""What the README says can be copied and run, from the top of the repository."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.browser import ROOT

SAMPLES = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)


def run(word: str, before: str = "", after: str = "") -> dict[str, Any]:
    """What is there after the sample with this word has run, with one of its values replaced."""
    (code,) = (sample for sample in SAMPLES if word in sample)
    assert before in code
    ran: dict[str, Any] = {}
    exec(code.replace(before, after) if before else code, ran)
    return ran


@pytest.fixture(autouse=True)
def _at_the_top(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def test_pictures_are_read_and_coloured() -> None:
    ran = run("captcha.generate")
    assert ran["answer"].digit == 5
    assert ran["reading"].text == ran["text"]


def test_an_own_network_is_trained_and_saved(tmp_path: Path) -> None:
    ran = run("EpochDone", "mine.npz", (tmp_path / "mine.npz").as_posix())
    assert ran["event"].reason == "done"
    found = ran["accuracy"](ran["load"](tmp_path / "mine.npz"), ran["digits"].test)
    assert found > 0.94
    assert np.isclose(found, ran["accuracy"](ran["network"], ran["digits"].test))


def test_programs_call_a_running_app(app_url: str) -> None:
    for word in ('"/recognize_digit"\n)', '"/generate_captcha"'):
        ran = run(word, "http://127.0.0.1:7860/", app_url)
    assert Path(ran["coloured"]).suffix == ".png"

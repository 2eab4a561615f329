"""Hard examples: what is read surely is seldom learnt, what is doubted always."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from engine import hard_examples
from engine.captcha_corpus import CHUNK, draw_chunk
from engine.checkpoint import WEIGHTS, CheckpointError
from engine.faces import shipped_faces
from engine.hard_examples import SELDOM, Doubted
from engine.line import HEIGHT

READER = str(WEIGHTS / "captcha.npz")
LINE, DIGITS = np.zeros((HEIGHT, 130), np.uint8), np.array([1, 2, 3, 4])


@pytest.mark.parametrize(
    ("text", "probability", "kept"),
    [
        ("1234", 0.99, SELDOM),
        ("1234", 0.5, 1.0),  # right, but in doubt
        ("1734", 0.99, 1.0),  # wrong, however sure
        ("12", 0.99, 1.0),
        ("98", 0.99, SELDOM),  # so wrong that nobody could read it
    ],
)
def test_what_is_kept(monkeypatch: pytest.MonkeyPatch, text: str, probability: float, kept: float) -> None:
    monkeypatch.setattr(hard_examples, "decode", lambda _: (text, probability))
    keep, rng = Doubted(READER), np.random.default_rng(0)
    found = np.mean([keep(LINE, DIGITS, rng) for _ in range(300)])
    assert found == pytest.approx(kept, abs=0.06)


def test_other_networks_are_refused() -> None:
    with pytest.raises(CheckpointError, match="no reader of captchas"):
        Doubted(str(WEIGHTS / "digits.npz"))
    with pytest.raises(CheckpointError, match="no such file"):
        Doubted("nowhere.npz")


def test_a_number_read_where_there_is_none_is_hard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hard_examples, "decode", lambda _: ("9", 0.83))
    keep = Doubted(READER)
    assert all(keep(LINE, DIGITS[:0], np.random.default_rng(i)) for i in range(50))


def test_a_chunk_of_hard_ones() -> None:
    """Full all the same, repeatable, and harder than what is drawn."""
    keep = pickle.loads(pickle.dumps(Doubted(READER)))
    kind = {"plain": 1.0, "overlap": 1.0}
    chunk, again = (draw_chunk(2, 0, kind, shipped_faces(), keep) for _ in range(2))
    assert len(chunk.lines) == CHUNK == len(chunk.labels)
    assert all(np.array_equal(one, other) for one, other in zip(chunk.lines, again.lines, strict=True))
    np.testing.assert_array_equal(chunk.labels, again.labels)
    drawn = draw_chunk(2, 0, kind, shipped_faces())

    def hard(volume: object) -> float:
        rng = np.random.default_rng(1)
        lines = zip(volume.lines, volume.labels, strict=True)  # type: ignore[attr-defined]
        return float(np.mean([keep(line, digits[digits >= 0], rng) for line, digits in lines]))

    assert hard(chunk) > hard(drawn) + 0.2

"""What the reader learns from: the same for the same seed, wherever a training goes on."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine import captcha_corpus, empty_pictures
from engine.captcha import read
from engine.captcha_corpus import (
    CHUNK,
    LONGEST,
    SHARES,
    CaptchaCorpus,
    Volume,
    draw_chunk,
    fitted,
    random_digits,
    shaken,
)
from engine.captcha_families import FAMILIES
from engine.empty_pictures import draw_nothing, part_of_a_photo
from engine.faces import shipped_faces
from engine.line import HEIGHT
from engine.losses import ctc

ROOT = Path(__file__).resolve().parent.parent
QUICK = {"plain": 1.0, "tutorial": 1.0}


def corpus(processes: int = 0, seed: int = 1) -> CaptchaCorpus:
    return CaptchaCorpus(seed, 32, QUICK, shipped_faces(), volume=CHUNK, passes=2, processes=processes)


@pytest.fixture
def drawn_ahead() -> Iterator[CaptchaCorpus]:
    source = corpus(processes=1)
    yield source
    source.close()


def test_a_batch_is_lines_of_one_width_and_their_digits() -> None:
    images, labels = corpus().batch(0)
    assert images.dtype == np.uint8
    assert images.shape[:2] == (32, HEIGHT)
    assert images.shape[2] % 16 == 8
    assert labels.shape == (32, LONGEST)
    lengths = (labels >= 0).sum(axis=1)
    assert all((row[:length] >= 0).all() for row, length in zip(labels, lengths, strict=True))


def test_a_batch_depends_on_its_step_alone() -> None:
    straight = corpus()
    for step in range(11):
        expected = straight.batch(step)
    for there, expect in zip(corpus().batch(10), expected, strict=True):
        np.testing.assert_array_equal(there, expect)
    assert not np.array_equal(corpus(seed=2).batch(10)[1], expected[1])


def test_other_processes_draw_the_same(drawn_ahead: CaptchaCorpus) -> None:
    alone = corpus()
    for step in (0, 3, 9):  # 9 lies in the second volume
        for here, there in zip(alone.batch(step), drawn_ahead.batch(step), strict=True):
            np.testing.assert_array_equal(here, there)


def test_a_pass_shows_each_picture_once() -> None:
    source = corpus()
    first = np.concatenate([source.batch(step)[1] for step in range(4)])
    second = np.concatenate([source.batch(step)[1] for step in range(4, 8)])
    np.testing.assert_array_equal(np.sort(first, axis=0), np.sort(second, axis=0))


def test_mixed_volumes_take_turns() -> None:
    def source(mixed: int) -> CaptchaCorpus:
        return CaptchaCorpus(1, 32, QUICK, shipped_faces(), volume=CHUNK, passes=2, processes=0, mixed=mixed)

    plain, mixed = source(1), source(2)
    for step, same in ((0, 0), (1, 8), (2, 1), (3, 9), (15, 15), (16, 16), (17, 24)):
        np.testing.assert_array_equal(mixed.batch(step)[0], plain.batch(same)[0])


def test_texts_have_all_lengths_and_all_digits() -> None:
    rng = np.random.default_rng(0)
    texts = [random_digits(rng) for _ in range(2000)]
    assert {len(text) for text in texts} == set(range(1, 11))
    counts = np.bincount(np.concatenate(texts))
    assert counts.min() > 0.08 * counts.sum()
    doubled = np.mean([(text[1:] == text[:-1]).any() for text in texts if len(text) == 4])
    assert doubled > 0.3  # equal neighbours are the hard part of CTC; chance alone gives 0.27


def test_some_pictures_say_nothing() -> None:
    volumes = [draw_chunk(5, number, QUICK, shipped_faces()) for number in range(4)]
    empty = np.mean([(volume.labels < 0).all(axis=1).mean() for volume in volumes])
    assert 0.02 < empty < 0.1


def test_pictures_of_nothing_repeat_and_are_pictures() -> None:
    drawn = [draw_nothing(np.random.default_rng(seed)) for seed in range(30)]
    for seed, picture in enumerate(drawn):
        assert picture.dtype == np.uint8
        assert picture.ndim == 3
        assert 24 <= picture.shape[0] <= 160
        np.testing.assert_array_equal(picture, draw_nothing(np.random.default_rng(seed)))
    assert np.mean([picture.std() > 8 for picture in drawn]) > 0.7


def test_photos_to_learn_from_are_among_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there are some; else the two that come with a library."""
    folder = tmp_path / "colour" / "train"
    folder.mkdir(parents=True)
    for i in range(3):
        Image.fromarray(np.full((60, 80, 3), (250, 0, 0), np.uint8)).save(folder / f"{i}.png")
    empty_pictures._many_photos.cache_clear()
    monkeypatch.setenv("PAINT_BY_NUMPY_DATA", str(tmp_path))
    red = part_of_a_photo(np.random.default_rng(0), 50, 30)
    assert red.shape == (30, 50, 3)
    np.testing.assert_array_equal(red.reshape(-1, 3).mean(axis=0), (250, 0, 0))
    for i in (1, 2):
        (folder / f"{i}.png").unlink()
    empty_pictures._many_photos.cache_clear()
    assert part_of_a_photo(np.random.default_rng(0), 50, 30).std() > 5  # the only one is kept to tune on
    monkeypatch.setenv("PAINT_BY_NUMPY_DATA", str(tmp_path / "none"))
    empty_pictures._many_photos.cache_clear()
    assert part_of_a_photo(np.random.default_rng(0), 50, 30).std() > 5
    empty_pictures._many_photos.cache_clear()


def test_every_text_fits_into_the_columns_of_its_picture() -> None:
    volume = draw_chunk(3, 0, SHARES, shipped_faces())
    for line, text in zip(volume.lines, volume.labels, strict=True):
        columns = (line.shape[1] - 8) // 4
        ctc(np.zeros((1, columns, 11), np.float32), text[None])


def test_a_batch_is_wide_enough_for_its_longest_text(monkeypatch: pytest.MonkeyPatch) -> None:
    narrow = Volume([np.zeros((HEIGHT, 72), np.uint8)] * CHUNK, np.full((CHUNK, LONGEST), 7))
    monkeypatch.setattr(captcha_corpus, "draw_chunk", lambda *_: narrow)
    images, labels = corpus().batch(0)
    ctc(np.zeros((32, images.shape[2] // 4 - 2, 11), np.float32), labels)


def test_those_who_draw_end_with_the_training(tmp_path: Path) -> None:
    """Also when it is killed: else each interrupted training would leave a process behind."""
    script = tmp_path / "training.py"
    script.write_text(
        "import os, signal\n"
        "from engine.captcha_corpus import CaptchaCorpus\n"
        "from engine.faces import shipped_faces\n"
        "if __name__ == '__main__':\n"
        "    source = CaptchaCorpus(1, 32, {'plain': 1.0}, shipped_faces(), volume=128)\n"
        "    source.batch(0)\n"
        "    print(*source._pool._processes, flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    ended = subprocess.run(
        [sys.executable, script], env=environment, capture_output=True, text=True, timeout=120
    )
    drawing = int(ended.stdout)
    for _ in range(100):
        try:
            os.kill(drawing, 0)
        except ProcessLookupError:
            return
        time.sleep(0.1)
    pytest.fail("the process that draws is still there")


def test_the_shares_name_families() -> None:
    assert set(SHARES) == set(FAMILIES)


@pytest.mark.parametrize(("family", "least"), [("varied", 130), ("struck", 134), ("tiles", 75)])
def test_what_is_learnt_from_can_be_read(family: str, least: int) -> None:
    """Pictures that nobody can read teach to guess."""
    rng, right = np.random.default_rng(5), 0
    for _ in range(150):
        text = "".join(map(str, rng.integers(0, 10, 5)))
        right += read(FAMILIES[family](text, rng, shipped_faces())).text == text
    assert right >= least


def test_shaking_moves_a_line_a_little() -> None:
    line = np.zeros((HEIGHT, 120), np.uint8)
    line[10:30, 50:70] = 255
    rng = np.random.default_rng(4)
    changed = [shaken(line, 136, rng) for _ in range(20)]
    plain = fitted(line, 136, rng)
    assert all(one.shape == plain.shape for one in changed)
    places = [np.argwhere(one > 100).mean(axis=0) for one in changed]
    assert 0.3 < np.std(places, axis=0).max() < 4
    assert all((one > 100).sum() > 0.5 * (plain > 100).sum() for one in changed)


def test_a_volume_of_a_strange_size_is_refused() -> None:
    with pytest.raises(ValueError, match="multiple of"):
        CaptchaCorpus(0, 64, QUICK, shipped_faces(), volume=200)

"""A person's own digits: adding, correcting, keeping aside, files that come back and that do not fit."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

from engine.own_digits import EVERY, MOST, OwnDigits, OwnDigitsError, load, save
from tests.crafted_files import npy, pack
from tests.drawings import drawn


@pytest.fixture
def some() -> OwnDigits:
    digits = OwnDigits()
    for digit in (4, 4, 7):
        digits = digits.add(drawn(digit), digit)
    return digits


def test_drawings_are_kept_as_a_network_sees_them(some: OwnDigits) -> None:
    assert [digit.label for digit in some] == [4, 4, 7]
    assert some.counts() == (0, 0, 0, 0, 2, 0, 0, 1, 0, 0)
    assert all(digit.picture.shape == (28, 28) and digit.picture.any() for digit in some)


def test_a_label_is_corrected_and_a_drawing_removed_without_touching_the_others(some: OwnDigits) -> None:
    second = some.digits[1].number
    corrected = some.relabel(second, 9)
    assert [digit.label for digit in corrected] == [4, 9, 7]
    assert [digit.label for digit in some] == [4, 4, 7], "the set before is as it was"
    assert [digit.label for digit in corrected.remove(second)] == [4, 7]
    assert corrected.remove(99).digits == corrected.digits
    again = corrected.remove(second).add(drawn(1), 1)
    assert len({digit.number for digit in again} | {second}) == 4, "no number is given twice"


@pytest.mark.parametrize("label", [-1, 10, 3.5])
def test_what_is_no_digit_is_refused(some: OwnDigits, label: int) -> None:
    with pytest.raises(OwnDigitsError, match="0 to 9"):
        some.relabel(0, label)
    with pytest.raises(OwnDigitsError, match="0 to 9"):
        some.add(drawn(1), label)


def test_blank_paper_and_too_many_are_refused(some: OwnDigits) -> None:
    with pytest.raises(OwnDigitsError, match="no drawing"):
        some.add(np.zeros((140, 140), np.uint8), 3)
    picture = some.digits[0].picture
    with pytest.raises(OwnDigitsError, match=f"at most {MOST}"):
        some.with_pictures([(picture, 4)] * (MOST - 2))


def test_every_third_of_each_kind_is_kept_aside(some: OwnDigits) -> None:
    picture = some.digits[0].picture
    digits = OwnDigits().with_pictures([(picture, i % 2) for i in range(4 * EVERY)])
    learnt, kept = digits.split()
    assert np.bincount(kept.labels).tolist() == [2, 2]
    assert np.bincount(learnt.labels).tolist() == [4, 4]
    longer = digits.with_pictures([(picture, 0)])
    np.testing.assert_array_equal(longer.split()[1].labels, kept.labels)  # what was aside stays aside
    empty_learnt, empty_kept = OwnDigits().split()
    assert len(empty_learnt) == len(empty_kept) == 0


def test_a_file_brings_the_set_back(some: OwnDigits, tmp_path: Path) -> None:
    save(some, tmp_path / "mine.npz")
    back = load(tmp_path / "mine.npz")
    np.testing.assert_array_equal(back.dataset().images, some.dataset().images)
    np.testing.assert_array_equal(back.dataset().labels, some.dataset().labels)
    save(back, tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == (tmp_path / "mine.npz").read_bytes()


IMAGES = np.full((2, 28, 28), 9, np.uint8)
LABELS = np.array([1, 2], np.uint8)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"labels": None}, "the arrays images and labels; this file has images"),
        ({"names": LABELS}, "this file has images, labels, names"),
        ({"images": IMAGES[0]}, r"N pictures of 28×28 bytes \(uint8\), not \(28, 28\) uint8"),
        ({"images": IMAGES[:, :20]}, r"not \(2, 20, 28\) uint8"),
        ({"images": IMAGES.astype(np.float32)}, "not .* float32"),
        ({"labels": LABELS.astype(np.int64)}, "2 labels .* int64"),
        ({"labels": LABELS[:1]}, r"2 labels .* \(1,\)"),
        ({"labels": np.array([1, 10], np.uint8)}, "0 to 9, not 10"),
        ({"images": IMAGES * np.array([1, 0], np.uint8)[:, None, None]}, "blank"),
        ({"images": IMAGES[:0], "labels": LABELS[:0]}, "no digit in this file"),
        ({"images": np.ones((MOST + 1, 28, 28), np.uint8), "labels": np.ones(MOST + 1, np.uint8)}, "at most"),
        ({"images": np.ones((9000, 28, 28), np.uint8)}, "more than 1 MiB"),
    ],
)
def test_files_that_do_not_fit_get_a_sentence(
    tmp_path: Path, changes: dict[str, np.ndarray | None], said: str
) -> None:
    arrays = {"images": IMAGES, "labels": LABELS} | changes
    pack(tmp_path / "mine.npz", {name: array for name, array in arrays.items() if array is not None})
    with pytest.raises(OwnDigitsError, match=said):
        load(tmp_path / "mine.npz")


@pytest.mark.parametrize("content", [b"", b"hello" * 99, b"PK\x05\x06" + bytes(18)])
def test_other_files_get_a_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "mine.npz").write_bytes(content)
    with pytest.raises(OwnDigitsError, match=r"mine\.npz: |images and labels"):
        load(tmp_path / "mine.npz")


def test_nothing_is_unpickled(tmp_path: Path) -> None:
    pack(
        tmp_path / "mine.npz",
        {
            "labels": LABELS,
            "images.npy": npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", b"x"),
        },
    )
    with pytest.raises(OwnDigitsError, match="pickled"):
        load(tmp_path / "mine.npz")


def test_a_cut_file_gets_a_sentence(some: OwnDigits, tmp_path: Path) -> None:
    save(some, tmp_path / "mine.npz")
    whole = (tmp_path / "mine.npz").read_bytes()
    for length in range(0, len(whole), 97):
        (tmp_path / "cut.zip").write_bytes(whole[:length])
        with pytest.raises(OwnDigitsError, match=r"cut\.zip: "):
            load(tmp_path / "cut.zip")
    assert zipfile.is_zipfile(tmp_path / "mine.npz")

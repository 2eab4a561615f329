"""Files that are damaged, or made to deceive, are refused with one sentence, at once and in little memory."""

from __future__ import annotations

import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.checkpoint import CheckpointError, load, save
from tests.crafted_files import ARRAYS, described, example, header, npy, pack, refused


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "network.npz"


def test_the_tools_of_these_tests_make_good_files(path: Path) -> None:
    bias = ARRAYS["0.bias"]
    rest = {name: array for name, array in ARRAYS.items() if name != "0.bias"}
    for how in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        pack(path, {**rest, "0.bias.npy": npy(header(), bias.tobytes())}, how)
        np.testing.assert_array_equal(load(path).parameters["0.bias"], bias)
    pack(path, ARRAYS | {"description": described(lambda d: None)})
    load(path)


def test_no_file(tmp_path: Path) -> None:
    assert refused(tmp_path / "none.npz") == "none.npz: there is no such file"
    refused(tmp_path, "not a readable .npz file")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK",
        b"PK\x05\x06" + bytes(18),
        b"hello" * 99,
        b"\x89PNG\r\n\x1a\n" + bytes(500),
        b"PK\x05\x06" * 50,
    ],
)
def test_other_files(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    refused(path)


def test_truncated_anywhere(path: Path) -> None:
    save(example(), path)
    whole = path.read_bytes()
    for length in {*range(0, len(whole), 37), *range(len(whole) - 60, len(whole))}:
        path.write_bytes(whole[:length])
        refused(path, "not a readable .npz file, or not all of it")


def test_flipped_bits(path: Path) -> None:
    """A flip is found, or it hit what nobody reads; it never does anything else."""
    network = example()
    save(network, path)
    whole = bytearray(path.read_bytes())
    places = np.random.default_rng(0).choice(8 * len(whole), 600, replace=False)
    found = 0
    for place in (*places, *range(8 * len(whole) - 8 * 600, 8 * len(whole), 11)):
        changed = bytearray(whole)
        changed[place // 8] ^= 1 << place % 8
        path.write_bytes(changed)
        try:
            same = load(path)
        except CheckpointError:
            found += 1
        else:
            for name, array in network.state().items():
                np.testing.assert_array_equal(same.state()[name], array)
    assert found > 500


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"0.bias": None}, r"missing arrays \['0.bias'\], unexpected arrays \[\]"),
        ({"9.bias": np.zeros(2, np.float32)}, r"missing arrays \[\], unexpected arrays \['9.bias'\]"),
        ({"0.bias": np.zeros(3, np.float32)}, r"0\.bias should have shape \(2,\), found \(3,\)"),
        ({"0.bias": np.zeros((2, 1), np.float32)}, r"0\.bias should have shape \(2,\), found \(2, 1\)"),
        ({"0.bias": np.zeros((0, 10**9), np.float32)}, r"should have shape \(2,\)"),
        ({"0.bias": np.zeros(2, np.float64)}, r"0\.bias should be float32 or float16, found float64"),
        ({"0.bias": np.zeros(2, ">f4")}, "should be float32 or float16"),
        ({"0.bias": np.zeros(2, np.int32)}, "should be float32 or float16, found int32"),
        ({"0.bias": np.zeros(2, np.complex64)}, "should be float32 or float16"),
        ({"0.bias": np.zeros(2, "U3")}, "should be float32 or float16"),
        ({"0.bias": np.zeros(2, [("x", "<f4")])}, "not a plain array of numbers"),
        ({"0.bias": np.array([1, np.nan], np.float32)}, r"0\.bias holds numbers that are not finite"),
        ({"0.bias": np.array([1, -np.inf], np.float16)}, r"0\.bias holds numbers that are not finite"),
        ({"1.inner.1.variance": np.array([1, -1], np.float32)}, "a variance below zero"),
        ({"description": None}, "no description"),
        ({"description": np.array(["{}"])}, "no description"),
        ({"description": np.array(b"{}")}, "no description"),
        ({"description": np.zeros((), np.float32)}, "no description"),
    ],
)
def test_arrays_that_do_not_fit(path: Path, changes: dict[str, np.ndarray | None], text: str) -> None:
    arrays = {name: array for name, array in (ARRAYS | changes).items() if array is not None}
    pack(path, arrays)
    refused(path, text)


ZEROS = bytes(8)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "0.bias.npy is not a plain array"),
        (b"\x93NUMPY", "not a plain array"),
        (b"\x93NUMPY\x01\x00\xff\xff" + ZEROS, "not a plain array"),
        (npy(header(), ZEROS, b"\x03\x00"), "not a plain array"),
        (npy(header(), ZEROS, b"\x09\x09"), "not a plain array"),
        (npy(header(shape="(1000000, 1000000)"), ZEROS), "promises 1000000000000 numbers"),
        (npy(header(shape=f"({'9' * 12}, {'9' * 12}, {'9' * 12})"), ZEROS), "promises"),
        (npy(header(shape=f"({'9' * 400},)"), ZEROS), "not a plain array"),
        (npy(header(shape="(3,)"), ZEROS), "promises 3 numbers and does not hold as many"),
        (npy(header(shape="(1,)"), ZEROS), "promises 1 numbers"),
        (npy(header(shape="(-2,)"), ZEROS), "not a plain array"),
        (npy(header(shape="(2.0,)"), ZEROS), "not a plain array"),
        (npy(header(shape="(True, True)"), ZEROS), "not a plain array"),
        (npy(header(descr="'<f4', 'descr': '|O'"), ZEROS), "not a plain array"),
        (npy(header(descr="'|O'"), pickle.dumps([1, 2])), "pickled objects"),
        (npy(header(descr="'O'"), ZEROS), "pickled objects"),
        (npy(header(descr="'|V0'", shape="(999999999999,)")), "promises"),
        (npy(header(descr="'<U0'", shape="(999999999999,)")), "promises"),
        (npy(header(descr="'<f3'"), ZEROS), "not a plain array"),
        (npy(header(descr="'<a8'"), ZEROS), "not a plain array"),
        (npy(header(descr="'<M8'", shape="(1,)"), ZEROS), "should have shape|float32"),
        (npy(header(descr="[('x', '|O')]"), ZEROS), "not a plain array"),
        (npy("{" * 3000), "not a plain array"),
        (npy("(" * 9000), "not a plain array"),
        (npy("-" * 9000 + "1"), "not a plain array"),
        (npy("__import__('os').abort()"), "not a plain array"),
        (npy(b"\xff\xfe" * 50), "not a plain array"),
        (pickle.dumps({"weight": 1}), "not a plain array"),
    ],
    ids=[str(i) for i in range(28)],
)
def test_headers_that_deceive(path: Path, content: bytes, text: str) -> None:
    rest = {name: array for name, array in ARRAYS.items() if name != "0.bias"}
    pack(path, {**rest, "0.bias.npy": content})
    refused(path, text)


def test_a_pickle_is_never_opened(path: Path, tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[Any, ...]:
            return Path.touch, (tmp_path / "sprung",)

    np.savez(path, **ARRAYS | {"0.bias": np.array([Trap(), None], object)})  # type: ignore[arg-type]
    refused(path, "pickled objects")
    path.write_bytes(pickle.dumps(Trap()))
    refused(path, "not a readable .npz file")
    assert not (tmp_path / "sprung").exists()


def test_bombs(path: Path) -> None:
    pack(path, {**ARRAYS, "big.npy": bytes(65 << 20)})
    assert path.stat().st_size < 1 << 20
    refused(path, "unpacks to more than 64 MiB")
    pack(path, {**ARRAYS, **{f"{i}.npy": bytes(1 << 20) for i in range(64)}})
    refused(path, "unpacks to more than 64 MiB")
    pack(path, {**ARRAYS, "big.npy": bytes(60 << 20)})
    refused(path, "big.npy is not a plain array")


def lie_about_size(path: Path, entry: bytes, size: int) -> None:
    """Let both headers of an entry say that it unpacks to `size` bytes."""
    content = bytearray(path.read_bytes())
    for signature, name_at, size_at in ((b"PK\x03\x04", 30, 22), (b"PK\x01\x02", 46, 24)):
        place = -1
        while (place := content.find(signature, place + 1)) >= 0:
            if content[place + name_at :].startswith(entry):
                content[place + size_at : place + size_at + 4] = size.to_bytes(4, "little")
    path.write_bytes(content)


@pytest.mark.parametrize("how", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
def test_a_bomb_that_lies_about_its_size(path: Path, how: int) -> None:
    pack(path, {**ARRAYS, "big.npy": npy(header(), bytes(150 << 20))}, how)
    lie_about_size(path, b"big.npy", 136)
    refused(path)


def test_other_ways_of_packing_are_not_unpacked(path: Path) -> None:
    pack(path, ARRAYS, zipfile.ZIP_BZIP2)
    refused(path, "packed in a way that is not taken here")


def test_many_entries(path: Path) -> None:
    pack(path, {**ARRAYS, **{f"{i}.npy": b"" for i in range(600)}})
    refused(path, "expected at most 512 arrays, found 610")
    pack(path, {f"{i}.npy": b"" for i in range(5000)}, zipfile.ZIP_STORED)
    refused(path, "not a readable .npz file")


def test_names_of_entries(path: Path) -> None:
    for name in ("0.bias", "notes.txt", "../../outside", "a/b/", "\u2603.txt"):
        pack(path, {**ARRAYS, name: b"hello"})
        refused(path, "expected arrays with names of their own")
    pack(path, {**ARRAYS, "../outside.npy": np.zeros(1)})
    refused(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("0.bias.npy", npy(header(), ZEROS))
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("0.bias.npy", npy(header(), ZEROS))
    refused(path, "expected arrays with names of their own")


def test_an_encrypted_entry(path: Path) -> None:
    save(example(), path)
    content = bytearray(path.read_bytes())
    for signature, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.find(signature) + at] |= 1
    path.write_bytes(content)
    refused(path, "not a readable .npz file")


def test_a_very_large_file(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(3 << 30)  # takes no place on the disk
    refused(path, "larger than 64 MiB")

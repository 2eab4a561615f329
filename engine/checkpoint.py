"""A network in one `.npz` file: its arrays, and one string array with its description as JSON.

The description is what `engine.description` writes. A file comes from anywhere, so nothing in it is trusted:
no pickles, layers only from the table of kinds, sizes bounded before anything is read or allocated, and then
exactly the expected names, shapes and dtypes. float16 on disk is widened.
"""

from __future__ import annotations

import io
import os
import re
import struct
import zipfile
import zlib
from functools import cache
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from engine import description
from engine.network import Network

DESCRIPTION = "description"
OTHER_JOBS = {"captcha", "colorize", "numbers"}  # shipped networks that do not read single digits
WEIGHTS = Path(__file__).resolve().parent.parent / "weights"

MAX_BYTES = 64 << 20  # of all arrays together
MAX_DESCRIPTION = 1 << 20  # bytes
MAX_ARRAYS = 512
MAX_INDEX = 1 << 17  # bytes of the list of entries
MAX_SENTENCE = 400  # characters

# The header of a .npy file of version 1.0, as NumPy writes it for plain arrays. Its own reader would evaluate
# Python's syntax.
_HEADER = re.compile(
    rb"\{'descr': '([<>|]?[biufcmMOSUV]\d{0,8})', 'fortran_order': (True|False), "
    rb"'shape': \(((?:\d{1,12}(?:, \d{1,12}){0,7},?)?)\), \} *\n"
)
_MAGIC = b"\x93NUMPY\x01\x00"

# What zipfile raises for files that are damaged or made to deceive.
_DAMAGE = (
    OSError,
    EOFError,
    ValueError,
    LookupError,
    ArithmeticError,
    RuntimeError,
    struct.error,
    zlib.error,
    zipfile.BadZipFile,
)


class CheckpointError(ValueError):
    """A file that holds no usable network; the text says what was expected and what was found."""


class _Refused(ValueError):
    """Of the reading: its sentence stands as it is."""


def save(network: Network, path: str | os.PathLike[str], dtype: npt.DTypeLike = np.float32) -> None:
    """Write `network` to `path`; float16 halves the file. What is there stays whole until the new file is.

    ValueError, before anything is written, where a number does not fit into it and for a network that `load`
    would refuse.
    """
    arrays = _numbers(network, _weight_type(dtype))
    text = np.array(description.write(network))
    _fill(description.read(_text(text)), arrays)  # as `load` will
    arrays = {DESCRIPTION: text} | arrays
    if len(arrays) > MAX_ARRAYS:
        raise ValueError(f"it has {len(arrays)} arrays, and {MAX_ARRAYS} are read again")
    if sum(array.nbytes for array in arrays.values()) > MAX_BYTES - (MAX_ARRAYS << 8):  # headers count too
        raise ValueError(f"its arrays take more than the {MAX_BYTES >> 20} MiB that are read again")
    part = Path(f"{os.fspath(path)}.part")
    try:
        _write(arrays, part)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def _weight_type(dtype: npt.DTypeLike) -> np.dtype:
    """The dtype, or what is called so, in which weights are written. ValueError for others."""
    try:
        found = np.dtype(dtype)
    except (TypeError, ValueError):
        found = None
    if found not in (np.float16, np.float32):
        asked = dtype.__name__ if isinstance(dtype, type) else repr(dtype)
        raise ValueError(f"weights are written as float16 or float32, not as {asked}")
    return found


def _numbers(network: Network, dtype: np.dtype) -> dict[str, np.ndarray]:
    """The network's arrays as they are written. ValueError where a number does not fit."""
    arrays = {}
    for name, array in network.state().items():
        with np.errstate(over="ignore"):
            arrays[name] = np.asarray(array).astype(dtype)
        if not np.isfinite(arrays[name]).all():
            raise ValueError(f"{name} holds numbers that {dtype.name} can't hold")
    return arrays


def _write(arrays: dict[str, np.ndarray], path: Path) -> None:
    # A zip entry carries no time stamp here, so equal networks give equal files.
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in arrays.items():
            entry = zipfile.ZipInfo(f"{name}.npy")
            entry.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(entry, "w") as file:
                np.lib.format.write_array(file, np.asarray(array, order="C"), (1, 0), allow_pickle=False)


def load(path: str | os.PathLike[str]) -> Network:
    """The network in the file at `path`. CheckpointError where it is not exactly one."""
    name = Path(path).name
    try:
        arrays = read_arrays(path)
        network = description.read(_text(arrays.pop(DESCRIPTION, None)))
        _fill(network, arrays)
    except ValueError as error:
        sentence = f"{name}: {error}"
        if len(sentence) > MAX_SENTENCE:
            sentence = f"{sentence[: MAX_SENTENCE - 1]}…"
        raise CheckpointError(sentence) from error
    return network


@cache
def load_pretrained(name: str) -> Network:
    """The shipped network `name`, loaded once and read-only. CheckpointError for an unknown name."""
    others = sorted(other for other in OTHER_JOBS if (WEIGHTS / f"{other}.npz").is_file())
    shipped = [*pretrained_names(), *others]
    if name not in shipped:
        raise CheckpointError(f"there is no shipped network {name!r}; there are {', '.join(shipped)}")
    return load(WEIGHTS / f"{name}.npz").freeze()


def pretrained_names() -> list[str]:
    """The names of the shipped digit networks, ours first."""
    names = sorted({path.stem for path in WEIGHTS.glob("*.npz")} - OTHER_JOBS)
    return sorted(names, key=lambda name: (name != "digits", name))


def read_arrays(source: str | os.PathLike[str] | bytes, most_bytes: int = MAX_BYTES) -> dict[str, np.ndarray]:
    """The arrays of any .npz file, or of the bytes of one, by name; at most so many bytes in all.
    ValueError with a sentence where it can't be read.
    """
    try:
        with io.BytesIO(source) if isinstance(source, bytes) else open(source, "rb") as file:
            _check_index(file, most_bytes)
            with zipfile.ZipFile(file) as archive:
                return _arrays(archive, most_bytes)
    except _Refused:
        raise
    except FileNotFoundError as error:
        raise ValueError("there is no such file") from error
    except _DAMAGE as error:
        raise ValueError("this is not a readable .npz file, or not all of it") from error


def _check_index(file: BinaryIO, most_bytes: int) -> None:
    """The end of a file tells how long its list of entries is; zipfile would read one of any length."""
    length = file.seek(0, os.SEEK_END)
    if length > most_bytes:
        raise _Refused(f"the file is larger than {most_bytes >> 20} MiB")
    file.seek(max(0, length - 42))
    tail = file.read()
    plain = tail[-22:-18] == b"PK\x05\x06" and tail[-2:] == b"\0\0" and not tail.startswith(b"PK\x06\x07")
    if not plain or int.from_bytes(tail[-10:-6], "little") > MAX_INDEX:
        raise zipfile.BadZipFile


def _arrays(archive: zipfile.ZipFile, most_bytes: int) -> dict[str, np.ndarray]:
    entries = archive.infolist()
    if len(entries) > MAX_ARRAYS:
        raise _Refused(f"expected at most {MAX_ARRAYS} arrays, found {len(entries)}")
    if sum(entry.file_size for entry in entries) > most_bytes:
        raise _Refused(f"it unpacks to more than {most_bytes >> 20} MiB")
    arrays: dict[str, np.ndarray] = {}
    for entry in entries:
        name = entry.filename.removesuffix(".npy")
        if name in arrays or name == entry.filename:
            raise _Refused(f"expected arrays with names of their own, found {entry.filename!r}")
        # Other ways of packing unpack without a bound.
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise _Refused(f"{entry.filename} is packed in a way that is not taken here")
        with archive.open(entry) as file:
            content = file.read(entry.file_size)  # without a number it would unpack without a bound
        arrays[name] = _array(content, entry.filename)
    return arrays


def _array(content: bytes, name: str) -> np.ndarray:
    """One .npy file, which holds exactly the numbers that its header promises."""
    start = len(_MAGIC) + 2
    end = start + int.from_bytes(content[start - 2 : start], "little")
    header = _HEADER.fullmatch(content[start:end])
    if not content.startswith(_MAGIC) or header is None:
        raise _Refused(f"{name} is not a plain array of numbers")
    if header[1].lstrip(b"<>|=").startswith(b"O"):
        raise _Refused(f"{name} holds pickled objects, expected numbers")
    try:
        dtype = np.dtype(header[1].decode())
    except TypeError as error:
        raise _Refused(f"{name} is not a plain array of numbers") from error
    shape = tuple(int(side) for side in header[3].split(b",") if side)
    count = int(np.prod(shape, dtype=object))
    if dtype.itemsize == 0 or count * dtype.itemsize != len(content) - end:
        raise _Refused(f"{name} promises {count} numbers and does not hold as many")
    array = np.frombuffer(content, dtype, count, end)
    return array.reshape(shape, order="F" if header[2] == b"True" else "C")


def _text(array: np.ndarray | None) -> str:
    if array is None or array.dtype.kind != "U" or array.shape != ():
        raise ValueError(f"there is no description of a network, expected a text array {DESCRIPTION!r}")
    if array.nbytes > MAX_DESCRIPTION:
        raise ValueError(f"the description is longer than {MAX_DESCRIPTION >> 20} MiB")
    return str(array)


def _fill(network: Network, arrays: dict[str, np.ndarray]) -> None:
    state = network.state()
    missing, extra = sorted(state.keys() - arrays.keys()), sorted(arrays.keys() - state.keys())
    if missing or extra:
        raise ValueError(f"missing arrays {missing}, unexpected arrays {extra}")
    for key, array in state.items():
        found = arrays[key]
        if found.shape != array.shape:
            raise ValueError(f"{key} should have shape {array.shape}, found {found.shape}")
        if found.dtype not in (np.float32, np.float16):
            raise ValueError(f"{key} should be float32 or float16, found {found.dtype}")
        if not np.isfinite(found).all():
            raise ValueError(f"{key} holds numbers that are not finite")
        if key.endswith(".variance") and (found < 0).any():
            raise ValueError(f"{key} holds a variance below zero")
        array[...] = found

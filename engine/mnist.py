"""MNIST's four files: where they lie on this machine, whether they are whole, and where to get them.

They are read from the folder that the environment variable PAINT_BY_NUMPY_DATA names, else from the user's
cache folder, which pooch fills once from public mirrors. Every file is checked by the hash of its
*decompressed* content, so that a re-compressed copy is as good as the original.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import struct
import threading
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from pathlib import Path

import numpy as np
import pooch

Progress = Callable[[float, str], None]  # a fraction from 0 to 1, and what is being done
Arrays = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]

MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
DOWNLOAD_TIMEOUT = 20  # seconds without an answer, after which the next mirror is asked
WAYS_OUT = (
    "Connect to the internet once, and it will be downloaded and kept; or let the environment variable "
    "PAINT_BY_NUMPY_DATA name a folder that holds the four MNIST files in digits/mnist."
)


class DataUnavailable(RuntimeError):
    """The data are neither on this machine nor to be had from the network; the text names both ways out."""


class IdxError(ValueError):
    """A file is not the idx file that it should be."""


@dataclass(frozen=True)
class IdxFile:
    """One file of MNIST: its name, the shape of its array, and the SHA-256 of its decompressed content."""

    name: str
    shape: tuple[int, ...]
    sha256: str


FILES = (
    IdxFile(
        "train-images-idx3-ubyte",
        (60_000, 28, 28),
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    ),
    IdxFile(
        "train-labels-idx1-ubyte",
        (60_000,),
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    ),
    IdxFile(
        "t10k-images-idx3-ubyte",
        (10_000, 28, 28),
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    ),
    IdxFile(
        "t10k-labels-idx1-ubyte",
        (10_000,),
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
)
MAX_CONTENT = 64 << 20  # bytes; the largest file has 47 million: a packed file that grows beyond this is none

_lock = threading.Lock()  # two visitors who ask at once wait for one download
_loaded: dict[Path, Arrays] = {}  # by folder: 55 MB that all visitors read and none can write


def arrays(progress: Progress | None = None) -> Arrays:
    """Training pictures (60000, 28, 28) uint8 and labels (60000,) int64, then the 10,000 to test; read-only.

    Downloads what is missing, and raises DataUnavailable where that fails.
    """
    with _lock:
        problem = ""
        for folder in filter(_complete, _folders()):
            try:
                return _read(folder)
            except IdxError as error:
                problem = f" ({error})"
        folder = _folders()[-1]
        _download_all(folder, progress, problem)
        return _read(folder)


def is_here() -> bool:
    """Whether all four files are on this machine."""
    return any(map(_complete, _folders()))


def data_folder() -> Path:
    """Where data lie: the folder that PAINT_BY_NUMPY_DATA names, else the project's in the user's cache."""
    named = os.environ.get("PAINT_BY_NUMPY_DATA", "").strip()
    return Path(named).expanduser() if named else _cache_folder()


def _cache_folder() -> Path:
    return Path(pooch.os_cache("paint-by-numpy"))


def _folders() -> tuple[Path, Path]:
    """Where MNIST may lie; the last is where a download goes."""
    return data_folder() / "digits" / "mnist", _cache_folder() / "digits" / "mnist"


# --- reading ------------------------------------------------------------------------------------------------


def _complete(folder: Path) -> bool:
    return all(_stored(folder, file) for file in FILES)


def _stored(folder: Path, file: IdxFile) -> Path | None:
    candidates = (folder / file.name, folder / f"{file.name}.gz")
    return next((path for path in candidates if path.is_file()), None)


def _read(folder: Path) -> Arrays:
    if folder not in _loaded:
        images, labels, test_images, test_labels = (_read_checked(folder, file) for file in FILES)
        _loaded[folder] = (images, _as_labels(labels), test_images, _as_labels(test_labels))
    return _loaded[folder]


def _as_labels(values: np.ndarray) -> np.ndarray:
    labels = values.astype(np.int64)
    labels.setflags(write=False)
    return labels


def _read_checked(folder: Path, file: IdxFile) -> np.ndarray:
    path = _stored(folder, file)
    if path is None:
        raise IdxError(f"{file.name} is missing in {folder}")
    content = decompressed(path)
    if hashlib.sha256(content).hexdigest() != file.sha256:
        raise IdxError(f"{path} is damaged, or not MNIST's {file.name}: its content has another hash")
    return parse_idx(content, path.name)


def decompressed(path: Path) -> bytes:
    """The content of a file, unpacked where its name ends in .gz; IdxError where that fails."""
    if path.suffix != ".gz":
        return path.read_bytes()
    try:
        with gzip.open(path) as file:
            content = file.read(MAX_CONTENT + 1)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise IdxError(f"{path.name} is not a whole gzip file ({error})") from error
    if len(content) > MAX_CONTENT:
        raise IdxError(
            f"{path.name} unpacks to more than {MAX_CONTENT >> 20} MiB, more than any file of MNIST"
        )
    return content


def parse_idx(content: bytes, name: str) -> np.ndarray:
    """The uint8 array of an idx file, read-only.

    The format (LeCun): two zero bytes, a byte for the type (8: unsigned byte), a byte for the number of axes,
    one big-endian 32-bit length per axis, then the values in C order.
    """
    if content[:3] != b"\x00\x00\x08" or len(content) < 4:
        begin = content[:4].hex() or "nothing"
        raise IdxError(f"{name} is not an idx file of unsigned bytes: it begins with {begin}")
    axes = content[3]
    start = 4 + 4 * axes
    if axes == 0 or len(content) < start:
        raise IdxError(f"{name} ends within its header: {len(content)} bytes for {axes} axes")
    shape = struct.unpack(f">{axes}I", content[4:start])
    expected = start + prod(shape)
    if len(content) != expected:
        raise IdxError(f"{name} should have {expected} bytes for shape {shape} and has {len(content)}")
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


# --- downloading --------------------------------------------------------------------------------------------


def _download_all(folder: Path, progress: Progress | None, problem: str) -> None:
    """Fetch what is missing or damaged in the user's cache; DataUnavailable where no mirror gives it."""
    sizes = [prod(file.shape) for file in FILES]
    for position, file in enumerate(FILES):
        done, share = sum(sizes[:position]) / sum(sizes), sizes[position] / sum(sizes)
        reasons = _download(file, folder, _Bar(progress, done, share, f"Downloading MNIST: {file.name}"))
        if len(reasons) == len(MIRRORS):
            raise DataUnavailable(
                f"MNIST is not on this machine{problem} and could not be downloaded from any of "
                f"{len(MIRRORS)} places ({reasons[0]}). {WAYS_OUT}"
            )
    if progress:
        progress(1.0, "MNIST is here")


def _download(file: IdxFile, folder: Path, bar: _Bar) -> list[str]:
    """One file from the first mirror that gives it whole, stored unpacked; why those before did not."""
    reasons: list[str] = []
    for mirror in MIRRORS:
        try:
            pooch.retrieve(
                f"{mirror}{file.name}.gz",
                known_hash=f"sha256:{file.sha256}",
                fname=file.name,
                path=folder,
                downloader=_Gunzipped(bar),
            )
            break
        # requests' errors are OSErrors; pooch raises ValueError for a wrong hash
        except (OSError, ValueError) as error:
            reasons.append(f"{mirror.split('/')[2]}: {type(error).__name__}")
    return reasons


class _Gunzipped:
    """A pooch downloader that stores the decompressed content, so that pooch's hash check is about that."""

    def __init__(self, bar: _Bar) -> None:
        self.bar = bar

    def __call__(self, url: str, output_file: str, pup: pooch.Pooch | None) -> None:
        packed = Path(f"{output_file}.gz")
        try:
            pooch.HTTPDownloader(progressbar=self.bar, timeout=DOWNLOAD_TIMEOUT)(url, str(packed), pup)
            Path(output_file).write_bytes(decompressed(packed))
        finally:
            packed.unlink(missing_ok=True)


class _Bar:
    """What pooch takes for a tqdm progress bar: passes on the fraction of the whole download."""

    def __init__(self, progress: Progress | None, done: float, share: float, text: str) -> None:
        self.progress, self.done, self.share, self.text = progress, done, share, text
        self.total = 0  # pooch sets it to the file's size, 0 where the mirror does not tell
        self.received = 0

    def update(self, count: int) -> None:
        self.received += count
        if self.progress and self.total:
            self.progress(self.done + self.share * min(1.0, self.received / self.total), self.text)

    def reset(self) -> None:
        self.received = 0

    def close(self) -> None:
        """Nothing is held."""

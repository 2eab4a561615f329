"""The data sets that a visitor can train on: MNIST, and the 8x8 digits that come with scikit-learn.

MNIST is read from the folder that the environment variable PAINT_BY_NUMPY_DATA names, else from the user's
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
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import pooch

NAMES = ("mnist", "digits-8x8")

Progress = Callable[[float, str], None]

MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
DOWNLOAD_TIMEOUT = 20  # seconds without an answer, after which the next mirror is asked


class DataUnavailable(RuntimeError):
    """The data are neither on this machine nor to be had from the network; the text names both ways out."""


class IdxError(ValueError):
    """A file is not the idx file that it should be."""


@dataclass(frozen=True, eq=False)
class Dataset:
    """Pictures and what they show. images: (N, H, W) uint8, ink bright on 0; labels: (N,) int64."""

    images: np.ndarray
    labels: np.ndarray
    name: str

    def __post_init__(self) -> None:
        if self.images.ndim != 3 or self.images.dtype != np.uint8:
            raise ValueError(f"images should be (N, H, W) uint8, not {self.images.shape} {self.images.dtype}")
        if self.labels.shape != self.images.shape[:1] or self.labels.dtype != np.int64:
            raise ValueError(
                f"labels should be ({len(self.images)},) int64, not {self.labels.shape} {self.labels.dtype}"
            )

    def __len__(self) -> int:
        return len(self.images)

    def take(self, count: int) -> Dataset:
        """The first `count` samples, or all where there are fewer."""
        if count < 1:
            raise ValueError(f"at least one sample should be taken, not {count}")
        return replace(self, images=self.images[:count], labels=self.labels[:count])

    def split(self, count: int) -> tuple[Dataset, Dataset]:
        """The first `count` samples and the rest."""
        if not 0 <= count <= len(self):
            raise ValueError(f"{self.name} has {len(self)} samples and can't be split at {count}")
        rest = replace(self, images=self.images[count:], labels=self.labels[count:])
        return replace(self, images=self.images[:count], labels=self.labels[:count]), rest

    def subset(self, index: np.ndarray) -> Dataset:
        """The samples that `index` (positions or a mask) picks, in its order."""
        return replace(self, images=self.images[index], labels=self.labels[index])


@dataclass(frozen=True, eq=False)
class Splits:
    """What to learn from, what to tune on, and what to look at once, at the end."""

    train: Dataset
    validation: Dataset
    test: Dataset


def concatenate(parts: Sequence[Dataset], name: str) -> Dataset:
    """All samples of `parts`, one after the other, under a new name; the pictures share one size."""
    images = np.concatenate([part.images for part in parts])
    return Dataset(images, np.concatenate([part.labels for part in parts]), name)


def load(name: str, progress: Progress | None = None) -> Splits:
    """The data set called `name`; MNIST is downloaded where it is not here yet.

    progress(fraction, text) is told how a download goes, fraction from 0 to 1.
    Raises DataUnavailable where there is no network and no copy, KeyError for a name not in NAMES.
    """
    if name == "mnist":
        return _mnist(_mnist_folder() or _download_mnist(progress))
    if name == "digits-8x8":
        return _digits_8x8()
    raise KeyError(f"there is no data set {name!r}; there are {', '.join(NAMES)}")


def available(name: str) -> bool:
    """Whether `load(name)` needs no network."""
    if name not in NAMES:
        raise KeyError(f"there is no data set {name!r}; there are {', '.join(NAMES)}")
    return name == "digits-8x8" or _mnist_folder() is not None


def data_folder() -> Path:
    """Where data lie: the folder that PAINT_BY_NUMPY_DATA names, else this project's place in the user's cache."""
    named = os.environ.get("PAINT_BY_NUMPY_DATA", "").strip()
    return Path(named).expanduser() if named else _cache_folder()


def _cache_folder() -> Path:
    return Path(pooch.os_cache("paint-by-numpy"))


# --- scikit-learn's 8x8 digits ------------------------------------------------------------------------------


@cache
def _digits_8x8() -> Splits:
    """1,797 digits of Alpaydin and Kaynak (UCI), a seeded 80/10/10 split in which each digit keeps its share."""
    from sklearn.datasets import load_digits  # half a second to import: only who asks for it waits
    from sklearn.model_selection import train_test_split

    bunch = load_digits()
    images = np.round(bunch.images * (255 / 16)).astype(np.uint8)  # 0..16 inked pixels of a 4x4 block
    labels = bunch.target.astype(np.int64)
    order = np.arange(len(labels))
    train, rest = train_test_split(order, test_size=0.2, random_state=0, stratify=labels)
    validation, test = train_test_split(rest, test_size=0.5, random_state=0, stratify=labels[rest])
    parts = (
        Dataset(_read_only(images[i]), _read_only(labels[i]), "digits-8x8") for i in (train, validation, test)
    )
    return Splits(*parts)


# --- MNIST --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class IdxFile:
    """One file of MNIST: its name, the shape of its array, and the SHA-256 of its decompressed content."""

    name: str
    shape: tuple[int, ...]
    sha256: str


TRAIN_IMAGES = IdxFile(
    "train-images-idx3-ubyte",
    (60_000, 28, 28),
    "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
)
TRAIN_LABELS = IdxFile(
    "train-labels-idx1-ubyte",
    (60_000,),
    "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
)
TEST_IMAGES = IdxFile(
    "t10k-images-idx3-ubyte",
    (10_000, 28, 28),
    "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
)
TEST_LABELS = IdxFile(
    "t10k-labels-idx1-ubyte",
    (10_000,),
    "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
)
MNIST_FILES = (TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS)
WAYS_OUT = (
    "Connect to the internet once, and it will be downloaded and kept; or let the environment variable "
    "PAINT_BY_NUMPY_DATA name a folder that holds the four MNIST files in digits/mnist."
)
MNIST_TRAIN_COUNT = 55_000  # the last 5,000 of the 60,000 are for tuning

_download_lock = threading.Lock()  # two visitors who ask at once wait for one download


@cache
def _mnist(folder: Path) -> Splits:
    """MNIST (LeCun, Cortes, Burges): 55,000 to train on, 5,000 to tune on, 10,000 for the final figure."""
    images, labels, test_images, test_labels = (_read_checked(folder, file) for file in MNIST_FILES)
    whole = Dataset(images, _read_only(labels.astype(np.int64)), "mnist")
    train, validation = whole.split(MNIST_TRAIN_COUNT)
    return Splits(train, validation, Dataset(test_images, _read_only(test_labels.astype(np.int64)), "mnist"))


def _mnist_folder() -> Path | None:
    """The first folder that holds all four files, compressed or not."""
    for root in (data_folder(), _cache_folder()):
        folder = root / "digits" / "mnist"
        if all(_stored(folder, file) for file in MNIST_FILES):
            return folder
    return None


def _stored(folder: Path, file: IdxFile) -> Path | None:
    candidates = (folder / f"{file.name}.gz", folder / file.name)
    return next((path for path in candidates if path.is_file()), None)


def _read_checked(folder: Path, file: IdxFile) -> np.ndarray:
    path = _stored(folder, file)
    if path is None:
        raise DataUnavailable(f"{file.name} is missing in {folder}. {WAYS_OUT}")
    try:
        content = decompressed(path)
    except IdxError as error:
        raise DataUnavailable(f"{error}. {WAYS_OUT}") from error
    if hashlib.sha256(content).hexdigest() != file.sha256:
        raise DataUnavailable(f"{path} is not MNIST's {file.name}: its content has another hash. {WAYS_OUT}")
    return parse_idx(content, path.name)


def decompressed(path: Path) -> bytes:
    """The content of a file, unpacked where its name ends in .gz; IdxError where that fails."""
    if path.suffix != ".gz":
        return path.read_bytes()
    try:
        with gzip.open(path) as file:
            return file.read()
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise IdxError(f"{path.name} is not a whole gzip file ({error})") from error


def parse_idx(content: bytes, name: str) -> np.ndarray:
    """The uint8 array of an idx file, read-only.

    The format (LeCun): two zero bytes, a byte for the type (8: unsigned byte), a byte for the number of axes, one
    big-endian 32-bit length per axis, then the values in C order.
    """
    if len(content) < 4 or content[:3] != b"\x00\x00\x08":
        raise IdxError(
            f"{name} is not an idx file of unsigned bytes: it begins with {content[:4].hex() or 'nothing'}"
        )
    axes = content[3]
    start = 4 + 4 * axes
    if axes == 0 or len(content) < start:
        raise IdxError(f"{name} ends within its header: {len(content)} bytes for {axes} axes")
    shape = struct.unpack(f">{axes}I", content[4:start])
    expected = start + int(np.prod(shape, dtype=object))  # as Python integers: a forged header can't overflow
    if len(content) != expected:
        raise IdxError(f"{name} should have {expected} bytes for shape {shape} and has {len(content)}")
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def _download_mnist(progress: Progress | None) -> Path:
    """Fetches what is missing into the user's cache and returns the folder; DataUnavailable where no mirror gives it."""
    with _download_lock:
        folder = _cache_folder() / "digits" / "mnist"
        sizes = [float(np.prod(file.shape)) for file in MNIST_FILES]
        for position, file in enumerate(MNIST_FILES):
            done, share = sum(sizes[:position]) / sum(sizes), sizes[position] / sum(sizes)
            _download(file, folder, _Bar(progress, done, share, f"Downloading MNIST: {file.name}"))
        if progress:
            progress(1.0, "MNIST is here")
        return folder


def _download(file: IdxFile, folder: Path, bar: _Bar) -> None:
    """One file from the first mirror that gives it whole, stored decompressed."""
    reasons = []
    for mirror in MIRRORS:
        try:
            pooch.retrieve(
                f"{mirror}{file.name}.gz",
                known_hash=f"sha256:{file.sha256}",
                fname=file.name,
                path=folder,
                downloader=_Gunzipped(bar),
            )
            return
        # requests' errors are OSErrors; pooch raises ValueError for a wrong hash
        except (OSError, ValueError) as error:
            reasons.append(f"{mirror.split('/')[2]}: {type(error).__name__}")
    raise DataUnavailable(
        f"MNIST is not on this machine and could not be downloaded. {WAYS_OUT} ({'; '.join(reasons)})"
    )


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
        self.total = 0
        self.received = 0

    def update(self, count: int) -> None:
        self.received += count
        if self.progress and self.total:
            self.progress(self.done + self.share * min(1.0, self.received / self.total), self.text)

    def reset(self) -> None:
        self.received = 0

    def close(self) -> None:
        """Nothing is held."""


def _read_only(array: np.ndarray) -> np.ndarray:
    array.setflags(write=False)
    return array

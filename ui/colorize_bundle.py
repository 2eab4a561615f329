"""Many photos in and out: files and ZIPs are opened one entry at a time, and nothing in them is trusted.

Names in a ZIP are only read, never used as paths; each entry is unpacked under a name of our own, at most so
many bytes of it, and gone before the next. So neither `../../x` nor a bomb of zeros does any harm.
"""

from __future__ import annotations

import shutil
import struct
import zipfile
import zlib
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

MOST_PHOTOS = 300
MOST_BYTES = 64 << 20  # of one photo
PIECE = 1 << 20
MOST_NAME = 100  # characters
# What zipfile raises for files that are damaged, encrypted or packed in a way that it does not know.
DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, struct.error, OSError, EOFError, RuntimeError),
    *(ValueError, LookupError, NotImplementedError),
)


@dataclass(frozen=True)
class Entry:
    """One photo to be coloured: what it is called, and where it lies now; or a sentence on why not."""

    name: str
    path: Path | None
    trouble: str = ""


def is_zip(path: str | Path) -> bool:
    """By its name or its first bytes; a damaged ZIP is still meant to be one."""
    if Path(path).suffix.lower() == ".zip":
        return True
    try:
        with open(path, "rb") as file:
            return file.read(4) == b"PK\x03\x04"
    except OSError:
        return False


def plain_name(name: str) -> str:
    """The last part of a name from anywhere, without what a file's name can't have."""
    last = PurePosixPath(name.replace("\\", "/")).name
    kept = "".join(letter for letter in last if letter.isprintable() and letter not in '<>:"|?*/')
    kept = kept.strip(" .")
    stem, suffix = Path(kept).stem[:MOST_NAME], Path(kept).suffix[:10]
    return f"{stem}{suffix}" if kept else "photo"


def is_wanted(entry: zipfile.ZipInfo) -> bool:
    """Whether an entry is a file that a person put there."""
    parts = PurePosixPath(entry.filename.replace("\\", "/")).parts
    hidden = any(part.startswith(".") and part != ".." for part in parts)
    return not (entry.is_dir() or not parts or hidden or "__MACOSX" in parts)


def count(paths: Sequence[str]) -> int:
    """How many photos there are in files and ZIPs, as far as that can be known."""
    total = 0
    for path in paths:
        if is_zip(path):
            try:
                with zipfile.ZipFile(path) as archive:
                    total += sum(map(is_wanted, archive.infolist()))
            except DAMAGE:
                total += 1
        else:
            total += 1
    return total


def entries(paths: Sequence[str], folder: Path) -> Generator[Entry, None, None]:
    """Every photo of files and ZIPs; one from a ZIP lies in `folder` until the next is asked for."""
    for path in paths:
        if not is_zip(path):
            yield Entry(plain_name(Path(path).name), Path(path))
            continue
        try:
            with zipfile.ZipFile(path) as archive:
                for info in filter(is_wanted, archive.infolist()):
                    yield from _unpacked(archive, info, folder / "unpacked")
        except DAMAGE:
            yield Entry(plain_name(Path(path).name), None, "This ZIP is damaged and can't be opened.")


def _unpacked(archive: zipfile.ZipFile, info: zipfile.ZipInfo, target: Path) -> Iterator[Entry]:
    name = plain_name(info.filename)
    try:
        with archive.open(info) as source, target.open("wb") as file:
            fits = _copy(source, file)
    except DAMAGE:
        encrypted = bool(info.flag_bits & 1)
        trouble = "It is locked with a password." if encrypted else "It is damaged in the ZIP."
        yield Entry(name, None, trouble)
        return
    if is_zip(target) or Path(name).suffix.lower() == ".zip":
        yield Entry(name, None, "A ZIP in a ZIP is not opened.")
    elif not fits:
        yield Entry(name, None, f"It is larger than {MOST_BYTES >> 20} megabytes.")
    else:
        yield Entry(name, target)


def _copy(source: IO[bytes], target: IO[bytes]) -> bool:
    """Whether all of it went in."""
    done = 0
    while piece := source.read(PIECE):
        done += len(piece)
        if done > MOST_BYTES:
            return False
        target.write(piece)
    return True


class Parcel:
    """The ZIP that is given back: no name twice, complete at any moment that it is closed."""

    def __init__(self, path: Path) -> None:
        self.path, self.names = path, set[str]()
        self._archive = zipfile.ZipFile(path, "w", zipfile.ZIP_STORED)  # pictures are packed already

    def add(self, file: Path, name: str) -> str:
        """Put a file in, under its name or that with a number; the name that it got."""
        stem, suffix = Path(name).stem, Path(name).suffix
        free, number = name, 2
        while free.lower() in self.names:
            free, number = f"{stem} {number}{suffix}", number + 1
        self.names.add(free.lower())
        self._archive.write(file, free)
        return free

    def note(self, name: str, text: str) -> None:
        self._archive.writestr(name, text)

    def close(self) -> None:
        self._archive.close()

    def room(self) -> int:
        """Bytes that are free where it lies."""
        return shutil.disk_usage(self.path.parent).free

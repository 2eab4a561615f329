"""Who reads the benchmark's captchas: the engine, ddddocr and tesseract, on one thread and for digits alone.

The peers get what suits them best: ddddocr's most likely path is looked for among digits and blanks only (its
own filter deletes what it took for a letter), and tesseract reads all pictures with two page modes, of which
the better one counts for each style.
"""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from PIL import Image

DIGITS = "0123456789"
PAGE_MODES = {"one line": 7, "one word": 8}


class ReaderMissing(RuntimeError):
    """A reader isn't installed here."""


@dataclass(frozen=True)
class Answers:
    """What was read, a text a picture, and the milliseconds of CPU time for one."""

    texts: list[str]
    milliseconds: float
    way: str = ""


class Reader(Protocol):
    """`read` gives each way that the reader has of reading all; `about` its version and file size."""

    name: str
    about: str

    def read(self, pictures: Sequence[np.ndarray]) -> list[Answers]: ...


class EngineReader:
    """`engine.captcha.read`, with the shipped network or with the one in `model`."""

    name = "engine"

    def __init__(self, model: Path | None = None) -> None:
        from engine import captcha
        from engine.checkpoint import WEIGHTS, load

        path = model or WEIGHTS / "captcha.npz"
        if not path.is_file():
            raise ReaderMissing(f"{path} isn't there; leave the engine out: --readers ddddocr,tesseract")
        network: Any = load(path).freeze() if model else "captcha"
        self.about = f"the engine with {path.name}, {_megabytes(path)}"
        self._read: Callable[[np.ndarray], str] = lambda picture: captcha.read(picture, network).text

    def read(self, pictures: Sequence[np.ndarray]) -> list[Answers]:
        """One picture after the other."""
        return [_one_by_one(self._read, pictures)]


class DdddocrReader:
    """ddddocr's network in ONNX Runtime; `beta` is its larger one."""

    def __init__(self, beta: bool = False) -> None:
        try:
            import ddddocr
            import onnxruntime
        except ImportError as error:
            raise ReaderMissing("ddddocr isn't here: pip install -r benchmarks/requirements.txt") from error
        self.name = "ddddocr, beta" if beta else "ddddocr"
        file = Path(ddddocr.__file__).parent / ("common.onnx" if beta else "common_old.onnx")
        self.about = f"ddddocr {importlib.metadata.version('ddddocr')} with {file.name}, {_megabytes(file)}"
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3  # else it warns of its own output's shape at every picture
        self._session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
        self._engine = ddddocr.DdddOcr(show_ad=False, beta=beta).ocr_engine
        characters = self._engine.charset_manager.get_charset()
        self._classes = [0, *(characters.index(digit) for digit in DIGITS)]  # 0 is the blank

    def read(self, pictures: Sequence[np.ndarray]) -> list[Answers]:
        """One picture after the other."""
        return [_one_by_one(self._read_one, pictures)]

    def _read_one(self, picture: np.ndarray) -> str:
        x = self._engine._preprocess_image(Image.fromarray(picture), False)
        (scores,) = self._session.run(None, {self._session.get_inputs()[0].name: x})
        return best_path(scores.reshape(-1, scores.shape[-1])[:, self._classes])


class TesseractReader:
    """The program `tesseract` with its English model; it gets all pictures in one call."""

    name = "tesseract"

    def __init__(self) -> None:
        if not shutil.which("tesseract"):
            raise ReaderMissing("tesseract isn't here: apt install tesseract-ocr")
        version = subprocess.run(["tesseract", "--version"], capture_output=True, text=True, check=True)
        listed = subprocess.run(["tesseract", "--list-langs"], capture_output=True, text=True, check=True)
        folder = (listed.stdout + listed.stderr).split('"')[1]
        file = Path(folder) / "eng.traineddata"
        self.about = f"{version.stdout.splitlines()[0]} with {file.name}, {_megabytes(file)}"

    def read(self, pictures: Sequence[np.ndarray]) -> list[Answers]:
        """All pictures as one line each, and again as one word each."""
        with tempfile.TemporaryDirectory() as folder:
            files = [Path(folder) / f"{i}.png" for i in range(len(pictures))]
            for file, picture in zip(files, pictures, strict=True):
                Image.fromarray(picture).save(file)
            return [self._in_one_way(files, way) for way in PAGE_MODES]

    def _in_one_way(self, files: Sequence[Path], way: str) -> Answers:
        texts, seconds = self._texts(files, PAGE_MODES[way])
        return Answers(texts, 1000 * seconds / len(files), way)

    def _texts(self, files: Sequence[Path], mode: int) -> tuple[list[str], float]:
        """What each file says, and the time; tesseract 5.3 dies of a few (SIGFPE), and those say nothing."""
        names = files[0].with_suffix(".txt")
        names.write_text("".join(f"{file}\n" for file in files))
        asked = ["--psm", str(mode), "-c", f"tessedit_char_whitelist={DIGITS}"]
        before = os.times()
        done = subprocess.run(
            ["tesseract", str(names), "stdout", *asked],
            env=os.environ | {"OMP_THREAD_LIMIT": "1"},
            capture_output=True,
            text=True,
        )
        if done.returncode < 0:
            half = len(files) // 2
            if not half:
                return [""], 0.0
            first, second = self._texts(files[:half], mode), self._texts(files[half:], mode)
            return first[0] + second[0], first[1] + second[1]
        pages = done.stdout.split("\f")[: len(files)]  # one form feed between two pictures
        if done.returncode or len(pages) < len(files):
            raise RuntimeError(
                f"tesseract answered {len(pages)} of {len(files)} pictures: {done.stderr[-300:]}"
            )
        after = os.times()
        seconds = after.children_user + after.children_system - before.children_user - before.children_system
        return ["".join(character for character in page if character in DIGITS) for page in pages], seconds


def best_path(scores: np.ndarray) -> str:
    """(T, 11) scores of the blank and of each digit: the best of each column, repeats and blanks dropped."""
    best = scores.argmax(axis=1)
    kept = (best != 0) & np.concatenate([[True], best[1:] != best[:-1]])
    return "".join(DIGITS[i - 1] for i in best[kept])


def _one_by_one(read: Callable[[np.ndarray], str], pictures: Sequence[np.ndarray]) -> Answers:
    """Read each; the time is the median, after one reading that isn't counted."""
    read(pictures[0])
    texts, seconds = [], []
    for picture in pictures:
        start = time.process_time()
        texts.append(read(picture))
        seconds.append(time.process_time() - start)
    return Answers(texts, 1000 * statistics.median(seconds))


def _megabytes(path: Path) -> str:
    return f"{path.stat().st_size / 1e6:.2f} MB"

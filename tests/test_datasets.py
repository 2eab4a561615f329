import gzip
import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import requests

from engine import datasets, mnist
from engine.datasets import Dataset, DataUnavailable

HEADER = bytes.fromhex("00000803 00000002 00000002 00000003")  # unsigned bytes, three axes: 2 x 2 x 3
SHAPES = ((60, 28, 28), (60,), (10, 28, 28), (10,))


def idx(array: np.ndarray) -> bytes:
    lengths = b"".join(length.to_bytes(4, "big") for length in array.shape)
    return bytes([0, 0, 8, array.ndim]) + lengths + array.tobytes()


@pytest.fixture
def small_mnist(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[bytes]:
    """Four small files stand for MNIST's, and the user's cache is an empty folder; returns their contents."""
    rng = np.random.default_rng(0)
    arrays = [rng.integers(0, 10 if len(shape) == 1 else 256, shape, np.uint8) for shape in SHAPES]
    contents = [idx(array) for array in arrays]
    files = [
        mnist.IdxFile(file.name, shape, hashlib.sha256(content).hexdigest())
        for file, shape, content in zip(mnist.FILES, SHAPES, contents, strict=True)
    ]
    monkeypatch.setattr(mnist, "FILES", tuple(files))
    monkeypatch.setattr(mnist, "_loaded", {})
    monkeypatch.setattr(datasets, "MNIST_TRAIN_COUNT", 50)
    monkeypatch.delenv("PAINT_BY_NUMPY_DATA", raising=False)
    monkeypatch.setattr(mnist.pooch, "os_cache", lambda project: tmp_path / "cache" / project)
    return contents


def write_packed(folder: Path, contents: list[bytes]) -> Path:
    folder.mkdir(parents=True)
    for file, content in zip(mnist.FILES, contents, strict=True):
        (folder / f"{file.name}.gz").write_bytes(gzip.compress(content, 1))
    return folder


class Mirror:
    """Stands for pooch's downloader: `answer(url)` is the body, or raises."""

    def __init__(self, answer: Callable[[str], bytes]) -> None:
        self.answer = answer
        self.asked: list[str] = []

    def __call__(self, progressbar: mnist._Bar, timeout: float) -> Callable[[str, str, object], None]:
        def download(url: str, output_file: str, pup: object) -> None:
            self.asked.append(url)
            body = self.answer(url)
            Path(output_file).write_bytes(body)
            progressbar.total = len(body)
            progressbar.update(len(body) // 2)
            progressbar.reset()
            progressbar.update(len(body))
            progressbar.close()

        return download


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> Mirror:
    def refuse(url: str) -> bytes:
        raise requests.exceptions.ConnectionError(url)

    mirror = Mirror(refuse)
    monkeypatch.setattr(mnist.pooch, "HTTPDownloader", mirror)
    return mirror


def test_idx_is_read_in_c_order() -> None:
    array = mnist.parse_idx(HEADER + bytes(range(12)), "example")
    assert array.tolist() == [[[0, 1, 2], [3, 4, 5]], [[6, 7, 8], [9, 10, 11]]]
    assert array.dtype == np.uint8
    assert not array.flags.writeable


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "begins with nothing"),
        (b"\x00\x00\x08", "000008"),
        (b"\x00\x00\x0d\x01" + bytes(8), "00000d01"),  # float32
        (b"<html>", "3c68746d"),
        (b"\x00\x00\x08\x00", "0 axes"),
        (HEADER[:9], "ends within its header"),
        (HEADER + bytes(11), "should have 28 bytes"),
        (HEADER + bytes(13), "has 29"),
        (bytes([0, 0, 8, 3]) + b"\xff" * 12 + bytes(4), "should have"),  # a forged size is only compared
    ],
)
def test_a_bad_idx_file_is_refused(content: bytes, text: str) -> None:
    with pytest.raises(mnist.IdxError, match=text):
        mnist.parse_idx(content, "example")


def test_a_truncated_gzip_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "digits.gz"
    path.write_bytes(gzip.compress(np.random.default_rng(0).bytes(1000))[:500])
    with pytest.raises(mnist.IdxError, match=r"digits\.gz is not a whole gzip file"):
        mnist.decompressed(path)


def test_a_gzip_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mnist, "MAX_CONTENT", 1 << 20)
    path = tmp_path / "bomb.gz"
    path.write_bytes(gzip.compress(bytes(2 << 20)))
    with pytest.raises(mnist.IdxError, match="more than 1 MiB"):
        mnist.decompressed(path)


def test_mnist_from_the_named_folder(
    small_mnist: list[bytes], offline: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not datasets.available("mnist")
    write_packed(tmp_path / "data" / "digits" / "mnist", small_mnist)
    monkeypatch.setenv("PAINT_BY_NUMPY_DATA", str(tmp_path / "data"))
    assert datasets.available("mnist")
    splits = datasets.load("mnist")
    assert [len(part) for part in (splits.train, splits.validation, splits.test)] == [50, 10, 10]
    assert splits.train.images[0].tobytes() == small_mnist[0][16 : 16 + 784]
    assert splits.validation.labels.tolist() == list(small_mnist[1][8 + 50 :])
    assert splits.test.labels.tolist() == list(small_mnist[3][8:])
    assert not splits.train.images.flags.writeable
    assert not splits.train.labels.flags.writeable
    assert offline.asked == []


def test_offline_and_not_cached_names_both_ways_out(small_mnist: list[bytes], offline: Mirror) -> None:
    with pytest.raises(DataUnavailable) as caught:
        datasets.load("mnist")
    text = str(caught.value)
    assert "Connect to the internet once" in text
    assert "PAINT_BY_NUMPY_DATA" in text
    assert len(offline.asked) == len(mnist.MIRRORS) >= 2  # every mirror was tried
    assert len({url.split("/")[2] for url in offline.asked}) == len(mnist.MIRRORS)
    assert len(datasets.load("digits-8x8").train) > 0


def test_a_damaged_copy_offline_is_named(small_mnist: list[bytes], offline: Mirror) -> None:
    damaged = [small_mnist[0][:-1] + b"\x00", *small_mnist[1:]]
    write_packed(mnist.data_folder() / "digits" / "mnist", damaged)
    with pytest.raises(DataUnavailable, match=r"train-images-idx3-ubyte\.gz is damaged"):
        datasets.load("mnist")


def test_download_goes_on_to_the_next_mirror_and_is_kept(
    small_mnist: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    bodies = {f"{f.name}.gz": gzip.compress(c) for f, c in zip(mnist.FILES, small_mnist, strict=True)}

    def answer(url: str) -> bytes:
        name = url.rsplit("/", 1)[1]
        if url.startswith(mnist.MIRRORS[0]):  # the first mirror is out of order in four ways
            kinds = (b"<html>gone</html>", bodies[name][:50], gzip.compress(b"other content"))
            position = [file.name for file in mnist.FILES].index(name.removesuffix(".gz"))
            if position == 3:
                raise requests.exceptions.Timeout(url)
            return kinds[position]
        return bodies[name]

    mirror = Mirror(answer)
    monkeypatch.setattr(mnist.pooch, "HTTPDownloader", mirror)
    told: list[tuple[float, str]] = []
    splits = datasets.load("mnist", lambda fraction, text: told.append((fraction, text)))
    assert splits.test.images.tobytes() == small_mnist[2][16:]
    assert len(mirror.asked) == 8
    folder = mnist.data_folder() / "digits" / "mnist"
    assert {path.name for path in folder.iterdir()} == {file.name for file in mnist.FILES}
    fractions = [fraction for fraction, _ in told]
    assert fractions[-1] == 1.0
    assert all(0 <= fraction <= 1 for fraction in fractions)
    assert any("train-images" in text for _, text in told)

    mnist._loaded.clear()
    assert datasets.available("mnist")
    assert datasets.load("mnist").test.images.tobytes() == small_mnist[2][16:]
    assert len(mirror.asked) == 8  # nothing was fetched again


def test_digits_8x8_splits() -> None:
    splits = datasets.load("digits-8x8")
    parts = (splits.train, splits.validation, splits.test)
    assert [len(part) for part in parts] == [1437, 180, 180]
    assert all(part.images.shape[1:] == (8, 8) for part in parts)
    assert splits.train.images.max() == 255
    for part in parts:  # each digit has its share, about a tenth
        assert np.bincount(part.labels, minlength=10).min() >= 0.09 * len(part)
        assert not part.images.flags.writeable
    # the same 1,797 pictures as scikit-learn's, each once
    both = np.concatenate([part.images for part in parts]).reshape(-1, 64)
    from sklearn.datasets import load_digits

    known = {row.tobytes() for row in load_digits().data.astype(np.uint8)}
    assert {np.round(row / (255 / 16)).astype(np.uint8).tobytes() for row in both} == known


def test_unknown_name() -> None:
    with pytest.raises(KeyError, match="mnist, digits-8x8"):
        datasets.load("emnist")
    with pytest.raises(KeyError, match="emnist"):
        datasets.available("emnist")


def some(count: int, name: str = "some") -> Dataset:
    images = np.arange(count * 6, dtype=np.uint8).reshape(count, 2, 3)
    return Dataset(images, np.arange(count, dtype=np.int64), name)


def test_parts_of_a_data_set() -> None:
    data = some(5)
    assert data.take(2).labels.tolist() == [0, 1]
    assert len(data.take(99)) == 5
    head, tail = data.split(3)
    assert (head.labels.tolist(), tail.labels.tolist()) == ([0, 1, 2], [3, 4])
    assert np.array_equal(tail.images[0], data.images[3])
    assert data.subset(np.array([4, 0])).labels.tolist() == [4, 0]
    assert data.subset(data.labels > 2).labels.tolist() == [3, 4]
    joined = datasets.concatenate([tail, some(1)], "both")
    assert joined.labels.tolist() == [3, 4, 0]
    assert joined.name == "both"


def test_misuse_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        some(3).take(0)
    with pytest.raises(ValueError, match="can't be split at 4"):
        some(3).split(4)
    with pytest.raises(ValueError, match="uint8"):
        Dataset(np.zeros((2, 3, 3), np.float32), np.zeros(2, np.int64), "")
    with pytest.raises(ValueError, match="int64"):
        Dataset(np.zeros((2, 3, 3), np.uint8), np.zeros(3, np.int64), "")

"""The colours that the colouriser chooses among: a and b of CIE Lab in steps of 10, as far as sRGB goes.

A photo's lightness says what colours a place may have, not which one. Whoever predicts one colour predicts
the mean of all of them, and that is sepia; so the network gives each of these 261 colours a probability, and
the choice is made afterwards (Zhang, Isola, Efros 2016). A true colour is shared among the five nearest of
them. Most places of most photos are nearly gray, so rare colours get more weight: in training, and once more
when the choice is made, where it is a slider from faithful to vivid.
"""

from __future__ import annotations

from functools import cache

import numpy as np

STEP = 10
NEAREST = 5
SIGMA = 5.0  # of the Gaussian by which a colour is shared
FARTHEST = 120  # no colour of sRGB has a or b beyond this
UNIFORM = 0.5  # share of a uniform distribution in that which weights are taken from
TRAINED = 0.5  # the power of those weights in training: halfway between photos as they are and all alike

# a: (the first b, how many of a million places of photos have this colour, from b to b in steps of 10).
# Counted on a twelfth of the training photos at half their size; a 0 stands for a colour of sRGB that none
# had.
_USE = {
    -90: (80, "0"),
    -80: (40, "0 0 0 0 0"),
    -70: (20, "0 0 0 0 0 0 0 0"),
    -60: (0, "0 0 0 2 1 2 17 12 68 9"),
    -50: (-20, "0 1 0 1 11 70 55 235 100 47 55 1"),
    -40: (-30, "0 47 12 79 153 250 335 1522 845 441 75 15 1"),
    -30: (-40, "0 79 238 145 437 358 1708 2764 2953 1348 679 193 135 5"),
    -20: (-40, "90 532 1446 1274 2659 4412 11921 11154 7027 1719 813 297 177 114"),
    -10: (-50, "32 1332 3109 8120 12083 22059 27100 26308 12402 4415 1283 741 447 352 144"),
    0: (-60, "35 1091 9571 14393 26443 69833 292722 121686 53731 13319 4565 1913 1333 784 722 36"),
    10: (-70, "1 289 2852 4068 3146 4939 6432 21867 31318 29271 10740 5078 1496 1058 777 462"),
    20: (-70, "110 795 1063 1290 772 847 1881 4324 7856 10737 7220 4541 1953 1127 583 232"),
    30: (-80, "7 156 729 334 146 401 202 471 797 1736 3051 2249 2435 914 576 245 50"),
    40: (-90, "0 212 336 276 37 23 37 99 401 454 871 2642 2104 2024 718 490 161 2"),
    50: (-90, "0 25 12 5 7 26 32 68 123 506 373 1229 1626 1773 492 372 64"),
    60: (-100, "0 1 21 3 2 10 25 11 47 58 218 353 869 1117 1551 952 521 183"),
    70: (-110, "0 0 7 5 0 0 1 0 0 6 21 41 49 81 48 199 247 273 70"),
    80: (-110, "0 0 0 0 0 0 0 0 0 2 2 2 1 5 4 4 14 480 2"),
    90: (-90, "0 0 0 0 0 0 0 0 0 0"),
    100: (-70, "0 0 0"),
}


def _colours() -> np.ndarray:
    rows = [(a, first + STEP * i) for a, (first, text) in _USE.items() for i in range(len(text.split()))]
    return np.array(rows, np.float32)


def _share() -> np.ndarray:
    counts = np.array([int(n) for _, text in _USE.values() for n in text.split()], np.float64)
    return counts / counts.sum()


BINS = _colours()  # (261, 2): a and b
SHARE = _share()  # (261,): of all places of photos
LABELS = tuple(f"{int(a)} {int(b)}" for a, b in BINS)
for _array in (BINS, SHARE):
    _array.setflags(write=False)


def soft_encode(ab: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Colours (..., 2) -> the five nearest bins (..., 5) int16 and what share each has of it (..., 5)
    float32.
    """
    flat = np.asarray(ab, np.float32).reshape(-1, 2)
    distance = (flat[:, :1] - BINS[:, 0]) ** 2 + (flat[:, 1:] - BINS[:, 1]) ** 2
    nearest = np.argpartition(distance, NEAREST, axis=1)[:, :NEAREST]
    first = np.argsort(np.take_along_axis(distance, nearest, axis=1), axis=1)
    nearest = np.take_along_axis(nearest, first, axis=1)
    distance = np.take_along_axis(distance, nearest, axis=1)
    share = np.exp((distance[:, :1] - distance) / np.float32(2 * SIGMA**2))
    share /= share.sum(axis=1, keepdims=True)
    shape = (*ab.shape[:-1], NEAREST)
    return nearest.astype(np.int16).reshape(shape), share.reshape(shape)


@cache
def weights() -> np.ndarray:
    """How much rarer than the others each bin is: (261,) float64, 1 on the mean over photos.

    One over a mixture of the smoothed shares and a uniform distribution, half and half.
    """
    nearest, share = soft_encode(BINS)
    smooth = np.zeros(len(BINS))
    np.add.at(smooth, nearest, SHARE[:, None] * share)
    return _to_mean_one(1 / ((1 - UNIFORM) * smooth + UNIFORM / len(BINS)))


def training_weights() -> np.ndarray:
    """The weights to the power in which training takes them, 1 on the mean over photos."""
    return _to_mean_one(weights() ** TRAINED)


def _to_mean_one(raw: np.ndarray) -> np.ndarray:
    scaled = raw / (raw * SHARE).sum()
    scaled.setflags(write=False)
    return scaled


@cache
def targets() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """`soft_encode` of all whole numbers a and b from -120 to 120, by `place`, and the weight of each colour:
    (58081, 5) int16, (58081, 5) float32 and (58081,) float32.
    """
    side = np.arange(-FARTHEST, FARTHEST + 1, dtype=np.float32)
    nearest = np.empty((len(side), len(side), NEAREST), np.int16)
    share = np.empty(nearest.shape, np.float32)
    for i, a in enumerate(side):
        nearest[i], share[i] = soft_encode(np.stack([np.full_like(side, a), side], axis=1))
    weight = (training_weights()[nearest] * share).sum(axis=2).astype(np.float32)
    return nearest.reshape(-1, NEAREST), share.reshape(-1, NEAREST), weight.reshape(-1)


def place(ab: np.ndarray) -> np.ndarray:
    """Where whole numbers a, b (..., 2) int8 stand in `targets`: (...)."""
    index = ab.astype(np.int32) + FARTHEST
    return index[..., 0] * (2 * FARTHEST + 1) + index[..., 1]


def decode(logits: np.ndarray, vivid: float) -> np.ndarray:
    """Logits (..., 261) as trained -> the colours (..., 2) float32 that they are taken for.

    vivid 0 undoes the weights of training, so that the probabilities are those of photos, and takes their
    mean: the least squared error, and the palest. vivid 1 weighs rare colours fully and sharpens the
    probabilities before the mean is taken (the annealed mean).
    """
    if not 0 <= vivid <= 1:
        raise ValueError(f"vivid goes from 0 to 1, not {vivid}")
    return (probabilities(logits, vivid) @ BINS).astype(np.float32)


def probabilities(logits: np.ndarray, vivid: float) -> np.ndarray:
    """Logits (..., 261) -> probabilities, re-weighted and sharpened as `decode` says."""
    sharpness = np.float32(1 / (1 - 0.62 * vivid))  # a temperature from 1 to 0.38
    p = logits + ((vivid - TRAINED) * np.log(weights())).astype(np.float32)
    p -= p.max(axis=-1, keepdims=True)
    p *= sharpness
    np.exp(p, out=p)
    p /= p.sum(axis=-1, keepdims=True)
    return p

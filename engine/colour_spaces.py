"""sRGB ⇄ linear light ⇄ CIE L*a*b* under D65, for whole pictures at once, in float32.

sRGB is what files and screens hold: numbers that go with what the eye sees (IEC 61966-2-1). Linear light is
what a lamp gives: only there may colours be added. L*a*b* (CIE 1976) parts lightness L, 0 to 100, from
colour: a from green to red, b from blue to yellow, both 0 for gray; a distance of 1 is about the least that
an eye can tell. Arrays are (..., 3). Numbers beyond a screen's colours are kept, not cut off: `srgb_from_lab`
then gives less than 0 or more than 1.
"""

from __future__ import annotations

from functools import cache

import numpy as np

# Linear sRGB to XYZ, from the primaries and the white of IEC 61966-2-1 (Bruce Lindbloom's digits).
TO_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)
WHITE = TO_XYZ.sum(axis=1)  # D65: what red, green and blue at full strength give together
# The two numbers of the CIE's standard as fractions: below EPSILON the cube root gives way to a line.
EPSILON, KAPPA = 216 / 24389, 24389 / 27
SRGB_KNEE, LINEAR_KNEE = 0.04045, 0.0031308


def linear_from_srgb(srgb: np.ndarray) -> np.ndarray:
    """sRGB, uint8 or float from 0 to 1 -> linear light, float32 from 0 to 1. ValueError for other whole
    numbers.
    """
    if srgb.dtype == np.uint8:
        return _linear_bytes()[srgb]
    if srgb.dtype.kind in "iu":
        raise ValueError(f"colours are uint8, or float from 0 to 1, not {srgb.dtype}")
    x = np.asarray(srgb, np.float32)
    curve = ((np.maximum(x, np.float32(0)) + np.float32(0.055)) / np.float32(1.055)) ** np.float32(2.4)
    return np.where(x <= np.float32(SRGB_KNEE), x / np.float32(12.92), curve)


@cache
def _linear_bytes() -> np.ndarray:
    """Linear light of the 256 bytes: most pictures are made of them, and a table is quicker than a power."""
    x = np.arange(256) / 255
    table = np.where(x <= SRGB_KNEE, x / 12.92, ((x + 0.055) / 1.055) ** 2.4).astype(np.float32)
    table.setflags(write=False)
    return table


def srgb_from_linear(linear: np.ndarray) -> np.ndarray:
    """Linear light -> sRGB, float32; light below zero stays below zero."""
    x = np.asarray(linear, np.float32)
    curve = np.maximum(x, np.float32(0)) ** np.float32(1 / 2.4) * np.float32(1.055) - np.float32(0.055)
    return np.where(x <= np.float32(LINEAR_KNEE), x * np.float32(12.92), curve)


def lab_from_linear(linear: np.ndarray) -> np.ndarray:
    """Linear light -> L*a*b*, float32."""
    relative = np.asarray(linear, np.float32) @ _TO_RELATIVE
    root = np.maximum(relative, np.float32(0)) ** np.float32(1 / 3)  # several times as quick as np.cbrt
    line = relative * np.float32(KAPPA / 116) + np.float32(16 / 116)
    return np.where(relative > np.float32(EPSILON), root, line) @ _TO_LAB - _LAB_OFFSET


def linear_from_lab(lab: np.ndarray) -> np.ndarray:
    """L*a*b* -> linear light, float32; outside 0 to 1 where no screen can show the colour."""
    root = (np.asarray(lab, np.float32) + _LAB_OFFSET) @ _FROM_LAB
    line = root * np.float32(116 / KAPPA) - np.float32(16 / KAPPA)
    return np.where(root > np.float32(6 / 29), root * root * root, line) @ _FROM_RELATIVE


def lab_from_srgb(srgb: np.ndarray) -> np.ndarray:
    """sRGB, uint8 or float from 0 to 1 -> L*a*b*, float32."""
    return lab_from_linear(linear_from_srgb(srgb))


def srgb_from_lab(lab: np.ndarray) -> np.ndarray:
    """L*a*b* -> sRGB, float32; outside 0 to 1 where no screen can show the colour."""
    return srgb_from_linear(linear_from_lab(lab))


def to_bytes(srgb: np.ndarray) -> np.ndarray:
    """sRGB from 0 to 1 -> uint8, rounded; what lies outside is cut off."""
    return np.rint(np.clip(srgb, 0, 1) * np.float32(255)).astype(np.uint8)


# XYZ is taken relative to white at once. With f the cube roots: L = 116 f(Y) - 16, a = 500 (f(X) - f(Y)),
# b = 200 (f(Y) - f(Z)).
_RELATIVE = TO_XYZ / WHITE[:, None]
_LAB = np.array([[0.0, 116.0, 0.0], [500.0, -500.0, 0.0], [0.0, 200.0, -200.0]])
_LAB_OFFSET = np.array([16, 0, 0], np.float32)
_TO_RELATIVE, _FROM_RELATIVE = (m.T.astype(np.float32) for m in (_RELATIVE, np.linalg.inv(_RELATIVE)))
_TO_LAB, _FROM_LAB = (m.T.astype(np.float32) for m in (_LAB, np.linalg.inv(_LAB)))

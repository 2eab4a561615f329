"""What a screen shows of CIE Lab: bytes of sRGB for a lightness and a colour, and the lightness of bytes."""

from __future__ import annotations

from functools import cache

import numpy as np

from engine.colour_spaces import EPSILON, KAPPA, TO_XYZ, linear_from_lab, linear_from_srgb, srgb_from_linear

SLACK = 0.0003  # of full light: what a colour may lie outside of a screen's before it is paled
HALVINGS = 7  # of the interval in which the palest colour lies that still exists


def lightness_of(rgb: np.ndarray) -> np.ndarray:
    """L of CIE Lab, 0 to 100, for (H, W, 3) uint8: (H, W) float32."""
    tables = _luminance_tables()
    y = tables[0][rgb[..., 0]]
    for table, channel in ((tables[1], 1), (tables[2], 2)):
        y += table[rgb[..., channel]]
    line = y * np.float32(KAPPA)
    dark = y <= np.float32(EPSILON)
    np.power(y, np.float32(1 / 3), out=y)
    y *= np.float32(116)
    y -= np.float32(16)
    np.copyto(y, line, where=dark)
    return y


@cache
def _luminance_tables() -> np.ndarray:
    """(3, 256): what each byte of red, green and blue gives to the luminance."""
    return (TO_XYZ[1][:, None] * linear_from_srgb(np.arange(256, dtype=np.uint8))).astype(np.float32)


def srgb_bytes(lab: np.ndarray) -> np.ndarray:
    """CIE Lab (..., 3) as sRGB bytes; a colour that does not exist at its lightness is paled until it
    does.
    """
    linear = linear_from_lab(lab)
    exists = _exists(linear)
    if not exists.all():
        linear[~exists] = linear_from_lab(_paled(lab[~exists]))
    level = np.clip(linear, 0, 1, out=linear)
    level *= np.float32(65535)
    level += np.float32(0.5)
    return _bytes_of_light()[level.astype(np.uint16)]


def _exists(linear: np.ndarray) -> np.ndarray:
    """Whether a screen has linear light (..., 3); by channels, as a minimum over three numbers is slow."""
    exists = np.ones(linear.shape[:-1], bool)
    for channel in range(3):
        exists &= linear[..., channel] >= -SLACK
        exists &= linear[..., channel] <= 1 + SLACK
    return exists


def _paled(lab: np.ndarray) -> np.ndarray:
    """Colours (N, 3) with a and b scaled down until they exist, found by halving."""
    least, most = np.zeros(len(lab), np.float32), np.ones(len(lab), np.float32)
    tried = lab.copy()
    for _ in range(HALVINGS):
        middle = (least + most) / 2
        tried[:, 1:] = lab[:, 1:] * middle[:, None]
        exists = _exists(linear_from_lab(tried))
        least, most = np.where(exists, middle, least), np.where(exists, most, middle)
    tried[:, 1:] = lab[:, 1:] * least[:, None]
    return tried


@cache
def _bytes_of_light() -> np.ndarray:
    """The sRGB byte of linear light in 65,535ths."""
    light = np.arange(65536, dtype=np.float32) / np.float32(65535)
    return np.rint(srgb_from_linear(light) * np.float32(255)).astype(np.uint8)

"""What a screen shows of CIE Lab."""

from __future__ import annotations

import numpy as np

from engine.colour_spaces import lab_from_srgb
from engine.screen_colours import lightness_of, srgb_bytes


def test_what_does_not_exist_is_paled_and_keeps_hue_and_lightness() -> None:
    lab = np.array([[20, 0, 110], [95, -90, 90], [50, 120, -120], [0, 50, 50], [100, 10, 10]], np.float32)
    found = lab_from_srgb(srgb_bytes(lab))
    np.testing.assert_allclose(found[:, 0], lab[:, 0], atol=0.7)
    for made, wanted in zip(found[:3, 1:], lab[:3, 1:], strict=True):
        cosine = float(made @ wanted / np.hypot(*made) / np.hypot(*wanted))
        assert cosine > 0.99
        assert 5 < np.hypot(*made) < np.hypot(*wanted)


def test_colours_that_exist_stay() -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (50, 50, 3), dtype=np.uint8)
    assert np.abs(srgb_bytes(lab_from_srgb(rgb)).astype(int) - rgb).max() <= 1


def test_lightness_against_the_whole_conversion() -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (50, 50, 3), dtype=np.uint8)
    rgb[:20] //= 40  # dark ones too
    np.testing.assert_allclose(lightness_of(rgb), lab_from_srgb(rgb)[..., 0], atol=0.01)

"""Pictures inside the page's own HTML: made small enough, and written as data URIs."""

from __future__ import annotations

import base64
import io

import cv2
import numpy as np
from PIL import Image


def data_uri(picture: np.ndarray) -> str:
    """A picture (H, W), (H, W, 3) or (H, W, 4) uint8 as a PNG, or as a JPEG where that is far smaller."""
    image = Image.fromarray(picture)
    png = _encoded(image, "PNG", optimize=picture.size < 100_000)
    if len(png) > 40_000 and image.mode in ("L", "RGB"):
        return "data:image/jpeg;base64," + _encoded(image, "JPEG", quality=88)
    return "data:image/png;base64," + png


def _encoded(image: Image.Image, kind: str, **options: int) -> str:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return base64.b64encode(buffer.getvalue()).decode("ascii")


def shrunk(picture: np.ndarray, longest: int) -> np.ndarray:
    """The picture, no wider or higher than `longest` pixels."""
    height, width = picture.shape[:2]
    scale = longest / max(height, width)
    if scale >= 1:
        return picture
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)


def box_style(box: tuple[int, int, int, int], width: int, height: int) -> str:
    """Where a box (x, y, width, height) lies on a picture `width` x `height` pixels large, as CSS."""
    x, y, wide, high = box
    return (
        f"left:{100 * x / width:.2f}%;top:{100 * y / height:.2f}%;"
        f"width:{100 * wide / width:.2f}%;height:{100 * high / height:.2f}%"
    )

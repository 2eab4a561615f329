"""Numbers as pen strokes, drawn for tests: each way of writing a digit by its name, lines and papers."""

from __future__ import annotations

import numpy as np

from engine.strokes import render

Way = list[list[tuple[float, float]]]
SIDE = 140  # pixels: what the pad sends

# Ways of writing; x to the right, y down, a digit about 0.6 wide and 1 high. A point twice is a corner.
WAYS: dict[str, tuple[int, Way]] = {
    "1, a stem": (1, [[(0.3, 0.0), (0.29, 0.5), (0.3, 1.0)]]),
    "1 with a hook": (1, [[(0.06, 0.3), (0.2, 0.18), (0.36, 0.0), (0.36, 0.0), (0.36, 0.5), (0.36, 1.0)]]),
    "1 with a hook and a foot": (
        1,
        [[(0.1, 0.24), (0.34, 0.0), (0.34, 0.0), (0.34, 1.0)], [(0.08, 1.0), (0.6, 1.0)]],
    ),
    "7, plain": (7, [[(0.0, 0.02), (0.6, 0.0), (0.6, 0.0), (0.38, 0.5), (0.22, 1.0)]]),
    "7 with a bar": (
        7,
        [[(0.0, 0.04), (0.6, 0.0), (0.6, 0.0), (0.36, 0.5), (0.24, 1.0)], [(0.12, 0.52), (0.6, 0.48)]],
    ),
    "7 with a corner": (
        7,
        [[(0.02, 0.26), (0.04, 0.0), (0.04, 0.0), (0.58, 0.0), (0.58, 0.0), (0.46, 0.5), (0.38, 1.0)]],
    ),
    "4, open": (
        4,
        [[(0.12, 0.0), (0.05, 0.52), (0.05, 0.52), (0.62, 0.5)], [(0.5, 0.06), (0.46, 0.5), (0.44, 1.0)]],
    ),
    "4, closed": (
        4,
        [[(0.46, 1.0), (0.46, 0.0), (0.46, 0.0), (0.0, 0.66), (0.0, 0.66), (0.66, 0.66)]],
    ),
    "9 with a long tail": (
        9,
        [
            [
                (0.54, 0.18),
                (0.4, 0.0),
                (0.12, 0.04),
                (0.03, 0.24),
                (0.2, 0.42),
                (0.44, 0.36),
                (0.54, 0.14),
                (0.56, 0.5),
                (0.5, 0.95),
                (0.3, 1.25),
                (0.02, 1.25),
            ]
        ],
    ),
    "9, a straight one": (
        9,
        [
            [
                (0.52, 0.12),
                (0.34, 0.0),
                (0.1, 0.06),
                (0.04, 0.3),
                (0.22, 0.46),
                (0.46, 0.34),
                (0.53, 0.1),
                (0.53, 0.1),
                (0.54, 0.55),
                (0.53, 1.0),
            ]
        ],
    ),
    "0": (
        0,
        [
            [
                (0.3, 0.0),
                (0.06, 0.16),
                (0.02, 0.6),
                (0.2, 1.0),
                (0.46, 0.9),
                (0.56, 0.4),
                (0.42, 0.04),
                (0.28, 0.0),
            ]
        ],
    ),
    "2": (
        2,
        [
            [
                (0.02, 0.24),
                (0.2, 0.0),
                (0.52, 0.08),
                (0.5, 0.36),
                (0.2, 0.76),
                (0.0, 1.0),
                (0.0, 1.0),
                (0.6, 0.98),
            ]
        ],
    ),
    "3": (
        3,
        [
            [
                (0.04, 0.1),
                (0.3, 0.0),
                (0.54, 0.14),
                (0.46, 0.4),
                (0.2, 0.47),
                (0.2, 0.47),
                (0.5, 0.54),
                (0.58, 0.8),
                (0.32, 1.0),
                (0.0, 0.9),
            ]
        ],
    ),
    "5": (
        5,
        [
            [(0.1, 0.0), (0.07, 0.44), (0.07, 0.44), (0.36, 0.4), (0.58, 0.66), (0.4, 0.98), (0.02, 0.94)],
            [(0.1, 0.0), (0.55, 0.0)],
        ],
    ),
    "6": (
        6,
        [
            [
                (0.46, 0.0),
                (0.16, 0.24),
                (0.02, 0.66),
                (0.2, 1.0),
                (0.5, 0.9),
                (0.5, 0.6),
                (0.2, 0.56),
                (0.04, 0.76),
            ]
        ],
    ),
    "8": (
        8,
        [
            [
                (0.5, 0.12),
                (0.26, 0.0),
                (0.06, 0.16),
                (0.2, 0.4),
                (0.46, 0.58),
                (0.52, 0.86),
                (0.26, 1.0),
                (0.04, 0.84),
                (0.14, 0.6),
                (0.44, 0.36),
                (0.52, 0.12),
            ]
        ],
    ),
}
PLAIN = {digit: next(name for name, (shown, _) in WAYS.items() if shown == digit) for digit in range(10)} | {
    7: "7, plain",
    1: "1 with a hook",
    4: "4, closed",
    9: "9, a straight one",
}


def named(text: str) -> list[str]:
    """A plain way for each digit of a text."""
    return [PLAIN[int(digit)] for digit in text]


def strokes(names: list[str], height: float, gap: float = 0.22) -> list[np.ndarray]:
    """Digits beside each other, each `height` pixels per unit, the first at (0, 0)."""
    placed, right = [], 0.0
    for name in names:
        ways = [np.array(way, np.float32) for way in WAYS[name][1]]
        left = min(float(way[:, 0].min()) for way in ways)
        placed += [(way - (left, 0)) * height + (right, 0) for way in ways]
        right += (max(float(way[:, 0].max()) for way in ways) - left + gap) * height
    return [stroke.astype(np.float32) for stroke in placed]


def ink_of_lines(
    lines: list[list[str]],
    height: float,
    pen: float,
    size: tuple[int, int],
    at: tuple[float, float],
    gap: float = 0.22,
) -> np.ndarray:
    """Ink of lines below each other, the first at (x, y), on a canvas (height, width): uint8, 255 is ink."""
    x, y = at
    everything = [
        stroke + np.array([x, y + 1.6 * n * height], np.float32)
        for n, names in enumerate(lines)
        for stroke in strokes(names, height, gap)
    ]
    return render(everything, pen, size)


def on_pad(*texts: str, height: float = 0.0) -> np.ndarray:
    """Lines as someone writes them on the pad, all of it in SIDE x SIDE: ink, 255 is ink."""
    longest = max(map(len, texts))
    height = height or min(120 / (0.8 * longest), 80 / (1.6 * len(texts) - 0.6), 60)
    return ink_of_lines([named(text) for text in texts], height, 3.5, (SIDE, SIDE), (8, 12))


def written(text: str, height: float = 60, pen: float = 5.0) -> np.ndarray:
    """A number on white: (H, W) uint8, black on white."""
    names = named(text)
    width = int(max(float(stroke[:, 0].max()) for stroke in strokes(names, height)) + 60)
    return 255 - ink_of_lines([names], height, pen, (int(height + 60), width), (30, 28))

"""What a reader of several digits returns: the text, and where each character stands in the picture."""

from __future__ import annotations

from dataclasses import dataclass

SURE = 0.5  # a character less probable than this is not sure


@dataclass(frozen=True)
class Character:
    """One character that was read.

    confidence: its probability, 0 to 1. box: x, y, width, height in the picture's own pixels. runner_up: what
    else it might be, with its probability; "" where nothing else comes near.
    """

    text: str
    confidence: float
    box: tuple[int, int, int, int]
    runner_up: str = ""
    runner_up_confidence: float = 0.0


@dataclass(frozen=True)
class Reading:
    """The text, lines in reading order separated by newlines, and its characters in the same order."""

    text: str
    characters: tuple[Character, ...]

    @property
    def unsure(self) -> bool:
        """Whether any character is less probable than a half."""
        return any(character.confidence < SURE for character in self.characters)

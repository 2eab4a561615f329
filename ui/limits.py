"""What one visitor may use of the machine. Whoever hosts the page decides, by environment variables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

PREFIX = "PAINT_BY_NUMPY_"


@dataclass(frozen=True)
class Limits:
    """max_epochs: of one run. max_seconds: of training until it pauses by itself. max_trainings: at one
    time, of all visitors together. max_parameters: of one network. max_step_megabytes: that one batch may
    fill with the outputs of the layers. keep_seconds: how long a visitor's network is kept after its last
    use. max_lesson_pictures: that a captcha reader learns in one lesson. score_pictures: that are read for a
    captcha score; check_pictures: of each style, before a lesson and after it. max_upload_megabytes: of one
    file.

    The variable of max_epochs is PAINT_BY_NUMPY_MAX_EPOCHS, and so on.
    """

    max_epochs: int = 100
    max_seconds: int = 900
    max_trainings: int = 2
    max_parameters: int = 2_000_000
    max_step_megabytes: int = 256
    keep_seconds: int = 3600
    max_lesson_pictures: int = 12_800
    score_pictures: int = 50
    check_pictures: int = 40
    max_upload_megabytes: int = 200

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Limits:
        """The defaults, but for what `environment` sets; ValueError where that is no whole number above 0."""
        found = {}
        for field in fields(cls):
            name = PREFIX + field.name.upper()
            text = environment.get(name, "").strip()
            if text:
                if not (text.isascii() and text.isdigit() and int(text) > 0):
                    raise ValueError(f"{name} should be a whole number above 0, not {text!r}")
                found[field.name] = int(text)
        return cls(**found)


def spoken_time(seconds: float) -> str:
    """ "0.4 s", "8 s", "3 min 20 s", "1 h 5 min": as a person would say it."""
    if 0 < seconds <= 0.5:
        return f"{max(0.1, seconds):.1f} s"
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s" if whole % 60 else f"{whole // 60} min"
    minutes = round(whole / 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes % 60 else f"{minutes // 60} h"

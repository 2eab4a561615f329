"""What is said of something that was asked for: a sentence, or a bar while it goes on. See messages.css."""

from __future__ import annotations

from html import escape


def message(text: str, kind: str = "note", *, first: str = "") -> str:
    """A sentence, told to screen readers as it comes; `first` is said before it, in bold.

    kind: "note", "done", "error" where something can't be done, or a word of one part of the page.
    """
    role = "alert" if kind == "error" else "status"
    bold = f"<b>{escape(first)}</b> " if first else ""
    return f'<p class="message {kind}" role="{role}">{bold}{escape(text)}</p>'


def bar(fraction: float, text: str, label: str) -> str:
    """How far something is, 0 to 1, and a line below it. label: what a screen reader calls the bar."""
    percent = f"{100 * min(1.0, max(0.0, fraction)):.1f}"
    return (
        f'<div class="meter" role="progressbar" aria-label="{escape(label)}" aria-valuemin="0" '
        f'aria-valuemax="100" aria-valuenow="{percent}"><i style="width:{percent}%"></i></div>'
        f'<p class="pace">{escape(text)}</p>'
    )

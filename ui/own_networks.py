"""A visitor's own networks, trained, taught or brought back here; they are chosen beside the shipped ones."""

from __future__ import annotations

from typing import Any

import gradio as gr

from engine.checkpoint import load_pretrained, pretrained_names
from engine.network import Network

MAX_OWN = 8  # the oldest makes room
GONE = "This network is no longer kept here: train it again or upload its file."

Own = dict[str, Network]  # changed in place, never replaced: a drawing may be read at the same moment
open_pages: dict[str, Own] = {}  # session -> the networks of a visitor who has some


class GoneError(ValueError):
    """There is no network of that name, or not any more; the text says so."""


def names(own: Own) -> list[str]:
    """Every network that a visitor can choose: ours first, their own last."""
    return [*pretrained_names(), *own]


def choices(own: Own) -> list[tuple[str, str]]:
    """The same as (label, name), as a picker has them."""
    return [(name, name) for name in names(own)]


def find(name: str, own: Own) -> Network:
    """The network of that name. GoneError where there is none."""
    if name in own:
        return own[name]
    if name not in pretrained_names():
        raise GoneError(GONE)
    return load_pretrained(name)


def offer(network: Network, name: str, own: Own) -> tuple[Own, dict[str, Any]]:
    """Put a visitor's network into Draw's picker and choose it: the new values of `own` and of the picker.

    A name that is taken gets a number; beyond MAX_OWN networks the oldest goes.
    """
    taken, free, number = {*names(own)}, name, 2
    while free in taken:
        free, number = f"{name} {number}", number + 1
    own[free] = network
    while len(own) > MAX_OWN:
        del own[next(iter(own))]
    return own, gr.update(choices=choices(own), value=[free])


def remember(session: str | None, own: Own) -> None:
    """Whose networks they are, for `leave`."""
    if own and session:
        open_pages[session] = own


def leave(session: str | None) -> None:
    """Let go of a visitor's networks now; Gradio would keep its state for an hour."""
    open_pages.pop(session or "", {}).clear()

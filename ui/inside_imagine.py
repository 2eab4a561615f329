"""Imagine: noise becomes what a network takes for a digit, shown step by step."""

from __future__ import annotations

import re
import time
from collections.abc import Generator, Iterator
from contextlib import closing
from html import escape

from engine.imagine import STEPS, Dream, imagine
from ui.answer import percent
from ui.draw import BLANK
from ui.inside_look import Look, look_at
from ui.inside_pictures import inked
from ui.own_networks import Own

WISH_TEMPLATE = (
    '<p class="asked" id="wish-asked">Imagine a …</p>'
    '<div class="wishes" role="group" aria-labelledby="wish-asked">'
    + "".join(f'<button type="button">{digit}</button>' for digit in range(10))
    + "</div>"
)
# The value is the digit and how many wishes there were, so that the same digit can be wished for again.
WISH_SCRIPT = """
let wishes = 0;
element.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button) props.value = `${button.textContent} ${++wishes}`;
});"""

EVERY = 4  # steps between two pictures on the page
PAUSE = 0.2  # seconds that one stays at least
KEPT = tuple(STEPS * part // 8 for part in range(9))  # steps that stay on the page


def wished(wish: str | None) -> tuple[int, int]:
    """A wish's digit and the seed of its dream; both are 0 where it is none: it comes from a browser."""
    found = re.fullmatch(r"([0-9]) ([0-9]{1,9})", wish or "")
    return (int(found[1]), int(found[2])) if found else (0, 0)


def dream(digit: int, name: str | None, seed: int, own: Own) -> Generator[str]:
    """A digit imagined by a network, as HTML again and again."""
    look = look_at("", name, own)
    if isinstance(look, str):
        yield f'<p class="failure" role="alert">{look}</p>'
        return
    yield from _frames(look, digit, seed)


def _frames(look: Look, digit: int, seed: int) -> Iterator[str]:
    kept: list[Dream] = []
    with closing(imagine(look.network, digit, seed)) as dreams:
        shown = -PAUSE
        for now in dreams:
            kept += [now] * (now.step in KEPT)
            if now.step % EVERY and now.step < now.steps:
                continue
            time.sleep(max(0.0, shown + PAUSE - time.monotonic()))
            shown = time.monotonic()
            yield page(escape(look.name), now, kept)


def page(name: str, now: Dream, kept: list[Dream]) -> str:
    """One moment: the picture large, and the steps before it small. `name` is HTML."""
    small = "".join(
        f'<figure><img src="{inked(old.ink)}" alt="step {old.step}">'
        f"<figcaption>{old.step}</figcaption></figure>"
        for old in kept
    )
    share = percent(now.probability) or "nothing"
    done = "" if now.step < now.steps else " done"
    return (
        f'<div class="dream{done}"><img class="paper" src="{inked(now.ink)}" alt="what {name} imagines">'
        f'<div><p class="lead" role="status">Step {now.step} of {now.steps}: {name} sees '
        f"<b>{share}</b> of a {now.digit}.</p>"
        f'<div class="film" role="group" aria-label="Steps">{small}</div></div></div>'
    )


def nothing_yet() -> str:
    """Before the first dream."""
    return f'<div class="dream"><img class="paper" src="{inked(BLANK)}" alt=""><div></div></div>'

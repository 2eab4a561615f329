"""Why: which ink speaks for the answer and which against, and what would make it another digit."""

from __future__ import annotations

from html import escape

import numpy as np

from engine.saliency import occlusion, smoothed, strokes, turn_into
from ui.answer import percent
from ui.inside_look import Look
from ui.inside_pictures import inked, key, signed

NO_DRAWING = '<p class="told">Draw a digit first.</p>'


def why(look: Look) -> str:
    """Both maps for the network's own answer."""
    if look.blank:
        return NO_DRAWING
    digit, share = look.digit, look.seen.probabilities[look.digit]
    ink = look.amounts
    return (
        f'<p class="lead">{escape(look.name)} reads <b>{digit}</b>, {percent(float(share))}. '
        f"{key('speaks for it', 'speaks against it')}</p>"
        '<div class="maps">'
        + _map(
            smoothed(strokes(look.network, ink, digit)),
            ink,
            "Stroke by stroke",
            f"How much a little more ink at each inked pixel would do for the {digit} "
            "(gradient × input, a little smoothed).",
        )
        + _map(
            occlusion(look.network, ink, digit),
            ink,
            "Place by place",
            f"How much of the {digit} is lost when a small window is left blank (occlusion).",
        )
        + "</div>"
    )


def _map(values: np.ndarray, ink: np.ndarray, title: str, about: str) -> str:
    return (
        f'<figure><div class="over"><img class="ghost" src="{inked(ink)}" alt=""><img src="{signed(values)}" '
        f'alt="{escape(title)}"></div><figcaption><h3>{escape(title)}</h3><p>{escape(about)}</p></figcaption></figure>'
    )


def another(look: Look, digit: int) -> str:
    """What the network would take for `digit`, changed as little as that takes."""
    if look.blank:
        return NO_DRAWING
    ink = look.amounts
    change = turn_into(look.network, ink, digit)
    if change.steps == 0:
        return f'<p class="told" role="status">It already reads {digit}. Choose another digit.</p>'
    difference = change.ink - ink
    added, taken = float(np.maximum(difference, 0).sum()), float(np.maximum(-difference, 0).sum())
    share = f"{100 * float(np.abs(difference).sum()) / float(ink.sum()):.0f} %"
    said = (
        f"Now it reads {digit}, {percent(change.probability)}."
        if change.reached
        else (f"It did not get there: {digit} has {percent(change.probability) or 'next to nothing'}.")
    )
    return (
        f'<p class="lead" role="status"><b>{said}</b> The change is {share} of the ink: '
        f"{added:.1f} pixels added, {taken:.1f} taken away.</p>"
        f'<div class="maps three">{_figure(inked(ink), "before")}{_over(ink, difference)}'
        f"{_figure(inked(change.ink), 'after')}</div>"
        "<p>Networks can be turned by changes that would fool no person; good ones need strokes.</p>"
    )


def _figure(source: str, name: str) -> str:
    return (
        f'<figure><div class="over"><img class="paper" src="{source}" alt="{name}"></div>'
        f"<figcaption>{name}</figcaption></figure>"
    )


def _over(ink: np.ndarray, difference: np.ndarray) -> str:
    return (
        f'<figure><div class="over"><img class="ghost" src="{inked(ink)}" alt="">'
        f'<img src="{signed(difference, 1.0)}" alt="the change"></div>'
        f"<figcaption>{key('ink added', 'taken away')}</figcaption></figure>"
    )

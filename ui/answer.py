"""What a network answered, as a piece of the page: the digit, ten bars, and the picture that the network saw.

Plain HTML made in Python; the page changes it in place, so that bars glide from one answer to the next.
"""

import base64
import io
from dataclasses import dataclass
from html import escape

import numpy as np
from PIL import Image

from engine.digits import Prediction
from engine.network import Network


@dataclass(frozen=True)
class Answer:
    """One network's answer to one picture. `failure` is a sentence that stands in its place."""

    network: str
    facts: tuple[str, ...] = ()
    prediction: Prediction | None = None
    failure: str = ""


def facts_of(network: Network) -> tuple[str, ...]:
    """How well it read pictures that it had never seen, where that is known, and how large it is."""
    tested = [(name, score) for name, score in network.metrics.items() if name.endswith("test")]
    known = [f"{score:.1%} on {name.removesuffix(' test')}" for name, score in tested[:1]]
    return (*known, f"{network.parameter_count:,} parameters")


def to_html(answers: list[Answer], blank: str) -> str:
    """The answers side by side; `blank` is what stands where a digit would, as long as there is none."""
    cards = "".join(card(answer, blank) for answer in answers)
    return f'<div class="answers" data-count="{min(len(answers), 4)}">{cards}</div>'


def card(answer: Answer, blank: str) -> str:
    """One network's answer."""
    facts = "".join(f"<span>{escape(fact)}</span>" for fact in answer.facts)
    name = f'<div class="who"><h3>{escape(answer.network)}</h3>{facts}</div>'
    if answer.prediction is None:
        why = escape(answer.failure)
        return f'<section class="answer">{name}<p class="failure" role="alert">{why}</p></section>'
    prediction = answer.prediction
    state = "blank" if prediction.digit is None else "unsure" if prediction.unsure else "sure"
    words = escape(blank) if prediction.digit is None else prediction.sentence
    best = percent(prediction.confidence)
    return f"""<section class="answer">{name}<div class="frame"><div class="reading {state}">
<div class="verdict"><span class="digit" role="status">{words}</span>
<span class="certainty">{best}</span></div>
<figure class="seen"><img alt="the picture that the network sees" src="{picture(prediction.network_input)}">
<figcaption>what the network sees</figcaption></figure>
{bars(prediction)}
<p class="time">{times(prediction)}</p></div></div></section>"""


def bars(prediction: Prediction) -> str:
    """Ten bars, one for each digit."""
    rows = "".join(
        f'<li class="{"best" if digit == prediction.digit else ""}" style="--share:{share:.4f}">'
        f"<b>{digit}</b><i></i><span>{percent(share)}</span></li>"
        for digit, share in enumerate(prediction.probabilities.tolist())
    )
    return f'<ol class="bars" aria-label="Probability of each digit">{rows}</ol>'


def percent(share: float) -> str:
    """ "97.3 %", and nothing where there is next to nothing."""
    return f"{share * 100:.1f}\u00a0%" if share >= 0.0005 else ""


def times(prediction: Prediction) -> str:
    """How long it took, the picture's preparation and the network apart."""
    if prediction.digit is None:
        return "&nbsp;"
    prepare, read = prediction.preparing_seconds * 1000, prediction.network_seconds * 1000
    return f"prepared in <b>{prepare:.1f} ms</b>, read in <b>{read:.1f} ms</b>"


def picture(pixels: np.ndarray) -> str:
    """A uint8 array (H, W) as a data URL."""
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return "data:image/png;base64," + base64.b64encode(out.getvalue()).decode()

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


@dataclass(frozen=True)
class Answer:
    """One network's answer to one picture. `failure` is a sentence that stands in its place."""

    network: str
    prediction: Prediction | None = None
    failure: str = ""


def to_html(answers: list[Answer], blank: str) -> str:
    """The answers side by side; `blank` is what stands where a digit would, as long as there is none."""
    cards = "".join(card(answer, blank) for answer in answers)
    return f'<div class="answers" data-count="{min(len(answers), 4)}">{cards}</div>'


def card(answer: Answer, blank: str) -> str:
    """One network's answer."""
    name = f"<h3>{escape(answer.network)}</h3>"
    if answer.prediction is None:
        why = escape(answer.failure)
        return f'<section class="answer">{name}<p class="failure" role="alert">{why}</p></section>'
    prediction = answer.prediction
    state = "blank" if prediction.digit is None else "unsure" if prediction.unsure else "sure"
    words = escape(blank) if prediction.digit is None else prediction.sentence
    best = percent(prediction.confidence)
    return f"""<section class="answer">{name}<div class="frame"><div class="reading {state}">
<div class="verdict" role="status"><span class="digit">{words}</span>
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
    return f"{share * 100:.1f} %" if share >= 0.0005 else ""


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

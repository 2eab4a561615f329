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

SURE = 0.6  # below this the runner-up is named too
IN_QUESTION = 0.25  # a digit is named beside the best when it has this part of the best's probability


@dataclass(frozen=True)
class Answer:
    """One network's answer to one picture. `failure` is a sentence that stands in its place."""

    network: str
    prediction: Prediction | None = None
    failure: str = ""


def verdict(prediction: Prediction) -> str:
    """In words: "4", "4 or 9?" where the network is not sure, "" where there is no ink."""
    if prediction.digit is None:
        return ""
    order = np.argsort(prediction.probabilities)[::-1]
    best = float(prediction.probabilities[order[0]])
    if best >= SURE:
        return str(prediction.digit)
    rivals = [int(d) for d in order[1:3] if prediction.probabilities[d] >= IN_QUESTION * best]
    *others, last = [prediction.digit, *rivals]
    return f"{', '.join(map(str, others))} or {last}?" if others else f"{last}?"


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
    words = verdict(prediction)
    state = "blank" if not words else "sure" if len(words) == 1 else "unsure"
    best = f"{prediction.probabilities.max() * 100:.1f} %" if words else ""
    return f"""<section class="answer">{name}<div class="frame"><div class="reading {state}">
<div class="verdict" role="status"><span class="digit">{words or escape(blank)}</span>
<span class="certainty">{best}</span></div>
<figure class="seen"><img alt="the picture that the network sees" src="{picture(prediction.network_input)}">
<figcaption>what the network sees</figcaption></figure>
{bars(prediction)}
<p class="time">{times(prediction)}</p></div></div></section>"""


def bars(prediction: Prediction) -> str:
    """Ten bars, one for each digit."""
    shares = prediction.probabilities if prediction.digit is not None else np.zeros(10, np.float32)
    rows = "".join(
        f'<li class="{"best" if digit == prediction.digit else ""}" style="--share:{share:.4f}">'
        f'<b>{digit}</b><i></i><span>{share * 100:.1f}<small> %</small></span></li>'
        for digit, share in enumerate(shares.tolist())
    )
    return f'<ol class="bars" aria-label="Probability of each digit">{rows}</ol>'


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

"""Kernels: small squares of weights slid over the drawing, chosen by people, visitors and learning."""

from __future__ import annotations

import json
from html import escape

import gradio as gr
import numpy as np

from engine.kernels import CLASSIC, apply, learned, picture_weights
from ui.inside_look import Look
from ui.inside_pictures import number, signed, strength_of

LARGEST = 100.0  # that one of the visitor's nine numbers may be
MOST = 24  # neurons shown of a network without kernels
OWN_START = [[0, -1, 0], [0, 0, 0], [0, 1, 0]]
PRESETS = {kernel.name: kernel.weights.astype(float).round(4).tolist() for kernel in CLASSIC}

OWN_TEMPLATE = (
    '<div class="own-kernel" role="group" aria-label="Your own kernel"><div class="nine">'
    + "".join(
        f'<input type="number" step="any" value="{value}" min="{-LARGEST:g}" max="{LARGEST:g}" '
        f'aria-label="Row {row + 1}, column {column + 1}">'
        for row, line in enumerate(OWN_START)
        for column, value in enumerate(line)
    )
    + '</div><div class="presets">'
    + "".join(f'<button type="button">{escape(name)}</button>' for name in PRESETS)
    + "</div></div>"
)
OWN_SCRIPT = f"""
const presets = {json.dumps(PRESETS)};
const fields = [...element.querySelectorAll("input")];
const say = () => {{ props.value = JSON.stringify(fields.map((field) => field.value)); }};
element.addEventListener("input", say);
element.addEventListener("click", (event) => {{
  const kernel = presets[event.target.closest("button")?.textContent];
  if (!kernel) return;
  kernel.flat().forEach((value, i) => {{ fields[i].value = value; }});
  say();
}});"""


def own_kernel() -> gr.HTML:
    """Nine fields; the component's value is "" at first and then their texts as a JSON list."""
    return gr.HTML(
        "",
        html_template=OWN_TEMPLATE,
        js_on_load=OWN_SCRIPT,
        apply_default_css=False,
        elem_id="inside-own",
    )


def own_weights(typed: str | None) -> np.ndarray | str:
    """The visitor's kernel (3, 3), or the sentence that says what is wrong with it."""
    if not typed:
        return np.array(OWN_START, np.float32)
    try:
        texts = json.loads(typed)
        values = [float(text or 0) for text in texts]
    except (TypeError, ValueError):
        return "Nine numbers make a kernel."
    if len(values) != 9 or not all(abs(value) <= LARGEST for value in values):
        return f"Nine numbers from −{LARGEST:g} to {LARGEST:g} make a kernel."
    return np.array(values, np.float32).reshape(3, 3)


def own_view(look: Look, typed: str | None) -> str:
    """What the visitor's own kernel makes of the drawing."""
    weights = own_weights(typed)
    if isinstance(weights, str):
        return f'<p class="failure" role="alert">{weights}</p>'
    return (
        f'<figure class="own-made"><img src="{signed(apply(look.amounts, weights))}" '
        'alt="the drawing through your own kernel"></figure>'
    )


def bench(look: Look) -> str:
    """The classic kernels, then the learned ones, each with what it makes of the drawing."""
    classic = "".join(_pair(k.name, k.weights, look.amounts, k.about) for k in CLASSIC)
    return (
        "<h3>Chosen by people</h3>"
        "<p>A kernel slides over the drawing; each place becomes the sum of its products.</p>"
        f'<div class="bench">{classic}</div>{_learned(look)}'
    )


def _pair(name: str, weights: np.ndarray, picture: np.ndarray, about: str) -> str:
    made = apply(picture, weights)
    small = weights.shape[0] == 3
    kernel = _numbers(weights) if small else f'<img class="kernel" src="{signed(weights)}" alt="its weights">'
    return (
        f'<figure><figcaption>{escape(name)}</figcaption><div class="made">{kernel}'
        f'<img src="{signed(made)}" alt="the drawing through {escape(name)}"></div>'
        f"{f'<p>{escape(about)}</p>' if about else ''}</figure>"
    )


def _numbers(weights: np.ndarray) -> str:
    """Nine numbers as a grid."""
    strongest = strength_of(weights)
    cells = "".join(
        f'<b style="--part:{min(1, abs(v) / strongest):.2f}" '
        f'class="{"more" if v > 0 else "less"}">{_short(v)}</b>'
        for v in weights.ravel().tolist()
    )
    return f'<div class="kernel nine">{cells}</div>'


def _short(value: float) -> str:
    return f"{value:g}".replace("-", "−") if value == int(value) else number(value, 2)


def _learned(look: Look) -> str:
    kernels = learned(look.network)
    if kernels is not None:
        strongest = strength_of(kernels)
        tiles = "".join(
            _tile(signed(kernel, strongest), signed(apply(look.amounts, kernel)), f"kernel {i}")
            for i, kernel in enumerate(kernels, 1)
        )
        size = kernels.shape[1]
        said = f"The {len(kernels)} kernels of {size} × {size} that {escape(look.name)} found by itself."
    else:
        weights = picture_weights(look.network)
        if weights is None:
            return ""
        said = (
            f"{escape(look.name)} has no kernels: each neuron weighs the whole drawing at once. "
            f"Its weights, and their products with the ink, of {min(MOST, len(weights))} neurons."
        )
        strongest = strength_of(weights[:MOST])
        tiles = "".join(
            _tile(signed(w, strongest), signed(w * look.amounts), f"neuron {i}")
            for i, w in enumerate(weights[:MOST], 1)
        )
    return f'<h3>Found by learning</h3><p>{said}</p><div class="learnt">{tiles}</div>'


def _tile(weights: str, made: str, name: str) -> str:
    return (
        f'<figure title="{name}"><img class="kernel" src="{weights}" alt="{name}">'
        f'<img src="{made}" alt="the drawing through {name}"></figure>'
    )

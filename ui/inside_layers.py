"""Layers: what every stage of a network gives for the drawing, as one picture for each stage.

The pictures are drawn, and a visitor's hand is followed, in `inside_layers.js`; this module says what there
is to draw: for each stage its maps in one strip, and for each of their rows and columns what it reads and
sees.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np

from engine.layers import AveragePool2D, GlobalAveragePool, MaxPool2D, UpSample2D
from engine.stages import Pass, reach, window
from ui.answer import percent
from ui.inside_look import Look
from ui.inside_pictures import key, strength_of, strip
from ui.inside_words import about, titles

SCRIPT = (Path(__file__).parent / "inside_layers.js").read_text(encoding="utf-8")
TEMPLATE = (
    f'<p class="legend">{key("above zero", "below zero.")} '
    "Point at a number to see where it looks; press it to see how it is computed.</p>"
    '<div class="stages"></div>'
)
MAP_BY_MAP = (MaxPool2D, AveragePool2D, UpSample2D, GlobalAveragePool)  # each map reads the one before it


def layers_panel() -> gr.HTML:
    """The component; its value is the JSON that `describe` makes."""
    return gr.HTML(
        "",
        html_template=TEMPLATE,
        js_on_load=SCRIPT,
        apply_default_css=False,
        elem_id="inside-layers",
    )


def describe(look: Look) -> str:
    """All stages of a Look but the first, which is the picture itself, and the probabilities, as JSON."""
    seen, names = look.seen, titles(look.seen)
    stages = [_stage(seen, i, names) for i in range(1, len(seen.stages))]
    return json.dumps({"network": look.name, "stages": [*stages, _shares(seen, names[-1])]})


def _stage(seen: Pass, stage: int, names: list[str]) -> dict[str, Any]:
    output = seen.output(stage)
    maps = output if output.ndim == 3 else output[None, None]
    last = stage == len(seen.stages) - 1
    layer = seen.steps[seen.stages[stage].head].layer
    return {
        "stage": stage,
        "title": names[stage],
        "about": about(seen, stage),
        "maps": maps.shape[2],
        "size": [int(side) for side in maps.shape[:2]],
        "flat": output.ndim == 1,
        "picture": strip(maps, strength_of(output)),
        "reads": seen.sources(stage),
        "same": isinstance(layer, MAP_BY_MAP),
        "window": [window(seen, stage, axis).tolist() for axis in (0, 1)],
        "sees": [reach(seen, stage, axis).tolist() for axis in (0, 1)],
        "labels": list(seen.network.labels) if last and output.shape == (len(seen.network.labels),) else [],
        "values": [],
    }


def _shares(seen: Pass, name: str) -> dict[str, Any]:
    count = len(seen.probabilities)
    sides = seen.steps[0].output.shape[1:3]
    return {
        "stage": len(seen.stages),
        "title": name,
        "about": about(seen, len(seen.stages)),
        "maps": count,
        "size": [1, 1],
        "flat": True,
        "picture": strip(np.asarray(seen.probabilities)[None, None], 1.0),
        "reads": [len(seen.stages) - 1],
        "same": False,
        "window": [[[0, 1]], [[0, 1]]],
        "sees": [[[0, int(side)]] for side in sides],
        "labels": list(seen.network.labels),
        "values": [percent(float(share)) for share in seen.probabilities],
    }

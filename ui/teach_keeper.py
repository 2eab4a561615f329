"""One's own digits in the storage of the browser's tab: they come back when the page is loaded again.

The server writes the set, as its file in base64, into a component that nobody sees; the page stores that, and
sends it when it is loaded. A browser may refuse to store anything, and what it sends may be anything.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

import gradio as gr

from engine.own_digits import MOST_BYTES, OwnDigits, OwnDigitsError, packed, unpacked
from ui.teach_pupil import Pupil

SCRIPT = """
const name = "paint-by-numpy.digits";
let kept = null;
try { kept = sessionStorage.getItem(name); } catch { /* no storage */ }
watch("value", () => {
  try {
    if (props.value) sessionStorage.setItem(name, props.value);
    else sessionStorage.removeItem(name);
  } catch { /* no storage, or a full one */ }
});
if (kept) trigger("submit", {digits: kept});
"""


def keeper() -> gr.HTML:
    """What holds the set on the page, out of sight."""
    return gr.HTML(
        "",
        html_template="<template>${value}</template>",
        js_on_load=SCRIPT,
        apply_default_css=False,
        visible="hidden",
        elem_id="teach-keeper",
    )


def update(pupil: Pupil, digits: OwnDigits) -> Any:
    """The keeper's new value; nothing where it has this set already."""
    if pupil.kept is digits:
        return gr.skip()
    pupil.kept = digits
    return base64.b64encode(packed(digits)).decode() if len(digits) else ""


def with_kept(text: Any, digits: OwnDigits) -> OwnDigits:
    """The digits that a page has kept, and then `digits`; these alone where the former make no sense."""
    if not isinstance(text, str) or len(text) > 2 * MOST_BYTES:
        return digits
    try:
        kept = unpacked(base64.b64decode(text, validate=True))
        return kept.with_pictures((digit.picture, digit.label) for digit in digits)
    except (binascii.Error, OwnDigitsError):
        return digits

"""Step by step, where it began: a strip in five equal slices, its misread 3, the cure, what that forgets."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from html import escape

import cv2
import gradio as gr
import numpy as np

from engine.checkpoint import load_pretrained
from engine.network import Network
from engine.slices import RECIPE, Look, Progress, cure, look, rehearse
from engine.strip import TEXT, Strip, strip_of
from ui.events import QUEUED
from ui.pictures import data_uri

PAUSE = 0.06  # seconds that each look at the cure stays on the screen
TRUTH = TEXT.replace(" ", "")
STAGES = {
    "learning": "learnt handwritten digits",
    "cure": "was cured with threes alone",
    "rehearsal": "was cured with threes among old samples",
}
INTRODUCTION = (
    "A picture is cut into five equal slices, each is shrunk to 8 × 8 and read by a network of 64, 32 and 10 "
    "neurons that has seen handwritten digits only. Cure trains it on a picture of threes. Replay does the "
    "same with old samples among the new ones."
)
Looks = dict[str, Look]
Lesson = Callable[[Network], Iterator[Progress]]


# --- handlers --------------------------------------------------------------------------------------------


def begin(looks: Looks | None) -> Iterator[tuple[str, Looks | None]]:
    """The part was opened: the picture at once, then what the network makes of it."""
    if not looks:
        yield story({}), looks
        looks = {"learning": look(load_pretrained(RECIPE), strip_of())}
    yield story(looks), looks


def press_cure(looks: Looks | None) -> Iterator[tuple[str, Looks]]:
    """Cure: the network's weights go where the threes want them, step by step."""
    yield from _lesson(looks, lambda network: cure(network))


def press_replay(looks: Looks | None) -> Iterator[tuple[str, Looks]]:
    """Replay: the same with old samples among the new ones."""
    yield from _lesson(looks, lambda network: rehearse(network))


def _lesson(looks: Looks | None, lesson: Lesson) -> Iterator[tuple[str, Looks]]:
    looks = dict(looks or {"learning": look(load_pretrained(RECIPE), strip_of())})
    with closing(lesson(load_pretrained(RECIPE).copy())) as events:  # type: ignore[type-var]
        for event in events:
            looks = {**looks, event.stage: event.look}
            yield story(looks, f"Learning: {event.step} of {event.steps} samples"), looks
            time.sleep(PAUSE)
    yield story(looks), looks


# --- HTML ------------------------------------------------------------------------------------------------


def story(looks: Looks, doing: str = "") -> str:
    """The strip, its slices, and a row for each network that has read them."""
    strip = strip_of()
    rows = "".join(_row(STAGES[stage], looks[stage]) for stage in STAGES if stage in looks)
    head = "".join(f'<th scope="col">{_slice(strip, i)}</th>' for i in range(len(strip.slices)))
    return (
        f'<div class="origins"><p>{INTRODUCTION}</p>'
        f'<img class="strip-picture" src="{data_uri(_cut_lines(strip))}" alt="{TEXT}, cut into five">'
        f'<div class="scroll"><table><thead><tr><th scope="col">Read by a network that</th>{head}'
        f'<th scope="col">handwritten digits</th></tr></thead><tbody>{rows}</tbody></table></div>'
        f'<p class="lesson" role="status">{escape(doing or _moral(looks))}</p></div>'
    )


def _slice(strip: Strip, i: int) -> str:
    return (
        f'<img src="{data_uri(_enlarged(strip.slices[i], 2))}" alt="slice {i + 1}">'
        f'<img src="{data_uri(_enlarged(strip.shrunk[i], 6))}" alt="the same in 8 × 8">'
    )


def _row(title: str, seen: Look) -> str:
    cells = "".join(
        _cell(digit, truth, float(output.max()))
        for digit, truth, output in zip(seen.text, TRUTH, seen.outputs, strict=True)
    )
    return f'<tr><th scope="row">{escape(title)}</th>{cells}<td>{seen.handwritten:.0%}</td></tr>'


def _cell(digit: str, truth: str, output: float) -> str:
    kind = "right" if digit == truth else "wrong"
    said = "" if digit == truth else '<span class="hidden">wrong</span>'
    return f'<td class="{kind}"><b>{digit}</b>{said}<small>{output:.2f}</small></td>'


def _moral(looks: Looks) -> str:
    if "cure" in looks and "rehearsal" in looks:
        return "Both read the 3. Only the one that rehearsed still reads handwriting."
    if "rehearsal" in looks:
        return "The 3 is right, and handwriting is kept."
    if "cure" in looks:
        before, after = looks["learning"].handwritten, looks["cure"].handwritten
        return (
            f"The 3 is right. But of handwritten digits, {after:.0%} instead of {before:.0%} are: forgotten."
        )
    return "The printed 3 is read as an 8: such a 3 was never seen." if looks else "Reading …"


def _cut_lines(strip: Strip) -> np.ndarray:
    """The strip four times as large, with lines where it is cut."""
    picture = np.repeat(_enlarged(strip.picture, 4)[..., None], 3, axis=2)
    x = 0
    for part in strip.slices[:-1]:
        x += 4 * part.shape[1]
        cv2.line(picture, (x, 0), (x, picture.shape[0]), (31, 152, 115), 2)
    return picture


def _enlarged(picture: np.ndarray, times: int) -> np.ndarray:
    return np.ascontiguousarray(picture.repeat(times, axis=0).repeat(times, axis=1))


# --- layout ----------------------------------------------------------------------------------------------


def build() -> None:
    """The part, closed; nothing is computed until it is opened."""
    looks: gr.State = gr.State(None)
    with gr.Accordion("Step by step: where it began", open=False, elem_id="captcha-origins") as part:
        told = gr.HTML("", apply_default_css=False)
        with gr.Row(elem_classes="buttons"):
            cure_button = gr.Button("Cure", elem_id="captcha-cure", scale=0, min_width=120)
            replay_button = gr.Button("Replay", elem_id="captcha-replay", scale=0, min_width=120)
    part.expand(begin, looks, [told, looks], **QUEUED)
    cure_button.click(press_cure, looks, [told, looks], trigger_mode="once", **QUEUED)
    replay_button.click(press_replay, looks, [told, looks], trigger_mode="once", **QUEUED)

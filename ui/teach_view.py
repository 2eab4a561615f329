"""What Teach shows, as HTML: the row of ten digits, what a lesson did, the gallery, the chart."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from engine.lessons import Lesson
from engine.own_digits import EVERY, OwnDigit, OwnDigits
from ui.charts import Line, chart, linear_scale
from ui.messages import message
from ui.pictures import data_uri

COLOUR = "#0fa573"

ROW = (
    '<div class="correct" data-mode="teach"><div class="modes" role="radiogroup" aria-label="What to do with '
    'the drawing"><label><input type="radio" name="teach-mode" value="teach" checked>'
    '<span>No, it was a …</span></label><label><input type="radio" name="teach-mode" value="keep">'
    "<span>Keep it as a …</span></label></div>"
    '<div class="ten" role="group" aria-label="The digit that you drew">'
    + "".join(f'<button type="button" data-digit="{digit}">{digit}</button>' for digit in range(10))
    + "</div></div>"
)
# The first touch of the pad has the pictures of the examination made, so that the first lesson need not wait.
# data-sent: what is on the pad is what the last press sent.
ROW_SCRIPT = """
const row = element.querySelector(".correct");
row.addEventListener("change", (event) => { row.dataset.mode = event.target.value; });
row.addEventListener("click", (event) => {
  const digit = event.target.closest("[data-digit]")?.dataset.digit;
  if (digit === undefined) return;
  row.dataset.sent = "";
  trigger("click", {digit: Number(digit), mode: row.dataset.mode});
});
const pad = document.querySelector("#pad");
pad.addEventListener("pointerdown", () => trigger("focus"), {once: true});
pad.addEventListener("drawn", () => { delete row.dataset.sent; trigger("clear"); });
"""
# A drawing that was kept makes room for the next one, if that has not begun meanwhile.
CLEAR = """(note) => {
  if (!note.includes("message kept") || !document.querySelector("#teach-row [data-sent]")) return;
  document.querySelector("#pad [data-does=clear]").click();
}"""
# The drawing has changed, which the note was about. That it was kept is still said over the empty pad.
FORGET = """(note) => (
  note.includes("message kept") && document.querySelector("#pad .pad.blank") ? note : ""
)"""
# The row with Undo goes with the last lesson; who is at the keyboard goes on beside it. What the section said
# of the lesson goes too.
TAKEN_BACK = """() => {
  requestAnimationFrame(() => requestAnimationFrame(() => {
    const {activeElement: active, body} = document;
    const row = document.querySelector("#teach-after");
    if (!row?.checkVisibility() && (active === body || row?.contains(active)))
      document.querySelector("#teach-row [data-digit]").focus();
  }));
  return "";
}"""
GALLERY_SCRIPT = """
element.addEventListener("click", (event) => {
  const number = event.target.closest("[data-remove]")?.dataset.remove;
  if (number !== undefined) trigger("click", {number: Number(number), label: null});
});
element.addEventListener("change", (event) => {
  const number = event.target.dataset?.relabel;
  if (number === undefined) return;
  event.stopPropagation();
  trigger("click", {number: Number(number), label: Number(event.target.value)});
});
"""


def percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def lesson_said(lesson: Lesson, label: int, told: str, seconds: float) -> str:
    """What the lesson with one drawing did, and what it cost."""
    before, after = lesson.probabilities
    if not lesson.kept:
        return undone(lesson, told)
    was, now = int(before.argmax()), int(after.argmax())
    if now == label:
        text = f"Learnt: it reads {now} now ({percent(after[now])}). It read {was} ({percent(before[was])})."
        if was == label:
            text = f"It reads {label}, {percent(after[label])} sure now, {percent(before[label])} before."
    else:
        text = f"It still reads {now}, but {label} is nearer: {percent(after[label])}. Press {label} again."
    took = f"{seconds:.1f} s" if seconds >= 0.1 else "less than 0.1 s"
    return message(f"{cost(lesson, told)} Taught in {took}.", first=text)


def all_said(lesson: Lesson, told: str) -> str:
    """What the lesson with all of one's own digits did."""
    text = "Learnt your digits." if lesson.kept else "Learnt your digits until it began to forget others."
    return message(cost(lesson, told), first=text)


def of_several(note: str, name: str, names: Sequence[str]) -> str:
    """A note that says which network it is about, where several are compared."""
    return note if len(names) < 2 else note.replace(">", f">{escape(name)} was taught. ", 1)


def of_one(name: str, names: Sequence[str]) -> str:
    """ " of name", where several are compared."""
    return f" of {name}" if len(names) > 1 else ""


def count(number: int, what: str) -> str:
    """A number of things, as "1 digit" or "2 digits"."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def cost(lesson: Lesson, told: str) -> str:
    return f"Of {told} it reads {percent(lesson.after)}, before any lesson {percent(lesson.before)}."


def undone(lesson: Lesson, told: str) -> str:
    why = (
        f"It would have forgotten too much: of {told} it read {percent(lesson.before)} before any lesson "
        f"and would read {percent(lesson.after)} now. Your network is as it was."
    )
    return message(why, "undone", first="Undone.")


# --- my digits --------------------------------------------------------------------------------------------


def gallery(digits: OwnDigits) -> str:
    """The drawings by digit, each with its label to be changed and a way to remove it."""
    if not len(digits):
        return (
            '<p class="message">None yet. Draw on the pad, choose <b>Keep it as a …</b> under the answer, '
            "and press the digit.</p>"
        )
    aside = digits.aside()
    figures = "".join(_figure(digit, digit.number in aside) for digit in _sorted(digits))
    return (
        f'<p class="message">{count(len(digits), "digit")}, {kept_aside(len(aside))}</p>'
        f'<div class="mine">{figures}</div>'
    )


def kept_aside(number: int) -> str:
    """How many are kept aside, and what for."""
    if not number:
        return (
            f"none kept aside so far. Every {EVERY}rd of each will be: it is never learnt, and shows how "
            "well your hand is read."
        )
    they = "it is never learnt, and shows" if number == 1 else "they are never learnt, and show"
    return (
        f"{number} of them kept aside (dashed, every {EVERY}rd of each): {they} how well your hand is read."
    )


def _sorted(digits: OwnDigits) -> list[OwnDigit]:
    return sorted(digits, key=lambda digit: (digit.label, digit.number))


def _figure(digit: OwnDigit, aside: bool) -> str:
    options = "".join(
        f'<option value="{label}"{" selected" if label == digit.label else ""}>{label}</option>'
        for label in range(10)
    )
    kind = ", kept aside" if aside else ""
    return (
        f'<figure class="{"aside" if aside else ""}">'
        f'<img src="{data_uri(digit.picture)}" alt="a drawn {digit.label}{kind}"><figcaption>'
        f'<select data-relabel="{digit.number}" aria-label="What this drawing shows">{options}</select>'
        f'<button type="button" data-remove="{digit.number}" aria-label="Remove this {digit.label}">×'
        "</button></figcaption></figure>"
    )


def own_chart(marks: Sequence[float], kept: int) -> str:
    """How many of the kept drawings were read right, before any lesson and after each."""
    if not marks:
        return ""
    lines = [Line([(float(i), 100 * mark) for i, mark in enumerate(marks)], COLOUR)]
    summary = f"from {100 * marks[0]:.0f} % to {100 * marks[-1]:.0f} % in {count(len(marks) - 1, 'lesson')}"
    return chart(
        "Your hand",
        f"read right of {count(kept, 'drawing')} kept aside, %",
        lines,
        linear_scale(0.0, float(max(4, len(marks) - 1)), 4),
        linear_scale(0.0, 100.0, 4),
        "lessons",
        summary=summary,
    )

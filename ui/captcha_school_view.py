"""What Score and Teach show, as HTML: progress, misread pictures, the loss, the marks before and after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

from engine.captcha_lessons import Checked, Exercise, Lesson, PictureRead
from engine.captcha_styles import STYLES
from ui.charts import Line, chart, linear_scale, round_up
from ui.curve import Curve
from ui.messages import bar, message
from ui.pictures import data_uri, shrunk

COLOUR = "#3b82f6"
MOST_MISREAD = 12  # shown of a score
SIDE = 220  # pixels that a misread picture is wide
EMPTY_CHART = "Press Teach it, and watch it fall."


@dataclass
class Marks:
    """How many of `count` pictures of each style were read right, before a lesson and after it."""

    style: str
    count: int
    before: dict[str, int] = field(default_factory=dict)
    after: dict[str, int] = field(default_factory=dict)

    def note(self, event: Checked) -> None:
        if event.done == event.count:
            (self.after if event.after else self.before)[event.style] = event.right


def described(exercise: Exercise) -> str:
    """ "Dots, 4 digits, difficulty 2" """
    digits = f"{exercise.length} digit{'s' * (exercise.length > 1)}"
    return f"{STYLES[exercise.style].title}, {digits}, difficulty {exercise.difficulty}"


# --- score ----------------------------------------------------------------------------------------------


def scoring(event: PictureRead | None, misread: Sequence[PictureRead], count: int) -> str:
    """A score on its way: what is misread is shown at once."""
    done, right = (event.done, event.right) if event else (0, 0)
    text = f"{right} of {done} right so far" if done else "Beginning …"
    return f"{bar(done / count, text, 'Progress of the score')}{gallery(misread)}"


def scored(
    event: PictureRead | None, misread: Sequence[PictureRead], exercise: Exercise, stopped: bool
) -> str:
    """A score at its end."""
    if event is None:
        return message("Stopped before it began.")
    wrong = event.done - event.right
    early = f" Stopped after {event.done} of {event.count}." if stopped and event.done < event.count else ""
    said = "every digit of each" if not wrong else f"{wrong} misread"
    return (
        f'<p class="headline" role="status"><b>{event.right} of {event.done}</b> read right, '
        f"{said}. {escape(described(exercise))}.{early}</p>{gallery(misread)}"
    )


def gallery(misread: Sequence[PictureRead]) -> str:
    """The misread pictures: what each says and what was read."""
    if not misread:
        return ""
    figures = "".join(map(_misread, misread[:MOST_MISREAD]))
    more = len(misread) - MOST_MISREAD
    rest = f"<p>… and {more} more.</p>" if more > 0 else ""
    return f'<div class="misread" role="group" aria-label="Misread pictures">{figures}</div>{rest}'


def _misread(event: PictureRead) -> str:
    read = event.read or "nothing"
    alt = f"a picture of {event.text}, read as {read}"
    source = data_uri(shrunk(event.picture, SIDE))
    return (
        f'<figure><img src="{source}" alt="{escape(alt)}"><figcaption>{escape(event.text)} → '
        f"<b>{escape(read)}</b></figcaption></figure>"
    )


# --- teach ----------------------------------------------------------------------------------------------


def loss_chart(curve: Curve | None, pictures: int) -> str:
    """The loss over the pictures learnt, smoothed, with its batches behind."""
    points = curve.points if curve else []
    lines = []
    if points:
        lines = [
            Line([(p.x, p.value) for p in points], COLOUR, faint=True),
            Line([(p.x, p.smooth) for p in points], COLOUR),
        ]
    top = max((p.smooth for p in points), default=1.0)
    so_far = points[-1].x if points else 0.0
    x = linear_scale(0.0, min(float(pictures), round_up(max(so_far, pictures / 20))) if points else pictures)
    summary = f"from {points[0].smooth:.3g} to {points[-1].smooth:.3g}" if points else EMPTY_CHART
    return chart(
        "Loss",
        "CTC, lower is better",
        lines,
        x,
        linear_scale(0.0, top * 1.3, 4),
        "pictures learnt",
        summary=summary,
    )


def marks_table(marks: Marks | None) -> str:
    """Before and after, for the style of the lesson and for each other one."""
    if marks is None or not marks.before:
        return ""
    others = [style for style in STYLES if style != marks.style]
    rows = [_row(STYLES[marks.style].title, marks, [marks.style], "own")]
    rows.append(_row("All other styles", marks, others, "sum"))
    rows += [_row(STYLES[style].title, marks, [style], "") for style in others]
    return (
        f'<section class="marks"><h3>Read right, of {marks.count} pictures of each style</h3>'
        '<table><thead><tr><th scope="col">Style</th><th scope="col">before</th><th scope="col">after</th>'
        f'<th scope="col"><span class="hidden">change</span></th></tr></thead><tbody>{"".join(rows)}</tbody>'
        "</table></section>"
    )


def _row(title: str, marks: Marks, styles: Sequence[str], kind: str) -> str:
    before, after = (_sum(found, styles) for found in (marks.before, marks.after))
    count = marks.count * len(styles)
    change = "" if before is None or after is None else _change(100 * (after - before) / count)
    return (
        f'<tr class="{kind}"><th scope="row">{escape(title)}</th><td>{_share(before, count)}</td>'
        f"<td>{_share(after, count)}</td><td>{change}</td></tr>"
    )


def _sum(found: dict[str, int], styles: Sequence[str]) -> int | None:
    return sum(found[style] for style in styles) if all(style in found for style in styles) else None


def _share(right: int | None, count: int) -> str:
    return "" if right is None else f"{_rounded(100 * right / count)} %"


def _change(points: float) -> str:
    if abs(points) < 0.05:
        return '<span class="same">=</span>'
    kind, sign = ("better", "+") if points > 0 else ("worse", "−")
    return f'<span class="{kind}">{sign}{_rounded(abs(points))}</span>'


def _rounded(percent: float) -> str:
    """To a tenth, so that a change is what the two shares beside it say: 92.5 and 95 are 2.5 apart."""
    return f"{percent:.1f}".removesuffix(".0")


def lesson_text(lesson: Lesson) -> str:
    share = f", {lesson.replay:.0%} of them replayed from other styles" if lesson.replay else ", nothing else"
    return f"{described(lesson.exercise)}{share}"

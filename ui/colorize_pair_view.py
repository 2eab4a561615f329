"""What learning from one pair shows, as HTML: pictures, progress, two charts, the network as a picture."""

from __future__ import annotations

from html import escape

import numpy as np

from engine.neighbourhoods import NEIGHBOURHOODS
from engine.network import Network
from engine.painting import Pair
from engine.pixel_networks import summary
from ui.charts import Line, chart, linear_scale
from ui.colorize_apprentice import Lesson
from ui.curve import Curve
from ui.limits import spoken_time
from ui.messages import bar
from ui.pictures import data_uri

LOSS, PSNR, GRAY = "#3b82f6", "#0fa573", "#8a8f98"
MOST_DRAWN = 12  # hidden units in the picture of the network


def picture(pixels: np.ndarray, title: str, note: str = "") -> str:
    """One picture with its name below."""
    small = f" <small>{escape(note)}</small>" if note else ""
    return (
        f'<figure class="pair-picture"><img src="{data_uri(pixels)}" alt="{escape(title)}">'
        f"<figcaption>{escape(title)}{small}</figcaption></figure>"
    )


def nothing(title: str, note: str) -> str:
    """The place of a picture that is not there yet."""
    return (
        f'<figure class="pair-picture"><div class="blank"><p>{escape(note)}</p></div>'
        f"<figcaption>{escape(title)}</figcaption></figure>"
    )


PRESS_LEARN = nothing("what the network paints", "Press Learn")


def gray(pair: Pair) -> str:
    return picture(pair.gray, "gray", f"{pair.gray_psnr:.1f} dB")


def truth(pair: Pair) -> str:
    return picture(pair.colour, "the truth")


def output(lesson: Lesson) -> str:
    """What comes out of the network now."""
    look = lesson.last
    return "" if look is None else picture(look.picture, "what the network paints", f"{look.psnr:.1f} dB")


def progress(lesson: Lesson) -> str:
    look = lesson.last
    if look is None or not look.pixels:
        return bar(0, "Beginning …", "Progress of the learning")
    fraction = look.pixels / look.all_pixels
    left = spoken_time(max(1.0, look.seconds / fraction * (1 - fraction)))
    pace = look.pixels / look.seconds
    text = f"Epoch {min(look.epoch + 1, look.epochs)} of {look.epochs} · {pace:,.0f} pixels/s · {left} left"
    return bar(fraction, text, "Progress of the learning")


def ended(lesson: Lesson, reason: str) -> str:
    """The end in words."""
    look = lesson.last
    if look is None:
        return ""
    epochs = look.pixels / (look.all_pixels / look.epochs)
    took = f"{look.seconds:.1f} s" if look.seconds < 10 else spoken_time(look.seconds)
    learnt = f"{epochs:.3g} epoch{'' if epochs == 1 else 's'} in {took}"
    better = look.psnr - lesson.pair.gray_psnr
    compared = f"{abs(better):.1f} dB {'better' if better >= 0 else 'worse'} than the gray picture"
    begin = {"done": "Learnt", "stopped": "Stopped after"}.get(reason, f"{reason} It ended after")
    return f"{begin} {learnt}: {look.psnr:.1f} dB, {compared}."


# --- charts -----------------------------------------------------------------------------------------------


def loss_chart(lesson: Lesson | None) -> str:
    points = [] if lesson is None else _points(lesson.loss)
    top = max((y for _, y in points), default=1.0)
    said = f"from {points[0][1]:.3g} to {points[-1][1]:.3g}" if points else "Press Learn, and watch it fall."
    return chart(
        "Loss",
        "lower is better",
        [Line(points, LOSS)] if points else [],
        linear_scale(0, lesson.choices.epochs if lesson else 50),
        linear_scale(0, top * 1.1, 4),
        "epochs",
        summary=said,
    )


def psnr_chart(lesson: Lesson | None) -> str:
    """The likeness to the truth; faint, that of the gray picture."""
    points = [] if lesson is None else _points(lesson.psnr)
    lines, epochs = [], lesson.choices.epochs if lesson else 50
    if lesson is not None and points:
        floor = min(lesson.pair.gray_psnr, 60.0)
        lines = [Line(points, PSNR), Line([(0, floor), (epochs, floor)], GRAY, faint=True)]
    top = max([30.0, *(y for _, y in points)])
    said = f"from {points[0][1]:.1f} to {points[-1][1]:.1f} dB" if points else "And this one rises."
    hint = "dB; faint: of the gray picture"
    return chart(
        "PSNR", hint, lines, linear_scale(0, epochs), linear_scale(0, top, 4), "epochs", summary=said
    )


def _points(curve: Curve) -> list[tuple[float, float]]:
    return [(point.x, point.value) for point in curve.points]


# --- the network as a picture -----------------------------------------------------------------------------


def summary_picture(network: Network) -> str:
    """The summary that the article prints, drawn: what goes in, hidden units, what comes out, parameters."""
    rows = summary(network)
    hidden = network.parameters["0.weight"].shape[1]
    inputs = NEIGHBOURHOODS[network.preprocessing.neighbourhood].inputs
    total = sum(row.parameters for row in rows)
    said = f"{inputs} gray values, {hidden} hidden units, 3 colours, {total:,} parameters"
    return (
        f'<figure class="pair-network" role="img" aria-label="The network: {said}">'
        f'<svg viewBox="0 0 640 220" aria-hidden="true">{_wires(hidden)}{_patch(network)}'
        f"{_units(hidden)}{_outputs()}{_captions(inputs, hidden)}</svg>"
        f"<table><thead><tr><th>Layer (type)</th><th>Output shape</th><th>Parameters</th></tr></thead><tbody>"
        + "".join(
            f"<tr><td>{escape(row.layer)}</td><td>({', '.join(map(str, row.output_shape))})</td>"
            f"<td>{row.parameters:,}</td></tr>"
            for row in rows
        )
        + f"<tr><td>Total</td><td></td><td>{total:,}</td></tr></tbody></table></figure>"
    )


def _heights(count: int) -> list[float]:
    """Where `count` units lie, one below the other, around the middle."""
    step = min(40.0, 170.0 / max(1, count))
    return [95 + step * (i - (count - 1) / 2) for i in range(count)]


def _patch(network: Network) -> str:
    """The pixels that are read, of the square around the middle one."""
    kind = NEIGHBOURHOODS[network.preprocessing.neighbourhood]
    cell = 110 / kind.side
    squares = []
    for row in range(kind.side):
        for column in range(kind.side):
            read = "read" if (row, column) in kind.places else "unread"
            middle = " middle" if row == column == kind.side // 2 else ""
            squares.append(
                f'<rect class="{read}{middle}" x="{30 + column * cell:.1f}" y="{40 + row * cell:.1f}" '
                f'width="{cell - 3:.1f}" height="{cell - 3:.1f}" rx="3"/>'
            )
    return "".join(squares)


def _wires(hidden: int) -> str:
    drawn = _heights(min(hidden, MOST_DRAWN))
    lines = [f'<line x1="140" y1="95" x2="320" y2="{y:.1f}"/>' for y in drawn]
    lines += [f'<line x1="320" y1="{y:.1f}" x2="510" y2="{end:.1f}"/>' for y in drawn for end in _heights(3)]
    return "".join(lines)


def _units(hidden: int) -> str:
    return "".join(
        f'<circle class="node" cx="320" cy="{y:.1f}" r="5.5"/>' for y in _heights(min(hidden, MOST_DRAWN))
    )


def _outputs() -> str:
    colours = ("#d64545", "#2f9e58", "#3b6fd6")
    return "".join(
        f'<circle cx="510" cy="{y:.1f}" r="12" fill="{colour}"/>'
        for y, colour in zip(_heights(3), colours, strict=True)
    )


def _captions(inputs: int, hidden: int) -> str:
    texts = ((85, f"{inputs} grays"), (320, f"{hidden} sigmoids"), (525, "red, green, blue"))
    return "".join(f'<text x="{x}" y="212">{escape(text)}</text>' for x, text in texts)

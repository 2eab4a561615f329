"""An examination as HTML: the accuracy in one sentence, the confusion matrix, the most confident mistakes."""

from __future__ import annotations

from html import escape

import numpy as np

from ui.examination import Examination, Mistake
from ui.pictures import data_uri

OFTEN = 0.02  # of a digit's pictures: worth bold type


def report(examination: Examination) -> str:
    """All that is shown after a run."""
    return (
        f'<section class="report">{headline(examination)}'
        f'<div class="columns">{confusion_table(examination)}{mistakes(examination)}</div></section>'
    )


def headline(examination: Examination) -> str:
    wrong = examination.count - examination.right
    return (
        f'<p class="headline"><b>{100 * examination.accuracy:.2f} %</b> of {examination.count:,} '
        f"test pictures, which it had never seen, were read right ({wrong:,} wrong).</p>"
    )


def confusion_table(examination: Examination) -> str:
    """A table: rows are what was written, columns what was read. The darker, the larger its share."""
    head = "".join(f'<th scope="col">{escape(label)}</th>' for label in examination.labels)
    rows = "".join(
        f'<tr><th scope="row">{escape(label)}</th>{"".join(cells)}</tr>'
        for label, cells in zip(
            examination.labels, map(_cells, *_numbered(examination.confusion)), strict=True
        )
    )
    return (
        '<div class="confusion"><h3>What was read as what</h3>'
        "<p>Each row is a digit that was written, each column what the network read.</p>"
        f'<table><thead><tr><td aria-hidden="true"></td>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _numbered(confusion: np.ndarray) -> tuple[range, np.ndarray]:
    return range(len(confusion)), confusion


def _cells(i: int, counts: np.ndarray) -> list[str]:
    total = max(1, int(counts.sum()))
    return [_cell(int(count), count / total, right=i == j) for j, count in enumerate(counts)]


def _cell(count: int, share: float, right: bool) -> str:
    if not count:
        return '<td class="none">·</td>'
    strength = 12 + 58 * share if right else min(85.0, 5 + 800 * share)
    kind = "right" if right else "wrong often" if share >= OFTEN else "wrong"
    return f'<td class="{kind}" style="--strength:{strength:.0f}%">{count}</td>'


def mistakes(examination: Examination) -> str:
    if not examination.mistakes:
        return '<div class="mistakes"><h3>No mistakes</h3><p>Every test picture was read right.</p></div>'
    figures = "".join(map(_mistake, examination.mistakes))
    return (
        '<div class="mistakes"><h3>Its most confident mistakes</h3>'
        "<p>What was written → what was read, and how sure the network was.</p>"
        f'<div class="pictures">{figures}</div></div>'
    )


def _mistake(mistake: Mistake) -> str:
    sure = f"{100 * mistake.confidence:.0f} %"
    words = f"a {mistake.actual} read as {mistake.read}, {sure} sure"
    return (
        f'<figure><img src="{data_uri(mistake.picture)}" alt="{escape(words)}">'
        f"<figcaption>{escape(mistake.actual)} → <b>{escape(mistake.read)}</b> <small>{sure}</small>"
        "</figcaption></figure>"
    )

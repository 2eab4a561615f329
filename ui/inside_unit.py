"""One number taken apart, as a piece of the page: what it reads, its weights, the products, their sum."""

from __future__ import annotations

from html import escape

import numpy as np

from engine.stages import Pass
from engine.units import After, Unit, look
from ui.inside_pictures import number, signed, strength_of
from ui.inside_words import titles

GRID = 49  # numbers that are still readable as a grid
ROWS = 6  # of a table: the largest, and the rest in one row
PICTURES = 16  # maps shown as pictures
NAMES = {
    "BatchNorm": "batch normalisation",
    "ReLU": "ReLU: below zero becomes zero",
    "Sigmoid": "sigmoid: between 0 and 1",
    "Tanh": "tanh: between −1 and 1",
    "Dropout": "dropout: only in training",
}


def card(seen: Pass, stage: int, place: tuple[int, ...]) -> str:
    """The number at `place` of a stage; "" where there is none (the network may have changed since)."""
    try:
        unit = look(seen, stage, place)
    except IndexError:
        return ""
    body = {"weighted": _weighted, "largest": _largest, "share": _share}.get(unit.kind, _copy)
    title = titles(seen)[stage]
    return (
        f'<section class="unit"><header><h3>{escape(title)}</h3><p>{escape(spoken(seen, stage, place))}</p>'
        '<button type="button" data-close aria-label="Close">×</button></header>'
        f"{_result(unit)}{body(seen, unit)}</section>"
    )


def spoken(seen: Pass, stage: int, place: tuple[int, ...]) -> str:
    """Where a number lies, counted from one."""
    if len(place) == 3:
        return f"map {place[2] + 1}, row {place[0] + 1}, column {place[1] + 1}"
    outputs = stage >= len(seen.stages) - 1 and len(seen.probabilities) == len(seen.network.labels)
    return f"digit {seen.network.labels[place[0]]}" if outputs else f"number {place[0] + 1}"


def _result(unit: Unit) -> str:
    """The number itself."""
    return f'<p class="result"><b>{number(unit.activation, 4)}</b>the network’s own number here</p>'


# --- products that are added -----------------------------------------------------------------------------


def _weighted(seen: Pass, unit: Unit) -> str:
    weights, products = unit.weights, unit.products
    assert weights is not None
    assert products is not None
    shape = unit.patch.shape
    channel = 0
    if len(shape) == 3 and shape[0] * shape[1] <= GRID:
        channel = int(np.abs(products.sum(axis=(0, 1))).argmax())
        told = "" if shape[2] == 1 else f"Map {channel + 1} of {shape[2]} says most:"
        parts = (unit.patch[..., channel], weights[..., channel], products[..., channel])
        shown = f'<p class="told">{told}</p>' * bool(told) + _grids(*parts)
        rest = "" if shape[2] == 1 else _table(_by_map(products), "map", "sum of its products")
    elif len(shape) == 3:
        shown, rest = _pictures(unit.patch, weights, products), _top(unit)
    else:
        shown, rest = "", _top(unit)
    many = unit.patch.size
    about = f"{many:,} numbers, each times its weight, added up." if many > 2 else "Two numbers, added."
    return f'<p class="told">{about}</p>{shown}{rest}{_sum(unit)}'


def _grids(reads: np.ndarray, weights: np.ndarray, products: np.ndarray) -> str:
    return "".join(
        _grid(title, values)
        for title, values in (("reads", reads), ("× its weights", weights), ("= products", products))
    )


def _grid(title: str, values: np.ndarray, best: int | None = None) -> str:
    strongest = strength_of(values)
    cells = "".join(
        f'<td style="{_shade(v, strongest)}"{" class=best" if i == best else ""}>{number(v, 2)}</td>'
        + ("</tr><tr>" if (i + 1) % values.shape[1] == 0 and i + 1 < values.size else "")
        for i, v in enumerate(values.ravel().tolist())
    )
    return f'<table class="grid"><caption>{title}</caption><tbody><tr>{cells}</tr></tbody></table>'


def _shade(value: float, strongest: float) -> str:
    """A tint that words can be read on, in light and dark."""
    part = round(45 * min(1.0, abs(value) / strongest))
    colour = "var(--more)" if value > 0 else "var(--less)"
    return f"background:color-mix(in srgb,{colour} {part}%,transparent)"


def _pictures(patch: np.ndarray, weights: np.ndarray, products: np.ndarray) -> str:
    """Maps as pictures, below each other: what is read, the weights, the products."""
    maps = patch.shape[2]
    few = range(min(maps, PICTURES))
    rows = []
    for title, values in (("reads", patch), ("× its weights", weights), ("= products", products)):
        strongest = strength_of(values)
        images = "".join(f'<img src="{signed(values[..., i], strongest)}" alt="">' for i in few)
        rows.append(f"<figure><figcaption>{title}</figcaption><div>{images}</div></figure>")
    more = f'<p class="told">The first {PICTURES} of {maps} maps.</p>' if maps > PICTURES else ""
    kind = "one" if maps == 1 else "several"
    return f'<div class="sheets {kind}">{"".join(rows)}</div>{more}'


def _by_map(products: np.ndarray) -> list[tuple[str, float]]:
    return [(str(i + 1), float(v)) for i, v in enumerate(products.sum(axis=(0, 1)).tolist())]


def _table(parts: list[tuple[str, float]], what: str, value: str) -> str:
    """The largest of many parts, and the sum of the others."""
    order = sorted(parts, key=lambda part: -abs(part[1]))
    top, rest = order[:ROWS], order[ROWS:]
    rows = "".join(f'<tr><th scope="row">{what} {name}</th><td>{number(v)}</td></tr>' for name, v in top)
    if rest:
        left = number(sum(v for _, v in rest))
        rows += f'<tr><th scope="row">the other {len(rest)}</th><td>{left}</td></tr>'
    return f'<table class="parts"><caption>{value}</caption><tbody>{rows}</tbody></table>'


def _top(unit: Unit) -> str:
    """The largest products with what they are made of."""
    assert unit.weights is not None
    assert unit.products is not None
    products = unit.products.ravel()
    order = np.argsort(-np.abs(products), kind="stable")
    rows = "".join(
        f'<tr><th scope="row">{_where(unit.patch.shape, int(i))}</th><td>{number(unit.patch.flat[i])}</td>'
        f"<td>× {number(unit.weights.flat[i])}</td><td>= {number(products[i])}</td></tr>"
        for i in order[:ROWS]
    )
    if len(order) > ROWS:
        rest = number(products[order[ROWS:]].sum())
        name = f"the other {len(order) - ROWS:,}"
        rows += f'<tr><th scope="row">{name}</th><td></td><td></td><td>= {rest}</td></tr>'
    caption = "the largest products" if len(order) > ROWS else "products"
    return f'<table class="parts"><caption>{caption}</caption><tbody>{rows}</tbody></table>'


def _where(shape: tuple[int, ...], index: int) -> str:
    place = [int(i) + 1 for i in np.unravel_index(index, shape)]
    if len(place) == 1:
        return f"no. {place[0]}"
    spot = f"row {place[0]}, col. {place[1]}"
    return spot if shape[2] == 1 else f"map {place[2]}, {spot}"


def _sum(unit: Unit) -> str:
    """The sum and what becomes of it, step by step, down to the number on the map."""
    bias = np.float32(0) if unit.bias is None else unit.bias
    rows = [("sum of the products", number(unit.total - bias, 4))]
    if unit.bias is not None:
        rows += [("+ bias", number(unit.bias, 4))]
    if unit.bias is not None or unit.after:
        rows += [("= before activation" if unit.after else "= result", number(unit.total, 4))]
    return _steps(rows, unit)


def _steps(rows: list[tuple[str, str]], unit: Unit) -> str:
    for after in unit.after:
        rows.append((_becomes(after), number(after.value, 4)))
    items = "".join(f"<div><dt>{escape(what)}</dt><dd>{value}</dd></div>" for what, value in rows)
    differs = abs(float(unit.total) - float(unit.before))
    note = f"The network adds in another order and rounds otherwise, by {number(differs, 6)}."
    return f'<dl class="sum">{items}</dl>{f"<p>{note}</p>" if differs else ""}'


def _becomes(after: After) -> str:
    name = NAMES.get(after.kind, after.kind)
    if after.factor is None or after.shift is None:
        return f"→ {name}"
    sign = "−" if after.shift < 0 else "+"
    return f"→ {name}: × {number(after.factor)} {sign} {number(abs(after.shift))}"


# --- the other kinds -------------------------------------------------------------------------------------


def _largest(seen: Pass, unit: Unit) -> str:
    values = unit.patch[..., 0]
    about = '<p class="told">The largest of four numbers; the others are forgotten.</p>'
    grid = _grid("reads", values, int(values.argmax()))
    return f"{about}{grid}{_steps([('largest', number(unit.total, 4))], unit)}"


def _share(seen: Pass, unit: Unit) -> str:
    assert unit.products is not None
    softmax = not np.array_equal(unit.products, unit.patch)
    rows = "".join(
        f'<tr{" class=own" if i == unit.place[0] else ""}><th scope="row">{escape(label)}</th>'
        f"<td>{number(out)}</td>{f'<td>{number(part)}</td>' if softmax else ''}</tr>"
        for i, (label, out, part) in enumerate(
            zip(seen.network.labels, unit.patch.tolist(), unit.products.tolist(), strict=True)
        )
    )
    head = '<th scope="col">e<sup>output − largest</sup></th>' if softmax else ""
    own, whole = number(unit.products[unit.place[0]], 4), number(unit.products.sum(), 4)
    about = (
        "Its part of the sum of all ten, after e to the power of each." if softmax else "Its part of all ten."
    )
    return (
        f'<p class="told">{about}</p><table class="parts shares"><thead><tr><th></th>'
        f'<th scope="col">output</th>{head}</tr></thead><tbody>{rows}</tbody></table>'
        f"{_steps([('its number', own), ('÷ sum of all', whole)], unit)}"
    )


def _copy(seen: Pass, unit: Unit) -> str:
    return (
        f'<p class="told">A number passed on as it is.</p>{_steps([("reads", number(unit.total, 4))], unit)}'
    )

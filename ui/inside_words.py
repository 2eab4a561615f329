"""The plain words of the section Inside: what a stage is called and what it does, in one sentence each."""

from __future__ import annotations

from engine.layers import (
    AveragePool2D,
    BatchNorm,
    Conv2D,
    Dense,
    GlobalAveragePool,
    Layer,
    MaxPool2D,
    ReLU,
    Residual,
    Sigmoid,
    Skip,
    Tanh,
    UpSample2D,
)
from engine.stages import Pass

TITLES: dict[type, str] = {
    Conv2D: "Convolution",
    Dense: "Dense",
    MaxPool2D: "Pooling",
    AveragePool2D: "Pooling",
    GlobalAveragePool: "Mean of each map",
    Residual: "Sum of two branches",
    Skip: "Two branches side by side",
    UpSample2D: "Enlarged",
    BatchNorm: "Normalised",
}
THEN: dict[type, str] = {
    BatchNorm: "each map is scaled and shifted as learnt (batch normalisation)",
    ReLU: "what is below zero becomes zero (ReLU)",
    Sigmoid: "the result is pressed between 0 and 1 (sigmoid)",
    Tanh: "the result is pressed between −1 and 1 (tanh)",
}
SHARES = "Probabilities"


def titles(seen: Pass) -> list[str]:
    """The name of each stage, numbered where there are several of a kind, and of the probabilities."""
    plain = ["Input", *(TITLES.get(type(_head(seen, i)), "Step") for i in range(1, len(seen.stages)))]
    if isinstance(_head(seen, len(plain) - 1), Dense):
        plain[-1] = "Outputs"
    named = [
        f"{title} {plain[: i + 1].count(title)}" if plain.count(title) > 1 else title
        for i, title in enumerate(plain)
    ]
    return [*named, SHARES]


def _head(seen: Pass, stage: int) -> Layer | None:
    return seen.steps[seen.stages[stage].head].layer


def about(seen: Pass, stage: int) -> str:
    """What a stage does, in one sentence."""
    if stage == 0:
        return "The drawing as this network gets it."
    if stage == len(seen.stages):
        sigmoid = isinstance(seen.network.layers[-1], Sigmoid)
        how = "in proportion" if sigmoid else "made positive and put in proportion (softmax)"
        return f"The ten outputs {how}, so that they add up to 100 %."
    chosen = seen.stages[stage]
    later = [step.layer for step in seen.steps[chosen.head + 1 : chosen.last + 1]]
    thens = [THEN[type(layer)] for layer in later if type(layer) in THEN]
    return f"{_does(seen, stage)}{''.join(f'; {then}' for then in thens)}."


def _does(seen: Pass, stage: int) -> str:
    layer, given = _head(seen, stage), seen.output(stage).shape
    read = seen.output(seen.sources(stage)[0]).shape
    if isinstance(layer, Conv2D):
        k, maps = layer.kernel, read[-1]
        where = "the picture" if stage == 1 and maps == 1 else f"{_all(maps, 'map')} before it"
        return f"{_count(given[-1], 'filter')} of {k} × {k} slide over {where}, each looking for one pattern"
    if isinstance(layer, Dense):
        who = "One sum for each digit" if stage == len(seen.stages) - 1 else f"{given[-1]} sums"
        return f"{who}: {_amount(read)}, each times a weight of its own"
    if isinstance(layer, MaxPool2D):
        return "Of every 2 × 2 numbers the largest is kept: smaller maps that mind exact places less"
    if isinstance(layer, AveragePool2D):
        return "Every 2 × 2 numbers become their mean"
    if isinstance(layer, GlobalAveragePool):
        return "Each map becomes one number: how much of its pattern there is anywhere"
    if isinstance(layer, Residual):
        return "What went into the branch is added to what came out of it"
    if isinstance(layer, Skip):
        return "What went into the branch is laid beside what came out of it"
    if isinstance(layer, UpSample2D):
        return "Every number becomes 2 × 2 equal ones"
    if isinstance(layer, BatchNorm):
        return "Each map is scaled and shifted as learnt (batch normalisation)"
    return THEN.get(type(layer), "The numbers, passed on").capitalize()


def _count(n: int, what: str) -> str:
    return f"{n} {what}s" if n != 1 else f"One {what}"


def _all(n: int, what: str) -> str:
    return f"all {n} {what}s" if n != 1 else f"the {what}"


def _amount(shape: tuple[int, ...]) -> str:
    if len(shape) == 1:
        return f"all {shape[0]} numbers before it"
    return f"all {shape[0] * shape[1] * shape[2]:,} numbers before it"

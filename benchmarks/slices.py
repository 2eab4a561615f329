"""`python -m benchmarks.slices`: the tutorial's captcha reader over 20 seeds, before and after each cure."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable

import numpy as np

from engine import slices
from engine.slices import Look

RAW, TRUE = "raw error", "backpropagation"
NAMES = {
    "learning": "handwriting alone",
    "cure": "then threes alone",
    "rehearsal": "then threes and old samples",
}


def row(name: str, rule: str, looks: Iterable[Look]) -> str:
    """One line of the table: how many networks read what, and how well they still read handwriting."""
    seen = list(looks)
    digits = " ".join(str(sum(look.text[i] == str(i) for look in seen)) for i in range(5))
    whole = sum(look.text == "01234" for look in seen)
    threes = sum(look.text[3] == "3" for look in seen)
    kept = [100 * look.handwritten for look in seen]
    return f"| {name} | {rule} | {threes} | {whole} | {digits} | {np.mean(kept):.1f} % | {min(kept):.1f} % |"


def table(seeds: range) -> str:
    """The Markdown table over these seeds, and how long one story takes."""
    lines = [
        "| it learns | by | 3 right | `01234` right | 0 1 2 3 4 right | handwritten | worst |",
        "|---|---|---|---|---|---|---|",
    ]
    slices.held_out()  # loaded before the clock runs
    start = time.perf_counter()
    raw = stories(seeds, RAW)
    seconds = (time.perf_counter() - start) / len(seeds)
    lines += [row(NAMES[stage], RAW, looks) for stage, looks in raw.items()]
    lines.append(row("handwriting by the raw error, then threes alone", "true gradient", cured_truly(seeds)))
    lines += [row(NAMES[stage], "true gradient", looks) for stage, looks in stories(seeds, TRUE).items()]
    return "\n".join(
        [*lines, "", f"{len(seeds)} seeds, {seeds.start} to {seeds.stop - 1}; a story takes {seconds:.2f} s."]
    )


def stories(seeds: range, rule: str) -> dict[str, list[Look]]:
    """The last look of each stage, for each seed."""
    found: dict[str, list[Look]] = {stage: [] for stage in slices.STAGES}
    for seed in seeds:
        *_, told = slices.tell(seed, rule)
        assert isinstance(told, slices.Told)
        for stage, look in told.looks.items():
            found[stage].append(look)
    return found


def cured_truly(seeds: range) -> list[Look]:
    """Networks that learnt handwriting by the raw error and threes by the true gradient."""
    looks = []
    for seed in seeds:
        network = slices.new_network(seed)
        for _ in slices.learn(network, seed, RAW):
            pass
        *_, last = slices.cure(network, TRUE)
        looks.append(last.look)
    return looks


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20, help="how many")
    parser.add_argument("--first", type=int, default=0, help="the first one")
    choice = parser.parse_args()
    print(table(range(choice.first, choice.first + choice.seeds)))


if __name__ == "__main__":
    main()

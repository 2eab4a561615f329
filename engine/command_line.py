"""What `python -m engine` understands: its commands and their options."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable

from engine.recipes import COLOUR_LOSSES, RECIPES
from engine.schedules import SCHEDULES

DESCRIPTION = (
    "`train NAME` makes weights/NAME.npz again; `evaluate NAME` measures it on the test sets that are here."
)
Run = Callable[[argparse.Namespace], None]


def parser(train: Run, evaluate: Run) -> argparse.ArgumentParser:
    """Of the arguments; what is to be called with them is their `run`."""
    whole = argparse.ArgumentParser(prog="python -m engine", description=DESCRIPTION)
    commands = whole.add_subparsers(required=True)
    training = commands.add_parser("train", help="train a named network and write its weights")
    _add_files(training)
    _add_recipe(training)
    _add_corpora(training)
    _add_pace(training)
    training.set_defaults(run=train)
    evaluating = commands.add_parser("evaluate", help="measure a network on the test sets that are here")
    evaluating.add_argument("name")
    evaluating.add_argument("--file", type=_file, help="a file instead of weights/NAME.npz")
    evaluating.add_argument("--write", action="store_true", help="write the figures into the file")
    evaluating.set_defaults(run=evaluate)
    return whole


def _add_files(training: argparse.ArgumentParser) -> None:
    training.add_argument("name", choices=list(RECIPES))
    training.add_argument("--state", type=_file, help="a file to resume from, written each minute")
    training.add_argument("--out", type=_file, help="the file to write instead of weights/NAME.npz")
    training.add_argument("--half", action="store_true", help="write float16")
    training.add_argument("--start", type=_file, help="a file whose weights the training begins with")
    training.add_argument("--unmeasured", action="store_true", help="leave the figures to `evaluate --write`")


def _add_recipe(training: argparse.ArgumentParser) -> None:
    """What is otherwise than in the recipe."""
    training.add_argument("--seed", type=_from_0, help="another seed than the recipe's")
    training.add_argument("--epochs", type=_count, help="another number of epochs than the recipe's")
    training.add_argument("--batch", type=_count, help="another batch size than the recipe's")
    training.add_argument("--rate", type=_amount, help="another learning rate than the recipe's")
    training.add_argument("--decay", type=_amount_or_0, help="another weight decay than the recipe's")
    training.add_argument("--schedule", choices=list(SCHEDULES), help="another schedule than the recipe's")


def _add_corpora(training: argparse.ArgumentParser) -> None:
    """What is for the networks that learn from drawn pictures and from photos alone."""
    training.add_argument("--loss", choices=COLOUR_LOSSES, help="another loss for colorize")
    training.add_argument(
        "--crops",
        type=int,
        choices=(64, 96, 128, 160),
        help="pixels of the shorter side of all of colorize's crops, by the clock",
    )
    training.add_argument(
        "--even",
        type=float,
        default=0.0,
        help="draw the sources of colorize's photos more evenly, by the clock: from 0 to 1",
    )
    training.add_argument(
        "--hard", type=_file, help="a reader of captchas: learn mostly what it does not read surely"
    )


def _add_pace(training: argparse.ArgumentParser) -> None:
    training.add_argument("--threads", type=_count, default=1, help="split each batch among so many threads")
    training.add_argument("--processes", type=_count, default=1, help="so many more draw lines of digits")
    training.add_argument("--gpu", action="store_true", help="train on a GPU, by CuPy")
    training.add_argument("--minutes", type=_amount, help="how long at most; the schedule follows the clock")


def _number(kind: type[int] | type[float], least: float, above: bool = False) -> Callable[[str], float]:
    """A finite number from `least` on, or above it, for argparse."""

    def read(text: str) -> float:
        value = kind(text)
        if not math.isfinite(value) or value < least or (above and value == least):
            raise argparse.ArgumentTypeError(f"{text} is not {'above' if above else 'at least'} {least}")
        return value

    read.__name__ = "whole number" if kind is int else "number"  # as argparse calls what is none
    return read


_count, _from_0 = _number(int, 1), _number(int, 0)
_amount, _amount_or_0 = _number(float, 0, above=True), _number(float, 0)


def _file(text: str) -> str:
    """A path, for argparse; an empty one would be taken for none, and so for a shipped file's."""
    if not text.strip():
        raise argparse.ArgumentTypeError("it names no file")
    return text

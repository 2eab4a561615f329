"""`python -m engine train NAME` makes weights/NAME.npz again; `python -m engine evaluate NAME` measures
it.
"""

from __future__ import annotations

import os

# Small matrix products get slower with two BLAS threads; a training that wants two splits its batch instead.
# This has to be said before NumPy is loaded.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from engine import (
    captcha_evaluation,
    checkpoint,
    colour_evaluation,
    datasets,
    evaluation,
    number_evaluation,
)
from engine.feeds import feed
from engine.network import Network
from engine.recipes import RECIPES, Recipe
from engine.resume import load_state, save_state
from engine.training import BatchDone, EpochDone, Finished, WeightAverage, train

SAVE_SECONDS = 60


def _train(arguments: argparse.Namespace) -> None:
    recipe = RECIPES[arguments.name]
    if arguments.seed is not None:
        recipe = replace(recipe, seed=arguments.seed)
    if arguments.epochs is not None:
        recipe = replace(recipe, epochs=arguments.epochs)
    network = recipe.begin()
    optimizer = recipe.make_optimizer()
    average = WeightAverage(network, recipe.average) if recipe.average else None
    state = Path(arguments.state) if arguments.state else None
    first = load_state(state, network, optimizer, average) if state and state.exists() else 0
    batches, validation = feed(recipe, first, arguments.processes, _progress)
    began = saved = time.perf_counter()
    for event in train(
        network,
        batches,
        recipe.loss_function,
        optimizer,
        epochs=recipe.epochs,
        validation=validation,
        schedule=recipe.schedule_function,
        rule=recipe.rule_function,
        targets=recipe.targets,
        average=average,
        first_step=first,
        threads=arguments.threads,
    ):
        _tell(event)
        if state and isinstance(event, BatchDone) and time.perf_counter() - saved > SAVE_SECONDS:
            save_state(state, event.step + 1, network, optimizer, average)
            saved = time.perf_counter()
    kept = average.network if average else network
    kept.trained = recipe.describe() | {"seconds": round(time.perf_counter() - began)}
    kept.metrics = _measured(kept, recipe)
    print(kept.metrics)
    path = Path(arguments.out) if arguments.out else checkpoint.WEIGHTS / f"{recipe.name}.npz"
    checkpoint.save(kept, path, np.float16 if arguments.half else np.float32)
    print(f"{path.name}: {path.stat().st_size / 1e3:.0f} kB")


def _progress(fraction: float, text: str) -> None:
    print(f"\r{text} {fraction:4.0%}", end="", file=sys.stderr)


def _tell(event: object) -> None:
    if isinstance(event, EpochDone):
        text = f"epoch {event.epoch + 1}/{event.epochs}  loss {event.loss:.4f}  {event.seconds:.0f} s"
        if event.validation_accuracy is not None:
            text += f"  validation {event.validation_loss:.4f}  {event.validation_accuracy:.2%}"
        print(text, flush=True)
    elif isinstance(event, Finished) and event.reason != "done":
        sys.exit(event.reason)


def _measured(network: Network, recipe: Recipe | None) -> dict[str, float]:
    if network.preprocessing.neighbourhood:
        raise checkpoint.CheckpointError(
            "This network learnt one picture's colours; there is no test set for it."
        )
    if network.preprocessing.photo:
        return colour_evaluation.measure(network)
    if recipe is not None and recipe.data == "number-corpus":
        return number_evaluation.measure(network)
    if network.preprocessing.any_width:
        return captcha_evaluation.measure(network)
    return evaluation.measure(network, recipe)


def _evaluate(arguments: argparse.Namespace) -> None:
    path = Path(arguments.file) if arguments.file else checkpoint.WEIGHTS / f"{arguments.name}.npz"
    network: Network = checkpoint.load(path)
    for what, value in _measured(network, RECIPES.get(arguments.name)).items():
        print(f"{what}: {value}")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m engine", description=__doc__)
    commands = parser.add_subparsers(required=True)
    training = commands.add_parser("train", help="train a named network and write its weights")
    training.add_argument("name", choices=list(RECIPES))
    training.add_argument("--seed", type=int, help="another seed than the recipe's")
    training.add_argument("--epochs", type=int, help="another number of epochs than the recipe's")
    training.add_argument("--threads", type=int, default=1, help="split each batch among this many threads")
    training.add_argument("--processes", type=int, default=1, help="so many more draw lines of digits")
    training.add_argument("--state", help="a file to resume from, written each minute")
    training.add_argument("--out", help="the file to write instead of weights/NAME.npz")
    training.add_argument("--half", action="store_true", help="write float16")
    training.set_defaults(run=_train)
    evaluating = commands.add_parser("evaluate", help="measure a network on the test sets that are here")
    evaluating.add_argument("name")
    evaluating.add_argument("--file", help="a file instead of weights/NAME.npz")
    evaluating.set_defaults(run=_evaluate)
    arguments = parser.parse_args()
    try:
        arguments.run(arguments)
    except (datasets.DataUnavailable, checkpoint.CheckpointError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()

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
from collections.abc import Iterator
from contextlib import closing, nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np

from engine import (
    ab_bins,
    captcha_evaluation,
    checkpoint,
    colour_evaluation,
    datasets,
    evaluation,
    number_evaluation,
)
from engine.captcha import reads_lines
from engine.command_line import parser
from engine.digits import reads_digits
from engine.feeds import NotEndless, endless_feed, feed
from engine.gpu import NoGPU, copy_here, cupy
from engine.long_training import train_long
from engine.network import Network
from engine.optimizers import SGD
from engine.recipes import RECIPES, Recipe
from engine.resume import StateError, load_state, save_state
from engine.training import (
    BatchDone,
    EpochDone,
    Event,
    Finished,
    ShuffledBatches,
    WeightAverage,
    train,
)

SAVE_SECONDS, TELL_SECONDS = 60, 5


def _train(arguments: argparse.Namespace) -> None:
    recipe = _recipe(arguments)
    network = recipe.begin()
    if arguments.start:
        _start_from(network, arguments.start)
    optimizer = recipe.make_optimizer()
    average = WeightAverage(network, recipe.average) if recipe.average else None
    state = _writable(Path(arguments.state)) if arguments.state else None
    first = load_state(state, network, optimizer, average) if state and state.exists() else 0
    path = _target(arguments.out, recipe)
    kept = average.network if average else network
    began = saved = told = time.perf_counter()
    pictures, long = 0, arguments.gpu or arguments.minutes is not None
    for event in _events(arguments, recipe, network, optimizer, average, first):
        _tell(event)
        if not isinstance(event, BatchDone):
            continue
        now, pictures = time.perf_counter(), event.images_seen
        if long and now - told > TELL_SECONDS:
            print(
                f"step {event.step}  loss {event.loss:.4f}  {pictures / event.seconds:.0f} a second",
                flush=True,
            )
            told = now
        if now - saved > SAVE_SECONDS:
            if state:
                save_state(state, event.step + 1, network, optimizer, average)
            if long and arguments.out:  # never over the shipped file with what is unfinished
                checkpoint.save(copy_here(kept), path)
            saved = now
    kept.trained = recipe.describe() | {"seconds": round(time.perf_counter() - began), "pictures": pictures}
    kept.metrics = {} if arguments.unmeasured else _measured(kept, recipe)
    print(kept.metrics)
    checkpoint.save(kept, path, np.float16 if arguments.half else np.float32)
    print(f"{path.name}: {path.stat().st_size / 1e3:.0f} kB")


def _target(out: str | None, recipe: Recipe) -> Path:
    """Where the network will be written, looked at before it is learnt; a sentence where that is not
    possible.
    """
    path = Path(out) if out else checkpoint.WEIGHTS / f"{recipe.name}.npz"
    if not out and recipe.name != recipe.network:  # it would be taken for one more that is shipped
        sys.exit(f"{recipe.name!r} is another way to train {recipe.network}: say by --out where it is to go.")
    return _writable(path)


def _writable(path: Path) -> Path:
    """A file's path, its folder made; a sentence where no file can be there."""
    try:
        if path.is_dir():
            sys.exit(f"{path} is a folder: name a file.")
        path.parent.mkdir(parents=True, exist_ok=True)
        closed = not os.access(path.parent, os.W_OK)
    except OSError:
        closed = True
    if closed:
        sys.exit(f"{path} can't be written: {path.parent} is no folder and can't become one, or is closed.")
    return path


def _start_from(network: Network, path: str) -> None:
    """Take over the weights of a file. CheckpointError where they are another network's."""
    try:
        network.set_state(checkpoint.load(path).state())
    except (KeyError, ValueError) as error:
        if isinstance(error, checkpoint.CheckpointError):
            raise
        raise checkpoint.CheckpointError(
            f"{path} holds another network than the one to be trained."
        ) from error


def _recipe(arguments: argparse.Namespace) -> Recipe:
    """The named recipe with what was asked to be otherwise; a sentence where that is not possible."""
    if arguments.hard and (RECIPES[arguments.name].data != "captcha-corpus" or arguments.minutes is None):
        sys.exit("--hard is for captcha, and needs --minutes.")
    of_photos = RECIPES[arguments.name].data == "colour-corpus"
    if (arguments.loss or arguments.crops or arguments.even) and not of_photos:
        sys.exit(f"--loss, --crops and --even are for colorize, not for {arguments.name}.")
    if not 0 <= arguments.even <= 1:
        sys.exit("--even goes from 0 to 1.")
    if (arguments.crops or arguments.even) and not arguments.gpu and arguments.minutes is None:
        sys.exit("--crops and --even need --minutes or --gpu: by epochs, a training has crops of its own.")
    asked = {
        "seed": arguments.seed,
        "epochs": arguments.epochs,
        "batch_size": arguments.batch,
        "learning_rate": arguments.rate,
        "schedule": arguments.schedule,
        "loss": arguments.loss,
    }
    recipe = replace(RECIPES[arguments.name], **{name: v for name, v in asked.items() if v is not None})
    if arguments.decay is None:
        return recipe
    if "weight_decay" not in dict(recipe.options):
        sys.exit(f"--decay is for AdamW, not for {recipe.optimizer}, by which {recipe.name} is learnt.")
    options = dict(recipe.options) | {"weight_decay": arguments.decay}
    return replace(recipe, options=tuple(options.items()))


def _events(
    arguments: argparse.Namespace,
    recipe: Recipe,
    network: Network,
    optimizer: SGD,
    average: WeightAverage | None,
    first: int,
) -> Iterator[Event]:
    """The training itself: for so many epochs, or on a GPU or by the clock."""
    if not arguments.gpu and arguments.minutes is None:
        batches, validation = feed(recipe, arguments.processes, _progress)
        with nullcontext() if isinstance(batches, ShuffledBatches) else closing(batches):
            yield from train(
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
            )
        return
    asked = arguments.processes, arguments.gpu, arguments.crops, arguments.hard, arguments.even
    with closing(endless_feed(recipe, *asked)) as ahead:
        yield from train_long(
            network,
            ahead,
            recipe.loss_function,
            optimizer,
            cupy() if arguments.gpu else np,
            steps=recipe.epochs * ahead.steps_per_epoch,
            schedule=recipe.schedule_function,
            average=average,
            seconds=None if arguments.minutes is None else 60 * arguments.minutes,
            first_step=first,
        )


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
    seen = network.preprocessing
    if seen.photo and network.labels == ab_bins.LABELS:
        return colour_evaluation.measure(network)
    if reads_lines(network):
        of_numbers = recipe is not None and recipe.data == "number-corpus"
        return number_evaluation.measure(network) if of_numbers else captcha_evaluation.measure(network)
    if reads_digits(network) and seen.size in evaluation.SIZES:
        return evaluation.measure(network, recipe)
    raise checkpoint.CheckpointError(
        "This network reads no digits of 8 or 28 pixels, no lines and no photos: there is no test set for it."
    )


def _evaluate(arguments: argparse.Namespace) -> None:
    path = Path(arguments.file) if arguments.file else checkpoint.WEIGHTS / f"{arguments.name}.npz"
    network: Network = checkpoint.load(path)
    network.metrics = _measured(network, RECIPES.get(arguments.name))
    for what, value in network.metrics.items():
        print(f"{what}: {value}")
    if arguments.write:
        half = any(array.dtype == np.float16 for array in checkpoint.read_arrays(path).values())
        checkpoint.save(network, path, np.float16 if half else np.float32)


def main() -> None:
    arguments = parser(_train, _evaluate).parse_args()
    try:
        arguments.run(arguments)
    except (datasets.DataUnavailable, checkpoint.CheckpointError, StateError, NoGPU, NotEndless) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()

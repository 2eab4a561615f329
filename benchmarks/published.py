"""The articles' networks, trained again here: `python -m benchmarks.published` prints the README's table.

Each recipe of `engine.recipes` is trained as its source describes; those that take seconds are trained with
several seeds, of which the median counts.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import statistics
import time
from dataclasses import replace

from engine import datasets
from engine.recipes import RECIPES, Recipe
from engine.training import ShuffledBatches, train
from engine.validation import accuracy

SEEDS = {"digits-8x8": 20, "digits-8x8 (true gradient)": 20, "cnn-8 (first 1,000)": 9, "mlp-relu-128": 3}


def score(recipe: Recipe) -> float:
    """Test accuracy (0 to 1) after one training."""
    splits = datasets.load(recipe.data)
    network = recipe.build()
    batches = ShuffledBatches(recipe.training_data(splits), recipe.batch_size, recipe.seed)
    for _ in train(
        network,
        batches,
        recipe.loss_function,
        recipe.make_optimizer(),
        epochs=recipe.epochs,
        schedule=recipe.schedule_function,
        rule=recipe.rule_function,
        targets=recipe.targets,
    ):
        pass
    return accuracy(network, recipe.test_data(splits))


def row(name: str) -> str:
    recipe, count = RECIPES[name], SEEDS.get(name, 1)
    start = time.process_time()
    scores = [score(replace(recipe, seed=seed)) for seed in range(count)]
    seconds = (time.process_time() - start) / count
    spread = f" ({count} seeds, {min(scores):.1%} to {max(scores):.1%})" if count > 1 else ""
    return f"| `{name}` | {recipe.published} | {statistics.median(scores):.2%}{spread} | {seconds:.0f} s |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="recipes (the articles' when none is named)")
    articles = [name for name, it in RECIPES.items() if it.on_page and it.network != "digits"]
    names = parser.parse_args().names or articles
    print("| recipe | published | measured here (test) | CPU time |\n|---|---|---|---|")
    for name in names:
        print(row(name), flush=True)


if __name__ == "__main__":
    main()

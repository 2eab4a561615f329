"""What a visitor can set before a run, what the presets set, and whether it can be run at all."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from engine.architectures import DIGIT_NETWORKS, ArchitectureError, build, from_text, to_text
from engine.images import Preprocessing
from engine.losses import LOSSES
from engine.network import Network
from engine.optimizers import OPTIMIZERS, SGD
from engine.own_digits import MOST
from engine.recipes import RECIPES, Recipe
from engine.rules import RULES
from engine.schedules import SCHEDULES
from ui.limits import Limits

OWN = "my own layers"
QUICK = "quick look"
LARGEST_BATCH = 1024
LONGEST_LAYERS = 400  # characters
WEIGHT_DECAY = 0.01
MAX_STEP_WORK = 3_000_000_000  # multiplications: a fraction of a second, so that Stop is heard soon
MINE, WITH_MINE = "my digits", "mnist and my digits"
PICTURE_SIZES = {"digits-8x8": 8, "mnist": 28, MINE: 28, WITH_MINE: 28}
# to learn from; others are kept to check and to test
PICTURE_COUNTS = {"digits-8x8": 1437, "mnist": 55_000, MINE: MOST, WITH_MINE: 60_500}


class SettingsError(ValueError):
    """A setting that can't be used; the text is a plain sentence for whoever set it."""


@dataclass(frozen=True)
class Settings:
    """network: a name of engine.architectures, or OWN, which is built from `layers`. targets: what a wrong
    and a right output should be, for the losses that compare outputs with numbers. weight_decay is for AdamW
    alone."""

    data: str
    network: str
    layers: str
    loss: str
    optimizer: str
    learning_rate: float
    schedule: str
    batch_size: int
    epochs: int
    images: int
    seed: int
    rule: str
    targets: tuple[float, float] = (0.0, 1.0)
    weight_decay: float = WEIGHT_DECAY

    def make_optimizer(self) -> SGD:
        options = {"weight_decay": self.weight_decay} if self.optimizer == "AdamW" else {}
        return OPTIMIZERS[self.optimizer](self.learning_rate, **options)

    @property
    def title(self) -> str:
        return self.layers if self.network == OWN else self.network


def of_recipe(recipe: Recipe) -> Settings:
    """The settings of a recipe; of MNIST the page keeps 5,000 pictures aside, so it is 55,000 at most."""
    return Settings(
        data=recipe.data,
        network=recipe.network,
        layers=layers_of(recipe.network),
        loss=recipe.loss,
        optimizer=recipe.optimizer,
        learning_rate=recipe.learning_rate,
        schedule=recipe.schedule,
        batch_size=recipe.batch_size,
        epochs=recipe.epochs,
        images=recipe.images or PICTURE_COUNTS[recipe.data],
        seed=recipe.seed,
        rule=recipe.rule,
        targets=recipe.targets,
        weight_decay=dict(recipe.options).get("weight_decay", WEIGHT_DECAY),
    )


# Some seconds of work that can be watched: a small convolution on the data that are always there.
QUICK_SETTINGS = Settings(
    data="digits-8x8",
    network=OWN,
    layers="conv 3x3x16, relu, conv 3x3x16, relu, pool 2, dense 10",
    loss="cross-entropy",
    optimizer="Adam",
    learning_rate=0.002,
    schedule="cosine",
    batch_size=8,
    epochs=15,
    images=PICTURE_COUNTS["digits-8x8"],
    seed=0,
    rule="backpropagation",
)


def presets() -> dict[str, Settings]:
    """Name -> settings: the quick look first, then every recipe that is for the page."""
    return {QUICK: QUICK_SETTINGS} | {
        name: of_recipe(recipe) for name, recipe in RECIPES.items() if recipe.on_page
    }


def preset_of(settings: Settings) -> str | None:
    """The name of the preset that has these settings."""
    return next((name for name, known in presets().items() if known == settings), None)


@cache
def layers_of(network: str) -> str:
    """A named network as a list of layers."""
    return to_text(build(network, np.random.default_rng(0)))


@cache
def picture_size(network: str) -> int:
    """The side of the pictures that a named network reads."""
    return build(network, np.random.default_rng(0)).preprocessing.size


def networks_for(data: str) -> list[str]:
    """The networks that read the pictures of `data`."""
    return [name for name in DIGIT_NETWORKS if picture_size(name) == PICTURE_SIZES[data]]


def build_network(settings: Settings, limits: Limits) -> Network:
    """An untrained network; SettingsError where the layers can't be built or are more than is lent here."""
    size = PICTURE_SIZES[settings.data]
    rng = np.random.default_rng(settings.seed)
    if settings.network != OWN:
        own = picture_size(settings.network)
        if own != size:
            raise SettingsError(
                f"{settings.network} reads {own}×{own} pictures, and the data are {size}×{size}. "
                "Choose other data or another network."
            )
        network = build(settings.network, rng)
    else:
        network = own_network(settings.layers, size, rng)
    check_fit(network, settings, limits)
    return network


def check_fit(network: Network, settings: Settings, limits: Limits) -> None:
    """SettingsError where a network can't be trained here with these settings."""
    check_size(network, settings.batch_size, limits)
    _check_rule(network, settings)


def check_size(network: Network, batch_size: int, limits: Limits) -> None:
    """SettingsError where a network, or one step with it, is larger than what is lent here."""
    if network.parameter_count > limits.max_parameters:
        raise SettingsError(
            f"This network has {network.parameter_count:,} parameters; at most {limits.max_parameters:,} "
            "are lent here. Fewer or thinner layers help, or a pool before the dense layer."
        )
    largest = min(
        limits.max_step_megabytes * 2**20 // (4 * values_per_picture(network)),
        MAX_STEP_WORK // max(1, work_per_picture(network)),
    )
    if batch_size > largest:
        advice = f"Take a batch of {largest} or less." if largest else "Take fewer or thinner layers."
        raise SettingsError(
            f"One step with {batch_size:,} pictures would be more work than is lent here. {advice}"
        )


def values_per_picture(network: Network) -> int:
    """How many numbers all layers together give for one picture: what training has to remember."""
    return sum(math.prod(shape) for _, shape, _ in network.summary())


def work_per_picture(network: Network) -> int:
    """Multiplications for one picture: a convolution's weights are used at each place of its output."""
    return sum(count * math.prod(shape[:-1]) for _, shape, count in network.summary())


def _check_rule(network: Network, settings: Settings) -> None:
    """SettingsError where the training rule does not know what to do with these layers."""
    if settings.rule == "backpropagation":
        return
    blank = np.zeros((1, *network.input_shape), np.float32)
    target = np.zeros(1, np.int64) if settings.loss == "cross-entropy" else np.zeros((1, 10), np.float32)
    try:
        RULES[settings.rule](network, blank, target, LOSSES[settings.loss])
    except ValueError as error:
        raise SettingsError(f"{str(error)[0].upper()}{str(error)[1:]}.") from error


def own_network(layers: str, size: int, rng: np.random.Generator) -> Network:
    """The network of a visitor's list of layers; SettingsError says what is wrong with it."""
    if len(layers) > LONGEST_LAYERS:
        raise SettingsError(f"The list of layers is longer than {LONGEST_LAYERS} characters.")
    try:
        return from_text(layers, (size, size, 1), rng, Preprocessing(size=size))
    except ArchitectureError as error:
        raise SettingsError(str(error)) from error


def checked(settings: Settings, limits: Limits) -> tuple[Settings, list[str]]:
    """The settings as they will be run, and a sentence for each limit that bites. SettingsError."""
    _check_names(settings)
    learning_rate = settings.learning_rate
    if learning_rate is None or not 0 < learning_rate <= 100:
        raise SettingsError("The learning rate should be above 0 and at most 100.")
    if settings.weight_decay is None or not 0 <= settings.weight_decay <= 1:
        raise SettingsError("The weight decay should be from 0 to 1.")
    _check_whole("The batch", settings.batch_size, 1, LARGEST_BATCH)
    _check_whole("The number of epochs", settings.epochs, 1, None)
    _check_whole("The number of pictures", settings.images, 10, None)
    _check_whole("The seed", settings.seed, 0, 2**32 - 1)
    notes = []
    if settings.epochs > limits.max_epochs:
        notes.append(
            f"This page trains for at most {limits.max_epochs} epochs, so the run was shortened to that."
        )
    if settings.images > PICTURE_COUNTS[settings.data]:
        notes.append(
            f"There are {PICTURE_COUNTS[settings.data]:,} pictures to learn from, so all of them are used."
        )
    images = min(int(settings.images), PICTURE_COUNTS[settings.data])
    epochs = min(int(settings.epochs), limits.max_epochs)
    return replace(
        settings,
        images=images,
        epochs=epochs,
        learning_rate=float(learning_rate),
        batch_size=int(settings.batch_size),
        seed=int(settings.seed),
    ), notes


def _check_names(settings: Settings) -> None:
    """The page offers these as choices; a request by hand might not."""
    choices = {
        "data": PICTURE_SIZES,
        "network": [*DIGIT_NETWORKS, OWN],
        "loss": LOSSES,
        "optimizer": OPTIMIZERS,
        "schedule": SCHEDULES,
        "rule": RULES,
    }
    for name, known in choices.items():
        if getattr(settings, name) not in known:
            raise SettingsError(f"Choose the {name}: one of {', '.join(known)}.")


def _check_whole(what: str, value: float | None, low: int, high: int | None) -> None:
    if (
        value is None
        or not math.isfinite(value)
        or value != int(value)
        or value < low
        or (high and value > high)
    ):
        raise SettingsError(
            f"{what} should be a whole number from {low}" + (f" to {high:,}." if high else " up.")
        )

"""How each named network is trained: everything that `python -m engine train NAME` and a preset of the Train
tab need.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from engine.architectures import build
from engine.checkpoint import load_pretrained
from engine.datasets import Dataset, Splits, concatenate
from engine.losses import LOSSES, Loss, colour_cross_entropy, colour_cross_entropy_by_photo, ctc
from engine.network import Network
from engine.optimizers import OPTIMIZERS, SGD
from engine.rules import RULES, Rule
from engine.schedules import SCHEDULES, Schedule

COLOUR_LOSSES: dict[str, Loss] = {
    "colours": colour_cross_entropy,
    "colours by photo": colour_cross_entropy_by_photo,
}
# Of networks that say more than one thing about a picture.
OTHER_LOSSES: dict[str, Loss] = {"ctc": ctc} | COLOUR_LOSSES


@dataclass(frozen=True)
class Recipe:
    """One training. The names are those of the tables LOSSES, OPTIMIZERS, SCHEDULES and RULES.

    `images`: how many training pictures are used (None: all); `whole`: MNIST's 60,000 instead of the first
    55,000, as the articles have it. `options` go to the optimizer; `average` is the decay of a moving average
    of the weights, which is then what is kept. `data` "digit-corpus" is the endless stream of
    `engine.digit_corpus`, whose epochs are of `images` pictures; "captcha-corpus" is that of
    `engine.captcha_corpus`, "number-corpus" that of `engine.number_corpus`, "colour-corpus" that of
    `engine.colour_corpus`, whose epochs are of about `images` crops and whose batches are `batch_size` large
    while the crops are small.
    `start`: the shipped network whose weights the training begins with; "": random ones.
    `published`: what its source reports; `note`: one sentence for the page; `on_page`: whether it is a
    preset there.
    """

    name: str
    network: str
    data: str = "mnist"
    loss: str = "cross-entropy"
    optimizer: str = "SGD"
    learning_rate: float = 0.1
    schedule: str = "constant"
    batch_size: int = 32
    epochs: int = 5
    images: int | None = None
    test_images: int | None = None
    whole: bool = True
    seed: int = 0
    rule: str = "backpropagation"
    targets: tuple[float, float] = (0.0, 1.0)
    options: tuple[tuple[str, float], ...] = ()
    average: float | None = None
    start: str = ""
    on_page: bool = True
    published: str = "—"
    note: str = ""

    def build(self) -> Network:
        return build(self.network, np.random.default_rng(self.seed))

    def begin(self) -> Network:
        """The network that the training begins with: `build`, or the shipped one that it starts from."""
        network = self.build()
        if self.start:
            network.set_state(load_pretrained(self.start).state())
        return network

    def make_optimizer(self) -> SGD:
        return OPTIMIZERS[self.optimizer](self.learning_rate, **dict(self.options))

    @property
    def loss_function(self) -> Loss:
        return OTHER_LOSSES[self.loss] if self.loss in OTHER_LOSSES else LOSSES[self.loss]

    @property
    def schedule_function(self) -> Schedule:
        return SCHEDULES[self.schedule]

    @property
    def rule_function(self) -> Rule:
        return RULES[self.rule]

    def training_data(self, splits: Splits) -> Dataset:
        data = splits.train
        if self.whole and self.data == "mnist":
            data = concatenate((splits.train, splits.validation), data.name)
        return data.take(self.images) if self.images else data

    def test_data(self, splits: Splits) -> Dataset:
        return splits.test.take(self.test_images) if self.test_images else splits.test

    def describe(self) -> dict[str, Any]:
        """The recipe as JSON, for a checkpoint's `trained`."""
        names = (
            "data",
            "loss",
            "optimizer",
            "learning_rate",
            "schedule",
            "batch_size",
            "epochs",
            "images",
            "seed",
            "rule",
        )
        told = {"recipe": self.name} | {name: getattr(self, name) for name in names}
        return told | ({"start": self.start} if self.start else {})


_MLP = Recipe(
    "mlp-100",
    "mlp-100",
    loss="squared error",
    learning_rate=0.5,
    batch_size=50,
    epochs=30,
    published="96.58 %",
    note="One hidden layer of 100 sigmoids, the classic first network.",
)
_PER_SAMPLE = Recipe(
    "mlp-50-20",
    "mlp-50-20",
    loss="squared error",
    learning_rate=0.1,
    batch_size=1,
    epochs=3,
    published="88 %",
    note="Two small hidden layers, one picture at a time.",
)
_CNN_8 = Recipe(
    "cnn-8",
    "cnn-8",
    learning_rate=0.005,
    batch_size=1,
    epochs=3,
    published="97.4 %",
    note="One convolution of eight kernels, learnt from all 60,000 pictures one at a time.",
)
_DIGITS_8X8 = Recipe(
    "digits-8x8",
    "digits-8x8",
    data="digits-8x8",
    loss="squared error",
    learning_rate=0.2,
    batch_size=1,
    epochs=2,
    rule="raw error",
    targets=(0.01, 0.99),
    note="8 × 8 pictures that come with the app, learnt in a second by the tutorial's own rule.",
)

RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        _DIGITS_8X8,
        replace(
            _DIGITS_8X8,
            name="digits-8x8 (true gradient)",
            rule="backpropagation",
            note="The same network with the true gradient, which is slower at first.",
        ),
        replace(
            _MLP,
            name="mlp-16",
            network="mlp-16",
            published="—",
            note="Sixteen sigmoids: small enough to draw on paper.",
        ),
        _MLP,
        _PER_SAMPLE,
        replace(
            _PER_SAMPLE,
            name="mlp-100 (one at a time)",
            network="mlp-100-per-sample",
            published="better than mlp-50-20",
            note="The wider network that mlp-50-20 is compared with.",
        ),
        Recipe(
            "mlp-relu-128",
            "mlp-relu-128",
            optimizer="momentum",
            learning_rate=0.01,
            batch_size=32,
            epochs=5,
            published="about 97.7 %",
            note="ReLU, cross-entropy and momentum: today's first network.",
        ),
        replace(
            _CNN_8,
            name="cnn-8 (first 1,000)",
            images=1000,
            test_images=1000,
            published="78 %",
            note="The same convolution after 1,000 pictures: a second of learning.",
        ),
        _CNN_8,
        Recipe(
            "lenet-5",
            "lenet-5",
            optimizer="Adam",
            learning_rate=0.003,
            schedule="cosine",
            batch_size=64,
            epochs=10,
            note="The network that read cheques in the nineties, with today's layers.",
        ),
        Recipe(
            "digits",
            "digits",
            data="digit-corpus",
            optimizer="AdamW",
            learning_rate=0.004,
            schedule="two-cycles",
            batch_size=256,
            epochs=60,
            images=64_000,
            whole=False,
            options=(("weight_decay", 0.02),),
            average=0.9995,
            on_page=False,
            note="The shipped network: pen strokes, distortion, many passes.",
        ),
        Recipe(
            "captcha",
            "captcha",
            data="captcha-corpus",
            loss="ctc",
            optimizer="AdamW",
            learning_rate=0.003,
            schedule="long second cycle",
            batch_size=64,
            epochs=190,
            options=(("weight_decay", 0.02),),
            average=0.9995,
            on_page=False,
            note="The reader of captchas: drawn pictures in many styles, up to ten digits.",
        ),
        Recipe(
            "numbers",
            "captcha",
            data="number-corpus",
            loss="ctc",
            optimizer="AdamW",
            learning_rate=0.0015,
            schedule="long second cycle",
            batch_size=32,
            epochs=50,
            options=(("weight_decay", 0.02),),
            average=0.9995,
            start="captcha",
            on_page=False,
            note="The reader of handwritten numbers; it starts from the reader of captchas.",
        ),
        Recipe(
            "colorize",
            "colorize",
            data="colour-corpus",
            loss="colours",
            optimizer="AdamW",
            learning_rate=0.003,
            schedule="long second cycle",
            batch_size=32,
            epochs=135,
            images=16_000,
            options=(("weight_decay", 0.02),),
            average=0.999,
            on_page=False,
            note="The colouriser: crops of photos, with none to a hundred of their colours revealed.",
        ),
        Recipe(
            "digits (MNIST only)",
            "digits",
            optimizer="AdamW",
            learning_rate=0.004,
            schedule="one-cycle",
            batch_size=128,
            epochs=3,
            whole=False,
            options=(("weight_decay", 0.02),),
            note="Our own network, on plain MNIST. The shipped one has seen pen strokes and distortion too.",
        ),
    )
}

"""The articles' small CNN as beginners first write it: one Python loop for every place a filter looks at.

The arithmetic is that of "CNNs, Part 1" and "Part 2" by Victor Zhou (2019): eight 3 × 3 filters without
padding, 2 × 2 max-pooling, a dense layer with softmax, cross-entropy, one picture a step, plain gradient
descent, float64. The code is ours; its only purpose is to be the yardstick for `cnn-8`.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np


class LoopConvolution:
    """filters (F, 3, 3) over a picture (H, W)."""

    def __init__(self, filters: np.ndarray) -> None:
        self.filters = filters
        self.picture = np.zeros((0, 0))

    def regions(self, picture: np.ndarray) -> Iterator[tuple[np.ndarray, int, int]]:
        height, width = picture.shape
        for i in range(height - 2):
            for j in range(width - 2):
                yield picture[i : i + 3, j : j + 3], i, j

    def forward(self, picture: np.ndarray) -> np.ndarray:
        self.picture = picture
        height, width = picture.shape
        y = np.zeros((height - 2, width - 2, len(self.filters)))
        for region, i, j in self.regions(picture):
            y[i, j] = np.sum(region * self.filters, axis=(1, 2))
        return y

    def backward(self, dy: np.ndarray, learning_rate: float) -> None:
        gradient = np.zeros(self.filters.shape)
        for region, i, j in self.regions(self.picture):
            for f in range(len(self.filters)):
                gradient[f] += dy[i, j, f] * region
        self.filters -= learning_rate * gradient


class LoopMaxPool:
    """The largest of each 2 × 2 of (H, W, F)."""

    def __init__(self) -> None:
        self.maps = np.zeros((0, 0, 0))

    def regions(self, maps: np.ndarray) -> Iterator[tuple[np.ndarray, int, int]]:
        for i in range(maps.shape[0] // 2):
            for j in range(maps.shape[1] // 2):
                yield maps[2 * i : 2 * i + 2, 2 * j : 2 * j + 2], i, j

    def forward(self, maps: np.ndarray) -> np.ndarray:
        self.maps = maps
        height, width, count = maps.shape
        y = np.zeros((height // 2, width // 2, count))
        for region, i, j in self.regions(maps):
            y[i, j] = np.amax(region, axis=(0, 1))
        return y

    def backward(self, dy: np.ndarray) -> np.ndarray:
        dx = np.zeros(self.maps.shape)
        for region, i, j in self.regions(self.maps):
            height, width, count = region.shape
            largest = np.amax(region, axis=(0, 1))
            for a in range(height):
                for b in range(width):
                    for f in range(count):
                        if region[a, b, f] == largest[f]:
                            dx[2 * i + a, 2 * j + b, f] = dy[i, j, f]
        return dx


class LoopSoftmax:
    """weight (inputs, 10) and bias (10,), then softmax."""

    def __init__(self, weight: np.ndarray, bias: np.ndarray) -> None:
        self.weight, self.bias = weight, bias
        self.shape: tuple[int, ...] = ()
        self.inputs = self.totals = np.zeros(0)

    def forward(self, maps: np.ndarray) -> np.ndarray:
        self.shape = maps.shape
        self.inputs = maps.flatten()
        self.totals = np.dot(self.inputs, self.weight) + self.bias
        powers = np.exp(self.totals)
        return powers / np.sum(powers, axis=0)

    def backward(self, dy: np.ndarray, learning_rate: float) -> np.ndarray:
        """The article's chain, link by link: only the label's probability has a gradient."""
        dx = np.zeros(self.shape)
        for i, gradient in enumerate(dy):
            if gradient == 0:
                continue
            powers = np.exp(self.totals)
            total = np.sum(powers)
            dtotals = -powers[i] * powers / total**2
            dtotals[i] = powers[i] * (total - powers[i]) / total**2
            dtotals *= gradient
            dweight = self.inputs[np.newaxis].T @ dtotals[np.newaxis]
            dx = (self.weight @ dtotals).reshape(self.shape)
            self.weight -= learning_rate * dweight
            self.bias -= learning_rate * dtotals
        return dx


class LoopCNN:
    """The three layers above, starting from given arrays (copied as float64)."""

    def __init__(self, filters: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> None:
        self.convolution = LoopConvolution(filters.astype(np.float64))
        self.pool = LoopMaxPool()
        self.softmax = LoopSoftmax(weight.astype(np.float64), bias.astype(np.float64))

    def step(self, picture: np.ndarray, label: int, learning_rate: float) -> float:
        """Train on one picture (H, W) and return its cross-entropy before the step."""
        probabilities = self.softmax.forward(self.pool.forward(self.convolution.forward(picture)))
        gradient = np.zeros(10)
        gradient[label] = -1 / probabilities[label]
        back = self.softmax.backward(gradient, learning_rate)
        self.convolution.backward(self.pool.backward(back), learning_rate)
        return float(-np.log(probabilities[label]))

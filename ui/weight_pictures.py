"""What the first layer looks for, as pictures: one per neuron or filter."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from engine.network import Network
from ui.pictures import data_uri

MOST = 24  # pictures: what fits on a phone without much scrolling
POSITIVE, NEGATIVE = (232, 119, 34), (59, 111, 214)  # ink here speaks for, ink here speaks against


def first_weights(network: Network) -> np.ndarray | None:
    """The weights of the first layer that has any, (pictures, height, width); None where they are none."""
    shape = tuple(network.input_shape)
    for layer in network.layers:
        weight = layer.parameters.get("weight")
        if weight is not None:
            return _as_pictures(weight, shape)
        if layer.parameters:
            return None
        if type(layer).__name__ != "Flatten":  # a flattened picture can be folded up again
            shape = layer.output_shape(shape)
    return None


def _as_pictures(weight: np.ndarray, shape: tuple[int, ...]) -> np.ndarray | None:
    if weight.ndim == 4:  # (k, k, inputs, outputs): the mean over the inputs, of which a digit has one
        return np.moveaxis(weight.mean(axis=2), -1, 0)
    if weight.ndim == 2 and len(shape) == 3 and shape[2] == 1 and weight.shape[0] == shape[0] * shape[1]:
        return weight.T.reshape(-1, shape[0], shape[1])
    return None


def weight_pictures(network: Network) -> str:
    """HTML: up to MOST pictures on one scale, orange where ink speaks for the neuron, blue where against."""
    weights = first_weights(network)
    if weights is None:
        return ""
    shown = np.nan_to_num(np.asarray(weights[:MOST], np.float32))
    strongest = float(np.quantile(np.abs(shown), 0.995)) or 1.0
    size = "small" if shown.shape[1] <= 7 else "large"
    tiles = "".join(
        f'<img src="{source}" alt="" width="{w.shape[1]}" height="{w.shape[0]}">'
        for w, source in zip(shown, map(data_uri, _coloured(shown / strongest)), strict=True)
    )
    more = f" The first {MOST} of {len(weights)}." if len(weights) > MOST else ""
    return (
        '<section class="weights"><h3>What the first layer looks for</h3>'
        f"<p>Orange: ink here speaks for it. Blue: ink here speaks against it.{more}</p>"
        f'<div class="tiles {size}" role="img" aria-label="Weights of the first layer as '
        f'{len(shown)} pictures">{tiles}</div></section>'
    )


def _coloured(values: np.ndarray) -> Iterator[np.ndarray]:
    """(N, h, w) in about -1..1 -> (h, w, 4) uint8 each: the sign is the colour, the size the opacity, so that
    zero is the page itself, light or dark."""
    strength = np.clip(np.abs(values), 0, 1)
    for value, alpha in zip(values, strength, strict=True):
        picture = np.empty((*value.shape, 4), np.uint8)
        picture[..., :3] = np.where((value > 0)[..., None], POSITIVE, NEGATIVE)
        picture[..., 3] = np.round(255 * alpha)
        yield picture

"""The random start of pix2pix networks."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import nn

Draw = Callable[[torch.Tensor, float], torch.Tensor]

WEIGHT_LAYERS = (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)
DRAWS: dict[str, Draw] = {
    "normal": lambda weight, gain: nn.init.normal_(weight, 0.0, gain),
    "xavier": lambda weight, gain: nn.init.xavier_normal_(weight, gain),
    "kaiming": lambda weight, gain: nn.init.kaiming_normal_(weight),
    "orthogonal": lambda weight, gain: nn.init.orthogonal_(weight, gain),
}


def initialize_weights(module: nn.Module, mode: str = "normal", gain: float = 0.02) -> None:
    """Draw the weights of `module` and its submodules anew, as the pix2pix reference code does.

    Batch normalizations get weights from N(1, `gain`). Convolutions and linear layers get

    - `"normal"`: weights from N(0, `gain`),
    - `"xavier"`: weights from N(0, `gain` · sqrt(2 / (fan_in + fan_out))); Glorot's own is gain 1,
    - `"kaiming"`: weights from N(0, sqrt(2 / fan_in)), whatever the gain,
    - `"orthogonal"`: the weights of each output, in one row, are orthogonal with length `gain`.

    All their biases become 0. The generators of this room start as `"normal"`, and so does MONAI's
    `PatchDiscriminator`.

    Args:
        module: network to change in place.
        mode: `"normal"`, `"xavier"`, `"kaiming"` or `"orthogonal"`.
        gain: scale of the drawn weights; 0.02 in the reference code, whatever the mode.

    Raises:
        ValueError: the mode is unknown.
    """
    if mode not in DRAWS:
        raise ValueError(f"initialization must be one of {', '.join(DRAWS)}, is {mode!r}")
    module.apply(partial(_initialize_layer, draw=DRAWS[mode], gain=gain))


def _initialize_layer(layer: nn.Module, *, draw: Draw, gain: float) -> None:
    if isinstance(layer, WEIGHT_LAYERS):
        draw(layer.weight, gain)
    elif isinstance(layer, nn.BatchNorm2d):
        nn.init.normal_(layer.weight, 1.0, gain)
    else:
        return
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)

"""The random start of pix2pix networks."""

from __future__ import annotations

from functools import partial

from monai.networks.utils import normal_init
from torch import nn


def initialize_weights(module: nn.Module, gain: float = 0.02) -> None:
    """Draw the weights of `module` and its submodules anew, as the pix2pix reference code does.

    Convolutions and linear layers get weights from N(0, `gain`), batch normalizations from
    N(1, `gain`); all their biases become 0. MONAI's `PatchDiscriminator` already does the same to
    itself, with a gain of 0.02.

    Args:
        module: network to change in place.
        gain: standard deviation of the drawn weights.
    """
    module.apply(partial(normal_init, std=gain))

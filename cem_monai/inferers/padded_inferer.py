"""Whole-image inference for networks that need sides of a certain multiple."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from monai.data import MetaTensor
from monai.inferers import SimpleInferer
from torch.nn import functional


class PaddedInferer(SimpleInferer):
    """Pad an image to a multiple, apply the network, crop the result back.

    The padding repeats the last row and column (air continues air, tissue tissue) at the bottom
    and at the right, so that the chest wall stays at the left edge. It never reaches a metric or a
    file.

    Args:
        multiple: pixels that both sides must be a multiple of, e.g. 2**num_downs of a U-Net.
    """

    def __init__(self, multiple: int) -> None:
        super().__init__()
        if multiple < 1:
            raise ValueError(f"multiple must be at least 1 pixel, got {multiple}")
        self.multiple = multiple

    def __call__(
        self, inputs: torch.Tensor, network: Callable[..., torch.Tensor], *args: Any, **kwargs: Any
    ) -> torch.Tensor:
        """Apply `network` to (B, C, H, W) images.

        Returns:
            (B, C', H, W): the same height and width, with the metadata of `inputs`, which
                MONAI's `Invertd` needs to undo the preprocessing.
        """
        image = inputs.as_tensor() if isinstance(inputs, MetaTensor) else inputs
        height, width = image.shape[-2:]
        bottom, right = -height % self.multiple, -width % self.multiple
        padded = functional.pad(image, (0, right, 0, bottom), mode="replicate")
        result = network(padded, *args, **kwargs)[..., :height, :width]
        return (
            MetaTensor(result).copy_meta_from(inputs) if isinstance(inputs, MetaTensor) else result
        )

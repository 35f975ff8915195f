"""Whole-image inference for networks that need sides of a certain multiple."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from monai.data import MetaTensor
from monai.inferers import SimpleInferer, SlidingWindowInferer
from torch.nn import functional

from cem_monai.inferers.blend_weights import gaussian_weights

Network = Callable[..., torch.Tensor]

OVERLAP = 0.5
"""Share of the side that neighboring windows have in common."""


class PaddedInferer(SimpleInferer):
    """Pad an image to a multiple, apply the network, crop the result back.

    The padding repeats the last row and column (air continues air, tissue tissue) at the bottom
    and at the right, so that the chest wall stays at the left edge. It never reaches a metric or a
    file.

    One pass over the whole image is the truth. Where it does not fit into memory, MONAI's sliding
    window blends windows that overlap by half, each of which starts on the grid of the network's
    halvings. A network that sees no farther than r pixels gives the same farther than r from the
    borders of windows and from padding. Nearer, the window that ends there has at most 3e-4 of the
    weight of the other. Deep U-Nets see the whole image, and normalization by each image's own
    statistics sees another image: `docs/reference/dicom.md` has what that costs.

    Args:
        multiple: pixels that both sides must be a multiple of, e.g. 2**num_downs of a U-Net.
        sliding_window: pixels, side of a window, a multiple of `2 * multiple`; 0 for one pass.

    Raises:
        ValueError: `multiple` is not positive, or `sliding_window` no multiple of it.
    """

    def __init__(self, multiple: int, sliding_window: int = 0) -> None:
        super().__init__()
        if multiple < 1:
            raise ValueError(f"multiple must be at least 1 pixel, got {multiple}")
        if sliding_window < 0 or sliding_window % (2 * multiple):
            raise ValueError(
                f"sliding_window must be 0 or a multiple of {2 * multiple} pixels, "
                f"is {sliding_window}"
            )
        self.multiple = multiple
        self.sliding_window = sliding_window

    def __call__(
        self, inputs: torch.Tensor, network: Network, *args: Any, **kwargs: Any
    ) -> torch.Tensor:
        """Apply `network` to (B, C, H, W) images.

        Returns:
            (B, C', H, W): the same height and width, with the metadata of `inputs`, which
                MONAI's `Invertd` needs to undo the preprocessing.

        Raises:
            ValueError: the image does not fit into memory.
        """
        image = inputs.as_tensor() if isinstance(inputs, MetaTensor) else inputs
        height, width = image.shape[-2:]
        bottom, right = -height % self.multiple, -width % self.multiple
        padded = functional.pad(image, (0, right, 0, bottom), mode="replicate")
        try:
            result = self._apply(padded, network, *args, **kwargs)[..., :height, :width]
        except RuntimeError as error:
            if not _out_of_memory(error):
                raise
            raise ValueError(self._too_large(height, width)) from None
        return (
            MetaTensor(result).copy_meta_from(inputs) if isinstance(inputs, MetaTensor) else result
        )

    def _apply(
        self, padded: torch.Tensor, network: Network, *args: Any, **kwargs: Any
    ) -> torch.Tensor:
        height, width = padded.shape[-2:]
        # never larger than the image, which MONAI would pad with zeros on all sides
        window = tuple(min(self.sliding_window or side, side) for side in (height, width))
        if window == (height, width):
            return network(padded, *args, **kwargs)
        windows = SlidingWindowInferer(window, sw_batch_size=1, overlap=OVERLAP)
        windows.roi_weight_map = gaussian_weights(*window).to(padded)
        # windows at regular steps; MONAI would move the last one inwards, next to the border of
        # the one before
        bottom, right = (self._missing(side) for side in (height, width))
        filled = functional.pad(padded, (0, right, 0, bottom), mode="replicate")
        blended: torch.Tensor = windows(filled, network, *args, **kwargs)
        return blended

    def _missing(self, side: int) -> int:
        step = self.sliding_window // 2
        return -side % step if side > self.sliding_window else 0

    def _too_large(self, height: int, width: int) -> str:
        image = f"an image of {height} x {width} pixels does not fit into memory"
        if self.sliding_window:
            return f"{image}, in windows of {self.sliding_window} pixels"
        return f"{image} in one pass: pass --sliding_window {4 * self.multiple}"


def _out_of_memory(error: RuntimeError) -> bool:
    return isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error)

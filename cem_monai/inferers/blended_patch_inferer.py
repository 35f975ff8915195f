"""Whole-image inference for networks that were trained on patches of a fixed size."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any

import torch
from monai.data import MetaTensor
from monai.inferers import SlidingWindowInferer
from torch.nn import functional

from cem_monai.inferers.blend_weights import gaussian_weights

Network = Callable[..., torch.Tensor]


class PatchFit(str, Enum):
    """How a patch is brought to the size that the network takes, and its result back."""

    PAD = "pad"
    """Its reflection goes on around it and is cropped from the result: native pixels."""
    RESIZE = "resize"
    """Bicubic interpolation, which also blurs."""


class BlendedPatchInferer(SlidingWindowInferer):
    """Apply a network to overlapping patches and blend their results without seams.

    A patch of 150 pixels cannot be halved eight times: each is fitted to `network_size` first. The
    results are averaged with Gaussian weights. Where a patch ends, its weight is 3e-4 of that of
    its neighbor for an overlap of half the side (2e-3 for a quarter), so that no step is seen,
    whatever the two disagree about. Two things of MONAI's sliding window would leave steps along
    the borders of the image: its weights are never below 1e-3, which makes them constant there, and
    its last patch is moved inwards, so that the one before ends near its edge. Here the weights are
    not limited, and the image goes on (by its reflection) until the patches fill it.

    An image of the size of a patch is one patch.

    Args:
        patch_size: pixels, side of a patch, as in training.
        network_size: pixels, side of what the network takes, e.g. 2**8 for eight halvings.
        fit: `"pad"` or `"resize"`, as in training.
        overlap: share of the side that neighboring patches have in common, in [0, 1).
        sw_batch_size: number of patches that the network takes at once.

    Raises:
        ValueError: `fit` is unknown, or the reflection of a patch cannot fill `network_size`.
    """

    def __init__(
        self,
        patch_size: int = 150,
        network_size: int = 256,
        fit: PatchFit | str = PatchFit.PAD,
        overlap: float = 0.5,
        sw_batch_size: int = 4,
    ) -> None:
        self.fit = PatchFit(fit)
        # a reflection repeats no edge, so it is one pixel smaller than the patch
        if self.fit is PatchFit.PAD and not patch_size <= network_size <= 3 * patch_size - 2:
            raise ValueError(
                f"a patch of {patch_size} pixels can be padded to {patch_size} to "
                f"{3 * patch_size - 2} pixels, not to {network_size}"
            )
        super().__init__(patch_size, sw_batch_size, overlap)
        self.roi_weight_map = gaussian_weights(patch_size, patch_size)
        self.patch_size = patch_size
        self.network_size = network_size
        # the same as in MONAI's sliding window
        self.step = max(1, int(patch_size * (1 - overlap)))

    def __call__(
        self, inputs: torch.Tensor, network: Network, *args: Any, **kwargs: Any
    ) -> torch.Tensor:
        """Apply `network` to (B, C, H, W) images.

        Returns:
            (B, C', H, W): the same height and width, with the metadata of `inputs`.
        """
        image = inputs.as_tensor() if isinstance(inputs, MetaTensor) else inputs
        height, width = image.shape[-2:]
        fitted = (self._resized if self.fit is PatchFit.RESIZE else self._padded)(network)
        blended = super().__call__(self._filled(image), fitted, *args, **kwargs)
        result: torch.Tensor = blended[..., :height, :width]
        return (
            MetaTensor(result).copy_meta_from(inputs) if isinstance(inputs, MetaTensor) else result
        )

    def _filled(self, image: torch.Tensor) -> torch.Tensor:
        """Continue the image at the bottom and at the right until patches fill it."""
        bottom, right = (self._missing(side) for side in image.shape[-2:])
        small = bottom >= image.shape[-2] or right >= image.shape[-1]
        mode = "replicate" if small else "reflect"
        return functional.pad(image, (0, right, 0, bottom), mode=mode)

    def _missing(self, side: int) -> int:
        return max(self.patch_size - side, (self.patch_size - side) % self.step)

    def _padded(self, network: Network) -> Network:
        # as MONAI's SpatialPad divides an odd number
        before = (self.network_size - self.patch_size) // 2
        after = self.network_size - self.patch_size - before
        inside = slice(before, before + self.patch_size)

        def apply(patches: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
            padded = functional.pad(patches, (before, after, before, after), mode="reflect")
            return network(padded, *args, **kwargs)[..., inside, inside]

        return apply

    def _resized(self, network: Network) -> Network:
        def apply(patches: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
            result = network(_resize(patches, self.network_size), *args, **kwargs)
            return _resize(result, self.patch_size)

        return apply


def _resize(images: torch.Tensor, side: int) -> torch.Tensor:
    smaller = side < images.shape[-1]
    return functional.interpolate(images, size=(side, side), mode="bicubic", antialias=smaller)

"""How a network is applied to an image of any size."""

from __future__ import annotations

from cem_monai.inferers.blended_patch_inferer import BlendedPatchInferer, PatchFit
from cem_monai.inferers.padded_inferer import PaddedInferer

__all__ = ["BlendedPatchInferer", "PaddedInferer", "PatchFit"]

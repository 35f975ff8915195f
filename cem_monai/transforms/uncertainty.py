"""Save maps of how much generated images vary."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from monai.config import KeysCollection
from pydicom.dataset import Dataset

from cem_monai.dicom import from_canonical, uncertainty_map_dataset
from cem_monai.transforms.save import CEMSaveImaged


class UncertaintySaveImaged(CEMSaveImaged):
    """Save maps of `cem_monai.handlers.DropoutUncertainty` as DICOM, in series of their own.

    Args:
        keys: standard deviations, (1, H, W) in units of the network, which generates -1 to 1, on
            the grid of the source, canonical.
        passes: number of passes with dropout.
        recombined_window: stored values (low, high) of the generated image that -1 and 1 stand for;
            None for its whole range.
        **options: of `CEMSaveImaged`; `bits_stored` are those of the generated image.
    """

    def __init__(
        self,
        keys: KeysCollection,
        *,
        passes: int,
        recombined_window: Sequence[float] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(keys, **options)
        self.passes = passes
        low, high = recombined_window or (0, 2**self.bits_stored - 1)
        self.image_range = float(high) - float(low)

    def _dataset(self, generated: torch.Tensor, source_path: Path) -> Dataset:
        source, flipped, breast = self._source(source_path)
        deviation = np.asarray(generated.detach().cpu())[0] * (self.image_range / 2)
        self._check_finite(deviation, source_path)
        return uncertainty_map_dataset(
            source,
            from_canonical(deviation, chest_wall_at_right=flipped),
            breast,
            model=self.model,
            passes=self.passes,
            image_range=self.image_range,
            banner=self.banner,
        )

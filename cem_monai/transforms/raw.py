"""Load raw mammograms as the 8-bit images of a network's training, and save what it makes."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any

import torch
from monai.config import KeysCollection
from monai.data import ImageReader, MetaTensor
from monai.transforms import LoadImaged, MapTransform
from monai.utils import ImageMetaKey
from monai.utils.enums import MetaKeys
from pydicom.dataset import Dataset

from cem_monai.data import Conversion, convert_raw, raw_foreground
from cem_monai.dicom import (
    open_raw_mammogram,
    read_raw_mammogram,
    virtual_high_dose_dataset,
)
from cem_monai.transforms.save import CEMSaveImaged


class RawLoadImaged(LoadImaged):
    """Load raw DICOM mammograms (For Processing) and convert them to 8 bits.

    Args:
        keys: DICOM files to load, each to a `MetaTensor` (1, H, W) of values from 0 to 255 in
            stored orientation. The object found in the first one is the foreground of all.
        conversion: a `cem_monai.data.Conversion` or its value.
        allow_missing_keys: pass over keys that an item does not have.
    """

    def __init__(
        self,
        keys: KeysCollection,
        conversion: Conversion | str = Conversion.RAW_FIXED,
        allow_missing_keys: bool = False,
    ) -> None:
        # Not LoadImaged's constructor: it would set up readers of other formats
        MapTransform.__init__(self, keys, allow_missing_keys)
        self.conversion = Conversion(conversion)

    def __call__(
        self, data: Mapping[Hashable, Any], reader: ImageReader | None = None
    ) -> dict[Hashable, Any]:
        """Load all keys of one item.

        Args:
            data: item with file names.
            reader: not used; part of `LoadImaged`'s signature.

        Raises:
            MammogramError: a file is no raw mammogram.
            ValueError: no object is found, or the conversion needs a dose that a header lacks.
        """
        item, foreground = dict(data), None
        for key in self.key_iterator(item):
            raw = read_raw_mammogram(item[key])
            foreground = raw_foreground(raw.pixels) if foreground is None else foreground
            pixels = convert_raw(raw, self.conversion, foreground)
            metadata = {
                ImageMetaKey.FILENAME_OR_OBJ: str(raw.path),
                MetaKeys.SPATIAL_SHAPE: pixels.shape,
                "value_low": 0.0,
                "value_high": 255.0,
                "bits_stored": 8,
            }
            item[key] = MetaTensor(torch.from_numpy(pixels[None]).float(), meta=metadata)
        return item


class RawSaveImaged(CEMSaveImaged):
    """Save generated high-dose images as DICOM derived from their low-dose images.

    Args:
        keys: generated images, (1, H, W) stored values on the grid of the source.
        conversion: what the values are, see `RawLoadImaged`.
        **options: of `CEMSaveImaged`.
    """

    def __init__(
        self,
        keys: KeysCollection,
        *,
        conversion: Conversion | str = Conversion.RAW_FIXED,
        **options: Any,
    ) -> None:
        super().__init__(keys, **options)
        self.conversion = Conversion(conversion)

    def _dataset(self, generated: torch.Tensor, source_path: Path) -> Dataset:
        return virtual_high_dose_dataset(
            open_raw_mammogram(source_path),
            self._stored(generated, source_path),
            raw_foreground(read_raw_mammogram(source_path).pixels),
            model=self.model,
            bits_stored=self.bits_stored,
            linear=self.conversion is not Conversion.LOG_FIXED,
            banner=self.banner,
        )

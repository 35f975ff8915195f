"""Load low-energy images from PNG and JPEG, and save what a network makes of them as marked PNG."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from monai.config import KeysCollection
from monai.data import ImageReader, MetaTensor
from monai.transforms import LoadImaged, MapTransform
from monai.utils import ImageMetaKey
from monai.utils.enums import MetaKeys

from cem_monai.data import read_picture_mammogram, save_virtual_png, virtual_png_path
from cem_monai.transforms.save import CEMSaveImaged


class PictureLoadImaged(LoadImaged):
    """Load low-energy mammograms that are stored as PNG or JPEG, in canonical orientation.

    Args:
        keys: files to load, each to a `MetaTensor` (1, H, W) of stored values.
        source_bits: used bits of 16-bit images, see `cem_monai.data.read_picture`.
        allow_missing_keys: pass over keys that an item does not have.
    """

    def __init__(
        self,
        keys: KeysCollection,
        source_bits: int | None = None,
        allow_missing_keys: bool = False,
    ) -> None:
        # Not LoadImaged's constructor: it would set up readers of other formats
        MapTransform.__init__(self, keys, allow_missing_keys)
        self.source_bits = source_bits

    def __call__(
        self, data: Mapping[Hashable, Any], reader: ImageReader | None = None
    ) -> dict[Hashable, Any]:
        """Load all keys of one item.

        Args:
            data: item with file names.
            reader: not used; part of `LoadImaged`'s signature.

        Raises:
            PictureError: a file is no usable low-energy mammogram.
        """
        item = dict(data)
        for key in self.key_iterator(item):
            image = read_picture_mammogram(Path(item[key]), self.source_bits)
            low, high = image.value_range
            metadata = {
                ImageMetaKey.FILENAME_OR_OBJ: str(image.path),
                MetaKeys.SPATIAL_SHAPE: np.asarray(image.pixels.shape),
                "value_low": low,
                "value_high": high,
                "flipped": image.flipped,
                "laterality": image.laterality.value,
                "spacing_known": False,
            }
            pixels = torch.from_numpy(image.pixels[None])
            item[key] = MetaTensor(pixels, affine=torch.eye(3), meta=metadata)
        return item


class PictureSaveImaged(CEMSaveImaged):
    """Save generated images as marked 16-bit PNG, see `cem_monai.data.save_virtual_png`.

    The file is `<output_dir>/<case>_VIRTUAL_DES.png`, written completely or not at all.

    Args:
        keys: generated images, (1, H, W) stored values on the grid of the source, canonical.
        source_bits: as the source was loaded with.
        case_key: path of the source below its folder, without the end of its name.
        **options: of `CEMSaveImaged`.
    """

    def __init__(
        self,
        keys: KeysCollection,
        *,
        source_bits: int | None = None,
        case_key: str = "case",
        **options: Any,
    ) -> None:
        super().__init__(keys, **options)
        self.source_bits = source_bits
        self.case_key = case_key

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Write one file for each key and return the data unchanged.

        Raises:
            PictureError: the source is no usable low-energy mammogram any more.
            ValueError: the generated image has another size than its source, or pixels that are
                not finite; or a file that is no such image lies in the way.
        """
        item = dict(data)
        for key in self.key_iterator(item):
            source_path = Path(str(item[self.source_key].meta[ImageMetaKey.FILENAME_OR_OBJ]))
            save_virtual_png(
                self._stored(item[key], source_path),
                read_picture_mammogram(source_path, self.source_bits),
                virtual_png_path(self.output_dir, item[self.case_key]),
                model=self.model,
                bits_stored=self.bits_stored,
            )
        return item

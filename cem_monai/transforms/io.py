"""Load mammograms with their masks.

The transform derives from MONAI's, and its name contains MONAI's name: MONAI Label finds load steps
by class, MONAI Deploy by name.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from monai.config import KeysCollection, PathLike
from monai.data import ImageReader, MetaTensor
from monai.transforms import LoadImaged, MapTransform
from monai.utils import ImageMetaKey
from monai.utils.enums import MetaKeys, SpaceKeys

from cem_monai.data import read_mask
from cem_monai.dicom import Mammogram, read_mammogram, to_canonical


class MammogramReader(ImageReader):
    """MONAI reader of one DICOM mammogram through `cem_monai.dicom.read_mammogram`.

    MONAI's own readers disagree on axis order and polarity, and which one answers depends on what
    is installed. This one returns (H, W) float32 in canonical polarity (more tissue or iodine is
    higher) and orientation (chest wall at the left edge). The metadata hold no name and no
    identity of the patient: `value_low`, `value_high` (range of the format), `bits_stored`,
    `flipped`, `laterality`, `view_position`, `sop_instance_uid`,
    `spacing_known`, and an affine of the spacing.
    """

    def verify_suffix(self, filename: Sequence[PathLike] | PathLike) -> bool:
        """DICOM files often have no suffix at all: take everything."""
        return True

    def read(self, data: Sequence[PathLike] | PathLike, **kwargs: Any) -> Mammogram:
        """Read one file.

        Raises:
            MammogramError: it is no usable mammogram.
        """
        path = data if isinstance(data, (str, Path)) else next(iter(data))
        return read_mammogram(path)

    def get_data(self, img: Mammogram) -> tuple[npt.NDArray[np.float32], dict[str, Any]]:
        """Return (H, W) float32 pixel values and their metadata."""
        row, column = img.attributes.imager_pixel_spacing or (1.0, 1.0)
        low, high = img.value_range
        metadata = {
            MetaKeys.AFFINE: np.diag([row, column, 1.0]),
            MetaKeys.SPATIAL_SHAPE: np.asarray(img.pixels.shape),
            MetaKeys.ORIGINAL_CHANNEL_DIM: "no_channel",
            MetaKeys.SPACE: SpaceKeys.RAS,
            "value_low": low,
            "value_high": high,
            "bits_stored": img.attributes.bits_stored,
            "flipped": img.flipped,
            "laterality": img.attributes.laterality.value,
            "view_position": img.attributes.view_position.value,
            "spacing_known": img.attributes.imager_pixel_spacing is not None,
            "sop_instance_uid": img.attributes.sop_instance_uid,
        }
        return img.pixels, metadata


class CEMLoadImaged(LoadImaged):
    """Load mammograms, and the NIfTI masks that were drawn on them, in canonical orientation.

    Args:
        keys: DICOM files to load, each to a `MetaTensor` (1, H, W).
        mask_keys: NIfTI masks to load, mirrored as the first of `keys` was. A mask that the item
            does not name is all zero: the image has no such region.
        optional_mask_keys: like `mask_keys`, but left out where the item does not name them.
        allow_missing_keys: pass over `keys` that an item does not have.
    """

    def __init__(
        self,
        keys: KeysCollection,
        mask_keys: Sequence[str] = (),
        optional_mask_keys: Sequence[str] = (),
        allow_missing_keys: bool = False,
    ) -> None:
        # Not LoadImaged's constructor: it would set up readers of other formats
        MapTransform.__init__(self, keys, allow_missing_keys)
        self.reader = MammogramReader()
        self.mask_keys = tuple(mask_keys)
        self.optional_mask_keys = tuple(optional_mask_keys)

    def __call__(
        self, data: Mapping[Hashable, Any], reader: ImageReader | None = None
    ) -> dict[Hashable, Any]:
        """Load all keys of one item.

        Args:
            data: item with file names.
            reader: not used; part of `LoadImaged`'s signature.

        Raises:
            MammogramError: a DICOM file is unusable.
            ValueError: a mask is damaged or has another size than its image.
        """
        item = dict(data)
        for key in self.key_iterator(item):
            item[key] = self._load(item[key])
        image = item[self.keys[0]]
        for key in (*self.mask_keys, *self.optional_mask_keys):
            if key in item:
                item[key] = _load_mask(item[key], image)
            elif key in self.mask_keys:
                item[key] = MetaTensor(torch.zeros_like(image.as_tensor()), meta=image.meta)
        return item

    def _load(self, path: PathLike) -> MetaTensor:
        pixels, metadata = self.reader.get_data(self.reader.read(path))
        metadata[ImageMetaKey.FILENAME_OR_OBJ] = str(path)
        affine = torch.from_numpy(metadata.pop(MetaKeys.AFFINE))
        return MetaTensor(torch.from_numpy(pixels)[None], affine=affine, meta=metadata)


def _load_mask(path: PathLike, image: MetaTensor) -> MetaTensor:
    mask = to_canonical(read_mask(path), chest_wall_at_right=bool(image.meta["flipped"]))
    if mask.shape != tuple(image.shape[1:]):
        raise ValueError(
            f"{path}: the mask is {mask.shape[0]} x {mask.shape[1]}, "
            f"its image {image.shape[1]} x {image.shape[2]}"
        )
    return MetaTensor(torch.from_numpy(mask[None].astype(np.float32)), meta=image.meta)

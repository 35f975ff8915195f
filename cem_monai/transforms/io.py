"""Load mammograms with their masks and save generated ones as DICOM.

Both classes derive from MONAI's, and their names contain MONAI's names: MONAI Label finds load and
save steps by class, MONAI Deploy by name.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Hashable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from monai.config import KeysCollection, PathLike
from monai.data import ImageReader, MetaTensor
from monai.transforms import LoadImaged, MapTransform, SaveImaged
from monai.utils import ImageMetaKey
from monai.utils.enums import MetaKeys, SpaceKeys

from cem_monai import __version__
from cem_monai.data import breast_mask, read_mask
from cem_monai.dicom import (
    GeneratingModel,
    Mammogram,
    decode,
    from_canonical,
    open_mammogram,
    read_attributes,
    read_mammogram,
    save_dataset,
    to_canonical,
    virtual_des_dataset,
)


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


class CEMSaveImaged(SaveImaged):
    """Save generated images as DICOM derived from their low-energy images.

    The file is `<output_dir>/<SOPInstanceUID>.dcm`, written completely or not at all. The UID
    follows from the source and the weights, so a re-run replaces its own result and nothing else.

    Args:
        keys: generated images, (1, H, W) stored values on the grid of the source, canonical.
        source_key: the low-energy image; its metadata name the DICOM file.
        output_dir: folder to write to.
        model_name: name of the bundle.
        weights: weights file that generated the images; its SHA-256 goes into the object.
        settings: whatever else the pixels depend on; its SHA-256 goes into the object, and other
            settings give other UIDs.
        bits_stored: BitsStored of the result.
        window: WindowCenter and WindowWidth of the result; the whole range by default.
    """

    def __init__(
        self,
        keys: KeysCollection,
        *,
        source_key: str = "image",
        output_dir: PathLike,
        model_name: str,
        weights: PathLike,
        settings: Mapping[str, Any] | None = None,
        bits_stored: int = 12,
        window: Sequence[float] | None = None,
    ) -> None:
        # Not SaveImaged's constructor: it looks for writers of formats that are not used here
        MapTransform.__init__(self, keys)
        self.source_key = source_key
        self.output_dir = Path(output_dir)
        self.model_name = model_name
        self.weights = Path(weights)
        self.settings = dict(settings or {})
        self.bits_stored = bits_stored
        center, width = window or (2.0 ** (bits_stored - 1), 2.0**bits_stored)
        self.window = (float(center), float(width))

    @cached_property
    def model(self) -> GeneratingModel:
        """Name, version and hash of what generated the images."""
        settings = {**self.settings, "bits_stored": self.bits_stored, "window": self.window}
        digest = hashlib.sha256(json.dumps(settings, sort_keys=True, default=str).encode())
        return GeneratingModel(
            name=self.model_name,
            version=__version__,
            weights_sha256=hashlib.sha256(self.weights.read_bytes()).hexdigest(),
            config_sha256=digest.hexdigest(),
        )

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Write one file for each key and return the data unchanged.

        Raises:
            ValueError: the generated image has another size than its source, or pixels that are
                not finite.
        """
        item = dict(data)
        for key in self.key_iterator(item):
            self._save(
                item[key], Path(str(item[self.source_key].meta[ImageMetaKey.FILENAME_OR_OBJ]))
            )
        return item

    def _save(self, generated: torch.Tensor, source_path: Path) -> None:
        source = open_mammogram(source_path)
        flipped = read_attributes(source, source_path).chest_wall_at_right
        low_energy = to_canonical(decode(source, source_path), chest_wall_at_right=flipped)
        pixels = self._stored(generated, source_path)
        dataset = virtual_des_dataset(
            source,
            from_canonical(pixels, chest_wall_at_right=flipped),
            from_canonical(breast_mask(low_energy), chest_wall_at_right=flipped),
            model=self.model,
            bits_stored=self.bits_stored,
            window=self.window,
        )
        save_dataset(dataset, self.output_dir / f"{dataset.SOPInstanceUID}.dcm")

    def _stored(self, generated: torch.Tensor, source_path: Path) -> npt.NDArray[np.uint16]:
        """Return (1, H, W) generated values as they are stored, (H, W)."""
        values = np.asarray(generated.detach().cpu())[0].round()
        if bad := int(values.size - np.isfinite(values).sum()):
            raise ValueError(f"{source_path}: {bad} generated pixels are not finite")
        return np.clip(values, 0, 2**self.bits_stored - 1).astype(np.uint16)


def _load_mask(path: PathLike, image: MetaTensor) -> MetaTensor:
    mask = to_canonical(read_mask(path), chest_wall_at_right=bool(image.meta["flipped"]))
    if mask.shape != tuple(image.shape[1:]):
        raise ValueError(
            f"{path}: the mask is {mask.shape[0]} x {mask.shape[1]}, "
            f"its image {image.shape[1]} x {image.shape[2]}"
        )
    return MetaTensor(torch.from_numpy(mask[None].astype(np.float32)), meta=image.meta)

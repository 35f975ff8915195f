"""Save generated images as DICOM.

The class derives from MONAI's, and its name contains MONAI's name: MONAI Label finds save steps by
class, MONAI Deploy by name.
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
from monai.transforms import MapTransform, SaveImaged
from monai.utils import ImageMetaKey
from pydicom.dataset import Dataset

from cem_monai import __version__
from cem_monai.atomic import remove_leftovers
from cem_monai.data import breast_mask
from cem_monai.dicom import (
    Compression,
    GeneratingModel,
    decode,
    from_canonical,
    keep_generation_time,
    open_mammogram,
    read_attributes,
    save_dataset,
    to_canonical,
    virtual_des_dataset,
)
from cem_monai.transforms.saved_files import tell_saved_file


class CEMSaveImaged(SaveImaged):
    """Save generated images as DICOM derived from their low-energy images.

    The file is `<output_dir>/<SOPInstanceUID>.dcm`, written completely or not at all. The UID
    follows from the source and the weights, so a re-run replaces its own result and nothing else,
    and keeps its time.
    What a killed run left half-written in the folder is removed first.

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
        compression: of the files, a `cem_monai.dicom.Compression` or its value.
        banner: whether the warning is painted into the pixels.
        allow_missing_keys: pass over keys that an item does not have.
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
        compression: Compression | str = Compression.NONE,
        banner: bool = True,
        allow_missing_keys: bool = False,
    ) -> None:
        # Not SaveImaged's constructor: it looks for writers of formats that are not used here
        MapTransform.__init__(self, keys, allow_missing_keys)
        self.source_key = source_key
        self.output_dir = Path(output_dir)
        self.model_name = model_name
        self.weights = Path(weights)
        self.settings = dict(settings or {})
        self.bits_stored = bits_stored
        center, width = window or (2.0 ** (bits_stored - 1), 2.0**bits_stored)
        self.window = (float(center), float(width))
        self.compression = Compression(compression)
        self.banner = banner

    @cached_property
    def model(self) -> GeneratingModel:
        """Name, version and hash of what generated the images."""
        settings = {**self.settings, "bits_stored": self.bits_stored, "window": self.window}
        if not self.banner:  # other pixels, another instance
            settings["banner"] = False
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

    @cached_property
    def _folder(self) -> Path:
        remove_leftovers(self.output_dir)
        return self.output_dir

    def _save(self, generated: torch.Tensor, source_path: Path) -> None:
        dataset = self._dataset(generated, source_path)
        path = self._folder / f"{dataset.SOPInstanceUID}.dcm"
        keep_generation_time(dataset, path)
        save_dataset(dataset, path, self.compression)
        tell_saved_file(path)

    def _dataset(self, generated: torch.Tensor, source_path: Path) -> Dataset:
        source, flipped, breast = self._source(source_path)
        return virtual_des_dataset(
            source,
            from_canonical(self._stored(generated, source_path), chest_wall_at_right=flipped),
            breast,
            model=self.model,
            bits_stored=self.bits_stored,
            window=self.window,
            banner=self.banner,
        )

    def _source(self, path: Path) -> tuple[Dataset, bool, npt.NDArray[np.bool_]]:
        """Return the low-energy object, whether it is flipped, and its breast as it is stored."""
        source = open_mammogram(path)
        flipped = read_attributes(source, path).chest_wall_at_right
        low_energy = to_canonical(decode(source, path), chest_wall_at_right=flipped)
        breast = from_canonical(breast_mask(low_energy), chest_wall_at_right=flipped)
        return source, flipped, breast

    def _stored(self, generated: torch.Tensor, source_path: Path) -> npt.NDArray[np.uint16]:
        """Return (1, H, W) generated values as they are stored, (H, W)."""
        values = np.asarray(generated.detach().cpu())[0].round()
        self._check_finite(values, source_path)
        return np.clip(values, 0, 2**self.bits_stored - 1).astype(np.uint16)

    def _check_finite(self, values: npt.NDArray[np.floating], source_path: Path) -> None:
        if bad := int(values.size - np.isfinite(values).sum()):
            raise ValueError(f"{source_path}: {bad} generated pixels are not finite")

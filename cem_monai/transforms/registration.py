"""Registration of the two images of one compression as a transform."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from monai.config import KeysCollection
from monai.data import MetaTensor
from monai.transforms import InvertibleTransform, MapTransform
from monai.utils import ImageMetaKey, ensure_tuple_rep
from monai.utils.enums import MetaKeys, TraceKeys

from cem_monai.data import (
    Registration,
    register_pair,
    to_low_energy_frame,
    to_recombined_frame,
)

ORDERS = {"nearest": 0, "bilinear": 1, "bicubic": 3}
META_KEY = "registration"


class RegisterRecombinedd(MapTransform, InvertibleTransform):
    """Move a recombined image, and what was drawn on it, onto the grid of its low-energy image.

    The registration is estimated once per item, from the first of `keys`. It stands as JSON in the
    metadata `registration` of each result (`cem_monai.data.Registration.from_json`) and in its
    applied operations, so that `inverse` returns any of them to the grid it came from. Pixels that
    the recombined image does not show are filled with its lowest value, in masks with 0.

    Args:
        keys: the recombined image, then masks drawn on it, each (C, H, W) with one H and W.
        reference_key: the low-energy image, (C, H, W); only first channels are compared.
        mode: of each key: `nearest` (masks), `bilinear` or `bicubic`.
        scale: recombined pixels per low-energy pixel; None to estimate it. Images of one detector
            have 1.
        allow_missing_keys: pass over masks that an item does not have.
    """

    def __init__(
        self,
        keys: KeysCollection,
        reference_key: str = "image",
        mode: Sequence[str] | str = "bilinear",
        scale: float | None = 1.0,
        allow_missing_keys: bool = False,
    ) -> None:
        super().__init__(keys, allow_missing_keys)
        self.reference_key, self.scale = reference_key, scale
        self.mode = ensure_tuple_rep(mode, len(self.keys))
        if unknown := set(self.mode) - set(ORDERS):
            raise ValueError(f"mode must be of {sorted(ORDERS)}, got {sorted(unknown)}")

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Register one item.

        Raises:
            RegistrationError: the images do not fit to each other; names the file.
            ValueError: a pixel is not finite, or a mask has another size than its image.
        """
        item = dict(data)
        reference, image = item[self.reference_key], item[self.keys[0]]
        registration = self._register(reference, image)
        for key, mode in self.key_iterator(item, self.mode):
            if item[key].shape[1:] != image.shape[1:]:
                raise ValueError(
                    f"{key} is {_size(item[key])}, {self.keys[0]} is {_size(image)}: both must lie "
                    f"on the grid of the recombined image"
                )
            item[key] = self._move(item[key], reference, registration, mode)
        return item

    def inverse(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Return all keys to the grid of the recombined image; what was cut off is filled."""
        item = dict(data)
        for key in self.key_iterator(item):
            item[key] = self._move_back(item[key])
        return item

    def _register(self, reference: torch.Tensor, image: torch.Tensor) -> Registration:
        low_energy, recombined = (each.detach().cpu().numpy()[0] for each in (reference, image))
        try:
            return register_pair(low_energy, recombined, scale=self.scale)
        except ValueError as error:
            file = getattr(image, "meta", {}).get(ImageMetaKey.FILENAME_OR_OBJ, self.keys[0])
            raise type(error)(f"{file}: {error}") from None

    def _move(
        self, image: torch.Tensor, reference: torch.Tensor, registration: Registration, mode: str
    ) -> MetaTensor:
        original = image if isinstance(image, MetaTensor) else MetaTensor(image)
        moved = _resampled(
            original, to_low_energy_frame, registration, tuple(reference.shape[1:]), mode
        )
        self.push_transform(
            moved,
            orig_size=tuple(original.shape[1:]),
            extra_info={
                "registration": registration.to_json(),
                "mode": mode,
                "affine": original.affine,
            },
        )
        moved.meta[META_KEY] = registration.to_json()
        moved.meta[MetaKeys.SPATIAL_SHAPE] = np.array(moved.shape[1:])
        if isinstance(reference, MetaTensor):
            moved.affine = reference.affine
        return moved

    def _move_back(self, image: MetaTensor) -> MetaTensor:
        record = self.pop_transform(image)
        info, shape = record[TraceKeys.EXTRA_INFO], tuple(map(int, record[TraceKeys.ORIG_SIZE]))
        registration = Registration.from_json(info["registration"])
        back = _resampled(image, to_recombined_frame, registration, shape, info["mode"])
        back.meta.pop(META_KEY, None)
        back.meta[MetaKeys.SPATIAL_SHAPE] = np.array(shape)
        back.affine = info["affine"]
        return back


def _resampled(
    image: MetaTensor,
    move: Callable[..., npt.NDArray[Any]],
    registration: Registration,
    shape: tuple[int, ...],
    mode: str,
) -> MetaTensor:
    pixels = image.detach().cpu().numpy()
    fill = 0.0 if mode == "nearest" else float(pixels.min())
    channels = [move(each, registration, shape, order=ORDERS[mode], fill=fill) for each in pixels]
    moved = torch.from_numpy(np.stack(channels)).to(image.device)
    return MetaTensor(
        moved, meta=dict(image.meta), applied_operations=list(image.applied_operations)
    )


def _size(image: torch.Tensor) -> str:
    return " x ".join(map(str, image.shape[1:]))

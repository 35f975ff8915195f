"""Stored values of any bit depth to [-1, 1], by the range of the format, and back."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import torch
from monai.config import KeysCollection
from monai.data import MetaTensor
from monai.transforms import MapTransform, Transform


class ScaleIntensityBitDepth(Transform):
    r"""Map stored values to [-1, 1]: :math:`y = 2 (x - low) / (high - low) - 1`.

    The range is fixed, the same for every image, and never taken from the pixels: an image keeps
    its brightness, and 12 to 14 bits keep all their steps.

    Args:
        window: (low, high) in stored values; values beyond are clipped. None takes the whole range
            of the format, (0, 2**BitsStored - 1), from the metadata that `CEMLoadImaged` sets.
        require_range: refuse an image that does not tell its range, even if there is a window. No
            loader of this package made it: nobody knows its polarity and orientation either. So
            bundles infer, since MONAI Deploy takes their load steps away.
    """

    def __init__(
        self, window: Sequence[float] | None = None, *, require_range: bool = False
    ) -> None:
        self.window = _check_window(window)
        self.require_range = require_range

    def __call__(self, img: torch.Tensor) -> torch.Tensor:
        """Scale an image of any shape.

        Raises:
            ValueError: the image does not tell its range, where that is required or no window was
                given, or the window lies outside that range.
        """
        if self.require_range and not tells_range(img):
            raise ValueError(
                "the image does not tell its range of stored values, so that no loader of this "
                "bundle made it; in MONAI Deploy use cem_monai.deploy.VirtualDESOperator"
            )
        if self.window and tells_range(img):
            _check_inside(self.window, format_range(img))
        low, high = self.window or format_range(img)
        scaled = (img - low) * (2 / (high - low)) - 1
        return scaled.clamp(-1, 1) if self.window else scaled


class RestoreIntensityBitDepth(Transform):
    """Undo `ScaleIntensityBitDepth`: [-1, 1] to stored values, rounded to integers.

    Args:
        bits_stored: bits of the result where no reference image tells its format.
        window: (low, high) that -1 and 1 stand for; None for the whole range of the format.
    """

    def __init__(self, bits_stored: int = 12, window: Sequence[float] | None = None) -> None:
        if not 8 <= bits_stored <= 16:
            raise ValueError(f"bits_stored must be 8 to 16, got {bits_stored}")
        self.format = (0.0, float(2**bits_stored - 1))
        self.window = _check_window(window)

    def __call__(self, img: torch.Tensor, reference: torch.Tensor | None = None) -> torch.Tensor:
        """Return stored values as float32 whole numbers, clipped to the range of the format.

        Args:
            img: values in [-1, 1], any shape.
            reference: image whose format the result shall have, e.g. the real recombined image.

        Raises:
            ValueError: the window lies outside the format.
        """
        limits = self.format if reference is None else format_range(reference)
        low, high = self.window or limits
        _check_inside((low, high), limits)
        return (low + (img + 1) * ((high - low) / 2)).round().clamp(*limits)


class ScaleIntensityBitDepthd(MapTransform):
    """Dictionary version of `ScaleIntensityBitDepth`."""

    def __init__(
        self,
        keys: KeysCollection,
        window: Sequence[float] | None = None,
        allow_missing_keys: bool = False,
        *,
        require_range: bool = False,
    ) -> None:
        super().__init__(keys, allow_missing_keys)
        self.scale = ScaleIntensityBitDepth(window, require_range=require_range)

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Scale all keys."""
        item = dict(data)
        for key in self.key_iterator(item):
            item[key] = self.scale(item[key])
        return item


class RestoreIntensityBitDepthd(MapTransform):
    """Dictionary version of `RestoreIntensityBitDepth`.

    Args:
        keys: images in [-1, 1].
        bits_stored: see `RestoreIntensityBitDepth`.
        window: see `RestoreIntensityBitDepth`.
        reference_key: image whose format the results shall have; None for `bits_stored`.
        allow_missing_keys: pass over keys that an item does not have.
    """

    def __init__(
        self,
        keys: KeysCollection,
        bits_stored: int = 12,
        window: Sequence[float] | None = None,
        reference_key: str | None = None,
        allow_missing_keys: bool = False,
    ) -> None:
        super().__init__(keys, allow_missing_keys)
        self.restore = RestoreIntensityBitDepth(bits_stored, window)
        self.reference_key = reference_key

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Restore all keys."""
        item = dict(data)
        reference = item[self.reference_key] if self.reference_key else None
        for key in self.key_iterator(item):
            item[key] = self.restore(item[key], reference)
        return item


def tells_range(img: torch.Tensor) -> bool:
    """Return whether an image tells the range of the format that it was stored in."""
    return isinstance(img, MetaTensor) and "value_low" in img.meta


def format_range(img: torch.Tensor) -> tuple[float, float]:
    """Return the lowest and highest value of the format that an image was stored in."""
    if not isinstance(img, MetaTensor) or not tells_range(img):
        raise ValueError(
            "the image does not tell its range of stored values: give window=(low, high)"
        )
    return float(img.meta["value_low"]), float(img.meta["value_high"])


def _check_window(window: Sequence[float] | None) -> tuple[float, float] | None:
    if window is None:
        return None
    if len(window) != 2 or not float(window[0]) < float(window[1]):
        raise ValueError(f"window must be (low, high) with low < high, got {window}")
    return float(window[0]), float(window[1])


def _check_inside(window: tuple[float, float], limits: tuple[float, float]) -> None:
    """A window beyond the format would make every image black or white."""
    if window[0] < limits[0] or window[1] > limits[1]:
        raise ValueError(
            f"the window {window[0]:g} to {window[1]:g} lies outside the stored values "
            f"{limits[0]:g} to {limits[1]:g} of the image's format"
        )

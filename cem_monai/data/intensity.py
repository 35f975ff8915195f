"""How bright a low-energy image is, and whether a model has seen any that are alike.

A network answers to every image. One from another processing, of another dose or of no breast at
all is far from what it was trained on, often in these four numbers already.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cem_monai.data.breast import breast_mask
from cem_monai.data.datalist import load_datalist
from cem_monai.dicom import Mammogram, read_mammogram

KEY = "low_energy_intensity"
"""Of the JSON file beside the weights."""
QUANTILES = {"dark": 0.05, "middle": 0.5, "bright": 0.95}
MARGIN = 0.5
"""Of the width of the training range, on either side: 50 images do not show the rarest breast."""
MIN_MARGIN = {"breast_share": 0.2, "dark": 0.3, "middle": 0.7, "bright": 0.5}
"""The least margin; the brightness from -1 to 1 is 2 wide. Of simulated exams of one device, with
four of them as the training, none is beyond; density moves the median most."""
MAX_IMAGES = 200
STRIDE = 4
"""Of pixels: quantiles of half a million pixels do not need all of them."""

Window = Sequence[float]
Mask = npt.NDArray[np.bool_]


def intensity(
    pixels: npt.NDArray[np.floating[Any]], breast: Mask, window: Window
) -> dict[str, float]:
    """Measure one image.

    Args:
        pixels: (H, W) low-energy values in canonical polarity.
        breast: (H, W) mask.
        window: values that stand for -1 and 1.

    Returns:
        `breast_share` of the image, 0 to 1; `dark`, `middle` and `bright`: quantiles 0.05, 0.5 and
        0.95 in the breast, on the scale of the window, not clipped.
    """
    low, high = window
    values = pixels[::STRIDE, ::STRIDE][breast[::STRIDE, ::STRIDE]]
    scaled = 2 * (np.quantile(values, list(QUANTILES.values())) - low) / (high - low) - 1
    found = {"breast_share": float(breast.mean())}
    return found | dict(zip(QUANTILES, map(float, scaled), strict=True))


class TrainingIntensity:
    """What the low-energy images of a training are like; measured when first asked.

    Args:
        datalist: JSON file; its section training.
        window: stored values that the model sees as -1 and 1; None for the range of each format.
        max_images: so many are measured, evenly from the list.
    """

    def __init__(
        self,
        datalist: str | os.PathLike[str],
        window: Window | None = None,
        max_images: int = MAX_IMAGES,
    ) -> None:
        self.datalist = Path(datalist)
        self.window = None if window is None else [float(end) for end in window]
        self.max_images = max_images

    def __call__(self) -> dict[str, Any]:
        """Return `{"low_energy_intensity": {...}}`: the window, and the range of each measure."""
        return {KEY: self._ranges}

    @cached_property
    def _ranges(self) -> dict[str, Any]:
        items = load_datalist(self.datalist, "training")
        step = max(1, -(-len(items) // self.max_images))
        measured = [_measure(read_mammogram(one["image"]), self.window) for one in items[::step]]
        ranges = {
            name: [round(end([one[name] for one in measured]), 4) for end in (min, max)]
            for name in MIN_MARGIN
        }
        return {"window": self.window, "images": len(measured), **ranges}


def trained_intensity(weights: str | os.PathLike[str]) -> dict[str, Any] | None:
    """Return what `TrainingIntensity` wrote beside the weights, None where it did not.

    Args:
        weights: file of the weights; the JSON file of the same name beside it is read.

    Raises:
        ValueError: the file is not JSON, or holds something else.
    """
    path = Path(weights).with_suffix(".json")
    if not path.is_file():
        return None
    try:
        found = json.loads(path.read_text(encoding="utf-8")).get(KEY)
        if found is not None:
            _ = found["window"], [float(end) for name in MIN_MARGIN for end in found[name]]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        kind = type(error).__name__
        raise ValueError(f"{path}: {KEY} is damaged ({kind})") from None
    return None if found is None else dict(found)


def unlike_training(
    pixels: npt.NDArray[np.floating[Any]],
    breast: Mask,
    value_range: Window,
    trained: Mapping[str, Any],
) -> str | None:
    """Return in what an image is far from all training images, None if in nothing.

    Args:
        pixels: (H, W) low-energy values in canonical polarity.
        breast: (H, W) mask.
        value_range: lowest and highest value that the object can hold.
        trained: as `trained_intensity` returns it.
    """
    found = intensity(pixels, breast, trained["window"] or value_range)
    for name, least in MIN_MARGIN.items():
        low, high = trained[name]
        margin = max(least, MARGIN * (high - low))
        if not low - margin <= found[name] <= high + margin:
            return (
                f"{MEANINGS[name]} is {found[name]:.2f}, of the training images {low:.2f} to "
                f"{high:.2f}: unlike anything that the model was trained on"
            )
    return None


MEANINGS = {
    "breast_share": "the breast's share of the image",
    "dark": "the 5 % quantile of the breast (from -1 to 1)",
    "middle": "the median of the breast (from -1 to 1)",
    "bright": "the 95 % quantile of the breast (from -1 to 1)",
}


def _measure(image: Mammogram, window: Window | None) -> dict[str, float]:
    return intensity(image.pixels, breast_mask(image.pixels), window or image.value_range)

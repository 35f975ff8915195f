"""Named ways from raw images to 8 bits, and what each does to the CCI.

The CCI, mean standard deviation of 3 x 3 neighborhoods, counts noise as contrast. So the conversion
decides which dose has more of it. Numbers are high dose relative to low dose inside the simulated
phantom for dose pairs, over the 11 pairs of seed 0; the fixed windows suit its raw values.
"""

from __future__ import annotations

import math
from enum import Enum

import numpy as np
import numpy.typing as npt

from cem_monai.data.breast import Mask
from cem_monai.dicom import RawMammogram

FloatImage = npt.NDArray[np.float32]
GrayImage = npt.NDArray[np.uint8]

RAW_FULL_SCALE = 4095.0
"""Raw value that `RAW_FIXED` shows white: 12 bits, more than behind the full thickness."""
LOG_WINDOW = (80.0, 400.0)
"""Raw values per mGy that `LOG_FIXED` shows white and black."""
OWN_PERCENTILES = (0.1, 99.9)


class Conversion(str, Enum):
    """How 14-bit raw values become 8-bit ones."""

    RAW_FIXED = "raw_fixed"
    """Linear, 0 to 4095 for every image; more X-rays are brighter. Brightness and structure grow
    with the dose (3.43 times), noise with its root (1.85 times): the CCI grows 2.8 times, though
    the contrast relative to the signal stays. Nearest to the paper on dose pairs."""
    LOG_FIXED = "log_fixed"
    """Attenuation: logarithm of the raw value per mGy in one window for every image; more material
    is brighter. Structure is the same at every dose and noise falls: so does the CCI, to 0.91."""
    PER_IMAGE = "per_image"
    """Linear, from the 0.1 to the 99.9 percentile of this image's phantom. Noise falls, but the own
    window hides that the signal grows, and rounding adds: the CCI hardly changes, 1.05."""


def convert_raw(raw: RawMammogram, conversion: Conversion | str, foreground: Mask) -> GrayImage:
    """Convert a raw image by what its header tells.

    Args:
        raw: from `read_raw_mammogram`.
        conversion: a `Conversion` or its value.
        foreground: (H, W), where the object is, see `raw_foreground`.

    Raises:
        ValueError: unknown conversion, or it needs an entrance dose that the header does not tell.
    """
    if raw.entrance_dose is None and conversion == Conversion.LOG_FIXED:
        raise ValueError(
            f"{raw.path}: {Conversion.LOG_FIXED.value} needs EntranceDoseInmGy (0040,8302)"
        )
    dose = math.nan if raw.entrance_dose is None else raw.entrance_dose
    return to_eight_bits(raw.pixels, conversion, entrance_dose=dose, inside=foreground)


def to_eight_bits(
    raw: npt.NDArray[np.unsignedinteger],
    conversion: Conversion | str,
    *,
    entrance_dose: float,
    inside: Mask,
) -> GrayImage:
    """Convert a raw image.

    Args:
        raw: (H, W), proportional to the X-rays.
        conversion: a `Conversion` or its value.
        entrance_dose: mGy; only `LOG_FIXED` asks for it.
        inside: (H, W), where the phantom is; only `PER_IMAGE` asks for it.

    Raises:
        ValueError: unknown conversion.
    """
    if conversion not in list(Conversion):
        names = ", ".join(one.value for one in Conversion)
        raise ValueError(f"conversion must be one of {names}, got {conversion!r}.")
    values = raw.astype(np.float32)
    if conversion == Conversion.LOG_FIXED:
        return _gray(_attenuation(values, entrance_dose))
    low, high = 0.0, RAW_FULL_SCALE
    if conversion == Conversion.PER_IMAGE:
        low, high = np.percentile(values[inside], OWN_PERCENTILES)
    return _gray((values - np.float32(low)) / np.float32(high - low))


def _attenuation(values: FloatImage, entrance_dose: float) -> FloatImage:
    """Return 0 at the black end of the window and 1 at its white end."""
    white, black = np.log(LOG_WINDOW)
    logarithm = np.log(np.maximum(values, 1) / np.float32(entrance_dose))
    return np.asarray((np.float32(black) - logarithm) / np.float32(black - white), np.float32)


def _gray(share: FloatImage) -> GrayImage:
    return np.rint(255 * np.clip(share, 0, 1)).astype(np.uint8)

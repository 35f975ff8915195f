"""Bring the low-energy and the recombined image of one compression onto one grid."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from skimage.registration import phase_cross_correlation

MIN_QUALITY = 0.05
SCALES = np.linspace(0.9, 1.1, 21)

FloatImage = npt.NDArray[np.float64]


class RegistrationError(ValueError):
    """The two images cannot be registered to each other."""


@dataclass(frozen=True)
class Registration:
    """Where a pixel of the low-energy image lies in the recombined one.

    The pixel (r, c) of the low-energy image shows the same place as
    (scale · r + rows, scale · c + columns) of the recombined one; whole numbers are pixel centers.

    Attributes:
        scale: recombined pixels per low-energy pixel, > 0.
        rows, columns: shift in recombined pixels.
        quality: 0 to 1, see `register_pair`.
    """

    scale: float
    rows: float
    columns: float
    quality: float

    def __post_init__(self) -> None:
        values = (self.scale, self.rows, self.columns, self.quality)
        if not all(map(math.isfinite, values)) or self.scale <= 0:
            raise ValueError(f"scale must be > 0 and all values finite, got {values}")

    def inverse(self) -> Registration:
        """Return where a pixel of the recombined image lies in the low-energy one."""
        return Registration(
            1 / self.scale, -self.rows / self.scale, -self.columns / self.scale, self.quality
        )

    def to_json(self) -> str:
        """Return a JSON object that `from_json` reads back without loss."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Registration:
        """Read what `to_json` wrote.

        Raises:
            ValueError: the text is no such object.
        """
        values = json.loads(text)
        names = {field.name for field in fields(cls)}
        if not isinstance(values, dict) or set(values) != names:
            raise ValueError(f"a registration holds {sorted(names)}, got {text[:80]}")
        return cls(**{name: float(value) for name, value in values.items()})


IDENTITY = Registration(1.0, 0.0, 0.0, 1.0)


def register_pair(
    low_energy: npt.NDArray[Any], recombined: npt.NDArray[Any], *, scale: float | None
) -> Registration:
    """Estimate shift, and scale where it is not known, between the images of one compression.

    Args:
        low_energy, recombined: (H, W) pixel values in canonical polarity (air is low), not
            necessarily of one shape.
        scale: recombined pixels per low-energy pixel (pixel pitch of the low-energy image divided
            by that of the recombined one; for copies that were scaled to one height: H of the
            low-energy image divided by H of the recombined one, in native pixels). None to
            estimate it.

    Raises:
        RegistrationError: the images do not resemble each other enough.
        ValueError: an image is not (H, W) or not finite, or the scale is not positive.
    """
    fixed, moving = _edges(low_energy), _edges(recombined)
    scales = SCALES if scale is None else (scale,)
    best = max((_shift(fixed, moving, each) for each in scales), key=lambda found: found.quality)
    if best.quality < MIN_QUALITY:
        raise RegistrationError(
            f"the images agree with a quality of {best.quality:.2f} only, needed is {MIN_QUALITY:g}"
        )
    return best


def to_low_energy_frame(
    image: npt.NDArray[Any],
    registration: Registration,
    shape: tuple[int, int],
    *,
    order: int,
    fill: float = 0,
) -> npt.NDArray[Any]:
    """Move a recombined image, or a mask drawn on it, onto the grid of the low-energy image.

    Args:
        image: (H, W).
        registration: of the pair.
        shape: rows and columns of the low-energy image.
        order: of the spline: 1 or 3 for images, 0 for masks.
        fill: value of pixels that the image does not show.

    Returns:
        `shape`, type of the image; integers are rounded, and no value leaves the image's range.
    """
    return _resample(image, registration, shape, order, fill)


def to_recombined_frame(
    image: npt.NDArray[Any],
    registration: Registration,
    shape: tuple[int, int],
    *,
    order: int,
    fill: float = 0,
) -> npt.NDArray[Any]:
    """Move a low-energy image, or a mask drawn on it, onto the grid of the recombined image.

    Args:
        image: (H, W).
        registration: of the pair.
        shape: rows and columns of the recombined image.
        order: of the spline: 1 or 3 for images, 0 for masks.
        fill: value of pixels that the image does not show.

    Returns:
        `shape`, type of the image; integers are rounded, and no value leaves the image's range.
    """
    return _resample(image, registration.inverse(), shape, order, fill)


def _resample(
    image: npt.NDArray[Any],
    registration: Registration,
    shape: tuple[int, int],
    order: int,
    fill: float,
) -> npt.NDArray[Any]:
    values = np.asarray(image, np.float64)
    moved = ndimage.affine_transform(
        values,
        np.array([registration.scale, registration.scale]),
        offset=(registration.rows, registration.columns),
        output_shape=shape,
        order=order,
        cval=fill,
    )
    limited = moved.clip(min(values.min(), fill), max(values.max(), fill))
    if np.issubdtype(image.dtype, np.floating):
        return limited.astype(image.dtype)
    return limited.round().astype(image.dtype)


def _edges(image: npt.NDArray[Any]) -> FloatImage:
    if image.ndim != 2:
        raise ValueError(f"an image must be (H, W), got {image.shape}")
    values = np.asarray(image, np.float64)
    if not np.isfinite(values).all():
        raise ValueError(f"an image holds {int((~np.isfinite(values)).sum())} pixels not finite")
    return np.asarray(ndimage.gaussian_gradient_magnitude(values, 2))


def _shift(fixed: FloatImage, moving: FloatImage, scale: float) -> Registration:
    unscaled = Registration(scale, 0, 0, 0)
    moved = _resample(moving, unscaled, _shape(fixed), 1, 0)
    shift = phase_cross_correlation(
        fixed, moved, reference_mask=fixed >= 0, moving_mask=moved >= 0, overlap_ratio=0.6
    )[0]
    rows, columns = (-scale * float(each) for each in shift)
    back = _resample(moving, Registration(scale, rows, columns, 0), _shape(fixed), 1, 0)
    quality = float(np.corrcoef(fixed.ravel(), back.ravel())[0, 1])
    return Registration(scale, rows, columns, max(0.0, float(np.nan_to_num(quality))))


def _shape(image: FloatImage) -> tuple[int, int]:
    return image.shape[0], image.shape[1]

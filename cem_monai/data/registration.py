"""Where a pixel of the low-energy image lies in the recombined one, and resampling by it."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage


@dataclass(frozen=True)
class Registration:
    """Where a pixel of the low-energy image lies in the recombined one.

    The pixel (r, c) of the low-energy image shows the same place as
    (scale · r + rows, scale · c + columns) of the recombined one; whole numbers are pixel centers.

    Attributes:
        scale: recombined pixels per low-energy pixel, > 0.
        rows, columns: shift in recombined pixels.
        quality: -1 to 1, see `register_pair`.
    """

    scale: float
    rows: float
    columns: float
    quality: float

    def __post_init__(self) -> None:
        values = (self.scale, self.rows, self.columns, self.quality)
        if not all(map(math.isfinite, values)) or self.scale <= 0:
            raise ValueError(f"scale must be > 0 and all values finite, got {values}")

    def apply(self, points: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Move points of the low-energy image into the recombined one.

        Args:
            points: (..., 2), row and column in pixels.

        Returns:
            (..., 2), row and column in pixels of the recombined image.
        """
        return self.scale * np.asarray(points, np.float64) + (self.rows, self.columns)

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
        if not all(isinstance(value, float | int) for value in values.values()):
            raise ValueError(f"a registration holds numbers, got {text[:80]}")
        return cls(**values)


IDENTITY = Registration(1.0, 0.0, 0.0, 1.0)


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
        `shape`, type of the image; integers are rounded, and a cubic spline does not overshoot.

    Raises:
        ValueError: the image is not (H, W).
    """
    if image.ndim != 2:
        raise ValueError(f"the image must be (H, W), got {image.shape}")
    moved = ndimage.affine_transform(
        np.asarray(image, np.float64),
        np.full(2, registration.scale),
        offset=(registration.rows, registration.columns),
        output_shape=shape,
        order=order,
        cval=fill,
    )
    limited = moved.clip(min(image.min(), fill), max(image.max(), fill))
    if not np.issubdtype(image.dtype, np.floating):
        limited = limited.round()
    return np.asarray(limited.astype(image.dtype))


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
        `shape`, type of the image; integers are rounded, and a cubic spline does not overshoot.

    Raises:
        ValueError: the image is not (H, W).
    """
    return to_low_energy_frame(image, registration.inverse(), shape, order=order, fill=fill)

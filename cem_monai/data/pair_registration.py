"""Estimate the registration of the two images of one compression by their edges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from skimage.measure import block_reduce
from skimage.registration import phase_cross_correlation

from cem_monai.data.registration import Registration

WORKING_SIDE, COARSE_SIDE = 512, 256
"""Pixels of the longest side on which the shift and, if unknown, the scale are estimated."""
SCALES = np.linspace(0.88, 1.12, 13)
"""Native heights of CDD-CESM's pairs differ by 10 % at most."""
MIN_OVERLAP = 0.6
"""Of the smaller image; what is cropped from one image but not from the other is less."""
FINE = 8
"""Working pixels: standard deviation of the local mean that fine edges stand out from."""
MIN_QUALITY = 0.05
"""Of CDD-CESM, 97 % of the pairs reach it, and 2 % of pairs made up of two patients."""
MAX_SHIFT = 0.2
"""Of the longest side, between the centers, which a crop on one side moves by half of it; the
largest of CDD-CESM's accepted pairs is 0.05."""
MAX_SCALE = 1.25
MARGIN = 3
"""Working pixels at the border of what an image shows, into which JPEG blocks bleed."""
MIN_SHOWN = 24
"""Working pixels; the narrowest breast of CDD-CESM's 193 pairs has about 50 of the coarse ones."""

FloatImage = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


class RegistrationError(ValueError):
    """The two images cannot be registered to each other."""


@dataclass(frozen=True)
class _Edges:
    """Edges of what an image shows.

    Attributes:
        strength: (H, W) of the part that is shown.
        interior: (H, W), tissue away from the outline.
        origin: row and column of its first pixel in the image.
    """

    strength: FloatImage
    interior: Mask
    origin: npt.NDArray[np.int_]


def register_pair(
    low_energy: npt.NDArray[Any], recombined: npt.NDArray[Any], *, scale: float | None
) -> Registration:
    r"""Estimate shift, and scale where it is not known, between the images of one compression.

    Gray values of the two images have little in common, but skin, gland and vessels have edges in
    both. With the edge strength :math:`e = \sqrt{|\nabla I|}` (Gaussian derivative of 1 pixel) and
    its local mean :math:`\bar e` (Gaussian of 8 pixels), the shift maximizes the correlation of
    :math:`e - \bar e` over the pixels that both images show (Padfield 2012, as implemented in
    scikit-image); the root keeps the few strongest edges from deciding alone. The `quality` is the
    same correlation more than 16 pixels inside the breast, since all breasts share an outline. All
    this on copies reduced to at most 512 pixels a side; the shift is found to one of their pixels.

    Args:
        low_energy, recombined: (H, W) pixel values (air is low), not necessarily of one shape.
        scale: recombined pixels per low-energy pixel: pixel pitch of the low-energy image divided
            by that of the recombined one. For copies that were scaled to one height it is the
            native height of the low-energy image divided by that of the recombined one. None to
            estimate it, between 0.88 and 1.12.

    Raises:
        RegistrationError: the images do not resemble each other enough, or only with an
            implausible shift or scale.
        ValueError: an image is not (H, W) or not finite.

    References:
        D. Padfield, Masked object registration in the Fourier domain, IEEE Transactions on Image
        Processing 21 (2012).
    """
    images = [_checked(low_energy, "low-energy"), _checked(recombined, "recombined")]
    if scale is None:
        scale = _estimate_scale(images)
    elif not 1 / MAX_SCALE <= scale <= MAX_SCALE:
        raise RegistrationError(
            f"the scale is {scale:g}, plausible are {1 / MAX_SCALE:g} to {MAX_SCALE:g}"
        )
    factor = _factor(images, WORKING_SIDE)
    fixed, moving = (_edges(image, factor) for image in images)
    registration = _enlarged(_shift(fixed, moving, scale), factor)
    _check_plausible(registration, images)
    return registration


def _checked(image: npt.NDArray[Any], name: str) -> FloatImage:
    if image.ndim != 2:
        raise ValueError(f"the {name} image must be (H, W), got {image.shape}")
    values = np.asarray(image, np.float64)
    if bad := int(values.size - np.isfinite(values).sum()):
        raise ValueError(f"the {name} image has {bad} pixels that are not finite")
    if not values.size or values.min() == values.max():
        raise RegistrationError(f"the {name} image is empty or constant: nothing to register")
    return values


def _estimate_scale(images: list[FloatImage]) -> float:
    """Return the scale of the highest quality, refined by a parabola through its neighbors."""
    fixed, moving = (_edges(image, _factor(images, COARSE_SIDE)) for image in images)
    qualities = np.array([_shift(fixed, moving, scale).quality for scale in SCALES])
    best = int(qualities.argmax())
    if best in (0, len(SCALES) - 1):
        return float(SCALES[best])
    before, top, after = qualities[best - 1 : best + 2]
    curvature = before - 2 * top + after
    offset = 0.5 * (before - after) / curvature if curvature < 0 else 0.0
    return float(SCALES[best] + offset * (SCALES[1] - SCALES[0]))


def _factor(images: list[FloatImage], side: int) -> int:
    return max(1, -(-max(length for image in images for length in image.shape) // side))


def _edges(image: FloatImage, factor: int) -> _Edges:
    whole = image[: image.shape[0] // factor * factor, : image.shape[1] // factor * factor]
    reduced = np.asarray(block_reduce(whole, factor, np.mean))
    rows, columns = _shown(reduced)
    height, width = rows.stop - rows.start, columns.stop - columns.start
    if min(height, width) < MIN_SHOWN:
        raise RegistrationError(
            f"an image shows {height} x {width} pixels at working size, needed are {MIN_SHOWN}"
        )
    # Cut first: the border between picture and black padding is no edge of the breast
    picture = reduced[rows, columns]
    root = np.sqrt(ndimage.gaussian_gradient_magnitude(picture, 1, mode="nearest"))
    fine = root - ndimage.gaussian_filter(root, FINE, mode="nearest")
    tissue = ndimage.gaussian_filter(picture, 2, mode="nearest") > _threshold(reduced)
    interior = ndimage.minimum_filter(tissue, 4 * FINE + 1, mode="nearest")
    return _Edges(fine, interior, np.array([rows.start, columns.start]))


def _threshold(image: FloatImage) -> float:
    """Return a value just above that of air."""
    low, high = np.percentile(image, (0.5, 99.5))
    return float(low + 0.05 * (high - low))


def _shown(image: FloatImage) -> tuple[slice, slice]:
    """Find rows and columns of the picture, without the black that it was padded with."""
    bright = image > _threshold(image)
    limits = []
    for axis in (1, 0):
        used = np.flatnonzero(bright.mean(axis) > 0.01)
        first, last = (used[0], used[-1]) if used.size else (0, image.shape[1 - axis] - 1)
        limits.append(slice(first + MARGIN, max(last + 1 - MARGIN, first + MARGIN)))
    return limits[0], limits[1]


def _shift(fixed: _Edges, moving: _Edges, scale: float) -> Registration:
    """Find the whole-pixel shift; scale first, so that both have one pixel pitch."""
    scaled = _scaled(moving.strength, scale)
    # scikit-image measures the shift from the origin only where both shapes are the same
    shape = np.maximum(scaled.shape, fixed.strength.shape)
    images, masks = zip(*(_padded(each, shape) for each in (fixed.strength, scaled)), strict=True)
    found = phase_cross_correlation(
        *images, reference_mask=masks[0], moving_mask=masks[1], overlap_ratio=MIN_OVERLAP
    )[0].astype(int)
    rows, columns = moving.origin - scale * (fixed.origin + found)
    quality = _correlation(fixed, scaled, found)
    return Registration(scale, float(rows), float(columns), quality)


def _scaled(image: FloatImage, scale: float) -> FloatImage:
    height, width = (int((length - 1) / scale) + 1 for length in image.shape)
    factors = np.full(2, scale)
    return np.asarray(
        ndimage.affine_transform(
            image, factors, output_shape=(height, width), order=1, mode="nearest"
        )
    )


def _padded(image: FloatImage, shape: npt.NDArray[np.int_]) -> tuple[FloatImage, Mask]:
    padding = [(0, int(n - m)) for n, m in zip(shape, image.shape, strict=True)]
    return np.pad(image, padding), np.pad(np.ones(image.shape, bool), padding)


def _correlation(fixed: _Edges, moving: FloatImage, shift: npt.NDArray[np.int_]) -> float:
    """Correlate the low-energy image's interior with what lies there after the shift."""
    first = np.maximum(shift, 0)
    last = np.minimum(fixed.strength.shape, moving.shape + shift)
    here = tuple(slice(*each) for each in zip(first, last, strict=True))
    there = tuple(slice(*each) for each in zip(first - shift, last - shift, strict=True))
    interior = fixed.interior[here]
    if not interior.any():
        return 0.0
    a, b = fixed.strength[here][interior], moving[there][interior]
    spread = a.std() * b.std()
    return float(((a - a.mean()) * (b - b.mean())).mean() / spread) if spread else 0.0


def _enlarged(found: Registration, factor: int) -> Registration:
    """Go from reduced pixels to full ones: pixel i stands for the full ones around f·i + o."""
    rest = (factor - 1) / 2 * (1 - found.scale)
    rows, columns = factor * found.rows + rest, factor * found.columns + rest
    return Registration(found.scale, rows, columns, found.quality)


def _check_plausible(registration: Registration, images: list[FloatImage]) -> None:
    if registration.quality < MIN_QUALITY:
        raise RegistrationError(
            f"the edges inside the breast correlate by {registration.quality:.2f} only, "
            f"needed are {MIN_QUALITY:g}"
        )
    fixed, moving = ((np.array(image.shape) - 1) / 2 for image in images)
    shift = np.abs(registration.apply(fixed) - moving)
    limit = MAX_SHIFT * max(images[1].shape)
    if shift.max() > limit:
        raise RegistrationError(
            f"the images fit best with a shift of {shift.max():.0f} pixels (quality "
            f"{registration.quality:.2f}), plausible are up to {limit:.0f}"
        )

"""Images and region masks as checked arrays, their components, and the ring around a mass."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.ndimage import distance_transform_edt, label


def plane(values: npt.ArrayLike, name: str) -> npt.NDArray[Any]:
    """Return an image or mask as an array (H, W) of booleans, integers or floats.

    Raises:
        ValueError: the shape is not (H, W); the message names the array.
        TypeError: the elements are no real numbers.
    """
    array = np.asarray(values)
    if array.ndim != 2:
        raise ValueError(f"{name} must have the shape (H, W), got {array.shape}")
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{name} must hold real numbers, got {array.dtype}")
    return array


def finite_plane(values: npt.ArrayLike, name: str) -> npt.NDArray[Any]:
    """Return an image as an array (H, W) of finite numbers.

    Raises:
        ValueError: see `plane`, or a pixel is NaN or infinite; the message counts them.
    """
    array = plane(values, name)
    bad = 0 if array.dtype.kind != "f" else int(array.size - np.isfinite(array).sum())
    if bad:
        raise ValueError(f"{name} image {array.shape} holds {bad} NaN or infinite pixels")
    return array


def image_and_mask(
    image: npt.ArrayLike, mask: npt.ArrayLike, name: str = "mask"
) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_]]:
    """Return an image and a mask (nonzero = inside) of the same shape (H, W)."""
    pixels, inside = plane(image, "image"), plane(mask, name).astype(bool)
    if pixels.shape != inside.shape:
        raise ValueError(f"{name} {inside.shape} and image {pixels.shape} differ in shape")
    return pixels, inside


def region_values(
    image: npt.ArrayLike, mask: npt.ArrayLike, name: str = "mask"
) -> npt.NDArray[np.float64]:
    """Return the pixels inside the mask in float64, (N,): differences of them cannot wrap."""
    pixels, inside = image_and_mask(image, mask, name)
    # picking all of them out one by one takes longer
    chosen = pixels.ravel() if inside.all() else pixels[inside]
    return chosen.astype(np.float64)


def finite_region_values(
    image: npt.ArrayLike, mask: npt.ArrayLike, name: str = "mask"
) -> npt.NDArray[np.float64]:
    """Return the pixels inside the mask like `region_values`.

    Raises:
        ValueError: one of them is NaN or infinite; the message counts them.
    """
    values = region_values(image, mask, name)
    if bad := int(values.size - np.isfinite(values).sum()):
        raise ValueError(f"image holds {bad} NaN or infinite pixels in the {values.size} of {name}")
    return values


def components(
    mask: npt.ArrayLike, name: str = "mask"
) -> tuple[npt.NDArray[np.integer], npt.NDArray[np.integer]]:
    """Number the pieces of a mask; pixels that meet at a corner belong together.

    Args:
        mask: (H, W), nonzero inside.
        name: what messages call the mask.

    Returns:
        (H, W) numbers from 1 in reading order, 0 outside, and (pieces,) their areas in pixels.
    """
    labels, number = label(plane(mask, name), structure=np.ones((3, 3)))
    return labels, np.bincount(labels[labels > 0], minlength=number + 1)[1:]


def surround_ring(
    mass: npt.ArrayLike, breast: npt.ArrayLike, *, gap: float = 2.0
) -> npt.NDArray[np.bool_]:
    """Draw a ring around the mass, for images whose surround no reader has drawn.

    The ring is the mass dilated by r minus the mass dilated by the gap. r is the smallest radius
    for which the part of the ring inside the breast is as large as the mass; pixels at exactly the
    distance r all belong to it, so the ring may be slightly larger. It is smaller where the breast
    has no room. Several masses in one mask share one ring, and none of them lies in it.

    Args:
        mass: (H, W) mask, nonzero inside.
        breast: (H, W) mask, nonzero inside.
        gap: pixels next to the mass that are left out, since its blurred border lies there.

    Returns:
        (H, W) mask of the ring; empty for an empty mass.
    """
    breast_mask, mass_mask = image_and_mask(breast, mass, "mass")
    area = int(mass_mask.sum())
    ring = np.zeros_like(mass_mask)
    if area == 0:
        return ring
    # Far enough for a ring of three times the area around a disk; else everywhere.
    for margin in (gap + 2 * area**0.5, max(mass_mask.shape)):
        part = bounding_box(mass_mask, int(margin))
        distance = distance_transform_edt(~mass_mask[part])
        candidates = (distance > gap) & breast_mask[part].astype(bool)
        room = np.sort(distance[candidates])
        if (room <= margin).sum() >= area:
            break
    radius = room[min(area, room.size) - 1] if room.size else 0.0
    ring[part] = candidates & (distance <= radius)
    return ring


def surround_or_ring(
    surround: npt.ArrayLike | None, mass: npt.ArrayLike, breast: npt.ArrayLike
) -> tuple[npt.NDArray[np.bool_], bool]:
    """Return the drawn surround, or a ring where none is drawn, and whether it is a ring.

    Args:
        surround: (H, W) mask drawn by a reader, nonzero inside; empty or None when there is none.
        mass: (H, W) mask, nonzero inside.
        breast: (H, W) mask, nonzero inside.

    Returns:
        (H, W) mask and the flag; without a mass there is no ring.
    """
    _, mass_mask = image_and_mask(breast, mass, "mass")
    drawn = np.zeros_like(mass_mask) if surround is None else plane(surround, "surround")
    if drawn.any() or not mass_mask.any():
        return drawn.astype(bool), False
    return surround_ring(mass_mask, breast), True


def bounding_box(mask: npt.NDArray[np.bool_], margin: int = 0) -> tuple[slice, slice]:
    """Return the rows and columns that a mask reaches, with a margin as far as there is room.

    Args:
        mask: (H, W).
        margin: pixels.

    Returns:
        an empty box for an empty mask.
    """
    ends = []
    for axis, size in zip((1, 0), mask.shape, strict=True):
        used = np.flatnonzero(mask.any(axis=axis))
        if not used.size:
            return slice(0, 0), slice(0, 0)
        ends.append(slice(max(0, int(used[0]) - margin), min(size, int(used[-1]) + margin + 1)))
    return ends[0], ends[1]

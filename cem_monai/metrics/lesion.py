"""How much a single lesion stands out in a generated image, beside the real one."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from cem_monai.metrics.distances import grey_per_unit
from cem_monai.metrics.regions import components, finite_region_values

MISSED_BELOW = 0.5
"""Share of the real contrast below which the enhancement of a lesion counts as missed."""


def lesion_metrics(
    generated: npt.ArrayLike,
    real: npt.ArrayLike,
    mass: npt.ArrayLike,
    surround: npt.ArrayLike,
    *,
    data_range: tuple[float, float],
) -> dict[str, float]:
    """Measure one lesion of a generated image against the real one.

    Both CNR divide by the standard deviation of the **real** surround. That of the generated image,
    which the published delta CNR divides by, shrinks when noise is missing, so that a blurred image
    scores above the real one.

    Args:
        generated: (H, W) stored pixel values.
        real: (H, W) stored pixel values.
        mass: (H, W) mask of one lesion, nonzero inside, see `split_lesions`.
        surround: (H, W) mask of its surroundings, nonzero inside.
        data_range: stored values (low, high) that stand for grey levels 0 and 255.

    Returns:
        `contrast_real`, `contrast_generated` and `contrast_error`, generated - real (grey levels);
        `cnr_real`, `cnr_generated` and `delta_cnr`, generated - real; `missed_enhancement`, 0 to 1,
        and `is_missed`, 0 or 1 (see the functions of these names). NaN where a mask is empty, for
        the CNR where the real surround is constant, and for the last two where the real lesion is
        no brighter than its surround.

    Raises:
        ValueError: the shapes differ or are not (H, W), the range is empty, or a pixel of the mass
            or of the surround is NaN or infinite.
    """
    contrast_real, contrast_generated = (
        lesion_contrast(image, mass, surround, data_range=data_range) for image in (real, generated)
    )
    sigma = _deviation(real, surround) * grey_per_unit(data_range)
    missed = is_missed(contrast_generated, contrast_real)
    return {
        "contrast_real": contrast_real,
        "contrast_generated": contrast_generated,
        "contrast_error": contrast_generated - contrast_real,
        "cnr_real": contrast_real / sigma,
        "cnr_generated": contrast_generated / sigma,
        "delta_cnr": (contrast_generated - contrast_real) / sigma,
        "missed_enhancement": missed_enhancement(contrast_generated, contrast_real),
        "is_missed": math.nan if missed is None else float(missed),
    }


def reader_lesion_metrics(
    generated: npt.ArrayLike,
    real: npt.ArrayLike,
    readers: Mapping[str, tuple[npt.ArrayLike, npt.ArrayLike]],
    *,
    data_range: tuple[float, float],
) -> tuple[dict[str, dict[str, float]], dict[str, float]]:
    """Measure one lesion with the masks of several readers.

    Args:
        generated: (H, W) stored pixel values.
        real: (H, W) stored pixel values.
        readers: reader to (mass, surround), two (H, W) masks that this reader has drawn.
        data_range: stored values (low, high) that stand for grey levels 0 and 255.

    Returns:
        Reader to the values of `lesion_metrics`, and their means. A mean is over the readers that
        have the value, NaN where none has; that of `is_missed` is a share of readers.

    Raises:
        ValueError: there is no reader; see further `lesion_metrics`.
    """
    if not readers:
        raise ValueError("a lesion needs the masks of at least one reader, got none")
    rows = {
        reader: lesion_metrics(generated, real, mass, surround, data_range=data_range)
        for reader, (mass, surround) in readers.items()
    }
    names = next(iter(rows.values()))
    return rows, {name: mean_of_readers([row[name] for row in rows.values()]) for name in names}


def mean_of_readers(values: Sequence[float]) -> float:
    """Return the mean over the readers that have a value, NaN where none has."""
    finite = [value for value in values if not math.isnan(value)]
    return math.fsum(finite) / len(finite) if finite else math.nan


def lesion_contrast(
    image: npt.ArrayLike,
    mass: npt.ArrayLike,
    surround: npt.ArrayLike,
    *,
    data_range: tuple[float, float],
) -> float:
    """Compute mean of the mass - mean of its surround.

    Arguments and errors are those of `lesion_metrics`.

    Returns:
        Grey levels; NaN where a mask is empty.
    """
    inside = finite_region_values(image, mass, "mass")
    around = finite_region_values(image, surround, "surround")
    if inside.size == 0 or around.size == 0:
        return math.nan
    # Sums of stored whole numbers are exact: a constant image has exactly no contrast.
    return float(inside.mean() - around.mean()) * grey_per_unit(data_range)


def missed_enhancement(contrast_generated: float, contrast_real: float) -> float:
    """Return the share of the real contrast that the generated lesion lacks, 0 to 1.

    Args:
        contrast_generated: grey levels, may be negative.
        contrast_real: grey levels.

    Returns:
        0 for a lesion at least as bright as the real one, 1 for one no brighter than its surround;
        NaN where the real contrast is not positive or a contrast is NaN.
    """
    if not contrast_real > 0 or math.isnan(contrast_generated):
        return math.nan
    return min(1.0, max(0.0, 1 - contrast_generated / contrast_real))


def is_missed(
    contrast_generated: float, contrast_real: float, *, threshold: float = MISSED_BELOW
) -> bool | None:
    """Tell whether the enhancement of a lesion is missed.

    Args:
        contrast_generated: grey levels, may be negative.
        contrast_real: grey levels.
        threshold: share of the real contrast below which the generated one is missed.

    Returns:
        None where the real contrast is not positive, since there is nothing to miss, or where a
        contrast is NaN.
    """
    if not contrast_real > 0 or math.isnan(contrast_generated):
        return None
    return contrast_generated < threshold * contrast_real


def split_lesions(mask: npt.ArrayLike, *, minimal_pixels: int = 1) -> list[npt.NDArray[np.bool_]]:
    """Split a mask of several lesions into one mask each.

    Pixels that meet at a corner belong to the same lesion.

    Args:
        mask: (H, W), nonzero inside.
        minimal_pixels: pixels that a lesion has at least; smaller pieces are slips of the pen.

    Returns:
        (H, W) masks, largest first, equal ones in reading order.

    Raises:
        ValueError: the shape is not (H, W).
    """
    labels, areas = components(mask)
    order = np.argsort(-areas, kind="stable")
    return [labels == index + 1 for index in order if areas[index] >= minimal_pixels]


def _deviation(image: npt.ArrayLike, region: npt.ArrayLike) -> float:
    values = finite_region_values(image, region, "surround")
    # A constant is found by its extremes: its float standard deviation need not be exactly 0.
    if values.size == 0 or values.min() == values.max():
        return math.nan
    return float(values.std())

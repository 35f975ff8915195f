"""Other ways to find the shift at a known scale, for registration_error.py."""

from __future__ import annotations

from collections.abc import Callable

import itk
import numpy as np
import numpy.typing as npt
from scipy import fft, ndimage

from cem_monai.data import Registration, breast_mask, to_low_energy_frame

Array = npt.NDArray[np.float64]
BORDER, REACH, BINS = 5, 90, 32


def mattes(low_energy: Array, recombined: Array, scale: float) -> Registration:
    """ITK's multi-resolution gradient descent on Mattes mutual information of gray values."""
    fixed, moving, fixed_mask, moving_mask = prepared(low_energy, recombined, scale)
    image_type, mask_type = itk.Image[itk.F, 2], itk.ImageMaskSpatialObject[2]
    metric = itk.MattesMutualInformationImageToImageMetricv4[image_type, image_type].New()
    metric.SetNumberOfHistogramBins(BINS)
    for mask, place in (
        (fixed_mask, metric.SetFixedImageMask),
        (moving_mask, metric.SetMovingImageMask),
    ):
        region = mask_type.New()
        region.SetImage(itk.image_from_array(mask.astype(np.uint8)))
        region.Update()
        place(region)
    optimizer = itk.RegularStepGradientDescentOptimizerv4[itk.D].New()
    optimizer.SetLearningRate(4.0)
    optimizer.SetMinimumStepLength(0.02)
    optimizer.SetNumberOfIterations(150)
    images = [itk.image_from_array(each.astype(np.float32)) for each in (fixed, moving)]
    method = itk.ImageRegistrationMethodv4[image_type, image_type].New(
        FixedImage=images[0], MovingImage=images[1], Metric=metric, Optimizer=optimizer
    )
    method.SetInitialTransform(itk.TranslationTransform[itk.D, 2].New())
    method.SetNumberOfLevels(3)
    method.SetShrinkFactorsPerLevel([8, 4, 2])
    method.SetSmoothingSigmasPerLevel([4, 2, 1])
    method.Update()
    columns, rows = (method.GetTransform().GetParameters()[i] for i in range(2))
    return Registration(scale, scale * rows, scale * columns, 0)


def edges(low_energy: Array, recombined: Array, scale: float) -> Registration:
    """Correlation of gradient magnitudes, without the root."""
    fixed, moving, here, there = prepared(low_energy, recombined, scale)
    return peak(correlation(gradient(fixed), here, gradient(moving), there), scale)


def outline(low_energy: Array, recombined: Array, scale: float) -> Registration:
    """Correlation of signed distances from the breast outline, cut at 15 pixels."""
    fixed, moving, here, there = prepared(low_energy, recombined, scale)
    return peak(correlation(distance(fixed), here, distance(moving), there), scale)


def outline_and_edges(low_energy: Array, recombined: Array, scale: float) -> Registration:
    """Sum of the two."""
    fixed, moving, here, there = prepared(low_energy, recombined, scale)
    distances = correlation(distance(fixed), here, distance(moving), there)
    return peak(distances + correlation(gradient(fixed), here, gradient(moving), there), scale)


METHODS: dict[str, Callable[[Array, Array, float], Registration]] = {
    "edges without the root": edges,
    "breast outline": outline,
    "breast outline + edges": outline_and_edges,
    "ITK, Mattes mutual information": mattes,
}


def prepared(low_energy: Array, recombined: Array, scale: float) -> tuple[Array, ...]:
    """Return both images at one pixel pitch, and masks of what they show."""
    unshifted = Registration(scale, 0, 0, 0)
    shape = (low_energy.shape[0], low_energy.shape[1])
    masks = [shown(low_energy), shown(recombined)]
    masks[1] = to_low_energy_frame(masks[1], unshifted, shape, order=0)
    moving = to_low_energy_frame(recombined.astype(np.float64), unshifted, shape, order=1)
    return low_energy.astype(np.float64), moving, *masks


def shown(image: Array) -> npt.NDArray[np.bool_]:
    mask = np.zeros(image.shape, bool)
    rows, columns = (
        np.flatnonzero((image > 0.05 * image.max()).mean(axis) > 0.01) for axis in (1, 0)
    )
    mask[rows[0] + BORDER : rows[-1] - BORDER, columns[0] + BORDER : columns[-1] - BORDER] = True
    return mask


def gradient(image: Array) -> Array:
    return np.asarray(ndimage.gaussian_gradient_magnitude(image, 1))


def distance(image: Array) -> Array:
    mask = breast_mask(image)
    signed = ndimage.distance_transform_edt(mask) - ndimage.distance_transform_edt(~mask)
    return np.asarray(signed.clip(-15, 15))


def correlation(fixed: Array, here: Array, moving: Array, there: Array) -> Array:
    """Correlate over what both masks show, for each shift of up to `REACH` pixels."""
    a, b = fixed * here, moving * there
    count = np.maximum(sums(here, there), 1)
    sum_a, sum_b = sums(a, there), sums(here, b)
    product = sums(a, b) - sum_a * sum_b / count
    square_a = sums(a * a, there) - sum_a**2 / count
    square_b = sums(here, b * b) - sum_b**2 / count
    result = product / np.sqrt(np.maximum(square_a, 1e-6) * np.maximum(square_b, 1e-6))
    return np.where(count > 0.6 * here.sum(), result, -2)


def sums(a: Array, b: Array) -> Array:
    size = [fft.next_fast_len(length + REACH) for length in a.shape]
    spectrum = np.conj(fft.rfft2(a.astype(float), size)) * fft.rfft2(b.astype(float), size)
    return np.roll(fft.irfft2(spectrum, size), (REACH, REACH), (0, 1))[
        : 2 * REACH + 1, : 2 * REACH + 1
    ]


def peak(surface: Array, scale: float) -> Registration:
    rows, columns = np.array(np.unravel_index(surface.argmax(), surface.shape)) - REACH
    return Registration(scale, float(scale * rows), float(scale * columns), 0)

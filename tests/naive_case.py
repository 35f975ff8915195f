"""All measures of one case once more: masked arrays, loops and scikit-image, nothing of ours."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter
from scipy.spatial import KDTree
from scipy.stats import wasserstein_distance
from skimage.measure import block_reduce, label
from skimage.metrics import structural_similarity

Image = np.ndarray[Any, Any]
Row = dict[str, float]
Windows = Callable[..., Image]
"""(image, mask, edge, patch, stride) → CNR of every window."""
NAN = math.nan


def naive_row(
    generated: Image,
    real: Image,
    regions: Mapping[str, Any],
    options: Mapping[str, Any],
    windows: Windows,
) -> Row:
    """Measure one case.

    Args:
        generated, real: (H, W) stored values.
        regions: `breast`, `readers`, `decoy`, `mirrored`, `pixel_area`; no mask may be None.
        options: `data_range`, `patch_size`, `stride`, `edge`, `threshold`.
        windows: plain loop.
    """
    low, high = options["data_range"]
    a, b = (255 * (image.astype(float) - low) / (high - low) for image in (generated, real))
    breast, readers = regions["breast"], regions["readers"]
    none = np.zeros_like(breast)
    mass = readers[0][0] if readers else none
    lesions = np.logical_or.reduce([none, *(drawn for drawn, _ in readers)])
    row: Row = {}
    areas = {"image": ~none, "breast": breast, "mass": mass}
    for name, area in areas.items():
        row |= _distances(name, a, b, area) | _similarities(name, a, b, area)
    row |= _breast(generated, real, breast, mass, options, windows)
    row["breast_wasserstein"] = wasserstein_distance(a[breast], b[breast])
    row |= _masses(a, b, readers)
    row |= _false(a, b, breast, lesions, regions, options["threshold"])
    row |= _decoy(a, b, breast & ~lesions, regions["decoy"] & breast & ~lesions)
    for name, image in (("real", b), ("generated", a)):
        row[f"cci_{name}"] = neighborhoods(image).std(axis=(2, 3)).mean()
    del row["image_pixels"], row["image_psnr_frame"]  # of the grid; the same as psnr_roi
    return row | {"cci_ratio": row["cci_generated"] / row["cci_real"]}


def naive_lesion(
    generated: Image, real: Image, readings: Sequence[tuple[Image, Image]], data_range: Any
) -> Row:
    """Measure one lesion that these readers drew, mass and surround each."""
    low, high = data_range
    a, b = (255 * (image.astype(float) - low) / (high - low) for image in (generated, real))
    row = {f"lesion_{name}": value for name, value in _mean_contrasts(a, b, readings).items()}
    row["lesion_abs_contrast_error"] = abs(row["lesion_contrast_error"])
    return row | {"lesion_pixels": float(readings[0][0].sum())}


def neighborhoods(image: Image) -> Image:
    return np.lib.stride_tricks.sliding_window_view(image, (3, 3))


def naive_ring(mass: Image, breast: Image, gap: float = 2.0) -> Image:
    """Grow a ring over the whole image until it is as large as the mass."""
    ring = np.zeros(mass.shape, bool)
    if not mass.any():
        return ring
    pixels = np.argwhere(np.ones_like(mass))
    distances, _ = KDTree(np.argwhere(mass)).query(pixels)
    squares = np.rint(distances**2).reshape(mass.shape)
    allowed = (squares > gap**2) & breast
    for square in np.unique(squares[allowed]):
        if ring.sum() >= mass.sum():
            break
        ring = allowed & (squares <= square)
    return ring


def _distances(name: str, a: Image, b: Image, area: Image) -> Row:
    if not area.any():
        empty = dict.fromkeys(("l1", "l2", "psnr_roi", "psnr_frame"), NAN)
        return {f"{name}_pixels": 0.0, **{f"{name}_{key}": value for key, value in empty.items()}}
    errors = (a - b)[area]
    squared = float(np.mean(errors**2))
    framed = float(np.mean(np.where(area, a - b, 0) ** 2))
    return {
        f"{name}_pixels": float(area.sum()),
        f"{name}_l1": float(np.mean(abs(errors))),
        f"{name}_l2": squared,
        f"{name}_psnr_roi": 20 * math.log10(255 / math.sqrt(squared)),
        f"{name}_psnr_frame": 20 * math.log10(255 / math.sqrt(framed)),
    }


def _similarities(name: str, a: Image, b: Image, area: Image) -> Row:
    if not area.any():
        return {f"{name}_ssim": NAN, f"{name}_ms_ssim": NAN}
    _, values = structural_similarity(
        a, b, gaussian_weights=True, use_sample_covariance=False, data_range=255, full=True
    )
    return {f"{name}_ssim": values[area].mean(), f"{name}_ms_ssim": _ms_ssim(a, b, area)}


def _ms_ssim(a: Image, b: Image, area: Image) -> float:
    value, c1, c2 = 1.0, (0.01 * 255) ** 2, (0.03 * 255) ** 2
    for scale, weight in enumerate((0.0448, 0.2856, 0.3001, 0.2363, 0.1333)):
        side = 2**scale
        rows, columns = (length // side * side for length in a.shape)
        x, y, inside = (
            block_reduce(image[:rows, :columns].astype(float), (side, side), np.mean)
            for image in (a, b, area)
        )
        if not (inside >= 0.5).any():
            return NAN
        mean_x, mean_y, xx, yy, xy = (
            gaussian_filter(image, 1.5, truncate=3.5, mode="reflect")
            for image in (x, y, x * x, y * y, x * y)
        )
        values = (2 * (xy - mean_x * mean_y) + c2) / (xx - mean_x**2 + yy - mean_y**2 + c2)
        if scale == 4:
            values *= (2 * mean_x * mean_y + c1) / (mean_x**2 + mean_y**2 + c1)
        value *= max(0.0, values[inside >= 0.5].mean()) ** weight
    return value


def _breast(
    generated: Image,
    real: Image,
    breast: Image,
    mass: Image,
    options: Mapping[str, Any],
    windows: Windows,
) -> Row:
    def cnr(mask: Image, edge: str) -> tuple[float, float, int]:
        size, stride = options["patch_size"], options["stride"]
        of_real, of_generated = (
            windows(image, mask, edge, size, stride) for image in (real, generated)
        )
        both = ~np.isnan(of_real) & ~np.isnan(of_generated)
        if not both.any():
            return NAN, NAN, 0
        return float(of_real[both].mean()), float(of_generated[both].mean()), int(both.sum())

    edge = options["edge"]
    of_real, of_generated, number = cnr(breast, edge)
    masked_real, masked_generated, _ = cnr(breast, "masked")
    rest = breast & ~mass if mass.any() else np.zeros_like(breast)
    rest_real, rest_generated, _ = cnr(rest, edge)
    a, b = (
        255 * (image.astype(float) - options["data_range"][0]) / np.ptp(options["data_range"])
        for image in (generated, real)
    )
    return {
        "breast_cnr_real": of_real,
        "breast_cnr_generated": of_generated,
        "breast_delta_cnr": of_generated - of_real,
        "breast_abs_delta_cnr": abs(of_generated - of_real),
        "breast_cnr_windows": float(number),
        "breast_masked_cnr_real": masked_real,
        "breast_masked_cnr_generated": masked_generated,
        "breast_masked_delta_cnr": masked_generated - masked_real,
        "rest_delta_cnr": rest_generated - rest_real,
        **_distances("rest", a, b, rest),
    }


def _masses(a: Image, b: Image, readers: Sequence[tuple[Image, Image]]) -> Row:
    """Average over readers what each one's masks give."""
    published = [
        [(image[mass].mean() - image[ring].mean()) / image[ring].std() for image in (b, a)]
        for mass, ring in readers
    ]
    of_real, of_generated = np.mean(published, axis=0) if readers else (NAN, NAN)
    deltas = [of_pair[1] - of_pair[0] for of_pair in published] + [NAN, NAN]
    contrasts = _mean_contrasts(a, b, readers)
    return {
        "mass_cnr_real": of_real,
        "mass_cnr_generated": of_generated,
        "mass_delta_cnr": of_generated - of_real,
        "mass_abs_delta_cnr": abs(of_generated - of_real),
        "mass_delta_cnr_first": deltas[0],
        "mass_delta_cnr_second": deltas[1],
        "mass_contrast_real": contrasts["contrast_real"],
        "mass_contrast_generated": contrasts["contrast_generated"],
        "mass_contrast_error": contrasts["contrast_error"],
        "mass_abs_contrast_error": abs(contrasts["contrast_error"]),
        "mass_real_sigma_cnr_generated": contrasts["cnr_generated"],
        "mass_real_sigma_delta_cnr": contrasts["delta_cnr"],
        "mass_missed_enhancement": contrasts["missed_enhancement"],
    }


def _mean_contrasts(a: Image, b: Image, readers: Sequence[tuple[Image, Image]]) -> Row:
    rows = []
    for mass, ring in readers:
        of_real, of_generated = (image[mass].mean() - image[ring].mean() for image in (b, a))
        sigma = b[ring].std()
        lacking = 1 - of_generated / of_real
        rows.append(
            {
                "contrast_real": of_real,
                "contrast_generated": of_generated,
                "contrast_error": of_generated - of_real,
                "cnr_real": of_real / sigma,
                "cnr_generated": of_generated / sigma,
                "delta_cnr": of_generated / sigma - of_real / sigma,
                "missed_enhancement": min(max(lacking, 0), 1) if of_real > 0 else NAN,
                "is_missed": float(of_generated < of_real / 2) if of_real > 0 else NAN,
            }
        )
    names = ("contrast_real", "contrast_generated", "contrast_error", "cnr_real", "cnr_generated")
    names += ("delta_cnr", "missed_enhancement", "is_missed")
    values = {name: [row[name] for row in rows if row[name] == row[name]] for name in names}
    return {name: sum(found) / len(found) if found else NAN for name, found in values.items()}


def _false(
    a: Image,
    b: Image,
    breast: Image,
    lesions: Image,
    regions: Mapping[str, Any],
    threshold: float,
) -> Row:
    tissue = breast & ~lesions
    mirror = regions["mirrored"] & tissue
    row = {"mirror_pixels": float(mirror.sum())}
    for suffix, image in (("", a), ("_real", b)):
        row[f"false_share{suffix}"] = float((image[tissue] > threshold).mean())
        row[f"false_foci{suffix}"] = _foci(
            (image > threshold) & tissue, lesions, regions["pixel_area"]
        )
    row["false_abs_share_error"] = abs(row["false_share"] - row["false_share_real"])
    row["false_excess"] = float((a - b)[tissue].mean())
    row["mirror_share"] = float((a[mirror] > threshold).mean()) if mirror.any() else NAN
    row["mirror_excess"] = float((a - b)[mirror].mean()) if mirror.any() else NAN
    return row


def _foci(above: Image, lesions: Image, pixel_area: float) -> float:
    pieces = label(above | lesions, connectivity=2)
    found = [pieces == number for number in range(1, pieces.max() + 1)]
    clear = [piece for piece in found if not (piece & lesions).any()]
    # a disk of 3 mm diameter, rounded to 7 mm²
    return float(sum(piece.sum() * pixel_area >= 7 for piece in clear))


def _decoy(a: Image, b: Image, tissue: Image, decoy: Image) -> Row:
    row = {"decoy_pixels": float(decoy.sum())}
    ring = naive_ring(decoy, tissue)
    for name, image in (("real", b), ("generated", a)):
        contrast = image[decoy].mean() - image[ring].mean() if decoy.any() else NAN
        row[f"decoy_contrast_{name}"] = float(contrast)
    return row

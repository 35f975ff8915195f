"""All measures of one image pair as one flat table row."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cem_monai.metrics.cnr import CNREdge
from cem_monai.metrics.delta_cnr import DeltaCNR, delta_cnr_breast, delta_cnr_mass
from cem_monai.metrics.distances import l1, l2, psnr_frame, psnr_roi
from cem_monai.metrics.lesion import lesion_contrast
from cem_monai.metrics.regions import finite_plane, plane, surround_or_ring

DISTANCES = {"l1": l1, "l2": l2, "psnr_roi": psnr_roi, "psnr_frame": psnr_frame}


def case_metrics(
    generated: npt.ArrayLike,
    real: npt.ArrayLike,
    *,
    breast: npt.ArrayLike,
    mass: npt.ArrayLike | None,
    surround: npt.ArrayLike | None,
    data_range: tuple[float, float],
    edge: CNREdge | str = CNREdge.STRICT,
    patch_size: int = 64,
    stride: int = 16,
) -> dict[str, float]:
    """Measure one generated image against the real one.

    What the caller has done: the generated values are rounded to whole numbers and clipped to
    at least 0, as they would be stored. Nothing is rounded here.

    Args:
        generated: (H, W) stored pixel values.
        real: (H, W) stored pixel values.
        breast: (H, W) mask, nonzero inside.
        mass: (H, W) mask, nonzero inside; empty or None for an image without a mass.
        surround: (H, W) mask, nonzero inside; where empty or None, a ring of the mass's area is
            drawn around the mass inside the breast (`surround_ring`).
        data_range: stored values (low, high) that stand for grey levels 0 and 255.
        edge: which windows of the breast CNR count where the breast ends, see `CNREdge`.
        patch_size: pixels, side of the sliding patch; a multiple of `stride`.
        stride: pixels between neighboring windows.

    Returns:
        NaN marks what an image does not have. For the regions `breast` and `mass`:
        `{region}_pixels`; `{region}_l1` (grey levels), `{region}_l2` (squared grey levels),
        `{region}_psnr_roi` and `{region}_psnr_frame` (dB, infinite for identical images);
        `{region}_cnr_real`, `{region}_cnr_generated`, `{region}_delta_cnr` (generated - real)
        and its magnitude `{region}_abs_delta_cnr`.
        Further `breast_cnr_windows` and `breast_cnr_dropped` (counts), `mass_contrast_real` and
        `mass_contrast_generated` (mean of mass - mean of surround, grey levels), and
        `surround_is_ring` (1 when the ring stands in for the surround, else 0).

    Raises:
        ValueError: shapes differ, or an image holds NaN or infinite pixels.
    """
    if mass is None:
        mass = np.zeros(np.shape(breast), bool)
    if surround is None:
        surround = np.zeros(np.shape(breast), bool)
    _check(generated=generated, real=real, breast=breast, mass=mass, surround=surround)
    surround, is_ring = surround_or_ring(surround, mass, breast)
    row = {
        **_distances("breast", generated, real, breast, data_range),
        **_distances("mass", generated, real, mass, data_range),
    }
    of_breast = delta_cnr_breast(
        generated, real, breast, patch_size=patch_size, stride=stride, edge=edge
    )
    row |= _cnr("breast", of_breast)
    row |= {
        "breast_cnr_windows": float(of_breast.windows),
        "breast_cnr_dropped": float(of_breast.dropped),
    }
    row |= _cnr("mass", delta_cnr_mass(generated, real, mass, surround))
    for name, image in (("real", real), ("generated", generated)):
        row[f"mass_contrast_{name}"] = lesion_contrast(image, mass, surround, data_range=data_range)
    row["surround_is_ring"] = float(is_ring)
    return row


def _check(**arrays: npt.ArrayLike) -> None:
    planes = {name: plane(values, name) for name, values in arrays.items()}
    if len({array.shape for array in planes.values()}) > 1:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in planes.items())
        raise ValueError(f"images and masks differ in shape: {shapes}")
    for name in ("generated", "real"):
        finite_plane(arrays[name], name)


def _distances(
    region: str,
    generated: npt.ArrayLike,
    real: npt.ArrayLike,
    mask: npt.ArrayLike,
    data_range: tuple[float, float],
) -> dict[str, float]:
    row = {f"{region}_pixels": float(np.count_nonzero(mask))}
    for name, distance in DISTANCES.items():
        row[f"{region}_{name}"] = distance(generated, real, mask, data_range=data_range)
    return row


def _cnr(region: str, result: DeltaCNR) -> dict[str, float]:
    return {
        f"{region}_cnr_real": result.real,
        f"{region}_cnr_generated": result.generated,
        f"{region}_delta_cnr": result.delta,
        f"{region}_abs_delta_cnr": abs(result.delta),
    }

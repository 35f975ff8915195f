"""Only the part of an image around the breast is measured; the values are those of all of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cem_monai.metrics import (
    CaseMeasures,
    CaseRegions,
    MeasureOptions,
    contrast_to_noise_ratio,
    delta_cnr_breast,
    l1,
    l2,
    psnr_frame,
    psnr_roi,
    surround_ring,
    wasserstein_distance,
)

Image = np.ndarray[Any, Any]
RANGE = (0, 4095)
EDGES = ["strict", "masked", "image"]


def images(shape: tuple[int, int], box: tuple[slice, slice], seed: int) -> tuple[Image, ...]:
    """Generated, real, breast in the box, a mass in the breast; air holds noise too."""
    rng = np.random.default_rng(seed)
    generated, real = rng.integers(0, 4096, (2, *shape)).astype(np.uint16)
    breast, mass = np.zeros((2, *shape), bool)
    breast[box] = True
    rows, columns = (slice((b.start + b.stop) // 2 - 3, (b.start + b.stop) // 2 + 4) for b in box)
    mass[rows, columns] = breast[rows, columns]
    return generated, real, breast, mass


def check(generated: Image, real: Image, breast: Image, mass: Image, window: dict[str, Any]) -> int:
    """Compare with direct calls on all pixels; return the number of windows."""
    readers = [(mass, None)] if mass.any() else []
    regions = CaseRegions(breast, readers)
    row = CaseMeasures(real, regions, MeasureOptions(RANGE, **window)).case_row(generated)
    rest = breast & ~mass if readers else np.zeros_like(breast)
    for name, area in (("breast", breast), ("mass", mass), ("rest", rest)):
        for distance in (l1, l2, psnr_roi, psnr_frame):
            expected = distance(generated, real, area, data_range=RANGE)
            found = row[f"{name}_{distance.__name__}"]
            assert found == pytest.approx(expected, rel=1e-12, nan_ok=True), (name, distance)
    found = delta_cnr_breast(generated, real, breast, **window)
    masked = delta_cnr_breast(generated, real, breast, **(window | {"edge": "masked"}))
    of_rest = delta_cnr_breast(generated, real, rest, **window)
    expected = {
        "breast_cnr_real": found.real,
        "breast_cnr_generated": found.generated,
        "breast_cnr_windows": found.windows,
        "breast_cnr_dropped": found.dropped,
        "breast_masked_cnr_real": masked.real,
        "breast_masked_cnr_generated": masked.generated,
        "rest_delta_cnr": of_rest.delta,
        "breast_wasserstein": wasserstein_distance(generated, real, breast, data_range=RANGE),
        "mass_cnr_real": contrast_to_noise_ratio(real, mass, surround_ring(mass, breast)),
    }
    for name, value in expected.items():
        assert np.array_equal(row[name], value, equal_nan=True), name  # to the last bit
    return found.windows


@pytest.mark.parametrize("edge", EDGES)
@pytest.mark.parametrize(("patch_size", "stride"), [(4, 4), (6, 2), (8, 4), (12, 1), (15, 5)])
def test_air_around_the_breast_changes_nothing(edge: str, patch_size: int, stride: int) -> None:
    pair = images((150, 130), (slice(49, 102), slice(31, 89)), 0)
    window = {"edge": edge, "patch_size": patch_size, "stride": stride}
    assert check(*pair, window) > 0


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    top=st.integers(0, 40),
    left=st.integers(0, 40),
    height=st.integers(1, 40),
    width=st.integers(1, 40),
    window=st.sampled_from([(3, 1), (4, 2), (6, 3), (5, 5)]),
    edge=st.sampled_from(EDGES),
)
def test_wherever_the_breast_lies(
    seed: int, top: int, left: int, height: int, width: int, window: tuple[int, int], edge: str
) -> None:
    """Breasts at the borders of an image, smaller than a patch, or larger than the image."""
    pair = images((47, 53), (slice(top, top + height), slice(left, left + width)), seed)
    check(*pair, {"edge": edge, "patch_size": window[0], "stride": window[1]})


@pytest.mark.parametrize("edge", EDGES)
def test_constant_windows_are_dropped_alike(edge: str) -> None:
    generated, real, breast, mass = images((90, 80), (slice(20, 70), slice(10, 60)), 1)
    generated[:45] = 7
    window = {"edge": edge, "patch_size": 6, "stride": 3}
    assert check(generated, real, breast, mass, window) > 0
    row = CaseMeasures(real, CaseRegions(breast), MeasureOptions(RANGE, **window))
    assert row.case_row(generated)["breast_cnr_dropped"] > 0


def test_margins_of_any_size_change_the_frame_only() -> None:
    """What counts the frame follows it; everything else is equal with and without margins."""
    generated, real, breast, mass = images((64, 48), (slice(12, 50), slice(0, 40)), 2)
    decoy, mirrored = np.roll(mass, 9, axis=0), np.roll(mass, 9, axis=1)
    rows = []
    for margin in (0, 8, 24):
        pads = ((margin, margin // 2), (0, margin))
        a, b, inside, drawn, other, lure = (
            np.pad(array, pads) for array in (generated, real, breast, mass, mirrored, decoy)
        )
        regions = CaseRegions(inside, [(drawn, None)], lure, other, 1.0)
        options = MeasureOptions(RANGE, 8, 4, "masked", threshold=200.0)
        rows.append(CaseMeasures(b, regions, options).case_row(a))
    whole = {name for name in rows[0] if name.startswith(("image", "cci"))}
    whole |= {name for name in rows[0] if name.endswith(("_frame", "ssim"))}
    for row in rows[1:]:
        for name in rows[0].keys() - whole:
            assert row[name] == pytest.approx(rows[0][name], nan_ok=True), name
        assert row["breast_psnr_frame"] > rows[0]["breast_psnr_frame"]

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.pixels import apply_windowing

from cem_monai.dicom import display_range, linear_range, read_mammogram

Save = Callable[..., Path]
PIXELS = np.linspace(0, 4095, 48).astype(int).reshape(6, 8)


@pytest.mark.parametrize(
    ("center", "width", "expected"),
    [(2048, 4096, (0, 4095)), (2050, 300, (1900, 2199)), (10.5, 2, (9.5, 10.5))],
)
def test_linear_range(center: float, width: float, expected: tuple[float, float]) -> None:
    assert linear_range(center, width) == expected


@pytest.mark.parametrize("width", [1, 0, -5, float("nan")])
def test_window_without_width_raises(width: float) -> None:
    with pytest.raises(ValueError, match=r"WindowWidth \(0028,1051\) must be above 1, got"):
        linear_range(100, width)


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_grays_are_those_of_pydicom(save_mammogram: Save, photometric: str) -> None:
    path = save_mammogram(
        pixels=PIXELS, PhotometricInterpretation=photometric, WindowCenter=1500, WindowWidth=900
    )
    mammogram = read_mammogram(path)

    low, high = display_range(mammogram, path)

    shown = np.clip((mammogram.pixels - low) / (high - low), 0, 1)
    expected = apply_windowing(PIXELS, pydicom.dcmread(path)) / 4095
    # PS3.3 C.7.6.3.1.2: the lowest value of MONOCHROME1 is shown as white
    expected = 1 - expected if photometric == "MONOCHROME1" else expected
    np.testing.assert_allclose(shown, expected, atol=1e-6)


def test_first_of_several_windows(save_mammogram: Save) -> None:
    path = save_mammogram(WindowCenter=[2050, 1000], WindowWidth=[300, 50])

    assert display_range(read_mammogram(path), path) == (1900, 2199)


def test_image_without_window_is_shown_over_its_format(save_mammogram: Save) -> None:
    path = save_mammogram()

    assert display_range(read_mammogram(path), path) == (0, 4095)

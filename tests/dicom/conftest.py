from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset

from cem_monai.dicom import (
    Exposure,
    ImageContent,
    Laterality,
    ViewPosition,
    mammogram_dataset,
    save_dataset,
)
from dciodvfy import dciodvfy_findings


@pytest.fixture
def write_exposure() -> Callable[..., Dataset]:
    """Return a factory of what `mammogram_dataset` makes of one low-energy image."""
    return _write_exposure


def _write_exposure(
    pixels: Any = None,
    *,
    laterality: str = "L",
    view_position: str = "CC",
    image_content: ImageContent = ImageContent.LOW_ENERGY,
    bits_stored: int = 12,
    **changes: Any,
) -> Dataset:
    exposure = Exposure(
        patient_id="TEST-1",
        patient_name="Test^Phantom",
        study_instance_uid="1.2.3",
        frame_of_reference_uid="1.2.4",
        laterality=Laterality(laterality),
        view_position=ViewPosition(view_position),
        acquired=datetime(2025, 1, 2, 3, 4, 5),
    )
    arguments: dict[str, Any] = {
        "spacing": (0.1, 0.07),
        "window": (2048, 4096),
        "sop_instance_uid": "1.2.5",
        "series_instance_uid": "1.2.6",
        "series_number": 3,
        "series_description": "test",
        "manufacturer": "cem_monai test",
        "model_name": "phantom",
        "software_versions": "1",
    }
    array = np.arange(48, dtype=np.uint16).reshape(6, 8) if pixels is None else pixels
    return mammogram_dataset(
        array,
        exposure,
        image_content=image_content,
        bits_stored=bits_stored,
        **(arguments | changes),
    )


@pytest.fixture
def dciodvfy(tmp_path: Path) -> Callable[[Dataset], list[str]]:
    """Return a function: findings of the validator on a data set, without the allowed ones."""

    def check(dataset: Dataset) -> list[str]:
        save_dataset(dataset, tmp_path / "checked.dcm")
        return dciodvfy_findings(tmp_path / "checked.dcm")

    return check

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from cem_monai.data import Conversion, eight_bit_pairs, find_dose_pairs
from cem_monai.dicom import MammogramError
from cem_monai.inferers import BlendedPatchInferer
from cem_monai.simulator import simulate_dose_pairs
from cem_monai.transforms import (
    RawLoadImaged,
    RestoreIntensityBitDepthd,
    ScaleIntensityBitDepthd,
)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dose") / "study"
    simulate_dose_pairs(folder, arrangements=1, pixel=1.0, progress=False)
    return folder


def item(study: Path) -> dict[str, str]:
    pair = find_dose_pairs(study)[0][0]
    return {"image": str(pair.image), "label": str(pair.label), "case": pair.arrangement}


@pytest.mark.parametrize("conversion", list(Conversion))
def test_images_are_those_that_patches_were_cut_from(study: Path, conversion: Conversion) -> None:
    loaded = RawLoadImaged(["image", "label"], conversion)(item(study))
    expected = next(eight_bit_pairs(find_dose_pairs(study)[0], conversion))
    for key in ("image", "label"):
        assert loaded[key].dtype is torch.float32
        np.testing.assert_array_equal(loaded[key].numpy(), getattr(expected, key)[None])
        assert loaded[key].meta["filename_or_obj"].endswith(".dcm")
    assert loaded["case"] == "SIM-DOSE-01"


def test_whole_image_survives_scaling_blending_and_restoring(study: Path) -> None:
    loaded = RawLoadImaged("image")(item(study))
    scaled = ScaleIntensityBitDepthd("image")(loaded)
    assert scaled["image"].min() >= -1
    assert scaled["image"].max() <= 1
    inferer = BlendedPatchInferer(patch_size=60, network_size=64)
    pred = inferer(scaled["image"][None], lambda patches: patches)[0]
    restore = RestoreIntensityBitDepthd("pred", reference_key="image")
    restored = restore({"pred": pred, "image": loaded["image"]})
    np.testing.assert_array_equal(restored["pred"].numpy(), loaded["image"].numpy())


def test_missing_keys(study: Path) -> None:
    data = item(study)
    del data["label"]
    keys = ["image", "label"]
    assert set(RawLoadImaged(keys, allow_missing_keys=True)(data)) == {"image", "case"}
    with pytest.raises(KeyError, match="label"):
        RawLoadImaged(keys)(data)


def test_what_is_no_raw_mammogram_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.dcm").write_bytes(b"nothing")
    with pytest.raises(MammogramError, match="is not a DICOM file"):
        RawLoadImaged("image")({"image": str(tmp_path / "a.dcm")})
    with pytest.raises(ValueError, match="'gamma'"):
        RawLoadImaged("image", "gamma")

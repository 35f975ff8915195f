from __future__ import annotations

import numpy as np
import pytest
import torch
from monai.data import MetaTensor
from monai.transforms import Compose, Invertd
from monai.utils import ImageMetaKey
from scipy import ndimage

from cem_monai.data import Registration, RegistrationError
from cem_monai.transforms import RegisterRecombinedd

KEYS = ("label", "mass")
MODE = ("bilinear", "nearest")
DOWN, RIGHT = 7, -4


def item() -> dict[str, torch.Tensor]:
    """Make a pair whose recombined image shows everything 7 rows lower and 4 columns to the left.

    The recombined image is larger, and its air has the value 10.
    """
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:128, :96]
    breast = ((y - 64) / 45) ** 2 + ((x - 20) / 60) ** 2 < 1
    texture = ndimage.gaussian_filter(rng.normal(size=breast.shape), 2) > 0.05
    low_energy = breast * (100.0 + 80 * texture)
    recombined = 10 + breast * (50.0 - 20 * texture)
    mass = np.hypot(y - 60, x - 45) < 8
    moved = [
        np.pad(each, ((DOWN, 5), (10, 20)), constant_values=value)[:, 10 - RIGHT :]
        for each, value in ((recombined, 10), (mass.astype(float), 0))
    ]
    meta = {ImageMetaKey.FILENAME_OR_OBJ: "case.dcm", "value_low": 0.0}
    return {
        "image": MetaTensor(torch.tensor(low_energy[None]).float(), affine=torch.eye(4) * 2),
        "label": MetaTensor(torch.tensor(moved[0][None]).float(), meta=meta),
        "mass": torch.tensor(moved[1][None]).float(),
        "truth": torch.tensor(mass[None]).float(),
    }


def test_image_and_mask_come_onto_the_grid_of_the_reference() -> None:
    result = RegisterRecombinedd(KEYS, mode=MODE)(item())
    assert torch.equal(result["mass"].as_tensor(), result["truth"])
    assert result["label"].shape == result["image"].shape
    assert torch.equal(result["label"].affine, result["image"].affine)
    assert tuple(result["label"].meta["spatial_shape"]) == (128, 96)
    assert result["label"].meta["value_low"] == 0.0


def test_pixels_not_shown_have_the_value_of_air() -> None:
    data = item()
    data["label"] = data["label"][:, :100]
    data["mass"] = data["mass"][:, :100]
    result = RegisterRecombinedd(KEYS, mode=MODE)(data)
    assert (result["label"][0, 100:] == 10).all()
    assert (result["mass"][0, 100:] == 0).all()


def test_registration_is_recorded() -> None:
    result = RegisterRecombinedd(KEYS, mode=MODE)(item())
    found = Registration.from_json(result["label"].meta["registration"])
    assert (found.scale, found.rows, found.columns) == (1, DOWN, RIGHT)
    assert result["mass"].meta["registration"] == result["label"].meta["registration"]


def test_inverse_returns_to_the_recombined_grid() -> None:
    data = item()
    register = RegisterRecombinedd(KEYS, mode=MODE)
    back = register.inverse(register(data))
    assert torch.equal(back["mass"].as_tensor(), data["mass"])
    assert torch.equal(back["label"].as_tensor(), data["label"].as_tensor())
    assert torch.equal(back["label"].affine, data["label"].affine)
    assert "registration" not in back["label"].meta
    assert not back["label"].applied_operations


def test_prediction_is_inverted_like_its_target() -> None:
    data = item()
    chain = Compose([RegisterRecombinedd(KEYS, mode=MODE)])
    result = chain(data)
    result["prediction"] = MetaTensor(result["label"].as_tensor().clone())
    inverted = Invertd("prediction", transform=chain, orig_keys="label")(result)["prediction"]
    assert inverted.shape == data["label"].shape


def test_input_is_left_alone() -> None:
    data = item()
    before = {key: value.clone() for key, value in data.items()}
    RegisterRecombinedd(KEYS, mode=MODE)(data)
    assert all(torch.equal(data[key], before[key]) for key in before)
    assert not data["label"].applied_operations


def test_missing_mask_is_passed_over_when_allowed() -> None:
    data = item()
    del data["mass"]
    assert "mass" not in RegisterRecombinedd(KEYS, mode=MODE, allow_missing_keys=True)(data)
    with pytest.raises(KeyError, match="mass"):
        RegisterRecombinedd(KEYS, mode=MODE)(data)


def test_refusal_names_the_file() -> None:
    data = item()
    data["label"] = data["label"] * 0
    with pytest.raises(RegistrationError, match=r"case\.dcm: the recombined image"):
        RegisterRecombinedd(KEYS, mode=MODE)(data)


def test_mask_of_another_grid_is_an_error() -> None:
    data = item()
    data["mass"] = data["truth"]
    with pytest.raises(ValueError, match="mass is 128 x 96, label is 140 x 112"):
        RegisterRecombinedd(KEYS, mode=MODE)(data)


def test_unknown_mode_is_an_error() -> None:
    with pytest.raises(ValueError, match="lanczos"):
        RegisterRecombinedd(KEYS, mode="lanczos")

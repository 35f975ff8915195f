"""Exams of several looks go through pairing and normalization as those of one."""

from __future__ import annotations

import numpy as np
import pydicom
import pytest

from cem_monai.data import find_pairs
from cem_monai.dicom import read_mammogram
from cem_monai.simulator import (
    DEVICES,
    Marking,
    Protocol,
    read_reference,
    simulate_exams,
    simulate_view,
)
from cem_monai.transforms import CEMLoadImaged, ScaleIntensityBitDepthd
from dciodvfy import dciodvfy_findings
from dicom.iod_check import iod_findings

SIZE = 128
VIEW = {"laterality": "L", "view_position": "CC", "size": SIZE}


@pytest.fixture(scope="module")
def mixed_study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mixed") / "study"
    simulate_exams(folder, exams=3, size=SIZE, device="mixed", twin=True, progress=False)
    return folder


def look(dataset):
    return dataset.BitsStored, dataset.PhotometricInterpretation, dataset.AnodeTargetMaterial


def test_mixed_study_holds_every_look(mixed_study):
    found = {look(pydicom.dcmread(path)) for path in mixed_study.rglob("*_LE.dcm")}

    assert found == {
        (12, "MONOCHROME2", "RHODIUM"),
        (14, "MONOCHROME2", "TUNGSTEN"),
        (13, "MONOCHROME1", "MOLYBDENUM"),
    }


def test_every_view_of_every_look_is_paired(mixed_study):
    pairs, refused = find_pairs(mixed_study)

    assert len(pairs) == 12
    assert refused == []
    assert all(pair.low_energy.path.parent == pair.recombined.path.parent for pair in pairs)
    assert all(pair.low_energy.path.stem[:-2] == pair.recombined.path.stem[:-3] for pair in pairs)
    assert all(pair.twin is not None for pair in pairs)


def test_looks_differ_in_what_tells_content_and_partner(mixed_study):
    standard, tungsten, inverted = (
        [
            pydicom.dcmread(mixed_study / f"SIM-{seed:06d}" / f"L_CC_{code}.dcm")
            for code in ("LE", "DES")
        ]
        for seed in range(3)
    )

    assert "SourceImageSequence" in standard[1]
    for low, recombined in (tungsten, inverted):
        assert "SourceImageSequence" not in recombined
        assert not {"LOW_ENERGY", "SUBTRACTION"} & {*low.ImageType, *recombined.ImageType}
    assert inverted[0].FrameOfReferenceUID == inverted[1].FrameOfReferenceUID
    assert tungsten[0].FrameOfReferenceUID != tungsten[1].FrameOfReferenceUID


@pytest.mark.parametrize("seed", range(3))
def test_read_back_is_what_was_simulated(mixed_study, seed):
    device = list(DEVICES)[seed]
    view = simulate_view(seed, **VIEW, device=device, twin=True)
    folder = mixed_study / f"SIM-{seed:06d}"

    for code, pixels in (
        ("LE", view.low_energy),
        ("DES", view.recombined),
        ("LE_TWIN", view.low_energy_without_contrast),
    ):
        assert np.array_equal(read_mammogram(folder / f"L_CC_{code}.dcm").pixels, pixels)


@pytest.mark.parametrize("seed", range(3))
def test_reference_lies_beside_in_pixel_values(mixed_study, seed):
    device = list(DEVICES)[seed]
    view = simulate_view(seed, **VIEW, device=device, reference=True)
    read = read_reference(mixed_study / f"SIM-{seed:06d}" / "L_CC_DES.dcm")

    half_step = DEVICES[device].values_per_12_bits / 16
    for name, expected in vars(view.reference).items():
        assert np.abs(getattr(read, name) - expected).max() < 1.01 * half_step


@pytest.mark.parametrize("device", ["tungsten", "inverted"])
def test_bits_change_the_steps_and_not_the_image(device):
    protocol = Protocol()
    fine = simulate_view(14, **VIEW, device=device, protocol=protocol)
    coarse = simulate_view(14, **VIEW, protocol=protocol)
    steps = DEVICES[device].values_per_12_bits

    for name in ("low_energy", "recombined"):
        difference = getattr(fine, name) / steps - getattr(coarse, name)
        assert np.abs(difference).max() <= 0.5


def test_normalization_brings_all_looks_to_one_level(mixed_study):
    load = CEMLoadImaged(keys="label")
    scale = ScaleIntensityBitDepthd(keys="label")
    levels = []
    for seed in range(3):
        path = mixed_study / f"SIM-{seed:06d}" / "L_CC_DES.dcm"
        image = scale(load({"label": str(path)}))["label"]
        levels.append(float(np.median(np.asarray(image)[np.asarray(image) > -0.9])))

    # 2000 of 4095 values, up to the background enhancement
    assert levels == pytest.approx([2 * 2000 / 4095 - 1] * 3, abs=0.02)


@pytest.mark.parametrize("name", DEVICES)
def test_native_matrix_is_that_of_the_device(name):
    grid = DEVICES[name].native

    assert grid.shape == (DEVICES[name].rows, DEVICES[name].columns)
    assert grid.rows * grid.pixel <= 288
    assert 12 <= DEVICES[name].bits_stored <= 14


@pytest.mark.slow
@pytest.mark.parametrize("name", ["tungsten", "inverted"])
def test_native_view_has_the_matrix_of_the_device(name):
    view = simulate_view(14, laterality="R", view_position="MLO", size="native", device=name)

    assert view.recombined.shape == (DEVICES[name].rows, DEVICES[name].columns)


def files_of(study, seed):
    return [study / f"SIM-{seed:06d}" / f"R_MLO_{code}.dcm" for code in ("LE", "DES", "LE_TWIN")]


@pytest.mark.parametrize("seed", range(3))
def test_objects_hold_what_their_iod_asks_for(mixed_study, seed):
    assert all(iod_findings(pydicom.dcmread(path)) == [] for path in files_of(mixed_study, seed))


@pytest.mark.parametrize("seed", range(3))
def test_dciodvfy_finds_nothing(mixed_study, seed):
    assert all(dciodvfy_findings(path) == [] for path in files_of(mixed_study, seed))


def test_every_habit_of_tagging_occurs():
    assert {device.marking for device in DEVICES.values()} == set(Marking)


def test_unknown_device_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"device must be one of standard, .*; got 'x'"):
        simulate_view(0, **VIEW, device="x")
    with pytest.raises(ValueError, match=r"device must be mixed or one of .*; got 'x'"):
        simulate_exams(tmp_path / "study", exams=1, device="x")
    assert not list(tmp_path.iterdir())

"""Tiny simulated-looking exams on disk, for tests that need whole folders."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from cem_monai.data import find_pairs, mask_path, write_datalist, write_mask
from cem_monai.dicom import (
    SIMULATOR_MANUFACTURER,
    Exposure,
    ImageContent,
    Laterality,
    ViewPosition,
    deterministic_uid,
    mammogram_dataset,
    save_dataset,
)

SPACING = (0.5, 0.5)


def breast_and_mass(size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Masks (size, size) of a left breast, a mass in it and the surround of the mass."""
    y, x = np.mgrid[:size, :size] / size
    breast = ((y - 0.5) / 0.4) ** 2 + (x / 0.6) ** 2 < 1
    distance = np.hypot(y - 0.5, x - 0.3)
    mass = distance < 0.06
    return breast, mass, (distance < 0.1) & ~mass


def write_exam(folder: Path, patient: str, *, size: int = 64, mass: bool = True) -> None:
    """Write one exam: left and right CC, low-energy and recombined, masks."""
    for number, laterality in enumerate(Laterality):
        seed = sum(patient.encode()) + number
        _write_view(folder / patient, patient, laterality, size=size, mass=mass, seed=seed)


def write_exams(folder: Path, patients: int = 4, *, size: int = 64) -> Path:
    """Write exams and their datalist (1 patient validation, 1 test); return the datalist."""
    for number in range(patients):
        write_exam(folder, f"TEST-{number:03d}", size=size)
    datalist = folder / "datalist.json"
    fraction = 1 / patients
    pairs, refused = find_pairs(folder)
    assert not refused
    write_datalist(pairs, datalist, test_fraction=fraction, validation_fraction=fraction)
    return datalist


def _write_view(
    folder: Path, patient: str, laterality: Laterality, *, size: int, mass: bool, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    breast, inside, around = breast_and_mass(size)
    texture = rng.normal(0, 1, breast.shape)
    low_energy = np.where(breast, 1800 + 100 * texture + 400 * inside * mass, 0)
    recombined = np.where(breast, 2000 + 8 * texture + 100 * inside * mass, 0)
    mirror = (lambda a: a[:, ::-1]) if laterality is Laterality.RIGHT else (lambda a: a)
    exposure = Exposure(
        patient_id=patient,
        patient_name="Simulated^Test",
        study_instance_uid=deterministic_uid(patient),
        frame_of_reference_uid=deterministic_uid(patient, laterality.value),
        laterality=laterality,
        view_position=ViewPosition.CC,
        acquired=datetime(2020, 1, 1) + timedelta(minutes=seed % 7),
    )
    for suffix, image, content in (
        ("LE", low_energy, ImageContent.LOW_ENERGY),
        ("DES", recombined, ImageContent.RECOMBINED),
    ):
        dataset = mammogram_dataset(
            mirror(np.rint(image)).astype(np.uint16),
            exposure,
            image_content=content,
            bits_stored=12,
            spacing=SPACING,
            window=(2048, 4096),
            sop_instance_uid=deterministic_uid(patient, laterality.value, suffix),
            series_instance_uid=deterministic_uid(patient, suffix),
            series_number=1,
            series_description=content.value,
            manufacturer=SIMULATOR_MANUFACTURER,
            model_name="test",
            software_versions="1",
        )
        dataset.SyntheticData = "YES"
        save_dataset(dataset, folder / f"{laterality.value}_CC_{suffix}.dcm")
    recombined_file = folder / f"{laterality.value}_CC_DES.dcm"
    if mass:
        write_mask(mirror(inside), mask_path(recombined_file, "mass"), SPACING)
        write_mask(mirror(around), mask_path(recombined_file, "surround"), SPACING)

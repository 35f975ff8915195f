"""A training tells what its images are like, and inference refuses what is not."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pydicom
import pytest
import torch

from cem_monai.data import (
    TrainingIntensity,
    breast_mask,
    find_low_energy,
    load_datalist,
    trained_intensity,
)
from cem_monai.data.intensity import KEY, intensity
from cem_monai.dicom import read_mammogram
from cem_monai.networks import save_weights
from cem_monai.simulator import simulate_exams
from exams import write_exams


def test_quantiles_and_share_on_the_scale_of_the_window() -> None:
    breast = np.zeros((40, 40), bool)
    breast[:, :20] = True
    pixels = np.where(breast, 100.0, 0.0)
    pixels[:, 10:20] = 300.0
    found = intensity(pixels, breast, (0, 200))
    assert (found["breast_share"], found["dark"], found["bright"]) == (0.5, 0.0, 2.0)


def test_ranges_of_the_training_section(tmp_path: Path) -> None:
    datalist = write_exams(tmp_path, patients=4)
    facts = TrainingIntensity(datalist)()[KEY]
    items = load_datalist(datalist, "training")
    images = [read_mammogram(item["image"]) for item in items]
    each = [intensity(one.pixels, breast_mask(one.pixels), (0, 4095)) for one in images]
    assert (facts["window"], facts["images"]) == (None, len(items))
    for name in ("breast_share", "dark", "middle", "bright"):
        values = [one[name] for one in each]
        assert facts[name] == pytest.approx([min(values), max(values)], abs=1e-4)
    assert TrainingIntensity(datalist, max_images=2)()[KEY]["images"] == 2


def test_weights_bring_it_along(tmp_path: Path) -> None:
    datalist = write_exams(tmp_path / "exams", patients=4)
    weights = tmp_path / "model.pt"
    facts = TrainingIntensity(datalist)()
    save_weights(torch.nn.Conv2d(1, 1, 1), weights, {"image_size": 64}, facts)
    assert trained_intensity(weights) == facts[KEY]
    source, table = tmp_path / "exams" / "TEST-000", tmp_path / "refused.csv"
    assert len(find_low_energy(source, table, weights=weights)) == 2
    path = source / "L_CC_LE.dcm"
    dataset = pydicom.dcmread(path)
    # as dark as nothing in the training: another processing
    dataset.PixelData = (dataset.pixel_array // 4).astype("<u2").tobytes()
    dataset.save_as(path)
    assert len(find_low_energy(source, table, weights=weights)) == 1
    with table.open() as file:
        (row,) = csv.DictReader(file)
    assert (row["path"], row["code"]) == (str(path), "E-INTENSITY")
    assert "unlike anything that the model was trained on" in row["reason"]
    assert len(find_low_energy(source, table)) == 2


def test_weights_that_tell_nothing_or_nonsense(tmp_path: Path) -> None:
    weights = tmp_path / "model.pt"
    assert trained_intensity(weights) is None
    weights.with_suffix(".json").write_text("{}")
    assert trained_intensity(weights) is None
    for text in ("[1", "[]", json.dumps({KEY: {"window": None}}), json.dumps({KEY: 3})):
        weights.with_suffix(".json").write_text(text)
        with pytest.raises(ValueError, match="low_energy_intensity is damaged"):
            trained_intensity(weights)


@pytest.mark.slow
def test_no_simulated_exam_is_refused_and_recombined_images_are(tmp_path: Path) -> None:
    from cem_monai.data import find_pairs, write_datalist

    simulate_exams(tmp_path / "a", exams=5, seed=500, size=128, progress=False)
    simulate_exams(tmp_path / "b", exams=4, seed=600, size=128, progress=False)
    write_datalist(find_pairs(tmp_path / "a")[0], tmp_path / "a" / "list.json", test_fraction=0.2)
    facts = TrainingIntensity(tmp_path / "a" / "list.json")()
    weights = tmp_path / "model.pt"
    save_weights(torch.nn.Conv2d(1, 1, 1), weights, {}, facts)
    found = find_low_energy(tmp_path / "b", tmp_path / "refused.csv", weights=weights)
    assert len(found) == 16
    for path in (tmp_path / "b").rglob("*.dcm"):
        dataset = pydicom.dcmread(path)
        if path.stem.endswith("_DES"):
            dataset.ImageType = ["ORIGINAL", "PRIMARY", "", "", "LOW_ENERGY"]
            dataset.save_as(path)
        else:
            path.unlink()
    with pytest.raises(ValueError, match=r"no usable low-energy image; \d+ files were refused"):
        find_low_energy(tmp_path / "b", tmp_path / "refused.csv", weights=weights)

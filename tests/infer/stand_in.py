"""A translator without a network: virtual images whose pixels are those of their sources."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cem_monai.data import find_low_energy
from cem_monai.dicom import GeneratingModel, open_mammogram, save_dataset, virtual_des_dataset
from cem_monai.infer import Translation

MODEL = GeneratingModel("stand_in", "1", "ab" * 32, "cd" * 32)


def translate(source: Path, output: Path, model: GeneratingModel = MODEL) -> Translation:
    """Do what `run_inference` does, at once."""
    written = []
    for item in find_low_energy(source, output / "refused.csv"):
        low_energy = open_mammogram(Path(item["image"]))
        pixels = low_energy.pixel_array.astype(np.uint16)
        dataset = virtual_des_dataset(
            low_energy, pixels, pixels > 0, model=model, bits_stored=12, window=(2048, 4096)
        )
        written.append(output / f"{dataset.SOPInstanceUID}.dcm")
        save_dataset(dataset, written[-1])
    return Translation(len((output / "refused.csv").read_text().splitlines()) - 1, written)

"""Simulated dose pairs of a phantom, cut into patches, and what a noise-free image would score."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from PIL import Image

from cem_monai.benchmark.experiment import Block, Experiment
from cem_monai.data import eight_bit_pairs, find_dose_pairs, load_datalist, write_patches
from cem_monai.evaluation import Measure
from cem_monai.metrics import patch_metrics
from cem_monai.simulator import simulate_dose_pairs

NOISE_FREE = "noise_free"
PATCH = (
    Measure("l1", "L1", 2),
    Measure("l2", "L2", 2),
    Measure("psnr", "PSNR (dB)", 2),
    Measure("cci_ratio", "CCI generated / real", 3),
)


@dataclass(frozen=True)
class DoseExperiment(Experiment):
    """Low-dose to high-dose patches.

    Args:
        arrangements: of the phantom; the twelfth has no high dose, as in the paper.
        pixel: mm.
        patches: arguments of `write_patches` besides the seed.
    """

    blocks: ClassVar = (Block("patches", PATCH),)
    subjects: ClassVar = "arrangements"
    limits: ClassVar = {NOISE_FREE: "high dose without its noise", "real": "real image"}
    baselines: ClassVar = ("mean_target", "low_dose_copied", "dose_scaled")

    arrangements: int
    pixel: float
    patches: Mapping[str, Any]

    def write_data(self, output: Path, *, workers: int, source: Path | None = None) -> None:
        """See `Experiment`."""
        folder = self.data_folder(output)
        study = folder / "study"
        simulate_dose_pairs(
            study,
            arrangements=self.arrangements,
            seed=self.seed,
            pixel=self.pixel,
            workers=workers,
        )
        # the noise-free patches first: the datalist of the others tells that all are there
        for target, output in (("high_noise_free", folder / NOISE_FREE), ("high", folder)):
            if not (output / "datalist.json").exists():
                pairs, _ = find_dose_pairs(study, label=target)
                write_patches(eight_bit_pairs(pairs), output, **self.patches, seed=self.seed)

    def limit_rows(self, folder: Path) -> list[dict[str, object]]:
        """See `Experiment`."""
        cases = load_datalist(folder / "datalist.json", "test")
        without_noise = load_datalist(folder / NOISE_FREE / "datalist.json", "test")
        labels = {case["case"]: case["label"] for case in without_noise}
        rows = []
        for case in cases:
            real = _pixels(case["label"])
            for predictor, image in ((NOISE_FREE, _pixels(labels[case["case"]])), ("real", real)):
                identity = {"case": case["case"], "patient": case["patient"]}
                measures = patch_metrics(image, real, bit_depth=8)
                rows.append({"predictor": predictor, **identity, **measures})
        return rows


def _pixels(path: str) -> npt.NDArray[np.int32]:
    with Image.open(path) as image:
        return np.asarray(image, dtype=np.int32)

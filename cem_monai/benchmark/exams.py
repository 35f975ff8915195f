"""Simulated contrast-enhanced exams: their split and what the best predictors would score."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from cem_monai.benchmark.experiment import Block, Experiment
from cem_monai.data import find_pairs, load_datalist, read_mask, write_datalist
from cem_monai.dicom import Mammogram, read_mammogram
from cem_monai.evaluation import TRIVIAL_PREDICTORS, Measure
from cem_monai.metrics import CaseMeasures, CaseRegions, MeasureOptions
from cem_monai.simulator import read_reference, simulate_exams

BREAST = (
    Measure("breast_l1", "L1", 2),
    Measure("breast_l2", "L2", 1),
    Measure("breast_psnr_frame", "PSNR (frame, dB)", 2),
    Measure("breast_delta_cnr", "ΔCNR", 3),
)
MASS = (
    Measure("mass_l1", "L1", 2),
    Measure("mass_l2", "L2", 0),
    Measure("mass_psnr_frame", "PSNR (frame, dB)", 2),
    Measure("mass_delta_cnr", "ΔCNR", 2),
    Measure("mass_contrast_generated", "contrast", 1),
)


@dataclass(frozen=True)
class ExamsExperiment(Experiment):
    """Low-energy to recombined images.

    Args:
        exams: number of exams (patients).
        size: pixels a side.
        test_fraction: share of the patients that judge.
        validation_fraction: share of the patients that choose nothing but the best epoch.
    """

    blocks: ClassVar = (
        Block("breast, images with a mass", BREAST, with_mass=True),
        Block("breast, images without a mass", BREAST, with_mass=False),
        Block("inside the mass", MASS, with_mass=True),
    )
    subjects: ClassVar = "patients"
    limits: ClassVar = {
        "median": "limit: conditional median",
        "mean": "limit: conditional mean",
        "clean": "true iodine without noise",
        "real": "real image",
    }
    baselines: ClassVar = TRIVIAL_PREDICTORS

    exams: int
    size: int
    test_fraction: float
    validation_fraction: float

    def write_data(self, output: Path, *, workers: int, source: Path | None = None) -> None:
        """See `Experiment`."""
        folder = self.data_folder(output)
        simulate_exams(folder, exams=self.exams, seed=self.seed, size=self.size, workers=workers)
        if not (folder / "datalist.json").exists():
            write_datalist(
                find_pairs(folder)[0],
                folder / "datalist.json",
                test_fraction=self.test_fraction,
                validation_fraction=self.validation_fraction,
                seed=self.seed,
            )

    def limit_rows(self, folder: Path) -> list[dict[str, object]]:
        """See `Experiment`."""
        cases = load_datalist(folder / "datalist.json", "test")
        bar = tqdm(cases, desc="the simulator's limit", unit="case")
        return [row for case in bar for row in self._rows(case)]

    def _rows(self, case: Mapping[str, Any]) -> list[dict[str, object]]:
        """Measure the best possible predictions of an image as a model's is measured."""
        real = read_mammogram(case["label"])
        reference = read_reference(case["label"])
        breast, mass, surround, mass_second = (
            _mask(case, region, real) for region in ("breast", "mass", "surround", "mass_second")
        )
        low, high = self.options["recombined_window"]
        options = MeasureOptions(
            (float(low), float(high)), self.options["cnr_patch_size"], self.options["cnr_stride"]
        )
        regions = CaseRegions(breast, [(mass, surround), (mass_second, None)])
        images = {
            name: _stored(getattr(reference, name), real) for name in ("median", "mean", "clean")
        }
        images["real"] = real.pixels.astype(np.int32)
        identity = {"case": case["case"], "patient": case["patient"]}
        measures = CaseMeasures(images["real"], regions, options)
        return [
            {"predictor": name, **identity, **measures.case_row(image)}
            for name, image in images.items()
        ]


def _stored(image: npt.NDArray[np.float32], real: Mammogram) -> npt.NDArray[np.int32]:
    """Return an image as it would be stored, turned as the reader turns the real one."""
    turned = image[:, ::-1] if real.flipped else image
    return np.rint(turned).clip(*real.value_range).astype(np.int32)


def _mask(case: Mapping[str, Any], region: str, real: Mammogram) -> npt.NDArray[np.bool_]:
    if region not in case:
        return np.zeros(real.pixels.shape, bool)
    mask = read_mask(case[region])
    return mask[:, ::-1] if real.flipped else mask

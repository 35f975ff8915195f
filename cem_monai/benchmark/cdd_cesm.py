"""Real pairs of CDD-CESM in patient-level folds: every patient is judged once."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from cem_monai.benchmark.experiment import Block, Experiment, Model
from cem_monai.data import import_cdd_cesm
from cem_monai.evaluation import TRIVIAL_PREDICTORS, Measure

REGISTERED, UNREGISTERED = "registered", "unregistered"
JUDGED_REGISTERED = "unregistered_judged_registered"

BREAST = (
    Measure("breast_l1", "L1", 2),
    Measure("breast_l2", "L2", 0),
    Measure("breast_psnr_roi", "PSNR (breast, dB)", 2),
    Measure("breast_psnr_frame", "PSNR (frame, dB)", 2),
    Measure("breast_ssim", "SSIM", 3),
    Measure("breast_delta_cnr", "ΔCNR", 3),
)
MASS = (
    Measure("mass_l1", "L1", 2),
    Measure("mass_l2", "L2", 0),
    Measure("mass_psnr_roi", "PSNR (mass, dB)", 2),
    Measure("mass_psnr_frame", "PSNR (frame, dB)", 2),
    Measure("mass_delta_cnr", "ΔCNR", 2),
)
LESION = (
    Measure("mass_abs_contrast_error", "contrast error, magnitude", 1),
    Measure("mass_contrast_error", "contrast error", 1),
    Measure("mass_real_sigma_delta_cnr", "ΔCNR, real sigma", 2),
    Measure("mass_missed_enhancement", "missed share", 3),
    Measure("false_abs_share_error", "false share minus real, magnitude", 4),
)


@dataclass(frozen=True)
class CDDCESMExperiment(Experiment):
    """Low-energy to subtracted images of patients.

    Args:
        folds: number of them.
        trained_in: name of the experiment whose weights are judged; None to train.
    """

    blocks: ClassVar = (
        Block("breast", BREAST),
        Block("inside the lesions", MASS, with_mass=True),
        Block("lesions against their surroundings; false enhancement", LESION, with_mass=True),
    )
    subjects: ClassVar = "patients"
    limits: ClassVar[Mapping[str, str]] = {}
    baselines: ClassVar = TRIVIAL_PREDICTORS
    reference: ClassVar = "depth_intensity_table"

    folds: int
    trained_in: str | None = None

    def write_data(self, output: Path, *, workers: int, source: Path | None) -> None:
        """Import the registered pairs, and those of them unregistered with the same folds."""
        for name in (REGISTERED, UNREGISTERED):
            folder = output / name / "data"
            if all((folder / f"{part}.json").exists() for part in self.parts):
                continue
            if source is None:
                raise ValueError("this suite needs real data: name their folder with --source")
            register = name == REGISTERED
            folds = self.folds if register else 0
            summary = import_cdd_cesm(
                source, folder, register=register, folds=folds, seed=self.seed
            )
            print(f"{name}: {summary}")
            if not register:  # files have the same names: only what could be registered is used
                for part in self.parts:
                    shutil.copyfile(
                        output / REGISTERED / "data" / f"{part}.json", folder / f"{part}.json"
                    )

    def limit_rows(self, folder: Path) -> list[dict[str, object]]:
        """Return none: nobody knows the best possible prediction of a patient."""
        return []

    @property
    def parts(self) -> tuple[str, ...]:
        """One for each fold."""
        return tuple(f"fold_{number}" for number in range(self.folds))

    @property
    def trains(self) -> bool:
        """See `Experiment`."""
        return self.trained_in is None

    @property
    def rival(self) -> str | None:
        """See `Experiment`."""
        return None if self.trains else REGISTERED

    def data_folder(self, output: Path) -> Path:
        """See `Experiment`."""
        return output / (UNREGISTERED if self.name == UNREGISTERED else REGISTERED) / "data"

    def weights_folder(self, output: Path, model: Model, part: str) -> Path:
        """See `Experiment`."""
        return output / (self.trained_in or self.name) / model.name / part / "models"

"""What an importer returns: the two images of one exposure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cem_monai.data.masks import REGIONS, mask_path
from cem_monai.dicom import MammogramAttributes, RefusalCode


@dataclass(frozen=True)
class CEMPair:
    """Low-energy and recombined image of one compression.

    Attributes:
        low_energy, recombined: headers of the two images, with their files.
    """

    low_energy: MammogramAttributes
    recombined: MammogramAttributes

    @property
    def patient(self) -> str:
        """What a split must keep together: PatientID, or the study where that is empty."""
        return self.low_energy.patient_id or self.low_energy.study_instance_uid

    @property
    def name(self) -> str:
        """Patient, laterality and view, e.g. `SIM-000003_L_CC`; not unique in repeated studies."""
        view = self.low_energy
        return f"{self.patient}_{view.laterality.value}_{view.view_position.value}"

    @property
    def order(self) -> tuple[str, datetime, int, str]:
        """What pairs are sorted by: name, then when they were taken."""
        first = self.low_energy
        acquired = first.acquired or datetime.min
        return self.name, acquired, first.acquisition_number or 0, first.sop_instance_uid

    @property
    def twin(self) -> Path | None:
        """Low-energy image of a simulated exam without contrast agent, if one lies beside."""
        path = self.low_energy.path
        twin = path.with_name(f"{path.stem}_TWIN{path.suffix}")
        return twin if self.low_energy.synthetic and twin.is_file() else None

    def masks(self) -> dict[str, Path]:
        """Return the region masks that lie beside the recombined image."""
        paths = {region: mask_path(self.recombined.path, region) for region in REGIONS}
        return {region: path for region, path in paths.items() if path.exists()}


@dataclass(frozen=True)
class Refused:
    """One file (or view) that was left out.

    Attributes:
        path: the file.
        reason: one sentence that names file, attribute and value.
        code: the same for programs.
    """

    path: Path
    reason: str
    code: RefusalCode = field(default=RefusalCode.IMPORT, kw_only=True)

"""How CDD-CESM names its images, with every irregularity that it has."""

from __future__ import annotations

import re
from dataclasses import dataclass

from cem_monai.dicom import ImageContent, Laterality, ViewPosition

PATTERN = re.compile(r"P([1-9]\d{0,8})_([LR])_(DM|CM)_(CC|MLO)(?:_?([1-9]\d?))?", re.ASCII)
SUFFIX = re.compile(r"\s*\.jpe?g$", re.IGNORECASE)
KINDS = {"DM": ImageContent.LOW_ENERGY, "CM": ImageContent.RECOMBINED}
LETTERS = {content: letters for letters, content in KINDS.items()}


@dataclass(frozen=True, order=True)
class PairName:
    """One compression of one breast; written like `P99_L_MLO`, or `P99_L_MLO_2` if repeated.

    Attributes:
        patient: number of the patient.
        laterality, view_position: which breast and view.
        number: 1, or 2 and more for a view that was repeated.
    """

    patient: int
    laterality: Laterality
    view_position: ViewPosition
    number: int = 1

    @property
    def patient_id(self) -> str:
        """PatientID (0010,0020) of the imported images, and their folder."""
        return f"CDD-CESM-P{self.patient}"

    @property
    def view(self) -> str:
        """What tells the pairs of one patient apart, e.g. `L_MLO_2`."""
        number = "" if self.number == 1 else f"_{self.number}"
        return f"{self.laterality.value}_{self.view_position.value}{number}"

    @property
    def breast(self) -> tuple[int, Laterality]:
        """What carries one density and one pathology."""
        return self.patient, self.laterality

    @property
    def low_energy(self) -> ImageName:
        """Name of the low-energy image."""
        return ImageName(self, ImageContent.LOW_ENERGY)

    @property
    def recombined(self) -> ImageName:
        """Name of the subtracted image."""
        return ImageName(self, ImageContent.RECOMBINED)

    def __str__(self) -> str:
        """Return the name without DM or CM."""
        return f"P{self.patient}_{self.view}"


@dataclass(frozen=True, order=True)
class ImageName:
    """One image; written like `P99_L_DM_MLO_2`.

    Attributes:
        pair: that it belongs to.
        content: low-energy (DM) or recombined (CM).
    """

    pair: PairName
    content: ImageContent

    @classmethod
    def parse(cls, text: str) -> ImageName | None:
        """Read a name with or without `.jpg`, spaces around it, `MLO_2` or `MLO2`.

        Returns:
            the name, or None if it is none of CDD-CESM.
        """
        match = PATTERN.fullmatch(SUFFIX.sub("", text.strip()).strip())
        if match is None:
            return None
        patient, side, kind, view, number = match.groups()
        pair = PairName(int(patient), Laterality(side), ViewPosition(view), int(number or 1))
        return cls(pair, KINDS[kind])

    @property
    def partner(self) -> ImageName:
        """Name of the other image of the pair."""
        low_energy = self.content is ImageContent.LOW_ENERGY
        return self.pair.recombined if low_energy else self.pair.low_energy

    def __str__(self) -> str:
        """Return the name as regular names are spelt."""
        patient, side, *view = str(self.pair).split("_")
        return "_".join([patient, side, LETTERS[self.content], *view])

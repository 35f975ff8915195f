"""What made a generated object: the bundle, and the modality that its source came from."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass

from pydicom.dataset import Dataset

from cem_monai.dicom.attributes import GENERATOR_MANUFACTURER, SYNTHESIZING_EQUIPMENT
from cem_monai.dicom.writer import code_item

ACQUISITION_EQUIPMENT = (
    *("Manufacturer", "ManufacturerModelName", "StationName", "DeviceSerialNumber"),
    "SoftwareVersions",
)
"""What the object tells of the modality, there and nowhere else: it did not make the pixels."""


@dataclass(frozen=True)
class GeneratingModel:
    """What made the pixels: part of the identity of every generated object.

    Attributes:
        name: name of the bundle.
        version: version of the bundle.
        weights_sha256: SHA-256 of the weights file, hexadecimal.
        config_sha256: SHA-256 of the settings that the pixels depend on, hexadecimal.
    """

    name: str
    version: str
    weights_sha256: str
    config_sha256: str

    @property
    def identity(self) -> tuple[str, ...]:
        """What a generated object's UIDs follow from, besides its source."""
        return self.name, self.version, self.weights_sha256, self.config_sha256

    @property
    def software_versions(self) -> list[str]:
        """SoftwareVersions (0018,1020): a value has at most 64 characters, the label included."""
        return [
            self.version,
            f"weights:{self.weights_sha256[:48]}",
            f"config:{self.config_sha256[:48]}",
        ]


def contributing_equipment(
    source: Dataset, model: GeneratingModel, contributed: str
) -> list[Dataset]:
    """Return the items of ContributingEquipmentSequence (0018,A001).

    Args:
        source: the mammogram that the pixels were generated from.
        model: what generated them.
        contributed: ContributionDateTime (0018,A002).

    Returns:
        the synthesizing equipment; then the acquisition equipment, if the source names its
        manufacturer.
    """
    items = [_synthesizing(model, contributed)]
    if source.get("Manufacturer"):
        items.append(_acquisition(source))
    return items


def _synthesizing(model: GeneratingModel, contributed: str) -> Dataset:
    item = Dataset()
    item.PurposeOfReferenceCodeSequence = [
        code_item(SYNTHESIZING_EQUIPMENT, "DCM", "Synthesizing Equipment")
    ]
    item.Manufacturer, item.ManufacturerModelName = GENERATOR_MANUFACTURER, model.name
    item.SoftwareVersions = model.software_versions
    item.DeviceSerialNumber = "0"
    item.ContributionDateTime = contributed
    item.ContributionDescription = (
        "AI image-to-image translation; "
        f"weights sha256 {model.weights_sha256}; config sha256 {model.config_sha256}"
    )
    return item


def _acquisition(source: Dataset) -> Dataset:
    item = Dataset()
    item.PurposeOfReferenceCodeSequence = [code_item("109101", "DCM", "Acquisition Equipment")]
    for keyword in ACQUISITION_EQUIPMENT:
        if source.get(keyword):
            item[keyword] = deepcopy(source[keyword])
    return item

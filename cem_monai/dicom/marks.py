"""What a generated object says of itself, so that nobody takes it for an examination."""

from __future__ import annotations

from dataclasses import dataclass

from pydicom.dataset import Dataset

from cem_monai.dicom.attributes import VIRTUAL_DES, ImageContent
from cem_monai.dicom.banner import BANNER
from cem_monai.dicom.equipment import GeneratingModel
from cem_monai.dicom.writer import code_item


@dataclass(frozen=True)
class GeneratedMarks:
    """What every generated object of one kind says of itself.

    Attributes:
        image_type: value 6 of ImageType.
        image_content: see `mammogram_dataset`.
        banner: text that is painted into the air.
        series_number, series_description: as a viewer lists the series.
        comment: ImageComments.
        derivation: ends the sentence "Predicted by the neural network X from the ...".
        identity: what the UIDs follow from besides source and model, where those make more than
            one kind of object.
    """

    image_type: str
    image_content: ImageContent | None
    banner: str
    series_number: int
    series_description: str
    comment: str
    derivation: str
    identity: tuple[str, ...] = ()


VIRTUAL_DES_MARKS = GeneratedMarks(
    image_type=VIRTUAL_DES,
    image_content=ImageContent.RECOMBINED,
    banner=BANNER,
    series_number=9001,
    series_description="VIRTUAL DES AI - no iodine measured",
    comment=(
        "VIRTUAL CONTRAST - AI GENERATED - NO IODINE WAS MEASURED - "
        "RESEARCH ONLY, NOT FOR DIAGNOSIS"
    ),
    derivation="low-energy image; no iodine was measured",
)


def mark_generated(
    dataset: Dataset, marks: GeneratedMarks, model: GeneratingModel, banner: str
) -> None:
    """Mark an object as generated, in every attribute that says so.

    Args:
        dataset: object to change.
        marks: what it says of itself.
        model: what generated the pixels.
        banner: sentence about the text in the pixels; empty where there is none.
    """
    # SUBTRACTION and POST_CONTRAST would be untrue: nothing was subtracted, no agent was measured
    dataset.ImageType = ["DERIVED", "SECONDARY", "", "GENERATED_2D", "", marks.image_type]
    dataset.SyntheticData, dataset.ContentQualification = "YES", "RESEARCH"
    dataset.ImageComments = marks.comment
    dataset.InstanceCreationDate = dataset.SeriesDate = dataset.ContentDate
    dataset.InstanceCreationTime = dataset.SeriesTime = dataset.ContentTime
    dataset.DerivationDescription = (
        f"Predicted by the neural network {model.name} {model.version} from the "
        f"{marks.derivation}. {banner}"
    ).strip()
    dataset.DerivationCodeSequence = [code_item("123110", "DCM", "Artificial Intelligence")]

"""One DICOM object: what it says, its pixels, and how a new one is written. No deep learning."""

from __future__ import annotations

from cem_monai.dicom.attributes import (
    GENERATED_IMAGES,
    SIMULATOR_MANUFACTURER,
    UNCERTAINTY_MAP,
    VIRTUAL_DES,
    VIRTUAL_HIGH_DOSE,
    ImageContent,
    Laterality,
    MammogramAttributes,
    PresentationIntent,
    ViewPosition,
    read_attributes,
)
from cem_monai.dicom.banner import BANNER, erase_banner, paint_banner
from cem_monai.dicom.content import ContentRule, image_content
from cem_monai.dicom.decoder import ChildDecoder, DecoderDiedError
from cem_monai.dicom.dicom_file import Compression, save_dataset
from cem_monai.dicom.equipment import GeneratingModel
from cem_monai.dicom.errors import MammogramError, attribute_label, damaged_otherwise, refuse
from cem_monai.dicom.gate import (
    DECODERS,
    MAX_PIXELS,
    MAX_SIDE,
    check_implant,
    open_header,
    open_mammogram,
)
from cem_monai.dicom.generated import (
    is_uncertainty_map,
    read_for_comparison,
    read_generated,
    sources_of_generated,
)
from cem_monai.dicom.generation_time import keep_generation_time
from cem_monai.dicom.high_dose import virtual_high_dose_dataset
from cem_monai.dicom.mammogram import Mammogram, read_mammogram, to_mammogram
from cem_monai.dicom.marks import VIRTUAL_DES_MARKS
from cem_monai.dicom.pixels import (
    decode,
    from_canonical,
    to_canonical,
    to_pixel_values,
    value_range,
)
from cem_monai.dicom.provenance import Provenance, read_provenance
from cem_monai.dicom.raw import RawMammogram, open_raw_mammogram, read_raw_mammogram
from cem_monai.dicom.reading import read_first
from cem_monai.dicom.refusal_codes import RefusalCode
from cem_monai.dicom.uncertainty import UNCERTAINTY_STEPS, uncertainty_map_dataset
from cem_monai.dicom.virtual import virtual_des_dataset
from cem_monai.dicom.window import display_range, first_window, linear_range, shown_range
from cem_monai.dicom.writer import (
    Exposure,
    code_item,
    deterministic_uid,
    mammogram_dataset,
    source_reference,
)

__all__ = [
    "BANNER",
    "DECODERS",
    "GENERATED_IMAGES",
    "MAX_PIXELS",
    "MAX_SIDE",
    "SIMULATOR_MANUFACTURER",
    "UNCERTAINTY_MAP",
    "UNCERTAINTY_STEPS",
    "VIRTUAL_DES",
    "VIRTUAL_DES_MARKS",
    "VIRTUAL_HIGH_DOSE",
    "ChildDecoder",
    "Compression",
    "ContentRule",
    "DecoderDiedError",
    "Exposure",
    "GeneratingModel",
    "ImageContent",
    "Laterality",
    "Mammogram",
    "MammogramAttributes",
    "MammogramError",
    "PresentationIntent",
    "Provenance",
    "RawMammogram",
    "RefusalCode",
    "ViewPosition",
    "attribute_label",
    "check_implant",
    "code_item",
    "damaged_otherwise",
    "decode",
    "deterministic_uid",
    "display_range",
    "erase_banner",
    "first_window",
    "from_canonical",
    "image_content",
    "is_uncertainty_map",
    "keep_generation_time",
    "linear_range",
    "mammogram_dataset",
    "open_header",
    "open_mammogram",
    "open_raw_mammogram",
    "paint_banner",
    "read_attributes",
    "read_first",
    "read_for_comparison",
    "read_generated",
    "read_mammogram",
    "read_provenance",
    "read_raw_mammogram",
    "refuse",
    "save_dataset",
    "shown_range",
    "source_reference",
    "sources_of_generated",
    "to_canonical",
    "to_mammogram",
    "to_pixel_values",
    "uncertainty_map_dataset",
    "value_range",
    "virtual_des_dataset",
    "virtual_high_dose_dataset",
]

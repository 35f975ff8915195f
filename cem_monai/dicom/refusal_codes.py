"""The stable codes of what is refused."""

from __future__ import annotations

from enum import Enum


class RefusalCode(str, Enum):
    """Why a file was left out: stable, for programs; the sentence beside it is for people.

    A code is never reused for something else. `docs/reference/refusals.md` explains each.
    """

    # The file
    FILE = "E-FILE"
    FILE_SIZE = "E-FILE-SIZE"
    CHECKSUM = "E-CHECKSUM"
    NOT_DICOM = "E-NOT-DICOM"
    DAMAGED = "E-DAMAGED"
    HEADER_SIZE = "E-HEADER-SIZE"
    NESTING = "E-NESTING"
    DEFLATED = "E-DEFLATED"
    TRANSFER_SYNTAX = "E-TRANSFER-SYNTAX"
    # What kind of image
    MODALITY = "E-MODALITY"
    INTENT = "E-INTENT"
    SOP_CLASS = "E-SOP-CLASS"
    FRAMES = "E-FRAMES"
    SAMPLES = "E-SAMPLES"
    PHOTOMETRIC = "E-PHOTOMETRIC"
    SIZE = "E-SIZE"
    BITS = "E-BITS"
    RESCALE = "E-RESCALE"
    PADDING = "E-PADDING"
    LOSSY = "E-LOSSY"
    UID = "E-UID"
    DUPLICATE = "E-DUPLICATE"
    # What it shows
    GENERATED = "E-GENERATED"
    SYNTHETIC = "E-SYNTHETIC"
    PROJECTION = "E-PROJECTION"
    VIEW = "E-VIEW"
    VIEW_MODIFIER = "E-VIEW-MODIFIER"
    IMPLANT = "E-IMPLANT"
    LATERALITY = "E-LATERALITY"
    ORIENTATION = "E-ORIENTATION"
    SPACING = "E-SPACING"
    CONTENT = "E-CONTENT"
    # Its pixels
    PIXEL_DATA = "E-PIXEL-DATA"
    CODESTREAM = "E-CODESTREAM"
    PIXELS = "E-PIXELS"
    PIXEL_VALUES = "E-PIXEL-VALUES"
    DECODER_TIME = "E-DECODER-TIME"
    DECODER_MEMORY = "E-DECODER-MEMORY"
    DECODER_CRASH = "E-DECODER-CRASH"
    BREAST = "E-BREAST"
    INTENSITY = "E-INTENSITY"
    # Its partner
    NO_PARTNER = "E-NO-PARTNER"
    AMBIGUOUS = "E-AMBIGUOUS"
    MISMATCH = "E-MISMATCH"
    # Anything else
    ATTRIBUTE = "E-ATTRIBUTE"
    RAW = "E-RAW"
    PICTURE = "E-PICTURE"
    IMPORT = "E-IMPORT"

    def __str__(self) -> str:
        return self.value


CODE_OF_KEYWORD = {
    "TransferSyntaxUID": RefusalCode.TRANSFER_SYNTAX,
    "Modality": RefusalCode.MODALITY,
    "PresentationIntentType": RefusalCode.INTENT,
    "SOPClassUID": RefusalCode.SOP_CLASS,
    "NumberOfFrames": RefusalCode.FRAMES,
    "SamplesPerPixel": RefusalCode.SAMPLES,
    "PhotometricInterpretation": RefusalCode.PHOTOMETRIC,
    "Rows": RefusalCode.SIZE,
    "Columns": RefusalCode.SIZE,
    "BitsAllocated": RefusalCode.BITS,
    "BitsStored": RefusalCode.BITS,
    "HighBit": RefusalCode.BITS,
    "PixelRepresentation": RefusalCode.BITS,
    "RescaleSlope": RefusalCode.RESCALE,
    "RescaleIntercept": RefusalCode.RESCALE,
    "ModalityLUTSequence": RefusalCode.RESCALE,
    "PixelPaddingValue": RefusalCode.PADDING,
    "PixelPaddingRangeLimit": RefusalCode.PADDING,
    "LossyImageCompressionRatio": RefusalCode.LOSSY,
    "SOPInstanceUID": RefusalCode.UID,
    "StudyInstanceUID": RefusalCode.UID,
    "FrameOfReferenceUID": RefusalCode.UID,
    "AcquisitionUID": RefusalCode.UID,
    "ImageType": RefusalCode.PROJECTION,
    "SyntheticData": RefusalCode.SYNTHETIC,
    "ViewCodeSequence": RefusalCode.VIEW,
    "ViewPosition": RefusalCode.VIEW,
    "ViewModifierCodeSequence": RefusalCode.VIEW_MODIFIER,
    "BreastImplantPresent": RefusalCode.IMPLANT,
    "Laterality": RefusalCode.LATERALITY,
    "ImageLaterality": RefusalCode.LATERALITY,
    "PatientOrientation": RefusalCode.ORIENTATION,
    "ImagerPixelSpacing": RefusalCode.SPACING,
    "PixelData": RefusalCode.PIXEL_DATA,
    "PixelIntensityRelationship": RefusalCode.RAW,
    "PixelIntensityRelationshipSign": RefusalCode.RAW,
    "EntranceDoseInmGy": RefusalCode.RAW,
}
"""What an unusable value of an attribute is refused as; `RefusalCode.ATTRIBUTE` if not named."""

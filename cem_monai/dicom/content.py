"""Which image of a contrast-enhanced exposure is this: low-energy, high-energy or recombined?

No SOP class and no single attribute says it for all vendors. The rules are a table; what it does
not know is refused, never guessed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from pydicom.dataset import Dataset

from cem_monai.dicom.attributes import ImageContent
from cem_monai.dicom.errors import MammogramError, attribute_label, found, shown, value_text
from cem_monai.dicom.refusal_codes import RefusalCode

LOW, HIGH, DES = ImageContent.LOW_ENERGY, ImageContent.HIGH_ENERGY, ImageContent.RECOMBINED


@dataclass(frozen=True)
class ContentRule:
    """One way in which a vendor or the standard marks the content of an image.

    Attributes:
        content: what the image shows if the rule applies.
        keyword: DICOM keyword that is looked at.
        pattern: regular expression that the whole value must match, ignoring case.
        value: number of the value of a multi-valued attribute, from 1; 0 for the whole attribute.
        source: where the rule comes from.
    """

    content: ImageContent
    keyword: str
    pattern: str
    value: int
    source: str


DECLARED = (
    ContentRule(LOW, "ImageType", r"LOW_ENERGY", 5, "PS3.3 C.8.11.7.1.4"),
    ContentRule(HIGH, "ImageType", r"HIGH_ENERGY", 5, "PS3.3 C.8.11.7.1.4"),
    ContentRule(DES, "ImageType", r"SUBTRACTION", 4, "PS3.3 C.8.11.7.1.4"),
    ContentRule(LOW, "ImageType", r"LOW_ENER(GY)?", 4, "GE SenoBright conformance statement"),
    ContentRule(HIGH, "ImageType", r"HIGH_ENER(GY)?", 4, "GE SenoBright conformance statement"),
    ContentRule(DES, "ImageType", r"RECOMBINED", 4, "GE SenoBright conformance statement"),
    ContentRule(LOW, "AcquisitionDeviceProcessingCode", r"GEMS_FFDM_PV", 0, "GE SenoBright"),
    ContentRule(DES, "AcquisitionDeviceProcessingCode", r"GEMS_CESM_1", 0, "GE SenoBright"),
)
"""What an image says of itself. All that apply must agree."""

DESCRIBED = (
    ContentRule(LOW, "SeriesDescription", r".*\blow[ _-]?energy\b.*", 0, "free text"),
    ContentRule(HIGH, "SeriesDescription", r".*\bhigh[ _-]?energy\b.*", 0, "free text"),
    ContentRule(
        DES, "SeriesDescription", r".*\b(recombined|subtract(ed|ion)?)\b.*", 0, "free text"
    ),
)
"""Asked only where nothing is declared: free text that a site may have typed."""

LOW_ENERGY_MAX_KVP, HIGH_ENERGY_MIN_KVP = 35.0, 40.0


def image_content(dataset: Dataset, path: Path) -> ImageContent:
    """Return what the image shows.

    What the image declares of itself decides (standard or vendor terms); where it declares nothing,
    the series description, unless the tube voltage contradicts it. Voltage alone decides nothing:
    it is that of any ordinary mammogram.

    Raises:
        MammogramError: nothing tells the content, or two attributes disagree about it.
    """
    described = _matches(dataset, DESCRIBED)
    hints = described and described + _by_voltage(dataset)
    for rules in (_matches(dataset, DECLARED), hints):
        contents = {content for content, _ in rules}
        if len(contents) > 1:
            reasons = "; ".join(f"{reason} says {content.value}" for content, reason in rules)
            raise MammogramError(
                f"{path}: the attributes disagree about the image content: {reasons}",
                RefusalCode.CONTENT,
            )
        if contents:
            return contents.pop()
    raise MammogramError(
        f"{path}: nothing tells whether this is a low-energy or a recombined image: "
        f"{attribute_label('ImageType')} {found(dataset.get('ImageType'))}, "
        f"{attribute_label('SeriesDescription')} {_described(dataset)}, "
        f"{attribute_label('KVP')} {found(dataset.get('KVP'))}",
        RefusalCode.CONTENT,
    )


def _matches(dataset: Dataset, rules: tuple[ContentRule, ...]) -> list[tuple[ImageContent, str]]:
    matches = []
    for rule in rules:
        text = _value(dataset, rule)
        if re.fullmatch(rule.pattern, text, re.IGNORECASE):
            label = attribute_label(rule.keyword)
            # What somebody typed may name the patient: it is read, but never quoted
            reason = label if rules is DESCRIBED else f"{label} {shown(text)}"
            matches.append((rule.content, reason))
    return matches


def _described(dataset: Dataset) -> str:
    description = dataset.get("SeriesDescription")
    return "holds no word for either" if description else found(description)


def _by_voltage(dataset: Dataset) -> list[tuple[ImageContent, str]]:
    """The iodine K edge (33.2 keV) lies between the two exposures of every vendor."""
    try:
        voltage = float(dataset.get("KVP") or 0)
    except (TypeError, ValueError):
        return []
    reason = f"{attribute_label('KVP')} {voltage:g}"
    if 0 < voltage < LOW_ENERGY_MAX_KVP:
        return [(LOW, reason)]
    return [(HIGH, reason)] if voltage > HIGH_ENERGY_MIN_KVP else []


def _value(dataset: Dataset, rule: ContentRule) -> str:
    value = dataset.get(rule.keyword)
    if value is None:
        return ""
    if rule.value == 0:
        return value_text(value)
    values = [value] if isinstance(value, str) else list(value)
    return str(values[rule.value - 1]) if len(values) >= rule.value else ""

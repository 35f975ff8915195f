"""Let pydicom parse a hostile header, but not build millions of objects from it.

Every element, item and value costs at least a step, and steps are counted where pydicom cannot get
past: in the buffer that it reads from.
"""

from __future__ import annotations

from io import BytesIO

from pydicom.datadict import dictionary_VR
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.filereader import read_sequence

MAX_STEPS = 40_000
"""A mammogram takes some thousands. This many take pydicom a second or two."""
TEXTS = {"AE", "AS", "AT", "CS", "DA", "DS", "DT", "IS", "LO", "PN", "SH", "TM", "UC", "UI"}
"""Value representations of which pydicom builds objects for each value."""
TEXT_STEP = 16
"""Bytes of a text that count as a step."""
CHARACTER_SET = b"\x08\x00\x05\x00"


class TooManyStepsError(Exception):
    """A header holds more than anything needs."""


class Steps:
    """What pydicom may still do to one header, however many buffers it comes in."""

    def __init__(self) -> None:
        self._left = MAX_STEPS

    @property
    def exhausted(self) -> bool:
        """Whether it wanted to do more: pydicom turns some errors into its own."""
        return self._left < 0

    def spend(self, count: int = 1) -> None:
        """Count steps.

        Raises:
            TooManyStepsError: they are too many.
        """
        self._left -= count
        if self.exhausted:
            raise TooManyStepsError


class CountedBytes(BytesIO):
    """Bytes that can be read so many times."""

    def __init__(self, content: bytes, steps: Steps) -> None:
        super().__init__(content)
        self._steps, self._tag = steps, b""

    def read(self, size: int | None = -1, /) -> bytes:
        """Read, as a step; a character set, which pydicom looks up at once, as more."""
        self._steps.spend()
        content = super().read(size)
        if self._tag == CHARACTER_SET:
            self._steps.spend(len(content))
        if size == 8:  # tag and length, maybe
            self._tag = content[:4]
        return content


def decode_elements(dataset: Dataset, steps: Steps) -> list[Dataset]:
    """Decode what pydicom has left as bytes; return the items of all sequences.

    Private elements are taken out: nothing here asks for them, and their kind would be guessed.

    Raises:
        TooManyStepsError: they are too many.
        Exception: whatever pydicom raises for a damaged element.
    """
    for tag in [tag for tag in dataset.keys() if tag.is_private]:  # noqa: SIM118 (it is no dict)
        del dataset[tag]
    items: list[Dataset] = []
    for raw in list(dataset.values()):
        if isinstance(raw, RawDataElement):
            _prepare(dataset, raw, steps)
        element = dataset[raw.tag]
        if element.VR == "SQ":
            items.extend(element.value)
    return items


def _prepare(dataset: Dataset, raw: RawDataElement, steps: Steps) -> None:
    """Parse a sequence, and count values, before pydicom does so by itself, and uncounted."""
    kind, content = _kind(raw), raw.value or b""
    if kind == "SQ":
        buffer, encoding = CountedBytes(content, steps), dataset.original_character_set
        sequence = read_sequence(
            buffer, raw.is_implicit_VR, raw.is_little_endian, len(content), encoding
        )
        dataset[raw.tag] = DataElement(raw.tag, "SQ", sequence)
    elif kind in TEXTS:
        # Long names, dates or numbers are as slow as many
        steps.spend(content.count(b"\\") + len(content) // TEXT_STEP)


def _kind(raw: RawDataElement) -> str | None:
    """Return the value representation that pydicom will take."""
    try:
        return dictionary_VR(raw.tag) if raw.VR in (None, "UN") else raw.VR
    except KeyError:
        return raw.VR

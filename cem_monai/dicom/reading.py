"""Read a DICOM file that may be hostile, in bounded time and memory.

pydicom alone would inflate a deflated file, follow nested sequences until the stack ends, and hold
millions of tiny elements. Here it only sees the first megabytes of a file, whose transfer syntax
was looked at before, and may take so many steps; the pixel data are read without it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from struct import error as struct_error
from struct import unpack_from
from typing import IO, TypeVar

import pydicom
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError
from pydicom.filereader import _read_file_meta_info, read_partial, read_preamble
from pydicom.tag import Tag
from pydicom.uid import DeflatedExplicitVRLittleEndian

from cem_monai.dicom.bounded_parsing import MAX_STEPS, CountedBytes, Steps, decode_elements
from cem_monai.dicom.errors import MammogramError, refuse
from cem_monai.dicom.refusal_codes import RefusalCode

Result = TypeVar("Result")

MAX_FILE_BYTES = 128 * 2**20
MAX_HEADER_BYTES = 4 * 2**20
"""Overlays of a whole image fit."""
MAX_DEPTH = 16
"""Of sequences in sequences. A structured report has 10; a mammogram 4."""
MAX_FRAGMENTS = 10_000
UNDEFINED = 0xFFFFFFFF
ITEM, DELIMITER = (0xFFFE, 0xE000), (0xFFFE, 0xE0DD)
PIXEL_DATA = (0x7FE0, 0x0010)


def read_header(path: Path, syntaxes: Collection[str]) -> Dataset:
    """Read all that stands before the pixel data.

    Args:
        path: DICOM file.
        syntaxes: accepted transfer syntaxes.

    Raises:
        MammogramError: the file is missing, damaged, too large, nested too deep, or in another
            transfer syntax.
    """
    return _read_header(path, syntaxes)[0]


def read_image(path: Path, syntaxes: Collection[str]) -> Dataset:
    """Read header and pixel data (7FE0,0010); what follows the pixel data is left out.

    Args:
        path: DICOM file.
        syntaxes: accepted transfer syntaxes.

    Raises:
        MammogramError: see `read_header`; the pixel data are no whole element.
    """
    dataset, position = _read_header(path, syntaxes)
    if position == path.stat().st_size:
        return dataset
    with path.open("rb") as file:
        file.seek(position)
        try:
            dataset.add(_pixel_element(file, explicit=not dataset.original_encoding[0]))
        except (struct_error, ValueError):
            sentence = f"{path}: the element of the pixel data is damaged"
            raise MammogramError(sentence, RefusalCode.PIXEL_DATA) from None
    return dataset


def read_first(content: bytes, keywords: Collection[str]) -> Dataset:
    """Read some attributes of an object that has just arrived, and parse nothing behind them.

    Args:
        content: of a DICOM file.
        keywords: of the attributes.

    Raises:
        Exception: whatever pydicom raises for a damaged object; it takes too many steps.
    """
    steps, tags = Steps(), [Tag(keyword) for keyword in keywords]
    last = max(tags)
    dataset = read_partial(
        CountedBytes(content[:MAX_HEADER_BYTES], steps),
        stop_when=lambda tag, _vr, _length: tag > last,
        specific_tags=list(tags),
    )
    decode_elements(dataset, steps)
    return dataset


def fragments(encapsulated: bytes) -> list[bytes]:
    """Return the items of encapsulated pixel data, the first of which is the offset table.

    Args:
        encapsulated: value of PixelData, without or with the sequence delimiter (PS3.5 A.4).

    Raises:
        struct.error: the value ends within an item.
        ValueError: it holds something else, or too many items.
    """
    return [encapsulated[start:stop] for start, stop in _items(encapsulated)]


def _read_header(path: Path, syntaxes: Collection[str]) -> tuple[Dataset, int]:
    """Return the header and where the pixel data begin, the end of the file if there are none."""
    if not path.is_file():
        raise MammogramError(f"{path}: no such file", RefusalCode.FILE)
    if (size := path.stat().st_size) > MAX_FILE_BYTES:
        sentence = f"{path}: is {size} bytes long, at most {MAX_FILE_BYTES} are read"
        raise MammogramError(sentence, RefusalCode.FILE_SIZE)
    with path.open("rb") as file:
        head = file.read(MAX_HEADER_BYTES)
    # Before anything else is read: a deflated object is inflated while it is read
    steps = Steps()
    _check_syntax(_parse(path, steps, lambda: _file_meta(head, steps)), path, syntaxes)
    dataset, position = _parse(path, steps, lambda: _elements(head, steps))
    if len(head) <= position < size:
        sentence = f"{path}: the header is longer than {MAX_HEADER_BYTES} bytes"
        raise MammogramError(sentence, RefusalCode.HEADER_SIZE)
    if _parse(path, steps, lambda: _too_deep(dataset, steps)):
        sentence = f"{path}: sequences are nested more than {MAX_DEPTH} deep"
        raise MammogramError(sentence, RefusalCode.NESTING)
    return dataset, position


def _parse(path: Path, steps: Steps, parse: Callable[[], Result]) -> Result:
    try:
        return parse()
    except InvalidDicomError:
        raise MammogramError(f"{path}: is not a DICOM file", RefusalCode.NOT_DICOM) from None
    except Exception as error:  # pydicom lets many types through; its texts may quote the patient
        if any(isinstance(one, RecursionError) for one in _with_causes(error)):
            sentence = f"{path}: sequences are nested more than {MAX_DEPTH} deep"
            raise MammogramError(sentence, RefusalCode.NESTING) from None
        if steps.exhausted:
            sentence = f"{path}: the header takes more than {MAX_STEPS} steps to read"
            raise MammogramError(sentence, RefusalCode.HEADER_SIZE) from None
        sentence = f"{path}: cannot be read as DICOM, it is damaged ({type(error).__name__})"
        raise MammogramError(sentence, RefusalCode.DAMAGED) from None


def _with_causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and those while whose handling it was raised."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _file_meta(head: bytes, steps: Steps) -> Dataset:
    buffer = CountedBytes(head, steps)
    read_preamble(buffer, False)
    # pydicom's public function reads from a path alone, and as far as group 2 goes
    return _read_file_meta_info(buffer)


def _elements(head: bytes, steps: Steps) -> tuple[Dataset, int]:
    buffer = CountedBytes(head, steps)
    return pydicom.dcmread(buffer, stop_before_pixels=True), buffer.tell()


def _too_deep(dataset: Dataset, steps: Steps) -> bool:
    """Go through all elements level by level, which also decodes each: a broken one fails here."""
    level = [dataset]
    for _ in range(MAX_DEPTH + 1):
        level = [one for item in level for one in decode_elements(item, steps)]
    return bool(level)


def _check_syntax(file_meta: Dataset, path: Path, syntaxes: Collection[str]) -> None:
    syntax = file_meta.get("TransferSyntaxUID")
    if syntax in syntaxes:
        return
    names = ", ".join(pydicom.uid.UID(accepted).name for accepted in syntaxes)
    code = RefusalCode.DEFLATED if syntax == DeflatedExplicitVRLittleEndian else None
    name = syntax.name if syntax else None
    raise refuse(path, "TransferSyntaxUID", name, f"must be one of: {names}", code)


def _pixel_element(file: IO[bytes], *, explicit: bool) -> DataElement:
    head = file.read(12 if explicit else 8)
    if unpack_from("<HH", head) != PIXEL_DATA:
        raise ValueError("float pixel data")
    vr = head[4:6].decode("ascii") if explicit else "OW"
    if vr not in ("OB", "OW", "UN"):
        raise ValueError("pixel data of another VR")
    (length,) = unpack_from("<I", head, len(head) - 4)
    value = file.read() if length == UNDEFINED else file.read(length)
    if length == UNDEFINED:
        items = _items(value, delimited=True)
        value = value[: items[-1][1] if items else 0]
    element = DataElement(PIXEL_DATA, vr, value)
    element.is_undefined_length = length == UNDEFINED
    return element


def _items(content: bytes, *, delimited: bool = False) -> list[tuple[int, int]]:
    """Return begin and end of the value of each item; the last one ends at a delimiter."""
    start = 0
    items: list[tuple[int, int]] = []
    while delimited or start < len(content):
        *tag, length = unpack_from("<HHI", content, start)
        if tuple(tag) == DELIMITER:
            break
        start += 8 + length
        if tuple(tag) != ITEM or start > len(content) or len(items) == MAX_FRAGMENTS:
            raise ValueError("no item")
        items.append((start - length, start))
    return items

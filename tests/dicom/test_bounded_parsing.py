"""Headers that are small, but take pydicom minutes, or are merely rich."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from struct import pack

import pydicom
import pytest
from pydicom.uid import ImplicitVRLittleEndian

from cem_monai.dicom import MammogramError, RefusalCode, read_mammogram

SaveMammogram = Callable[..., Path]
ITEM = pack("<HHI", 0xFFFE, 0xE000, 0)
OPEN_ITEM = pack("<HHIHHI", 0xFFFE, 0xE000, 0xFFFFFFFF, 0xFFFE, 0xE00D, 0)
END = pack("<HHI", 0xFFFE, 0xE0DD, 0)
CONTENT_SEQUENCE, PRIVATE = (0x0040, 0xA730), (0x0041, 0x1010)
MANY = 20_000


def explicit(tag: tuple[int, int], vr: bytes, value: bytes, length: int | None = None) -> bytes:
    return pack("<HH2sHI", *tag, vr, 0, len(value) if length is None else length) + value


def implicit(tag: tuple[int, int], value: bytes, length: int | None = None) -> bytes:
    return pack("<HHI", *tag, len(value) if length is None else length) + value


def insert(path: Path, element: bytes) -> Path:
    """Put an element before the pixel data."""
    content = path.read_bytes()
    start = content.rindex(b"\xe0\x7f\x10\x00")
    path.write_bytes(content[:start] + element + content[start:])
    return path


def values(each: bytes, count: int = 4 * MANY) -> bytes:
    return each * count


UNDEFINED = 0xFFFFFFFF
EXPLICIT_BOMBS = {
    "items": explicit(CONTENT_SEQUENCE, b"SQ", values(ITEM)),
    "items up to a delimiter": explicit(CONTENT_SEQUENCE, b"SQ", values(ITEM) + END, UNDEFINED),
    "open items": explicit(CONTENT_SEQUENCE, b"SQ", values(OPEN_ITEM) + END, UNDEFINED),
    "what is not even an item": explicit(CONTENT_SEQUENCE, b"SQ", values(b"\1\0\1\0" + bytes(4))),
    "items without a kind": explicit(CONTENT_SEQUENCE, b"UN", values(ITEM) + END, UNDEFINED),
    "private items": explicit(PRIVATE, b"SQ", values(ITEM) + END, UNDEFINED),
    "elements": b"".join(pack("<HH2sH", 0x0043, n, b"LO", 0) for n in range(0x1000, 0xFFFF)),
    "one element over and over": values(pack("<HH2sH", 0x0010, 0x4000, b"LT", 0)),
    "character sets": explicit((0x0008, 0x0005), b"UT", values(b"1\\")),
}
IMPLICIT_BOMBS = {
    "items": implicit(CONTENT_SEQUENCE, values(ITEM)),
    "private items": implicit(PRIVATE, values(ITEM) + END, UNDEFINED),
    "spacings": implicit((0x0018, 0x1164), values(b"1\\")),
    "tags": implicit((0x0020, 0x9165), values(b"tags", MANY * 10)),
    "a name of many components": implicit((0x0010, 0x1001), values(b"^=^=", MANY * 10)),
}


@pytest.mark.parametrize("name", EXPLICIT_BOMBS)
def test_explicit_header_that_takes_long(save_mammogram: SaveMammogram, name: str) -> None:
    with pytest.raises(MammogramError, match="takes more than 40000 steps") as caught:
        read_mammogram(insert(save_mammogram(), EXPLICIT_BOMBS[name]))
    assert caught.value.code is RefusalCode.HEADER_SIZE


@pytest.mark.parametrize("name", IMPLICIT_BOMBS)
def test_implicit_header_that_takes_long(save_mammogram: SaveMammogram, name: str) -> None:
    path = insert(as_implicit(save_mammogram()), IMPLICIT_BOMBS[name])
    with pytest.raises(MammogramError, match="takes more than 40000 steps") as caught:
        read_mammogram(path)
    assert caught.value.code is RefusalCode.HEADER_SIZE


def test_file_meta_that_takes_long(save_mammogram: SaveMammogram) -> None:
    path = save_mammogram()
    content = path.read_bytes()
    filler = values(pack("<HH2sH", 0x0002, 0x1000, b"LO", 0))
    path.write_bytes(content[:144] + filler + content[144:])  # behind the length of the group
    with pytest.raises(MammogramError, match="takes more than 40000 steps"):
        read_mammogram(path)


def test_bombs_are_bombs_by_their_number_alone(save_mammogram: SaveMammogram) -> None:
    items = explicit(CONTENT_SEQUENCE, b"SQ", values(ITEM, 2000))
    private = explicit(PRIVATE, b"UN", values(ITEM))  # bytes: nobody asks what they mean
    overlay = explicit((0x6000, 0x3000), b"OW", bytes(2**20))
    assert read_mammogram(insert(save_mammogram(), items + private + overlay))


def as_implicit(path: Path) -> Path:
    dataset = pydicom.dcmread(path)
    dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    dataset.save_as(path, implicit_vr=True, little_endian=True)
    return path

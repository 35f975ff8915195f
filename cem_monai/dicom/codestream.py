"""What a compressed stream says of itself, against the header around it.

A decoder goes by the stream: one that holds 65535 x 65535 pixels fills the memory whatever the
header says, and one with its sides exchanged gives another image without a word.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from struct import error as struct_error
from struct import unpack_from

from pydicom.dataset import Dataset
from pydicom.uid import (
    JPEG2000Lossless,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from cem_monai.dicom.errors import MammogramError
from cem_monai.dicom.reading import fragments
from cem_monai.dicom.refusal_codes import RefusalCode

SOF_LOSSLESS, SOF_JPEG_LS = 0xFFC3, 0xFFF7
SOC_SIZ = b"\xff\x4f\xff\x51"
STANDALONE = {0xFF01, *range(0xFFD0, 0xFFD9)}
"""JPEG markers that no length follows."""
FILL = re.compile(b"\xff+")
MAX_MARKERS, MAX_FRAME_HEADER = 1000, 2**16
"""How far the header of the frame is looked for: markers, and bytes."""
RLE_HEADER = 64
RLE_GAIN = 64
"""Two bytes of a run-length stream hold at most 128 (PS3.5 G.3.1)."""


@dataclass(frozen=True)
class StreamFormat:
    """Rows, columns, samples and bits per pixel that a stream holds."""

    rows: int
    columns: int
    samples: int
    bits: int


def checked_frame(dataset: Dataset, path: Path) -> bytes:
    """Return the compressed stream of the one frame, after a look at its own header.

    Args:
        dataset: object that passed the gate, in a compressed transfer syntax.
        path: its file, for messages.

    Raises:
        MammogramError: the stream has no header, or the header contradicts that of the object.
    """
    syntax = dataset.file_meta.TransferSyntaxUID
    try:
        stream = b"".join(fragments(dataset.PixelData)[1:])
        if syntax == RLELossless:
            _check_segments(stream, dataset, path)
        else:
            _check_format(FORMATS[syntax](stream), dataset, path)
    except (struct_error, ValueError) as error:
        if isinstance(error, MammogramError):
            raise
        sentence = f"{path}: the {syntax.name} pixel data are damaged (no header)"
        raise MammogramError(sentence, RefusalCode.CODESTREAM) from None
    return stream


def _check_format(stream: StreamFormat, dataset: Dataset, path: Path) -> None:
    found, size = (stream.rows, stream.columns), (dataset.Rows, dataset.Columns)
    told = f"{path}: the pixel data hold"
    if found != size:
        raise MammogramError(
            f"{told} {found[0]} x {found[1]} pixels, Rows and Columns say {size[0]} x {size[1]}",
            RefusalCode.CODESTREAM,
        )
    if stream.samples != 1:
        sentence = f"{told} {stream.samples} samples per pixel, must be 1"
        raise MammogramError(sentence, RefusalCode.CODESTREAM)
    low, high = dataset.BitsStored, dataset.BitsAllocated
    if not low <= stream.bits <= high:
        sentence = f"{told} {stream.bits} bits, must be BitsStored to BitsAllocated {low} to {high}"
        raise MammogramError(sentence, RefusalCode.CODESTREAM)


def _jpeg(stream: bytes, frame_marker: int) -> StreamFormat:
    """Read the frame header (ITU-T T.81 B.2.2, ISO/IEC 14495-1 C.2.2)."""
    (marker,) = unpack_from(">H", stream)
    if marker != 0xFFD8:
        raise ValueError("no start of image")
    head, start = stream[:MAX_FRAME_HEADER], 2
    for _ in range(MAX_MARKERS):
        fill = FILL.match(head, start)
        start = fill.end() - 1 if fill else start  # the last one belongs to the marker
        marker, length = unpack_from(">HH", head, start)
        if marker == frame_marker:
            return StreamFormat(*_frame(head, start + 4))
        if marker < 0xFF01:
            raise ValueError("no marker")
        start += 2 if marker in STANDALONE else 2 + max(length, 2)
    raise ValueError("no frame header")


def _frame(head: bytes, start: int) -> tuple[int, int, int, int]:
    """Return rows, columns, samples and bits of a frame header."""
    bits, rows, columns, samples = unpack_from(">BHHB", head, start)
    return rows, columns, samples, bits


def _jpeg_2000(stream: bytes) -> StreamFormat:
    """Read the SIZ segment, which must come first (ISO/IEC 15444-1 A.5.1)."""
    if not stream.startswith(SOC_SIZ):
        raise ValueError("no start of codestream")
    right, bottom, left, top = unpack_from(">4I", stream, 8)
    samples, depth = unpack_from(">HB", stream, 40)
    if depth & 0x80:
        raise ValueError("signed samples")
    return StreamFormat(bottom - top, right - left, samples, depth + 1)


FORMATS: dict[str, Callable[[bytes], StreamFormat]] = {
    JPEGLSLossless: lambda stream: _jpeg(stream, SOF_JPEG_LS),
    JPEGLossless: lambda stream: _jpeg(stream, SOF_LOSSLESS),
    JPEGLosslessSV1: lambda stream: _jpeg(stream, SOF_LOSSLESS),
    JPEG2000Lossless: _jpeg_2000,
}


def _check_segments(stream: bytes, dataset: Dataset, path: Path) -> None:
    """Check the offsets of the byte planes, and that each can hold the pixels (PS3.5 G)."""
    count, *offsets = unpack_from("<16I", stream)
    planes = dataset.BitsAllocated // 8
    offsets = [*offsets[:planes], len(stream)]
    lengths = [stop - start for start, stop in pairwise(offsets)]
    if count != planes or offsets[0] != RLE_HEADER or min(lengths) <= 0:
        sentence = f"{path}: the pixel data hold {count} run-length segments, must be {planes}"
        raise MammogramError(sentence, RefusalCode.CODESTREAM)
    pixels = dataset.Rows * dataset.Columns
    if pixels > RLE_GAIN * min(lengths):
        raise MammogramError(
            f"{path}: the shortest run-length segment has {min(lengths)} bytes, "
            f"too few for {dataset.Rows} x {dataset.Columns} pixels",
            RefusalCode.CODESTREAM,
        )

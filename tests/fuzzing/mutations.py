"""Ways to break a file, each a pure function of its bytes and a random generator."""

from __future__ import annotations

from collections.abc import Callable
from struct import pack

import numpy as np

MAX_CHANGE = 64
START_OF_IMAGE = b"\xff\xd8"
PIXEL_DATA = b"\xe0\x7f\x10\x00"
SIZE_TAGS = tuple(pack("<HH", 0x0028, element) for element in (0x10, 0x11, 0x100, 0x101, 0x08))
"""Rows, Columns, BitsAllocated, BitsStored, NumberOfFrames."""
LENGTHS = (0, 1, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFE, 0xFFFFFFFF)

Mutation = Callable[[bytearray, np.random.Generator], bytearray]


def header_bit(content: bytearray, rng: np.random.Generator) -> bytearray:
    """Flip one bit before the pixel data."""
    return _flip(content, rng, 1, 0, _pixels(content))


def header_bytes(content: bytearray, rng: np.random.Generator) -> bytearray:
    """Write four random bytes before the pixel data."""
    return _overwrite(content, rng, 4, 128, _pixels(content))


def header_length(content: bytearray, rng: np.random.Generator) -> bytearray:
    """Write an extreme number over four bytes of the header, lengths among them."""
    place = int(rng.integers(132, _pixels(content)))
    content[place : place + 4] = pack("<I", int(rng.choice(LENGTHS)))
    return content


def image_size(content: bytearray, rng: np.random.Generator) -> bytearray:
    """Write a random 16-bit value into Rows, Columns, bits or frames."""
    place = content.find(SIZE_TAGS[int(rng.integers(len(SIZE_TAGS)))], 132)
    if place >= 0:
        content[place + 8 : place + 10] = rng.bytes(2)
    return content


def scattered_bits(content: bytearray, rng: np.random.Generator) -> bytearray:
    """Flip 16 bits anywhere."""
    return _flip(content, rng, 16, 0, len(content))


def pixel_bit(content: bytearray, rng: np.random.Generator) -> bytearray:
    """Flip one bit of the pixel element."""
    return _flip(content, rng, 1, _pixels(content), len(content))


def pixel_bytes(content: bytearray, rng: np.random.Generator) -> bytearray:
    """Write four random bytes into the pixel element."""
    return _overwrite(content, rng, 4, _pixels(content), len(content))


def stream_header(content: bytearray, rng: np.random.Generator) -> bytearray:
    """Write a random byte into the first 100 of the pixel element: lengths, markers, tables."""
    start = _pixels(content)
    return _overwrite(content, rng, 1, start, start + 100)


def truncation(content: bytearray, rng: np.random.Generator) -> bytearray:
    """Cut the file."""
    return content[: int(rng.integers(len(content)))]


def insertion(content: bytearray, rng: np.random.Generator) -> bytearray:
    """Put random bytes in between."""
    place = int(rng.integers(len(content)))
    return content[:place] + rng.bytes(int(rng.integers(1, MAX_CHANGE))) + content[place:]


def deletion(content: bytearray, rng: np.random.Generator) -> bytearray:
    """Take bytes out."""
    place = int(rng.integers(len(content)))
    return content[:place] + content[place + int(rng.integers(1, MAX_CHANGE)) :]


def duplication(content: bytearray, rng: np.random.Generator) -> bytearray:
    """Repeat a part of the header."""
    place = int(rng.integers(132, _pixels(content)))
    stop = place + int(rng.integers(1, MAX_CHANGE))
    return content[:stop] + content[place:stop] + content[stop:]


def header_items(content: bytearray, rng: np.random.Generator) -> bytearray:
    """Put thousands of empty items before the pixel data."""
    place = _pixels(content)
    items = pack("<HHI", 0xFFFE, 0xE000, 0) * int(rng.integers(20_000, 100_000))
    head = pack("<HH2sHI", 0x0040, 0xA730, b"SQ", 0, len(items))
    return content[:place] + head + items + content[place:]


def fill_bytes(content: bytearray, rng: np.random.Generator) -> bytearray:
    """Put fill bytes before the first marker of a JPEG stream, as many as its fragment has room."""
    place = content.find(START_OF_IMAGE, _pixels(content)) + 2
    if place < 2:
        return header_items(content, rng)
    count = int(rng.integers(2, max(3, len(content) - place)))
    content[place : place + count] = b"\xff" * count
    return content


MUTATIONS: tuple[Mutation, ...] = (
    header_bit,
    header_bytes,
    header_length,
    image_size,
    scattered_bits,
    pixel_bit,
    pixel_bytes,
    stream_header,
    truncation,
    insertion,
    deletion,
    duplication,
    header_items,
    fill_bytes,
)


def _pixels(content: bytearray) -> int:
    return content.rfind(PIXEL_DATA) if PIXEL_DATA in content else len(content) - 1


def _flip(
    content: bytearray, rng: np.random.Generator, count: int, start: int, stop: int
) -> bytearray:
    for bit in rng.integers(8 * start, 8 * stop, count):
        content[int(bit) // 8] ^= 1 << (int(bit) % 8)
    return content


def _overwrite(
    content: bytearray, rng: np.random.Generator, count: int, start: int, stop: int
) -> bytearray:
    place = int(rng.integers(start, min(stop, len(content) - count)))
    content[place : place + count] = rng.bytes(count)
    return content

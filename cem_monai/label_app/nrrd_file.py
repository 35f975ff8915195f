"""NRRD with its data attached, as 3D Slicer and OHIF exchange label maps.

ITK reads it too, but needs ten seconds to be loaded.
"""

from __future__ import annotations

import re
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

MAGIC = b"NRRD000"
TYPES = {
    "uchar": "u1",
    "unsigned char": "u1",
    "uint8": "u1",
    "uint8_t": "u1",
    "signed char": "i1",
    "int8": "i1",
    "int8_t": "i1",
    "short": "i2",
    "int16": "i2",
    "int16_t": "i2",
    "ushort": "u2",
    "unsigned short": "u2",
    "uint16": "u2",
    "uint16_t": "u2",
    "int": "i4",
    "int32": "i4",
    "int32_t": "i4",
    "float": "f4",
    "double": "f8",
}
MOST_BYTES = 400_000_000
"""More than any mammogram has; a small file may hold much that is compressed."""
COMPRESSED = ("gzip", "gz")


def read_nrrd(path: Path) -> npt.NDArray[Any]:
    """Read one plane or volume.

    Returns:
        its axes from the slowest to the fastest, (rows, columns) of a plane.

    Raises:
        ValueError: the file is none, or is of a kind that is not read.
    """
    content = path.read_bytes()
    end = re.search(rb"\r?\n\r?\n", content)
    if not content.startswith(MAGIC) or end is None:
        raise ValueError("no NRRD file with attached data")
    head, data = content[: end.start()], content[end.end() :]
    fields = _fields(head)
    sizes = tuple(int(size) for size in fields["sizes"].split())[::-1]
    order = "<" if fields.get("endian", "little") == "little" else ">"
    dtype = np.dtype(order + TYPES[fields["type"]])
    expected = int(np.prod(sizes, dtype=np.int64)) * dtype.itemsize
    if not 0 < expected <= MOST_BYTES:
        raise ValueError(f"an NRRD file of {expected} bytes")
    return np.frombuffer(_decoded(data, fields["encoding"], expected), dtype).reshape(sizes)


def write_nrrd(plane: npt.NDArray[np.uint8], path: Path, spacing: tuple[float, float]) -> None:
    """Write a plane as a volume of one slice.

    Args:
        plane: (H, W).
        path: file.
        spacing: mm, (row, column).
    """
    rows, columns = plane.shape
    head = f"""NRRD0004
type: unsigned char
dimension: 3
space: left-posterior-superior
sizes: {columns} {rows} 1
space directions: ({spacing[1]!r},0,0) (0,{spacing[0]!r},0) (0,0,1)
kinds: domain domain domain
encoding: raw
space origin: (0,0,0)

"""
    path.write_bytes(head.encode() + plane.tobytes())


def _fields(head: bytes) -> dict[str, str]:
    lines = head.decode("ascii", "replace").splitlines()[1:]
    pairs = (line.split(":", 1) for line in lines if ":" in line and not line.startswith("#"))
    fields = {key.strip().lower(): value.strip().lower() for key, value in pairs}
    for key in ("type", "sizes", "encoding"):
        if key not in fields or "data file" in fields:
            raise ValueError(f"an NRRD file without attached data or without {key}")
    return fields


def _decoded(data: bytes, encoding: str, expected: int) -> bytes:
    if encoding in COMPRESSED:
        data = zlib.decompressobj(wbits=31).decompress(data, expected)
    elif encoding != "raw":
        raise ValueError(f"an NRRD file of encoding {encoding}")
    if len(data) < expected:
        raise ValueError(f"{len(data)} bytes of {expected}")
    return data[:expected]

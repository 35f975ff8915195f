"""Checksums that came with a folder of images: only they show a bit that flipped in the pixels."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

from cem_monai.dicom import MammogramError, RefusalCode

CHECKSUMS = "SHA256SUMS"
"""As `sha256sum` writes it: 64 digits, two spaces (or a space and a star), the path below."""
LINE = re.compile(r"([0-9a-f]{64}) [ *](.+)")


def read_checksums(folder: Path) -> dict[Path, str] | None:
    """Return file → SHA-256 of the checksums in a folder, None where it holds none.

    Args:
        folder: folder, or a file whose folder is meant.

    Raises:
        ValueError: a line is none of `sha256sum`.
    """
    root = folder if folder.is_dir() else folder.parent
    path = root / CHECKSUMS
    if not path.is_file():
        return None
    known = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        match = LINE.fullmatch(line)
        if match is None:
            raise ValueError(f"{path}: line {number} is no SHA-256 and file name")
        known[(root / match[2]).resolve()] = match[1]
    return known


def check_checksum(path: Path, known: Mapping[Path, str]) -> None:
    """Refuse a file that changed since the checksums were written, or came later.

    Raises:
        MammogramError: the checksums do not list the file, or list another SHA-256.
    """
    expected = known.get(path.resolve())
    if expected is None:
        raise MammogramError(f"{path}: is not listed in {CHECKSUMS}", RefusalCode.CHECKSUM)
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(2**20):
            digest.update(block)
    if digest.hexdigest() != expected:
        sentence = f"{path}: has the SHA-256 {digest.hexdigest()}, {CHECKSUMS} lists {expected}"
        raise MammogramError(sentence, RefusalCode.CHECKSUM)

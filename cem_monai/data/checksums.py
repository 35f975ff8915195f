"""Checksums that came with a folder of images: only they show a bit that flipped in the pixels."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from cem_monai.checksums import CHECKSUMS, file_sha256
from cem_monai.dicom import MammogramError, RefusalCode


def check_checksum(path: Path, known: Mapping[Path, str]) -> None:
    """Refuse a file that changed since the checksums were written, or came later.

    Raises:
        MammogramError: the checksums do not list the file, or list another SHA-256.
    """
    expected = known.get(path.resolve())
    if expected is None:
        raise MammogramError(f"{path}: is not listed in {CHECKSUMS}", RefusalCode.CHECKSUM)
    digest = file_sha256(path)
    if digest != expected:
        sentence = f"{path}: has the SHA-256 {digest}, {CHECKSUMS} lists {expected}"
        raise MammogramError(sentence, RefusalCode.CHECKSUM)

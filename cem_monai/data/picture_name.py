"""What the name of a PNG or JPEG file tells: which breast, and whether it is an input at all."""

from __future__ import annotations

import re
from pathlib import PurePath

from cem_monai.dicom import Laterality

CDD_CESM = re.compile(r"P\d+_([LR])_(DM|CM)_(CC|MLO)(?:_?\d+)?", re.I | re.ASCII)
"""Of the public CDD-CESM: DM is the low-energy image, CM the subtracted one."""
SIDE_WORD = re.compile(r"(?:(L)(?:EFT)?|(R)(?:IGHT)?)(?:CC|MLO|ML|LM|XCCL|XCCM)?", re.I | re.ASCII)
VIRTUAL_SUFFIX = "_VIRTUAL_DES"
"""Ends the name of every image that this package generates."""


def is_subtracted(path: PurePath) -> bool:
    """Return whether CDD-CESM's naming says that an image is a subtracted one."""
    match = CDD_CESM.fullmatch(path.stem.strip())
    return bool(match and match[2].upper() == "CM")


def is_named_virtual(path: PurePath) -> bool:
    """Return whether an image is named like a generated one."""
    return path.stem.upper().endswith(VIRTUAL_SUFFIX)


def named_laterality(path: PurePath) -> Laterality | None:
    """Return which breast the name of a file tells, or None.

    A word of the name does: `L`, `left`, `LCC`, `R_MLO`, between any other characters than letters
    and digits. Words that contradict each other tell nothing.
    """
    words = [SIDE_WORD.fullmatch(word) for word in re.split(r"[^A-Za-z0-9]+", path.stem)]
    sides = {(word[1] or word[2]).upper() for word in words if word}
    return Laterality(sides.pop()) if len(sides) == 1 else None

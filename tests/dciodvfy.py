"""The independent DICOM validator dciodvfy (Debian package dicom3tools), run on one file."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

# Debian's dciodvfy of 2022 is older than SyntheticData (0008,001C)
ALLOWED = {
    "Error - Attribute with an even group number is not a recognized standard attribute - "
    "(0x0008,0x001c)  ?",
    "Warning - Attribute is not present in standard DICOM IOD - (0x0008,0x001c)  ?",
    "Warning - Dicom dataset contains attributes not present in standard DICOM IOD - "
    "this is a Standard Extended SOP Class",
}
# the same in the words of -new, which reads the tag aloud, too
ALLOWED_NEW = {
    "Error - </(0008,001c)> - Attribute with an even group number is not a recognized standard "
    "attribute",
    "Warning - </(0008,001c)> - Attribute is not present in standard DICOM IOD",
    "Warning - </(0008,001c)> - Unrecognized tag - assuming explicit value representation OK [CS]",
}


def dciodvfy_findings(path: Path) -> list[str]:
    """Return errors and warnings on a file, without the allowed ones; skip where it is missing.

    It is run in both of its ways, which do not look for all of the same.
    """
    return _findings(path, ALLOWED) + _findings(path, ALLOWED | ALLOWED_NEW, "-new")


def _findings(path: Path, allowed: set[str], *options: str) -> list[str]:
    program = shutil.which("dciodvfy")
    if program is None:
        pytest.skip("the validator dciodvfy is not installed (Debian package dicom3tools)")
    result = subprocess.run(
        [program, *options, str(path)],
        capture_output=True,
        text=True,
        errors="replace",
        timeout=60,
        check=False,
    )
    output = (result.stdout + result.stderr).splitlines()
    # Its exit status is no guide: 0 for some errors
    findings = [line.strip() for line in output if line.startswith(("Error", "Warning"))]
    return [finding for finding in findings if finding not in allowed]

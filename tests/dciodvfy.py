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


def dciodvfy_findings(path: Path) -> list[str]:
    """Return errors and warnings on a file, without the allowed ones; skip where it is missing."""
    program = shutil.which("dciodvfy")
    if program is None:
        pytest.skip("the validator dciodvfy is not installed (Debian package dicom3tools)")
    result = subprocess.run(
        [program, str(path)],
        capture_output=True,
        text=True,
        errors="replace",
        timeout=60,
        check=False,
    )
    output = (result.stdout + result.stderr).splitlines()
    # Its exit status is no guide: 0 for some errors
    findings = [line.strip() for line in output if line.startswith(("Error", "Warning"))]
    return [finding for finding in findings if finding not in ALLOWED]

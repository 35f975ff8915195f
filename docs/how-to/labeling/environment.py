"""Let one virtual environment use the packages of another: torch alone has a gigabyte."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from pathlib import Path

SHIMS = "import cem_monai.label_app.shims as shims; shims.install()"
"""Runs at every start of the new environment's Python, so that plain `monailabel` works too."""


def share_packages(environment: Path) -> None:
    """Make an environment see the packages of the one that this runs in.

    Args:
        environment: folder of a virtual environment of the same Python.
    """
    ask = "import sysconfig; print(sysconfig.get_path('purelib'))"
    python = environment / "bin" / "python"
    found = subprocess.run([python, "-c", ask], capture_output=True, text=True, check=True)
    packages = Path(found.stdout.strip())
    shared = f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})"
    # read in the order of their names
    (packages / "cem_monai_a_shared.pth").write_text(f"{shared}\n")
    (packages / "cem_monai_b_shims.pth").write_text(f"{SHIMS}\n")


if __name__ == "__main__":
    share_packages(Path(sys.argv[1]))

"""An environment with MONAI and all that it needs, but without this package."""

from __future__ import annotations

import os
import subprocess
import venv
from pathlib import Path

import monai


class CleanEnvironment:
    """A virtual environment that sees the installed packages, and no editable one.

    Python reads the .pth files of its own site-packages only: those of a folder that such a file
    names stay unread, and an editable installation is one of them.

    Args:
        folder: to make it in.
    """

    def __init__(self, folder: Path) -> None:
        venv.create(folder, with_pip=False)
        (own,) = folder.glob("lib/python*/site-packages")
        (own / "shared.pth").write_text(f"{Path(monai.__file__).parents[1]}\n")
        self.python = folder / "bin" / "python"

    def run(self, *arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
        """Run Python in a folder, without a network where the system can take it away."""
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        environment["CUDA_VISIBLE_DEVICES"] = ""
        return subprocess.run(
            [*_without_network(), str(self.python), *arguments],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )


def _without_network() -> list[str]:
    command = ["unshare", "--map-root-user", "--net"]
    try:
        possible = subprocess.run([*command, "true"], capture_output=True, check=False)
    except FileNotFoundError:
        return []
    return command if possible.returncode == 0 else []

"""The OHIF viewer as its makers publish it: built files of their npm package, in a cache folder."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

VERSION = "3.13.2"
PACKAGE = f"@ohif/app@{VERSION}"
SHA512 = "WZdxmpmG7rqFgW9ZJLcbgr3XCtLi1KDNPoMaeY5PPe6j4G4fjEjjkycZM6C6Zk2F87BKxFfpq+jd5xXZB9E8EA=="


def default_folder() -> Path:
    """Return the cache folder of this version."""
    caches = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(caches) / "cem_monai" / f"ohif-{VERSION}"


def viewer_files(folder: Path) -> Path:
    """Return where the viewer's `index.html` lies.

    Raises:
        FileNotFoundError: it was not fetched.
    """
    files = folder / "dist"
    if not (files / "index.html").is_file():
        raise FileNotFoundError(
            f"OHIF {VERSION} is not in {folder}: make ohif fetches it (50 MB from the npm registry)"
        )
    return files


def fetch(folder: Path) -> None:
    """Fetch the package from the npm registry, check it and unpack it, unless it is there.

    Args:
        folder: to make.

    Raises:
        FileNotFoundError: npm is not installed.
        ValueError: what came is not the package of this version.
        subprocess.CalledProcessError: npm failed.
    """
    if (folder / "dist").is_dir():
        return
    npm = shutil.which("npm")
    if npm is None:
        raise FileNotFoundError("npm is not installed (Debian package npm)")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as work:
        subprocess.run([npm, "pack", PACKAGE, "--silent"], cwd=work, check=True)
        (archive,) = Path(work).glob("*.tgz")
        check(archive)
        with tarfile.open(archive) as tar:
            tar.extractall(work, filter="data")
        (Path(work) / "package").rename(folder)


def check(archive: Path) -> None:
    """Compare with the hash that this version had when it was tried.

    Raises:
        ValueError: it is another one.
    """
    digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if digest != SHA512:
        raise ValueError(f"{archive.name}: has SHA-512 {digest}, {PACKAGE} has {SHA512}")


if __name__ == "__main__":
    try:
        fetch(default_folder())
    except (FileNotFoundError, ValueError, subprocess.CalledProcessError) as error:
        sys.exit(f"error: {error}")
    print(f"OHIF {VERSION} is in {default_folder()}")

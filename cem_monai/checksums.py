"""SHA-256 of files, and the list of them that lies beside them, as `sha256sum` writes it."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from cem_monai.atomic import atomic_write

CHECKSUMS = "SHA256SUMS"
"""Lines of 64 digits, two spaces (or a space and a star), and the path below the folder."""
LINE = re.compile(r"([0-9a-f]{64}) [ *](.+)")
CHUNK = 1 << 20


def file_sha256(path: str | os.PathLike[str]) -> str:
    """Return the SHA-256 of a file's bytes as 64 hexadecimal digits.

    Raises:
        FileNotFoundError: there is no such file.
    """
    digest = hashlib.sha256()
    with Path(path).open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def checksum_lines(digests: Mapping[str, str]) -> str:
    """Return the text of a list that `sha256sum --check` reads.

    Args:
        digests: path below the folder → SHA-256.
    """
    return "".join(f"{digest}  {name}\n" for name, digest in sorted(digests.items()))


def renew_checksums(folder: Path, names: Iterable[str]) -> None:
    """Put files that were written on purpose into the list of a folder, if it has one.

    Args:
        folder: folder with the list.
        names: paths below it.
    """
    known = read_checksums(folder)
    if known is not None:
        root = folder.resolve()
        digests = {str(path.relative_to(root)): digest for path, digest in known.items()}
        digests |= {name: file_sha256(folder / name) for name in names}
        with atomic_write(folder / CHECKSUMS, "w") as file:
            file.write(checksum_lines(digests))


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
    text = path.read_text(encoding="utf-8", errors="replace")  # no such line is one of sha256sum
    for number, line in enumerate(text.splitlines(), 1):
        match = LINE.fullmatch(line)
        if match is None:
            raise ValueError(f"{path}: line {number} is no SHA-256 and file name")
        known[(root / match[2]).resolve()] = match[1]
    return known

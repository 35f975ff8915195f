"""Whether a bundle and its weights are those that somebody vouched for: its configs are code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from cem_monai.checksums import CHECKSUMS, file_sha256, read_checksums

EXECUTED = ("configs", "scripts")
"""Folders whose files MONAI executes."""
IMPORTED = {".py", ".pyc", ".pyd", ".so", ".zip"}
"""What Python would import from anywhere in a bundle: its root is on the path."""
ADVICE = "pass --trust if you know where it comes from"


def check_trust(bundle: Path, weights: Path) -> None:
    """Refuse a bundle or weights that are not what the bundle's SHA256SUMS lists.

    To be called before anything of the bundle is read: MONAI executes what configs say. It shows
    damage and exchanged files; who wrote the list itself only its source can tell.

    Args:
        bundle: folder.
        weights: state dict, anywhere.

    Raises:
        ValueError: there is no list, a file is missing, changed or not listed.
    """
    known = read_checksums(bundle)
    if known is None:
        raise ValueError(f"{bundle}: has no {CHECKSUMS} that tells what it must hold; {ADVICE}")
    for path in (*known, *_executed(bundle), *_weights_files(weights)):
        _check(path, known)


def _executed(bundle: Path) -> Iterator[Path]:
    for path in bundle.rglob("*"):
        inside = path.relative_to(bundle).parts
        if path.is_symlink():  # nobody looks behind it, but Python does
            yield path.absolute()
        elif "__pycache__" not in inside and path.is_file() and _is_code(inside):  # see `own_code`
            yield path.resolve()


def _is_code(path: tuple[str, ...]) -> bool:
    return path[0] in EXECUTED or Path(path[-1]).suffix.lower() in IMPORTED


def _weights_files(weights: Path) -> Iterator[Path]:
    """Yield the state dict and the file that tells how to prepare images for it."""
    yield weights.resolve()
    if weights.with_suffix(".json").is_file():
        yield weights.with_suffix(".json").resolve()


def _check(path: Path, known: Mapping[Path, str]) -> None:
    if path not in known:
        raise ValueError(f"{path}: is not listed in {CHECKSUMS} of the bundle; {ADVICE}")
    if not path.is_file():
        raise ValueError(f"{path}: is missing, {CHECKSUMS} of the bundle lists it; {ADVICE}")
    if file_sha256(path) != known[path]:
        raise ValueError(f"{path}: is not the file that {CHECKSUMS} lists; {ADVICE}")

"""Which commit, machine and day the numbers of a page come from."""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import date
from pathlib import Path

import numpy as np

OUTPUTS = (":!docs/explanation/*.md", ":!docs/figures")
"""What the command itself writes does not count as a change of the code."""


def provenance(repository: Path) -> str:
    """Return one sentence for the page."""
    return (
        f"Commit {_commit(repository)}; {_machine()}; Python {platform.python_version()}, "
        f"numpy {np.__version__}. Date: {date.today().isoformat()}."
    )


def _commit(repository: Path) -> str:
    commit = _git(repository, "rev-parse", "--short", "HEAD")
    if not commit:
        return "unknown (no git repository)"
    changed = _git(repository, "status", "--porcelain", "--", ".", *OUTPUTS)
    return f"{commit} with uncommitted changes" if changed else commit


def _git(repository: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=repository, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.strip()


def _machine() -> str:
    parts = [f"{os.cpu_count()} cores"]
    information = Path("/proc/cpuinfo")
    if information.is_file():
        lines = information.read_text(encoding="utf-8").splitlines()
        models = [line.partition(":")[2] for line in lines if line.startswith("model name")]
        parts += [" ".join(models[0].split())] if models else []
    if hasattr(os, "sysconf"):
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
        parts.append(f"{memory:.0f} GB")
    return ", ".join(parts)

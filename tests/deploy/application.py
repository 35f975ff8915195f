"""The application that docs/how-to/deploy.md shows, run as a user runs it."""

from __future__ import annotations

import re
from pathlib import Path

from deploy.tiny_bundle import write_tiny_bundle
from render import BUNDLES_DIR

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "deploy.md"


def write_application(folder: Path) -> Path:
    """Write `app.py` and, with tiny weights, `models/BUNDLE`; return the former."""
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    (bundle,) = re.findall(r'^BUNDLE = "(\w+)"', code, re.MULTILINE)
    write_tiny_bundle(BUNDLES_DIR / bundle, folder / "models")
    path = folder / "app.py"
    path.write_text(code, encoding="utf-8")
    return path


def arguments(application: Path, source: Path, output: Path) -> list[str]:
    """Return the command line without the interpreter."""
    models = application.parent / "models"
    return [str(application), "-i", str(source), "-o", str(output), "-m", str(models)]

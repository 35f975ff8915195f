"""MONAI Label app: virtual DES on request, drawings, CNR.

This folder is what `monailabel start_server --app` takes. `main.py` and the files `monai_label_*`
need MONAI Label; all others do not.
"""

from __future__ import annotations

from pathlib import Path

APP = Path(__file__).parent
"""The app directory."""

__all__ = ["APP"]

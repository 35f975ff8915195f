"""Import CESM@UCBM: its folders, its tables, its images."""

from __future__ import annotations

from cem_monai.data.ucbm.importing import TERMS, UcbmSummary, import_ucbm

__all__ = ["TERMS", "UcbmSummary", "import_ucbm"]

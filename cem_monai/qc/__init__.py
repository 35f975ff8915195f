"""Look at an archive before it is used: one page of what is in it and what is wrong with it."""

from __future__ import annotations

from cem_monai.qc.page import SHEET_PAIRS, write_qc

__all__ = ["SHEET_PAIRS", "write_qc"]

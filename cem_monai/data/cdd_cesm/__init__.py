"""Import CDD-CESM: files, annotations and outlines to DICOM studies, masks and folds."""

from __future__ import annotations

from cem_monai.data.cdd_cesm.importing import ImportSummary, import_cdd_cesm

__all__ = ["ImportSummary", "import_cdd_cesm"]

"""Bundles that stand alone, for the model zoo and for whoever has MONAI and not this package."""

from __future__ import annotations

from cem_monai.export.bundle_export import Formats, export_bundle, write_checksums
from cem_monai.export.checks import check_bundle

__all__ = ["Formats", "check_bundle", "export_bundle", "write_checksums"]

"""MONAI bundles that translate low-energy mammograms into virtual dual-energy-subtracted ones."""

from __future__ import annotations

__version__ = "0.1.0"

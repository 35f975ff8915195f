"""A bundle with its weights, ready for one study after another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cem_monai.infer.bundle_inference import build_network, run_inference
from cem_monai.infer.results import Translation


@dataclass
class Translator:
    """What generates the images.

    Attributes:
        bundle, weights, options: see `run_inference`.
    """

    bundle: str
    weights: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    _network: object = field(default=None, repr=False)

    def load(self) -> None:
        """Build the network once, for all following calls on DICOM images.

        Raises:
            FileNotFoundError: the bundle or the weights are missing.
            ValueError: the weights do not fit.
        """
        self._network = build_network(self.bundle, self.weights, self.options)

    def __call__(self, source: Path, output: Path) -> Translation:
        """Translate a folder or file; see `run_inference`."""
        return run_inference(
            source,
            output,
            bundle=self.bundle,
            weights=self.weights,
            options=self.options,
            network=self._network,
        )

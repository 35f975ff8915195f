"""Settings of the acquisition: techniques, dose, imperfections of the device."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

from cem_monai.simulator.spectra import Technique, technique

AUTOMATIC = "auto"
LOW_ENERGY_TECHNIQUES = {
    "Mo": ((3.2, "MoMo26"), (math.inf, "MoRh28")),
    "Rh": ((3.2, "MoRh28"), (6.5, "RhRh29"), (math.inf, "RhRh31")),
    "W": ((6.5, "WRh29"), (math.inf, "WAg31")),
}
"""By the anode of the high-energy exposure: the technique of breasts below a thickness in cm."""


LARGEST_DOSE = 1e6
"""In mGy; enough for images that are as good as free of noise."""
LARGEST_LOW_VOLTAGE, SMALLEST_HIGH_VOLTAGE = 35.0, 40.0
"""In kV; the K edge of iodine (33.2 keV) must lie between both exposures."""


def _check_voltage(name: str, technique_name: str, low: float, high: float) -> None:
    kilovolts = technique(technique_name).kilovolts
    if not low <= kilovolts <= high:
        raise ValueError(f"{name} cannot be {technique_name} of {kilovolts:g} kV.")


@dataclass(frozen=True)
class Protocol:
    """How the two exposures are taken and combined.

    Args:
        low_energy: technique of the low-energy exposure; `"auto"` selects it by thickness among
            those of the unit that has the anode of `high_energy`.
        high_energy: technique of the high-energy exposure.
        low_energy_dose: mGy, average glandular dose at 5.3 cm.
        high_energy_dose: mGy, the same for the high-energy exposure.
        noise: quantum and electronic noise.
        contrast_agent: whether it was injected; without it there is no iodine in either image.
        motion: mm, standard deviation of the shift between the exposures per direction.
        scatter_residual: share of the scattered radiation that the correction leaves.
        peripheral_residual: share of the thickness trend that the correction leaves.

    Raises:
        ValueError: unknown technique, or a number outside its range.
    """

    low_energy: str = AUTOMATIC
    high_energy: str = "RhCu49"
    low_energy_dose: float = 1.6
    high_energy_dose: float = 0.6
    noise: bool = True
    contrast_agent: bool = True
    motion: float = 0.03
    scatter_residual: float = 0.05
    peripheral_residual: float = 0.04

    def __post_init__(self) -> None:
        if self.low_energy != AUTOMATIC:
            _check_voltage("low_energy", self.low_energy, 0, LARGEST_LOW_VOLTAGE)
        _check_voltage("high_energy", self.high_energy, SMALLEST_HIGH_VOLTAGE, math.inf)
        for name in ("low_energy_dose", "high_energy_dose"):
            if not 0 < getattr(self, name) <= LARGEST_DOSE:
                raise ValueError(
                    f"{name} must be positive and at most {LARGEST_DOSE:g} mGy, "
                    f"got {getattr(self, name)} mGy."
                )
        for name in ("motion", "scatter_residual", "peripheral_residual"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must lie between 0 and 1, got {getattr(self, name)}.")

    def techniques(self, thickness: float) -> tuple[Technique, Technique]:
        """Return the low-energy and the high-energy technique for a breast of `thickness` cm."""
        high = technique(self.high_energy)
        if self.low_energy != AUTOMATIC:
            return technique(self.low_energy), high
        steps = LOW_ENERGY_TECHNIQUES[high.anode]
        return technique(next(name for limit, name in steps if thickness < limit)), high

    def as_dict(self) -> dict[str, object]:
        """Return the settings for JSON."""
        return asdict(self)

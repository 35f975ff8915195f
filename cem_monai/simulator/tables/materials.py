"""What breasts, test objects and the detector consist of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Material:
    """A mixture of elements.

    Args:
        density: g/cm3.
        fractions: share of the mass for each chemical symbol.
    """

    density: float
    fractions: Mapping[str, float]


ACRYLIC = {"H": 0.0805, "C": 0.5999, "O": 0.3196}

MATERIALS: Mapping[str, Material] = {
    # Hammerstein 1979
    "adipose": Material(0.93, {"H": 0.112, "C": 0.619, "N": 0.017, "O": 0.251, "P": 0.001}),
    "gland": Material(1.04, {"H": 0.102, "C": 0.184, "N": 0.032, "O": 0.677, "P": 0.005}),
    "skin": Material(1.09, {"H": 0.098, "C": 0.178, "N": 0.050, "O": 0.667, "P": 0.007}),
    # ICRU-44
    "muscle": Material(
        1.05,
        {
            **{"H": 0.102, "C": 0.143, "N": 0.034, "O": 0.710, "Na": 0.001, "P": 0.002},
            **{"S": 0.003, "Cl": 0.001, "K": 0.004},
        },
    ),
    "blood": Material(
        1.06,
        {
            **{"H": 0.102, "C": 0.110, "N": 0.033, "O": 0.745, "Na": 0.001, "P": 0.001},
            **{"S": 0.002, "Cl": 0.003, "K": 0.002, "Fe": 0.001},
        },
    ),
    # hydroxyapatite
    "calc": Material(3.0, {"H": 0.002, "O": 0.414, "P": 0.185, "Ca": 0.399}),
    "pmma": Material(1.19, ACRYLIC),
    # test objects only
    "paraffin": Material(0.90, {"H": 0.1486, "C": 0.8514}),
    "pvc": Material(1.35, {"H": 0.0484, "C": 0.3844, "Cl": 0.5672}),
    "resin": Material(1.15, ACRYLIC),
}

IODINE = {"I": 1.0}
SCINTILLATOR = {"Cs": 0.4885, "I": 0.5115}
SCINTILLATOR_COVERAGE = 0.060
"""In g/cm2 (assumed)."""

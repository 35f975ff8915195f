"""X-ray techniques as a few spectral nodes, and the attenuation of tissues at these nodes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any


@dataclass(frozen=True)
class Technique:
    """One combination of anode, filter and tube voltage.

    Args:
        name: e.g. `"RhRh29"`.
        anode: chemical symbol.
        filters: chemical symbols and thicknesses in mm.
        kilovolts: kV, tube voltage.
        kerma_per_mas: uGy/mAs, air kerma at 66 cm behind the paddle.
        half_value_layer: mm Al, first, behind the paddle.
        effective_energy: keV; signal / effective energy is the number of quanta with its noise.
        energies: keV, spectral nodes.
        weights: keV/(cm2 mAs), energy that the detector absorbs per node without attenuation.
        attenuation: linear attenuation per node in 1/cm for each tissue; `"iodine"` in cm2/mg.
    """

    name: str
    anode: str
    filters: tuple[tuple[str, float], ...]
    kilovolts: float
    kerma_per_mas: float
    half_value_layer: float
    effective_energy: float
    energies: tuple[float, ...]
    weights: tuple[float, ...]
    attenuation: Mapping[str, tuple[float, ...]]


@cache
def techniques() -> Mapping[str, Technique]:
    """Return all techniques by name; `tables/SOURCES.md` tells where the numbers come from."""
    table = resources.files("cem_monai.simulator") / "tables" / "nodes.json"
    entries = json.loads(table.read_text(encoding="utf-8"))["techniques"]
    return {name: _technique(name, entry) for name, entry in entries.items()}


def technique(name: str) -> Technique:
    """Return one technique.

    Raises:
        ValueError: there is none of this name.
    """
    if name not in techniques():
        raise ValueError(f"technique must be one of {', '.join(techniques())}; got {name!r}.")
    return techniques()[name]


def _technique(name: str, entry: Mapping[str, Any]) -> Technique:
    return Technique(
        name=name,
        anode=entry["anode"],
        filters=tuple((layer["material"], layer["thickness_mm"]) for layer in entry["filters"]),
        kilovolts=entry["kilovolts"],
        kerma_per_mas=entry["kerma_per_mas"],
        half_value_layer=entry["half_value_layer"],
        effective_energy=entry["effective_energy"],
        energies=tuple(entry["energies"]),
        weights=tuple(entry["weights"]),
        attenuation={tissue: tuple(mu) for tissue, mu in entry["attenuation"].items()},
    )

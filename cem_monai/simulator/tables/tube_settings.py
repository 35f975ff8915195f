"""Anodes, filters and tube voltages of clinical units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class TubeSetting:
    """What is set at the tube.

    Args:
        anode: chemical symbol.
        kilovolts: kV.
        filters: materials and thicknesses in mm.
    """

    anode: str
    kilovolts: int
    filters: tuple[tuple[str, float], ...]


TUBE_SETTINGS: Mapping[str, TubeSetting] = {
    # low energy
    "MoMo26": TubeSetting("Mo", 26, (("Mo", 0.03),)),
    "MoRh28": TubeSetting("Mo", 28, (("Rh", 0.025),)),
    "RhRh29": TubeSetting("Rh", 29, (("Rh", 0.025),)),
    "RhRh31": TubeSetting("Rh", 31, (("Rh", 0.025),)),
    "RhAg34": TubeSetting("Rh", 34, (("Ag", 0.03),)),
    "WRh29": TubeSetting("W", 29, (("Rh", 0.05),)),
    "WAg31": TubeSetting("W", 31, (("Ag", 0.05),)),
    # high energy
    "MoCu49": TubeSetting("Mo", 49, (("Al", 0.3), ("Cu", 0.3))),
    "RhCu45": TubeSetting("Rh", 45, (("Al", 0.3), ("Cu", 0.27))),
    "RhCu49": TubeSetting("Rh", 49, (("Al", 0.3), ("Cu", 0.27))),
    "WCu49": TubeSetting("W", 49, (("Cu", 0.3),)),
}

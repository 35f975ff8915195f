"""Looks of the units that exams come from: matrix, bit depth, polarity, anode, habits of tagging.

A pipeline that has only seen one look breaks at the second site. The looks are typical of units in
the field, no product's data; all objects still name the simulator as their manufacturer.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from cem_monai.simulator.grid import NATIVE_PIXEL, NATIVE_SHAPE, Grid

MIXED = "mixed"
"""Instead of a device's name: exams come from all devices in turn."""


class Marking(str, Enum):
    """How the attributes tell a low-energy from a recombined image, and which belong together.

    `STANDARD`: ImageType (PS3.3 C.8.11.7.1.4); the recombined image names its source.
    `PROCESSING_CODE`: AcquisitionDeviceProcessingCode; both share the frame of reference.
    `DESCRIPTION`: free text in SeriesDescription; both share the time of acquisition.
    """

    STANDARD = "standard"
    PROCESSING_CODE = "processing_code"
    DESCRIPTION = "description"


@dataclass(frozen=True)
class Device:
    """One look.

    Args:
        name: e.g. `"standard"`.
        rows: of the native matrix.
        columns: of the native matrix.
        pixel: mm, side of a native pixel.
        bits_stored: 12 to 14; values are as many times larger as the range is.
        photometric_interpretation: `"MONOCHROME2"`, or `"MONOCHROME1"` (stored values inverted).
        high_energy: technique of the high-energy exposure, see `Protocol`.
        marking: habit of tagging.
    """

    name: str
    rows: int
    columns: int
    pixel: float
    bits_stored: int
    photometric_interpretation: str
    high_energy: str
    marking: Marking

    @property
    def native(self) -> Grid:
        """Pixels of a native image."""
        return Grid(self.rows, self.columns, self.pixel)

    @property
    def largest_value(self) -> int:
        """Largest value that fits the bits."""
        return 2**self.bits_stored - 1

    @property
    def values_per_12_bits(self) -> int:
        """Stored values per step of a 12-bit image."""
        return 2 ** (self.bits_stored - 12)


DEVICES = {
    device.name: device
    for device in (
        Device(
            "standard", *NATIVE_SHAPE, NATIVE_PIXEL, 12, "MONOCHROME2", "RhCu49", Marking.STANDARD
        ),
        Device("tungsten", 3328, 2560, 0.085, 14, "MONOCHROME2", "WCu49", Marking.DESCRIPTION),
        Device("inverted", 2812, 2340, 0.1, 13, "MONOCHROME1", "MoCu49", Marking.PROCESSING_CODE),
    )
}
STANDARD = DEVICES["standard"]


def device_of(name: str) -> Device:
    """Return the look of this name.

    Raises:
        ValueError: there is none.
    """
    if name not in DEVICES:
        raise ValueError(f"device must be one of {', '.join(DEVICES)}; got {name!r}.")
    return DEVICES[name]


def devices_of(name: str) -> tuple[Device, ...]:
    """Return the looks that a data set holds: one, or with `MIXED` all, exam by exam in turn.

    Raises:
        ValueError: there is no look of this name.
    """
    if name == MIXED:
        return tuple(DEVICES.values())
    if name not in DEVICES:
        raise ValueError(f"device must be {MIXED} or one of {', '.join(DEVICES)}; got {name!r}.")
    return (DEVICES[name],)

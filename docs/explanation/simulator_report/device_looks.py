"""The looks of devices side by side."""

from __future__ import annotations

from cem_monai.simulator import DEVICES, Device, Protocol
from cem_monai.simulator.recombination import GAIN, calibrate
from simulator_report.page import table

THICKNESSES = (3.0, 5.3, 8.0)
"""In cm."""


def devices_block() -> str:
    """Return matrix, format, techniques and sensitivity of each device."""
    heading = ["device", "native matrix", "bits", "polarity", "techniques at 3 / 5.3 / 8 cm"]
    heading.append("12-bit PV per mg/cm² at 3 / 5.3 / 8 cm")
    return table(heading, [_row(device) for device in DEVICES.values()])


def _row(device: Device) -> list[str]:
    techniques = [
        Protocol(high_energy=device.high_energy).techniques(thickness) for thickness in THICKNESSES
    ]
    sensitivities = [
        GAIN * calibrate(low, high, thickness).sensitivity
        for (low, high), thickness in zip(techniques, THICKNESSES, strict=True)
    ]
    low_energy = " / ".join(low.name for low, _ in techniques)
    return [
        device.name,
        f"{device.rows} × {device.columns}, {device.pixel:g} mm",
        str(device.bits_stored),
        device.photometric_interpretation,
        f"{low_energy}, {device.high_energy}",
        " / ".join(f"{one:.1f}" for one in sensitivities),
    ]

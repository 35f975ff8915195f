"""Simulate one view of a contrast-enhanced mammography exam."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from cem_monai.dicom import Laterality, ViewPosition
from cem_monai.simulator.acquisition import Acquisition, acquire, acquire_low
from cem_monai.simulator.breast import Breast, draw_breast
from cem_monai.simulator.device import STANDARD, device_of
from cem_monai.simulator.grid import BoolImage, FloatImage, Grid, Size, detector_grid
from cem_monai.simulator.lesion_projection import LesionProjection
from cem_monai.simulator.masks import decoy_mask, lesion_mask, mass_mask, surround_mask
from cem_monai.simulator.phantom import Phantom, draw_phantom
from cem_monai.simulator.population import Population
from cem_monai.simulator.presentation import present
from cem_monai.simulator.protocol import Protocol
from cem_monai.simulator.random_streams import ViewKey, check_hidden, check_seed
from cem_monai.simulator.recombination import GAIN, recombine
from cem_monai.simulator.reference import Reference, make_reference
from cem_monai.simulator.second_reader import second_reader_mask

SIMULATED_VIEWS = (ViewPosition.CC, ViewPosition.MLO)


@dataclass(frozen=True, eq=False)
class SimulatedView:
    """One view; all images (H, W) in stored orientation (right breasts: chest wall at the right).

    Args:
        low_energy: uint16, low-energy image for presentation; air 0, fat dark.
        recombined: uint16; air 0, tissue without contrast agent about 2000, 36 more per mg/cm2
            iodine. These are values of 12 bits: a device of 14 bits stores four times as much.
        breast: inside the skin line.
        mass: enhancing lesions, their true outline; all False if there is none.
        mass_second: the same lesions as a second reader outlines them.
        surround: ring of tissue 1.5 to 9 mm around `mass`, without lesions of any kind.
        decoy: lesions that the low-energy image shows, but that take up no contrast agent or too
            little to be seen.
        lesion: lesions that the low-energy image shows, enhancing or not: unlike `mass` the same
            for every draw of what is hidden.
        iodine: float32 mg/cm2, the truth behind the recombined image.
        spacing: mm, (row, column).
        parameters: what was drawn, ready for JSON; the seed draws the rest again.
        low_energy_without_contrast: on request the twin of `low_energy`, the same exposure and
            noise with no contrast agent in the breast.
        reference: on request, the best possible predictions of `recombined` from a low-energy image
            without contrast agent.
    """

    low_energy: npt.NDArray[np.uint16]
    recombined: npt.NDArray[np.uint16]
    breast: BoolImage
    mass: BoolImage
    mass_second: BoolImage
    surround: BoolImage
    decoy: BoolImage
    lesion: BoolImage
    iodine: FloatImage
    spacing: tuple[float, float]
    parameters: dict[str, Any]
    low_energy_without_contrast: npt.NDArray[np.uint16] | None = None
    reference: Reference | None = None


def simulate_view(
    seed: int,
    *,
    laterality: Laterality | str,
    view_position: ViewPosition | str,
    size: Size = 512,
    population: Population | None = None,
    protocol: Protocol | None = None,
    device: str = STANDARD.name,
    hidden: int = 0,
    twin: bool = False,
    reference: bool = False,
) -> SimulatedView:
    """Simulate one view of the exam that a seed stands for.

    The same seed, laterality and view show the same breast at every size; both views of a breast
    share its build and its lesions, both breasts the patient's build and enhancement.

    Args:
        seed: of the exam, 0 to 10**9.
        laterality: `"L"` or `"R"`.
        view_position: `"CC"` or `"MLO"`.
        size: side of a square image of 288 mm in pixels, 128 to 2880; or `"native"`, the matrix of
            the device: 2850 x 2394 pixels of 0.1 mm of the standard one.
        population: which breasts and lesions occur; `None` for the default.
        protocol: how the exposures are taken; `None` for the default with the device's anode.
        device: matrix, bit depth and anode, see `DEVICES`. Its polarity and its habits of tagging
            belong to the files and change nothing here.
        hidden: which draw of what a low-energy image without contrast agent cannot reveal, 0 to
            10**6: uptake of the lesions, occult lesions, background enhancement, noise and motion
            of the high-energy exposure. Anatomy and low-energy noise are the same for every draw.
        twin: also return `low_energy_without_contrast`.
        reference: also return the limit of every translator that reads no iodine from the
            low-energy image.

    Raises:
        ValueError: an argument outside these ranges.
    """
    look = device_of(device)
    key = _view_key(seed, laterality, view_position, hidden)
    detector = detector_grid(size, look.native)
    population = population or Population()
    protocol = protocol or Protocol(high_energy=look.high_energy)
    breast = draw_breast(key, population)
    phantom = draw_phantom(key, breast, population, detector)
    acquisition = acquire(key, phantom, breast.thickness, protocol)
    recombined, calibration = recombine(acquisition, phantom, breast.thickness, protocol)
    steps = look.values_per_12_bits
    images = _masks(key, phantom) | {
        "low_energy": _rounded(_low_energy(acquisition, phantom, breast.thickness), steps),
        "recombined": _rounded(recombined, steps),
        "iodine": _true_iodine(phantom, protocol),
    }
    if twin:
        without = _twin(key, phantom, breast.thickness, protocol)
        images["low_energy_without_contrast"] = _rounded(without, steps)
    limit = None
    if reference:
        limit = make_reference(key, breast, population, phantom, protocol, acquisition, steps)
    return SimulatedView(
        **{name: _stored(image, detector, right=key.right) for name, image in images.items()},
        spacing=(detector.pixel, detector.pixel),
        reference=limit and _stored_reference(limit, detector, steps, right=key.right),
        parameters={
            "device": look.name,
            "bits_stored": look.bits_stored,
            "pixel_values_per_mg_per_cm2": steps * GAIN * calibration.sensitivity,
            **_parameters(breast, phantom, acquisition, detector, key),
        },
    )


def _masks(key: ViewKey, phantom: Phantom) -> dict[str, npt.NDArray[Any]]:
    mass = mass_mask(phantom)
    return {
        "breast": phantom.breast,
        "mass": mass,
        "mass_second": second_reader_mask(key, phantom),
        "surround": surround_mask(phantom, mass),
        "decoy": decoy_mask(phantom),
        "lesion": lesion_mask(phantom),
    }


def _true_iodine(phantom: Phantom, protocol: Protocol) -> FloatImage:
    inside = phantom.breast & protocol.contrast_agent
    return np.where(inside, phantom.iodine, np.float32(0))


def _low_energy(acquisition: Acquisition, phantom: Phantom, thickness: float) -> FloatImage:
    return present(acquisition.low, phantom, thickness, acquisition.low_beam.technique)


def _twin(key: ViewKey, phantom: Phantom, thickness: float, protocol: Protocol) -> FloatImage:
    low, beam = acquire_low(key, phantom, thickness, replace(protocol, contrast_agent=False))
    return present(low, phantom, thickness, beam.technique)


def _rounded(image: FloatImage, steps: int) -> npt.NDArray[np.uint16]:
    """Return whole numbers, `steps` per unit."""
    return np.rint(image * np.float32(steps)).astype(np.uint16)


def _view_key(
    seed: int, laterality: Laterality | str, view_position: ViewPosition | str, hidden: int
) -> ViewKey:
    check_seed(seed)
    check_hidden(hidden)
    if laterality not in {item.value for item in Laterality}:
        raise ValueError(f"laterality must be 'L' or 'R', got {laterality!r}.")
    if view_position not in {item.value for item in SIMULATED_VIEWS}:
        raise ValueError(f"view_position must be 'CC' or 'MLO', got {view_position!r}.")
    return ViewKey(
        seed,
        right=Laterality(laterality) is Laterality.RIGHT,
        oblique=ViewPosition(view_position) is ViewPosition.MLO,
        hidden=hidden,
    )


def _stored(image: npt.NDArray[Any], detector: Grid, *, right: bool) -> npt.NDArray[Any]:
    """Add the open field beyond the nipple; mirror right breasts."""
    padded = np.pad(image, ((0, 0), (0, detector.columns - image.shape[1])))
    return np.ascontiguousarray(padded[:, ::-1] if right else padded)


def _stored_reference(limit: Reference, detector: Grid, steps: int, *, right: bool) -> Reference:
    images = {name: image * np.float32(steps) for name, image in vars(limit).items()}
    return Reference(
        **{name: _stored(image, detector, right=right) for name, image in images.items()}
    )


def _parameters(
    breast: Breast,
    phantom: Phantom,
    acquisition: Acquisition,
    detector: Grid,
    key: ViewKey,
) -> dict[str, Any]:
    low, high = acquisition.low_beam, acquisition.high_beam
    return {
        "thickness_mm": 10 * breast.thickness,
        "density": breast.density,
        "enhancement_level": breast.enhancement_level,
        "gland_concentration_mg_per_ml": breast.gland_concentration,
        "vessel_concentration_mg_per_ml": breast.vessel_concentration,
        "muscle_concentration_mg_per_ml": breast.muscle_concentration,
        "low_energy_technique": low.technique.name,
        "high_energy_technique": high.technique.name,
        "low_energy_dose_mgy": low.dose,
        "high_energy_dose_mgy": high.dose,
        "low_energy_kerma_mgy": low.kerma,
        "high_energy_kerma_mgy": high.kerma,
        "pixel_mm": detector.pixel,
        "lesions": [_lesion(item, phantom, detector, key) for item in phantom.lesions],
    }


def _lesion(
    item: LesionProjection, phantom: Phantom, detector: Grid, key: ViewKey
) -> dict[str, Any]:
    lesion = item.lesion
    column = item.x / detector.pixel - 0.5
    return {
        "kind": lesion.kind.value,
        "enhancing": lesion.enhancing,
        "pattern": lesion.pattern.value,
        "diameter_mm": lesion.diameter,
        "length_mm": lesion.length,
        "depth_mm": 2 * lesion.half_depth,
        "density": lesion.density,
        "specks": len(lesion.specks),
        "concentration_mg_per_ml": lesion.concentration,
        "row": item.y / detector.pixel - 0.5,
        "column": detector.columns - 1 - column if key.right else column,
    }

"""Errors of the limit and of what it is compared with, by how much the low-energy image tells."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from cem_monai.simulator import (
    Population,
    Predictability,
    Protocol,
    Reference,
    SimulatedView,
    floors,
    preset_population,
)
from simulator_report.iodine import RIM, SMALLEST_MASS, contrast
from simulator_report.parallel import measure_all
from simulator_report.views import Image, Mask, ViewJob, both_breasts, depth_below_skin

SIZE = 512
MOST_TRAINING_EXAMS = 12
TRAINING_SEED_SHIFT = -1000
CONSTANT, MEDIAN, MEAN = "constant", "median", "mean"
CLEAN, SAMPLE = "clean", "sample"
PREDICTIONS = (CONSTANT, MEDIAN, MEAN, CLEAN, SAMPLE)


@dataclass(frozen=True)
class Setting:
    """One row of the tables."""

    population: Population = field(default_factory=Population)
    protocol: Protocol = field(default_factory=Protocol)


SETTINGS = {item.value: Setting(population=preset_population(item)) for item in Predictability} | {
    "four times the HE dose": Setting(
        protocol=Protocol(high_energy_dose=4 * Protocol().high_energy_dose)
    )
}
"""Every preset of predictability, and one of the device."""


class LimitJob(NamedTuple):
    """One view in one setting; `constant` is the prediction of no model at all."""

    setting: str
    view: ViewJob
    constant: float = 0.0

    def simulate(self, hidden: int = 0, reference: bool = True) -> SimulatedView:
        """Simulate the view in its setting."""
        setting = SETTINGS[self.setting]
        return self.view.simulate(
            setting.population, setting.protocol, hidden=hidden, reference=reference
        )


Limits = dict[str, float]
"""Values of one view by name, as `measure_limits` describes them."""


def measure_settings(exams: int, workers: int) -> dict[str, list[Limits]]:
    """Return the measurements of every view in every setting."""
    constants = _constants(exams, workers)
    jobs = [
        LimitJob(name, view, constants[name])
        for name in SETTINGS
        for view in both_breasts(exams, SIZE)
    ]
    found = measure_all(measure_limits, jobs, workers=workers, label="limits")
    return {
        name: [one for one, job in zip(found, jobs, strict=True) if job.setting == name]
        for name in SETTINGS
    }


def _constants(exams: int, workers: int) -> dict[str, float]:
    """Return the mean inside the breast of other exams, by setting."""
    views = [
        view._replace(seed=view.seed + TRAINING_SEED_SHIFT)
        for view in both_breasts(min(exams, MOST_TRAINING_EXAMS), SIZE)
    ]
    jobs = [LimitJob(name, view) for name in SETTINGS for view in views]
    means = measure_all(mean_inside_breast, jobs, workers=workers, label="constants")
    return {
        name: float(np.mean([m for m, job in zip(means, jobs, strict=True) if job.setting == name]))
        for name in SETTINGS
    }


def mean_inside_breast(job: LimitJob) -> float:
    """Return the mean of the recombined image inside the breast."""
    view = job.simulate(reference=False)
    return float(view.recombined[view.breast].mean())


def measure_limits(job: LimitJob) -> Limits:
    """Return errors in pixel values of every prediction in one view.

    Names are region, measure and prediction, e.g. `"breast l1 mean"`; regions `"breast"` and
    `"mass"` (absent without one), measures `"l1"`, `"l2"`, and in masses `"delta cnr"` and
    `"contrast error"`. Besides: `"breast l2 expected"`, the closed form; `"mass cnr"` and `"mass
    contrast"` of the real image; sums for `explained_share`.
    """
    view = job.simulate()
    sample = job.simulate(hidden=1, reference=False).recombined
    predictions = _predictions(view, job.constant, sample)
    values = _errors("breast", view, predictions, view.breast)
    values["breast l2 expected"] = floors(view)["breast"]["expected_l2"]
    values |= _explained(view)
    if view.mass.sum() >= SMALLEST_MASS and view.surround.any():
        values |= _errors("mass", view, predictions, view.mass)
        values |= _contrasts(view, predictions)
    return values


def _predictions(view: SimulatedView, constant: float, sample: Image) -> dict[str, Image]:
    reference = _reference(view)
    return {
        CONSTANT: np.full(view.recombined.shape, constant),
        MEDIAN: reference.median.astype(np.float64),
        MEAN: reference.mean.astype(np.float64),
        CLEAN: reference.clean.astype(np.float64),
        SAMPLE: sample.astype(np.float64),
    }


def _reference(view: SimulatedView) -> Reference:
    if view.reference is None:
        raise ValueError("limits need a view with its reference: simulate_view(reference=True).")
    return view.reference


def _errors(region: str, view: SimulatedView, predictions: dict[str, Image], mask: Mask) -> Limits:
    values = {}
    for name, prediction in predictions.items():
        error = prediction[mask] - view.recombined[mask]
        values[f"{region} l1 {name}"] = float(np.abs(error).mean())
        values[f"{region} l2 {name}"] = float((error**2).mean())
    return values


def _contrasts(view: SimulatedView, predictions: dict[str, Image]) -> Limits:
    mass, surround = view.mass, view.surround
    real = contrast(view.recombined, mass, surround)
    cnr = real / float(view.recombined[surround].std())
    values = {"mass contrast": real, "mass cnr": cnr}
    for name, image in predictions.items():
        found = contrast(image, mass, surround)
        values[f"mass contrast error {name}"] = found - real
        if name != CONSTANT:  # it has no noise to divide by
            values[f"mass delta cnr {name}"] = found / float(image[surround].std()) - cnr
    return values


def _explained(view: SimulatedView) -> Limits:
    """Return sums over the breast but its rim, of the iodine and of the error of its mean."""
    reference = _reference(view)
    inside = depth_below_skin(view.breast, view.spacing) > RIM
    iodine = view.iodine[inside].astype(np.float64)
    error = (reference.mean - reference.clean)[inside].astype(np.float64)
    error /= view.parameters["pixel_values_per_mg_per_cm2"]
    return {
        "pixels": float(inside.sum()),
        "iodine": float(iodine.sum()),
        "iodine squared": float((iodine**2).sum()),
        "error squared": float((error**2).sum()),
    }


def explained_share(limits: list[Limits]) -> float:
    """Return the share of the iodine's variance that the limit's mean explains."""
    total = {name: sum(one[name] for one in limits) for name in _SUMS}
    variance = total["iodine squared"] - total["iodine"] ** 2 / total["pixels"]
    return 1 - total["error squared"] / variance


_SUMS = ("pixels", "iodine", "iodine squared", "error squared")


def average(limits: list[Limits], name: str) -> float:
    """Return the mean over the views that have a value; NaN if none has."""
    values = [one[name] for one in limits if name in one]
    return float(np.mean(values)) if values else float("nan")

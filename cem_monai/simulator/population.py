"""Knobs: which breasts, lesions and uptakes occur, and what a low-energy image tells of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from enum import Enum
from types import MappingProxyType


def _check_probability(name: str, value: float) -> None:
    if not 0 <= value <= 1:
        raise ValueError(f"{name} must be a probability from 0 to 1, got {value}.")


def _check_distribution(name: str, values: Sequence[float]) -> None:
    if any(not 0 <= value <= 1 for value in values) or abs(sum(values) - 1) > 1e-6:
        raise ValueError(f"{name} must be probabilities that add up to 1, got {tuple(values)}.")


THICKNESSES = (2.2, 9.0)
"""In cm; compressed breasts are clipped to these."""
DENSITIES = (0.035, 0.62)
LARGEST_CONCENTRATION = 20.0
"""In mg/ml; more than blood ever holds."""
LARGEST_SPREAD = 2.0
"""Of a logarithm."""


def _check_between(name: str, value: float, limits: tuple[float, float], unit: str = "") -> None:
    low, high = limits
    if not low <= value <= high:
        raise ValueError(f"{name} must lie between {low:g} and {high:g}{unit}, got {value:g}.")


class LesionKind(str, Enum):
    """Shape of a lesion.

    A non-mass shows in the low-energy image through its calcifications alone, an occult lesion
    not at all.
    """

    ROUND = "round"
    LOBULATED = "lobulated"
    SPICULATED = "spiculated"
    NON_MASS = "non_mass"
    OCCULT = "occult"


class UptakePattern(str, Enum):
    """How contrast agent is spread within a lesion."""

    HOMOGENEOUS = "homogeneous"
    HETEROGENEOUS = "heterogeneous"
    RIM = "rim"


@dataclass(frozen=True)
class Morphology:
    """What is particular to one kind of lesion.

    Args:
        share: probability among lesions that the low-energy image shows.
        enhancing: probability of taking up contrast agent.
        uptake: mg/ml, median iodine concentration of those that do.
        irregularity: relative amplitude of the harmonics of the contour.
        orders: orders of these harmonics.
        patterns: probabilities of homogeneous, heterogeneous and rim uptake.
        heterogeneity: standard deviation of the logarithm of the local concentration where uptake
            is heterogeneous.
        calcified: probability of a cluster of calcifications; 0 for occult lesions. The low-energy
            image shows a non-mass by nothing else: below 1, the limit knows of some that it hides.
    """

    share: float
    enhancing: float
    uptake: float
    irregularity: float
    orders: tuple[int, ...]
    patterns: tuple[float, float, float]
    heterogeneity: float = 0.45
    calcified: float = 0.0

    def __post_init__(self) -> None:
        _check_probability("enhancing", self.enhancing)
        _check_probability("calcified", self.calcified)
        _check_distribution("patterns", self.patterns)
        _check_between("uptake", self.uptake, (0.001, LARGEST_CONCENTRATION), " mg/ml")
        _check_between("irregularity", self.irregularity, (0, 0.3))
        _check_between("heterogeneity", self.heterogeneity, (0, LARGEST_SPREAD))


BENIGN_PATTERNS = (0.65, 0.30, 0.05)
SUSPICIOUS_PATTERNS = (0.40, 0.39, 0.21)  # rim enhancement in 21 % of cancers
SPICULATED_ORDERS = (2, 3, 4, 5, 6, 7, 9, 11)
CLUMPED_PATTERNS = (0.2, 0.8, 0.0)
MORPHOLOGIES: Mapping[LesionKind, Morphology] = MappingProxyType(
    {
        LesionKind.ROUND: Morphology(0.34, 0.35, 0.55, 0.02, (2, 3), BENIGN_PATTERNS),
        LesionKind.LOBULATED: Morphology(0.21, 0.65, 0.80, 0.09, (2, 3, 4, 5), BENIGN_PATTERNS),
        LesionKind.SPICULATED: Morphology(
            0.30, 0.97, 1.25, 0.07, SPICULATED_ORDERS, SUSPICIOUS_PATTERNS, calcified=0.3
        ),
        LesionKind.NON_MASS: Morphology(
            0.15, 0.50, 0.50, 0.12, (2, 3, 5), CLUMPED_PATTERNS, heterogeneity=0.55, calcified=1.0
        ),
        LesionKind.OCCULT: Morphology(0.0, 1.0, 1.0, 0.10, (2, 3, 5, 7), SUSPICIOUS_PATTERNS),
    }
)


@dataclass(frozen=True)
class Population:
    """How often what occurs.

    Densities follow Yaffe 2009, enhancement levels Radiol Med 2024 129:1303; iodine concentrations
    are assumptions (no measured patient distribution was found).

    Args:
        thickness: cm, mean of the compressed thickness; thicker breasts are larger and less dense.
        thickness_spread: cm, standard deviation.
        density: median share of fibroglandular tissue in the volume, at the mean thickness.
        density_spread: standard deviation of its logarithm.
        normal_exams: probability that neither breast holds a lesion.
        visible_lesions: probabilities of 0, 1, 2 ... visible lesions in the affected breast; with
            0 it holds an occult one, so that an exam that is not normal holds a lesion.
        contralateral_lesion: probability of a visible lesion in the other breast.
        occult_lesion: probability of an enhancing lesion without density in the affected breast.
        uptake_spread: standard deviation of the logarithm of the uptake.
        uptake_correlation: correlation of the logarithm of the uptake with the lesion's density.
        enhancement_levels: probabilities of minimal, mild, moderate, marked background
            parenchymal enhancement.
        enhancement_concentrations: mg/ml in glandular tissue at these levels.
        enhancement_patchiness: standard deviation of the logarithm of the local concentration.
        enhancement_density_tilt: how much dense breasts enhance more; 0 for not at all.
        morphologies: what is particular to each kind of lesion.

    Raises:
        ValueError: a probability outside 0 to 1, probabilities that do not add up to 1, or a
            thickness or density that no breast has.
    """

    thickness: float = 5.4
    thickness_spread: float = 1.3
    density: float = 0.155
    density_spread: float = 0.55
    normal_exams: float = 0.2
    visible_lesions: tuple[float, ...] = (0.05, 0.63, 0.32)
    contralateral_lesion: float = 0.2
    occult_lesion: float = 0.08
    uptake_spread: float = 0.45
    uptake_correlation: float = 0.5
    enhancement_levels: tuple[float, ...] = (0.475, 0.32, 0.125, 0.08)
    enhancement_concentrations: tuple[float, ...] = (0.03, 0.09, 0.20, 0.36)
    enhancement_patchiness: float = 0.5
    enhancement_density_tilt: float = 0.35
    morphologies: Mapping[LesionKind, Morphology] = field(default_factory=lambda: {**MORPHOLOGIES})

    def __post_init__(self) -> None:
        _check_between("thickness", self.thickness, THICKNESSES, " cm")
        _check_between("thickness_spread", self.thickness_spread, (0, 5), " cm")
        _check_between("density", self.density, DENSITIES)
        _check_between("density_spread", self.density_spread, (0.01, 2))
        for name in ("normal_exams", "contralateral_lesion", "occult_lesion", "uptake_correlation"):
            _check_probability(name, getattr(self, name))
        _check_distribution("visible_lesions", self.visible_lesions)
        _check_distribution("enhancement_levels", self.enhancement_levels)
        if len(self.enhancement_levels) != len(self.enhancement_concentrations):
            raise ValueError(
                f"enhancement_concentrations must hold {len(self.enhancement_levels)} values, "
                f"one per level; got {self.enhancement_concentrations}."
            )
        for value in self.enhancement_concentrations:
            limits = (0, LARGEST_CONCENTRATION)
            _check_between("enhancement_concentrations", value, limits, " mg/ml")
        for name in ("uptake_spread", "enhancement_patchiness"):
            _check_between(name, getattr(self, name), (0, LARGEST_SPREAD))
        _check_between("enhancement_density_tilt", self.enhancement_density_tilt, (-2, 2))
        self._check_morphologies()

    def _check_morphologies(self) -> None:
        if missing := [kind.value for kind in LesionKind if kind not in self.morphologies]:
            raise ValueError(f"morphologies must hold every kind of lesion, {missing} are missing.")
        _check_distribution("share", [kind.share for kind in self.morphologies.values()])
        calcified = self.morphologies[LesionKind.OCCULT].calcified
        if calcified:
            raise ValueError(f"calcified must be 0 for occult lesions, got {calcified}.")

    def as_dict(self) -> dict[str, object]:
        """Return the knobs for JSON."""
        plain = {item.name: getattr(self, item.name) for item in fields(self)}
        morphologies = {kind.value: vars(value) for kind, value in self.morphologies.items()}
        return plain | {"morphologies": morphologies}

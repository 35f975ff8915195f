"""Named populations: how much of the recombined image a low-energy image can tell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from enum import Enum

from cem_monai.simulator.population import (
    MORPHOLOGIES,
    LesionKind,
    Morphology,
    Population,
)

SAME_ENHANCING, SAME_UPTAKE, SAME_PATTERNS = 0.62, 0.95, (0.50, 0.35, 0.15)
SAME_HETEROGENEITY = 0.45
"""Of every visible lesion where its shape shall tell nothing: near the average of all kinds."""


class Predictability(str, Enum):
    """Preset of the knobs.

    `CLINICAL` is the default population. With `COUPLED` the low-energy image tells all but the
    uptake pattern: the shape decides whether a lesion enhances, its density or calcifications how
    much; background enhancement is even and mild, and nothing is occult. With `UNINFORMATIVE`
    neither shape nor density nor calcifications tell anything of the uptake, and every second
    affected breast holds an occult lesion.

    The others turn one knob of the default: the correlation of a lesion's uptake with its density
    (0.5) to 0 or 1; occult lesions (0.08 of the affected breasts) to a half; no background
    enhancement.
    """

    CLINICAL = "clinical"
    COUPLED = "coupled"
    UNINFORMATIVE = "uninformative"
    UNCORRELATED = "uncorrelated"
    CORRELATED = "correlated"
    OCCULT = "occult"
    NO_BACKGROUND = "no_background"


def preset_population(predictability: Predictability | str) -> Population:
    """Return the population of a preset.

    Args:
        predictability: a preset or its value, e.g. `"clinical"`.

    Raises:
        ValueError: any other name.
    """
    names = [item.value for item in Predictability]
    if predictability not in names:
        known = ", ".join(names)
        raise ValueError(f"predictability must be one of {known}; got {predictability!r}.")
    makers: dict[Predictability, Callable[[], Population]] = {
        Predictability.CLINICAL: Population,
        Predictability.COUPLED: _coupled,
        Predictability.UNINFORMATIVE: _uninformative,
        Predictability.UNCORRELATED: lambda: Population(uptake_correlation=0.0),
        Predictability.CORRELATED: lambda: Population(uptake_correlation=1.0),
        Predictability.OCCULT: lambda: Population(occult_lesion=0.5),
        Predictability.NO_BACKGROUND: lambda: Population(enhancement_concentrations=(0.0,) * 4),
    }
    return makers[Predictability(predictability)]()


def _coupled() -> Population:
    return Population(
        visible_lesions=(0.0, 0.66, 0.34),  # a breast without a visible lesion would hold an occult
        occult_lesion=0.0,
        uptake_correlation=1.0,
        enhancement_levels=(0.0, 1.0, 0.0, 0.0),
        enhancement_patchiness=0.0,
        morphologies={
            kind: replace(one, enhancing=0.0 if kind is LesionKind.ROUND else 1.0)
            for kind, one in MORPHOLOGIES.items()
        },
    )


def _uninformative() -> Population:
    return Population(
        occult_lesion=0.5,
        uptake_correlation=0.0,
        morphologies={kind: _alike(kind, one) for kind, one in MORPHOLOGIES.items()},
    )


def _alike(kind: LesionKind, morphology: Morphology) -> Morphology:
    enhancing = morphology.enhancing if kind is LesionKind.OCCULT else SAME_ENHANCING
    return replace(
        morphology,
        enhancing=enhancing,
        uptake=SAME_UPTAKE,
        patterns=SAME_PATTERNS,
        heterogeneity=SAME_HETEROGENEITY,
    )

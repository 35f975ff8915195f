"""Populations in which what a test is about occurs in every exam."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from cem_monai.simulator import LesionKind, Population


def only_kind(kind: LesionKind, population: Population | None = None, **morphology: Any):
    """Return a population whose visible lesions are all of one kind.

    `morphology` replaces knobs of that kind.
    """
    population = population or Population()
    morphologies = {
        other: replace(one, share=float(other is kind))
        for other, one in population.morphologies.items()
    }
    morphologies[kind] = replace(morphologies[kind], **morphology)
    return replace(population, morphologies=morphologies)

"""Lesions without density of their own, and which breast may hold one given what is visible.

An exam is normal or has one affected breast. The affected breast holds visible lesions, an occult
one, or both; the other breast a visible lesion at times. The low-energy images of both breasts tell
how many lesions are visible, but not which breast is the affected one: that is drawn again, from
its probabilities given the visible lesions (Bayes). The joint distribution stays that of
`Population`, and whatever is drawn here can be drawn again below the same low-energy images.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cem_monai.simulator.population import LesionKind, Population
from cem_monai.simulator.random_streams import Stream, ViewKey

VISIBLE_KINDS = (
    LesionKind.ROUND,
    LesionKind.LOBULATED,
    LesionKind.SPICULATED,
    LesionKind.NON_MASS,
)
NO_BREAST, LEFT, RIGHT = range(3)


def visible_kinds(key: ViewKey, population: Population) -> list[LesionKind]:
    """Draw the lesions of a breast that its low-energy image shows."""
    patient, breast = key.patient_stream(Stream.LESION), key.breast_stream(Stream.LESION)
    normal, right = patient.random() < population.normal_exams, patient.random() < 0.5
    if normal:
        return []
    if key.right == right:
        count = int(breast.choice(len(population.visible_lesions), p=population.visible_lesions))
    else:
        count = int(breast.random() < population.contralateral_lesion)
    shares = [population.morphologies[kind].share for kind in VISIBLE_KINDS]
    return [VISIBLE_KINDS[i] for i in breast.choice(len(VISIBLE_KINDS), size=count, p=shares)]


def draw_occult(key: ViewKey, population: Population) -> bool:
    """Draw whether a breast holds an occult lesion, given the visible lesions of both breasts."""
    weights = affected_probabilities(_visible_counts(key, population), population)
    affected = key.patient_stream(Stream.HIDDEN_OCCULT).choice(len(weights), p=weights)
    rng = key.breast_stream(Stream.HIDDEN_OCCULT)
    return bool(affected == LEFT + key.right and rng.random() < _if_affected(key, population))


def occult_probability(key: ViewKey, population: Population) -> float:
    """Return the probability that `draw_occult` says yes."""
    weights = affected_probabilities(_visible_counts(key, population), population)
    return weights[LEFT + key.right] * _if_affected(key, population)


def affected_probabilities(
    visible: tuple[int, int], population: Population
) -> tuple[float, float, float]:
    """Return the probabilities that no breast, the left or the right one is the affected breast.

    Args:
        visible: number of visible lesions in the left and in the right breast.
        population: what is probable before anything is seen.
    """
    left, right = visible
    other = (1 - population.contralateral_lesion, population.contralateral_lesion)
    of_affected, affected = population.visible_lesions, (1 - population.normal_exams) / 2
    weights = (
        population.normal_exams * (left == right == 0),
        affected * _at(of_affected, left) * _at(other, right),
        affected * _at(of_affected, right) * _at(other, left),
    )
    no_breast, only_left, only_right = (weight / sum(weights) for weight in weights)
    return no_breast, only_left, only_right


def _visible_counts(key: ViewKey, population: Population) -> tuple[int, int]:
    sides = (replace(key, right=right) for right in (False, True))
    left, right = (len(visible_kinds(side, population)) for side in sides)
    return left, right


def _if_affected(key: ViewKey, population: Population) -> float:
    """Return the probability of an occult lesion in this breast if it is the affected one."""
    return population.occult_lesion if visible_kinds(key, population) else 1.0


def _at(probabilities: Sequence[float], number: int) -> float:
    return probabilities[number] if number < len(probabilities) else 0.0

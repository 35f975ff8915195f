"""Every model against trivial predictors and the other models, corrected for how many there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

from cem_monai.evaluation.measure_table import MeasureTable
from cem_monai.evaluation.permutation import holm, paired_permutation_test
from cem_monai.evaluation.resampling import Resampling
from cem_monai.evaluation.summary_schema import PairedTestEntry

TESTED = (
    *("breast_l1", "mass_l1", "mass_abs_delta_cnr", "mass_abs_contrast_error"),
    "false_abs_share_error",
)
"""Measures that are tested; of all of them less is better."""

BASELINES = ("constant", "depth_intensity_table")
"""Trivial predictors that a model must beat."""


def paired_tests(
    tables: Mapping[str, MeasureTable], models: Sequence[str], resampling: Resampling
) -> list[PairedTestEntry]:
    """Return the tests measure by measure: models against baselines, then models pair by pair.

    The p-values of `paired_permutation_test` are corrected after Holm as one family.

    Args:
        tables: predictor → its cases, the same in all.
        models: those to be judged.
        resampling: of the intervals of the differences.
    """
    baselines = [name for name in BASELINES if name in tables]
    pairs = [(model, name) for model in models for name in baselines]
    pairs += combinations(models, 2)
    tests = [_test(tables, measure, pair, resampling) for measure in TESTED for pair in pairs]
    corrected = holm([test["p_value"] for test in tests])
    return [{**test, "p_holm": p_holm} for test, p_holm in zip(tests, corrected, strict=True)]


def _test(
    tables: Mapping[str, MeasureTable],
    measure: str,
    pair: tuple[str, str],
    resampling: Resampling,
) -> PairedTestEntry:
    a, b = (tables[name].column(measure) for name in pair)
    patients = tables[pair[0]].patients
    p_value = paired_permutation_test(a, b, patients).p_value
    return {
        "measure": measure,
        "a": pair[0],
        "b": pair[1],
        "difference": resampling.difference(a, b, patients),
        "p_value": p_value,
        "p_holm": p_value,
    }

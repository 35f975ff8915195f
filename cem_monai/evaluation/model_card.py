"""The part of a model card that has numbers, all of them from `summary.json`."""

from __future__ import annotations

from cem_monai.evaluation.card_facts import evaluation_facts, tested_on
from cem_monai.evaluation.card_findings import (
    known_failures,
    leak_table,
    not_shown,
    paired_test_table,
)
from cem_monai.evaluation.card_tables import (
    false_enhancement_table,
    gain_table,
    lesion_table,
    recall_table,
    setting_tables,
)
from cem_monai.evaluation.leak import judged_models
from cem_monai.evaluation.summary_schema import EvaluationSummary
from cem_monai.evaluation.verdict import small_sample_remark

NOT_EVALUATED = (
    "No weights are shipped and nothing is evaluated. `cem-monai card` writes this section, and\n"
    "`eval_metrics` of `metadata.json`, from the `summary.json` of an evaluation."
)


def model_card_performance(summary: EvaluationSummary, model: str | None = None) -> str:
    """Return the performance of one model beside all trivial predictors, in Markdown.

    Args:
        summary: of one evaluation.
        model: whose card it is; without it, the only one of the summary.

    Returns:
        Sections of the third level, without the heading above them.

    Raises:
        ValueError: no such model, or several and none is named.
    """
    name = card_model(summary, model)
    remark = small_sample_remark(summary["data"]["patients"])
    parts = {
        "": f"**{remark}**" if remark else "",
        "What was evaluated": evaluation_facts(summary),
        "Distances and ΔCNR": setting_tables(summary),
        "Lesions": "\n\n".join(_lesion_parts(summary)),
        "False enhancement": false_enhancement_table(summary),
        "Against trivial predictors and other models": paired_test_table(summary, name),
        "Share of the attainable gain": gain_table(summary) if summary["attainable"] else "",
        "What residual contrast agent gives": leak_table(summary, name),
        "Tested on": tested_on(summary, name),
        "Known failures": known_failures(summary, name),
        "What the numbers do not show": not_shown(summary, name),
    }
    shown = {title: text for title, text in parts.items() if text}
    return "\n\n".join(f"### {title}\n\n{text}" if title else text for title, text in shown.items())


def card_model(summary: EvaluationSummary, model: str | None = None) -> str:
    """Return whose card it is.

    Raises:
        ValueError: no such model, or several and none is named.
    """
    names = judged_models(summary["models"])
    if model is None and len(names) == 1:
        return names[0]
    if model not in names:
        wanted = "one must be named" if model is None else f"not {model}"
        raise ValueError(f"the summary holds the models {', '.join(names)}: {wanted}")
    return model


def _lesion_parts(summary: EvaluationSummary) -> list[str]:
    if not summary["lesions"]:
        return ["No lesion was measured."]
    return [lesion_table(summary), *([recall_table(summary)] if summary["recall"] else [])]

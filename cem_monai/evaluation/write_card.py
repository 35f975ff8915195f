"""Write the results of an evaluation into the model card and the metadata of a bundle."""

from __future__ import annotations

import json
import os
from contextlib import ExitStack
from pathlib import Path

from cem_monai.atomic import atomic_write
from cem_monai.checksums import file_sha256, renew_checksums
from cem_monai.evaluation.card_metrics import eval_metrics
from cem_monai.evaluation.model_card import NOT_EVALUATED, card_model, model_card_performance
from cem_monai.evaluation.patch_card import patch_performance
from cem_monai.evaluation.summary_file import read_summary
from cem_monai.evaluation.summary_schema import EvaluationSummary

BEGIN, END = "<!-- begin:performance -->", "<!-- end:performance -->"
"""Around the generated section of `docs/README.md`; what is outside stays as it is."""


def write_card(
    bundle_dir: str | os.PathLike[str],
    summary_json: str | os.PathLike[str],
    weights: str | os.PathLike[str] | None = None,
) -> None:
    """Write the section on performance and `eval_metrics`, and keep the summary; all, or nothing.

    In `docs/README.md` the section replaces what lies between the markers. Without markers it is
    appended; without a file there will be one. In `configs/metadata.json`, `eval_metrics` is
    replaced. The summary becomes `docs/summary.json`. SHA256SUMS, if there is one, tells it.

    Args:
        bundle_dir: the bundle.
        summary_json: `summary.json` of the evaluation.
        weights: file of the weights, to make sure that they are those that were evaluated; of
            several models in the summary they tell which one the card is of.

    Raises:
        FileNotFoundError: summary, metadata or weights are not there.
        ValueError: `read_summary` refuses the summary, it holds several models and no weights were
            given, no model of it has these weights, the metadata are no JSON object, or the markers
            are not one pair.
    """
    summary = read_summary(summary_json)
    model = card_model(summary) if weights is None else _model_with(Path(weights), summary)
    card, metadata = Path(bundle_dir, "docs/README.md"), Path(bundle_dir, "configs/metadata.json")
    kept = Path(bundle_dir, "docs/summary.json")
    texts = {
        kept: Path(summary_json).read_text(encoding="utf-8"),
        metadata: _with_metrics(metadata, summary, model),
        card: _with_section(card, performance_section(summary, model)),
    }
    # Nothing gets its name before everything is written
    with ExitStack() as stack:
        files = {path: stack.enter_context(atomic_write(path)) for path in texts}
        for path, file in files.items():
            file.write(texts[path].encode())
            file.flush()
    renew_checksums(Path(bundle_dir), (str(path.relative_to(bundle_dir)) for path in texts))


def performance_section(summary: EvaluationSummary | None, model: str | None = None) -> str:
    """Return the generated section between its markers; without a summary it says so."""
    return _section(model_card_performance(summary, model) if summary else NOT_EVALUATED)


def patch_performance_section(
    metrics_csv: str | os.PathLike[str], weights: str | os.PathLike[str]
) -> str:
    """Return the generated section of a model of patches, between its markers."""
    return _section(patch_performance(metrics_csv, file_sha256(weights)))


def _section(text: str) -> str:
    return f"{BEGIN}\n## Performance\n\n{text}\n{END}"


def _model_with(weights: Path, summary: EvaluationSummary) -> str:
    if not weights.is_file():
        raise FileNotFoundError(f"{weights}: no weights")
    digest = file_sha256(weights)
    evaluated = {name: model["weights_sha256"] for name, model in summary["models"].items()}
    for name, known in evaluated.items():
        if known == digest:
            return name
    listed = ", ".join(f"{name} {known or 'not known'}" for name, known in evaluated.items())
    raise ValueError(f"{weights}: SHA-256 {digest} is not that of an evaluated model ({listed})")


def _with_section(card: Path, section: str) -> str:
    if not card.is_file():
        return f"# {card.resolve().parents[1].name}\n\n{section}\n"
    try:
        text = card.read_bytes().decode()  # line ends stay as they are
    except UnicodeDecodeError:
        raise ValueError(f"{card}: is no UTF-8 text") from None
    if BEGIN not in text and END not in text:
        return f"{text.rstrip()}\n\n{section}\n"
    if (text.count(BEGIN), text.count(END)) != (1, 1) or text.index(BEGIN) > text.index(END):
        raise ValueError(f"{card}: {BEGIN} and {END} must be there once, in this order")
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    return f"{before}{section}{after}"


def _with_metrics(metadata: Path, summary: EvaluationSummary, model: str) -> str:
    if not metadata.is_file():
        raise FileNotFoundError(f"{metadata}: no metadata; is this a bundle?")
    try:
        content = json.loads(metadata.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{metadata}: is no JSON file ({error})") from None
    if not isinstance(content, dict):
        raise ValueError(f"{metadata}: must be an object")
    content["eval_metrics"] = eval_metrics(summary, model)
    return json.dumps(content, indent=4, ensure_ascii=False, allow_nan=False) + "\n"

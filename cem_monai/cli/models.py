"""Verbs that use and judge models."""

from __future__ import annotations

from pathlib import Path

from cem_monai.cli.translation import translation_options
from cem_monai.cli.values import low_high, named_paths
from cem_monai.command_line import PARTLY_DONE


def infer(
    source: str,
    output: str,
    bundle: str = "breast_cem_compact",
    weights: str | None = None,
    recombined_bits: int | None = None,
    display_window: str | None = None,
    source_bits: int | None = None,
    num_downs: int | None = None,
    ngf: int | None = None,
    sliding_window: int | None = None,
    uncertainty: int | None = None,
    compression: str | None = None,
    device: str | None = None,
    allow_implants: bool = False,
    any_intensity: bool = False,
    trust: bool = False,
    stow: str | None = None,
    store: str | None = None,
    ae_title: str = "CEM_MONAI",
) -> None:
    """Generate the virtual recombined image of every low-energy image, marked as virtual.

    DICOM in, DICOM out. From PNG and JPEG (the 8-bit research mode, for public data) come 16-bit
    PNG of the same size, <name>_VIRTUAL_DES.png, and manifest.json; there every image counts as
    low-energy but those that CDD-CESM names _CM_, which are passed over. A folder of both kinds is
    refused. What cannot be used is refused too, listed in refused.csv, and the rest goes on.

    DICOM is also fetched from an archive, study by study: https://host/dicom-web/studies/UID, a
    search like https://host/dicom-web/studies?StudyDate=20260101-, or AE@host:port/STUDYUID. With
    --stow or --store the results go to an archive as well; what it cannot take now waits in
    OUTPUT/outbox, and the same command sends it. audit.jsonl holds a line for each result.

    Image size, windows and the size of the network are read from model.json beside the weights.

    Args:
        source: folder or file, DICOM, or PNG and JPEG; or an address of studies.
        output: folder to write, outside the source.
        bundle: name below bundles/, or folder of a bundle.
        weights: file; models/model.pt of the bundle by default.
        recombined_bits: of the generated images, 8 to 16; 12 by default.
        display_window: CENTER,WIDTH that viewers of generated DICOM start with.
        source_bits: used bits of 16-bit PNG, e.g. 12; all by default.
        num_downs: halvings of the network, if model.json does not tell.
        ngf: filters of its first level, if model.json does not tell.
        sliding_window: pixels, side of a window, where one pass does not fit into memory.
        uncertainty: passes with dropout, for DICOM maps of how much each image varies.
        compression: none, or jpeg_ls (lossless), of generated DICOM.
        device: cpu or cuda:0; a GPU by default if there is one.
        allow_implants: take breasts with an implant, which are refused by default.
        any_intensity: take images unlike all that the model was trained on.
        trust: take a bundle and weights that its SHA256SUMS does not list, e.g. your own.
        stow: DICOMweb address that the results are sent to, e.g. https://host/dicom-web.
        store: DICOM address that the results are sent to, AE@host:port.
        ae_title: how we call ourselves in the DICOM protocol.
    """
    from cem_monai.infer import Translator, infer_studies, make_sender
    from cem_monai.transport import archive_source

    options = translation_options(
        recombined_bits=recombined_bits,
        display_window=display_window,
        source_bits=source_bits,
        num_downs=num_downs,
        ngf=ngf,
        sliding_window=sliding_window,
        uncertainty=uncertainty,
        compression=compression,
        device=device,
        allow_implants=allow_implants,
        any_intensity=any_intensity,
    )
    sender = make_sender(stow, store, ae_title=ae_title)
    translate = Translator(bundle, weights, options, trust)
    if archive_source(source, ae_title=ae_title) is not None:
        translate.load()  # once for all studies
    outcome = infer_studies(source, output, translate, sender=sender, ae_title=ae_title)
    for sentence in outcome.sentences:
        print(sentence)
    if not outcome.complete:
        raise SystemExit(PARTLY_DONE)


def evaluate(
    predictions: str,
    datalist: str,
    output: str,
    section: str = "test",
    data_range: str | None = None,
    workers: int = 2,
    predictions_without_contrast: str | None = None,
    count_missing: bool = False,
    substitution: bool = False,
    weights: str | None = None,
    losses: str | None = None,
    cnr_patch_size: int = 64,
    cnr_stride: int = 16,
    cnr_edge: str = "strict",
) -> None:
    """Judge any folder of predictions: tables with intervals, trivial baselines, a report.

    Predictions are DICOM, NIfTI, 16-bit PNG or NPY files, one for each case, named like the case or
    its low-energy file; docs/reference/predictions.md tells how they must be stored.

    Args:
        predictions: folder; for several models NAME=FOLDER,NAME=FOLDER.
        datalist: JSON file that cem-monai index wrote; the trivial baselines learn from its section
            training.
        output: folder to write: report.html, summary.json, metrics.csv.
        section: of the datalist.
        data_range: LOW,HIGH, the stored values that stand for grey levels 0 and 255, e.g.
            1900,2200; the whole range of each image's format by default.
        workers: processes.
        predictions_without_contrast: folder (NAME=FOLDER for several models) of what the model made
            of the low-energy images without contrast agent, which simulated exams have.
        count_missing: go on without missing predictions; every table counts them.
        substitution: train a lesion classifier on real images and feed it virtual ones.
        weights: file (NAME=FILE) whose SHA-256 the summary shall hold.
        losses: losses.csv of the training, for its curves.
        cnr_patch_size: pixels, of the breast's CNR.
        cnr_stride: pixels, of the breast's CNR.
        cnr_edge: which windows count at the edge of the breast: strict, masked or image.
    """
    from cem_monai.evaluation import (
        EvaluationRequest,
        MeasureSettings,
        evaluate_predictions,
        print_summary,
    )

    request = EvaluationRequest(
        models=named_paths(predictions),
        datalist=Path(datalist),
        section=section,
        settings=MeasureSettings(
            None if data_range is None else low_high(data_range),
            cnr_patch_size,
            cnr_stride,
            cnr_edge,
        ),
        without_contrast=named_paths(predictions_without_contrast),
        count_missing=count_missing,
        with_substitution=substitution,
        weights=named_paths(weights),
        losses_csv=None if losses is None else Path(losses),
    )
    evaluate_predictions(request, output, workers=workers)
    print_summary(Path(output, "metrics.csv"))
    print(f"{output}: report.html (open this first), summary.json, metrics.csv. Research only.")


def card(bundle: str, summary: str, weights: str | None = None) -> None:
    """Write an evaluation's numbers into the model card and the metadata of a bundle.

    Args:
        bundle: its folder.
        summary: summary.json of cem-monai evaluate, or of the bundle's own evaluating.
        weights: file that the numbers must belong to.
    """
    from cem_monai.evaluation import write_card

    write_card(bundle, summary, weights)
    print(f"{bundle}: docs/README.md and configs/metadata.json hold the numbers of {summary}")


def demo(
    output: str = "demo_output",
    exams: int = 16,
    seed: int = 0,
    epochs: int = 48,
    train: bool = False,
) -> None:
    """Simulate exams, generate their virtual images with shipped weights, evaluate, report.

    Args:
        output: folder to write.
        exams: number of simulated exams; three of eight are held out.
        seed: of the exams, the split and the training.
        epochs: of the training.
        train: train the network anew, minutes on two CPU cores, instead of taking the weights.
    """
    from cem_monai.demo import run_demo

    run_demo(output, exams=exams, seed=seed, epochs=epochs, train=train)


def benchmark(
    output: str,
    suite: str = "seeds",
    workers: int = 2,
    hours: float | None = None,
    source: str | None = None,
) -> None:
    """Train the published models on the same data; tables with trivial predictors and intervals.

    Repeat the command to go on: what is trained already is kept.

    Args:
        output: folder of one suite, e.g. 3 hours and 2 GB for seeds on two cores.
        suite: seeds (simulated), or cdd_cesm (patients, five folds, registered and not).
        workers: processes that simulate.
        hours: stop before a model that would probably end later; no limit by default.
        source: folder that holds CDD-CESM, for cdd_cesm.
    """
    from cem_monai.benchmark import SUITES, run_suite

    if suite not in SUITES:
        raise ValueError(f"suite must be one of {', '.join(SUITES)}; got {suite!r}")
    report = run_suite(
        SUITES[suite],
        output,
        workers=workers,
        hours=hours,
        source=None if source is None else Path(source),
    )
    print(f"tables are in {report}")

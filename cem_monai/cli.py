"""The verbs of `python -m cem_monai` (also `cem-monai`).

Each verb checks its options before it does anything and imports what it needs itself, so that
`--help` answers at once. Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 done in part,
130 interrupted.
"""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import fire

from cem_monai.command_line import (
    PARTLY_DONE,
    check_options,
    plain_sentence,
    split_arguments,
)

if TYPE_CHECKING:
    from cem_monai.data import Refused

USAGE_ERROR = 2
INTERRUPTED = 130
KINDS: dict[str, tuple[Callable[[str], object], str]] = {
    "float": (float, "a number"),
    "Size": (int, "a whole number or native"),
    "bool": (lambda text: {"true": True, "false": False}[text.lower()], "true or false"),
}
"""By annotation: how a value is read, and what it must be."""
Size = int | Literal["native"]


def simulate(
    output: str,
    exams: int,
    seed: int = 0,
    size: Size = 512,
    workers: int = 1,
    predictability: str = "clinical",
    twin: bool = False,
    device: str = "standard",
    hidden: int = 0,
) -> None:
    """Write simulated contrast-enhanced exams: DICOM, masks, and the best possible predictions.

    Args:
        output: folder to write; complete exams in it are kept, so the command can be repeated.
        exams: number of exams (patients), four views each.
        seed: of the first exam; the same seed gives the same pixels.
        size: pixels a side, e.g. 512 or 1024, or native for 2850 x 2394.
        workers: processes.
        predictability: how much the low-energy image tells of the iodine: clinical, coupled,
            uninformative, or with one knob turned uncorrelated, correlated, occult, no_background.
        twin: write the low-energy images without contrast agent too.
        device: matrix, bits, polarity, anode and tags: standard, tungsten, inverted, or mixed.
        hidden: which draw of what a low-energy image cannot reveal; the breasts stay the same.
    """
    from cem_monai.simulator import simulate_exams

    manifest = simulate_exams(
        output,
        exams=exams,
        seed=seed,
        size=size,
        workers=workers,
        predictability=predictability,
        twin=twin,
        device=device,
        hidden=hidden,
    )
    print(f"{exams} exams are in {output}, listed in {manifest}")


def simulate_dose(output: str, arrangements: int = 12, seed: int = 0, workers: int = 1) -> None:
    """Write raw images of a simulated phantom at a low, an automatic and a high dose.

    Each arrangement of the phantom gets a folder: low.dcm, auto.dcm, high.dcm (14 bits, For
    Processing), the noise-free high_noise_free.dcm, and masks. Arrangement 12 has no high dose.

    Args:
        output: folder to write; complete arrangements in it are kept.
        arrangements: of the same films and nodules, 1 to 99.
        seed: of the phantom; the same seed gives the same pixels.
        workers: processes.
    """
    from cem_monai.simulator import simulate_dose_pairs

    manifest = simulate_dose_pairs(output, arrangements=arrangements, seed=seed, workers=workers)
    print(f"{arrangements} arrangements are in {output}, listed in {manifest}")


def import_cdd_cesm(
    source: str, output: str, register: bool = True, folds: int = 5, seed: int = 0
) -> None:
    """Turn the public CDD-CESM pairs into DICOM studies that `index` and the bundles read.

    What cannot be used is listed in refused.csv of the output, with the reason.

    Args:
        source: folder with the full data set, or with its 512-pixel copies; the annotations may lie
            anywhere in it. docs/how-to/import-cdd-cesm.md tells the layouts.
        output: folder to write.
        register: move the subtracted images onto the low-energy ones.
        folds: of a cross-validation by patient, fold_0.json and so on; 0 for none.
        seed: of the folds.
    """
    from cem_monai.data import import_cdd_cesm as run

    summary = run(source, output, register=register, folds=folds, seed=seed)
    print(summary)
    _write_qc(output, summary.refused)
    if summary.refused:
        raise SystemExit(PARTLY_DONE)


def import_ucbm(source: str, output: str) -> None:
    """Turn the pairs of CESM@UCBM into DICOM studies and a datalist split by patient.

    Args:
        source: folder that holds "Low Energy", Recombined, and the tables that came with them.
        output: folder to write.
    """
    from cem_monai.data import find_pairs, report_refused, write_datalist
    from cem_monai.data import import_ucbm as run
    from cem_monai.data.ucbm import TERMS
    from cem_monai.qc import write_qc

    print(TERMS)
    summary = run(source, output)
    print(summary)
    pairs, unpaired = find_pairs(output)
    refused = summary.refused + unpaired
    report_refused(refused, Path(output, "refused.csv"))
    write_datalist(pairs, Path(output, "datalist.json"))
    write_qc(Path(output, "qc.html"), pairs, refused, datalist=Path(output, "datalist.json"))
    if refused:
        raise SystemExit(PARTLY_DONE)


def index(
    folder: str,
    datalist: str | None = None,
    test_fraction: float = 0.05,
    validation_fraction: float = 0.0,
    folds: int = 0,
    seed: int = 0,
) -> None:
    """Pair low-energy and recombined images and split them by patient into a MONAI datalist.

    What cannot be used is listed in refused.csv beside the datalist, with the reason. qc.html shows
    the archive: counts, duplicates, a contact sheet.

    Args:
        folder: DICOM files, in any arrangement.
        datalist: JSON file to write; FOLDER/datalist.json by default.
        test_fraction: share of the patients kept for the evaluation.
        validation_fraction: share of the patients kept for validation while training.
        folds: of a cross-validation by patient; writes fold_0.json and so on beside the datalist.
        seed: of the split and the folds.
    """
    from cem_monai.data import (
        check_folds,
        check_split,
        find_pairs,
        report_refused,
        write_datalist,
        write_folds,
    )
    from cem_monai.qc import write_qc

    check_split(test_fraction=test_fraction, validation_fraction=validation_fraction, seed=seed)
    check_folds(folds, seed)
    path = Path(datalist) if datalist else Path(folder, "datalist.json")
    pairs, refused = find_pairs(folder)
    counts = write_datalist(
        pairs,
        path,
        test_fraction=test_fraction,
        validation_fraction=validation_fraction,
        seed=seed,
    )
    report_refused(refused, path.with_name("refused.csv"))
    if folds:
        write_folds(pairs, path.parent, folds=folds, seed=seed)
    write_qc(path.with_name("qc.html"), pairs, refused, datalist=path)
    patients = len({pair.patient for pair in pairs})
    sections = ", ".join(f"{count} {section}" for section, count in counts.items())
    print(f"{len(pairs)} pairs of {patients} patients in {path}: {sections}")
    print(f"{path.with_name('qc.html')} shows the archive; it must not leave it")
    if refused:
        print(f"{len(refused)} images left out, see {path.with_name('refused.csv')}")
        raise SystemExit(PARTLY_DONE)


def dose_patches(
    folder: str,
    output: str,
    conversion: str = "raw_fixed",
    label: str = "high",
    patch_size: int = 150,
    stride: int = 150,
    min_foreground: float = 0.5,
    split: str = "arrangement",
    test_fraction: float = 0.25,
    validation_fraction: float = 0.0,
    seed: int = 0,
) -> None:
    """Cut dose pairs into 8-bit patches (PNG) and split them into a MONAI datalist.

    Args:
        folder: what simulate_dose writes, or folders of the same form.
        output: folder to write: datalist.json, patches/.
        conversion: of raw values to 8 bits: raw_fixed, log_fixed or per_image.
        label: the target's file in each folder: high, auto or high_noise_free.
        patch_size: pixels.
        stride: pixels between the first pixels of neighbors.
        min_foreground: share of a patch that must show the phantom.
        split: arrangement, or patch as published, which puts neighbors in training and test.
        test_fraction: share of the arrangements or patches kept for the evaluation.
        validation_fraction: share of them kept for validation while training.
        seed: of the split.
    """
    from cem_monai.data import eight_bit_pairs, find_dose_pairs, write_patches

    pairs, refused = find_dose_pairs(folder, label=label)
    counts = write_patches(
        eight_bit_pairs(pairs, conversion),
        output,
        patch_size=patch_size,
        stride=stride,
        min_foreground=min_foreground,
        split=split,
        test_fraction=test_fraction,
        validation_fraction=validation_fraction,
        seed=seed,
    )
    sections = ", ".join(f"{count} {section}" for section, count in counts.items())
    print(f"patches of {len(pairs)} pairs in {output}: {sections}")
    for one in refused:
        print(f"left out: {one.reason}")


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
        models=_named_paths(predictions),
        datalist=Path(datalist),
        section=section,
        settings=MeasureSettings(
            None if data_range is None else _range(data_range), cnr_patch_size, cnr_stride, cnr_edge
        ),
        without_contrast=_named_paths(predictions_without_contrast),
        count_missing=count_missing,
        with_substitution=substitution,
        weights=_named_paths(weights),
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


def demo(output: str = "demo_output", exams: int = 16, seed: int = 0, epochs: int = 48) -> None:
    """Simulate exams, train a small generator on the CPU, generate, evaluate, report.

    Args:
        output: folder to write.
        exams: number of simulated exams; three of eight are held out.
        seed: of the exams, the split and the training.
        epochs: of the training.
    """
    from cem_monai.demo import run_demo

    run_demo(output, exams=exams, seed=seed, epochs=epochs)


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


def infer(
    source: str,
    output: str,
    bundle: str = "breast_cem_unet512",
    weights: str | None = None,
    recombined_bits: int | None = None,
    display_window: str | None = None,
    source_bits: int | None = None,
    num_downs: int | None = None,
    ngf: int | None = None,
    device: str | None = None,
) -> None:
    """Generate the virtual recombined image of every low-energy image, marked as virtual.

    DICOM in, DICOM out. From PNG and JPEG (the 8-bit research mode, for public data) come 16-bit
    PNG of the same size, <name>_VIRTUAL_DES.png, and manifest.json; there every image counts as
    low-energy but those that CDD-CESM names _CM_, which are passed over. A folder of both kinds is
    refused. What cannot be used is refused too, listed in refused.csv, and the rest goes on.

    Image size, windows and the size of the network are read from model.json beside the weights.

    Args:
        source: folder or file; DICOM, or PNG and JPEG.
        output: folder to write, outside the source.
        bundle: name below bundles/, or folder of a bundle.
        weights: file; models/model.pt of the bundle by default.
        recombined_bits: of the generated images, 8 to 16; 12 by default.
        display_window: CENTER,WIDTH that viewers of generated DICOM start with.
        source_bits: used bits of 16-bit PNG, e.g. 12; all by default.
        num_downs: halvings of the network, if model.json does not tell.
        ngf: filters of its first level, if model.json does not tell.
        device: cpu or cuda:0; a GPU by default if there is one.
    """
    from cem_monai.infer import run_inference

    options = {
        "recombined_bits": recombined_bits,
        "display_window": None if display_window is None else list(_window(display_window)),
        "source_bits": source_bits,
        "num_downs": num_downs,
        "ngf": ngf,
        "device": device,
    }
    if run_inference(source, output, bundle=bundle, weights=weights, options=options):
        raise SystemExit(PARTLY_DONE)


VERBS: dict[str, Callable[..., None]] = {
    verb.__name__: verb
    for verb in (
        simulate,
        simulate_dose,
        import_cdd_cesm,
        import_ucbm,
        index,
        dose_patches,
        infer,
        evaluate,
        card,
        demo,
        benchmark,
    )
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb.

    Args:
        arguments: command line without the program's name; that of the process by default.

    Returns:
        exit code.
    """
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    os.environ.setdefault("PAGER", "cat")  # help goes to the screen, not into a pager
    try:
        arguments = _bind(arguments)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return USAGE_ERROR
    try:
        fire.Fire(VERBS, command=arguments, name="cem-monai")
    except SystemExit as leaving:  # 0 after --help, 2 for wrong usage, 3 for done in part
        return int(leaving.code or 0)
    except KeyboardInterrupt:
        print("error: interrupted", file=sys.stderr)
        return INTERRUPTED
    except Exception as error:
        sentence = plain_sentence(error)
        if sentence is None:
            raise
        print(f"error: {sentence}", file=sys.stderr)
        return 1
    return 0


def _bind(arguments: list[str]) -> list[str]:
    """Check a command line and spell it out for fire, which would run first and complain later.

    Every value gets its option's name and the type of its annotation: a folder called 2024 is no
    number.

    Raises:
        ValueError: unknown verb or option, a value of the wrong kind, or one too many.
    """
    if not arguments or arguments[0].startswith("-") or {"--help", "-h"} & set(arguments):
        return arguments
    verb, *rest = arguments
    if verb not in VERBS:
        raise ValueError(f"unknown verb {verb!r}; there are: {', '.join(VERBS)}")
    parameters = inspect.signature(VERBS[verb]).parameters
    flags = [name for name, one in parameters.items() if one.annotation == "bool"]
    options, positional = split_arguments(rest, flags)
    named = [(_full_name(name.replace("-", "_"), parameters), value) for name, value in options]
    check_options([name for name, _ in named], parameters)
    free = [name for name in parameters if name not in dict(named)]
    if len(positional) > len(free):
        raise ValueError(f"{verb} takes no argument {positional[len(free)]!r}; see --help")
    given = [*zip(free, positional, strict=False), *named]
    return [verb, *(_spell(name, str(parameters[name].annotation), text) for name, text in given)]


def _write_qc(folder: str, refused: Sequence[Refused]) -> None:
    """Write the page on what an importer wrote and refused; its datalist is used where it is."""
    from cem_monai.data import find_pairs
    from cem_monai.qc import write_qc

    datalist = Path(folder, "datalist.json")
    pairs, unpaired = find_pairs(folder)
    write_qc(
        Path(folder, "qc.html"),
        pairs,
        [*refused, *unpaired],
        datalist=datalist if datalist.is_file() else None,
    )


def _named_paths(text: str | None) -> dict[str, Path]:
    """Read FOLDER, or NAME=FOLDER,NAME=FOLDER; one without a name is called model.

    Raises:
        ValueError: a name is missing or there twice.
    """
    if text is None:
        return {}
    if "=" not in text:
        return {"model": Path(text)}
    named: dict[str, Path] = {}
    for part in text.split(","):
        name, equals, path = part.partition("=")
        if not (name and equals and path) or name in named:
            raise ValueError(f"must be NAME=PATH,NAME=PATH with different names, got {text!r}")
        named[name] = Path(path)
    return named


def _range(text: str) -> tuple[float, float]:
    """Read LOW,HIGH.

    Raises:
        ValueError: it is none.
    """
    try:
        low, high = (float(part) for part in text.split(","))
    except ValueError:
        raise ValueError(f"--data_range must be LOW,HIGH, e.g. 1900,2200, got {text!r}") from None
    if not low < high:
        raise ValueError(f"--data_range must be LOW,HIGH with LOW below HIGH, got {text!r}")
    return low, high


def _window(text: str) -> tuple[float, float]:
    """Read CENTER,WIDTH.

    Raises:
        ValueError: it is none.
    """
    try:
        center, width = (float(part) for part in text.split(","))
    except ValueError:
        center, width = 0.0, 0.0
    if not width > 0:
        raise ValueError(f"--display_window must be CENTER,WIDTH, e.g. 2050,300, got {text!r}")
    return center, width


def _full_name(name: str, parameters: Collection[str]) -> str:
    """Spell out a single letter, if only one option begins with it."""
    found = [one for one in parameters if one[0] == name]
    return found[0] if len(found) == 1 else name


def _spell(name: str, annotation: str, text: str) -> str:
    if annotation.startswith("str") or (annotation == "Size" and text == "native"):
        return f"--{name}={text!r}"
    kind, wanted = KINDS.get(annotation.removesuffix(" | None"), (int, "a whole number"))
    try:
        return f"--{name}={kind(text)}"
    except (ValueError, KeyError):
        raise ValueError(f"--{name} must be {wanted}, got {text!r}") from None

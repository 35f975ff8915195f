"""What a person types and reads: refuse misspelt options, tell an error in one sentence."""

from __future__ import annotations

import csv
import json
import sys
import traceback
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path
from types import TracebackType

BUNDLE_RUNNER_OPTIONS = {
    *("run_id", "init_id", "final_id", "meta_file", "config_file", "logging_file", "tracking"),
    "args_file",
}
PARTLY_DONE = 3
"""Exit code of a run that processed the good part of its input and refused the rest."""

EXPECTED_ERRORS = (ValueError, FileNotFoundError)
"""Errors that this package raises on purpose; anything else keeps its traceback."""


def check_options(given: Iterable[str], known: Iterable[str]) -> None:
    """Refuse options that do not exist.

    Args:
        given: names without dashes, e.g. `max_epochs` or `network_def::ngf`.
        known: names that exist; of a nested id only the first part is compared.

    Raises:
        ValueError: an option is unknown; names the nearest known one.
    """
    known = sorted(set(known))
    for name in given:
        first = name.replace("#", "::").split("::")[0]
        if first not in known:
            near = get_close_matches(first, known, n=1)
            hint = f"; did you mean --{near[0]}?" if near else ""
            raise ValueError(f"unknown option --{name}{hint}")


def option_names(arguments: Sequence[str]) -> list[str]:
    """Return the names of the `--name value` and `--name=value` options in a command line."""
    return [text[2:].split("=")[0] for text in arguments if text.startswith("--") and len(text) > 2]


def prepare_bundle_run(arguments: Sequence[str] | None = None) -> None:
    """Make the MONAI bundle runner friendlier; bundles call it when they initialize.

    MONAI ignores an override of an id that the config does not define, so a misspelt `--max_epoch`
    would train for 300 epochs: it is refused. And it wraps an error into three others: what this
    package refuses is told in one sentence instead of a traceback. Does nothing outside
    `python -m monai.bundle`.

    Args:
        arguments: command line; that of the process by default.

    Raises:
        ValueError: an override is unknown.
    """
    arguments = sys.argv if arguments is None else arguments
    if not _is_bundle_runner(arguments):
        return
    sys.excepthook = _tell
    known = BUNDLE_RUNNER_OPTIONS | {key for file in _config_files(arguments) for key in _ids(file)}
    check_options(option_names(arguments), known)


def close_inference(written: int, output_dir: str, refused_csv: str) -> None:
    """Tell what an inference made and left out.

    Args:
        written: number of generated images.
        output_dir: where they are.
        refused_csv: written by `cem_monai.data.find_low_energy`.

    Raises:
        SystemExit: with code 3 in the bundle runner, if something was left out.
    """
    with Path(refused_csv).open(newline="", encoding="utf-8") as file:
        refused = len(list(csv.DictReader(file)))
    left_out = f"{refused} files left out, see {refused_csv}" if refused else "nothing left out"
    print(f"{written} virtual DES images in {output_dir}; {left_out}. Research only.", flush=True)
    if refused and _is_bundle_runner(sys.argv):
        raise SystemExit(PARTLY_DONE)


def plain_sentence(error: BaseException) -> str | None:
    """Return the message of the refusal at the root of an error; None if it is no refusal."""
    root: BaseException = error
    while root.__cause__ is not None:
        root = root.__cause__
    frames = traceback.extract_tb(root.__traceback__)
    ours = bool(frames) and Path(frames[-1].filename).is_relative_to(Path(__file__).parent)
    return str(root) if ours and isinstance(root, EXPECTED_ERRORS) else None


def _tell(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if sentence := plain_sentence(error):
        print(f"error: {sentence}", file=sys.stderr)
    else:
        sys.__excepthook__(kind, error, trace)


def _is_bundle_runner(arguments: Sequence[str]) -> bool:
    return bool(arguments) and Path(arguments[0]).parts[-3:] == ("monai", "bundle", "__main__.py")


def _config_files(arguments: Sequence[str]) -> list[Path]:
    """Return the files named by `--config_file`, one or a list in brackets."""
    for text, following in zip(arguments, [*arguments[1:], ""], strict=True):
        if text == "--config_file" or text.startswith("--config_file="):
            value = text.partition("=")[2] or following
            return [Path(name.strip(" '\"")) for name in value.strip("[]").split(",")]
    return []


def _ids(config_file: Path) -> set[str]:
    return set(json.loads(config_file.read_text(encoding="utf-8")))

"""What a person types and reads: refuse misspelt options, tell an error in one sentence."""

from __future__ import annotations

import csv
import re
import sys
import traceback
from collections.abc import Collection, Iterable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from types import TracebackType
from typing import Any

RUNNER_OPTIONS = {
    *("run_id", "init_id", "final_id", "meta_file", "config_file", "logging_file", "tracking"),
    "args_file",
}
PATH_IDS = {"bundle_root", "dataset_dir", "datalist", "output_dir", "ckpt_dir", "weights"}
PARTLY_DONE = 3
"""Exit code of a run that processed the good part of its input and refused the rest."""


OURS = ("cem_monai.", "scripts.")
"""How modules of this package begin, and their copies in an exported bundle."""
WORKER_REFUSAL = re.compile(
    r"^(?:(?:cem_monai|scripts)\.[\w.]+|ValueError|FileNotFoundError): (.+)$", re.M
)
"""A refusal in a data loader's worker process arrives as the text of its traceback."""


def check_options(given: Iterable[str], known: Iterable[str]) -> None:
    """Refuse options that do not exist.

    Args:
        given: names without dashes.
        known: names that exist.

    Raises:
        ValueError: an option is unknown; names the nearest known one.
    """
    known = sorted(set(known))
    for name in given:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f"; did you mean --{near[0]}?" if near else ""
            raise ValueError(f"unknown option --{name}{hint}")


def split_arguments(
    arguments: Sequence[str], flags: Collection[str] = ()
) -> tuple[list[tuple[str, str]], list[str]]:
    """Split a command line into `--name value` (or `--name=value`) options and the rest.

    One dash counts like two, as it does for fire; `-1` is a value. Every option has a value; but
    the flags among them need none: `--name` alone means `True`.
    """
    options: list[tuple[str, str]] = []
    rest: list[str] = []
    remaining = list(arguments)
    while remaining:
        text = remaining.pop(0)
        if not re.match(r"--?[A-Za-z_]", text):
            rest.append(text)
            continue
        name, equals, value = text.lstrip("-").partition("=")
        if not equals:
            follows = remaining[0] if remaining else ""
            bare = name.replace("-", "_") in flags and follows.lower() not in ("true", "false")
            value = "True" if bare else remaining.pop(0) if remaining else ""
        options.append((name, value))
    return options, rest


def prepare_bundle_run(arguments: Sequence[str] | None = None) -> None:
    """Make the MONAI bundle runner friendlier; bundles call it when they initialize.

    MONAI ignores an override of an id that the config does not define, so a misspelt `--max_epoch`
    would train for 300 epochs, and an override by `None`: both are refused. And it wraps an error
    into three others: the sentence at its root becomes the last line. Does nothing outside
    `python -m monai.bundle`.

    Args:
        arguments: command line; that of the process by default.

    Raises:
        ValueError: an override is unknown or None.
    """
    arguments = sys.argv if arguments is None else arguments
    if not _is_bundle_runner(arguments):
        return
    sys.excepthook = _tell
    options: dict[str, Any] = dict(split_arguments(arguments[1:])[0])
    options = {**_arguments_file(options), **options}
    config = _config(options)
    for name, value in options.items():
        if name in RUNNER_OPTIONS or not config:
            continue
        _check_id(name.replace("#", "::"), config)
        if value in ("None", None):
            raise ValueError(f"--{name} None would be ignored by MONAI; leave it out, or pass 0")
        if name in PATH_IDS and str(value).isdigit():
            raise ValueError(f"--{name} {value} would be read as a number; write ./{value}")


def close_inference(written: int, found: int, output_dir: str, refused_csv: str) -> None:
    """Tell what an inference made and left out.

    Args:
        written: number of generated images.
        found: number of usable source images; more than `written` in a fast_dev_run.
        output_dir: where the generated images are.
        refused_csv: written by what found the images, e.g. `cem_monai.data.find_low_energy`.

    Raises:
        SystemExit: with code 3 in the bundle runner, if something was left out.
    """
    with Path(refused_csv).open(newline="", encoding="utf-8") as file:
        refused = len(list(csv.DictReader(file)))
    left_out = f"{refused} files left out, see {refused_csv}" if refused else "nothing left out"
    print(f"{written} of {found} generated images in {output_dir}; {left_out}. Research only.")
    if refused and _is_bundle_runner(sys.argv):
        raise SystemExit(PARTLY_DONE)


def plain_sentence(error: BaseException) -> str | None:
    """Return the message at the root of an error that is a refusal; None if it looks like a bug.

    Refusals are the ValueError and FileNotFoundError that this package raises itself, and whatever
    the operating system refuses.
    """
    root = root_error(error)
    if system := [one for one in (error, root) if isinstance(one, OSError)]:
        return _system_sentence(system[-1])
    if refusals := WORKER_REFUSAL.findall(str(root)):
        return str(refusals[0])
    ours = _origin(root).startswith(OURS)
    return str(root) if ours and isinstance(root, ValueError) else None


def _origin(error: BaseException) -> str:
    """Return the name of the module that raised an error."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    return str(frames[-1].f_globals.get("__name__")) if frames else ""


def _system_sentence(error: OSError) -> str:
    named = error.filename and error.strerror
    return f"{error.filename}: {error.strerror}" if named else str(error)


def root_error(error: BaseException) -> BaseException:
    """Return what an error was made from: MONAI wraps it into up to three others."""
    while error.__cause__ is not None:
        error = error.__cause__
    return error


def _tell(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    sentence = plain_sentence(error)
    if sentence is None:
        sys.__excepthook__(kind, error, trace)
    print(f"error: {sentence or root_error(error)}", file=sys.stderr)


def _is_bundle_runner(arguments: Sequence[str]) -> bool:
    return bool(arguments) and Path(arguments[0]).parts[-3:] == ("monai", "bundle", "__main__.py")


def _arguments_file(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `--args_file` holds, which the command line may override."""
    from monai.bundle import ConfigParser

    path = Path(str(options.get("args_file", "")))
    return ConfigParser.load_config_file(path) if path.is_file() else {}


def _config(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the merged configs that a command line names."""
    from monai.bundle import ConfigParser

    files = options.get("config_file", "")
    if isinstance(files, str):
        files = [name.strip(" '\"") for name in files.strip("[]").split(",") if name]
    return ConfigParser.load_config_files(files) if files else {}


def _check_id(name: str, config: Mapping[str, Any]) -> None:
    """Follow a nested id down to the first thing that is not a plain dictionary."""
    level: Any = config
    parts = name.split("::")
    for depth, part in enumerate(parts):
        # arguments of a _target_ are checked by their callable, references by MONAI
        if not isinstance(level, Mapping) or "_target_" in level:
            return
        prefix = "::".join([*parts[:depth], ""]) if depth else ""
        known = {prefix + key for key in level} | (RUNNER_OPTIONS if depth == 0 else set())
        check_options([prefix + part], known)
        level = level.get(part)

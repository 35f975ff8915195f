"""The verbs of `python -m cem_monai` (also `cem-monai`).

Each verb checks its options before it does anything and imports what it needs itself, so that
`--help` answers at once. Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 done in part,
130 interrupted.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence

import fire

from cem_monai.cli.archives import dose_patches, import_cdd_cesm, import_ucbm, index
from cem_monai.cli.binding import bind
from cem_monai.cli.labeling import label_app
from cem_monai.cli.models import benchmark, card, demo, evaluate, infer
from cem_monai.cli.packaging import export
from cem_monai.cli.service import node
from cem_monai.cli.simulation import simulate, simulate_dose
from cem_monai.command_line import plain_sentence

USAGE_ERROR = 2
INTERRUPTED = 130
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
        node,
        evaluate,
        card,
        demo,
        benchmark,
        export,
        label_app,
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
        arguments = bind(arguments, VERBS)
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

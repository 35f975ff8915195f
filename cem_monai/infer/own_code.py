"""The code of one exported bundle, and of no other, while it runs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

SCRIPTS = "scripts"
_compiled: TemporaryDirectory[str] | None = None


@contextmanager
def own_code(bundle: Path) -> Iterator[None]:
    """Make sure that a bundle runs what its files say.

    Python would take compiled code from `__pycache__`, which nobody compares with anything, and
    modules that an earlier bundle of the same name has left. What MONAI adds to sys.path is taken
    away again. Does nothing for a bundle without code of its own.

    Args:
        bundle: folder.
    """
    if not (bundle / SCRIPTS).is_dir():
        yield
        return
    _read_no_compiled_code()
    _forget_others(bundle)
    path = list(sys.path)
    try:
        yield
    finally:
        sys.path[:] = path


def _read_no_compiled_code() -> None:
    global _compiled
    if _compiled is None:
        _compiled = TemporaryDirectory(prefix="cem_monai_")
        sys.pycache_prefix = _compiled.name


def _forget_others(bundle: Path) -> None:
    """Forget what is called scripts and lies in another folder."""
    for name, module in list(sys.modules.items()):
        if name.split(".")[0] == SCRIPTS:
            file = getattr(module, "__file__", None)
            if file is None or not Path(file).resolve().is_relative_to(bundle.resolve()):
                del sys.modules[name]

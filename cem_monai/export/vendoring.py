"""Copy into a bundle the code that its configs name: the package stays the only source of it."""

from __future__ import annotations

import ast
import shutil
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from cem_monai import __version__
from cem_monai.export.source_modules import (
    PACKAGE,
    ROOT,
    definition,
    foreign_imports,
    needed_modules,
    own_import_nodes,
    source_path,
)

SCRIPTS = "scripts"
"""MONAI's name for the code of a bundle."""
HEADER = f"# Copied from cem_monai {__version__} by cem-monai export: change it there.\n"
EVERY_BUNDLE = '''"""The code of this bundle and of others on the path: MONAI calls all of it so."""

import sys
from pathlib import Path


class _EveryBundle:
    """Folders of this name on sys.path as it is now, for bundles are added one by one."""

    def __iter__(self):
        folders = (Path(entry or ".") / __name__ for entry in sys.path)
        return (str(folder) for folder in folders if folder.is_dir())


__path__ = _EveryBundle()
'''


def vendor(targets: Iterable[str], bundle: Path, name: str) -> set[str]:
    """Write `scripts/<name>/` with the modules that targets need.

    Every name is imported from the module that defines it, so the rooms hand on nothing, and what
    no target needs is left out.

    Args:
        targets: dotted paths of this package, e.g. `cem_monai.networks.UNetGenerator`.
        bundle: folder of the bundle.
        name: of the bundle: bundles with other names can be used in the same process.

    Returns:
        top-level names that the code imports from other packages.

    Raises:
        ValueError: there is no such target.
    """
    modules = needed_modules(_module(target) for target in targets) | {PACKAGE}
    _write(bundle / SCRIPTS / "__init__.py", EVERY_BUNDLE)
    for module in sorted(modules):
        _write(_vendored_path(module, bundle, name), _rewritten(module, name))
    for folder in {source_path(module).parent for module in modules}:
        _copy_room(folder, _vendored_root(bundle, name) / folder.relative_to(ROOT))
    return set().union(*(foreign_imports(module) for module in modules))


def vendored_target(target: str, name: str) -> str:
    """Return the dotted path in `scripts` of what has one in this package.

    Raises:
        ValueError: there is no such target.
    """
    return f"{_vendored(_module(target), name)}.{target.rpartition('.')[2]}"


def _module(target: str) -> str:
    module, _, name = target.rpartition(".")
    return definition(module, name)


def _vendored(module: str, name: str) -> str:
    return f"{SCRIPTS}.{name}{module.removeprefix(PACKAGE)}"


def _vendored_root(bundle: Path, name: str) -> Path:
    return bundle / SCRIPTS / name


def _vendored_path(module: str, bundle: Path, name: str) -> Path:
    return _vendored_root(bundle, name) / source_path(module).relative_to(ROOT)


def _rewritten(module: str, name: str) -> str:
    """Return a module's text with its imports of this package led to the copies."""
    text = source_path(module).read_text(encoding="utf-8")
    lines = text.splitlines(keepends=True)
    nodes = sorted(own_import_nodes(ast.parse(text)), key=lambda node: -node.lineno)
    for node in nodes:
        lines[node.lineno - 1 : node.end_lineno] = _import_lines(node, name)
    return HEADER + "".join(lines)


def _import_lines(node: ast.ImportFrom, name: str) -> list[str]:
    by_module = defaultdict(list)
    for alias in node.names:
        by_module[definition(str(node.module), alias.name)].append(ast.unparse(alias))
    indent = " " * node.col_offset
    return [
        f"{indent}from {_vendored(module, name)} import {', '.join(names)}\n"
        for module, names in sorted(by_module.items())
    ]


def _copy_room(room: Path, copy: Path) -> None:
    """Make a package of the copy, with the files that its code reads, e.g. templates."""
    if not (copy / "__init__.py").exists():
        _write(copy / "__init__.py", HEADER)
    for file in room.glob("templates/*"):
        (copy / "templates").mkdir(exist_ok=True)
        shutil.copyfile(file, copy / "templates" / file.name)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")

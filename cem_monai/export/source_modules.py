"""Which modules of this package a name needs: imports, followed to definitions."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

PACKAGE = "cem_monai"
ROOT = Path(__file__).parents[1]


class Import(NamedTuple):
    """One `from module import name as alias`.

    Attributes:
        module: dotted path.
        name: what is imported.
        alias: how the importing module calls it.
    """

    module: str
    name: str
    alias: str


def definition(module: str, name: str) -> str:
    """Return the module that defines what a room hands on.

    Args:
        module: dotted path, e.g. `cem_monai.networks`.
        name: e.g. `UNetGenerator`.

    Raises:
        ValueError: this package has no such module or name.
    """
    path = source_path(module)
    if path.name != "__init__.py":
        return module
    for handed_on in own_imports(ast.parse(path.read_text(encoding="utf-8"))):
        if handed_on.alias == name:
            return definition(handed_on.module, handed_on.name)
    if module == PACKAGE:
        return module
    raise ValueError(f"{module} has no {name!r}")


def needed_modules(modules: Iterable[str]) -> set[str]:
    """Return these modules and all of this package that they import, directly or not."""
    needed: set[str] = set()
    waiting = list(modules)
    while waiting:
        module = waiting.pop()
        if module not in needed:
            needed.add(module)
            waiting += [definition(*one[:2]) for one in own_imports(tree_of(module))]
    return needed


def own_imports(tree: ast.AST) -> Iterator[Import]:
    """Yield what a module imports of this package, also inside functions."""
    for node in own_import_nodes(tree):
        for alias in node.names:
            yield Import(str(node.module), alias.name, alias.asname or alias.name)


def own_import_nodes(tree: ast.AST) -> Iterator[ast.ImportFrom]:
    """Yield the statements of a module that import from this package."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == PACKAGE:
            yield node


def foreign_imports(module: str) -> set[str]:
    """Return the top-level names that a module imports from elsewhere."""
    names = set()
    for node in ast.walk(tree_of(module)):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add(str(node.module).split(".")[0])
    return names - {PACKAGE}


def source_path(module: str) -> Path:
    """Return the file of a module of this package.

    Raises:
        ValueError: there is none.
    """
    path = ROOT.joinpath(*module.split(".")[1:])
    for file in (path.with_suffix(".py"), path / "__init__.py"):
        if file.is_file():
            return file
    raise ValueError(f"there is no module {module}")


@cache
def tree_of(module: str) -> ast.Module:
    """Return the syntax tree of a module."""
    return ast.parse(source_path(module).read_text(encoding="utf-8"))

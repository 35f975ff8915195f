"""From a command line to what fire runs: every value with its option and its type."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping

from cem_monai.command_line import check_options, split_arguments

KINDS: dict[str, tuple[Callable[[str], object], str]] = {
    "float": (float, "a number"),
    "Size": (int, "a whole number or native"),
    "bool": (lambda text: {"true": True, "false": False}[text.lower()], "true or false"),
}
"""By annotation: how a value is read, and what it must be."""


def bind(arguments: list[str], verbs: Mapping[str, Callable[..., None]]) -> list[str]:
    """Check a command line and spell it out for fire, which would run first and complain later.

    Every value gets its option's name and the type of its annotation: a folder called 2024 is no
    number.

    Raises:
        ValueError: unknown verb or option, a value of the wrong kind, or one too many.
    """
    if not arguments or arguments[0].startswith("-") or {"--help", "-h"} & set(arguments):
        return arguments
    verb, *rest = arguments
    if verb not in verbs:
        raise ValueError(f"unknown verb {verb!r}; there are: {', '.join(verbs)}")
    parameters = inspect.signature(verbs[verb]).parameters
    flags = [name for name, one in parameters.items() if one.annotation == "bool"]
    options, positional = split_arguments(rest, flags)
    named = [(_full_name(name.replace("-", "_"), parameters), value) for name, value in options]
    check_options([name for name, _ in named], parameters)
    free = [name for name in parameters if name not in dict(named)]
    if len(positional) > len(free):
        raise ValueError(f"{verb} takes no argument {positional[len(free)]!r}; see --help")
    given = [*zip(free, positional, strict=False), *named]
    return [verb, *(_spell(name, str(parameters[name].annotation), text) for name, text in given)]


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

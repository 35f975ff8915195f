"""Values of options that are more than one word or number."""

from __future__ import annotations

from pathlib import Path


def named_paths(text: str | None) -> dict[str, Path]:
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


def low_high(text: str) -> tuple[float, float]:
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


def center_width(text: str) -> tuple[float, float]:
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

"""The one error that says what is wrong with a DICOM object."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from pydicom.datadict import tag_for_keyword
from pydicom.tag import Tag

from cem_monai.dicom.refusal_codes import CODE_OF_KEYWORD, RefusalCode

MAX_SHOWN = 64
"""Characters of a value in a message: anybody may have written anything into an attribute."""


class MammogramError(ValueError):
    """A DICOM object cannot be used.

    Args:
        message: one sentence that names the file, the attribute and its value.
        code: what is wrong, for programs.
    """

    def __init__(self, message: str, code: RefusalCode) -> None:
        super().__init__(message, code)  # both, so that it can be sent to another process
        self.code = code

    def __str__(self) -> str:
        return str(self.args[0])


@contextmanager
def damaged_otherwise(path: str | os.PathLike[str]) -> Iterator[None]:
    """Turn any error of the block that is no refusal into one: the boundary to hostile files.

    A flipped bit can give an attribute any value of any type, and pydicom's texts may quote the
    patient.

    Raises:
        MammogramError: names the file and the kind of the error.
    """
    try:
        yield
    except MammogramError:
        raise
    except Exception as error:
        sentence = f"{path}: cannot be read as DICOM, it is damaged ({type(error).__name__})"
        raise MammogramError(sentence, RefusalCode.DAMAGED) from None


def attribute_label(keyword: str) -> str:
    """Return keyword and tag as they are written in messages, e.g. `Modality (0008,0060)`."""
    tag = tag_for_keyword(keyword)
    if tag is None:
        raise KeyError(f"{keyword!r} is not a DICOM keyword")
    return f"{keyword} ({Tag(tag).group:04X},{Tag(tag).element:04X})"


def refuse(
    path: str | os.PathLike[str],
    keyword: str,
    value: object,
    wanted: str,
    code: RefusalCode | None = None,
) -> MammogramError:
    """Return the error for one attribute that has an unusable value.

    Args:
        path: file that holds the object.
        keyword: DICOM keyword of the attribute.
        value: what was found; None for a missing attribute.
        wanted: what is needed, e.g. `"must be MG"`.
        code: what is wrong, where the attribute alone does not tell.
    """
    sentence = f"{path}: {attribute_label(keyword)} {found(value)}, {wanted}"
    return MammogramError(sentence, code or CODE_OF_KEYWORD.get(keyword, RefusalCode.ATTRIBUTE))


def found(value: object) -> str:
    """Return how a message puts the value of an attribute; None is a missing attribute."""
    if value is None:
        return "is missing"
    return f"is {shown(value)}" if str(value) else "is empty"


def shown(value: object) -> str:
    """Return a value as a message may quote it: the first `MAX_SHOWN` characters, all printable."""
    text = value_text(value)
    told = text if len(text) <= MAX_SHOWN else f"{text[: MAX_SHOWN - 1]}…"
    return "".join(one if one.isprintable() else "?" for one in told)


def value_text(value: object) -> str:
    """Return a value as text, several ones separated by backslashes as in DICOM itself."""
    if isinstance(value, str) or not isinstance(value, Iterable):
        return str(value)
    return "\\".join(map(str, value))

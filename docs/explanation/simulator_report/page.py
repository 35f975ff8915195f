"""Marked blocks of a Markdown page that a command rewrites; the prose around them stays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def replace_blocks(page: str, blocks: Mapping[str, str]) -> str:
    """Return the page with what lies between the markers of each block replaced.

    The markers of the block `floors` are `<!-- begin:floors -->` and `<!-- end:floors -->`. Blocks
    that are not given stay as they are.

    Raises:
        ValueError: a marker is missing, stands there twice, or the end comes before the beginning.
    """
    for name, text in blocks.items():
        page = _replace(page, name, text)
    return page


def _replace(page: str, name: str, text: str) -> str:
    begin, end = f"<!-- begin:{name} -->", f"<!-- end:{name} -->"
    for marker in (begin, end):
        if page.count(marker) != 1:
            raise ValueError(f"the page must hold {marker} once, found {page.count(marker)} times.")
    start, stop = page.index(begin) + len(begin), page.index(end)
    if stop < start:
        raise ValueError(f"the page holds {end} before {begin}.")
    return f"{page[:start]}\n\n{text.strip()}\n\n{page[stop:]}"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table.

    Raises:
        ValueError: a row has more or fewer cells than the header.
    """
    for row in rows:
        if len(row) != len(header):
            raise ValueError(f"a row must have {len(header)} cells, got {list(row)}.")
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)

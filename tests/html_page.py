"""A page as tests look at it."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from typing import Any


class Page(HTMLParser):
    """Tables as lists of rows of cells, tags with attributes, and all text but the styles.

    Attributes:
        captions: of the tables, empty for one without.
        tables: rows of cells.
        tags: with their attributes.
        text: all of it.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.captions: list[str] = []
        self.tables: list[list[list[str]]] = []
        self.tags: list[tuple[str, dict[str, Any]]] = []
        self.text = ""
        self.inside = ""
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "table":
            self.tables.append([])
            self.captions.append("")
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")
        if tag in ("td", "th", "caption", "style"):
            self.inside = tag

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th", "caption", "style"):
            self.inside = ""

    def handle_data(self, data: str) -> None:
        if self.inside == "style":
            return
        self.text += data
        if self.inside == "caption":
            self.captions[-1] += data
        elif self.inside:
            self.tables[-1][-1][-1] += data

    def table(self, caption: str) -> list[list[str]]:
        """Return the first table of this caption."""
        return self.tables[self.captions.index(caption)]

    def values(self, tag: str, attribute: str) -> list[str]:
        """Return an attribute of all such tags that have it."""
        return [found[attribute] for name, found in self.tags if name == tag and attribute in found]

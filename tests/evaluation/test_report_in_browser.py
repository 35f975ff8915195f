from __future__ import annotations

from pathlib import Path

import pytest

from chromium import CHROMIUM, NAMES, visit

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason=f"no browser to open the report with: none of {', '.join(NAMES)}"
)

BAD_PAGES = {
    "image": ('<img src="http://example.com/a.png">', "http://example.com/a.png"),
    "error": ("<script>console.error('boom')</script>", None),
    "forbidden image": (
        '<meta http-equiv="Content-Security-Policy" content="img-src data:">'
        '<img src="http://example.com/b.png">',
        None,
    ),
}
"""Content, and the request that it makes; without one it writes on the console."""


def test_report_says_nothing_and_asks_for_nothing(full_report: Path, tmp_path: Path) -> None:
    opened = visit(full_report, tmp_path)

    assert opened.messages == []
    assert opened.requests == []
    assert opened.document.rstrip().endswith("</html>")
    assert "All cases" in opened.document


@pytest.mark.parametrize("name", list(BAD_PAGES))
def test_what_a_report_must_not_do_is_seen(tmp_path: Path, name: str) -> None:
    content, request = BAD_PAGES[name]
    page = tmp_path / "page.html"
    page.write_text(f"<!DOCTYPE html><html>{content}</html>")

    opened = visit(page, tmp_path)

    assert opened.requests == ([request] if request else [])
    if not request:
        assert len(opened.messages) == 1

"""Open a page in headless Chromium and tell what it said and asked for."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM = next((path for path in map(shutil.which, NAMES) if path), None)

QUIET = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-gpu",
    "--disable-sync",
    "--no-default-browser-check",
    "--no-first-run",
    "--no-sandbox",  # tests may run as root
)
NOT_A_PAGE = "not an origin"
"""Initiator of what the browser asks for itself."""


@dataclass(frozen=True)
class Visit:
    """What came of opening a page.

    Attributes:
        messages: lines on its console; the browser writes all levels alike.
        requests: addresses that the page asked for, files aside.
        document: as HTML after loading.
    """

    messages: list[str]
    requests: list[str]
    document: str


def visit(page: Path, folder: Path) -> Visit:
    """Open a local page; `folder` takes the browser's profile and log. No name resolves."""
    log = folder / "net_log.json"
    found = subprocess.run(
        [
            str(CHROMIUM),
            "--headless=new",
            *QUIET,
            f"--user-data-dir={folder / 'profile'}",
            "--enable-logging=stderr",
            "--v=0",
            "--host-resolver-rules=MAP * ~NOTFOUND",
            f"--log-net-log={log}",
            "--net-log-capture-mode=Everything",
            "--virtual-time-budget=2000",
            "--dump-dom",
            page.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    messages = [line for line in found.stderr.splitlines() if re.search(r":CONSOLE[:(]\d", line)]
    return Visit(messages, _requests(log), found.stdout)


def _requests(log: Path) -> list[str]:
    net_log = json.loads(log.read_text(encoding="utf-8"))
    start = net_log["constants"]["logEventTypes"]["URL_REQUEST_START_JOB"]
    started = [event.get("params", {}) for event in net_log["events"] if event["type"] == start]
    return [
        params["url"]
        for params in started
        if params.get("initiator", NOT_A_PAGE) != NOT_A_PAGE
        or "file://" in params.get("network_isolation_key", "")
    ]

"""Drive headless Chromium through its DevTools protocol, over two pipes: no port, no package."""

from __future__ import annotations

import base64
import json
import os
import select
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from chromium import CHROMIUM, QUIET

# WebGL 2 without a graphics card
SOFTWARE_WEBGL = (
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
)
CHUNK = 1 << 20


class Page:
    """One page of a running browser.

    Attributes:
        events: what the browser told without being asked, as {"method", "params"}.
    """

    def __init__(self, to_browser: int, from_browser: int) -> None:
        self.events: list[dict[str, Any]] = []
        self._to, self._from = to_browser, from_browser
        self._rest, self._number = b"", 0
        self._session: dict[str, str] = {}
        target = self.call("Target.createTarget", url="about:blank")
        attached = self.call("Target.attachToTarget", **target, flatten=True)
        self._session = {"sessionId": attached["sessionId"]}

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command and return its result."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters, **self._session}
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive(60)
            if answer.get("id") == self._number:
                assert "error" not in answer, f"{method}: {answer['error']}"
                return dict(answer["result"])
            self.events.append(answer)

    def run(self, script: str) -> Any:
        """Evaluate JavaScript and return its value."""
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def wait_for(self, script: str, seconds: float) -> Any:
        """Evaluate JavaScript until its value counts as true; return that."""
        end = time.monotonic() + seconds
        while not (value := self.run(script)):
            assert time.monotonic() < end, f"not within {seconds:g} s: {script}"
            time.sleep(0.2)
        return value

    def screenshot(self, seconds: float) -> bytes:
        """Return the page as PNG, once it has stopped changing for a second."""
        end = time.monotonic() + seconds
        last, now = "", self._capture()
        while last != now:
            assert time.monotonic() < end, f"not still within {seconds:g} s"
            time.sleep(1)
            last, now = now, self._capture()
        return base64.b64decode(now)

    def _capture(self) -> str:
        return str(self.call("Page.captureScreenshot", format="png")["data"])

    def _receive(self, seconds: float) -> dict[str, Any]:
        while b"\0" not in self._rest:
            assert select.select([self._from], [], [], seconds)[0], "the browser is silent"
            data = os.read(self._from, CHUNK)
            assert data, "the browser is gone"
            self._rest += data
        message, self._rest = self._rest.split(b"\0", 1)
        return dict(json.loads(message))


@contextmanager
def open_browser(folder: Path, width: int, height: int) -> Iterator[Page]:
    """Run Chromium, which reaches this machine alone; `folder` takes its profile and log."""
    inner_read, outer_write = os.pipe()
    outer_read, inner_write = os.pipe()
    options = [
        *("--headless=new", "--remote-debugging-pipe", f"--window-size={width},{height}"),
        *(option for option in QUIET if option != "--disable-gpu"),
        *SOFTWARE_WEBGL,
        f"--user-data-dir={folder / 'profile'}",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    ]
    with (folder / "chromium.log").open("wb") as log:
        browser = subprocess.Popen(
            # The browser reads from descriptor 3 and writes to 4
            ["bash", "-c", f'exec "$0" "$@" 3<&{inner_read} 4>&{inner_write}', CHROMIUM, *options],
            pass_fds=(inner_read, inner_write),
            stderr=log,
            stdout=log,
        )
    os.close(inner_read)
    os.close(inner_write)
    try:
        yield Page(outer_write, outer_read)
    finally:
        os.close(outer_write)  # at which it ends
        os.close(outer_read)
        browser.wait(timeout=30)

"""The OHIF that MONAI Label brings along, on a real server, in headless Chromium."""

from __future__ import annotations

import io
import json
import os
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pydicom
import pytest
from PIL import Image

from chromium import CHROMIUM, NAMES
from devtools import Page, open_browser
from labeling.server import LabelServer, ohif_address
from viewer.pacs import Pacs

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason=f"no browser: none of {', '.join(NAMES)}"),
]
PATIENCE = 180  # seconds, on a machine that does other things too
MODEL = "virtual_des_unet512"
TYPEFACE = "fonts.googleapis.com"
"""The page asks for its letters there; it does without."""
CONNECT = "document.querySelector('.settingsTable .actionButton')"
MODELS = "[...document.querySelectorAll('select option')].map(one => one.innerText).join()"
RUN = "[...document.querySelectorAll('button')].find(one => one.innerText.trim() == 'Run')"
SHOWN = """[...document.querySelectorAll('[data-cy=viewport-pane], .viewport-wrapper')]
    .map(one => one.innerText).join()"""


def test_model_is_listed_and_run_and_the_new_series_is_shown(
    server: LabelServer, pacs: Pacs, simulated: list[Path], tmp_path: Path
) -> None:
    path = next(one for one in simulated if one.name == "R_CC_LE.dcm")
    header = pydicom.dcmread(path, stop_before_pixels=True)
    study = str(header.StudyInstanceUID)
    with open_browser(tmp_path, 1600, 1000) as page:
        page.call("Network.enable")
        # its default is port 8000
        cookie = {"name": "MONAILABEL_SERVER_URL", "value": f"{server.url}/", "url": server.url}
        page.call("Network.setCookie", **cookie)
        _open(page, ohif_address(server.url, study, str(header.SeriesInstanceUID)))
        page.wait_for(f"{SHOWN}.includes('low-energy R CC')", PATIENCE)
        page.run(f"{CONNECT}.click()")
        page.wait_for(f"{MODELS}.includes('{MODEL}')", PATIENCE)
        page.run(f"{RUN}.click()")
        page.wait_for("document.body.innerText.includes('Running Segmentation - Suc')", PATIENCE)
        info = server.get(f"/datastore/image/info?image={header.SOPInstanceUID}")
        (virtual,) = info["virtual"]
        _open(page, ohif_address(server.url, study, _series_of(pacs, study, virtual)))
        page.wait_for(f"{SHOWN}.includes('VIRTUAL DES AI')", PATIENCE)
        page.run(f"{CONNECT}.click()")
        page.wait_for(f"{MODELS}.includes('{MODEL}')", PATIENCE)
        screen = _screen(page, tmp_path)
        assert _hosts(page) - {urlsplit(server.url).netloc} <= {TYPEFACE}
    middle = screen[300:700, 400:1200]
    assert len(np.unique(middle)) > 10, "the viewport shows one gray"


def _open(page: Page, address: str) -> None:
    page.call("Page.navigate", url="about:blank")
    page.call("Page.navigate", url=address)
    page.wait_for(f"{CONNECT} != null", PATIENCE)


def _series_of(pacs: Pacs, study: str, instance: str) -> str:
    address = f"{pacs.url}/dicom-web/studies/{study}/instances?SOPInstanceUID={instance}"
    with urllib.request.urlopen(address) as answer:
        (found,) = json.load(answer)
    return str(found["0020000E"]["Value"][0])


def _screen(page: Page, folder: Path) -> np.ndarray:
    picture = page.screenshot(PATIENCE)
    target = Path(os.environ.get("SCREENSHOTS") or folder)
    target.mkdir(parents=True, exist_ok=True)
    (target / "monai_label_ohif.png").write_bytes(picture)
    return np.asarray(Image.open(io.BytesIO(picture)).convert("L"))


def _hosts(page: Page) -> set[str]:
    asked = [
        urlsplit(event["params"]["request"]["url"])
        for event in page.events
        if event.get("method") == "Network.requestWillBeSent"
    ]
    return {one.netloc for one in asked if one.scheme.startswith("http")}

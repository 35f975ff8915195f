"""OHIF with the hanging protocol, in headless Chromium: the three images beside each other.

The network passes its input on, so every pixel of the virtual image is known.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from pydicom import dcmread

from cem_monai.dicom import display_range, from_canonical, read_for_comparison
from cem_monai.infer import run_inference
from cem_monai.simulator import simulate_exams
from chromium import CHROMIUM, NAMES
from devtools import Page, open_browser
from orthanc import pacs_or_skip
from viewer.demo_exams import demo_images, load
from viewer.ohif import default_folder, viewer_files
from viewer.web import served, study_address

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.skipif(CHROMIUM is None, reason=f"no browser: none of {', '.join(NAMES)}"),
]

SIZE = 256
PATIENCE = 120  # seconds, on a machine that does other things too
TITLES = [["Low energy"], ["DES, measured"], ["VIRTUAL DES", "AI, no iodine measured"]]
PASS_ON = {"network_def": {"_target_": "torch.nn.Identity"}, "num_downs": 4, "image_size": 0}
DISPLAY = {"display_window": [2050, 300], "device": "cpu"}
VIEWPORTS = """[...document.querySelectorAll('.cornerstone-canvas')].map(canvas => {
    const box = canvas.getBoundingClientRect();
    const pane = canvas.closest('[data-cy=viewport-pane]') ?? canvas.closest('.viewport-wrapper');
    return [box.x, box.y, box.width, box.height, pane?.innerText ?? ''];
})"""

READY = f"""(() => {{
    const found = {VIEWPORTS};
    return found.length == 3 && found.every(one => one[4].includes('W:')) ? found : null;
}})()"""


@dataclass(frozen=True)
class Viewport:
    """What one of the three shows.

    Attributes:
        box: x, y, width, height on the page.
        lines: its texts.
    """

    box: tuple[float, float, float, float]
    lines: list[str]

    @property
    def window(self) -> tuple[float, float]:
        """Width and level, as it says."""
        return float(self._after("W:")), float(self._after("L:"))

    def _after(self, name: str) -> str:
        return self.lines[self.lines.index(name) + 1]


@dataclass(frozen=True)
class Viewer:
    """A running viewer, one study in it.

    Attributes:
        address: of the web server.
        study: StudyInstanceUID.
        images: files by view and content, e.g. ("L CC", "DES").
    """

    address: str
    study: str
    images: dict[tuple[str, str], Path]


@pytest.fixture(scope="module")
def viewer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Viewer]:
    try:
        files = viewer_files(default_folder())
    except FileNotFoundError as error:
        pytest.skip(str(error))
    folder = tmp_path_factory.mktemp("viewer")
    with pacs_or_skip(folder / "orthanc") as pacs, served(files, pacs.url) as address:
        ((study, paths),) = _exam(folder / "demo").items()
        load(pacs, {study: paths})
        yield Viewer(address, study, {_view_and_content(path): path for path in paths})


@pytest.mark.parametrize("view", ["R CC", "L MLO"])
def test_low_energy_des_and_virtual_des_hang_side_by_side(
    viewer: Viewer, view: str, tmp_path: Path
) -> None:
    with open_browser(tmp_path, 1600, 1000) as page:
        viewports = _open(page, study_address(viewer.address, viewer.study, view))
        screen = _screen(page, f"viewer_{view.replace(' ', '_')}.png", tmp_path)
        for viewport, titles, content in zip(
            viewports, TITLES, ("LE", "DES", "VIRTUAL_DES"), strict=True
        ):
            assert [view, *titles] == viewport.lines[: 1 + len(titles)]
            _check_picture(screen, viewport, viewer.images[view, content])
        assert viewports[1].window == viewports[2].window == (300, 2050)
        assert _requested_hosts(page) == {viewer.address.removeprefix("http://")}


def test_one_window_for_both_recombined_images(viewer: Viewer, tmp_path: Path) -> None:
    with open_browser(tmp_path, 1600, 1000) as page:
        low_energy, des, virtual = _open(page, study_address(viewer.address, viewer.study))
        for moved in (des, virtual):
            before = _viewports(page)
            _drag(page, moved, 40, 30)
            _wait_for_window(page, other_than=before[1].window)
            after = _viewports(page)
            assert after[1].window == after[2].window != before[1].window
            assert after[0].window == low_energy.window


def _exam(folder: Path) -> dict[str, list[Path]]:
    simulate_exams(folder / "exams", exams=1, seed=2, size=SIZE)
    for path in (folder / "exams").rglob("*_LE.dcm"):
        held_out = folder / "held_out" / path.name
        held_out.parent.mkdir(exist_ok=True)
        held_out.write_bytes(path.read_bytes())
    torch.save({}, folder / "model.pt")
    run_inference(
        folder / "held_out",
        folder / "virtual_des",
        bundle="breast_cem_unet512",
        weights=folder / "model.pt",
        options={**PASS_ON, **DISPLAY},
        trust=True,
    )
    return demo_images(folder)


def _view_and_content(path: Path) -> tuple[str, str]:
    attributes = read_for_comparison(path).attributes
    virtual = "VIRTUAL_DES" in dcmread(path, stop_before_pixels=True).ImageType
    content = "VIRTUAL_DES" if virtual else path.stem.rsplit("_", 1)[1]
    return f"{attributes.laterality.value} {attributes.view_position.value}", content


def _open(page: Page, address: str) -> list[Viewport]:
    for domain in ("Page", "Network"):
        page.call(f"{domain}.enable")
    page.call("Page.navigate", url=address)
    _viewports(page)
    page.screenshot(PATIENCE)
    return _viewports(page)


def _viewports(page: Page) -> list[Viewport]:
    """Return the three, once each has drawn its image and tells its window."""
    found = [
        Viewport((x, y, width, height), [line for line in text.splitlines() if line.strip()])
        for x, y, width, height, text in page.wait_for(READY, PATIENCE)
    ]
    return sorted(found, key=lambda viewport: viewport.box[0])


def _screen(page: Page, name: str, folder: Path) -> np.ndarray:
    """Take a screenshot and keep it; return its gray values."""
    path = Path(os.environ.get("SCREENSHOTS", folder)) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(page.screenshot(PATIENCE))
    return np.asarray(Image.open(path).convert("L"), float)


def _check_picture(screen: np.ndarray, viewport: Viewport, path: Path) -> None:
    """Compare with the file, fitted into the viewport with its own window; not mirrored."""
    mammogram = read_for_comparison(path)
    low, high = display_range(mammogram, path)
    stored = from_canonical(mammogram.pixels, chest_wall_at_right=mammogram.flipped)
    x, y, width, height = viewport.box
    side = round(min(width, height))
    left, top = round(x + (width - side) / 2), round(y + (height - side) / 2)
    shown = screen[top : top + side, left : left + side]
    # as viewers do it: enlarged first, then windowed
    enlarged = Image.fromarray(stored).resize((side, side), Image.Resampling.BILINEAR)
    picture = np.clip((np.asarray(enlarged) - low) / (high - low), 0, 1)
    likeness = [_correlation(_inner(shown), _inner(turned)) for turned in _turned(picture)]
    assert likeness[0] > 0.99
    assert max(likeness[1:]) < likeness[0] - 0.02  # a CC view is nearly its own reflection


def _turned(image: np.ndarray) -> list[np.ndarray]:
    """Return the image, mirrored, upside down, and both."""
    return [image, image[:, ::-1], image[::-1], image[::-1, ::-1]]


def _inner(image: np.ndarray) -> np.ndarray:
    """Leave out the frame that the chosen viewport has."""
    return image[4:-4, 4:-4]


def _correlation(first: np.ndarray, second: np.ndarray) -> float:
    return float(np.corrcoef(first.ravel(), second.ravel())[0, 1])


def _requested_hosts(page: Page) -> set[str]:
    urls = [
        event["params"]["request"]["url"]
        for event in page.events
        if event.get("method") == "Network.requestWillBeSent"
    ]
    return {url.split("/")[2] for url in urls if url.startswith(("http", "ws"))}


def _drag(page: Page, viewport: Viewport, right: float, down: float) -> None:
    """Drag with the left button, which sets the window."""
    x, y, width, height = viewport.box
    x, y = x + width / 2, y + height / 2
    steps = [("mousePressed", 0.0), *(("mouseMoved", part / 5) for part in range(1, 6))]
    for kind, part in [*steps, ("mouseReleased", 1.0)]:
        page.call(
            "Input.dispatchMouseEvent",
            type=kind,
            x=x + part * right,
            y=y + part * down,
            button="left",
            buttons=0 if kind == "mouseReleased" else 1,
            clickCount=1,
        )


def _wait_for_window(page: Page, other_than: tuple[float, float]) -> None:
    width, level = other_than
    old = f"viewport[4].replace(/\\s/g, '').includes('W:{width:g}L:{level:g}')"
    page.wait_for(f"{VIEWPORTS}.filter(viewport => {old}).length == 0", 30)

"""The simulated exams that the viewer shows: measured images, and virtual ones made from them."""

from __future__ import annotations

from pathlib import Path

from pydicom import dcmread

from cem_monai.demo import run_demo
from viewer.pacs import Pacs

EXAMS, EPOCHS = 4, 8
"""The smallest demo: it shows how images hang, not what a model can do."""


def make_demo(folder: Path) -> None:
    """Simulate exams and translate the held-out ones with a network trained for minutes.

    Args:
        folder: new, or of a demo that was interrupted.

    Raises:
        ValueError: the folder holds something else.
    """
    print(
        f"{folder}: no demo there, so here comes the smallest one. Its network is trained for\n"
        f"{EPOCHS} epochs on {EXAMS // 2} simulated patients: look at how its images hang, not at "
        "what they show.\nFor better ones stop this and type: make demo",
        flush=True,
    )
    run_demo(folder, exams=EXAMS, seed=0, epochs=EPOCHS)


def demo_images(folder: Path) -> dict[str, list[Path]]:
    """Return the files of every study that has virtual images, by StudyInstanceUID.

    Args:
        folder: what `cem-monai demo` wrote: `exams/` and `virtual_des/`.
    """
    virtual = sorted((folder / "virtual_des").glob("*.dcm"))
    studies: dict[str, list[Path]] = {}
    for path in virtual:
        studies.setdefault(_study(path), []).append(path)
    for content in ("LE", "DES"):
        for path in sorted((folder / "exams").rglob(f"*_{content}.dcm")):
            if (study := _study(path)) in studies:
                studies[study].append(path)
    return studies


def load(pacs: Pacs, studies: dict[str, list[Path]]) -> None:
    """Store all images in a PACS."""
    for paths in studies.values():
        for path in paths:
            pacs.add(path.read_bytes())


def _study(path: Path) -> str:
    header = dcmread(path, specific_tags=["StudyInstanceUID"], stop_before_pixels=True)
    return str(header.StudyInstanceUID)

"""Made-up copies of CDD-CESM in both of its layouts, with all of its irregularities."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
from PIL import Image

from cem_monai.data.cdd_cesm.sheets import COLUMNS, SHEETS

LOW, SUBTRACTED = "Low energy images of CDD-CESM", "Subtracted images of CDD-CESM"
WORKBOOK = "Radiology manual annotations.xlsx"
OUTLINES = "Radiology_hand_drawn_segmentations_v2.csv"
CIRCLE = {"name": "circle", "cx": 30, "cy": 60, "r": 9}

Row = Mapping[str, object]


def breast(side: str, shape: tuple[int, int], seed: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Return (H, W) gray values of half an ellipse with blobs, at the chest wall of `side`."""
    height, width = shape
    y, x = np.indices(shape)
    depth = x if side == "L" else width - 1 - x
    inside = (depth / (0.8 * width)) ** 2 + ((y - height / 2) / (0.45 * height)) ** 2 < 1
    random = np.random.default_rng(seed)
    coarse = random.uniform(60, 240, (height // 8 + 1, width // 8 + 1))
    blobs = np.kron(coarse, np.ones((8, 8)))[:height, :width]
    return np.where(inside, blobs, 0).astype(np.uint8)


def save_jpeg(pixels: np.ndarray[Any, np.dtype[np.uint8]], path: Path) -> None:
    """Write gray values as the source does: three equal channels."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        Image.fromarray(pixels).convert("RGB").save(file, "JPEG", quality=95)


def annotation(name: str, **cells: object) -> dict[str, object]:
    """Return a row of the workbook by key of `COLUMNS`; the name may have spaces around."""
    patient, side, kind, view, *_ = name.strip().split("_")
    row: dict[str, object] = {
        "image": name,
        "patient": int(patient[1:]),
        "side": side,
        "type": {"DM": "DM", "CM": "CESM"}[kind],
        "view": view[:3] if view.startswith("MLO") else view,
        "age": 47,
        "machine": 1,
        "birads": 4,
        "findings": "Mass ",
        "density": "C" if kind == "DM" else "_",
        "pathology": "Malignant",
        "tags": "suspicious, mass",
    }
    return row | cells


def write_workbook(path: Path, sheets: Mapping[str, Sequence[Row]], **headers: str) -> None:
    """Write the sheets of the source, those not given with one row of `P1_L_DM_CC`.

    Args:
        path: file to write.
        sheets: rows by sheet; None leaves it out.
        headers: other headers for columns.
    """
    book = openpyxl.Workbook()
    del book["Sheet"]
    filler = [annotation("P1_L_DM_CC")]
    for title, keys in SHEETS.items():
        sheet = book.create_sheet(title)
        # five of the source's sheets spell it so
        short = {"density": "ACR"} if keys == SHEETS["distortion"] else {}
        sheet.append([({**COLUMNS, **short, **headers})[key] for key in keys])
        for row in sheets.get(title, filler):
            sheet.append([row.get(key, "_") for key in keys])
    path.parent.mkdir(parents=True, exist_ok=True)
    book.save(path)


def write_outlines(
    path: Path, regions: Sequence[tuple[str, Mapping[str, object] | str]], images: Path
) -> None:
    """Write a VIA export with the sizes of the files that lie below `images`."""
    sizes = {one.name: one.stat().st_size for one in images.rglob("*.jpg")}
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["#filename", "file_size", "region_shape_attributes"])
        for name, shape in regions:
            text = shape if isinstance(shape, str) else json.dumps(shape)
            writer.writerow([name, sizes.get(name, -1), text])

"""Measure what sliding windows change in the virtual images of `make demo`.

Run: python tests/benchmarks/windows_error.py DEMO_OUTPUT [--windows N N ...]

Every held-out image (512 pixels a side) is generated in one pass and in windows; the differences of
all pixels of the breast, in grey levels: 255 is the range that the network can give.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pydicom

from cem_monai.data import breast_mask
from cem_monai.dicom import read_mammogram
from cem_monai.infer import run_inference

GREY_LEVELS = 255
Array = npt.NDArray[Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("demo", type=Path)
    parser.add_argument("--windows", type=int, nargs="+", default=(256,))
    arguments = parser.parse_args()
    breasts = {}
    for path in sorted((arguments.demo / "held_out").rglob("*.dcm")):
        image = read_mammogram(path)
        mask = breast_mask(image.pixels)
        breasts[image.attributes.sop_instance_uid] = mask[:, ::-1] if image.flipped else mask
    whole = generated(arguments.demo, 0)
    print("| window, pixels | mean | 95th percentile | largest |\n|---|---|---|---|")
    for window in arguments.windows:
        other = generated(arguments.demo, window)
        difference = np.concatenate(
            [np.abs(other[uid] - whole[uid])[breast] for uid, breast in breasts.items()]
        )
        numbers = difference.mean(), np.percentile(difference, 95), difference.max()
        print(f"| {window} | " + " | ".join(f"{number:.2f}" for number in numbers) + " |")


def generated(demo: Path, window: int) -> dict[str, Array]:
    """Return the grey levels of each virtual image by the SOPInstanceUID of its source."""
    with tempfile.TemporaryDirectory() as output:
        with open(os.devnull, "w") as nothing, contextlib.redirect_stdout(nothing):
            run_inference(
                demo / "held_out",
                output,
                bundle="breast_cem_compact",
                options={"sliding_window": window, "banner": False},
            )
        images = [pydicom.dcmread(path) for path in Path(output).glob("*.dcm")]
    top = {image.SourceImageSequence[0].ReferencedSOPInstanceUID: image for image in images}
    return {uid: image.pixel_array * (GREY_LEVELS / 4095) for uid, image in top.items()}


if __name__ == "__main__":
    main()

"""Measure the registration of CDD-CESM pairs against outlines that radiologists copied.

Run: PYTHONPATH=. python tests/benchmarks/registration_error.py [--every N] [--rivals | --strangers]

A polygon of the low-energy image that recurs on the subtracted one with the same point differences
was copied there; the distance between the copy and the registered original is the error. A pair's
error is the mean over its copies, in pixels of the 512-pixel copies; "moved" pairs have a copy that
is not at the same native pixels. Intervals: 95 %, bootstrap by patient. `--rivals` adds an
estimated scale, other criteria and the optimizer of ITK (registration_rivals.py); `--strangers`
registers each low-energy image to the subtracted one of another patient, same side and view, to see
what is refused. `--every N` takes each Nth pair.
"""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import registration_rivals
from PIL import Image

from cem_monai.data import IDENTITY, Registration, RegistrationError, register_pair
from cem_monai.data.via import Polygon, read_outlines

Points = npt.NDArray[np.float64]
Method = Callable[[npt.NDArray[np.uint8], npt.NDArray[np.uint8], float], Registration]
SIDE = 512
DATA = Path(__file__).resolve().parents[2] / ".." / "shared" / "data"


@dataclass(frozen=True)
class Pair:
    """One pair of known native size; copies are (low-energy, recombined) points at 512 pixels."""

    name: str
    low_energy: npt.NDArray[np.uint8]
    recombined: npt.NDArray[np.uint8]
    scale: float
    copies: list[tuple[Points, Points]]
    moved: bool

    def error(self, registration: Registration) -> float:
        shifts = [(there - registration.apply(here)).mean(0) for here, there in self.copies]
        return float(np.mean(np.hypot(*np.transpose(shifts))))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--rivals", action="store_true")
    parser.add_argument("--strangers", action="store_true")
    arguments = parser.parse_args()
    if not (arguments.data / "cdd_cesm_512").is_dir():
        print(f"skipped: real CDD-CESM pairs not found at {arguments.data / 'cdd_cesm_512'}")
        return
    pairs = read_pairs(arguments.data)
    if arguments.strangers:
        print_strangers(pairs, arguments.every)
        return
    known = [pair for pair in pairs if pair.copies][:: arguments.every]
    print(f"{len(pairs)} pairs of known size, {len(known)} with copied outlines")
    print("| method | all: median | all: p95 | moved: median | moved: p95 | refused | CPU s |")
    print("|---|---|---|---|---|---|---|")
    for name, method in methods(arguments.rivals).items():
        print_row(name, method, known)


def methods(rivals: bool) -> dict[str, Method]:
    ours: dict[str, Method] = {
        "none (pad to square, resize)": lambda low, high, scale: IDENTITY,
        "`register_pair`, scale known": lambda low, high, scale: register_pair(
            low, high, scale=scale
        ),
    }
    estimated: dict[str, Method] = {
        "`register_pair`, scale estimated": lambda low, high, scale: register_pair(
            low, high, scale=None
        ),
    }
    return ours | estimated | registration_rivals.METHODS if rivals else ours


def read_pairs(folder: Path) -> list[Pair]:
    table = read_outlines(
        folder / "cdd_cesm_annotations" / "Radiology_hand_drawn_segmentations_v2.csv"
    )
    line = re.compile(r"^(P\d+)_([LR])_(CC|MLO)\t(\d+)\t(\d+)\t(\d+)\t(\d+)$", re.M)
    pairs = []
    for patient, side, view, *sizes in line.findall((folder / "README.md").read_text("utf-8")):
        files = [f"{patient}_{side}_{kind}_{view}.jpg" for kind in ("DM", "CM")]
        low_energy, recombined = (
            np.array(Image.open(folder / "cdd_cesm_512" / "images" / file).convert("L"))
            for file in files
        )
        here, there = (
            [
                np.array((each.y, each.x)).T
                for each in table.outlines[file]
                if isinstance(each, Polygon)
            ]
            for file in files
        )
        copies = copied(here, there)
        height, width, other_height, other_width = map(int, sizes)
        framed = [
            (at_512(a, height, width), at_512(b, other_height, other_width)) for a, b in copies
        ]
        moved = any(bool(np.any(a[0] != b[0])) for a, b in copies)
        name = f"{patient}_{side}_{view}"
        pairs.append(Pair(name, low_energy, recombined, height / other_height, framed, moved))
    return pairs


def copied(here: list[Points], there: list[Points]) -> list[tuple[Points, Points]]:
    return [
        (a, b)
        for a in here
        for b in there
        if a.shape == b.shape
        and len(a) > 2
        and np.array_equal(np.diff(a, axis=0), np.diff(b, axis=0))
    ]


def at_512(points: Points, height: int, width: int) -> Points:
    padding = np.array([0, (height - width) / 2])
    return (points + padding) * SIDE / height


def print_row(name: str, method: Method, pairs: Sequence[Pair]) -> None:
    start, errors = time.process_time(), []
    for pair in pairs:
        try:
            errors.append(pair.error(method(pair.low_energy, pair.recombined, pair.scale)))
        except RegistrationError:
            errors.append(np.nan)
    seconds = (time.process_time() - start) / len(pairs)
    moved = np.array([pair.moved for pair in pairs])
    patients = np.array([pair.name.split("_")[0] for pair in pairs])
    values = np.array(errors)
    cells = [
        with_interval(values[chosen], patients[chosen], percentile)
        for chosen in (np.full(len(pairs), True), moved)
        for percentile in (50, 95)
    ]
    refused = int(np.isnan(values).sum())
    print(f"| {name} | {' | '.join(cells)} | {refused} | {seconds:.2f} |", flush=True)


def with_interval(errors: Points, patients: npt.NDArray[np.str_], percentile: float) -> str:
    rng = np.random.default_rng(0)
    groups = [errors[patients == patient] for patient in np.unique(patients)]
    draws = [
        np.nanpercentile(np.concatenate([groups[i] for i in drawn]), percentile)
        for drawn in rng.integers(0, len(groups), (2000, len(groups)))
    ]
    low, high = np.percentile(draws, (2.5, 97.5))
    return f"{np.nanpercentile(errors, percentile):.1f} [{low:.1f}, {high:.1f}]"


def print_strangers(pairs: Sequence[Pair], every: int) -> None:
    rng = np.random.default_rng(0)
    qualities: list[float] = []
    for pair in pairs[::every]:
        patient, *kind = pair.name.split("_")
        others = [
            each
            for each in pairs
            if each.name.split("_")[1:] == kind and each.name.split("_")[0] != patient
        ]
        other = others[rng.integers(len(others))]
        try:
            found = register_pair(pair.low_energy, other.recombined, scale=1)
        except RegistrationError:
            continue
        qualities.append(found.quality)
    accepted = ", ".join(f"{quality:.2f}" for quality in sorted(qualities))
    print(f"{len(qualities)} of {len(pairs[::every])} strangers accepted; qualities: {accepted}")


if __name__ == "__main__":
    main()

"""Verbs that simulate."""

from __future__ import annotations

from typing import Literal

Size = int | Literal["native"]


def simulate(
    output: str,
    exams: int,
    seed: int = 0,
    size: Size = 512,
    workers: int = 1,
    predictability: str = "clinical",
    twin: bool = False,
    device: str = "standard",
    hidden: int = 0,
) -> None:
    """Write simulated contrast-enhanced exams: DICOM, masks, and the best possible predictions.

    Args:
        output: folder to write; complete exams in it are kept, so the command can be repeated.
        exams: number of exams (patients), four views each.
        seed: of the first exam; the same seed gives the same pixels.
        size: pixels a side, e.g. 512 or 1024, or native for 2850 x 2394.
        workers: processes.
        predictability: how much the low-energy image tells of the iodine: clinical, coupled,
            uninformative, or with one knob turned uncorrelated, correlated, occult, no_background.
        twin: write the low-energy images without contrast agent too.
        device: matrix, bits, polarity, anode and tags: standard, tungsten, inverted, or mixed.
        hidden: which draw of what a low-energy image cannot reveal; the breasts stay the same.
    """
    from cem_monai.simulator import simulate_exams

    manifest = simulate_exams(
        output,
        exams=exams,
        seed=seed,
        size=size,
        workers=workers,
        predictability=predictability,
        twin=twin,
        device=device,
        hidden=hidden,
    )
    print(f"{exams} exams are in {output}, listed in {manifest}")


def simulate_dose(output: str, arrangements: int = 12, seed: int = 0, workers: int = 1) -> None:
    """Write raw images of a simulated phantom at a low, an automatic and a high dose.

    Each arrangement of the phantom gets a folder: low.dcm, auto.dcm, high.dcm (14 bits, For
    Processing), the noise-free high_noise_free.dcm, and masks. Arrangement 12 has no high dose.

    Args:
        output: folder to write; complete arrangements in it are kept.
        arrangements: of the same films and nodules, 1 to 99.
        seed: of the phantom; the same seed gives the same pixels.
        workers: processes.
    """
    from cem_monai.simulator import simulate_dose_pairs

    manifest = simulate_dose_pairs(output, arrangements=arrangements, seed=seed, workers=workers)
    print(f"{arrangements} arrangements are in {output}, listed in {manifest}")

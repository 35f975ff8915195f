"""Run mutants through what `infer` and `index` do to a file before any network sees it."""

from __future__ import annotations

import resource
import sys
import time
import warnings
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from cem_monai.checksums import read_checksums
from cem_monai.data import inspect_file
from cem_monai.data.checksums import check_checksum
from cem_monai.data.picture_mammogram import pixels_sha256
from cem_monai.dicom import ImageContent, MammogramError, RefusalCode, read_mammogram
from fuzzing.mutations import MUTATIONS

DEATHS = (RefusalCode.DECODER_TIME, RefusalCode.DECODER_MEMORY, RefusalCode.DECODER_CRASH)


@dataclass
class Outcomes:
    """What became of the mutants of one original.

    Attributes:
        mutants: how many were tried.
        unchanged: mutants equal to the original.
        refused: by code.
        right: read, with the pixels of the original.
        passed_over: read as another kind of image than a low-energy one.
        wrong: read, with other pixels or size: `kind of mutation` → how many.
        with_checksums: mutants not refused where the folder has checksums.
        errors: other exceptions than a refusal, with the number of the mutant.
        slowest: seconds of the slowest mutant.
        memory: MB, peak of this process.
    """

    mutants: int = 0
    unchanged: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    right: int = 0
    passed_over: int = 0
    wrong: Counter[str] = field(default_factory=Counter)
    with_checksums: int = 0
    errors: list[str] = field(default_factory=list)
    slowest: float = 0.0
    memory: float = 0.0


def run_campaign(original: bytes, folder: Path, *, count: int, seed: int, name: str) -> Outcomes:
    """Try mutants of one good file.

    Args:
        original: its bytes.
        folder: empty folder to write mutants to, one at a time.
        count: number of mutants; kinds of mutation take turns.
        seed: of the campaign; the same mutants come again.
        name: for the progress bar.
    """
    path = folder / "image.dcm"
    path.write_bytes(original)
    good = pixels_sha256(read_mammogram(path).pixels)
    known = _checksums(folder, path)
    outcomes = Outcomes()
    for number in tqdm(range(count), desc=name, unit="file", disable=count < 1000):
        mutate = MUTATIONS[number % len(MUTATIONS)]
        mutant = bytes(mutate(bytearray(original), np.random.default_rng([seed, number])))
        if mutant == original:
            outcomes.unchanged += 1
            continue
        path.write_bytes(mutant)
        start = time.perf_counter()
        _try(outcomes, path, good, mutate.__name__, number)
        outcomes.slowest = max(outcomes.slowest, time.perf_counter() - start)
        outcomes.mutants += 1
        outcomes.with_checksums += _is_listed(path, known)
    scale = 1024 if sys.platform == "linux" else 2**20
    outcomes.memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / scale
    return outcomes


def _try(outcomes: Outcomes, path: Path, good: str, kind: str, number: int) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pydicom's own remarks on broken files
            content, pixels = _read(path)
    except MammogramError as error:
        outcomes.refused[str(error.code)] += 1
    except Exception as error:  # what the fuzzing is looking for
        outcomes.errors.append(f"{kind} {number}: {type(error).__name__}: {error}")
    else:
        if content is not ImageContent.LOW_ENERGY:
            outcomes.passed_over += 1
        elif pixels_sha256(pixels) == good:
            outcomes.right += 1
        else:
            outcomes.wrong[kind] += 1


def _read(path: Path) -> tuple[ImageContent, npt.NDArray[np.float32]]:
    """Scan it as `infer` does, then read it as the network's transforms do."""
    content, _ = inspect_file(path)
    return content, read_mammogram(path).pixels


def _checksums(folder: Path, path: Path) -> dict[Path, str]:
    import hashlib

    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    (folder / "SHA256SUMS").write_text(f"{digest}  {path.name}\n")
    known = read_checksums(folder)
    assert known is not None
    return known


def _is_listed(path: Path, known: dict[Path, str]) -> bool:
    try:
        check_checksum(path, known)
    except MammogramError:
        return False
    return True

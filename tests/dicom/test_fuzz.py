"""A small part of `make fuzz`."""

from __future__ import annotations

from pathlib import Path

import pytest

from fuzzing.campaign import run_campaign
from fuzzing.originals import original


@pytest.mark.parametrize("name", ["implicit", "explicit", "rle", "jpeg_ls"])
def test_mutants_are_refused_or_read_and_nothing_else(tmp_path: Path, name: str) -> None:
    (tmp_path / "in").mkdir()

    outcomes = run_campaign(original(name, tmp_path), tmp_path / "in", count=48, seed=1, name=name)

    assert outcomes.errors == []
    assert outcomes.with_checksums == 0  # a file whose hash is known to be another gives no output
    assert outcomes.refused.total() > outcomes.mutants / 2  # the mutations do bite
    assert outcomes.right > 0
    if name == "jpeg_ls":
        assert outcomes.wrong.total() <= 1  # such a stream gives nearly all damage away


@pytest.mark.slow
@pytest.mark.parametrize("name", ["jpeg_lossless", "jpeg_2000"])
def test_mutants_for_the_decoders_of_itk(tmp_path: Path, name: str) -> None:
    (tmp_path / "in").mkdir()

    outcomes = run_campaign(original(name, tmp_path), tmp_path / "in", count=48, seed=1, name=name)

    assert outcomes.errors == []
    assert outcomes.with_checksums == 0

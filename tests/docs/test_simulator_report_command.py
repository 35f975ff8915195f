"""The command behind docs/explanation/simulator.md, run on a few exams into a copy of the page."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ACCEPTED = {
    "iodine sensitivity (PV per mg/cm²)": (30, 43),
    "exponent β of the LE image": (2.8, 3.6),
    "residual of normal tissue (mg/cm²)": (0, 0.3),
    "LE noise over dose, slope": (-0.55, -0.45),
    "DES noise over dose, slope": (-0.55, -0.45),
}
"""What the issue of the simulator requires."""


@pytest.mark.slow
def test_command_rewrites_page_and_figures_within_the_accepted_ranges(tmp_path):
    docs = tmp_path / "docs"
    shutil.copytree(ROOT / "docs" / "explanation", docs / "explanation")
    before = (docs / "explanation" / "simulator.md").read_text(encoding="utf-8")
    command = [sys.executable, "-m", "simulator_report", "--exams", "3", "--workers", "2"]
    command += ["--docs", str(docs), "--real_pairs", str(tmp_path / "nothing")]
    paths = [str(ROOT), str(ROOT / "docs" / "explanation"), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths)}
    done = subprocess.run(
        command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False
    )
    page = (docs / "explanation" / "simulator.md").read_text(encoding="utf-8")
    measured = dict(re.findall(r"^\| ([^|]+) \| (-?[\d.]+) \| [^|]+ \| \S+ \|$", page, re.M))
    blocks = r"(?s)<!-- begin:(\w+) -->.*?<!-- end:\1 -->"

    assert done.returncode == 0, done.stderr[-2000:]
    for name, (low, high) in ACCEPTED.items():
        assert low <= float(measured[name]) <= high, name
    assert re.sub(blocks, "", page) == re.sub(blocks, "", before)
    assert 'REPORT="--exams 3"' in page
    assert "not found at `../shared/data`" in page
    assert "CDD-CESM not found" in done.stdout
    figures = sorted((docs / "figures").glob("simulator_*.png"))
    assert len(figures) == 7
    assert all(figure.stat().st_size < 300_000 for figure in figures)

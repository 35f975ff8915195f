"""The acceptance checks of the simulator, and the command that rewrites its page."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from simulator_report.acceptance import checks
from simulator_report.noise_study import DOSE_SIZE, measure_noise, noise_jobs
from simulator_report.view_study import SIZE, measure_view
from simulator_report.views import one_view_per_exam

ROOT = Path(__file__).parents[2]
ACCEPTED = {
    "iodine sensitivity (PV per mg/cm²)": (30, 43),
    "exponent β of the LE image": (2.8, 3.6),
    "residual of normal tissue (mg/cm²)": (0, 0.3),
    "LE noise over dose, slope": (-0.55, -0.45),
    "DES noise over dose, slope": (-0.55, -0.45),
}
"""What the issue of the simulator requires."""
BLOCK = r"(?s)<!-- begin:(\w+) -->.*?<!-- end:\1 -->"


@pytest.mark.slow
def test_measurements_of_a_few_views_lie_in_the_accepted_ranges():
    views = [measure_view(job) for job in one_view_per_exam(8, SIZE)]
    doses = [job for job in noise_jobs(1) if job.view.size == DOSE_SIZE]
    found = checks(views, [measure_noise(job) for job in doses])

    assert {check.name: (check.low, check.high) for check in found} == ACCEPTED
    assert all(check.passed for check in found), found


@pytest.mark.slow
def test_command_rewrites_blocks_and_figures_and_leaves_the_prose(tmp_path):
    docs = tmp_path / "docs"
    shutil.copytree(ROOT / "docs" / "explanation", docs / "explanation")
    before = (docs / "explanation" / "simulator.md").read_text(encoding="utf-8")
    command = [sys.executable, "-m", "simulator_report", "--exams", "1", "--workers", "2"]
    command += ["--docs", str(docs), "--real_pairs", str(tmp_path / "nothing")]
    paths = [str(ROOT), str(ROOT / "docs" / "explanation"), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths)}
    done = subprocess.run(
        command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False
    )
    page = (docs / "explanation" / "simulator.md").read_text(encoding="utf-8")
    figures = sorted((docs / "figures").glob("simulator_*.png"))

    assert done.returncode == 0, done.stderr[-2000:]
    assert re.sub(BLOCK, "", page) == re.sub(BLOCK, "", before)
    assert all(re.search(rf"\| {re.escape(name)} \| -?[\d.]+ \|", page) for name in ACCEPTED)
    assert 'REPORT="--exams 1"' in page
    assert "not found at `../shared/data`" in page
    assert "CDD-CESM not found" in done.stdout
    assert len(figures) == 7
    assert all(figure.stat().st_size < 300_000 for figure in figures)

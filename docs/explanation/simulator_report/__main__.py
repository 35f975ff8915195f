"""`python -m simulator_report`: simulate, measure, rewrite page and figures."""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from simulator_report.acceptance import acceptance_block, checks
from simulator_report.contact_sheet import SHOWN, contact_sheet, simulate_shown
from simulator_report.device_looks import devices_block
from simulator_report.dose_pairs import PAIRS, dose_pairs_block, measure_dose_pair
from simulator_report.draws import draw_blocks, draw_breasts
from simulator_report.gray_values import (
    SIZE,
    histogram_block,
    measure_real,
    measure_simulated,
    real_pairs,
)
from simulator_report.limits import measure_settings
from simulator_report.limits_blocks import limits_blocks
from simulator_report.noise_study import measure_noise, noise_blocks, noise_jobs
from simulator_report.page import replace_blocks
from simulator_report.parallel import measure_all
from simulator_report.pictures import save_picture
from simulator_report.population_figures import gray_value_figure, limits_figure, population_figure
from simulator_report.provenance import provenance
from simulator_report.view_blocks import view_blocks
from simulator_report.view_figures import iodine_figure, noise_figure, spectra_figure
from simulator_report.view_study import SIZE as VIEW_SIZE
from simulator_report.view_study import measure_view
from simulator_report.views import both_breasts, one_view_per_exam

if TYPE_CHECKING:
    from matplotlib.figure import Figure

REPOSITORY = Path(__file__).resolve().parents[3]
REAL_PAIRS = "../shared/data"
EXAMS = 40
COMMAND = "make simulator-report"

Blocks = dict[str, str]
Figures = dict[str, "Figure"]


def main() -> None:
    """Read the command line and write the report."""
    options = _options()
    page = options.docs / "explanation" / "simulator.md"
    # a page without a marker is refused before minutes of work
    replace_blocks(page.read_text(encoding="utf-8"), dict.fromkeys(BLOCKS, ""))
    origin, start = provenance(REPOSITORY), time.monotonic()
    blocks, figures = make_report(options.exams, options.workers, options.real_pairs)
    minutes = (time.monotonic() - start) / 60
    blocks["provenance"] = _provenance(origin, options.exams, options.workers, minutes)
    for name, figure in figures.items():
        save_picture(figure, options.docs / "figures" / f"{name}.png")
    page.write_text(replace_blocks(page.read_text(encoding="utf-8"), blocks), encoding="utf-8")
    print(f"{page} rewritten in {minutes:.1f} minutes, {len(figures)} figures")


BLOCKS = (
    *("provenance", "acceptance", "technique", "population", "enhancement", "lesions", "masses"),
    *("sensitivity", "cancellation", "spectra", "leak", "dose_noise", "pixel_noise"),
    *("floors", "mass_floors", "lessons", "histograms", "devices", "dose"),
)
"""What this command rewrites."""


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="simulator_report", description=__doc__)
    parser.add_argument("--exams", type=_positive, default=EXAMS, help="exams per measurement")
    parser.add_argument("--workers", type=_positive, default=os.cpu_count() or 1, help="processes")
    parser.add_argument(
        "--docs", type=Path, default=REPOSITORY / "docs", help="folder with page and figures"
    )
    parser.add_argument(
        "--real_pairs", type=Path, default=REPOSITORY / REAL_PAIRS, help="folder with CDD-CESM"
    )
    return parser.parse_args()


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number of at least 1, got {text!r}")
    return int(text)


def make_report(exams: int, workers: int, folder: Path) -> tuple[Blocks, Figures]:
    """Measure everything; return the blocks of the page and the figures by file name."""
    figures: Figures = {}
    blocks = _views(exams, workers, figures)
    blocks |= _draws(figures)
    blocks |= _limits(exams, workers, figures)
    blocks |= _gray_values(exams, workers, folder, figures)
    blocks["devices"] = devices_block()
    arrangements = range(1, min(exams, PAIRS) + 1)
    pairs = measure_all(measure_dose_pair, arrangements, workers=workers, label="dose pairs")
    blocks["dose"] = dose_pairs_block(pairs)
    for name, jobs in SHOWN.items():
        shown = measure_all(simulate_shown, jobs, workers=workers, label=name)
        figures[name] = contact_sheet(shown)
    return blocks, figures


def _views(exams: int, workers: int, figures: Figures) -> Blocks:
    jobs = one_view_per_exam(exams, VIEW_SIZE)
    views = measure_all(measure_view, jobs, workers=workers, label="views")
    noises = measure_all(measure_noise, noise_jobs(exams), workers=workers, label="noise")
    figures["simulator_iodine"] = iodine_figure(views)
    figures["simulator_spectra"] = spectra_figure(views)
    figures["simulator_noise"] = noise_figure(noises)
    acceptance = {"acceptance": acceptance_block(checks(views, noises))}
    return acceptance | view_blocks(views) | noise_blocks(noises)


def _draws(figures: Figures) -> Blocks:
    breasts = draw_breasts()
    figures["simulator_population"] = population_figure(breasts)
    return draw_blocks(breasts)


def _limits(exams: int, workers: int, figures: Figures) -> Blocks:
    measured = measure_settings(exams, workers)
    figures["simulator_limits"] = limits_figure(measured)
    return limits_blocks(measured)


def _gray_values(exams: int, workers: int, folder: Path, figures: Figures) -> Blocks:
    pairs = real_pairs(folder)
    if not pairs:
        print(f"no comparison with real pairs: CDD-CESM not found at {folder}")
        return {"histograms": histogram_block([], [], REAL_PAIRS)}
    jobs = both_breasts(exams, SIZE)
    measured = measure_all(measure_simulated, jobs, workers=workers, label="gray values")
    simulated = [values for values in measured if values is not None]
    real = measure_all(measure_real, pairs, workers=workers, label="CDD-CESM")
    figures["simulator_gray_values"] = gray_value_figure(simulated, real)
    return {"histograms": histogram_block(simulated, real, REAL_PAIRS)}


def _provenance(origin: str, exams: int, workers: int, minutes: float) -> str:
    arguments = "" if exams == EXAMS else f' REPORT="--exams {exams}"'
    return (
        f"```\n{COMMAND}{arguments}\n```\n\n{exams} exams per measurement, {minutes:.0f} minutes "
        f"with {workers} workers. {origin}"
    )


if __name__ == "__main__":
    main()

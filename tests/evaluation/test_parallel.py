from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pytest

from cem_monai.evaluation import PredictionsError, Problem, ProblemKind, load_evaluation_case
from cem_monai.evaluation.parallel import Processes


@pytest.fixture(params=[1, pytest.param(2, marks=pytest.mark.slow)])
def processes(request: pytest.FixtureRequest) -> Iterator[Processes]:
    """Starting processes takes seconds: each imports torch."""
    with Processes(request.param).started() as started:
        yield started


@pytest.mark.parametrize("workers", [0, -1])
def test_no_worker_is_refused(workers: int) -> None:
    with pytest.raises(ValueError, match=f"workers must be at least 1, got {workers}"):
        Processes(workers)


def test_results_come_in_the_order_of_the_jobs(processes: Processes) -> None:
    """The first job is the longest."""
    jobs = [30_000, *range(60)]
    assert list(processes.map(math.factorial, jobs, "factorials")) == [*map(math.factorial, jobs)]
    assert list(processes.map(math.sqrt, [4.0, 9.0], "roots")) == [2, 3]


def test_no_job(processes: Processes) -> None:
    assert list(processes.map(math.sqrt, [], "roots")) == []


def test_exception_of_a_job_arrives(processes: Processes) -> None:
    roots = processes.map(math.sqrt, [4.0, -1.0, 9.0], "roots")
    with pytest.raises(ValueError, match=r"math domain error|nonnegative input"):
        list(roots)
    assert list(processes.map(math.sqrt, [16.0], "roots")) == [4]


def test_problems_of_a_case_arrive(processes: Processes, tmp_path: Any) -> None:
    item = {"case": "C7", "patient": "P", "image": str(tmp_path), "label": str(tmp_path)}
    with pytest.raises(PredictionsError) as error:
        list(processes.map(load_evaluation_case, [item], "loading"))
    (problem,) = error.value.problems
    assert isinstance(problem, Problem)
    assert (problem.kind, problem.subject) == (ProblemKind.UNUSABLE_CASE, "C7")


def test_progress_counts_cases(processes: Processes, capsys: pytest.CaptureFixture[str]) -> None:
    list(processes.map(math.sqrt, [1.0] * 3, "measuring"))
    assert "measuring: 100%" in (told := capsys.readouterr().err)
    assert "3/3" in told

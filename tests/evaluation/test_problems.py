from __future__ import annotations

import pickle

from cem_monai.evaluation import PredictionsError, Problem, ProblemKind


def missing(*cases: str) -> list[Problem]:
    return [Problem(ProblemKind.MISSING, case) for case in cases]


def test_one_clause_for_each_kind_with_the_number() -> None:
    problems = [
        Problem(ProblemKind.SIZE, "c", "64 x 32, not 64 x 64"),
        *missing("a", "b"),
    ]

    assert str(PredictionsError(problems)) == (
        "found 2 cases without a prediction: a, b; found 1 prediction of another size than the "
        "recombined image: c (64 x 32, not 64 x 64)"
    )


def test_five_are_named_and_the_rest_counted() -> None:
    told = str(PredictionsError(missing(*"abcdefg")))

    assert told == "found 7 cases without a prediction: a, b, c, d, e, and 2 more"


def test_same_problem_found_twice_counts_once() -> None:
    assert PredictionsError(missing("a", "a")).problems == tuple(missing("a"))


def test_error_survives_a_worker_process() -> None:
    error = PredictionsError(missing("a", "b"))

    copy = pickle.loads(pickle.dumps(error))

    assert (copy.problems, str(copy)) == (error.problems, str(error))
    assert isinstance(copy, ValueError)

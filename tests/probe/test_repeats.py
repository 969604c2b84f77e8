"""A run under interference is run again, within its limit and its deadline, and then marked."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import pytest

from ftbench.errors import DeadlineError, WorkerFailedError
from ftbench.probe.run import measure
from ftbench.probe.run.document import Measurement, Switch

NOTHING: dict[str, Any] = {}
RUN = Measurement(
    scenario="lifecycle",
    mode="serial",
    params={},
    profile="quick",
    metrics={},
    invariants=(),
    gil=Switch(asked=True, before=True, after=True),
    build={},
    machine={},
    load=(None, None),
    started_at="2026-01-02T03:04:05Z",
    elapsed=1.0,
    notes={},
)


def disturbed(foreign: float) -> dict[str, Any]:
    marked = foreign > 0.2
    return {"foreign": foreign, "steal": 0.0, "repeats": 0, "marked": marked, "why": "x" * marked}


class Runs:
    """Stands for the runs of a cell; each has its interference, or is an error."""

    def __init__(self, *each: dict[str, Any] | Exception, elapsed: float = 1.0) -> None:
        self.left = list(each)
        self.elapsed = elapsed
        self.deadlines: list[float] = []

    def __call__(
        self, _scenario: object, request: Mapping[str, Any], *_rest: object
    ) -> Measurement:
        self.deadlines.append(request["deadline"])
        now = self.left.pop(0)
        if isinstance(now, Exception):
            raise now
        return dataclasses.replace(RUN, interference=now, elapsed=self.elapsed)


def measured(runs: Runs, monkeypatch: pytest.MonkeyPatch, **how: Any) -> dict[str, Any]:
    monkeypatch.delenv("FTBENCH_REPEATS", raising=False)
    monkeypatch.setattr(measure, "_once", runs)
    given = {"profile": "quick", "gil": True, **how}
    return measure.measure("lifecycle", mode="threads", **given).interference


def test_a_calm_run_is_run_once(monkeypatch: pytest.MonkeyPatch) -> None:
    runs = Runs(disturbed(0.1))
    assert measured(runs, monkeypatch) == {**disturbed(0.1), "repeats": 0}


def test_a_disturbed_run_is_repeated_until_one_is_calm(monkeypatch: pytest.MonkeyPatch) -> None:
    runs = Runs(disturbed(0.9), disturbed(0.1), disturbed(0.0))
    assert measured(runs, monkeypatch) == {**disturbed(0.1), "repeats": 1}
    assert len(runs.left) == 1


def test_of_disturbed_runs_the_least_disturbed_is_kept_and_marked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    runs = Runs(disturbed(0.9), disturbed(0.5), disturbed(0.7))
    assert measured(runs, monkeypatch) == {**disturbed(0.5), "repeats": 2}


def test_a_smoke_run_and_one_of_so_many_rounds_are_never_repeated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for profile in ("smoke", "rounds=3"):
        seen = measured(Runs(disturbed(0.9)), monkeypatch, profile=profile)
        assert seen == {**disturbed(0.9), "repeats": 0}


def test_the_deadline_is_for_all_runs_together(monkeypatch: pytest.MonkeyPatch) -> None:
    runs = Runs(disturbed(0.9), disturbed(0.8), disturbed(0.7), elapsed=1.0)
    measured(runs, monkeypatch, deadline=30.0)
    assert runs.deadlines[0] == 30.0
    assert all(left < 30.0 for left in runs.deadlines[1:])
    assert len(runs.deadlines) == 3


def test_a_run_that_would_not_fit_is_not_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    runs = Runs(disturbed(0.9), elapsed=20.0)
    assert measured(runs, monkeypatch, deadline=30.0) == {**disturbed(0.9), "repeats": 0}


def test_what_was_measured_is_not_lost_to_a_repeat_that_comes_late(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    runs = Runs(disturbed(0.9), DeadlineError("late"))
    assert measured(runs, monkeypatch) == {**disturbed(0.9), "repeats": 1}


def test_a_repeat_that_fails_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(WorkerFailedError, match="no"):
        measured(Runs(disturbed(0.9), WorkerFailedError("no")), monkeypatch)


def test_where_nobody_says_what_else_ran_nothing_is_repeated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert measured(Runs(NOTHING), monkeypatch) == NOTHING

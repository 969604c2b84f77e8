"""Figures of two workloads are never compared: the version of a scenario follows its work."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from workloads import GOLDEN, digest, work_of, workloads

from ftbench.probe.scenarios.base import NAMES

SOURCE = "def work(n):\n    return n + 1\n"


def test_the_work_of_a_version_never_changes(assert_golden: Callable[..., None]) -> None:
    now = workloads()
    known = json.loads(GOLDEN.read_text("utf-8"))
    changed = ", ".join(name for name in now if known.get(name) != now[name])
    hint = (
        f"The code that makes the measured work of {changed} is not what it was.\n"
        "If the work changed, raise the `version` of the scenario (end of its module in "
        "ftbench/probe/scenarios); if it did not (an error path, a rename), leave the version. "
        "In both cases write the golden file anew:\n"
        "    pytest --update-golden tests/probe/test_workload_versions.py"
    )
    assert_golden(json.dumps(now, indent=2), GOLDEN.name, hint=hint)


def test_every_scenario_is_watched_over() -> None:
    assert json.loads(GOLDEN.read_text("utf-8")).keys() == set(NAMES)


MODES = {
    f"workers.{name}" for name in ("base", "interpreters", "processes", "shared_state", "threads")
}
WORKERS = {"scenarios.footprint", "scenarios.footprint_workers"}
CREW = MODES | {"workers", "entry_points"}
TEAM = CREW | {"scenarios.reports"}
SHARING = {"pool_tasks", *(f"workloads.{name}" for name in ("ids", "inserting", "locks"))}


@pytest.mark.parametrize(
    ("scenario", "modules"),
    [
        ("lifecycle", CREW | {"scenarios.lifecycle"}),
        ("footprint", WORKERS | {"workers.base", "entry_points"}),
        (
            "shared_set",
            TEAM | SHARING | {"scenarios.shared_set", "scenarios.shared_set_strategies"},
        ),
        (
            "sharded_writers",
            TEAM | SHARING | {"scenarios.sharded_writers", "scenarios.sharded_writers_loops"},
        ),
    ],
)
def test_what_makes_the_work_is_found_by_what_imports_what(
    scenario: str, modules: set[str]
) -> None:
    assert set(work_of(scenario)) == modules


def test_words_about_the_work_are_not_the_work() -> None:
    documented = '"""A module."""\ndef work(n):\n    """Add."""\n    # why\n    return (n + 1)\n'
    assert digest(documented) == digest(SOURCE)


def test_another_number_is_other_work() -> None:
    assert digest(SOURCE.replace("1", "2")) != digest(SOURCE)

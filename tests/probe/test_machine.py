"""The machine's record, and what it says could be better."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import pytest

from ftbench.probe.instruments.machine import advice, machine_record, numbers_of

STEADY: dict[str, Any] = {
    "usable_cores": 4,
    "affinity": "0-3",
    "isolated": "",
    "quota_cores": None,
    "smt": False,
    "governor": "performance",
    "turbo": False,
    "virtual": False,
}


def test_the_record_says_which_cpus_may_be_used() -> None:
    record = machine_record()
    assert len(numbers_of(record["affinity"])) == record["usable_cores"] >= 1
    assert numbers_of(record["isolated"]) >= set()
    assert json.loads(json.dumps(record)) == record


def test_cores_are_the_systems_and_not_what_a_shell_says(monkeypatch: pytest.MonkeyPatch) -> None:
    told = machine_record()["cores"]
    monkeypatch.setattr(os, "cpu_count", lambda: told + 7)  # as PYTHON_CPU_COUNT does from 3.13 on
    assert machine_record()["cores"] == (told if sys.platform == "linux" else told + 7)


def test_a_steady_machine_needs_no_advice() -> None:
    assert advice(STEADY, 0.9) == ()


def test_what_a_system_does_not_say_is_no_fault() -> None:
    assert advice(dict.fromkeys(STEADY), None) == ()
    assert advice({}, None) == ()


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"governor": "powersave"}, ["powersave", "pyperf system tune"]),
        ({"turbo": True}, ["Turbo", "pyperf system tune"]),
        ({"smt": True}, ["SMT", "FTBENCH_PIN=core"]),
        ({"quota_cores": 1.5}, ["1.5 cores"]),
        ({"isolated": "0-7"}, ["(0-3) are isolated"]),
    ],
    ids=lambda each: next(iter(each)),
)
def test_each_fault_is_named_with_its_cure(fault: dict[str, Any], words: list[str]) -> None:
    (said,) = advice({**STEADY, **fault}, 0.0)
    assert all(word in said for word in words), said


def test_some_isolated_cpus_beside_others_are_no_fault() -> None:
    assert advice({**STEADY, "isolated": "2-3"}, 0.0) == ()


def test_a_load_above_a_quarter_of_the_cores_is_somebody_elses() -> None:
    (said,) = advice(STEADY, 1.5)
    assert "load is 1.5" in said
    assert advice(STEADY, 1.0) == ()

"""The classes of shared_set and sharded_writers: thin, fixed, with holes that say why."""

from __future__ import annotations

import json
import math
import os
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.sharded_writers import ShardedWriters
from benchmarks.shared_set import Peak, SharedSet
from ftbench.facts.modes import mode_named
from ftbench.facts.profiles import profile_named
from ftbench.probe.run import asv_benchmark
from ftbench.probe.run.asv_benchmark import RECORDS
from ftbench.probe.run.document import Measurement, Switch
from ftbench.probe.run.outcome import Metric
from ftbench.probe.scenarios.base import Cell, scenario_named
from ftbench.probe.scenarios.shared_set_strategies import MANAGED, STRATEGIES
from ftbench.probe.workers.base import Deadline

LOOK = {"processes": [{"role": "parent", "rss": 3, "uss": 1, "pss": 2}]}
SEEN = {"full": {"samples": [LOOK], "reader": "psutil", "interval": 0.5, "duty": 0.1}}


@pytest.mark.parametrize("name", ["shared_set", "sharded_writers"])
def test_a_run_in_this_process_yields_the_metrics_of_the_table(name: str) -> None:
    scenario = scenario_named(name)
    measured = scenario.run(
        Cell(
            mode=mode_named("threads"),
            # So many that there are acknowledgements enough for a p99.
            params=scenario.parse({"workers": 8}),
            profile=profile_named("smoke"),
            deadline=Deadline(30),
            observe=lambda *_: None,
        )
    )
    see = scenario.from_observation
    metrics = measured.metrics | (see(SEEN, 1).metrics if see else {})
    scenario.check(metrics)
    by_a_manager = {"write", "write_cpu"}
    assert metrics.keys() == {each.name for each in scenario.metrics} - by_a_manager


def test_the_ladders_are_these() -> None:
    strategies = ("lock", "atomic", "striped", "local", "actor", "shared_memory")
    assert SharedSet.ladders == (("strategy", strategies), ("fill", ("cold", "grown")))
    assert ShardedWriters.ladders == (("writers", (1, 2, 4, 8)), ("window", (1, 64)))
    assert (Peak.params, Peak.version) == ((("threads",), ("lock",), ("cold",)), SharedSet.version)


@pytest.fixture
def staged(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[], list[dict[str, Any]]]:
    """In a folder such as asv gives to benchmarks: what was handed to the asv process so far."""
    path = tmp_path / "staged.jsonl"
    monkeypatch.setenv(RECORDS, str(path))
    monkeypatch.chdir(tmp_path)

    def read() -> list[dict[str, Any]]:
        lines = path.read_text("utf-8").splitlines() if path.exists() else []
        return [json.loads(line) for line in lines]

    return read


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_hole_is_skipped_with_its_reason_and_all_else_is_set_up(
    staged: Callable[[], list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch, strategy: str
) -> None:
    monkeypatch.setattr(asv_benchmark, "unavailable", lambda _mode: None)
    if strategy in MANAGED:
        with pytest.raises(NotImplementedError, match="subinterpreters share no set"):
            SharedSet().setup("interpreters", "none", strategy, "cold")
        [skip] = staged()
        assert (skip["kind"], skip["group"]) == ("skip", "shared_set.SharedSet")
        assert skip["params"] == {"mode": "interpreters", "strategy": strategy, "fill": "cold"}
        # The other metrics need no process: they find the skip.
        assert math.isnan(SharedSet().track_op("interpreters", "none", strategy, "cold"))
    else:
        SharedSet().setup("interpreters", "none", strategy, "grown")
        SharedSet().setup("threads", "none", strategy, "cold")
        assert staged() == []


def _without_lock(scenario: str, **_request: Any) -> Measurement:
    return Measurement(
        scenario=scenario,
        mode="threads",
        params={},
        profile="smoke",
        metrics={"op": Metric(unit="seconds", samples=(1.0, 2.0))},
        invariants=(),
        gil=Switch(asked=True, before=True, after=True),
        build={},
        machine={},
        load=(0.1, 0.2),
        started_at="2026-11-21T02:00:00Z",
        elapsed=0.5,
        notes={},
    )


def test_a_strategy_without_a_lock_waits_for_none(
    staged: Callable[[], list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asv_benchmark, "measure", _without_lock)
    cell = ("threads", "none", "local", "cold")
    assert SharedSet().track_op(*cell)["samples"] == [1.0, 2.0]
    assert math.isnan(SharedSet().track_lock_wait_p99(*cell))
    [record] = staged()
    assert record["samples"] == {"op": 2}


def test_a_peak_is_that_of_this_process_and_no_thread_stays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def no_process(*_: Any) -> None:
        raise AssertionError("the peak would be another process's")

    monkeypatch.setattr(subprocess, "Popen", no_process)
    monkeypatch.setattr(os, "fork", no_process, raising=False)
    before, peak = threading.active_count(), Peak()
    peak.setup("threads", "lock", "cold")
    peak.peakmem_inserting()
    assert threading.active_count() == before

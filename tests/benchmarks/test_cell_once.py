"""A cell is run once and yields all its metrics; what failed is not tried again for each."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks.footprint import Footprint
from benchmarks.lifecycle import Lifecycle
from ftbench.errors import FtbenchError, NotAvailableError, WorkerFailedError
from ftbench.probe.run import asv_benchmark
from ftbench.probe.run.asv_benchmark import CellFile, in_asv_form
from ftbench.probe.run.document import Measurement, Switch
from ftbench.probe.run.outcome import Invariant, Metric

CELL = ("threads", "none", 1, "empty")
OTHER_CELL = ("threads", "none", 8, "empty")


def _measurement(number: float) -> Measurement:
    return Measurement(
        scenario="lifecycle",
        mode="threads",
        params={"workers": 1, "task": "empty"},
        profile="smoke",
        metrics={
            name: Metric(unit="seconds", samples=(number, number + 1)) for name in ("round", "cpu")
        },
        invariants=(Invariant(name="checksum", checked="all right"),),
        gil=Switch(asked=True, before=True, after=True),
        build={"version": "3.14.2"},
        machine={"cpu": "x"},
        load=(0.1, 0.2),
        started_at="2026-11-21T02:00:00Z",
        elapsed=0.5,
        notes={"rounds": 2},
        effort={"cpu_seconds": 0.25},
        interference={"marked": False},
        speed={"stick": "1-3.11", "seconds": 0.002},
        pinned="one thread per core",
    )


class Measure:
    """Stands for `ftbench.measure`: counts its runs, and fails if it is told to."""

    def __init__(self) -> None:
        self.runs: list[dict[str, Any]] = []
        self.error: FtbenchError | None = None

    def __call__(self, scenario: str, **request: Any) -> Measurement:
        self.runs.append({"scenario": scenario, **request})
        if self.error:
            raise self.error
        return _measurement(float(len(self.runs)))


@pytest.fixture
def measure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Measure:
    """A stubbed measurement, in a folder as asv gives to the benchmarks of a `setup_cache`."""
    stub = Measure()
    monkeypatch.setattr(asv_benchmark, "measure", stub)
    monkeypatch.setenv(asv_benchmark.RECORDS, str(tmp_path / "staged.jsonl"))
    monkeypatch.chdir(tmp_path)
    return stub


@pytest.fixture
def staged(tmp_path: Path) -> Callable[[], list[dict[str, Any]]]:
    """What was handed to the asv process so far."""

    def read() -> list[dict[str, Any]]:
        path = tmp_path / "staged.jsonl"
        lines = path.read_text("utf-8").splitlines() if path.exists() else []
        return [json.loads(line) for line in lines]

    return read


def test_one_run_yields_every_metric(measure: Measure) -> None:
    benchmark = Lifecycle()
    assert benchmark.track_round(*CELL) == {"samples": [1.0, 2.0], "number": 1}
    assert benchmark.track_cpu(*CELL) == {"samples": [1.0, 2.0], "number": 1}
    assert measure.runs == [
        {"scenario": "lifecycle", "mode": "threads", "params": {"workers": 1, "task": "empty"}}
    ]


def test_a_metric_that_comes_again_is_another_round_and_runs_again(measure: Measure) -> None:
    benchmark = Lifecycle()
    first = [benchmark.track_round(*CELL), benchmark.track_cpu(*CELL)]
    second = [benchmark.track_round(*CELL), benchmark.track_cpu(*CELL)]
    assert len(measure.runs) == 2
    assert first[0]["samples"] == first[1]["samples"] == [1.0, 2.0]
    assert second[0]["samples"] == second[1]["samples"] == [2.0, 3.0]


def test_another_cell_is_another_run(measure: Measure) -> None:
    benchmark = Lifecycle()
    benchmark.track_round(*CELL)
    benchmark.track_round(*OTHER_CELL)
    benchmark.track_cpu(*CELL)
    assert [run["params"]["workers"] for run in measure.runs] == [1, 8]


def test_two_classes_never_share_a_file(measure: Measure, tmp_path: Path) -> None:
    Lifecycle().track_round(*CELL)
    Footprint().track_rss("threads", "none", 1)
    assert {path.name for path in tmp_path.glob("cell-*")} == {
        "cell-lifecycle.Lifecycle-0.json",
        "cell-footprint.Footprint-0.json",
    }


def test_a_metric_that_this_system_has_not_is_skipped(measure: Measure) -> None:
    assert math.isnan(Footprint().track_pss("threads", "none", 1))


def test_a_failure_is_told_for_every_metric_and_tried_once(
    measure: Measure, staged: Callable[[], list[dict[str, Any]]]
) -> None:
    measure.error = WorkerFailedError("Worker 0 failed.", story="a traceback")
    benchmark = Lifecycle()
    for method in (benchmark.track_round, benchmark.track_cpu, benchmark.track_start):
        with pytest.raises(WorkerFailedError, match=r"Worker 0 failed\."):
            method(*CELL)
    assert len(measure.runs) == 1
    assert staged() == [
        {
            "kind": "failure",
            "group": "lifecycle.Lifecycle",
            "params": {"mode": "threads", "workers": "1", "task": "empty"},
            "error": "WorkerFailedError",
            "message": "Worker 0 failed.",
        }
    ]


def test_the_asv_process_looks_at_a_failure_without_using_it_up(
    measure: Measure, tmp_path: Path
) -> None:
    """asv's process asks first for every metric, and leaves a failure to the benchmark."""
    measure.error = WorkerFailedError("Worker 0 failed.")
    benchmark = Lifecycle()
    with pytest.raises(WorkerFailedError):
        benchmark.track_round(*CELL)
    kept = CellFile(tmp_path, "lifecycle.Lifecycle", 0).take("cpu")
    assert kept is not None
    assert "failure" in kept
    with pytest.raises(WorkerFailedError):
        benchmark.track_cpu(*CELL)
    assert len(measure.runs) == 1


def test_a_failed_cell_is_tried_again_in_the_next_round(measure: Measure) -> None:
    benchmark = Lifecycle()
    measure.error = WorkerFailedError("Worker 0 failed.")
    with pytest.raises(WorkerFailedError):
        benchmark.track_round(*CELL)
    measure.error = None
    assert benchmark.track_round(*CELL)["samples"] == [2.0, 3.0]


def test_a_mode_that_is_not_there_is_skipped_before_it_runs(
    measure: Measure,
    staged: Callable[[], list[dict[str, Any]]],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr(asv_benchmark, "unavailable", lambda _mode: "not in this release")
    with pytest.raises(NotImplementedError, match="not in this release"):
        Lifecycle().setup(*CELL)
    assert measure.runs == []
    [skip] = staged()
    assert (skip["kind"], skip["reason"]) == ("skip", "not in this release")
    # The other metrics need no process: the asv process finds the skip.
    kept = CellFile(tmp_path, "lifecycle.Lifecycle", 0).take("cpu")
    assert kept is not None
    assert math.isnan(in_asv_form(kept, "cpu"))


def test_a_mode_that_is_there_is_set_up_without_a_word(
    measure: Measure, staged: Callable[[], list[dict[str, Any]]]
) -> None:
    Lifecycle().setup(*CELL)
    assert staged() == []


def test_what_turns_out_not_to_be_there_is_skipped_for_all_metrics(
    measure: Measure, staged: Callable[[], list[dict[str, Any]]]
) -> None:
    measure.error = NotAvailableError("Memory cannot be observed here.")
    benchmark = Footprint()
    for method in (benchmark.track_rss, benchmark.track_left):
        assert math.isnan(method("threads", "none", 1))
    assert len(measure.runs) == 1
    assert [(each["kind"], each["reason"]) for each in staged()] == [
        ("skip", "Memory cannot be observed here.")
    ]


def test_a_metric_of_too_few_samples_is_skipped_with_that_reason(
    measure: Measure, monkeypatch: pytest.MonkeyPatch, staged: Callable[[], list[dict[str, Any]]]
) -> None:
    assert not measure.runs
    lacking = replace(_measurement(1.0), notes={"lacks": {"cpu": "300 are too few"}})
    monkeypatch.setattr(asv_benchmark, "measure", lambda *_args, **_request: lacking)
    Lifecycle().track_round(*CELL)
    [_cell, skip] = staged()
    assert (skip["kind"], skip["metric"], skip["reason"]) == ("skip", "cpu", "300 are too few")


def test_the_record_of_a_cell_has_everything_but_the_samples(
    measure: Measure, staged: Callable[[], list[dict[str, Any]]]
) -> None:
    Lifecycle().track_round(*CELL)
    [record] = staged()
    assert record == {
        "kind": "cell",
        "group": "lifecycle.Lifecycle",
        "version": Lifecycle.version,
        "params": {"mode": "threads", "workers": "1", "task": "empty"},
        "profile": "smoke",
        "started_at": "2026-11-21T02:00:00Z",
        "elapsed": 0.5,
        "build": {"version": "3.14.2"},
        "machine": {"cpu": "x"},
        "gil": [True, True],
        "invariants": {"checksum": "all right"},
        "samples": {"round": 2, "cpu": 2},
        "load": [0.1, 0.2],
        "notes": {"rounds": 2},
        "effort": {"cpu_seconds": 0.25},
        "interference": {"marked": False},
        "speed": {"stick": "1-3.11", "seconds": 0.002},
        "doubts": {},
        "pinned": "one thread per core",
    }


def test_without_an_asv_process_nothing_is_staged(
    measure: Measure, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv(asv_benchmark.RECORDS)
    Lifecycle().track_round(*CELL)
    assert not (tmp_path / "staged.jsonl").exists()


@pytest.mark.parametrize("benchmark", [Lifecycle, Footprint])
def test_cells_are_counted_as_asv_counts_them(
    measure: Measure, tmp_path: Path, benchmark: type[Lifecycle | Footprint]
) -> None:
    for number, cell in enumerate(itertools.product(*benchmark.params)):
        file = benchmark()._file(cell)
        file.keep("probe", {"metrics": {}})
        assert (tmp_path / f"cell-{benchmark.group()}-{number}.json").exists()


def test_a_file_is_there_as_a_whole_or_not_at_all(tmp_path: Path) -> None:
    file = CellFile(tmp_path, "group", 3)
    assert file.take("round") is None
    file.keep("round", {"metrics": {"round": [1.0], "cpu": [2.0]}})
    file.keep("round", {"metrics": {"round": [1.0], "cpu": [2.0]}})
    assert [path.name for path in tmp_path.iterdir()] == ["cell-group-3.json"]
    assert file.take("round") is None
    kept = file.take("cpu")
    assert kept is not None
    assert in_asv_form(kept, "cpu")["samples"] == [2.0]
    assert file.take("cpu") is None

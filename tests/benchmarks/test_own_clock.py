"""Benchmarks on asv's own clock: what stands behind their figures is on record too."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from benchmarks.lifecycle import ThreadClock
from ftbench.errors import WorkerFailedError
from ftbench.probe.run import asv_benchmark


@pytest.fixture(autouse=True)
def anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asv_benchmark, "_own_clock_recorded", False)


def test_the_figure_has_its_record(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "staged.jsonl"
    monkeypatch.setenv(asv_benchmark.RECORDS, str(path))
    monkeypatch.setattr(threading, "active_count", lambda: 1)
    ThreadClock().time_start_join()
    for _ in range(2):  # asv calls it once per sample
        ThreadClock().teardown()
    (record,) = map(json.loads, path.read_text("utf-8").splitlines())
    assert (record["group"], record["params"]) == ("lifecycle.ThreadClock", {})
    assert record["build"]["version"]
    assert record["machine"]["cores"]


def test_a_thread_that_stays_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading, "active_count", lambda: 3)
    with pytest.raises(WorkerFailedError, match="2 threads were left behind"):
        ThreadClock().teardown()

"""The modes of engines, for real where the engine is there: what is measured, and what stays."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from probing import environment, eventually, lives
from with_engines import build_with

from ftbench.errors import NotAvailableError
from ftbench.experiments.harness import environment_folder, probe
from ftbench.facts.modes import ENGINE_MODES, TASK_ENGINES, Mode, mode_named
from ftbench.probe.run.document import Measurement
from ftbench.probe.run.outcome import LACKS
from ftbench.probe.scenarios.data import DATA
from ftbench.probe.scenarios.failure import FAILURE
from ftbench.probe.workers import engines, spark
from ftbench.probe.workers.shared_state import CHANNELS
from ftbench.pythons import Interpreter, venvs

BOTH = pytest.mark.parametrize("build", ["gil", "ft"])
POOLS = [(name, pool) for name in ENGINE_MODES for pool in mode_named(name).pools]


def measured(scenario: str, mode: Mode, *, free_threaded: bool, **params: int | str) -> Measurement:
    assert mode.engine
    return probe(
        build_with(mode.engine, free_threaded=free_threaded),
        scenario,
        mode=mode.name,
        params={"workers": 2, **params} if scenario != "data" else params,
        profile="smoke",
        gil=not free_threaded,
        deadline=120,
    )


@BOTH
@pytest.mark.parametrize(("mode", "pool"), POOLS)
def test_a_pool_of_an_engine_lives_from_its_making_to_its_end(
    mode: str, pool: str, build: str
) -> None:
    """Nobody fills a pool of fewer workers than were asked for, nor is a wrong result kept."""
    chosen = mode_named(mode)
    found = measured("pools", chosen, free_threaded=build == "ft", pool=pool)
    assert found.notes["engine"].startswith(f"{chosen.engine} ")
    assert found.gil.after is (build == "gil")
    assert "first_cold" in found.metrics


def test_of_an_engine_without_wheels_for_a_build_a_cell_says_so() -> None:
    lacking = build_with("joblib", free_threaded=True)  # any such build
    with pytest.raises(NotAvailableError, match="no wheels for free-threaded builds"):
        probe(lacking, "pools", mode="ray", params={"workers": 2}, profile="smoke", gil=False)


def test_a_pool_of_mpire_is_not_asked_what_it_never_answers() -> None:
    reason = FAILURE.why_not(mode_named("mpire"), FAILURE.parse({"pool": "multiprocessing"}))
    assert "runs no task after that" in str(reason)


def test_of_spark_there_are_no_maps_and_it_says_so() -> None:
    found = measured("pools", mode_named("spark"), free_threaded=True, pool="spark")
    assert {"map_1", "map_64"}.isdisjoint(found.metrics)
    assert found.notes[LACKS].keys() == {"map_1", "map_64"}
    assert {"first_cold", "cold", "full", "dispatch", "shutdown"} <= found.metrics.keys()


@pytest.mark.parametrize(
    ("java", "says"),
    [
        (None, "there is none"),
        ('openjdk version "11.0.2" 2019-01-15', "version .11.0.2. 2019"),
        ("the image is damaged", "the image is damaged"),
        ('java version "25" 2025-09-16 LTS', None),
    ],
)
def test_spark_asks_for_java(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, java: str | None, says: str | None
) -> None:
    monkeypatch.setattr(engines, "unavailable", lambda _mode: None)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    if java:
        program = tmp_path / "bin" / "java"
        program.parent.mkdir()
        program.write_text(f"#!/bin/sh\necho '{java}' >&2\n", encoding="utf-8")
        program.chmod(0o755)
    reason = spark.WORKERS.unavailable(mode_named("spark"))
    if says is None:
        assert reason is None
    else:
        assert reason
        assert re.search(f"needs Java 17 or newer.*{says}", reason)


@pytest.mark.parametrize("scenario", ["grain", "failure", "crossover"])
def test_tasks_of_dask_are_measured_where_others_are(scenario: str) -> None:
    found = measured(scenario, mode_named("dask"), free_threaded=True)
    assert found.notes["engine"].startswith("dask ")
    assert found.metrics


@pytest.mark.parametrize("mode", [mode for mode in TASK_ENGINES if "dask" in mode])
@pytest.mark.parametrize("kind", ["bytes", "object"])
def test_what_an_engine_is_handed_comes_back_as_it_was(mode: str, kind: str) -> None:
    found = measured("data", mode_named(mode), free_threaded=True, channel="task", kind=kind)
    assert found.notes["engine"].startswith("dask ")
    assert {"trip_1kib", "trip_64kib", "trip_1mib", "trip_16mib"} <= found.metrics.keys()
    assert found.invariants[0].name == "checksum"


def test_an_engine_has_no_channel_between_workers_and_the_cell_says_so() -> None:
    for mode in map(mode_named, TASK_ENGINES):
        for channel in CHANNELS:
            assert "with tasks alone" in str(DATA.why_not(mode, DATA.parse({"channel": channel})))
    assert "is measured in" in str(DATA.why_not(mode_named("spark"), DATA.parse({})))


def test_a_scheduler_without_futures_has_its_grain_by_its_own_pool() -> None:
    assert measured("grain", mode_named("dask-threads"), free_threaded=True).metrics


# -- whoever ends it, and however


def _words(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="t") as made:  # a short one: sockets lie in it
        yield Path(made)


def tree_of(
    interpreter: Interpreter, mode: str, folder: Path, worker: str
) -> tuple[subprocess.Popen[bytes], list[psutil.Process]]:
    """Start a cell of pools; return its supervisor and its tree once both workers are there."""
    python = venvs.ready(environment_folder(interpreter), interpreter)
    pool = mode_named(mode).pools[0]
    words = ["--mode", mode, "--set", f"pool={pool}", "--workers", "2", "--profile", "rounds=100"]
    supervisor = subprocess.Popen(
        [python, "-m", "ftbench.probe", "pools", *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**environment({"TMPDIR": str(folder), "HOME": str(folder)}), "PYTHONPATH": ""},
        start_new_session=True,
    )
    root = psutil.Process(supervisor.pid)
    tree: list[psutil.Process] = []

    def whole() -> bool:
        tree[:] = [root, *root.children(recursive=True)]
        return sum(worker in _words(each) for each in tree) >= 2

    eventually(whole, "both workers are there", seconds=60)
    return supervisor, tree


@pytest.mark.parametrize("end", ["supervisor", "cell"])
@pytest.mark.parametrize(
    ("mode", "build", "worker"),
    [("dask", "ft", "spawn_main"), ("ray", "gil", "ray::"), ("spark", "ft", "pyspark.daemon")],
)
def test_all_that_an_engine_has_started_ends_with_who_is_killed(
    folder: Path, mode: str, build: str, worker: str, end: str
) -> None:
    engine = mode_named(mode).engine
    assert engine
    interpreter = build_with(engine, free_threaded=build == "ft")
    supervisor, tree = tree_of(interpreter, mode, folder, worker)
    guard = next(each for each in tree if "ftbench.probe.run.guard" in _words(each))
    tree += guard.children(recursive=True)
    (supervisor if end == "supervisor" else guard.children()[0]).kill()
    supervisor.wait(60)
    eventually(lambda: not any(map(lives, tree)), "the whole tree is gone", seconds=20)
    eventually(lambda: not list(folder.iterdir()), "nothing is left in the user's folders")

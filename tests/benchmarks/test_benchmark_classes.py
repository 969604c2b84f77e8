"""The benchmark classes fit their scenarios, and are the same on every machine."""

from __future__ import annotations

import gc
import json
import math
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from asv_runner.discovery import disc_benchmarks
from probing import ROOT, environment

from benchmarks import (
    cpu_scaling,
    crossover,
    data,
    footprint,
    io,
    lifecycle,
    pools,
    sharded_writers,
    shared_set,
)
from ftbench.errors import WorkerFailedError
from ftbench.experiments import suite
from ftbench.facts.modes import POOL_TABLE, mode_named
from ftbench.facts.profiles import PROFILES
from ftbench.probe.entry_points import PREPARE, RUN
from ftbench.probe.run import asv_benchmark
from ftbench.probe.run.asv_benchmark import ScenarioBenchmark, Witness
from ftbench.probe.run.measure import DEADLINE_SECONDS
from ftbench.probe.scenarios.base import NAMES, scenario_named
from ftbench.probe.scenarios.scaling import Block, Report, Turn, metrics
from ftbench.probe.scenarios.shared_set import WARM, as_round
from ftbench.probe.workers.base import Team
from ftbench.probe.workloads.kernels import KERNELS
from ftbench.site import method_tables

Benchmark = type[ScenarioBenchmark]
EVERY = tuple(suite.classes(ROOT))
EVERY_CLASS = pytest.mark.parametrize("benchmark", EVERY, ids=lambda each: each.__name__)


def test_every_scenario_has_a_class() -> None:
    assert {each.scenario for each in EVERY} == set(NAMES)


@EVERY_CLASS
def test_what_a_scenario_tracks_has_a_method_with_its_unit_and_its_words(
    benchmark: Benchmark, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(benchmark, "cost_of", lambda _self, metric, *cell: (metric, cell))
    tracked = {
        f"track_{e.name}": e for e in scenario_named(benchmark.scenario).metrics if e.tracked
    }
    assert {name for name in dir(benchmark) if name.startswith("track_")} == tracked.keys()
    cell = tuple(ladder[0] for ladder in benchmark.params)
    for name, spec in tracked.items():
        method = getattr(benchmark, name)
        assert method(benchmark(), *cell) == (spec.name, cell)
        assert (method.unit, method.better, method.__name__) == (spec.unit, "lower", name)
        assert method.__doc__ == spec.says


def test_asv_keeps_as_code_what_a_benchmark_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """The site reads it there."""
    monkeypatch.chdir(ROOT)
    found = {each.name: each for each in disc_benchmarks(str(ROOT / "benchmarks"))}
    one = found["grain.Grain.track_idle_1ms"]
    assert (one.unit, one.version) == ("ratio", scenario_named("grain").version)
    # Memory of which the harness bore a part is never compared with what a cell weighs alone.
    by_asv = {name: found[f"shared_set.SharedSet.track_{name}"].version for name in ("op", "pss")}
    version = scenario_named("shared_set").version
    assert by_asv == {"op": version, "pss": f"{version}.1"}
    source = 'def track_idle_1ms(self, *cell):\n        """Idle share of the workers'
    assert source in one.code


@EVERY_CLASS
def test_the_cells_are_those_of_the_modes_that_the_class_names(benchmark: Benchmark) -> None:
    cells = list(benchmark.cells())
    others = math.prod(len(values) for _, values in benchmark.ladders)
    assert Counter(mode.name for _, mode, _ in cells) == dict.fromkeys(benchmark.modes, others)
    for values, mode, params in cells:
        named = dict(zip(benchmark.param_names, values, strict=True))
        assert named.pop("mode") == mode.kind
        assert named.pop("start_method", "none") == (mode.start_method or "none")
        assert named == params


@EVERY_CLASS
def test_there_is_a_start_method_where_a_mode_has_one(benchmark: Benchmark) -> None:
    has_one = any(mode_named(name).start_method for name in benchmark.modes)
    assert ("start_method" in benchmark.param_names) is has_one


def test_a_combination_that_is_no_mode_is_skipped_without_a_record(
    records: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NotImplementedError, match="threads with the start method fork is no mode"):
        lifecycle.Lifecycle().setup("threads", "fork", 1, "empty")
    assert not records.exists()
    assert list(tmp_path.iterdir()) == []


EVERY_ARM = {"lifecycle", "footprint", "crossover"}


@EVERY_CLASS
def test_with_its_gil_a_free_threaded_build_skips_what_another_arm_stands_for(
    benchmark: Benchmark, records: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(asv_benchmark, "unavailable", lambda _: None)
    reasons = {}
    for free_threaded, gil in ((0, True), (1, False), (1, True)):
        monkeypatch.setattr(
            asv_benchmark,
            "sysconfig",
            SimpleNamespace(get_config_var={"Py_GIL_DISABLED": free_threaded}.get),
        )
        monkeypatch.setattr(asv_benchmark, "gil_enabled", lambda gil=gil: gil)
        for values, mode, params in benchmark.cells():
            if benchmark.why_not(mode, params):
                continue
            try:
                benchmark().setup(*values)
            except NotImplementedError as error:
                assert (free_threaded, gil) == (1, True)
                reasons[mode.name] = str(error)
    has = (mode for _, mode, params in benchmark.cells() if not benchmark.why_not(mode, params))
    ours = {mode.name for mode in has if mode.own_gil}
    left = set() if benchmark.scenario in EVERY_ARM else ours
    assert reasons.keys() == ({"threads"} if benchmark.scenario == "must_scale" else left)
    assert all("stands for this" in reason for reason in reasons.values())
    told = [] if not reasons else records.read_text("utf-8").splitlines()
    assert {json.loads(each)["reason"] for each in told} == set(reasons.values())


@EVERY_CLASS
def test_the_version_is_that_of_the_workload(benchmark: Benchmark) -> None:
    assert benchmark.version == scenario_named(benchmark.scenario).version


@EVERY_CLASS
def test_asvs_own_time_out_is_the_last_one(benchmark: Benchmark) -> None:
    assert benchmark.timeout > DEADLINE_SECONDS + 20


@EVERY_CLASS
def test_every_step_of_a_ladder_is_one_that_the_scenario_takes(benchmark: Benchmark) -> None:
    scenario = scenario_named(benchmark.scenario)
    assert set(benchmark.modes) <= set(scenario.modes)
    for name, ladder in benchmark.ladders:
        assert [scenario.params[name].parse(name, value) for value in ladder] == list(ladder)


def measured(benchmark: Benchmark, param: str) -> set[tuple[str, str | int]]:
    """Return mode and parameter of the cells that there are."""
    scenario = scenario_named(benchmark.scenario)
    cells = ((mode, scenario.parse(params)) for _, mode, params in benchmark.cells())
    return {(m.name, found[param]) for m, found in cells if scenario.why_not(m, found) is None}


def test_a_plain_loop_is_one_worker_and_nothing_else_is() -> None:
    cells = measured(crossover.Crossover, "workers")
    assert {workers for mode, workers in cells if mode == "serial"} == {1}
    assert {workers for mode, workers in cells if mode != "serial"} == {2, 8}


def test_pools_has_every_pool_of_the_table() -> None:
    every = {(mode, kind.name) for kind in POOL_TABLE.values() for mode in kind.modes}
    assert measured(pools.Pools, "pool") == every


def test_the_ladders_are_these() -> None:
    modes = (
        ("threads", "processes", "interpreters"),
        ("none", "fork", "forkserver", "spawn"),
    )
    assert lifecycle.Lifecycle.params == (*modes, (1, 8), ("empty", "article"))
    assert footprint.Footprint.params == (*modes, (1, 2, 4, 8))
    assert footprint.Peak.params == (("threads",), (8,))


_ON_ANOTHER_MACHINE = """
import json, os, sys
from pathlib import Path
os.cpu_count = lambda: 64
os.sched_getaffinity = lambda _pid: set(range(64))
from ftbench.experiments import suite
every = suite.classes(Path.cwd())
json.dump([[each.group(), each.params, each.version] for each in every], sys.stdout)
"""


@pytest.mark.parametrize("profile", PROFILES)
def test_neither_machine_nor_profile_changes_names_params_or_versions(profile: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _ON_ANOTHER_MACHINE],
        capture_output=True,
        check=True,
        cwd=ROOT,
        env=environment({"FTBENCH_PROFILE": profile}),
        timeout=60,
    )
    here = [[each.group(), each.params, each.version] for each in EVERY]
    assert json.loads(done.stdout) == json.loads(json.dumps(here))


def test_the_base_class_is_no_benchmark() -> None:
    """asv finds it in both modules, and would run what it finds there twice."""
    prefixes = ("track_", "time_", "timeraw_", "mem_", "peakmem_")
    assert not [name for name in vars(ScenarioBenchmark) if name.startswith(prefixes)]


def test_a_timed_start_has_its_garbage_collector() -> None:
    gc.disable()
    try:
        lifecycle.ThreadClock().time_start_join()
        assert gc.isenabled()
    finally:
        gc.enable()


WITNESSES = (
    cpu_scaling.TeamClock,
    footprint.Peak,
    lifecycle.RoundClock,
    pools.ColdClock,
    shared_set.Peak,
    shared_set.RoundClock,
)


def cell_of(witness: type[Witness], mode: str) -> tuple[str | int, ...]:
    """A cell of this mode."""
    own = len(witness.ladders)
    named = mode_named(mode).params[: len(witness.params) - own]
    return (*named, *(ladder[0] for ladder in witness.params[-own:]))


@pytest.mark.parametrize(
    ("witness", "mode"),
    [(witness, mode) for witness in WITNESSES for mode in witness.modes],
    ids=str,
)
def test_a_witness_does_what_the_probe_does_and_records_it_once(
    witness: type[Witness], mode: str, records: Path
) -> None:
    before = threading.enumerate()
    cell = cell_of(witness, mode)
    one = witness()
    for _ in range(2):
        one.setup(*cell)
        [measured] = [name for name in dir(one) if name.startswith(("time_", "peakmem_"))]
        getattr(one, measured)(*cell)
        one.teardown(*cell)
    assert set(threading.enumerate()) <= set(before)
    [line] = records.read_text("utf-8").splitlines()
    record = json.loads(line)
    group = f"{witness.__module__.rpartition('.')[2]}.{witness.__name__}"
    assert (record["kind"], record["group"]) == ("cell", group)
    assert record["params"]["mode"] == mode
    assert record["params"].keys() == {"mode", *dict(witness.ladders)}
    assert f"{group}.{measured}" in {each.asv for each in method_tables.WITNESSES}


def test_a_witness_says_why_a_mode_is_skipped(
    records: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asv_benchmark, "unavailable", lambda _: "no fork here")
    cell = cell_of(lifecycle.RoundClock, "processes-fork")
    with pytest.raises(NotImplementedError, match="no fork here"):
        lifecycle.RoundClock().setup(*cell)
    [record] = map(json.loads, records.read_text("utf-8").splitlines())
    assert (record["kind"], record["reason"]) == ("skip", "no fork here")
    assert (record["group"], record["params"]["mode"]) == ("lifecycle.RoundClock", "processes-fork")


def _witness(asv: str) -> method_tables.Witness:
    [found] = [each for each in method_tables.WITNESSES if each.asv == asv]
    return found


def test_a_round_by_asvs_clock_is_as_many_units_as_the_witness_is_told(records: Path) -> None:
    """Of one and the same round the probe's figure is the time over the units of all."""
    one, cell = cpu_scaling.TeamClock(), cell_of(cpu_scaling.TeamClock, "threads")
    one.setup(*cell)
    one.time_round(*cell)
    turn = Turn(tuple(Report(*report) for report in one.done.reports))
    one.teardown(*cell)
    units = turn.reports[0].checksum // KERNELS["sum_of_squares"][1]
    pairs = {name: [(turn, turn)] for name in ("relative_1", "relative_2")}
    unit = metrics([Block(pairs, {})], (1, 2), units)["unit_2"].samples[0]
    factor = _witness("cpu_scaling.TeamClock.time_round").times("threads")
    assert unit * factor == pytest.approx(turn.seconds())
    assert records.exists()


@pytest.mark.parametrize("mode", shared_set.RoundClock.modes)
def test_asvs_clock_of_a_set_is_of_insertions_alone_into_an_empty_one(
    mode: str, records: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[int] = []
    every = Team._all

    def heard(team: Team, word: int) -> tuple[list[Any], float]:
        told.append(word)
        return every(team, word)

    monkeypatch.setattr(Team, "_all", heard)
    one, cell = shared_set.RoundClock(), cell_of(shared_set.RoundClock, mode)
    one.setup(*cell)
    ahead = len(told)
    one.time_round(*cell)
    done = as_round(one.done)
    one.teardown(*cell)
    assert (told[ahead - 1 : ahead], told[ahead:]) == ([PREPARE], [RUN])
    assert told[:ahead].count(RUN) == (WARM if mode == "threads" else 0)
    factor = _witness("shared_set.RoundClock.time_round").times(mode)
    assert done.operations == factor
    assert done.inserts > factor / 2
    assert records.exists()


def test_a_combination_that_is_no_mode_has_no_witness() -> None:
    with pytest.raises(NotImplementedError, match="threads with the start method fork is no mode"):
        lifecycle.RoundClock().setup("threads", "fork", 8, "empty")


@pytest.fixture
def records(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Where records are staged; nothing has been recorded in this process yet."""
    path = tmp_path / "staged.jsonl"
    monkeypatch.setenv(asv_benchmark.RECORDS, str(path))
    monkeypatch.setattr(asv_benchmark, "_own_clock_recorded", False)
    monkeypatch.setattr(threading, "active_count", lambda: 1)
    return path


def test_a_figure_of_asvs_own_clock_is_recorded_once(records: Path) -> None:
    benchmark = lifecycle.ThreadClock()
    benchmark.teardown()
    benchmark.teardown()
    [line] = records.read_text("utf-8").splitlines()
    record = json.loads(line)
    assert (record["kind"], record["group"]) == ("cell", "lifecycle.ThreadClock")
    assert record["build"]["version"]
    assert record["gil"][0] == record["gil"][1]


def test_a_thread_that_stays_behind_fails_the_benchmark(
    records: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threading, "active_count", lambda: 3)
    with pytest.raises(WorkerFailedError, match="2 threads were left behind"):
        lifecycle.ThreadClock().teardown()
    assert not records.exists()


@pytest.mark.parametrize(
    ("group", "mode", "left_out", "stands"),
    [
        (
            cpu_scaling.CpuScaling,
            "processes-spawn",
            {"kernel": "lcg"},
            {"kernel": "sum_of_squares"},
        ),
        (
            sharded_writers.ShardedWriters,
            "processes-spawn",
            {"writers": 2, "window": 64},
            {"writers": 2, "window": 1},
        ),
        (
            sharded_writers.ShardedWriters,
            "threads",
            {"writers": 4, "window": 1},
            {"writers": 8, "window": 1},
        ),
        (
            cpu_scaling.CpuScaling,
            "interpreters",
            {"kernel": "lcg"},
            {"kernel": "objects"},
        ),
        (
            io.Io,
            "asyncio",
            {"delay": 1, "under_way": 512},
            {"delay": 20, "under_way": 512},
        ),
        (
            lifecycle.Lifecycle,
            "processes-fork",
            {"workers": 1, "task": "article"},
            {"workers": 8, "task": "article"},
        ),
        (
            data.Data,
            "processes-spawn",
            {"channel": "pipe", "kind": "object"},
            {"channel": "queue", "kind": "object"},
        ),
        (
            shared_set.SharedSet,
            "processes-spawn",
            {"strategy": "striped", "fill": "cold"},
            {"strategy": "striped", "fill": "grown"},
        ),
        (
            data.Data,
            "threads",
            {"channel": "queue", "kind": "object"},
            {"channel": "queue", "kind": "bytes"},
        ),
    ],
)
def test_a_cell_that_another_stands_for_is_left_to_the_probe(
    group: Benchmark,
    mode: str,
    left_out: dict[str, str | int],
    stands: dict[str, str | int],
) -> None:
    scenario, named = scenario_named(group.scenario), mode_named(mode)
    assert group.why_not(named, left_out)
    assert scenario.why_not(named, scenario.parse(left_out)) is None
    assert group.why_not(named, stands) is None
    ours = [cell for cell in suite.cells(ROOT) if cell.group == group.group() and cell.mode == mode]
    assert left_out not in [cell.params for cell in ours]
    assert stands in [cell.params for cell in ours]

"""Made-up results: small trees by hand, and folders that can be judged or have the older layout."""

from __future__ import annotations

import hashlib
import itertools
import json
import math
import random
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import synthetic
from synthetic import Plan

from ftbench.facts.arms import USUAL_ARMS, Arm, arm_named
from ftbench.facts.modes import mode_of
from ftbench.releases import Release
from ftbench.results import Figure, Machine, ResultFile, ResultTree, State, read_results
from ftbench.results.figure import Environment, SeriesKey, Start
from ftbench.results.noise import NoiseFile
from ftbench.results.records import NOISE, NoiseCell

HOSTILE = "<img src=x onerror=alert(1)></script>\u2028 \"'&{{7*7}}"
RELEASES = ("3.13.5", "3.13.15", "3.14.2")
_ROUND = ("lifecycle.Lifecycle.track_round", "seconds", 0.004)
_SCALE = ("must_scale.MustScale.track_relative_2", "ratio", 1.25)
_CPU = ("cpu_scaling.CpuScaling.track_relative_2", "ratio", 1.0)
_KERNEL = ("single_thread.SingleThread.track_kernel", "seconds", 2e-4)
SERIES: Sequence[tuple[tuple[str, str, float], Mapping[str, str]]] = (
    (_ROUND, {"mode": "threads", "workers": "8"}),
    (_ROUND, {"mode": "interpreters", "workers": "8"}),
    (_ROUND, {"mode": "processes-fork", "workers": "8"}),
    (_SCALE, {"mode": "threads", "pattern": "function_calls"}),
    (_SCALE, {"mode": "threads", "pattern": "shared_deque"}),
    (_CPU, {"mode": "threads", "kernel": "sum_of_squares"}),
    (_CPU, {"mode": "threads", "kernel": "words"}),
    (_KERNEL, {"mode": "serial", "kernel": "calls"}),
    (_KERNEL, {"mode": "serial", "kernel": "floats"}),
)
_TAXES = {"gil": 1.0, "ft": 1.2, "ft-gil1": 1.1}


def tree(
    releases: Sequence[str] = RELEASES,
    *,
    machine: str = "quiet-vm",
    profile: str = "full",
    arms: Sequence[Arm] = USUAL_ARMS,
    series: Sequence[tuple[tuple[str, str, float], Mapping[str, str]]] = SERIES,
) -> ResultTree:
    """Return the results of one machine."""
    parsed = [Release.parse(release) for release in releases]
    places = [(release, arm) for release in parsed for arm in arms]
    return ResultTree(
        figures=tuple(
            _figure(each, params, release, arm, (machine, profile))
            for release, arm in places
            for each, params in series
        ),
        sources=tuple(_source(release, arm, machine, profile) for release, arm in places),
        machines=(Machine(name=machine, os="Linux", arch="x86_64", cpu="EPYC", num_cpu="2"),),
    )


def joined(*trees: ResultTree) -> ResultTree:
    """Return all results of several trees."""
    return ResultTree(
        figures=tuple(figure for each in trees for figure in each.figures),
        sources=tuple(source for each in trees for source in each.sources),
        machines=tuple(machine for each in trees for machine in each.machines),
        warnings=tuple(warning for each in trees for warning in each.warnings),
    )


def hostile() -> ResultTree:
    """Return results whose every text is one that would like to be a script."""
    return tree(
        RELEASES[:2],
        machine=HOSTILE,
        profile=HOSTILE,
        series=[((f"{HOSTILE}.{HOSTILE}.track_{HOSTILE}", HOSTILE, 1.0), {HOSTILE: HOSTILE})],
    )


def _figure(
    of: tuple[str, str, float],
    params: Mapping[str, str],
    release: Release,
    arm: Arm,
    place: tuple[str, str],
) -> Figure:
    benchmark, unit, middle = of
    state, reason = State.MEASURED, ""
    if params.get("mode") == "interpreters" and release.minor == 13:
        state, reason = State.SKIPPED, "subinterpreters are new in CPython 3.14"
    elif params.get("mode") == "processes-fork" and arm.name == "ft-gil1":
        state, reason = State.FAILED, "WorkerFailedError: Worker 3 ended."
    processes = tuple(_processes(f"{params}{release}{arm.name}", middle * _TAXES[arm.name]))
    measured = state is State.MEASURED
    samples = tuple(sample for process in processes for sample in process)
    return Figure(
        environment=Environment(
            machine=place[0], arm=arm, flavour="source-gcc12", profile=place[1]
        ),
        release=release,
        series=SeriesKey(benchmark=benchmark, params=params),
        unit=unit,
        state=state,
        median=samples[len(samples) // 2] if measured else None,
        samples=samples if measured else (),
        processes=processes if measured else (),
        reason=reason or ("" if measured else HOSTILE),
        runs=frozenset({"run-1"}),
        interference=HOSTILE if params.get("kernel") == "words" and measured else "",
        effort={"cpu_seconds": 1.0},
        graph=f"index.html#{benchmark.partition('<')[0]}?machine=m&python={arm.python}"
        f"&p-mode=%27{arm.name}%27&p-other=x&commits={release.commit_id}",
    )


def _processes(name: str, middle: float) -> Iterator[tuple[float, ...]]:
    """Yield two processes of three samples, all a little apart, by the hash of `name`."""
    digest = hashlib.sha256(name.encode()).digest()
    shift = 1 + (digest[0] - 128) / 1280
    for number in range(2):
        yield tuple(
            float(f"{middle * shift * (1 + digest[1 + number * 3 + each] / 25600):.7g}")
            for each in range(3)
        )


def _source(release: Release, arm: Arm, machine: str, profile: str) -> ResultFile:
    build = {
        "version": release.name,
        "free_threaded": arm.free_threaded,
        "pgo": False,
        "lto": False,
        "compiler": HOSTILE if machine == HOSTILE else "GCC 12.2.0",
    }
    return ResultFile(
        path=Path(f"{release.commit_id}-{arm.name}.json"),
        environment=Environment(machine=machine, arm=arm, flavour="source-gcc12", profile=profile),
        release=release,
        builds=(build,),
        machines=({"cores": 2, "system": "Linux", "kernel": "6.1.0"},),
        gil=frozenset({arm.gil}),
        starts=(Start(run="run-1", at=datetime(2026, 11, 20, tzinfo=UTC), load=0.1),),
    )


ROUND = "lifecycle.Lifecycle.track_round"
_EFFORT = {"cpu_seconds": 0.5, "voluntary_switches": 120, "minor_faults": 900}


def write_project(
    folder: Path,
    *plans: Plan,
    only: str | tuple[str, ...] = "e.track_round",
    noise: bool = True,
) -> Path:
    """Write a folder that `ftbench compare` and `ftbench report` work in; return its results."""
    results = folder / "results"
    synthetic.write_tree(results, *plans, only=only)
    (folder / "asv.conf.json").write_text("{}", encoding="utf-8")
    if noise:
        write_noise(results)
    return results


def write_noise(results: Path) -> None:
    """Write an A/A run of every measured series of a results folder, beside its result file."""
    tree = read_results(results)
    for source in tree.sources:
        cells = tuple(
            _noise(figure.benchmark, figure.params)
            for figure in tree.figures
            if figure.median is not None and figure.key == source.key
        )
        noise = NoiseFile(environment=source.environment, release=source.release, cells=cells)
        NOISE.beside(source.path).write_text(noise.text(), encoding="utf-8")


def _noise(benchmark: str, params: Mapping[str, str]) -> NoiseCell:
    group, _, method = benchmark.rpartition(".")
    chance = random.Random(f"{benchmark} {params}")  # noqa: S311 - made-up data
    return NoiseCell(
        group=group,
        params=dict(params),
        order="ABBAABBA",
        started_at="2026-11-20T12:00:00Z",
        load=0.1,
        build="a",
        machine="b",
        units={},
        medians={
            method.removeprefix("track_"): tuple(math.exp(chance.gauss(0, 0.01)) for _ in range(8))
        },
    )


def result_file(results: Path, release: str, arm: str) -> Path:
    """Return asv's file of one release on one arm."""
    known = arm_named(arm)
    (path,) = (
        source.path
        for source in read_results(results).sources
        if source.release == Release.parse(release) and source.arm == known
    )
    return path


def slow_down(path: Path, factor: float, *, benchmark: str = ROUND, cells: int = 1) -> None:
    """Make the first measured `cells` of a benchmark dearer, in asv's file at `path`."""
    document = json.loads(path.read_text("utf-8"))
    columns = dict(enumerate(document["result_columns"]))
    names = {name: number for number, name in columns.items()}
    row = document["results"][benchmark]
    values, samples = row[names["result"]], row[names["samples"]]
    measured = [number for number, taken in enumerate(samples) if taken]
    for number in measured[:cells]:
        values[number] *= factor
        samples[number] = [sample * factor for sample in samples[number]]
    path.write_text(json.dumps(document), encoding="utf-8")


def forget(path: Path, benchmark: str) -> None:
    """Take a benchmark out of asv's file at `path`, as if it had not been run."""
    document = json.loads(path.read_text("utf-8"))
    del document["results"][benchmark]
    path.write_text(json.dumps(document), encoding="utf-8")


def edit_records(path: Path, kind: str, **fields: Any) -> None:
    """Give each record of a kind beside asv's file at `path` these fields."""
    beside = path.with_name(f"{path.stem}.records.jsonl")
    records = list(map(json.loads, beside.read_text("utf-8").splitlines()))
    text = "".join(
        f"{json.dumps(record | fields if record['kind'] == kind else record)}\n"
        for record in records
    )
    beside.write_text(text, encoding="utf-8", newline="\n")


def count_effort(path: Path, factor: float) -> None:
    """Let every cell have an effort, `factor` times the usual one."""
    edit_records(path, "cell", effort={kind: each * factor for kind, each in _EFFORT.items()})


def arms(*names: str) -> tuple[Arm, ...]:
    """Return arms by name."""
    return tuple(map(arm_named, names))


def make_older(folder: Path) -> None:
    """Rewrite every file of a results folder as it was before `start_method` was a parameter."""
    listed = json.loads((folder / "benchmarks.json").read_text(encoding="utf-8"))
    for each in listed.values():
        if isinstance(each, dict) and "start_method" in each["param_names"]:
            each["param_names"].remove("start_method")
            each["params"] = older_ladders(each["params"])
    text = json.dumps(listed, indent=4, sort_keys=True)
    (folder / "benchmarks.json").write_text(text, encoding="utf-8")
    for path in result_files(folder):
        document = json.loads(path.read_text(encoding="utf-8"))
        for row in document["results"].values():
            if len(row[1]) > 1 and "'none'" in row[1][1]:
                row[1] = older_ladders(row[1])
        path.write_text(json.dumps(document), encoding="utf-8")


def older_ladders(ladders: Sequence[Sequence[str]]) -> list[list[str]]:
    """Return the values of a benchmark's parameters with a start method as part of the mode."""
    pairs = itertools.product(*([text.strip("'") for text in each] for each in ladders[:2]))
    modes = [mode_of(*pair) for pair in pairs]
    return [[repr(mode.name) for mode in modes if mode], *map(list, ladders[2:])]


def result_files(folder: Path) -> list[Path]:
    """Return the result files in a results folder."""
    return sorted(each for each in folder.glob("*/*.json") if each.name != "machine.json")

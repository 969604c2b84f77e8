"""A small tree of results, made by hand: of every kind of series that the release pages tell apart.

Nothing in it comes from the scenarios' own ladders, so that golden files of pages outlive them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from ftbench.facts.arms import ARMS, Arm
from ftbench.releases import Release
from ftbench.results import Figure, Machine, ResultFile, ResultTree, State
from ftbench.results.figure import Start
from ftbench.results.keys import Environment, SeriesKey

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
    (_CPU, {"mode": "threads", "kernel": "lcg"}),
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
    arms: Sequence[Arm] = ARMS,
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
        machines=({"cores": 2, "kernel": "6.1.0"},),
        gil=frozenset({arm.gil}),
        starts=(Start(run="run-1", at=datetime(2026, 11, 20, tzinfo=UTC), load=0.1),),
    )

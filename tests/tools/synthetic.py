"""Makes results folders as asv and our records would write them, without measuring anything.

Deterministic: the same arguments give the same bytes.  What changes from release to release, and
from process to process, is a `History`.  Run as a program it writes one folder:
`python tests/tools/synthetic.py FOLDER [RELEASE…]`.
"""

from __future__ import annotations

import itertools
import json
import math
import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from statistics import median
from typing import Any

from asv import util
from asv.benchmarks import Benchmarks
from asv.environment import get_env_name
from asv.machine import Machine
from asv.results import Results
from asv.runner import BenchmarkResult
from costs import (
    LIFECYCLE,
    SHARDED_WRITERS,
    SHARED_SET,
    asv_ladders,
    hole,
    lacks,
    ladders,
    middle,
    units,
)
from fake_histories import History, cells

from ftbench.facts.arms import USUAL_ARMS, Arm
from ftbench.facts.modes import EVERY_MODE, NO_START_METHOD, mode_named, mode_of
from ftbench.releases import Release
from ftbench.results import safe_loading
from ftbench.results.figure import Environment
from ftbench.results.noise import NoiseFile, write_noise_file
from ftbench.results.records import NOISE

__all__ = ["LIFECYCLE", "SHARDED_WRITERS", "SHARED_SET"]

_MODES = [mode.name for mode in EVERY_MODE]
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What to make; `spoil` tells by its group and parameters which cells fail beside the rest."""

    releases: Sequence[str] = ("3.13.5", "3.13.15", "3.14.2")
    arms: Sequence[Arm] = USUAL_ARMS
    machine: str = "quiet-vm"
    machine_fields: Mapping[str, str] = field(
        default_factory=lambda: {
            "os": "Linux 6.1.0",
            "arch": "x86_64",
            "cpu": "AMD EPYC 7B13",
            "num_cpu": "2",
            "ram": "8134568",
        }
    )
    flavour: str = "source-gcc12"
    profile: str = "full"
    run: str = "run-1"
    load: float = 0.12
    samples: int = 12
    seed: int = 1
    spoil: Callable[[str, Mapping[str, str]], bool] = lambda _group, _params: False
    history: History = field(default_factory=History)


def benchmarks() -> dict[str, dict[str, Any]]:
    """Return asv's list of our benchmarks, as discovery would."""
    listed = [
        _benchmark(f"{group}.{name}", unit, asv_ladders()[group])
        for group, metrics in units().items()
        for name, unit in metrics.items()
    ]
    return {each["name"]: each for each in listed}


def _benchmark(name: str, unit: str, params: Mapping[str, Sequence[object]]) -> dict[str, Any]:
    return {
        "name": name,
        "code": "",
        "param_names": list(params),
        "params": [[repr(value) for value in values] for values in params.values()],
        "timeout": 60.0,
        "type": "time" if ".time_" in name else "track",
        "unit": unit,
        "version": "1",
    }


def write_tree(folder: Path, *plans: Plan, only: str | tuple[str, ...] = "") -> None:
    """Write a results folder with the benchmarks and each plan's machine, results and records.

    `only` keeps the benchmarks whose names end so, or in one of several ways.
    """
    folder.mkdir(parents=True, exist_ok=True)
    listed = {name: each for name, each in benchmarks().items() if name.endswith(only)}
    util.write_json(str(folder / "benchmarks.json"), listed, Benchmarks.api_version)
    for plan in plans or (Plan(),):
        machine = {"machine": plan.machine, **plan.machine_fields}
        path = folder / plan.machine / "machine.json"
        util.write_json(str(path), machine, Machine.api_version)
        for release, arm in itertools.product(plan.releases, plan.arms):
            _write_file(folder, plan, Release.parse(release), arm, listed)


def _write_file(
    folder: Path, plan: Plan, release: Release, arm: Arm, listed: Mapping[str, Any]
) -> None:
    requirements = {"build": plan.flavour, "profile": plan.profile}
    variables = dict(arm.environment)
    tagged = {("nobuild", name): value for name, value in variables.items()}
    name = get_env_name("cpython", arm.python, requirements, tagged)
    params = {"machine": plan.machine, **plan.machine_fields, "python": arm.python, **requirements}
    results = Results(
        params, requirements, release.commit_id, date_of(release), arm.python, name, variables
    )
    for benchmark in listed.values():
        # By its name: another benchmark more changes no figure of this one.
        seed = f"{plan.seed} {release.commit_id} {name} {benchmark['name']}"
        chance = random.Random(seed)  # noqa: S311 - made-up data
        outcome = _outcome(benchmark, release, arm, plan, chance)
        results.add_result(
            benchmark, outcome, started_at=_started(plan), duration=1.0, record_samples=True
        )
    safe_loading.save_results(results, str(folder))
    stem = folder / results._filename.removesuffix(".json")
    lines = _records(plan, release, arm)
    stem.with_name(f"{stem.name}.records.jsonl").write_text(
        "".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8", newline="\n"
    )
    if plan.history.noise and release == max(map(Release.parse, plan.releases)):
        _write_noise(
            stem, plan, NoiseFile(environment=_environment(plan, arm), release=release), listed
        )


def _environment(plan: Plan, arm: Arm) -> Environment:
    return Environment(machine=plan.machine, arm=arm, flavour=plan.flavour, profile=plan.profile)


def _write_noise(stem: Path, plan: Plan, empty: NoiseFile, listed: Mapping[str, Any]) -> None:
    """Write an A/A run of every series that was measured, beside the result file."""
    kept = {
        group: {name: unit for name, unit in metrics.items() if f"{group}.{name}" in listed}
        for group, metrics in units().items()
    }
    measured: dict[str, dict[str, dict[str, str]]] = {}
    for group, params in cells(ladders()):
        record = _record(plan, empty.release, empty.arm, {"group": group, "params": params})
        if kept[group] and record["kind"] == "cell":
            measured.setdefault(group, {})[json.dumps(params)] = params
    noise = replace(empty, cells=tuple(plan.history.noise_cells(measured, kept)))
    write_noise_file(NOISE.beside(stem), noise)


def date_of(release: Release) -> int:
    """Return a made-up date, in asv's milliseconds, that rises with the version."""
    days = release.minor * 400 + release.micro * 30 + release.serial
    moment = datetime(2010, 1, 1, tzinfo=UTC) + timedelta(days=days)
    return int(moment.timestamp() * 1000)


def _started(plan: Plan) -> datetime:
    return datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def unavailable(group: str, params: Mapping[str, str], release: Release) -> str | None:
    """Return why `release` has no such cell, None if it has."""
    mode = mode_named(params.get("mode", "serial"))
    old = release < Release.parse("3.14.0")
    if mode.engine and group.startswith("crossover"):
        return f"no {mode.engine} is installed"
    if mode.kind == "interpreters" and old:
        return "subinterpreters need concurrent.interpreters, which is new in CPython 3.14"
    if mode.engine and old:
        return f"{mode.engine} is not installed in this interpreter"
    return hole(group, params)


def breaks(group: str, params: Mapping[str, str], arm: Arm, plan: Plan) -> bool:
    """Tell which cells fail, so that every page has some."""
    if plan.spoil(group, params):
        return True
    if arm.name != "ft-gil1":
        return False
    mode = params.get("mode")
    if mode == "processes-forkserver" and params.get("workers") == "8":
        return True
    return mode == "processes-spawn" and params.get("strategy") == "actor"


def _outcome(
    benchmark: Mapping[str, Any], release: Release, arm: Arm, plan: Plan, chance: random.Random
) -> BenchmarkResult:
    values: list[float | None] = []
    samples: list[list[float] | None] = []
    for reprs in itertools.product(*benchmark["params"]):
        params = dict(
            zip(benchmark["param_names"], (each.strip("'") for each in reprs), strict=True)
        )
        made = None
        mode = mode_of(params["mode"], params.pop("start_method", NO_START_METHOD))
        if mode is None:
            values.append(math.nan)
            samples.append(None)
            continue
        params["mode"] = mode.name
        group = benchmark["name"].rpartition(".")[0]
        if unavailable(group, params, release) or lacks(benchmark["name"], params):
            values.append(math.nan)
        elif breaks(benchmark["name"], params, arm, plan):
            values.append(None)
        else:
            center = middle(benchmark["name"], params, release, arm)
            past = _past(tuple(plan.releases), release)
            center *= plan.history.factor(benchmark["name"], params, release, arm, past)
            made = plan.history.samples(center, plan.samples, chance)
            # Where processes differ, the center is known to nobody.
            values.append(median(made) if plan.history.between else center)
        samples.append(made)
    numbers = [None if made is None else 1 for made in samples]
    return BenchmarkResult(values, samples, numbers, 0, "", None)


@cache
def _past(releases: tuple[str, ...], release: Release) -> int:
    """Return how many of the releases came before one."""
    return sum(Release.parse(each) < release for each in releases)


def build_record(plan: Plan, release: Release, arm: Arm) -> dict[str, Any]:
    """Return a provenance record as the probe writes it."""
    return {
        "implementation": "CPython",
        "version": release.name,
        "free_threaded": arm.free_threaded,
        "debug": False,
        "pgo": False,
        "lto": False,
        "jit": "none",
        "tail_call": False,
        "pystats": False,
        "compiler": f"GCC 12.2.0{plan.history.text}",
        "configure_args": ["--disable-gil"] if arm.free_threaded else [],
        "libc": "glibc 2.36",
        "platform": "linux-x86_64",
        "revision": "",
    }


def _records(plan: Plan, release: Release, arm: Arm) -> Iterator[dict[str, Any]]:
    yield {"kind": "schema", "name": "ftbench.records", "version": 1}
    build = f"{'f' if arm.free_threaded else 'a'}00000000001"
    yield {"kind": "build", "digest": build, **build_record(plan, release, arm)}
    yield {
        "kind": "machine",
        "digest": "c00000000001",
        "cpu": "AMD EPYC 7B13",
        "cores": 2,
        "usable_cores": 2,
        "quota_cores": None,
        "smt": True,
        "governor": None,
        "turbo": None,
        "virtual": True,
        "memory_bytes": 8329797632,
        "arch": "x86_64",
        "system": "Linux",
        "kernel": "6.1.0",
    }
    groups = list(ladders())
    for group, params in cells(ladders()):
        place = groups.index(group) * len(_MODES) + _MODES.index(params.get("mode", "serial"))
        record = _record(plan, release, arm, {"group": group, "params": params})
        processes = plan.history.processes if record["kind"] == "cell" else 1
        for process in range(processes):
            counted = plan.history.counted(group, params, process)
            yield record | _measured(plan, arm, place, build) | counted


def _record(plan: Plan, release: Release, arm: Arm, cell: dict[str, Any]) -> dict[str, Any]:
    """Return how a cell ended."""
    reason = unavailable(cell["group"], cell["params"], release)
    if reason:
        return {"kind": "skip", **cell, "reason": f"{reason}{plan.history.text}"}
    if breaks(cell["group"], cell["params"], arm, plan):
        story = "Worker 3 ended with exit code -9 before it had done its task."
        message = f"{story}{plan.history.text}"
        return {"kind": "failure", **cell, "error": "WorkerFailedError", "message": message}
    names = [
        name.partition("_")[2]
        for name in units()[cell["group"]]
        if not lacks(f"{cell['group']}.{name}", cell["params"])
    ]
    return {"kind": "cell", **cell, "samples": dict.fromkeys(names, plan.samples)}


def _measured(plan: Plan, arm: Arm, number: int, build: str) -> dict[str, Any]:
    """Return what goes with a measurement; the load rises with the `number` of the cell."""
    moment = _started(plan) + timedelta(seconds=number)
    return {
        "profile": plan.profile,
        "run": plan.run,
        "started_at": moment.isoformat().replace("+00:00", "Z"),
        "build": build,
        "machine": "c00000000001",
        "gil": [arm.gil, arm.gil],
        "invariants": {
            "checksum": f"8 workers returned the checksum of the serial twin{plan.history.text}"
        },
        "load": [round(plan.load + number * 0.4, 2), round(plan.load + number * 0.5, 2)],
        "notes": {},
    }


_PLUGIN = """
from ftbench.asv.patches import install_loaders
from ftbench.asv.repository import CPythonRepo

install_loaders()


class SyntheticRepo(CPythonRepo):
    dvcs = "cpython-synthetic"

    def __init__(self, url, path):
        super().__init__(url, path, find_installed=tuple)
"""


def write_project(folder: Path, *plans: Plan, only: str | tuple[str, ...] = "") -> None:
    """Write a folder in which `asv publish` works: our plugins, no interpreter, made-up results."""
    write_tree(folder / "results", *plans, only=only)
    (folder / "synthetic_plugin.py").write_text(_PLUGIN, encoding="utf-8")
    conf = {
        "version": 1,
        "project": "CPython",
        "project_url": "https://github.com/python/cpython",
        "show_commit_url": "https://github.com/python/cpython/tree/",
        "plugins": [".synthetic_plugin"],
        "dvcs": "cpython-synthetic",
        "repo": "releases",
        "branches": ["releases", "3.13", "3.14", "3.15"],
    }
    (folder / "asv.conf.json").write_text(json.dumps(conf), encoding="utf-8")


def publish(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `asv publish` in such a folder; return what it said, whatever its exit code."""
    return subprocess.run(
        [sys.executable, "-m", "asv", "publish", *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=150,
        check=False,
    )


if __name__ == "__main__":
    write_tree(Path(sys.argv[1]), Plan(releases=sys.argv[2:] or Plan().releases))

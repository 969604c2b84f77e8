"""The one module that knows how asv lays results out: a folder of files in, value types out."""

from __future__ import annotations

import ast
import dataclasses
import itertools
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from asv import util
from asv.benchmarks import Benchmarks
from asv.results import Results as AsvResults

from ftbench.arms import Arm, arm_of
from ftbench.errors import FtbenchError
from ftbench.measuring import GIL_VARIABLE
from ftbench.releases import Release
from ftbench.results import sound
from ftbench.results.figure import (
    Figure,
    Interval,
    Machine,
    ResultTree,
    Source,
    Start,
    State,
    Unreadable,
)
from ftbench.results.noise import read_noise
from ftbench.results.sidecar import Sidecar, read_sidecar

_BENCHMARKS = "benchmarks.json"
_MACHINE = "machine.json"
_MACHINE_FIELDS = ("os", "arch", "cpu", "num_cpu", "ram")


def read_results(folder: Path) -> ResultTree:
    """Read a results folder; never raises for what lies in it, see `ResultTree.warnings`.

    Results of a benchmark that `benchmarks.json` does not list, or lists in another version, are
    left out, as `asv publish` does.
    """
    warnings: list[Unreadable] = []
    benchmarks = _benchmarks(folder / _BENCHMARKS, warnings)
    machines: list[Machine] = []
    files: list[_ResultFile] = []
    for machine, paths in _machine_folders(folder, warnings):
        machines.append(machine)
        files += [read for path in paths if (read := _result_file(path, machine, warnings))]
    return ResultTree(
        figures=tuple(figure for file in files for figure in _figures(file, benchmarks)),
        sources=tuple(_where_runs_began([file.source for file in files])),
        machines=tuple(machines),
        noise=tuple(read_noise(folder, warnings)),
        warnings=tuple(warnings),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _ResultFile:
    results: AsvResults
    source: Source
    sidecar: Sidecar


def _benchmarks(path: Path, warnings: list[Unreadable]) -> Mapping[str, Mapping[str, Any]]:
    """Return asv's list of benchmarks by name; a damaged one is a warning and no benchmarks."""
    if not path.is_file():
        return {}
    try:
        listed = sound.load_json(str(path), api_version=Benchmarks.api_version)
        return {name: each for name, each in listed.items() if _is_benchmark(each)}
    except (util.UserError, OSError, AttributeError) as error:
        warnings.append(Unreadable(path=path, why=_why(error)))
        return {}


def _is_benchmark(listed: object) -> bool:
    if not isinstance(listed, dict):
        return False
    names, params = listed.get("param_names"), listed.get("params")
    return isinstance(names, list) and isinstance(params, list) and len(names) == len(params)


def _machine_folders(
    folder: Path, warnings: list[Unreadable]
) -> Iterator[tuple[Machine, list[Path]]]:
    """Yield each machine and its result files, by name; a damaged machine is a warning."""
    for path in sorted(folder.glob(f"*/{_MACHINE}")):
        try:
            fields = sound.load_machine(str(path))
        except (util.UserError, OSError) as error:
            warnings.append(Unreadable(path=path, why=f"{_why(error)}; its results are left out"))
            continue
        known = {field: fields[field] for field in _MACHINE_FIELDS if field in fields}
        missing = [field for field in _MACHINE_FIELDS if field not in known]
        if missing:
            why = f"it does not say {', '.join(missing)}"
            warnings.append(Unreadable(path=path, why=why))
        files = sorted(each for each in path.parent.glob("*.json") if each.name != _MACHINE)
        yield Machine(name=fields["machine"], **known), files


def _where_runs_began(sources: list[Source]) -> Iterator[Source]:
    """Yield the sources with each run's true start.

    A run measures several releases and arms in turn; when a later one begins, the load is what
    the earlier ones have left.
    """
    first: dict[tuple[str, str], Start] = {}
    for source in sources:
        for start in source.starts:
            run = (source.machine, start.run)
            if run not in first or start.at < first[run].at:
                first[run] = start
    for source in sources:
        starts = tuple(first[source.machine, start.run] for start in source.starts)
        yield dataclasses.replace(source, starts=starts)


def _result_file(path: Path, machine: Machine, warnings: list[Unreadable]) -> _ResultFile | None:
    try:
        results = sound.load_results(AsvResults, str(path), machine.name)
        sidecar = read_sidecar(path)
        source = _source(path, results, sidecar)
    except (util.UserError, OSError, FtbenchError) as error:
        warnings.append(Unreadable(path=path, why=_why(error)))
        return None
    warnings += sidecar.warnings
    return _ResultFile(results=results, source=source, sidecar=sidecar)


def _source(path: Path, results: AsvResults, sidecar: Sidecar) -> Source:
    params = results.params
    return Source(
        path=path,
        machine=params["machine"],
        release=Release.from_commit_id(results.commit_hash),
        arm=_arm(params.get("python") or "", results.env_vars),
        flavour=params.get("build") or "",
        profile=params.get("profile") or "",
        builds=sidecar.builds,
        machines=sidecar.machines,
        gil=sidecar.gil,
        starts=sidecar.starts,
        invariants=sidecar.invariants,
    )


def _arm(python: str, environment: Mapping[str, str]) -> Arm:
    arm = arm_of(python, environment)
    if arm is None:
        said = " ".join([python, *(f"{name}={value}" for name, value in environment.items())])
        raise FtbenchError(f"its environment, {said!r}, is none of ftbench's arms")
    return arm


def _figures(file: _ResultFile, benchmarks: Mapping[str, Mapping[str, Any]]) -> Iterator[Figure]:
    """Yield the figures of one file, for the current parameters of the current benchmarks."""
    for name in sorted(file.results.get_result_keys(benchmarks)):
        benchmark = benchmarks[name]
        ladder = benchmark["params"]
        cells = zip(
            itertools.product(*ladder),
            file.results.get_result_value(name, ladder),
            file.results.get_result_stats(name, ladder),
            file.results.get_result_samples(name, ladder),
            _has(file.results, name, ladder),
            strict=True,
        )
        for values, value, stats, samples, has in cells:
            if has:
                params = dict(zip(benchmark["param_names"], values, strict=True))
                unit = str(benchmark.get("unit") or "")
                yield _figure(file, name, unit, params, _Cell(value, stats, samples))


def _has(results: AsvResults, name: str, ladder: list[list[str]]) -> Iterable[bool]:
    """Tell for each cell whether the file has it; asv says None for absent as for failed."""
    had = set(itertools.product(*results.get_result_params(name)))
    return (values in had for values in itertools.product(*ladder))


@dataclass(frozen=True, slots=True)
class _Cell:
    value: float | None
    stats: Mapping[str, float] | None
    samples: list[float] | None

    @property
    def state(self) -> State:
        if self.value is None:
            return State.FAILED
        return State.MEASURED if math.isfinite(self.value) else State.SKIPPED


def _figure(
    file: _ResultFile, name: str, unit: str, reprs: Mapping[str, str], cell: _Cell
) -> Figure:
    params = {param: plain_text(value) for param, value in reprs.items()}
    source = file.source
    measured = cell.state is State.MEASURED
    samples = tuple(cell.samples or ()) if measured else ()
    replicates = file.sidecar.replicates(name, params)
    return Figure(
        machine=source.machine,
        release=source.release,
        arm=source.arm,
        flavour=source.flavour,
        profile=source.profile,
        benchmark=name,
        params=params,
        unit=unit,
        state=cell.state,
        median=cell.value if measured else None,
        interval=_interval(cell.stats) if measured else None,
        samples=samples,
        reason=file.sidecar.reason(cell.state, name, params),
        runs=replicates.runs,
        processes=replicates.split(name.rpartition(".")[2], samples),
        interference=replicates.interference if measured else "",
        effort=replicates.effort if measured else {},
        graph=_graph(source, name, reprs),
    )


def _interval(stats: Mapping[str, float] | None) -> Interval | None:
    """Return asv's own interval; None where too few samples leave it without an end."""
    low, high = (stats or {}).get("ci_99_a"), (stats or {}).get("ci_99_b")
    if low is None or high is None or not (math.isfinite(low) and math.isfinite(high)):
        return None
    return Interval(low=low, high=high)


def _graph(source: Source, name: str, reprs: Mapping[str, str]) -> str:
    """Return where asv's page shows the series, with the release marked."""
    place = {
        "machine": source.machine,
        "python": source.arm.python,
        "build": source.flavour,
        "profile": source.profile,
        f"env-{GIL_VARIABLE}": source.arm.environment.get(GIL_VARIABLE, "[none]"),
        **{f"p-{param}": value for param, value in reprs.items()},
        "commits": source.release.commit_id,
    }
    return f"index.html#{quote(name)}?{urlencode(place, quote_via=quote)}"


def plain_text(value: str) -> str:
    """Return a parameter's value as asv stores it, a repr, in plain text: `'threads'` → threads."""
    try:
        literal = ast.literal_eval(value)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return value
    return literal if isinstance(literal, str) else value


def _why(error: Exception) -> str:
    """Return an error's message on one line."""
    return " ".join(str(error).split())

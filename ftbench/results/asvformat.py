"""The one module that knows how asv lays results out: a folder of files in, value types out."""

from __future__ import annotations

import contextlib
import dataclasses
import gc
import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, Self

from asv import util
from asv.benchmarks import Benchmarks
from asv.results import Results as AsvResults

from ftbench.errors import FtbenchError
from ftbench.facts.arms import Arm, arm_of
from ftbench.probe.run.measure import GIL_VARIABLE
from ftbench.releases import Release
from ftbench.results import ladders, safe_loading
from ftbench.results.figure import Figure, Machine, ResultFile, ResultTree, Start, State, Unreadable
from ftbench.results.keys import Environment
from ftbench.results.noise import read_noise
from ftbench.results.series import StoredSeries, address, series_of
from ftbench.results.sidecar import Sidecar, read_sidecar
from ftbench.statistics.spread import Interval

_BENCHMARKS = "benchmarks.json"
_MOST_SAID = 200
_MACHINE = "machine.json"
# Of the size of a cost, in whatever unit, with room to spare.
_LEAST, _MOST = 1e-30, 1e30
_MACHINE_FIELDS = ("os", "arch", "cpu", "num_cpu", "ram")


def read_results(folder: Path) -> ResultTree:
    """Read a results folder; never raises for what lies in it, see `ResultTree.warnings`.

    Results of a benchmark that `benchmarks.json` does not list, or lists in another version, are
    left out, as `asv publish` does.
    """
    warnings: list[Unreadable] = []
    benchmarks = _benchmarks(folder / _BENCHMARKS, warnings)
    machines: list[Machine] = []
    sources: list[ResultFile] = []
    figures: list[Figure] = []
    with _uncollected():
        for machine, paths in _machine_folders(folder, warnings):
            machines.append(machine)
            for file in (_result_file(path, machine, warnings) for path in paths):
                if file is not None:
                    sources.append(file.source)
                    figures += _figures(file, benchmarks)
    return ResultTree(
        figures=tuple(figures),
        sources=tuple(_where_runs_began(sources)),
        machines=tuple(machines),
        noise=tuple(read_noise(folder, warnings)),
        said={each.name: each.says for each in benchmarks.known.values() if each.says},
        warnings=tuple(warnings),
    )


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """Keep the garbage collector from going through what grows all the time, and is no garbage."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Loaded:
    results: AsvResults
    source: ResultFile
    sidecar: Sidecar


@dataclass(frozen=True, kw_only=True)
class _Benchmark:
    """A benchmark of asv's list; `ladder` has the values of each parameter, as asv stores them.

    `says` is the first sentence of its docstring, "" where there is none.
    """

    name: str
    says: str
    unit: str
    names: tuple[str, ...]
    ladder: list[list[str]]

    @cached_property
    def series(self) -> tuple[StoredSeries, ...]:
        """Its series, in the order in which asv stores their results."""
        return tuple(series_of(self.name, self.unit, self.names, self.ladder))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Benchmarks:
    """asv's own list, which its accessors want, and what we read in it."""

    listed: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    known: Mapping[str, _Benchmark] = field(default_factory=dict)


def _benchmarks(path: Path, warnings: list[Unreadable]) -> _Benchmarks:
    """Return asv's list of benchmarks; a damaged one is a warning and no benchmarks."""
    if not path.is_file():
        return _Benchmarks()
    try:
        listed = safe_loading.load_json(str(path), api_version=Benchmarks.api_version)
        known = {name: each for name, each in listed.items() if _is_benchmark(each)}
        safe_loading.refuse_older(path, (each["params"] for each in known.values()))
    except (util.UserError, OSError, AttributeError) as error:
        warnings.append(Unreadable(path=path, why=_why(error)))
        return _Benchmarks()
    lost = ", ".join(sorted(listed.keys() - known.keys()))
    if lost:
        why = f"its entry of {lost} cannot be read; the results of it are left out"
        warnings.append(Unreadable(path=path, why=why))
    return _Benchmarks(
        listed=known, known={name: _benchmark(name, each) for name, each in known.items()}
    )


def _is_benchmark(listed: object) -> bool:
    if not isinstance(listed, dict):
        return False
    names, params = listed.get("param_names"), listed.get("params")
    if not (isinstance(names, list) and isinstance(params, list) and len(names) == len(params)):
        return False
    return all(_are_texts(values) for values in (names, *params))


def _are_texts(values: object) -> bool:
    return isinstance(values, list) and all(isinstance(value, str) for value in values)


def _benchmark(name: str, listed: Mapping[str, Any]) -> _Benchmark:
    unit, names = str(listed.get("unit") or ""), tuple(listed["param_names"])
    says = _says(name.rpartition(".")[2], str(listed.get("code") or ""))
    return _Benchmark(name=name, says=says, unit=unit, names=names, ladder=listed["params"])


def _says(method: str, code: str) -> str:
    """Return the first paragraph of a docstring in the code that asv keeps, as one short line."""
    _, _, body = code.partition(f"def {method}(")
    signature, quotes, rest = body.partition('"""')
    if not quotes or "def " in signature:
        return ""
    return " ".join(rest.partition('"""')[0].partition("\n\n")[0].split())[:_MOST_SAID]


def _machine_folders(
    folder: Path, warnings: list[Unreadable]
) -> Iterator[tuple[Machine, list[Path]]]:
    """Yield each machine and its result files, by name; a damaged machine is a warning."""
    for path in sorted(folder.glob(f"*/{_MACHINE}")):
        try:
            fields = safe_loading.load_machine(str(path))
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


def _where_runs_began(sources: list[ResultFile]) -> Iterator[ResultFile]:
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


def _result_file(path: Path, machine: Machine, warnings: list[Unreadable]) -> _Loaded | None:
    try:
        results = safe_loading.load_results(AsvResults, str(path), machine.name)
        sidecar = read_sidecar(path)
        source = _source(path, results, sidecar)
    except (util.UserError, OSError, FtbenchError) as error:
        warnings.append(Unreadable(path=path, why=_why(error)))
        return None
    warnings += sidecar.warnings
    return _Loaded(results=results, source=source, sidecar=sidecar)


def _source(path: Path, results: AsvResults, sidecar: Sidecar) -> ResultFile:
    params = results.params
    return ResultFile(
        path=path,
        environment=Environment(
            machine=params["machine"],
            arm=_arm(params.get("python") or "", results.env_vars),
            flavour=params.get("build") or "",
            profile=params.get("profile") or "",
        ),
        release=Release.from_commit_id(results.commit_hash),
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


def _figures(file: _Loaded, benchmarks: _Benchmarks) -> Iterator[Figure]:
    """Yield the figures of one file, for the current parameters of the current benchmarks."""
    graph = _Graph.of(file.source)
    for name in sorted(file.results.get_result_keys(benchmarks.listed)):
        benchmark = benchmarks.known[name]
        ladder = benchmark.ladder
        had = set(itertools.product(*file.results.get_result_params(name)))
        cells = zip(
            benchmark.series,
            ladders.without_holes(file.results.get_result_value(name, ladder), ladder),
            ladders.without_holes(file.results.get_result_stats(name, ladder), ladder),
            ladders.without_holes(file.results.get_result_samples(name, ladder), ladder),
            strict=True,
        )
        for series, *stored in cells:
            # asv says None for absent as for failed.
            if series.values in had:
                yield _figure(file, series, _Stored(*stored), graph)


class _Stored(NamedTuple):
    """What asv stores of one cell."""

    value: float | None
    stats: Mapping[str, float] | None
    samples: list[float] | None

    @property
    def state(self) -> State:
        if self.value is None:
            return State.FAILED
        # What no cost can be is as good as no number, which is how asv says skipped.
        possible = self.value == 0 or _LEAST <= abs(self.value) <= _MOST
        return State.MEASURED if possible else State.SKIPPED


def _figure(file: _Loaded, series: StoredSeries, stored: _Stored, graph: _Graph) -> Figure:
    source, state = file.source, stored.state
    measured = state is State.MEASURED
    samples = tuple(stored.samples or ()) if measured else ()
    replicates = file.sidecar.replicates(series.cell)
    return Figure(
        environment=source.environment,
        release=source.release,
        series=series.key,
        unit=series.unit,
        state=state,
        median=stored.value if measured else None,
        interval=_interval(stored.stats) if measured else None,
        samples=samples,
        reason=file.sidecar.reason(state, series.cell, series.method),
        runs=replicates.runs,
        processes=replicates.split(series.method, samples),
        interference=replicates.interference if measured else "",
        effort=replicates.effort if measured else {},
        graph=graph.of_series(series),
    )


def _interval(stats: Mapping[str, float] | None) -> Interval | None:
    """Return asv's own interval; None where too few samples leave it without an end."""
    low, high = (stats or {}).get("ci_99_a"), (stats or {}).get("ci_99_b")
    if low is None or high is None or not (math.isfinite(low) and math.isfinite(high)):
        return None
    return Interval(low=low, high=high)


@dataclass(frozen=True, slots=True)
class _Graph:
    """Where asv's pages show the series of one file, with the release marked."""

    before: str
    after: str

    @classmethod
    def of(cls, source: ResultFile) -> Self:
        """Return the addresses' parts that are the same for every series of the file."""
        environment = source.arm.environment.get(GIL_VARIABLE, "[none]")
        before = {
            "machine": source.machine,
            "python": source.arm.python,
            "build": source.flavour,
            "profile": source.profile,
            f"env-{GIL_VARIABLE}": environment,
        }
        return cls(address(before), address({"commits": source.release.commit_id}))

    def of_series(self, series: StoredSeries) -> str:
        places = "&".join(filter(None, (self.before, series.address, self.after)))
        return f"index.html#{series.page}?{places}"


def _why(error: Exception) -> str:
    """Return an error's message on one line."""
    return " ".join(str(error).split())

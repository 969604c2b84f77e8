"""A project's results: the one module that knows how asv lays them out."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import itertools
import math
import pickle
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from ftbench.errors import FtbenchError
from ftbench.facts.arms import ARMS, Arm, arm_of
from ftbench.facts.units import plural
from ftbench.releases import Release
from ftbench.results import health, ladders, safe_loading
from ftbench.results.asv_import import AsvResults, util
from ftbench.results.duels import duels_in
from ftbench.results.figure import (
    Environment,
    Figure,
    Figures,
    Machine,
    ResultFile,
    ResultTree,
    SeriesKey,
    State,
    Unreadable,
    uncollected,
)
from ftbench.results.floors import Floors
from ftbench.results.known import read_known
from ftbench.results.ladders import StoredSeries, address, series_of
from ftbench.results.noise import read_noise
from ftbench.results.selection import Filter, figures_of
from ftbench.results.sidecar import Sidecar, read_sidecar

BENCHMARKS: Final = "benchmarks.json"
_SWITCHES: Final = sorted({name for arm in ARMS for name in arm.environment})
_LONGEST_DESCRIPTION: Final = 200
_MACHINE_FIELDS: Final = ("os", "arch", "cpu", "num_cpu", "ram")


def read_results(folder: Path, store: Path | None = None) -> ResultTree:
    """Read a results folder; never raises for what lies in it, see `ResultTree.warnings`.

    Results of a benchmark that `benchmarks.json` does not list, or lists in another version, are
    left out, as `asv publish` does, and so are the noise and the duels of another version.  With a
    `store`, a folder, the figures are there, and in memory those asked for last.
    """
    warnings: list[Unreadable] = []
    benchmarks = _benchmarks(folder / BENCHMARKS, warnings)
    series = {name: tuple(_series(name, listed)) for name, listed in benchmarks.items()}
    versions = {name: listed.get("version") for name, listed in benchmarks.items()}
    late: list[Unreadable] = []
    noise = tuple(read_noise(folder, versions, late))
    duels = duels_in(folder, versions, late)
    floors = Floors.of(noise)
    machines: list[Machine] = []
    sources: list[ResultFile] = []
    figures: dict[tuple[Environment, Release], Sequence[Figure] | Path] = {}
    with uncollected():
        for place, fields, files in safe_loading.machine_folders(folder, warnings.append):
            machines.append(_machine(place, fields, warnings))
            ours: list[ResultFile] = []
            by_source: dict[tuple[Environment, Release], list[Figure]] = {}
            for path, results in safe_loading.results_in(files, machines[-1].name, warnings.append):
                sidecar = read_sidecar(path)
                try:
                    source = _source(path, results, sidecar)
                except FtbenchError as error:
                    warnings.append(Unreadable.of(path, error))
                    continue
                warnings += sidecar.warnings
                found: list[Figure] = []
                for name in sorted(results.get_result_keys(benchmarks)):
                    cells = _cells(results, name, benchmarks[name]["params"], series[name])
                    found += _figures(source, sidecar, cells)
                measured = (each.scenario for each in found if each.state is State.MEASURED)
                ours.append(
                    dataclasses.replace(
                        source,
                        unlisted=tuple(_unlisted(source, results, benchmarks)),
                        scenarios=Counter(measured),
                    )
                )
                shard = by_source.get(source.key)
                by_source[source.key] = _together(shard, found) if shard else found
            every = list(itertools.chain(*by_source.values()))
            given = list(floors.given(list(health.given(every))))
            sources += _with_runs(ours, given)
            left = iter(given)
            for key, shard in by_source.items():
                figures[key] = tuple(itertools.islice(left, len(shard)))
                if store is not None:
                    path = store / f"{len(figures)}.pickle"
                    path.write_bytes(pickle.dumps(figures[key]))
                    figures[key] = path
    unlisted = [each for source in sources for each in source.unlisted]
    if unlisted and folder / BENCHMARKS not in {warning.path for warning in warnings}:
        what = plural(len(unlisted), "figure is", "figures are")
        why = f"{what} left out of what it does not list, as {unlisted[0].series.name}"
        warnings.append(Unreadable(path=folder / BENCHMARKS, why=why))
    return ResultTree(
        figures=Figures(figures),
        sources=tuple(sources),
        machines=tuple(machines),
        noise=noise,
        duels=duels,
        known=read_known(folder, late),
        descriptions=dict(_descriptions(benchmarks)),
        warnings=(*warnings, *late),
    )


def _series(name: str, listed: Mapping[str, Any]) -> Iterator[StoredSeries]:
    names, params, unit = listed["param_names"], listed["params"], str(listed.get("unit") or "")
    return series_of(name, unit, names, params, computes=listed.get("computes") is True)


def at_usual_speed(folder: Path, tree: ResultTree) -> Callable[[str], Iterator[AsvResults]]:
    """Return what `asv publish` iterates the results by: as stored, but with the tree's medians."""
    by_name = [
        (name, {series.values: series for series in _series(name, listed)})
        for name, listed in _benchmarks(folder / BENCHMARKS, []).items()
    ]

    def iter_results(results_dir: str) -> Iterator[AsvResults]:
        machine, medians = None, dict[str, float | None]()
        for results in safe_loading.iter_results(results_dir):
            if machine != results.params["machine"]:
                machine = results.params["machine"]
                figures = figures_of(tree, Filter(machine=machine).takes)
                medians = {each.graph: each.median for each in figures if each.median is not None}
            with contextlib.suppress(FtbenchError):  # of no arm of ours
                source = _source(Path(results_dir), results, Sidecar())
                for name, by_values in by_name:
                    values = results._results.get(name)  # noqa: SLF001 - asv only reads them
                    cells = itertools.product(*results.get_result_params(name)) if values else ()
                    for place, cell in enumerate(cells):
                        if values[place] and cell in by_values:
                            graph = _graph_of(source, by_values[cell])
                            values[place] = medians.get(graph, values[place])
            yield results

    return iter_results


def _together(*shards: Iterable[Figure]) -> list[Figure]:
    """Return a figure of each series: what one shard calls skipped, another may have measured."""
    best: dict[SeriesKey, Figure] = {}
    for figure in itertools.chain(*shards):
        known = best.setdefault(figure.series, figure)
        if known.state is State.SKIPPED and (figure.state is not State.SKIPPED or figure.reason):
            best[figure.series] = figure
    return list(best.values())


def _benchmarks(path: Path, warnings: list[Unreadable]) -> Mapping[str, Mapping[str, Any]]:
    if not any(path.parent.glob("*/*.json")):
        return {}
    try:
        return safe_loading.load_benchmarks(path, warnings.append)
    except util.UserError as error:
        warnings.append(Unreadable.of(path, error))
        return {}


def _descriptions(benchmarks: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Yield the name of each benchmark with a docstring, and the first paragraph of that."""
    for name, listed in benchmarks.items():
        method = name.rpartition(".")[2]
        _, _, body = str(listed.get("code") or "").partition(f"def {method}(")
        signature, _, rest = body.partition('"""')
        text = " ".join(rest.partition('"""')[0].partition("\n\n")[0].split())
        if text and "def " not in signature:
            yield name, text[:_LONGEST_DESCRIPTION]


def _machine(path: Path, fields: Mapping[str, str], warnings: list[Unreadable]) -> Machine:
    known = {field: fields[field] for field in _MACHINE_FIELDS if field in fields}
    missing = ", ".join(field for field in _MACHINE_FIELDS if field not in known)
    if missing:
        warnings.append(Unreadable.of(path, f"it does not say {missing}"))
    return Machine(name=fields["machine"], identity=fields.get("identity", ""), **known)


def _with_runs(sources: Sequence[ResultFile], figures: Sequence[Figure]) -> Iterator[ResultFile]:
    """Yield the sources with each run's health and true start; later, the load is its own."""
    healths = health.by_run(figures)
    by_machine = [(source.machine, start) for source in sources for start in source.starts]
    latest_first = sorted(by_machine, key=lambda pair: pair[1].at, reverse=True)
    first = {(machine, start.run): start for machine, start in latest_first}
    for source in sources:
        starts = tuple(first[source.machine, start.run] for start in source.starts)
        of_arm = healths.get((source.machine, source.arm), {})
        ours = {start.run: of_arm[start.run] for start in starts if start.run in of_arm}
        yield dataclasses.replace(source, starts=starts, health=ours)


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
        jit=sidecar.jit,
        starts=sidecar.starts,
        invariants=sidecar.invariants,
    )


def _arm(python: str, variables: Mapping[str, str]) -> Arm:
    arm = arm_of(python, variables)
    if arm is None:
        environment = " ".join([python, *(f"{name}={text}" for name, text in variables.items())])
        raise FtbenchError(f"its environment, {environment!r}, is not one of ftbench's arms")
    return arm


_Cell = tuple[StoredSeries, float | None, list[float] | None]
"""A series, and what asv stores of it: its value and samples."""


def _cells(
    results: AsvResults, name: str, ladder: ladders.Ladders, series: Sequence[StoredSeries]
) -> Iterator[_Cell]:
    """Yield the cells of a benchmark, of its current parameters those that the file has."""
    present = set(itertools.product(*results.get_result_params(name)))
    columns = (results.get_result_value, results.get_result_samples)
    stored = (ladders.without_holes(column(name, ladder), ladder) for column in columns)
    for cell in zip(series, *stored, strict=True):
        # asv says None for absent as for failed.
        if cell[0].values in present:
            yield cell


def _figures(source: ResultFile, sidecar: Sidecar, cells: Iterable[_Cell]) -> Iterator[Figure]:
    for series, value, pooled in cells:
        state = _state(value)
        reason = sidecar.reason(state, series.cell, series.method)
        asked = reason or sidecar.asked(series.cell, series.method)
        if state is State.SKIPPED and not asked:
            continue
        measured = state is State.MEASURED
        samples = tuple(pooled or ()) if measured else ()
        replicates = sidecar.replicates(series.cell)
        yield Figure(
            environment=source.environment,
            release=source.release,
            series=series.key,
            unit=series.unit,
            computes=series.computes,
            state=state,
            median=value if measured else None,
            samples=samples,
            reason=reason,
            runs=replicates.runs,
            processes=replicates.split(series.method, samples),
            interference=replicates.interference if measured else "",
            doubt=replicates.doubts.get(series.method.removeprefix("track_"), ""),
            speeds=replicates.speeds if measured else (),
            effort=replicates.effort if measured else {},
            machines=replicates.machines if measured else (),
            graph=_graph_of(source, series),
        )


def _unlisted(
    source: ResultFile, results: AsvResults, benchmarks: Mapping[str, Mapping[str, Any]]
) -> Iterator[Figure]:
    """Yield what a file has measured of cells that the list of benchmarks has no more."""
    current = results.get_result_keys(benchmarks)
    for name in results.get_all_result_keys():
        listed, ladder = benchmarks.get(name), results.get_result_params(name)
        if listed and (name not in current or ladder == listed["params"]):
            continue
        known = set(itertools.product(*listed["params"])) if listed else set()
        names = [f"param{number + 1}" for number in range(len(ladder))]
        if listed and len(listed["param_names"]) == len(names):
            names = listed["param_names"]
        values = ladders.without_holes(results.get_result_value(name, ladder), ladder)
        for series, value in zip(ladders.series_of(name, "", names, ladder), values, strict=True):
            if series.values not in known and _state(value) is State.MEASURED:
                yield Figure(
                    environment=source.environment,
                    release=source.release,
                    series=series.key,
                    unit="",
                    state=State.MEASURED,
                    median=value,
                )


def _state(value: float | None) -> State:
    if value is None:
        return State.FAILED
    return State.SKIPPED if math.isnan(value) else State.MEASURED


def _graph_of(source: ResultFile, series: StoredSeries) -> str:
    environment, release = _ends_of(source.environment, source.release)
    graph = "&".join(filter(None, (environment, series.address, release)))
    return f"index.html#{series.page}?{graph}"


@functools.lru_cache(maxsize=64)  # of thousands of figures
def _ends_of(of: Environment, release: Release) -> tuple[str, str]:
    environment = {
        "machine": of.machine,
        "python": of.arm.python,
        "build": of.flavour,
        "profile": of.profile,
        **{f"env-{name}": of.arm.environment.get(name, "[none]") for name in _SWITCHES},
    }
    return address(environment), address({"commits": release.commit_id})

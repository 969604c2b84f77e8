"""The suite: every cell of the benchmarks, as their classes have it."""

from __future__ import annotations

import importlib
import itertools
import pkgutil
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from ftbench.errors import UsageError, meant
from ftbench.facts.arms import ARMS, WITH_GIL, Arm
from ftbench.probe.run.asv_benchmark import NO_JIT, USUAL, ScenarioBenchmark
from ftbench.probe.scenarios.base import scenario_named
from ftbench.results.figure import SeriesKey

PACKAGE: Final = "benchmarks"
TRACK: Final = "track_"


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteCell:
    """One cell of a benchmark class: what `ftbench.experiments.harness.probe` is asked for."""

    group: str  # the class: "lifecycle.Lifecycle"
    scenario: str
    mode: str
    params: Mapping[str, int | str]  # the scenario's, without the mode
    values: Sequence[int | str]  # asv's, of all its parameters
    index: int = 0  # asv's number of it
    version: str = "1"  # the scenario's
    arms: Sequence[Arm] = ARMS  # that measure it
    metrics: Mapping[str, str]  # those that are tracked, with their units

    @property
    def texts(self) -> dict[str, str]:
        return {"mode": self.mode, **{name: str(value) for name, value in self.params.items()}}

    @property
    def title(self) -> str:
        return f"{self.group}({', '.join(self.texts.values())})"

    @property
    def key(self) -> SeriesKey:
        """What names it, as in records."""
        return SeriesKey(benchmark=self.group, params=self.texts)

    def series(self, metric: str) -> SeriesKey:
        return SeriesKey(benchmark=f"{self.group}.{TRACK}{metric}", params=self.texts)

    def spelled(self, metric: str) -> str:
        """Return how asv spells a series of it, which is what `--bench` is matched with."""
        return f"{self.series(metric).benchmark}({', '.join(map(repr, self.values))})"


def cells(folder: Path) -> tuple[SuiteCell, ...]:
    """Return the scenarios' cells in `folder` that some build has, by the names and ladders."""
    return tuple(cell for group in classes(folder) for cell in _cells(group))


def chosen(suite: Sequence[SuiteCell], pattern: str | None) -> tuple[SuiteCell, ...]:
    """Return the cells with a series that matches, by default the `USUAL`; or `UsageError`."""
    try:
        matches = re.compile(USUAL if pattern is None else pattern).search
    except re.error as error:
        raise UsageError(f"--bench {pattern!r} is no regular expression: {error}.") from None
    matching = []
    for cell in suite:
        metrics = {n: unit for n, unit in cell.metrics.items() if matches(cell.spelled(n))}
        if metrics:
            matching.append(replace(cell, metrics=metrics))
    if not matching and pattern is not None:
        names = [cell.spelled(next(iter(cell.metrics))) for cell in suite]
        near = meant(pattern, {name.partition(".")[0] for name in names})
        raise UsageError(
            f"--bench {pattern!r} matches no benchmark of a scenario.",
            hint=f"{near}Names look like this: {names[0]}." if names else "",
        )
    return tuple(matching)


def classes(folder: Path) -> Iterator[type[ScenarioBenchmark]]:
    """Yield the classes that measure a scenario, module by module."""
    package = folder / PACKAGE
    if not package.is_dir():
        raise UsageError(f"There is no folder {PACKAGE} in {folder}.")
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    for module in sorted(each.name for each in pkgutil.iter_modules([str(package)])):
        loaded = importlib.import_module(f"{PACKAGE}.{module}")
        for value in vars(loaded).values():
            ours = isinstance(value, type) and issubclass(value, ScenarioBenchmark)
            if ours and value.__module__ == loaded.__name__:
                yield value


def _cells(group: type[ScenarioBenchmark]) -> Iterator[SuiteCell]:
    scenario = scenario_named(group.scenario)
    metrics = {each.name: each.unit for each in scenario.metrics if each.tracked}
    every = list(itertools.product(*group.params))
    for values, mode, params in group.cells():
        if group.why_not(mode, params) is None:
            yield SuiteCell(
                group=group.group(),
                scenario=scenario.name,
                mode=mode.name,
                params=params,
                values=values,
                index=every.index(values),
                version=scenario.version,
                arms=[
                    arm
                    for arm in ARMS
                    if not (arm == WITH_GIL and mode.name in group.not_with_gil)
                    and not (arm.jit and mode.kind in NO_JIT)
                ],
                metrics=metrics,
            )

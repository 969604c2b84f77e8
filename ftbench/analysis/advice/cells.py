"""The measured cells that advice and map stand on, by what they are of."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

from ftbench.errors import NothingError
from ftbench.facts.arms import ARMS, WITH_GIL, WITHOUT_GIL, Arm, arm_named
from ftbench.facts.modes import STANDING_PROCESSES, Mode, mode_named
from ftbench.probe.scenarios.crossover import CROSSOVER, PAYLOADS, SIZES
from ftbench.results import Figure, ResultTree
from ftbench.results.project import load_project
from ftbench.results.selection import (
    Pick,
    figures_of,
    first_pick,
    parse_filter,
    picks,
    picks_of,
)
from ftbench.statistics.spread import Interval

GROUP: Final = "crossover.Crossover"
SHARED: Final = "shared_set.SharedSet"
LATENCY: Final = "latency.Latency"
MODES: Final = tuple(mode_named(name) for name in CROSSOVER.modes)
SERIAL: Final = mode_named("serial")
ONE: Final = 1
"""The workers of a plain loop."""
POOLED: Final = 8
"""The workers of every pool of latency."""


def place_metric(cost: str, size: str, payload: str) -> str:
    """Return the name of a cost (task, cpu) at a place of the map: `task_10us_1kib`."""
    return f"{cost}_{size}_{payload}"


TASKS: Final = tuple(
    f"{GROUP}.track_{place_metric('task', size.name, payload.name)}"
    for size in SIZES
    for payload in PAYLOADS
)
"""The benchmarks of the times per task."""


@dataclass(frozen=True, kw_only=True)
class Cells:
    """The figures of one machine, release, profile and set of builds."""

    figures: tuple[Figure, ...]

    @cached_property
    def run(self) -> str | None:
        """The run whose cells are compared: it has the most of them; None where there is none."""
        return self._run_of(GROUP)

    @cached_property
    def writes_run(self) -> str | None:
        """The run whose shared writes are compared: that of the tasks, where it has any."""
        return self._run_of(SHARED, self.run)

    def _run_of(self, group: str, rather: str | None = None) -> str | None:
        ours = (each for each in self.figures if each.benchmark.startswith(group))
        counts = Counter(run for each in ours if each.median is not None for run in each.runs)
        return max(sorted(counts), key=lambda run: (run == rather, counts[run]), default=None)

    @cached_property
    def _by_place(self) -> Mapping[tuple[str, str, str, str], Figure]:
        return {
            (
                each.arm.name,
                each.params.get("mode", ""),
                each.params.get("workers", ""),
                metric,
            ): each
            for each in self.figures
            if (metric := _metric(each, GROUP))
        }

    def at(self, arm: Arm, mode: Mode, workers: int, metric: str) -> Figure | None:
        """Return the figure of crossover, whatever became of it; a plain loop is one worker."""
        count = ONE if mode == SERIAL else workers
        return self._by_place.get((arm.name, mode.name, str(count), metric))

    def comparable(self, figure: Figure | None) -> bool:
        """Tell whether a figure is a cost above zero of the run whose cells are compared."""
        if figure is None or (figure.median or 0) <= 0:
            return False
        return (self.writes_run if figure.benchmark.startswith(SHARED) else self.run) in figure.runs

    def latency(self, arm: Arm, mode: Mode, metric: str) -> Figure | None:
        """Return the figure of latency."""
        arm, name = _standing(arm, mode)
        wanted = {"mode": name, "workers": str(ONE if mode == SERIAL else POOLED)}
        ours = self._by_metric.get((arm, f"{LATENCY}.track_{metric}"), ())
        return next((each for each in ours if each.params == wanted), None)

    def strategies(self, arm: Arm, mode: Mode, metric: str, fill: str) -> Mapping[str, Figure]:
        """Return strategy → its figure of shared_set."""
        arm, name = _standing(arm, mode)
        wanted = {"mode": name, "fill": fill}.items()
        ours = self._by_metric.get((arm, f"{SHARED}.track_{metric}"), ())
        return {each.params["strategy"]: each for each in ours if wanted <= each.params.items()}

    @cached_property
    def _by_metric(self) -> Mapping[tuple[Arm, str], Sequence[Figure]]:
        found: dict[tuple[Arm, str], list[Figure]] = defaultdict(list)
        for each in self.figures:
            found[each.arm, each.benchmark].append(each)
        return found

    @cached_property
    def arms(self) -> tuple[Arm, ...]:
        """The arms that have a figure of crossover, or any figure where there is none of that."""
        names = {arm for arm, *_ in self._by_place} or {each.arm.name for each in self.figures}
        return tuple(arm for arm in ARMS if arm.name in names)

    @cached_property
    def workers(self) -> tuple[int, ...]:
        """The numbers of workers with which a pool was measured, rising."""
        counts = {
            int(workers)
            for (_, mode, workers, _), figure in self._by_place.items()
            if mode != SERIAL.name and figure.median is not None and workers.isdecimal()
        }
        return tuple(sorted(counts))

    @cached_property
    def loop(self) -> Loop | None:
        """What the sizes take in a plain loop; None where no arm has measured it whole."""
        for arm in ARMS:
            metrics = [place_metric("task", size.name, PAYLOADS[0].name) for size in SIZES]
            figures = [self.at(arm, SERIAL, ONE, metric) for metric in metrics]
            seconds = [
                each.median for each in figures if each and each.median and self.comparable(each)
            ]
            if len(seconds) == len(SIZES) and seconds == sorted(set(seconds)):
                return Loop(arm=arm, seconds=tuple(seconds))
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Loop:
    """Seconds of a task of each size in a plain loop, rising: what a size means on every arm."""

    arm: Arm
    seconds: tuple[float, ...]


def interval_of(figure: Figure) -> Interval | None:
    """Return the interval of a measured figure; None if there is none around its median."""
    interval, median = figure.interval, figure.median
    if interval is None or median is None or not interval.low <= median <= interval.high:
        return None
    return interval


def _standing(arm: Arm, mode: Mode) -> tuple[Arm, str]:
    """Return what stands for a mode where workers stand: of processes one start method's.

    So does the build without a GIL for that with one, where workers have one each.
    """
    stands = WITHOUT_GIL if arm == WITH_GIL and mode.own_gil else arm
    return stands, STANDING_PROCESSES if mode.processes else mode.name


def _metric(figure: Figure, group: str) -> str:
    """Return the name of a figure's metric, "" unless it is of `group`."""
    name, _, method = figure.benchmark.rpartition(".")
    return method.removeprefix("track_") if name == group else ""


def cells_of(figures: Iterable[Figure]) -> Cells:
    """Return the cells among `figures`, which are of one machine, release and profile."""
    return Cells(figures=tuple(figures))


def chosen(
    *, machine: str | None, release: str | None, profile: str | None, arm: str | None
) -> tuple[ResultTree, Arm | None]:
    """Return the results that a user means, of all arms, and the arm; or our errors."""
    tree = load_project()
    wanted = parse_filter(tree, machine=machine, release=release, profile=profile, arm=arm)
    choice = replace(wanted, arm=None).of(tree)
    if not choice.sources:
        known = "\n".join(f"  {pick.title}" for pick in picks(tree))
        raise NothingError("Nothing that matches was measured.", hint=f"There is\n{known}")
    return choice, arm_named(wanted.arm) if wanted.arm else None


def first_with_map(tree: ResultTree) -> Pick | None:
    """Return a tree's first pick with a cell of crossover; the first of all where none has one."""
    return first_pick(picks_of(CROSSOVER.name, tree) or picks(tree), tree)


def pick_of(tree: ResultTree) -> tuple[Pick, Cells]:
    """Return the pick of a tree that its questions are answered by, and its cells."""
    pick = first_with_map(tree)
    if pick is None:
        raise NothingError(
            "There are no such results.", hint="ftbench bench measures this machine."
        )
    return pick, cells_of(figures_of(tree, pick.shows))

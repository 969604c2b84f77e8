"""What a trial of a user's function means: its modes ranked, what is told apart, what pays."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain, zip_longest
from statistics import median
from typing import Final, Self

from ftbench.analysis.advice.cells import SERIAL, Cells
from ftbench.analysis.advice.estimate import MILLION
from ftbench.analysis.advice.interpolation import Estimate
from ftbench.analysis.advice.question import By, Question, seconds
from ftbench.analysis.advice.ranking import advise
from ftbench.errors import UsageError, unknown
from ftbench.facts.arms import arm_named
from ftbench.facts.trial_modes import TrialMode, trial_mode_named
from ftbench.facts.units import amount, plural
from ftbench.probe.run.outcome import LEAST_SAMPLES, percentiles
from ftbench.probe.trial.serial import COMPUTING, kind_of
from ftbench.results.trials import Trial, TrialBuild, TrialCell
from ftbench.statistics.ratio import Ratio, chained, intervals
from ftbench.statistics.spread import Processes, location

LOOP: Final = "serial"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What may not be exceeded, and what is paid: as `advise` has it."""

    slo: Mapping[float, float] = field(default_factory=dict)  # percent → most seconds of a call
    memory: int | None = None  # most bytes
    cpu_price: float | None = None  # of a core for a second
    memory_price: float | None = None  # of a byte for a second

    @property
    def by(self) -> By:
        """What modes are ranked by: the cost where there is a price."""
        priced = self.cpu_price is not None or self.memory_price is not None
        return By.COST if priced else By.SECONDS


def slo(text: str) -> tuple[float, float]:
    """Return the percentile and the most seconds that `text` means: `p99=50ms`."""
    name, equals, limit = (part.strip() for part in text.partition("="))
    if not equals:
        raise UsageError(f"{text!r} is no limit to calls.", hint="It is written like p99=50ms.")
    percents = {f"p{percent:g}": float(percent) for percent in LEAST_SAMPLES}
    if name not in percents:
        raise unknown("percentile", name, percents)
    return percents[name], seconds(limit)


@dataclass(frozen=True, slots=True, kw_only=True)
class Loops:
    """Plain loops on a build: those beside the workers of all modes, and that by itself."""

    build: TrialBuild
    processes: Processes  # seconds of a call

    @classmethod
    def of(cls, build: TrialBuild, trial: Trial) -> Self:
        """Return those of all cells that were measured."""
        cells = (each for each in trial.cells if each.build == build.name and is_measured(each))
        return cls(build=build, processes=tuple(p.loop for cell in cells for p in cell.processes))


@dataclass(frozen=True, kw_only=True, eq=False)
class Tried:
    """A cell that was measured, and what a call costs in it.

    It is compared by the plain loop beside each round: the machine's mood is in both.
    """

    build: TrialBuild
    cell: TrialCell
    limits: Limits
    usable_cores: int
    loops: Loops
    gil_loops: Loops | None  # of the GIL build that it is compared with

    @property
    def mode(self) -> TrialMode:
        """How the calls are spread."""
        return trial_mode_named(self.cell.mode)

    @property
    def title(self) -> str:
        """The mode and its workers: "ThreadPoolExecutor (2)"."""
        return titled(self.cell)

    @property
    def processes(self) -> Processes:
        """Seconds of a call as they were taken."""
        return tuple(each.rounds for each in self.cell.processes)

    @cached_property
    def seconds(self) -> Estimate:
        """Seconds of a call while the workers are warm."""
        return _estimate(self.processes) or Estimate(value=0.0, interval=None, sources=())

    @cached_property
    def cpu(self) -> Estimate | None:
        """Seconds of CPU of a call, of all processes together."""
        return _estimate(tuple(each.cpu for each in self.cell.processes))

    @property
    def cores(self) -> int:
        """How many cores its workers could keep busy."""
        one = self.cell.mode == LOOP or (self.mode.coroutine and self.mode.mode == "asyncio")
        return 1 if one else max(min(self.cell.workers, self.usable_cores), 1)

    @property
    def busy(self) -> float | None:
        """The share of those cores that was busy."""
        return self.cpu.value / (self.seconds.value * self.cores) if self.cpu else None

    @property
    def memory(self) -> float | None:
        """Bytes of the whole tree at work."""
        return location(tuple((size,) for size in self.cell.memory))

    @cached_property
    def costs(self) -> Processes:
        """What it is ranked by: seconds of a call, or the price of a million, round by round.

        () where that is not known.
        """
        if self.limits.by is By.SECONDS:
            return self.processes
        of_cpu, of_memory = self.limits.cpu_price, self.limits.memory_price
        if (of_cpu is not None and self.cpu is None) or (of_memory and self.memory is None):
            return ()
        held = MILLION * (of_memory or 0.0) * (self.memory or 0.0)
        paid = MILLION * (of_cpu or 0.0)
        return tuple(
            tuple(
                held * wall + paid * cpu
                for wall, cpu in zip_longest(p.rounds, p.cpu, fillvalue=0.0)
            )
            for p in self.cell.processes
        )

    @cached_property
    def cost(self) -> Estimate | None:
        """What it is ranked by."""
        return _estimate(self.costs)

    def beside(self, costs: Processes) -> Processes:
        """Return costs of rounds over seconds of the plain loop beside each."""
        loops = (each.loop for each in self.cell.processes)
        return tuple(
            tuple(cost / loop for cost, loop in zip(own, others, strict=True))
            for own, others in zip(costs, loops, strict=False)
        )

    @property
    def rank(self) -> float:
        """Its cost at the usual speed of the plain loop; infinite where that is not known."""
        beside, usual = location(self.beside(self.costs)), location(self.loops.processes)
        return beside * usual if beside and usual else math.inf

    @cached_property
    def calls(self) -> list[float]:
        """Seconds of single calls as their workers timed them."""
        return list(chain(*(each.calls for each in self.cell.processes)))

    def middle(self, name: str) -> float:
        """Return the middle of what happens once a process: `start`, `cold`, `shutdown`."""
        middle: float = median(getattr(each, name) for each in self.cell.processes)
        return middle

    @property
    def percentiles(self) -> dict[float, float]:
        """Percent → seconds of a call, of those of which there are enough calls."""
        return percentiles(self.calls, 50, 95, 99) if self.calls else {}

    @property
    def speed_up(self) -> Ratio | None:
        """How many times as fast as a plain loop of the same build; None of that itself."""
        return None if self.cell.mode == LOOP else over([], [self.beside(self.processes)])

    @property
    def gil_speed_up(self) -> Ratio | None:
        """How many times as fast as a plain loop of the GIL build; None on that itself."""
        gil, own = self.gil_loops, [self.beside(self.processes), self.loops.processes]
        return over([gil.processes], own) if gil else None

    @property
    def pays_from(self) -> int | None:
        """How many calls make up for start and end of the workers; None where none surely do."""
        found = self.speed_up
        if found is None or not clears(found):
            return None
        once = self.middle("start") + self.middle("shutdown")
        return max(math.ceil(once / (self.seconds.value * (found.value - 1))), 1)

    def breaks(self) -> Iterator[str]:
        """Yield what limits it breaks, or why it cannot be held against one."""
        if self.cost is None:
            yield "its cost is not known: it takes CPU seconds and memory"
        for percent, limit in self.limits.slo.items():
            # A percentile that is of too few calls is no less than those below it.
            known = percentiles(self.calls, *(each for each in LEAST_SAMPLES if each <= percent))
            last = max(known, default=None)
            if last is not None and known[last] > limit:
                found, most = (amount(each, "seconds") for each in (known[last], limit))
                yield f"its p{last:g}, {found}, is above {most}"
        limit_of_memory, memory = self.limits.memory, self.memory
        if limit_of_memory is not None and memory is None:
            yield "its memory is not known"
        elif limit_of_memory is not None and memory and memory > limit_of_memory:
            above = amount(limit_of_memory, "bytes")
            yield f"its memory, {amount(memory, 'bytes')}, is above {above}"

    def doubts(self) -> Iterator[str]:
        """Yield what limits nobody knows it to keep, as its calls are too few."""
        count = plural(len(self.calls), "call is", "calls are")
        for percent, limit in self.limits.slo.items():
            if len(self.calls) < LEAST_SAMPLES[percent] and max(self.calls, default=0.0) > limit:
                too_few = f"{count} too few to know its p{percent:g}"
                yield f"{self.title}: {too_few}, which needs {LEAST_SAMPLES[percent]}"


def titled(cell: TrialCell) -> str:
    """Return a cell's mode and its workers: "ThreadPoolExecutor (2)"."""
    title = trial_mode_named(cell.mode).title
    return title if cell.mode == LOOP else f"{title} ({cell.workers})"


def _estimate(processes: Processes) -> Estimate | None:
    value = location(processes)
    if value is None:
        return None
    return Estimate(value=value, interval=intervals([processes], [None])[0], sources=())


def over(above: Sequence[Processes], below: Sequence[Processes]) -> Ratio | None:
    """Return the ratio of two products of costs, None where one has no place."""
    return chained(above, below) if all(map(location, (*above, *below))) else None


def compared(one: Tried, other: Tried, *, by_cost: bool = False) -> Ratio | None:
    """Return the seconds of one mode over those of another, or what both are ranked by."""
    sides = []
    for each in (one, other):
        beside = each.beside(each.costs if by_cost else each.processes)
        # The loop of one build is in both.
        sides.append([beside, *([each.loops.processes] if one.build != other.build else [])])
    return over(*sides)


def clears(found: Ratio | None) -> bool:
    """Tell whether a ratio is surely above 1: of one process nothing is."""
    return found is not None and found.interval is not None and found.interval.low > 1


@dataclass(frozen=True, kw_only=True)
class OnBuild:
    """The cells of a build: ranked, best first; ruled out by a limit; and those without figures."""

    build: TrialBuild
    ranked: tuple[Tried, ...]
    out: tuple[tuple[Tried, str], ...]
    without: tuple[TrialCell, ...]

    @property
    def every(self) -> tuple[Tried, ...]:
        """All that was measured."""
        return (*self.ranked, *(tried for tried, _ in self.out))

    @property
    def price(self) -> Ratio | None:
        """What a plain loop takes over that of the GIL build; None on that itself."""
        of = next(iter(self.every), None)
        if of is None or of.gil_loops is None:
            return None
        return over([of.loops.processes], [of.gil_loops.processes])

    @property
    def close(self) -> tuple[Tried, ...]:
        """The first, and those that are not told apart from it."""
        return tuple(each for each in self.ranked if not told_apart(each, self.ranked[0]))


def told_apart(worse: Tried, better: Tried) -> bool:
    """Tell whether one surely costs more than the other, by what they are ranked by."""
    return worse is not better and clears(compared(worse, better, by_cost=True))


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A trial and what it means."""

    trial: Trial
    limits: Limits
    builds: tuple[OnBuild, ...]

    @property
    def best(self) -> Tried | None:
        """The first of all builds; that of the GIL builds where nothing surely costs less."""
        first, gil = _first(self.builds), self.best_on_gil
        return gil if first and gil and not told_apart(gil, first) else first

    @property
    def best_on_gil(self) -> Tried | None:
        """The first of the GIL builds: to move to a free-threaded one is a decision of its own."""
        return _first(each for each in self.builds if each.build.arm == "gil")

    @property
    def computes(self) -> bool:
        """Whether calls are CPU-bound."""
        return kind_of(self.trial.cpu_share) == COMPUTING

    @property
    def kind(self) -> str:
        """Whether a call computes, waits or does both: the share of its seconds on a CPU."""
        share = self.trial.cpu_share
        return f"{kind_of(share)}: {share:.0%} of a call is on a CPU"


def _first(builds: Iterable[OnBuild]) -> Tried | None:
    """Return the best; a plain loop where it is not told apart, for nothing is simpler."""
    ranked = sorted((each for on in builds for each in on.ranked), key=lambda each: each.rank)
    loops = (e for e in ranked if e.cell.mode == LOOP and not told_apart(e, ranked[0]))
    return next(loops, ranked[0] if ranked else None)


def answer(trial: Trial, limits: Limits | None = None) -> Answer:
    """Return what a trial means."""
    limits = limits or Limits()
    return Answer(
        trial=trial,
        limits=limits,
        builds=tuple(_on(build, trial, limits) for build in trial.builds),
    )


def _on(build: TrialBuild, trial: Trial, limits: Limits) -> OnBuild:
    cores = trial.machine.get("usable_cores")
    gil = _gil_build(build, trial.builds)
    gil_loops = Loops.of(gil, trial) if gil else None
    cells = [each for each in trial.cells if each.build == build.name]
    every = [
        Tried(
            build=build,
            cell=each,
            limits=limits,
            usable_cores=cores if isinstance(cores, int) else 1,
            loops=Loops.of(build, trial),
            gil_loops=gil_loops if gil_loops and gil_loops.processes else None,
        )
        for each in cells
        if is_measured(each)
    ]
    every.sort(key=lambda each: each.rank)
    why = {id(each): "; ".join(each.breaks()) for each in every}
    return OnBuild(
        build=build,
        ranked=tuple(each for each in every if not why[id(each)]),
        out=tuple((each, why[id(each)]) for each in every if why[id(each)]),
        without=tuple(each for each in cells if not is_measured(each)),
    )


def is_measured(cell: TrialCell) -> bool:
    """Tell whether a cell has figures that may be shown: what failed has none."""
    return not cell.failed and location(tuple(each.rounds for each in cell.processes)) is not None


def _gil_build(build: TrialBuild, builds: Sequence[TrialBuild]) -> TrialBuild | None:
    """Return the GIL build that another is compared with: of its release and making, if it can."""
    likes = [each for each in builds if each.arm == "gil" != build.arm]
    return max(
        likes,
        key=lambda each: (each.release == build.release, each.flavour == build.flavour),
        default=None,
    )


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """What `advise` says of the same task on a build, from cells of the results."""

    on: OnBuild
    predicted: Tried  # the best cell of the mode that it puts first
    best: Tried
    by: str  # the results that it stands on

    @property
    def behind(self) -> Ratio | None:
        """Seconds of what it puts first over those of the best."""
        return compared(self.predicted, self.best)

    @property
    def holds(self) -> bool:
        """Tell whether the best is of that mode, or is not told apart from it."""
        return self.predicted.mode.mode == self.best.mode.mode or not clears(self.behind)


def question_of(trial: Trial, workers: int) -> Question:
    """Return what `advise` would be asked about the function."""
    return Question(task=trial.serial_seconds, payload=trial.bytes_in, workers=workers)


def forecasts(found: Answer, cells: Cells, by: str) -> Iterator[Forecast | str]:
    """Yield what `advise` says build by build, or why it says nothing."""
    if not found.computes:
        yield "advise only knows tasks that compute, so it says nothing about these."
        return
    for each in found.builds:
        by_seconds = sorted(
            each.every, key=lambda tried: location(tried.beside(tried.processes)) or math.inf
        )
        if not by_seconds or found.trial.serial_seconds <= 0:
            continue
        workers = max(tried.cell.workers for tried in by_seconds)
        arm, asked = arm_named(each.build.arm), question_of(found.trial, workers)
        (advice,) = advise(cells, asked, [arm]).arms
        expected = (
            next((t for t in by_seconds if t.mode.mode == ranked.expectation.mode.name), None)
            for ranked in advice.ranked
        )
        first = next(filter(None, expected), None)
        if first is None:
            whys = dict.fromkeys(no.why for mode, no in advice.unknown.items() if mode != SERIAL)
            yield f"{each.build.name}: advise has no data: {'; '.join(whys) or 'of no such mode'}."
        else:
            yield Forecast(on=each, predicted=first, best=by_seconds[0], by=by)

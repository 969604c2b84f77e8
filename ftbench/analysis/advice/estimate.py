"""What a mode is expected to cost for one question, from measured cells; or why nobody knows."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

from ftbench.analysis.advice import interpolation
from ftbench.analysis.advice.cells import GROUP, ONE, SERIAL, Cells, interval_of, place_metric
from ftbench.analysis.advice.interpolation import Corner, Known
from ftbench.analysis.advice.question import Question
from ftbench.analysis.advice.winner_map import lacking
from ftbench.facts.arms import Arm
from ftbench.facts.modes import Mode
from ftbench.facts.units import scale_for
from ftbench.probe.scenarios.crossover import PAYLOADS, SIZES, why_not
from ftbench.results import Figure
from ftbench.statistics.spread import Interval

FILL: Final = "grown"
SHARED_WORKERS: Final = 8
"""How many workers shared_set is measured with."""
MILLION: Final = 1_000_000
# A payload's place on its axis: 0 has one too.
_PAYLOAD_FROM: Final = 1024
# From so rare on a shared write is no part of what the slowest in a hundred tasks wait for.
_RARE: Final = 0.01
_LOCK_WAIT: Final = "lock_wait_p99"

Expected = interpolation.Estimate[str]
Points = tuple[Mapping[Corner, float], tuple[tuple[int, str, str], ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoData:
    """Why a cost is not known, and what would get it: a regular expression for `--bench`, or ""."""

    why: str
    bench: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharing:
    """How a mode shares best: the strategy, and what a write costs then."""

    strategy: str
    op: Expected
    cpu: Expected | None
    wait: Expected | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What a mode is expected to cost on one arm.

    `seconds` and `cpu` are per task, `tail` is the 99th percentile of a task's time, `memory` the
    bytes of the whole tree, `cost` the price of a million tasks; each None where it is not known.
    `lacks` says why, by the name of the cost.
    """

    mode: Mode
    seconds: Expected
    tail: Expected | None
    cpu: Expected | None
    memory: Expected | None
    cost: Expected | None
    sharing: Sharing | None
    lacks: Mapping[str, NoData]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One question about one arm, of the cells that there are."""

    cells: Cells
    arm: Arm
    question: Question

    def of(self, mode: Mode) -> Expectation | NoData:
        """Return what is expected of a mode, or why nothing is."""
        hole = why_not(mode, {"workers": ONE if mode == SERIAL else self.question.workers})
        if hole:
            return NoData(why=hole)
        seconds = self._at_place(mode, "task")
        if isinstance(seconds, NoData):
            return seconds
        costs: dict[str, Expected | NoData] = {
            "tail": self._at_place(mode, "p99"),
            "cpu": self._at_place(mode, "cpu"),
            "memory": self._memory(mode),
        }
        sharing = self._sharing(mode)
        if isinstance(sharing, NoData):
            return sharing
        if sharing is not None:
            seconds, costs = self._with_writes(seconds, costs, sharing)
        known = {name: None if isinstance(each, NoData) else each for name, each in costs.items()}
        return Expectation(
            mode=mode,
            seconds=seconds,
            **known,
            cost=self._cost(seconds, known["cpu"], known["memory"]),
            sharing=sharing,
            lacks={name: each for name, each in costs.items() if isinstance(each, NoData)},
        )

    @cached_property
    def _sizes(self) -> Mapping[int, float] | NoData:
        """The sizes of task around the one asked for, by index, with their weights."""
        loop = self.cells.loop
        if loop is None:
            return NoData(why="no plain loop was measured that says what a size takes", bench=_ALL)
        around = interpolation.weights(
            [math.log(each) for each in loop.seconds], math.log(self.question.task)
        )
        if around is None:
            ends = f"{_seconds(loop.seconds[0])} to {_seconds(loop.seconds[-1])}"
            return NoData(
                why=f"tasks were measured from {ends} in a plain loop; no benchmark has it"
            )
        return around

    @cached_property
    def _payloads(self) -> Mapping[int, float] | NoData:
        axis = [math.log(each.size + _PAYLOAD_FROM) for each in PAYLOADS]
        around = interpolation.weights(axis, math.log(self.question.payload + _PAYLOAD_FROM))
        if around is None:
            return NoData(why="payloads were measured up to 1 MiB; no benchmark has it")
        return around

    @cached_property
    def _workers(self) -> tuple[tuple[int, ...], Mapping[int, float]] | NoData:
        """The numbers of workers that were measured, and those around the one asked for."""
        counts = self.cells.workers
        if not counts:
            return NoData(why="no pool was measured", bench=_ALL)
        around = interpolation.weights(
            [math.log(each) for each in counts], math.log(self.question.workers)
        )
        if around is None:
            ends = (
                f"from {counts[0]} to {counts[-1]}" if len(counts) > 1 else f"at {counts[0]} alone"
            )
            return NoData(
                why=f"numbers of workers were measured {ends}; no benchmark has it, by hand: "
                f"python -m ftbench.probe crossover --workers {self.question.workers}"
            )
        return counts, around

    def _axes(self, mode: Mode) -> tuple[Sequence[int], Mapping[int, float]] | NoData:
        return ((ONE,), {0: 1.0}) if mode == SERIAL else self._workers

    def _at_place(self, mode: Mode, cost: str) -> Expected | NoData:
        workers = self._axes(mode)
        for axis in (self._sizes, self._payloads, workers):
            if isinstance(axis, NoData):
                return axis
        sizes, payloads = self._sizes, self._payloads
        assert not isinstance(sizes, NoData)
        assert not isinstance(payloads, NoData)
        assert not isinstance(workers, NoData)
        counts, around = workers
        wanted = [
            (share, counts[count], place_metric(cost, SIZES[size].name, PAYLOADS[payload].name))
            for (size, payload, count), share in interpolation.corners(
                [sizes, payloads, around]
            ).items()
        ]
        return self._estimate(mode, wanted)

    def _memory(self, mode: Mode) -> Expected | NoData:
        """Return the memory of the tree, PSS, or RSS where the system has no PSS."""
        workers = self._axes(mode)
        if isinstance(workers, NoData):
            return workers
        counts, around = workers
        memory: Expected | NoData = NoData(why="not measured", bench=_ALL)
        for metric in ("pss", "rss"):
            memory = self._estimate(
                mode, [(share, counts[index], metric) for index, share in around.items()]
            )
            if not isinstance(memory, NoData):
                break
        return memory

    def _estimate(self, mode: Mode, wanted: Sequence[tuple[float, int, str]]) -> Expected | NoData:
        """Return the mean of figures, (weight, workers, metric) each; one at least is wanted."""
        shares = []
        for share, workers, metric in wanted:
            figure = self.cells.at(self.arm, mode, workers, metric)
            if figure is None or not self.cells.comparable(figure):
                return NoData(why=lacking(figure), bench=_ALL)
            shares.append((share, _known(figure)))
        return interpolation.estimate(shares)

    def _sharing(self, mode: Mode) -> Sharing | NoData | None:
        """Return how the mode shares best; None where nothing is shared, or with nobody."""
        if not self.question.shared or mode == SERIAL:
            return None
        figures = self.cells.strategies(self.arm, mode, "op", FILL)
        measured = {name: each for name, each in figures.items() if (each.median or 0) > 0}
        if not measured:
            why = next((lacking(each) for each in figures.values()), "not measured")
            return NoData(why=f"its shared writes: {why}", bench="^shared_set")
        best = min(measured, key=lambda name: measured[name].median or 0.0)

        def beside(metric: str) -> Expected | None:
            figure = self.cells.strategies(self.arm, mode, metric, FILL).get(best)
            return (
                interpolation.estimate([(1.0, _known(figure))])
                if figure and (figure.median or 0) > 0
                else None
            )

        op = interpolation.estimate([(1.0, _known(measured[best]))])
        return Sharing(strategy=best, op=op, cpu=beside("cpu"), wait=beside(_LOCK_WAIT))

    def _with_writes(
        self, seconds: Expected, costs: dict[str, Expected | NoData], sharing: Sharing
    ) -> tuple[Expected, dict[str, Expected | NoData]]:
        share = self.question.shared
        tail, cpu = costs["tail"], costs["cpu"]
        if not isinstance(tail, NoData) and sharing.wait is not None and share >= _RARE:
            costs["tail"] = plus(tail, sharing.wait)
        if not isinstance(cpu, NoData) and sharing.cpu is not None:
            costs["cpu"] = plus(cpu, times(sharing.cpu, share))
        return plus(seconds, times(sharing.op, share)), costs

    def _cost(
        self, seconds: Expected, cpu: Expected | None, memory: Expected | None
    ) -> Expected | None:
        """Return the price of a million tasks: of the CPU they take, and of the tree meanwhile."""
        parts = []
        for price, each in (
            (self.question.cpu_price, cpu),
            (self.question.memory_price, memory and product(memory, seconds)),
        ):
            if price is not None:
                if each is None:
                    return None
                parts.append(times(each, price * MILLION))
        if not parts:
            return None
        return parts[0] if len(parts) == 1 else plus(*parts)


_ALL: Final = "^crossover"


def _known(figure: Figure) -> Known[str]:
    return Known(value=figure.median or 0.0, interval=interval_of(figure), source=cell_name(figure))


def cell_name(figure: Figure) -> str:
    """Return what to call the cell of a figure: `task_10us_1kib(threads, 8)`."""
    method = figure.benchmark.rpartition(".")[2].removeprefix("track_")
    group = "" if figure.benchmark.startswith(GROUP) else f"{figure.benchmark.partition('.')[0]} "
    return f"{group}{method}({', '.join(figure.params.values())})"


def plus(one: Expected, other: Expected) -> Expected:
    """Return a sum of costs; its interval lies between the sums of the ends."""
    return _joined(operator.add, one, other, one.interval, other.interval)


def product(one: Expected, other: Expected) -> Expected:
    """Return a product of costs; its interval lies between the products of the ends."""
    intervals = (
        each and replace(each, low=max(each.low, 0)) for each in (one.interval, other.interval)
    )
    return _joined(operator.mul, one, other, *intervals)


def _joined(
    join: Callable[[float, float], float],
    one: Expected,
    other: Expected,
    first: Interval | None,
    second: Interval | None,
) -> Expected:
    interval = None
    if first is not None and second is not None:
        interval = Interval(low=join(first.low, second.low), high=join(first.high, second.high))
    return interpolation.Estimate(
        value=join(one.value, other.value),
        interval=interval,
        sources=tuple(dict.fromkeys([*one.sources, *other.sources])),
        between=one.between or other.between,
    )


def times(one: Expected, factor: float) -> Expected:
    """Return a multiple."""
    interval = one.interval and Interval(
        low=one.interval.low * factor, high=one.interval.high * factor
    )
    return replace(one, value=one.value * factor, interval=interval)


def _seconds(seconds: float) -> str:
    scale = scale_for("seconds", [seconds])
    return f"{scale.text(seconds)} {scale.symbol}"

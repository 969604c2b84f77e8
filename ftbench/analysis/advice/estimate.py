"""What a mode is expected to cost for one question, from measured cells; or why nobody knows."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ftbench.analysis.advice.cells import GROUP, ONE, SERIAL, Cells, interval_of, place_metric
from ftbench.analysis.advice.interpolation import Estimate, estimate, weights
from ftbench.analysis.advice.question import Question
from ftbench.analysis.advice.winner_map import lacking
from ftbench.facts.arms import Arm
from ftbench.facts.modes import Mode
from ftbench.facts.units import amount
from ftbench.probe.scenarios.crossover import PAYLOADS, SIZES, why_not
from ftbench.results import Figure

FILL: Final = "grown"
SHARED_WORKERS: Final = 8
"""How many workers shared_set is measured with."""
MILLION: Final = 1_000_000
# A payload's place on its axis: 0 has one too.
_PAYLOAD_FROM: Final = 1024
# From so rare on a shared write is no part of what the slowest in a hundred tasks wait for.
_RARE: Final = 0.01
_LOCK_WAIT: Final = "lock_wait_p99"


@dataclass(frozen=True, slots=True, kw_only=True)
class NoData:
    """Why a cost is not known, and what would get it: a regular expression for `--bench`, or ""."""

    why: str
    bench: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharing:
    """How a mode shares best: the strategy, and what a write costs then."""

    strategy: str
    op: Estimate
    cpu: Estimate | None
    wait: Estimate | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What a mode is expected to cost on one arm.

    `seconds` and `cpu` are per task, `tail` is the 99th percentile of a task's time, `memory` the
    bytes of the whole tree, `cost` the price of a million tasks; each None where it is not known.
    `lacks` says why, by the name of the cost.
    """

    mode: Mode
    seconds: Estimate
    tail: Estimate | None
    cpu: Estimate | None
    memory: Estimate | None
    cost: Estimate | None
    sharing: Sharing | None
    lacks: Mapping[str, NoData]


class _NoDataError(Exception):
    def __init__(self, why: str, bench: str = "") -> None:
        super().__init__(why)
        self.no_data = NoData(why=why, bench=bench)


@dataclass(frozen=True, slots=True, kw_only=True)
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
        try:
            seconds, sharing = self._at_place(mode, "task"), self._sharing(mode)
        except _NoDataError as error:
            return error.no_data
        known, lacks = self._beside(mode)
        if sharing is not None:
            seconds, known = self._with_writes(seconds, known, sharing)
        return Expectation(
            mode=mode,
            seconds=seconds,
            tail=known.get("tail"),
            cpu=known.get("cpu"),
            memory=known.get("memory"),
            cost=self._cost(seconds, known.get("cpu"), known.get("memory")),
            sharing=sharing,
            lacks=lacks,
        )

    def _beside(self, mode: Mode) -> tuple[Mapping[str, Estimate], Mapping[str, NoData]]:
        """Return the costs beside the time that are known, and why others are not, by name."""
        known, lacks = {}, {}
        costs: Mapping[str, Callable[[], Estimate]] = {
            "tail": lambda: self._at_place(mode, "p99"),
            "cpu": lambda: self._at_place(mode, "cpu"),
            "memory": lambda: self._memory(mode),
        }
        for name, cost in costs.items():
            try:
                known[name] = cost()
            except _NoDataError as error:
                lacks[name] = error.no_data
        return known, lacks

    def _sizes(self) -> Mapping[int, float]:
        """Return the sizes of task around the one asked for, by index, with their weights."""
        loop = self.cells.loop
        if loop is None:
            raise _NoDataError("no plain loop was measured that says what a size takes", _ALL)
        ends = " to ".join(amount(loop.seconds[place], "seconds") for place in (0, -1))
        why = f"tasks were measured from {ends} in a plain loop; no benchmark has it"
        return _around(loop.seconds, self.question.task, why)

    def _payloads(self) -> Mapping[int, float]:
        axis = [payload.size + _PAYLOAD_FROM for payload in PAYLOADS]
        why = "payloads were measured up to 1 MiB; no benchmark has it"
        return _around(axis, self.question.payload + _PAYLOAD_FROM, why)

    def _workers(self, mode: Mode) -> Mapping[int, float]:
        """Return the numbers of workers around the one asked for, with their weights."""
        counts = self.cells.workers
        if mode == SERIAL:
            return {ONE: 1.0}
        if not counts:
            raise _NoDataError("no pool was measured", _ALL)
        ends = f"from {counts[0]} to {counts[-1]}" if len(counts) > 1 else f"at {counts[0]} alone"
        why = (
            f"numbers of workers were measured {ends}; no benchmark has it, by hand: "
            f"python -m ftbench.probe crossover --workers {self.question.workers}"
        )
        around = _around(counts, self.question.workers, why)
        return {counts[index]: share for index, share in around.items()}

    def _at_place(self, mode: Mode, cost: str) -> Estimate:
        sizes, payloads, workers = self._sizes(), self._payloads(), self._workers(mode)
        wanted = [
            (
                of_size * of_payload * of_workers,
                count,
                place_metric(cost, SIZES[size].name, PAYLOADS[payload].name),
            )
            for size, of_size in sizes.items()
            for payload, of_payload in payloads.items()
            for count, of_workers in workers.items()
        ]
        return self._estimate(mode, wanted)

    def _memory(self, mode: Mode) -> Estimate:
        """Return the memory of the tree, PSS, or RSS where the system has no PSS."""
        workers = self._workers(mode)
        pss, rss = (
            [(share, count, metric) for count, share in workers.items()]
            for metric in ("pss", "rss")
        )
        try:
            return self._estimate(mode, pss)
        except _NoDataError:
            return self._estimate(mode, rss)

    def _estimate(self, mode: Mode, wanted: Sequence[tuple[float, int, str]]) -> Estimate:
        """Return the mean of figures, (weight, workers, metric) each; one at least is wanted."""
        shares = []
        for share, workers, metric in wanted:
            figure = self.cells.at(self.arm, mode, workers, metric)
            if figure is None or not self.cells.comparable(figure):
                raise _NoDataError(lacking(figure), _ALL)
            shares.append((share, _measured(figure)))
        return estimate(shares)

    def _sharing(self, mode: Mode) -> Sharing | None:
        """Return how the mode shares best; None where nothing is shared, or with nobody."""
        if not self.question.shared or mode == SERIAL:
            return None
        figures = self.cells.strategies(self.arm, mode, "op", FILL)
        measured = {name: each for name, each in figures.items() if (each.median or 0) > 0}
        if not measured:
            why = next((lacking(each) for each in figures.values()), "not measured")
            raise _NoDataError(f"its shared writes: {why}", "^shared_set")
        best = min(measured, key=lambda name: measured[name].median or 0.0)

        def beside(metric: str) -> Estimate | None:
            figure = self.cells.strategies(self.arm, mode, metric, FILL).get(best)
            return estimate([(1.0, _measured(figure))]) if figure and figure.median else None

        op = estimate([(1.0, _measured(measured[best]))])
        return Sharing(strategy=best, op=op, cpu=beside("cpu"), wait=beside(_LOCK_WAIT))

    def _with_writes(
        self, seconds: Estimate, costs: Mapping[str, Estimate], sharing: Sharing
    ) -> tuple[Estimate, Mapping[str, Estimate]]:
        share, more = self.question.shared, dict(costs)
        if "tail" in costs and sharing.wait is not None and share >= _RARE:
            more["tail"] += sharing.wait
        if "cpu" in costs and sharing.cpu is not None:
            more["cpu"] += sharing.cpu.times(share)
        return seconds + sharing.op.times(share), more

    def _cost(
        self, seconds: Estimate, cpu: Estimate | None, memory: Estimate | None
    ) -> Estimate | None:
        """Return the price of a million tasks: of the CPU they take, and of the tree meanwhile."""
        of_cpu, of_memory = self.question.cpu_price, self.question.memory_price
        total: Estimate | None = None
        for price, cost in ((of_cpu, cpu), (of_memory, memory and memory * seconds)):
            if price is not None:
                if cost is None:
                    return None
                part = cost.times(price * MILLION)
                total = total + part if total else part
        return total


_ALL: Final = "^crossover"


def _around(axis: Sequence[float], place: float, why: str) -> Mapping[int, float]:
    around = weights([math.log(point) for point in axis], math.log(place))
    if around is None:
        raise _NoDataError(why)
    return around


def _measured(figure: Figure) -> Estimate:
    return Estimate(
        value=figure.median or 0.0, interval=interval_of(figure), sources=(cell_name(figure),)
    )


def cell_name(figure: Figure) -> str:
    """Return what to call the cell of a figure: `task_10us_1kib(threads, 8)`."""
    method = figure.benchmark.rpartition(".")[2].removeprefix("track_")
    group = "" if figure.benchmark.startswith(GROUP) else f"{figure.benchmark.partition('.')[0]} "
    return f"{group}{method}({', '.join(figure.params.values())})"

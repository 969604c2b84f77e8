"""What a mode is expected to cost for one question, from measured cells; or why nobody knows."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ftbench.analysis.advice.cells import (
    GROUP,
    ONE,
    POOLED,
    SERIAL,
    Cells,
    interval_of,
    place_metric,
)
from ftbench.analysis.advice.interpolation import Estimate, estimate, weights
from ftbench.analysis.advice.question import Question
from ftbench.analysis.advice.winner_map import lacking
from ftbench.facts.arms import Arm
from ftbench.facts.modes import Mode
from ftbench.facts.units import amount
from ftbench.probe.scenarios import grain
from ftbench.probe.scenarios.crossover import PAYLOADS, SIZES, why_not
from ftbench.probe.scenarios.latency import CANNOT, LOADS
from ftbench.probe.scenarios.latency import SIZES as REQUESTS
from ftbench.probe.scenarios.shared_set import EVERY
from ftbench.probe.scenarios.shared_set_strategies import KINDS, SENT, STRATEGIES
from ftbench.results import Figure

FILL: Final = "grown"
MILLION: Final = 1_000_000
PARTLY: Final = "it keeps up with the lower load measured, not with the higher"
NO_PAYLOADS: Final = "latency was measured without payloads"
NO_WAITING: Final = "latency was measured of requests that wait for nothing"
ITS_WORKERS: Final = (
    f"latency was measured with {POOLED} workers; by hand: "
    "python -m ftbench.probe latency --workers {workers}"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoData:
    """Why a cost is not known, and what would get it: a regular expression for `--bench`, or ""."""

    why: str
    bench: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharing:
    """How a mode shares best, and what a write takes by every strategy of the kind, best first."""

    strategy: str
    ops: Mapping[str, Estimate]
    cpu: Estimate

    @property
    def title(self) -> str:
        """The strategy and its kind in words: "shared memory, seen at once"."""
        return strategy_title(self.strategy)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What a mode is expected to cost on one arm, seconds and CPU of a task; None: not known."""

    arm: Arm
    mode: Mode
    seconds: Estimate
    p50: Estimate | None  # from when a request is due, at the load that is offered
    p99: Estimate | None
    cpu: Estimate | None
    memory: Estimate | None  # bytes of the whole tree
    cost: Estimate | None  # of a million tasks
    sharing: Sharing | None
    lacks: Mapping[str, NoData]  # by the name of the cost that is not known


def strategy_title(strategy: str) -> str:
    """Return a strategy and its kind in words: "shared memory, seen at once"."""
    kind = STRATEGIES[strategy].kind
    said = f"{spaced(strategy)}, {spaced(kind)}"
    return f"{said} {EVERY} at a time" if kind == SENT else said


def spaced(name: str) -> str:
    """Return the name of a strategy, or a kind of them, in words."""
    return name.replace("_", " ").replace("-", " ")


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
            seconds += sharing.ops[sharing.strategy].times(self.question.shared)
            if "cpu" in known:
                known["cpu"] += sharing.cpu.times(self.question.shared)
        seconds = self._waited(mode, seconds)
        return Expectation(
            arm=self.arm,
            mode=mode,
            seconds=seconds,
            p50=known.get("p50"),
            p99=known.get("p99"),
            cpu=known.get("cpu"),
            memory=known.get("memory"),
            cost=self._cost(seconds, known.get("cpu"), known.get("memory")),
            sharing=sharing,
            lacks=lacks,
        )

    def _waited(self, mode: Mode, seconds: Estimate) -> Estimate:
        """Return the time of a task that also waits: workers wait beside each other, at best."""
        task = self.question.task
        if mode == SERIAL:
            return seconds.later(task - self.question.work)
        return seconds.at_least(task / self.question.workers) if self.question.waiting else seconds

    def _beside(self, mode: Mode) -> tuple[dict[str, Estimate], Mapping[str, NoData]]:
        """Return the costs beside the time that are known, and why others are not, by name."""
        known, lacks = {}, {}
        costs: Mapping[str, Callable[[], Estimate]] = {
            "p50": lambda: self._latency(mode, "p50"),
            "p99": lambda: self._latency(mode, "p99"),
            "cpu": lambda: self._at_place(mode, "cpu"),
            "memory": lambda: self._memory(mode),
        }
        for name, cost in costs.items():
            try:
                known[name] = cost()
            except _NoDataError as error:
                lacks[name] = error.no_data
        return known, lacks

    @property
    def steps(self) -> int:
        """The steps of arithmetic that take as long as the task in a plain loop."""
        return round(sum(share * SIZES[size].steps for size, share in self._sizes().items()))

    def _sizes(self) -> Mapping[int, float]:
        """Return the sizes of task around the one asked for, by index, with their weights."""
        loop = self.cells.loop
        if loop is None:
            raise _NoDataError("no plain loop was measured that says what a size takes", _ALL)
        ends = " to ".join(amount(loop.seconds[place], "seconds") for place in (0, -1))
        task, beyond, most = self.question.work, "no benchmark goes beyond", grain.SIZES[-1].nominal
        if loop.seconds[-1] < task <= most:
            ours = [each for each in self.cells.figures if each.benchmark.startswith("grain.")]
            command = "ftbench report" if any(each.median for each in ours) else "asv run"
            larger = f"tasks of {amount(most, 'seconds')} without payloads"
            beyond = f"grain has {larger}: {command} --bench '^grain'"
        why = f"tasks were measured from {ends} in a plain loop; {beyond}"
        return _around(loop.seconds, task, why)

    def _payloads(self) -> Mapping[int, float]:
        why = "payloads were measured up to 1 MiB, and no benchmark goes beyond"
        return _around([payload.size for payload in PAYLOADS], self.question.payload, why)

    def _workers(self, mode: Mode) -> Mapping[int, float]:
        """Return the numbers of workers around the one asked for, with their weights."""
        counts = self.cells.workers
        if mode == SERIAL:
            return {ONE: 1.0}
        if not counts:
            raise _NoDataError("no pool was measured", _ALL)
        ends = f"from {counts[0]} to {counts[-1]}" if len(counts) > 1 else f"at {counts[0]} alone"
        why = (
            f"numbers of workers were measured {ends}; by hand: "
            f"python -m ftbench.probe crossover --workers {self.question.workers}"
        )
        around = _around(counts, self.question.workers, why)
        return {counts[index]: share for index, share in around.items()}

    def _at_place(self, mode: Mode, cost: str) -> Estimate:
        sizes, payloads = self._sizes(), self._payloads()
        wanted = [
            (of_size * of_payload, place_metric(cost, SIZES[size].name, PAYLOADS[payload].name))
            for size, of_size in sizes.items()
            for payload, of_payload in payloads.items()
        ]
        return self._estimate(mode, wanted, power=-1 if cost == "task" else 1)

    def _latency(self, mode: Mode, name: str) -> Estimate:
        """Return a percentile of requests at the load that is offered."""
        if self.question.payload:
            raise _NoDataError(NO_PAYLOADS)
        if self.question.waiting:
            raise _NoDataError(NO_WAITING)
        if mode != SERIAL and (workers := self.question.workers) != POOLED:
            raise _NoDataError(ITS_WORKERS.format(workers=workers))
        every = [
            (of_size * of_load, self.cells.latency(self.arm, mode, f"{name}_{size}_{percent}"))
            for size, of_size, seconds in self._requests()
            for percent, of_load in self._loads(seconds).items()
        ]
        beaten = [bool(figure and figure.reason.startswith(CANNOT)) for _, figure in every]
        if all(beaten):
            raise _NoDataError(CANNOT)
        if any(beaten):
            raise _NoDataError(PARTLY)
        known = [(share, self._known(figure, _WITH_LATENCY)) for share, figure in every]
        return estimate(known)

    def _requests(self) -> Iterator[tuple[str, float, float]]:
        """Yield the sizes of request around, by name: weight, what 100 ns a step are in truth."""
        around, loop = self._sizes(), self.cells.loop
        for index, share in around.items():
            size = SIZES[index]
            if size not in REQUESTS:
                raise _NoDataError(
                    f"requests of {amount(size.nominal, 'seconds')} were not measured"
                )
            yield size.name, share, (loop.seconds[index] if loop else 0.0) / size.nominal

    def _loads(self, pace: float) -> Mapping[int, float]:
        """Return the loads around what is offered, in percent as they are named, with weights."""
        offered = self.question.offered
        if offered is None:
            return {LOADS[0]: 1.0}
        axis = [percent / 100 * pace for percent in LOADS]
        ends = f"{axis[0]:.0%} to {axis[-1]:.0%}"
        why = f"loads were measured from {ends} of one core, and it would be {offered:.0%}"
        return {LOADS[index]: share for index, share in _around(axis, offered, why).items()}

    def _memory(self, mode: Mode) -> Estimate:
        """Return the memory of the tree, PSS, or RSS where the system has no PSS."""
        try:
            return self._estimate(mode, [(1.0, "pss")])
        except _NoDataError:
            return self._estimate(mode, [(1.0, "rss")])

    def _estimate(
        self, mode: Mode, wanted: Sequence[tuple[float, str]], power: int = 1
    ) -> Estimate:
        """Return the mean of figures, (weight, metric) each, by `power` over the workers."""

        def by(count: int) -> Estimate:
            figures = (
                (share, self.cells.at(self.arm, mode, count, each)) for share, each in wanted
            )
            return estimate([(share, self._known(figure)) for share, figure in figures])

        return estimate([(share, by(count)) for count, share in self._workers(mode).items()], power)

    def _known(self, figure: Figure | None, bench: str = "") -> Estimate:
        if figure is None or not self.cells.comparable(figure):
            raise _NoDataError(lacking(figure), bench or _ALL)
        return Estimate(
            value=figure.median or 0.0,
            interval=interval_of(figure),
            sources=(cell_name(figure),),
            doubt=figure.doubt,
            disturbed=figure.interference,
        )

    def _sharing(self, mode: Mode) -> Sharing | None:
        """Return how the mode shares best; None where nothing is shared, or with nobody."""
        if not self.question.shared or mode == SERIAL:
            return None
        figures, cpus = (
            self._in_a_row_or_amid_work(mode, *metrics)
            for metrics in (("op", "write"), ("cpu", "write_cpu"))
        )
        asked = [figures[name] for name in KINDS[self.question.shared_kind] if name in figures]
        asked.sort(key=lambda each: each.median or math.inf)
        ops = {
            each.params["strategy"]: self._known(each)
            for each in filter(self.cells.comparable, asked)
        }
        if not ops:
            why = lacking(next(iter(asked), None))
            raise _NoDataError(f"its shared writes: {why}", _WITH_WRITES)
        best = next(iter(ops))
        return Sharing(strategy=best, ops=ops, cpu=self._known(cpus.get(best)))

    def _in_a_row_or_amid_work(self, mode: Mode, row: str, amid: str) -> dict[str, Figure]:
        """Return strategy → what a write costs amid work where that is known, or else in a row."""
        rows, amids = (self.cells.strategies(self.arm, mode, each, FILL) for each in (row, amid))
        known = {name: each for name, each in amids.items() if self.cells.comparable(each)}
        return {**rows, **known}

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
_WITH_WRITES: Final = "^shared_set"
_WITH_LATENCY: Final = f"{_ALL}|^latency"


def _around(axis: Sequence[float], place: float, why: str) -> Mapping[int, float]:
    around = weights(axis, place)
    if around is None:
        raise _NoDataError(why)
    return around


def cell_name(figure: Figure) -> str:
    """Return what to call the cell of a figure: `task_10us_1kib(threads, 8)`."""
    method = figure.benchmark.rpartition(".")[2].removeprefix("track_")
    group = "" if figure.benchmark.startswith(GROUP) else f"{figure.benchmark.partition('.')[0]} "
    return f"{group}{method}({', '.join(figure.params.values())})"

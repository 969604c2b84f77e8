"""Scaling: the same work per worker by one and by N, in alternate slices of some 2 ms.

A machine's speed changes within milliseconds: slices next to each other have it in common, so the
ratio of two does not change with it.  Where there is a core for each worker of a slice, each has
its own, another one in every slice, and they begin together: where the kernel would have placed
them is not what is compared, nor is one core with another.

`relative_N` is one over the efficiency of weak scaling (J. L. Gustafson, "Reevaluating Amdahl's
law", 1988): 1 is ideal as long as there is a core for each worker, N / cores above.  It is of the
time from the first begin to the last end: right for workers that take turns at a GIL too, though a
slice is shorter than the 5 ms after which CPython takes a GIL away.  `relative_cpu_N` is of CPU
time: what each core pays because others work beside it, but for waiting.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from time import get_clock_info, perf_counter_ns
from typing import Any, NamedTuple

from ftbench.probe.instruments.build import gil_enabled
from ftbench.probe.instruments.clocks import NANO, clock_cost
from ftbench.probe.instruments.machine import machine_record, one_per_core, usable
from ftbench.probe.run.outcome import Invariant, Metric, Outcome, percentile, same_checksums
from ftbench.probe.scenarios.base import Cell, MetricSpec, costs
from ftbench.probe.workers import team_of
from ftbench.probe.workers.base import Member, Step, nothing

# Pairs that make a sample, fewer of sides whose slices are longer.
PAIRS = 8
SEED = 12
# Nanoseconds until all workers of a slice are awake.
_LEAD = 300_000
# Seconds of a tick of the threads' CPU clock that tell nothing of a slice: Windows has 16 ms.
_COARSE = 1e-4
# Below this share of its slice a worker was late on its core, or had lost it.
_LEAST_ON_CPU = 0.95


class Report(NamedTuple):
    """One worker's share, as `kernels.in_turn` reports it; times are in nanoseconds."""

    begin: int
    end: int
    cpu: int
    checksum: int
    preempted: int


class Turn(NamedTuple):
    """A slice: a report per worker, and whether each was to have a core of its own."""

    reports: tuple[Report, ...]
    apart: bool = False

    def seconds(self) -> float:
        """Return the seconds from the first begin to the last end, by the workers' own clocks."""
        return (max(report.end for report in self.reports) - self._begin) * NANO

    @property
    def _begin(self) -> int:
        return min(report.begin for report in self.reports)

    def cpu(self) -> float:
        """Return the CPU seconds of a worker, the mean."""
        return sum(report.cpu for report in self.reports) * NANO / len(self.reports)

    def on_cpu(self) -> float:
        """Return the share of the slice that its workers were on a CPU, the mean."""
        return self.cpu() / self.seconds()

    def lost(self) -> bool:
        """Tell whether a worker came late to its core, or lost it to others."""
        # One that waits for a lock of CPython's is on no CPU either, but nobody preempts it.
        had = [each.cpu if each.preempted else each.end - each.begin for each in self.reports]
        whole = [each.end - self._begin for each in self.reports]
        return self.apart and any(
            ns < _LEAST_ON_CPU * of for ns, of in zip(had, whole, strict=True)
        )


# A slice of one and a slice of many, next to each other in time.
Pair = tuple[Turn, Turn]
ONE, MANY = range(2)


class Side(NamedTuple):
    """What takes a slice; its `length` is how many slices of one worker it lasts at best."""

    length: int
    take: Callable[[], Turn]
    end: Callable[[], None]


def by_team(cell: Cell, role: str, run: Step, count: int, *, lets_go: bool = False) -> Side:
    """Return the side of a team of so many, each of which does `run`, that `lets_go` of a GIL."""
    cpus, (function, args) = _cpus(), run
    by_turns = cell.mode.kind == "threads" and gil_enabled() and not lets_go
    length = math.ceil(count / (1 if by_turns else len(cpus)))
    own = [(*cpus[index:], *cpus[:index]) if length == 1 else () for index in range(count)]
    members = [Member(role, (function, (*args, those))) for those in own]
    team = team_of(cell.mode, cell.deadline, members)
    return _side(length, len(cpus), lambda at: team.round(at=at).reports, team.end)


def by_hand(run: Step) -> Side:
    """Return the serial side: this thread does what a member would do."""
    cpus, (function, args) = _cpus(), run
    return _side(1, len(cpus), lambda at: [function(*args, cpus, at)], nothing)


def _cpus() -> tuple[int, ...]:
    """Return the CPUs that workers may have for themselves: two of one core would share it."""
    return tuple(one_per_core(usable() or range(machine_record()["usable_cores"])))


def _side(
    length: int, cpus: int, do: Callable[[int], Iterable[Any]], end: Callable[[], None]
) -> Side:
    numbers = itertools.count()

    def take() -> Turn:
        at = 0
        if length == 1:  # else one that spun would keep others from a core or from the GIL
            at = perf_counter_ns() + _LEAD
            at += (next(numbers) - at) % cpus  # `in_turn` goes by it: every core has its turn
        return Turn(reports=tuple(Report(*report) for report in do(at)), apart=at > 0)

    return Side(length, take, end)


class Block(NamedTuple):
    """Pairs by name of their many, taken together; in those `lost` a worker had lost its core."""

    kept: Mapping[str, list[Pair]]
    lost: Mapping[str, list[Pair]]

    def mean(self, name: str, side: int, figure: Callable[[Turn], float]) -> float:
        """Return the mean of a figure over one side of the pairs that count."""
        # Without any, over the one of which the least was lost.
        pairs = self.kept[name] or [max(self.lost[name], key=lambda pair: pair[MANY].on_cpu())]
        return sum(figure(pair[side]) for pair in pairs) / len(pairs)

    def ratio(self, name: str, figure: Callable[[Turn], float]) -> float:
        """Return the ratio of sums, many over one: where cores differ each has a part in both."""
        return self.mean(name, MANY, figure) / self.mean(name, ONE, figure)

    def over_slowest(self, name: str) -> float:
        """Return the time of many over that of the slowest of so many slices of one, in a row."""
        # Of many that share nothing, each on a core, something always holds up one.
        pairs = self.kept[name]
        many = len(pairs[0][MANY].reports) if pairs and pairs[0][MANY].apart else 1
        ones = [pair[ONE].seconds() for pair in pairs]
        if not 1 < many <= len(ones):
            return self.ratio(name, Turn.seconds)
        slowest = [max(ones[at : at + many]) for at in range(len(ones) - many + 1)]
        return self.mean(name, MANY, Turn.seconds) * len(slowest) / sum(slowest)


def blocks_of(
    cell: Cell, sides: Mapping[str, Side], ones: Mapping[str, str]
) -> tuple[Sequence[Block], Sequence[Turn]]:
    """Take slices of the sides; `ones` are name of the many → what they are compared with.

    The first of each side, in which bytecode is specialized for its threads, is left out.
    """
    for side in sides.values():
        side.take()
    pairs = PAIRS // cell.profile.shorter
    wanted = {name: max(1, pairs // sides[name].length) for name in ones}
    draw = random.Random(SEED)  # noqa: S311 - no secrets here
    blocks: list[Block] = []
    turns: list[Turn] = []

    def taken(names: Iterable[str]) -> dict[str, Turn]:
        ordered = sorted(names)
        draw.shuffle(ordered)
        found = {}
        for name in ordered:
            found[name] = sides[name].take()
            cell.pass_turn()
        turns.extend(found.values())
        return found

    for _ in cell.rounds():
        block = Block(kept={name: [] for name in ones}, lost={name: [] for name in ones})
        blocks.append(block)
        # What was lost is taken again, until more are lost than wanted.
        while due := [n for n in ones if len(block.kept[n]) < wanted[n] >= len(block.lost[n])]:
            for one in dict.fromkeys(ones[name] for name in due):
                many = [name for name in due if ones[name] == one]
                found = taken([one, *many])
                for name in many:
                    pair = found[one], found[name]
                    lost = any(turn.lost() for turn in pair)
                    (block.lost if lost else block.kept)[name].append(pair)
    for side in sides.values():
        side.end()
    return blocks, turns


def ratios(
    blocks: Sequence[Block],
    times: Callable[[Block, str], float] = lambda block, name: block.ratio(name, Turn.seconds),
) -> dict[str, list[float]]:
    """Return the samples of all ratios, one per block."""
    names = list(blocks[0].kept)
    wall = {name: [times(block, name) for block in blocks] for name in names}
    if get_clock_info("thread_time").resolution > _COARSE:
        return wall
    cpu = {of_cpu(name): [block.ratio(name, Turn.cpu) for block in blocks] for name in names}
    return wall | cpu


def check(of: str, turns: Sequence[Turn], expected: int) -> Invariant:
    """Return the invariant that every worker's checksum is `expected`, in all slices of `of`."""
    reports = [report for turn in turns for report in turn.reports]
    return same_checksums(of, [report.checksum for report in reports], expected)


def notes(blocks: Sequence[Block]) -> dict[str, Any]:
    """Return notes on the slices; `disturbed` marks a cell of which many were lost, and says so."""
    kept = {name: sum(len(block.kept[name]) for block in blocks) for name in blocks[0].kept}
    lost = {name: sum(len(block.lost[name]) for block in blocks) for name in kept}
    on_cpu = {name: [block.mean(name, MANY, Turn.on_cpu) for block in blocks] for name in kept}
    worst = max(lost, key=lambda name: lost[name] / max(1, kept[name]))
    why = f"a core was lost in {lost[worst]} of {lost[worst] + kept[worst]} slices of {worst}"
    return {
        "rounds": len(blocks),
        "pairs": kept,
        "lost": lost,
        "seed": SEED,
        "clock": clock_cost(),
        "on_cpu": {name: round(percentile(shares, 50), 3) for name, shares in on_cpu.items()},
        **({"disturbed": why} if lost[worst] > kept[worst] else {}),
    }


WORKER = "worker"
# The ladder of the benchmarks.
COUNTS = (1, 2, 4, 8)
# What a cell has a metric of for each of its own numbers of workers.
PER_COUNT = ("unit", "relative", "relative_cpu")


def ladder(most: int) -> tuple[int, ...]:
    """Return the numbers of workers that a cell compares: 1, 2, 4 and so on, and `most` itself."""
    powers = [1 << power for power in range(most.bit_length())]
    return tuple(dict.fromkeys([*powers, most]))


def of_cpu(ratio: str) -> str:
    """Return what the ratio of CPU times is called beside a ratio of times: `relative_cpu_2`."""
    arm, *workers = ratio.split("_")
    return "_".join([arm, "cpu", *workers])


_SERIAL, _RELATIVE = "serial", "relative"


def scaled(
    cell: Cell, *, of: str, run: Step, units: int, expected: int, lets_go: bool = False
) -> Outcome:
    """Measure one cell: a team for each number of workers, each in turn with the serial twin.

    `run` does `units` of the work `of`, and its checksum is `expected`; see `by_team`.
    """
    counts = ladder(cell.params["workers"])
    many = {f"{_RELATIVE}_{n}": by_team(cell, WORKER, run, n, lets_go=lets_go) for n in counts}
    sides = {_SERIAL: by_hand(run), **many}
    blocks, turns = blocks_of(cell, sides, dict.fromkeys(many, _SERIAL))
    return Outcome(
        metrics=metrics(blocks, counts, units),
        invariants=(check(of, turns, expected),),
        notes={**notes(blocks), "units": units},  # of one worker in a slice
    )


def metrics_of(counts: Iterable[int], who: str) -> tuple[MetricSpec, ...]:
    """Return the metrics of cells with these numbers of workers, each of which is called `who`."""
    one, *many = counts
    unit, slow, cpu = "Wall time per unit of work", "Slow-down of", "CPU time of each of"

    def ladder_of(name: str, unit: str, says: str) -> Iterator[MetricSpec]:
        return (MetricSpec(f"{name}_{n}", unit, says.format(n, who), always=False) for n in many)

    return (
        MetricSpec(_SERIAL, "seconds", f"{unit}, the main thread alone."),
        MetricSpec(f"unit_{one}", "seconds", f"{unit}, {one} {who}."),
        *ladder_of("unit", "seconds", f"{unit}, {{0}} {{1}}s; the whole time over all units."),
        MetricSpec(
            f"relative_{one}", "ratio", f"{slow} {one} {who} against the main thread alone."
        ),
        *ladder_of(
            "relative",
            "ratio",
            f"{slow} {{0}} {{1}}s against one thread, same work each; 1 is no slow-down.",
        ),
        MetricSpec(
            f"relative_cpu_{one}",
            "ratio",
            f"CPU time of {one} {who} over the main thread's.",
            always=False,
        ),
        *ladder_of("relative_cpu", "ratio", f"{cpu} {{0}} {{1}}s over that of one alone."),
        MetricSpec(
            "cpu",
            "seconds",
            f"CPU time per unit of work, most {who}s; by their own clocks.",
            always=False,
        ),
    )


def metrics(blocks: Sequence[Block], counts: Sequence[int], units: int) -> dict[str, Metric]:
    """Return the metrics of a ladder's blocks, a sample per block."""
    most = f"{_RELATIVE}_{counts[-1]}"
    samples = {
        _SERIAL: [block.mean(f"{_RELATIVE}_1", ONE, Turn.seconds) / units for block in blocks],
        **ratios(blocks),
    }
    if of_cpu(most) in samples:
        samples["cpu"] = [block.mean(most, MANY, Turn.cpu) / units for block in blocks]
    for n in counts:
        took = [block.mean(f"{_RELATIVE}_{n}", MANY, Turn.seconds) for block in blocks]
        samples[f"unit_{n}"] = [seconds / (units * n) for seconds in took]
    return costs(metrics_of(counts, WORKER), samples)

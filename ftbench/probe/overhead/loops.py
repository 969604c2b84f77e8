"""What the harness costs: its loops and bare ones, turn about, in one clean process.

`ftbench overhead` starts it in place of a cell.  Loops of one scenario work on the same objects,
each turn does the same work, and every turn's result is compared with the serial twin's.
"""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, NoReturn

from ftbench.errors import FtbenchError
from ftbench.facts.modes import Mode
from ftbench.probe.entry_points import TASKS
from ftbench.probe.instruments.clocks import NANO, clock_cost
from ftbench.probe.overhead import baseline
from ftbench.probe.run import cell as cells
from ftbench.probe.run.outcome import Invariant, Outcome
from ftbench.probe.scenarios import lifecycle, sharded_writers, sharded_writers_loops, shared_set
from ftbench.probe.scenarios.base import Cell, MetricSpec, Param, Scenario, costs
from ftbench.probe.scenarios.reports import ID_SPACE, Plan, new_ids
from ftbench.probe.scenarios.shared_set_strategies import STRATEGIES, Work, managed
from ftbench.probe.workers import crew_of, shared_state_of, team_of
from ftbench.probe.workers.base import Member, Team

HARNESS, BARE, ARTICLE = "harness", "bare", "article"
METRICS = (
    MetricSpec(HARNESS, "seconds", "An operation by the harness's loop."),
    MetricSpec(BARE, "seconds", "An operation by a bare loop."),
    MetricSpec(ARTICLE, "seconds", "An operation by a loop in the article's shape.", always=False),
)
TASK: Final = "empty"
MODES: Final = ("threads", "processes-fork")

PARAMS: Final = {
    "workers": Param(default=8),
    "operations": Param(default=8_192, most=1 << 30),  # of a turn, all workers
    "pairs": Param(default=4, most=10_000),
}

Turn = Callable[[], float]


@dataclass(frozen=True, kw_only=True)
class Contest:
    """Loops that do the same work: `turns` maps a name to a call that does it once.

    A call returns seconds per operation and raises `FtbenchError` if its result is not the serial
    twin's.  The harness times one operation in `every`; `clock_calls` returns, afterwards, how many
    calls of the clock it made per operation, `cpu_clock_calls` is those of the CPU's clock.
    """

    turns: Mapping[str, Turn]
    checked: str
    every: int
    clock_calls: Callable[[], float]
    cpu_clock_calls: float
    close: Callable[[], None]


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a turn came to: operations of all workers, and how many ids were new."""

    operations: int
    inserts: int


def alternate(turns: Mapping[str, Turn], pairs: int) -> dict[str, list[float]]:
    """Return `pairs` samples of each loop, interleaved A B B A, after one turn that is not kept.

    A sample is the mean of a loop's two turns in such a block, which a linear drift does not
    change.  Each block begins with another loop.
    """
    for turn in turns.values():
        turn()
    names = list(turns)
    samples: dict[str, list[float]] = {name: [] for name in names}
    for block in range(pairs):
        first = block % len(names)
        order = names[first:] + names[:first]
        forth = [turns[name]() for name in order]
        back = [turns[name]() for name in reversed(order)]
        for name, one, other in zip(order, forth, reversed(back), strict=True):
            samples[name].append((one + other) / 2)
    return samples


def require(loop: str, result: object, expected: object) -> None:
    """Raise `FtbenchError` unless a turn of `loop` came to what the serial twin comes to."""
    if result != expected:
        raise FtbenchError(
            f"The {loop} loop came to {result}, the serial twin to {expected}: loops that do not "
            "do the same work are not compared.",
        )


def compare(prepare: Callable[[Cell], Contest], cell: Cell) -> Outcome:
    """Run a contest; a metric per loop, in seconds per operation, a sample per pair."""
    contest = prepare(cell)
    pairs = cell.params["pairs"]
    samples = alternate(contest.turns, pairs)
    contest.close()
    clock, cpu_clock = clock_cost(), cost_of(time.thread_time_ns)
    return Outcome(
        metrics=costs(METRICS, samples),
        invariants=(Invariant(name="same work", checked=contest.checked),),
        notes={
            "every": contest.every,
            "clock": clock,
            "instrument": contest.clock_calls() * clock + contest.cpu_clock_calls * cpu_clock,
        },
    )


def cost_of(clock: Callable[[], int], calls: int = 2_000) -> float:
    """Return what a call of `clock` costs here, in seconds."""
    begin = time.perf_counter_ns()
    for _ in range(calls):
        clock()
    return (time.perf_counter_ns() - begin) * NANO / calls


def lives(cell: Cell) -> Contest:
    """lifecycle: an operation is the life of one worker.  The article's loop is the bare one."""
    workers: int = cell.params["workers"]
    rounds: int = max(1, cell.params["operations"] // workers)
    crew = crew_of(cell.mode, cell.deadline)
    bare_round = _bare_round(cell.mode)
    task, expected = TASKS[TASK], TASKS[TASK]()

    def harness() -> float:
        done = [lifecycle.one_round(crew, workers, TASK) for _ in range(rounds)]
        lifecycle.check(done, TASK)
        return sum(each.seconds["round"] for each in done) / (rounds * workers)

    def plain() -> float:
        done = [bare_round(workers, task) for _ in range(rounds)]
        for _took, returned in done:
            require(BARE, returned, [expected] * workers)
        return sum(took for took, _returned in done) * NANO / (rounds * workers)

    return Contest(
        turns={HARNESS: harness, BARE: plain},
        checked=f"each of {workers} workers returned {expected}, as the serial twin does",
        every=1,
        # The worker's two and the parent's one, and the parent's three per round.
        clock_calls=lambda: 3 + 3 / workers,
        cpu_clock_calls=2,
        close=crew.close,
    )


def _bare_round(mode: Mode) -> Callable[[int, Callable[[], int]], tuple[int, list[int]]]:
    if mode.start_method is None:
        return baseline.threads
    import multiprocessing  # noqa: PLC0415 - threads must not pay for it

    return partial(baseline.processes, multiprocessing.get_context(mode.start_method))


def sets(cell: Cell) -> Contest:
    """shared_set, strategy lock: one set and one lock for all loops, in turn."""
    every = shared_set.EVERY_ONE if managed("lock", cell.mode) else shared_set.EVERY
    plan = _plan(cell, every)
    workers = cell.params["workers"]
    state = shared_state_of(cell.mode)
    work = Work(workers=workers, plan=plan, drawn=0, grown=array("q"))
    strategy = STRATEGIES["lock"](cell.mode, state, work)
    members = strategy.members()
    *_, shared, lock = members[0].run[1]

    def team(loop: Callable[..., baseline.Span]) -> Team:
        members = _workers(loop, workers, lambda index: (index, plan.operations, shared, lock))
        return team_of(cell.mode, cell.deadline, members, state.helper)

    teams = {
        HARNESS: team_of(cell.mode, cell.deadline, members, state.helper),
        BARE: team(baseline.locked),
        ARTICLE: team(baseline.locked_as_in_the_article),
    }
    result = Result(operations=workers * plan.operations, inserts=new_ids(workers, plan))
    timed: list[float] = []  # the share of operations: sampled ones, and all that had to wait

    def turn(name: str) -> float:
        done = teams[name].round(strategy.reset)
        require(name, strategy.size(), result.inserts)
        if name != HARNESS:
            return _seconds(done.reports) / result.operations
        run = shared_set.as_run(strategy, done)
        require(name, Result(operations=run.operations, inserts=run.inserts), result)
        timed.append(len(shared_set.lock_waits(run)) / run.operations)
        return run.seconds / run.operations

    def clock_calls() -> float:
        return 2 * sum(timed) / len(timed)

    return _contest(teams, turn, result, every=every, clock_calls=clock_calls, close=state.close)


def writers(cell: Cell) -> Contest:
    """sharded_writers, one writer, window 1: queues of one kind, a team per loop."""
    plan = _plan(cell, sharded_writers.EVERY)
    producers = cell.params["workers"]
    state = shared_state_of(cell.mode)

    def team(loop: Callable[..., Any], what: object, writer: Callable[..., Any], *at: int) -> Team:
        queue, acks = state.queue(), tuple(state.queue() for _ in range(producers))
        last = Member(
            role="writer",
            run=(writer, (*at, producers, queue, acks)),
            prepare=(sharded_writers_loops.clear, (0,)),
        )
        members = _workers(loop, producers, lambda index: (index, what, (queue,), acks[index]))
        return team_of(cell.mode, cell.deadline, [*members, last])

    many = plan.operations
    teams = {
        HARNESS: team(
            sharded_writers_loops.producing_one_by_one,
            tuple(plan),
            sharded_writers_loops.writing_one_by_one,
            0,
        ),
        BARE: team(baseline.producing, many, baseline.writing),
        ARTICLE: team(baseline.producing_as_in_the_article, many, baseline.writing),
    }
    result = Result(operations=producers * many, inserts=new_ids(producers, plan))

    def turn(name: str) -> float:
        done = teams[name].round()
        if name != HARNESS:
            require(name, done.reports[-1], result.inserts)
            return _seconds(done.reports[:producers]) / result.operations
        run = sharded_writers.as_run(done, producers)
        require(name, Result(operations=run.operations, inserts=run.inserts), result)
        return run.seconds / run.operations

    return _contest(
        teams,
        turn,
        result,
        every=plan.every,
        clock_calls=lambda: 3 / plan.every,
        close=state.close,
    )


def _plan(cell: Cell, every: int) -> Plan:
    """Return what each worker does in a turn: whole strides, one at least."""
    each = cell.params["operations"] // cell.params["workers"] // every
    return Plan(max(1, each) * every, 0.0, every, ID_SPACE)


def _workers(
    loop: Callable[..., Any], count: int, args: Callable[[int], tuple[Any, ...]]
) -> list[Member]:
    return [Member(role="worker", run=(loop, args(index))) for index in range(count)]


def _seconds(spans: Sequence[baseline.Span]) -> float:
    """Return the seconds from the first worker's begin to the last one's end."""
    return (max(end for _, end in spans) - min(begin for begin, _ in spans)) * NANO


def _contest(
    teams: Mapping[str, Team],
    turn: Callable[[str], float],
    result: Result,
    *,
    every: int,
    clock_calls: Callable[[], float],
    close: Callable[[], None],
) -> Contest:
    def end() -> None:
        for team in teams.values():
            team.end()
        close()

    return Contest(
        turns={name: partial(turn, name) for name in teams},
        checked=f"{result.inserts} of {result.operations} ids were new, as in the serial twin",
        every=every,
        clock_calls=clock_calls,
        cpu_clock_calls=0.0,  # two per turn
        close=end,
    )


CONTESTS: Final = {
    scenario.name: Scenario(
        name=scenario.name,
        version=scenario.version,
        title=f"The harness against the bare loop: {scenario.title}",
        params=PARAMS,
        metrics=METRICS,
        run=partial(compare, prepare),
        modes=MODES,
    )
    for scenario, prepare in (
        (lifecycle.LIFECYCLE, lives),
        (shared_set.SHARED_SET, sets),
        (sharded_writers.SHARDED_WRITERS, writers),
    )
}


def main() -> NoReturn:
    """Run the contest of the request in `sys.argv[1]`, as a cell is run."""
    cells.main(CONTESTS.__getitem__)

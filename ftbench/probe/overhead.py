"""What the harness costs: its loops and bare ones, turn about, in one clean process.

`ftbench overhead` starts it in place of a cell.  Loops of one scenario work on the same objects and
do the same work each turn, and every turn's result is compared with the serial twin's.  A bare loop
reads a clock at both ends only and counts nothing.  One in the article's shape has its instrument:
a method draws each id, a clock is read at every turn and around every wait, everything is counted.
"""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice, repeat
from threading import Thread
from time import perf_counter_ns
from typing import Any, Final, NamedTuple, NoReturn

from ftbench.errors import FtbenchError
from ftbench.probe.entry_points import TASKS
from ftbench.probe.instruments.clocks import NANO, clock_cost
from ftbench.probe.run import cell as cells
from ftbench.probe.run.outcome import Invariant, Outcome
from ftbench.probe.scenarios import lifecycle, sharded_writers, sharded_writers_loops, shared_set
from ftbench.probe.scenarios.base import Cell, MetricSpec, Param, Scenario, costs
from ftbench.probe.scenarios.reports import ID_SPACE, Plan, new_ids
from ftbench.probe.scenarios.shared_set_strategies import STRATEGIES, Work, managed
from ftbench.probe.workers import crew_of, shared_state_of, team_of
from ftbench.probe.workers.base import Member, Team
from ftbench.probe.workers.shared_state import SharedState
from ftbench.probe.workloads.ids import GAMMA, MASK, drawn, prepare, seed_of
from ftbench.probe.workloads.inserting import adder

# The article's loops are time-boxed; ours, to do the same work, have a box that never ends.
_NEVER = 1e12

Span = tuple[int, int]  # the begin and the end of a worker's loop, in ns


def threads(workers: int, task: Callable[[], int]) -> tuple[int, list[int]]:
    """Create, start and join threads; return the time in ns, and what the task returned in each."""
    returned: list[int] = []
    begin = perf_counter_ns()
    running = []
    for _ in range(workers):
        thread = Thread(target=lambda: returned.append(task()))
        running.append(thread)
        thread.start()
    for thread in running:
        thread.join()
    return perf_counter_ns() - begin, returned


def processes(method: str, workers: int, task: Callable[[], int]) -> tuple[int, list[int]]:
    """Do the same with processes; one whose task returned something else than here is left out."""
    import multiprocessing  # noqa: PLC0415 - threads must not pay for it

    context: Any = multiprocessing.get_context(method)
    here = task()
    begin = perf_counter_ns()
    running = []
    for _ in range(workers):
        process = context.Process(target=_agree, args=(task, here))
        running.append(process)
        process.start()
    for process in running:
        process.join()
    took = perf_counter_ns() - begin
    returned = [here for process in running if process.exitcode == 0]
    for process in running:
        process.close()
    return took, returned


def _agree(task: Callable[[], int], there: int) -> None:
    if task() != there:
        raise SystemExit(1)


def locked(index: int, operations: int, shared: Any, lock: Any) -> Span:
    """shared_set: check and insert under the lock."""
    ids = islice(drawn(index), operations)
    add = adder(shared)
    begin = perf_counter_ns()
    for uid in ids:
        with lock:
            if uid not in shared:
                add(uid)
    return begin, perf_counter_ns()


def producing(index: int, operations: int, queues: Sequence[Any], acks: Any) -> Span:
    """sharded_writers: send an id to its writer, wait for the answer."""
    ids = islice(drawn(index), operations)
    puts = [queue.put for queue in queues]
    writers = len(puts)
    acknowledged = acks.get
    begin = perf_counter_ns()
    for uid in ids:
        puts[uid % writers]((index, uid))
        acknowledged()
    end = perf_counter_ns()
    for put in puts:
        put((index, None))
    return begin, end


def writing(producers: int, queue: Any, acks: Sequence[Any]) -> int:
    """sharded_writers: insert what comes, answer whether it was new; return how many were."""
    shared: set[int] = set()
    add = shared.add
    replies = [queue.put for queue in acks]
    while producers:
        producer, uid = queue.get()
        if uid is None:
            producers -= 1
        elif uid not in shared:
            add(uid)
            replies[producer](True)
        else:
            replies[producer](False)
    return len(shared)


# Loops in the article's shape.


class Ids:
    """The ids of `workloads.ids.draw`, by an object: its state in an attribute, a call per id."""

    def __init__(self, index: int) -> None:
        self.state = seed_of(index)

    def following(self) -> int:
        self.state = (self.state + GAMMA) & MASK
        z = self.state
        z = (z ^ (z >> 30)) * 0xBF58_476D_1CE4_E5B9 & MASK
        z = (z ^ (z >> 27)) * 0x94D0_49BB_1331_11EB & MASK
        return (z ^ (z >> 31)) % ID_SPACE


def locked_as_in_the_article(index: int, operations: int, shared: Any, lock: Any) -> Span:
    """shared_set: a clock at every turn and around every acquire, everything counted."""
    ids = Ids(index)
    add = adder(shared)
    attempts = inserts = duplicates = waited = 0
    begin = perf_counter_ns()
    for _ in repeat(None, operations):
        if time.perf_counter() > _NEVER:
            break
        uid = ids.following()
        asked = time.perf_counter_ns()
        lock.acquire()
        waited += time.perf_counter_ns() - asked
        try:
            if uid in shared:
                duplicates += 1
            else:
                add(uid)
                inserts += 1
        finally:
            lock.release()
        attempts += 1  # noqa: SIM113 - as the article counts
    return begin, perf_counter_ns()


def producing_as_in_the_article(
    index: int, operations: int, queues: Sequence[Any], acks: Any
) -> Span:
    """sharded_writers: a clock at every turn, around every put and around every wait."""
    ids = Ids(index)
    attempts = put_took = ack_took = 0
    begin = perf_counter_ns()
    for _ in repeat(None, operations):
        if time.perf_counter() > _NEVER:
            break
        uid = ids.following()
        queue = queues[uid % len(queues)]
        start = time.perf_counter_ns()
        queue.put((index, uid))
        put_took += time.perf_counter_ns() - start
        start = time.perf_counter_ns()
        acks.get()
        ack_took += time.perf_counter_ns() - start
        attempts += 1  # noqa: SIM113 - as the article counts
    end = perf_counter_ns()
    for queue in queues:
        queue.put((index, None))
    return begin, end


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
    """Loops that do the same work, by name."""

    turns: Mapping[str, Turn]  # seconds per operation; `FtbenchError` for another result
    checked: str
    every: int  # the harness times one operation in so many
    # How many calls of the clock the harness made per operation, once all is done; of the CPU's.
    clock_calls: Callable[[], float]
    cpu_clock_calls: float = 0.0  # two per turn
    close: Callable[[], None]


class Result(NamedTuple):
    """What a turn came to: operations of all workers, and how many ids were new."""

    operations: int
    inserts: int


def alternate(turns: Mapping[str, Turn], pairs: int) -> dict[str, list[float]]:
    """Return `pairs` samples of each loop, interleaved A B B A, after one turn that is not kept."""
    # A sample is the mean of a block's two turns, which a linear drift does not change.
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
    method = cell.mode.start_method
    bare_round = partial(processes, method) if method else threads
    task, expected = TASKS[TASK], TASKS[TASK]()

    def harness() -> float:
        measured = [lifecycle.one_round(crew, workers, TASK) for _ in range(rounds)]
        lifecycle.check(measured, TASK)
        return sum(one.seconds["round"] for one in measured) / (rounds * workers)

    def plain() -> float:
        measured = [bare_round(workers, task) for _ in range(rounds)]
        for _took, returned in measured:
            require(BARE, returned, [expected] * workers)
        return sum(took for took, _returned in measured) * NANO / (rounds * workers)

    return Contest(
        turns={HARNESS: harness, BARE: plain},
        checked=f"each of {workers} workers returned {expected}, as the serial twin does",
        every=1,
        # The worker's two and the parent's one, and the parent's three per round.
        clock_calls=lambda: 3 + 3 / workers,
        cpu_clock_calls=2,
        close=crew.close,
    )


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

    def team(loop: Callable[..., Span]) -> Team:
        members = _workers(loop, plan, workers, lambda at: (at, plan.operations, shared, lock))
        return team_of(cell.mode, cell.deadline, members, state.helper)

    teams = {
        HARNESS: team_of(cell.mode, cell.deadline, members, state.helper),
        BARE: team(locked),
        ARTICLE: team(locked_as_in_the_article),
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

    return Contest(
        turns={name: partial(turn, name) for name in teams},
        checked=_same_work(result),
        every=every,
        clock_calls=lambda: 2 * sum(timed) / len(timed),
        close=partial(_end, teams, state),
    )


def writers(cell: Cell) -> Contest:
    """sharded_writers, one writer, window 1: queues of one kind, a team per loop."""
    plan = _plan(cell, sharded_writers.EVERY)
    producers = cell.params["workers"]
    state = shared_state_of(cell.mode)

    def team(
        loop: Callable[..., Any], what: tuple[object, ...], writer: Callable[..., Any], *at: int
    ) -> Team:
        queue, acks = state.queue(), tuple(state.queue() for _ in range(producers))
        last = Member(
            role="writer",
            run=(writer, (*at, producers, queue, acks)),
            prepare=(sharded_writers_loops.clear, (0,)),
        )
        members = _workers(loop, plan, producers, lambda at: (at, *what, (queue,), acks[at]))
        return team_of(cell.mode, cell.deadline, [*members, last])

    many = plan.operations
    teams = {
        HARNESS: team(
            sharded_writers_loops.producing,
            (tuple(plan), 1),
            sharded_writers_loops.writing,
            0,
        ),
        BARE: team(producing, (many,), writing),
        ARTICLE: team(producing_as_in_the_article, (many,), writing),
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

    return Contest(
        turns={name: partial(turn, name) for name in teams},
        checked=_same_work(result),
        every=plan.every,
        clock_calls=lambda: 3 / plan.every,
        close=partial(_end, teams, state),
    )


def _plan(cell: Cell, every: int) -> Plan:
    strides = cell.params["operations"] // cell.params["workers"] // every
    return Plan(max(1, strides) * every, 0.0, every, ID_SPACE)


def _workers(
    loop: Callable[..., Any], plan: Plan, count: int, args: Callable[[int], tuple[Any, ...]]
) -> list[Member]:
    return [
        Member(role="worker", run=(loop, args(at)), prepare=(prepare, (at, tuple(plan))))
        for at in range(count)
    ]


def _seconds(spans: Sequence[Span]) -> float:
    return (max(end for _, end in spans) - min(begin for begin, _ in spans)) * NANO


def _same_work(result: Result) -> str:
    return f"{result.inserts} of {result.operations} ids were new, as in the serial twin"


def _end(teams: Mapping[str, Team], state: SharedState) -> None:
    for team in teams.values():
        team.end()
    state.close()


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

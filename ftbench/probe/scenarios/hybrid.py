"""hybrid: threads fetch, workers crunch, and a bounded queue lies between.

Eight threads of the parent wait 10 ms for each item (a sleep stands for the network) and put it
into a queue with room for 16; N workers take items and do some 1.5 ms of arithmetic with each.

    item                 seconds per item, from the first fetch until the last item is crunched
    wait_p50, wait_p99   seconds from before an item is put until a worker has it
    fetch_p99            seconds of a wait of 10 ms until its thread runs again
    cpu                  CPU seconds per item of the parent, its threads and the workers

Shows what mixing costs the fetchers, if those who crunch share a GIL with them, and the items, if
they must cross into a process.  Does not show large items (`data`) nor many connections (`io`).
Source: "Multithreading vs Multiprocessing - Choosing the Right Concurrency Model": "threaded
producers enqueue payloads, process pool consumes payloads".
"""

from __future__ import annotations

import time
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Thread
from typing import Any, NamedTuple

from ftbench.errors import FtbenchError, WorkerFailedError
from ftbench.facts.modes import Mode
from ftbench.probe.instruments.clocks import NANO, clock_cost
from ftbench.probe.run.outcome import Invariant, Metric, Outcome, percentile
from ftbench.probe.scenarios.base import Cell, MetricSpec, Param, Scenario, costs, dearer, repeats
from ftbench.probe.workers import team_of
from ftbench.probe.workers.base import Deadline, Member, Team
from ftbench.probe.workloads.crunching import crunch, crunching, payload_of

CRUNCHER = "cruncher"
FETCH_SECONDS = 0.01
# At 100 ns a step 1.5 ms: more than one core can do in the time of a fetch.
STEPS = 15_000
EACH = 24
SLOWED = ("item", "cpu")

PARAMS = {
    "workers": Param(default=8),
    "fetchers": Param(default=8),
    "room": Param(default=16, most=1_024),
}

METRICS = (
    MetricSpec(
        "item",
        "seconds",
        "An item: from the first fetch until the last item is crunched, over all items.",
    ),
    MetricSpec(
        "wait_p50", "seconds", "An item's time in the queue, waiting for room included; the median."
    ),
    MetricSpec(
        "wait_p99",
        "seconds",
        "An item's time in the queue, waiting for room included; the 99th percentile.",
    ),
    MetricSpec(
        "fetch_p99", "seconds", "A wait of 10 ms until its thread runs again; the 99th percentile."
    ),
    MetricSpec("cpu", "seconds", "CPU seconds of an item: the parent, its fetchers, the workers."),
)


@dataclass(frozen=True, kw_only=True)
class Run:
    """One round: how many items, in how many seconds; waits and fetches in seconds, each one's."""

    items: int
    seconds: float
    waits: tuple[float, ...]
    fetches: tuple[float, ...]
    cpu: float


def one_round(cell: Cell, team: Team, queue: Any, plan: Plan, expected: int) -> Run:
    """Fetch and crunch all items; raises `FtbenchError` unless each was crunched, once."""
    fetching = Fetching(queue, plan, cell.params["workers"])
    done = team.round(fetching.start)
    fetches = fetching.finish(cell.deadline)
    items = sum(count for count, _, _, _ in done.reports)
    total = sum(checksums for _, checksums, _, _ in done.reports)
    if (items, total) != (plan.items, expected):
        raise FtbenchError(
            f"{items} of {plan.items} items were crunched, and their checksums add up to {total} "
            f"where the serial twin's do to {expected}: nothing is recorded.",
            hint="The queue loses or repeats items, or the interpreter computes wrongly; report "
            "it.",
        )
    waits = array("q")
    for report in done.reports:
        waits.frombytes(report[3])
    return Run(
        items=items,
        seconds=(max(end for _, _, end, _ in done.reports) - fetching.begin) * NANO,
        waits=tuple(wait * NANO for wait in waits),
        fetches=tuple(fetches),
        cpu=done.cpu,
    )


def serial_twin(plan: Plan) -> tuple[int, float]:
    """Return the sum of all items' checksums, and the seconds that crunching one takes."""
    numbers = range(plan.items)
    begin = time.perf_counter()
    checksums = {payload: crunch(payload, STEPS) for payload in set(map(payload_of, numbers))}
    seconds = time.perf_counter() - begin
    return sum(checksums[payload_of(number)] for number in numbers), seconds / len(checksums)


def run(cell: Cell) -> Outcome:
    """Measure one cell: a team that crunches, and fetchers anew in each round."""
    each = cell.more(EACH)
    plan = Plan(cell.params["fetchers"], each, FETCH_SECONDS)
    expected, crunch_seconds = serial_twin(plan)
    queue = bounded_queue(cell.mode, cell.params["room"])
    member = Member(role=CRUNCHER, run=(crunching, (queue, STEPS)))
    team = team_of(cell.mode, cell.deadline, [member] * cell.params["workers"])
    runs = [one_round(cell, team, queue, plan, expected) for _ in repeats(cell.profile)]
    team.end()
    return Outcome(
        metrics=dearer(metrics(runs), SLOWED, each / EACH),
        invariants=(
            Invariant(
                name="checksum",
                checked=f"in each of {len(runs)} rounds all {plan.items} items were crunched once, "
                f"and their checksums add up to the serial twin's {expected}",
            ),
        ),
        notes={
            "rounds": len(runs),
            "clock": clock_cost(),
            "items": plan.items,
            "fetch": FETCH_SECONDS,
            "crunch": crunch_seconds,
        },
    )


def metrics(runs: Sequence[Run]) -> dict[str, Metric]:
    """Return the metrics of all rounds, a sample per round, all in seconds."""
    samples = {
        "item": [each.seconds / each.items for each in runs],
        "wait_p50": [percentile(list(each.waits), 50) for each in runs],
        "wait_p99": [percentile(list(each.waits), 99) for each in runs],
        "fetch_p99": [percentile(list(each.fetches), 99) for each in runs],
        "cpu": [each.cpu / each.items for each in runs],
    }
    return costs(METRICS, samples)


HYBRID = Scenario(
    name="hybrid",
    version="1",
    title="Threads fetch, N workers crunch, a bounded queue between",
    params=PARAMS,
    metrics=METRICS,
    run=run,
    slowed=SLOWED,
)


class Plan(NamedTuple):
    """How many `fetchers` fetch how many items `each`, in how many `seconds` an item."""

    fetchers: int
    each: int
    seconds: float

    @property
    def items(self) -> int:
        """Items of all fetchers."""
        return self.fetchers * self.each


def bounded_queue(mode: Mode, room: int) -> Any:
    """Return a mode's queue that holds at most `room` items: `put` waits for room."""
    if mode.processes:
        import multiprocessing  # noqa: PLC0415 - threads and interpreters must not pay for it

        return multiprocessing.get_context(mode.start_method).Queue(room)
    if mode.kind == "interpreters":
        import importlib  # noqa: PLC0415

        # By name: the module is not there in the releases that the host and mypy know.
        return importlib.import_module("concurrent.interpreters").create_queue(room)
    import queue  # noqa: PLC0415

    return queue.Queue(room)


class Fetching:
    """One round of fetching into `queue`, for `workers` that each take one end mark."""

    def __init__(self, queue: Any, plan: Plan, workers: int) -> None:
        """Nothing is fetched before `start`."""
        self.begin = 0
        self._queue = queue
        self._plan = plan
        self._workers = workers
        self._took: list[int] = []
        self._failed: list[BaseException] = []
        # Daemon: after a deadline the process must be able to end without its hung threads.
        self._threads = [
            Thread(target=self._body, args=(index,), daemon=True) for index in range(plan.fetchers)
        ]
        self._closer = Thread(target=self._close, daemon=True)

    def start(self) -> None:
        """Let all fetchers begin."""
        self.begin = time.perf_counter_ns()
        for thread in self._threads:
            thread.start()
        self._closer.start()

    def _body(self, index: int) -> None:
        try:
            self._fetch(index)
        except BaseException as error:  # noqa: BLE001 - every end of a thread must be told
            self._failed.append(error)

    def _fetch(self, index: int) -> None:
        plan = self._plan
        put, clock = self._queue.put, time.perf_counter_ns
        for number in range(index, plan.items, plan.fetchers):
            begin = clock()
            time.sleep(plan.seconds)
            payload = payload_of(number)
            end = clock()
            put((end, payload))
            self._took.append(end - begin)

    def _close(self) -> None:
        for thread in self._threads:
            thread.join()
        # Whether they succeeded or not: the workers must come to an end.
        for _ in range(self._workers):
            self._queue.put(None)

    def finish(self, deadline: Deadline) -> list[float]:
        """Wait for the end; return the seconds that each fetch took.

        Raises `WorkerFailedError` with the story of a fetcher that failed.
        """
        self._closer.join(deadline.left())
        if self._failed:
            import traceback  # noqa: PLC0415

            raise WorkerFailedError(
                f"A fetcher ({len(self._failed)} of {self._plan.fetchers}) failed; nothing is "
                "recorded.",
                story="".join(traceback.format_exception(self._failed[0])),
            )
        if self._closer.is_alive():
            raise deadline.passed("the fetchers to end")
        return [took * NANO for took in self._took]

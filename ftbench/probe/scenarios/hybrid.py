"""hybrid: threads fetch, workers crunch, and a bounded queue lies between.

Eight threads of the parent wait 10 ms for each item (a sleep stands for the network) and put it
into a queue with room for 16; N workers take items and do some 1.5 ms of arithmetic with each.

Shows what mixing costs the fetchers, if those who crunch share a GIL with them, and the items, if
they must cross into a process.  Does not show large items (`data`) nor many connections (`io`).
Source: "Multithreading vs Multiprocessing - Choosing the Right Concurrency Model": "threaded
producers enqueue payloads, process pool consumes payloads".
"""

from __future__ import annotations

import time
from threading import Thread
from typing import Any, NamedTuple

from ftbench.errors import FtbenchError, WorkerFailedError
from ftbench.facts.modes import Mode
from ftbench.probe.instruments.clocks import NANO, clock_cost
from ftbench.probe.run.outcome import LACKS, Invariant, Outcome, percentiles, too_few
from ftbench.probe.scenarios.base import (
    Cell,
    MetricSpec,
    Param,
    Scenario,
    by_round,
    in_seconds,
)
from ftbench.probe.scenarios.reports import seconds_of
from ftbench.probe.workers import team_of
from ftbench.probe.workers.base import Deadline, Member, Team
from ftbench.probe.workloads.crunching import crunch, crunching, payload_of

CRUNCHER = "cruncher"
FETCH_SECONDS = 0.01
# At 100 ns a step 1.5 ms: more than one core can do in the time of a fetch.
STEPS = 15_000
PER_FETCHER = 24

PARAMS = {
    "workers": Param(default=8),
    "fetchers": Param(default=8),
    "room": Param(default=16, most=1_024),
}

METRICS = (
    *in_seconds(
        item="Time per item; from the first fetch to the last item computed, over all items.",
        wait_p50="Time in the queue, median; waiting for room included.",
        cpu="CPU time per item; of the parent, its fetchers, the workers.",
    ),
    # Where there are fetchers enough for so many items.
    MetricSpec("wait_p95", "seconds", "Time in the queue, 95th percentile.", always=False),
    MetricSpec(
        "wake_p95",
        "seconds",
        "Time to wake from a wait of 10 ms, 95th percentile.",
        always=False,
    ),
)


def one_round(cell: Cell, team: Team, queue: Any, plan: Fetches, expected: int) -> dict[str, float]:
    """Fetch and crunch all items, and return what it cost.

    Raises `FtbenchError` unless each was crunched, once.
    """
    fetching = Fetching(queue, plan, cell.params["workers"])
    done = team.round(fetching.start)
    fetches = fetching.finish(cell.deadline)
    counts, checksums, ends, waits = zip(*done.reports, strict=True)
    items, total = sum(counts), sum(checksums)
    if (items, total) != (plan.items, expected):
        raise FtbenchError(
            f"{items} of {plan.items} items were crunched, and their checksums add up to {total} "
            f"where the serial twin's do to {expected}: nothing is recorded.",
            hint="The queue loses or repeats items, or the interpreter computes wrongly; report "
            "it.",
        )
    nominal = plan.fetchers * PER_FETCHER
    in_queue = seconds_of(waits)
    return {
        "item": (max(ends) - fetching.begin) * NANO / nominal,
        **{f"wait_p{n}": cost for n, cost in percentiles(in_queue, 50, 95).items()},
        **{f"wake_p{n}": cost for n, cost in percentiles(fetches, 95).items()},
        "cpu": done.cpu / nominal,
    }


def serial_twin(plan: Fetches) -> tuple[int, float]:
    """Return the sum of all items' checksums, and the seconds that crunching one takes."""
    numbers = range(plan.items)
    begin = time.perf_counter()
    checksums = {payload: crunch(payload, STEPS) for payload in set(map(payload_of, numbers))}
    seconds = time.perf_counter() - begin
    return sum(checksums[payload_of(number)] for number in numbers), seconds / len(checksums)


def run(cell: Cell) -> Outcome:
    """Measure one cell: a team that crunches, and fetchers anew in each round."""
    fetchers = cell.params["fetchers"]
    plan = Fetches(fetchers, fetchers * cell.with_extra(PER_FETCHER), FETCH_SECONDS)
    expected, crunch_seconds = serial_twin(plan)
    queue = bounded_queue(cell.mode, cell.params["room"])
    member = Member(role=CRUNCHER, run=(crunching, (queue, STEPS)))
    team = team_of(cell.mode, cell.deadline, [member] * cell.params["workers"])
    rounds = [one_round(cell, team, queue, plan, expected) for _ in cell.repeats()]
    team.end()
    return Outcome(
        metrics=by_round(METRICS, rounds),
        invariants=(
            Invariant(
                name="checksum",
                checked=f"in each of {len(rounds)} rounds all {plan.items} items were crunched "
                f"once, and their checksums add up to the serial twin's {expected}",
            ),
        ),
        notes={
            "rounds": len(rounds),
            "clock": clock_cost(),
            "items": plan.items,
            "fetch": FETCH_SECONDS,
            "crunch": crunch_seconds,
            LACKS: too_few(plan.items, wait_p95=95, wake_p95=95),
        },
    )


HYBRID = Scenario(
    name="hybrid",
    version="1",
    title="Threads fetch, N workers crunch, a bounded queue between",
    params=PARAMS,
    metrics=METRICS,
    run=run,
    slowed=("item", "cpu"),
)


class Fetches(NamedTuple):
    """So many `fetchers` fetch so many `items`, in so many `seconds` each."""

    fetchers: int
    items: int
    seconds: float


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

    def __init__(self, queue: Any, plan: Fetches, workers: int) -> None:
        """Nothing is fetched before `start`."""
        self.begin = 0
        self._queue = queue
        self._plan = plan
        self._workers = workers
        self._took: list[int] = []
        self._failed: list[BaseException] = []
        # Daemon: after a deadline the process must be able to end without its hung threads.
        self._threads = [
            Thread(target=self._fetch, args=(index,), daemon=True) for index in range(plan.fetchers)
        ]
        self._closer = Thread(target=self._close, daemon=True)

    def start(self) -> None:
        """Let all fetchers begin."""
        self.begin = time.perf_counter_ns()
        for thread in self._threads:
            thread.start()
        self._closer.start()

    def _fetch(self, index: int) -> None:
        plan = self._plan
        put, clock = self._queue.put, time.perf_counter_ns
        try:
            for number in range(index, plan.items, plan.fetchers):
                begin = clock()
                time.sleep(plan.seconds)
                payload = payload_of(number)
                end = clock()
                put((end, payload))
                self._took.append(end - begin)
        except BaseException as error:  # noqa: BLE001 - every end of a thread must be told
            self._failed.append(error)

    def _close(self) -> None:
        for thread in self._threads:
            thread.join()
        # Whether they succeeded or not: the workers must come to an end.
        for _ in range(self._workers):
            self._queue.put(None)

    def finish(self, deadline: Deadline) -> list[float]:
        """Return the seconds that each fetch took; raises `WorkerFailedError` if one failed."""
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

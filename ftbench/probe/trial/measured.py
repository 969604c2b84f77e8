"""trial, trial_memory: calls of a user's function, spread in one way over N workers.

A process makes its workers, has each set up, runs a first round and then warm ones, and ends the
workers.  A plain loop in the same process stands right before and after each warm round, so that
the machine's mood is in both.  Each result is compared with the serial twin's when the clock has
stopped.
Between a pool and the function stands `target.call` alone, for some 0.7 us a call: two readings of
the clock, which it returns, and word of which input is under way.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

from ftbench.facts.modes import EVERY_MODE, Mode
from ftbench.facts.trial_modes import CUSTOM, TRIAL_MODE_NAMES, TRIAL_MODES, trial_mode_named
from ftbench.probe.instruments import counters
from ftbench.probe.instruments.build import gil_enabled
from ftbench.probe.instruments.clocks import NANO, clock_cost, cpu_seconds
from ftbench.probe.run.child import session_of
from ftbench.probe.run.outcome import Invariant, Outcome, memory
from ftbench.probe.scenarios.base import (
    Cell,
    MetricSpec,
    Param,
    Scenario,
    by_round,
    costs,
    in_seconds,
    memory_of,
)
from ftbench.probe.trial import target
from ftbench.probe.trial.pools import arrived, loop_beside, pool_for
from ftbench.probe.trial.step import ASKED, SOON_SECONDS, Step, step_of
from ftbench.probe.workers.engines import engine_of
from ftbench.probe.workers.pools import Pool

if TYPE_CHECKING:
    from ftbench.probe.trial.checking import Twin

MOST_LATENCIES = 5_000
_MOST_ROUNDS, _MOST_BETWEEN = 500, 3
BEFORE, BUSY, WORKER = "before", "busy", "worker"
_HOLD_SECONDS = 0.1
# A plain loop beside a round makes a third of its calls, or a single one where that takes longer.
_SHARE, _LONGEST_LOOP = 3, 2.0

PARAMS = {
    "asked": ASKED,
    "way": Param(default="threadpool", choices=(*TRIAL_MODE_NAMES, CUSTOM.name)),
    "workers": Param(default=1),
}

METRICS = (
    MetricSpec(
        "call", "seconds", "A warm round, from its begin to its last result, over its calls."
    ),
    MetricSpec(
        "loop",
        "seconds",
        "A plain loop right before and after that round, over its calls; a plain loop's is itself.",
        tracked=False,
    ),
    MetricSpec(
        "cpu", "seconds", "CPU of the whole tree in a warm round, over its calls.", always=False
    ),
    *in_seconds(
        latency="A call in its worker, from its begin to its end.",
        start="From making the workers, their library's import too, until each is set up.",
        cold="The first round, from its begin to its last result.",
        shutdown="Ending the idle workers, until the last is gone.",
    ),
)


def why_not(mode: Mode, params: Mapping[str, Any]) -> str | None:
    """Return why a combination makes no sense, None if it does."""
    way = trial_mode_named(params["way"])
    if way.mode != mode.name:
        return f"{way.title} is measured with --mode {way.mode}"
    if way.name == "serial" and params["workers"] != 1:
        return "a plain loop is one worker: workers=1"
    return None


def calls_beside(calls: int, inputs: int, seconds: float) -> int:
    """Return how many calls, of so many seconds each, a plain loop makes beside a round of `calls`.

    Whole passes over the inputs, which may differ, if a round has as many.
    """
    count = min(calls, inputs * max(-(-calls // (inputs * _SHARE)), 1))
    return count if count * seconds <= _LONGEST_LOOP else 1


class Workers:
    """The workers of a cell, set up, and what came of their calls so far."""

    def __init__(self, cell: Cell, step: Step) -> None:
        self.cell, self.step = cell, step
        self.way = trial_mode_named(cell.params["way"])
        self.calls = self.compared = 0
        self._answers: list[target.Answer] = []
        self._uncompared: list[tuple[int, Any]] = []
        self.work = step.work()
        gil = gil_enabled()
        begin = time.perf_counter()
        self.pool: Pool = pool_for(
            self.way, cell.mode, cell.params["workers"], cell.deadline, step.asked
        )
        if self.pool.goes_on:
            step.look_in(SOON_SECONDS)  # it replaces a worker that has died, and says nothing
        self.start = arrived(self.pool, gil) - begin

    @cached_property
    def twin(self) -> Twin:
        from ftbench.probe.trial.checking import Twin  # noqa: PLC0415 - it weighs something

        return Twin(self.step.asked["reference"], self.step.asked["check"], target.found)

    def round(self) -> dict[str, float]:
        """Have all calls made once; return the seconds of the whole and of a call."""
        count, chunk = len(self.work), self.step.asked["chunk"]
        with self.step.prepared():
            others, own = _cpu_of_others(self.cell.mode), cpu_seconds()
            begin = time.perf_counter()
            self._answers = self.pool.map(target.call, self.work, chunk)
            took = time.perf_counter() - begin
            own = cpu_seconds() - own
            figures = {"whole": took, "call": took / count}
            if others is not None:
                figures["cpu"] = (own + (_cpu_of_others(self.cell.mode) or 0.0) - others) / count
        self.answered(self.work, self._answers)
        return figures

    def answered(self, items: Sequence[target.Item], answers: Sequence[target.Answer]) -> None:
        """Take what calls came to, to be compared when nothing is timed."""
        both = zip(items, answers, strict=True)
        self._uncompared += ((item[0], answer[0]) for item, answer in both)
        self.calls += len(items)
        self.step.printed()  # lest it take all of the disk

    def compare(self) -> Invariant:
        """Compare results with the serial twin's; raises what `differ` does."""
        from ftbench.probe.trial.checking import differ  # noqa: PLC0415 - it weighs something

        results, self._uncompared = self._uncompared, []
        found = (self.twin.difference(number, result) for number, result in results)
        different = [difference for difference in found if difference]
        if different:
            raise differ(self.way.title, len(different), len(results), different[0])
        self.compared += len(results)
        return self.twin.held(self.compared)

    def latencies(self) -> list[float]:
        """Return the seconds of each call of the last round."""
        return [(ended - began) * NANO for _result, began, ended in self._answers]

    def end(self) -> float:
        """End the workers, with their GIL as it was; return how long that took."""
        arrived(self.pool, gil_enabled())
        return self.pool.shutdown()


class Loop:
    """A plain loop in this thread, half of it right before each warm round, half right after.

    It has made its calls once before, as the workers have: what a function keeps, it has kept.
    """

    def __init__(self, workers: Workers) -> None:
        self._workers = workers
        self.pool = loop_beside(workers.pool)
        arrived(self.pool, gil_enabled())
        work, seconds = workers.work, workers.twin.seconds
        usual = sum(seconds[item[0]] for item in work) / len(work)
        count = calls_beside(len(work), len(workers.step.items), usual)
        items = work[:count]
        if count == 1:
            items = [min(work, key=lambda item: abs(seconds[item[0]] - usual))]
        self._halves = items[: count // 2] or items, items[count // 2 :]
        # How many usual calls they come to: where the inputs differ, one is not like all.
        took = sum(seconds[item[0]] for half in self._halves for item in half)
        several = sum(map(len, self._halves))
        self._calls = took / usual if count == 1 and usual else several
        for half in self._halves:
            self._seconds(half)

    def _seconds(self, items: Sequence[target.Item]) -> float:
        with self._workers.step.prepared():
            begin = time.perf_counter()
            answers = self.pool.map(target.call, items, 1)
            took = time.perf_counter() - begin
        self._workers.answered(items, answers)
        return took

    def around_round(self) -> dict[str, float]:
        """Have the workers do a round; return its figures, and the seconds of a call beside it."""
        before, after = self._halves
        took = self._seconds(before)
        figures = self._workers.round()
        return {**figures, "loop": (took + self._seconds(after)) / self._calls}

    def end(self) -> None:
        self.pool.shutdown()


def _cpu_of_others(mode: Mode) -> float | None:
    """Return the CPU seconds of all processes of this cell but this one, None if nobody knows."""
    if not counters.knows_cpu_of_others():
        return None if mode.processes else 0.0
    seconds = 0.0
    for pid in session_of(os.getpid()):
        if pid != os.getpid():
            with suppress(OSError):  # one that has ended is counted with this process's
                seconds += counters.cpu_seconds_of((pid,))
    return seconds


def run(cell: Cell) -> Outcome:
    """Measure one cell: its workers' life from cold to warm to their end."""
    rounds: list[dict[str, float]] = []
    latencies: list[float] = []
    with step_of(cell) as step:
        workers = Workers(cell, step)
        cold = workers.round()
        workers.compare()
        loop = None if workers.way is TRIAL_MODES[0] else Loop(workers)
        begin, seconds = time.perf_counter(), step.asked["seconds"]
        # What stands between rounds, comparing results above all, may take longer than they do.
        while not rounds or (
            len(rounds) < _MOST_ROUNDS
            and sum(each["whole"] for each in rounds) < seconds
            and time.perf_counter() - begin < _MOST_BETWEEN * seconds
        ):
            cell.stick()
            figures = loop.around_round() if loop else workers.round()
            rounds.append({"loop": figures["call"], **figures})
            latencies += workers.latencies()
            held = workers.compare()
        shutdown = workers.end()
        if loop:
            loop.end()
    every = -(-len(latencies) // MOST_LATENCIES)
    once = {"start": [workers.start], "cold": [cold["whole"]], "shutdown": [shutdown]}
    return Outcome(
        metrics=by_round(METRICS, rounds) | costs(METRICS, {"latency": latencies[::every], **once}),
        invariants=(held,),
        notes={
            "rounds": len(rounds),
            "calls": workers.calls,
            "printed": step.printed()[0],
            "clock": clock_cost(),
            "native_threads": 1,
            **engine_of(cell.mode),
        },
    )


def run_watched(cell: Cell) -> Outcome:
    """Have the tree seen while rounds run, one after the other."""
    cell.observe(BEFORE, 0.0, {})
    with step_of(cell) as step:
        workers = Workers(cell, step)
        workers.round()
        stop = Event()
        failed: list[BaseException] = []

        def go_on() -> None:
            try:
                arrived(workers.pool, gil_enabled())  # a loop is set up in its thread: this one now
                while not stop.is_set():
                    workers.round()
            except BaseException as error:  # noqa: BLE001 - raised below
                failed.append(error)

        thread = Thread(target=go_on, daemon=True)
        thread.start()
        cell.observe(BUSY, max(cell.profile.hold, _HOLD_SECONDS), worker_roles(cell.mode))
        stop.set()
        cell.deadline.join([thread], "rounds")
        if failed:
            raise failed[0]
        held = workers.compare()
        workers.end()
    return Outcome(invariants=(held,), notes={"calls": workers.calls})


def from_observation(phases: Mapping[str, Any], _workers: int) -> Outcome:
    """Return the tree's memory at work, and what the cell weighed before the function came."""
    seen = memory(phases[BUSY])
    before = memory(phases[BEFORE]).metrics
    notes = {"before": {name: metric.samples[0] for name, metric in before.items()}}
    return seen._replace(notes={**seen.notes, **notes})


def worker_roles(mode: Mode) -> dict[int, str]:
    """Return process id → role of the workers that are processes."""
    if not mode.processes:
        return {}
    import multiprocessing  # noqa: PLC0415 - threads and interpreters do without

    return {each.pid: WORKER for each in multiprocessing.active_children() if each.pid}


TRIAL = Scenario(
    name="trial",
    version="2",
    title="Calls of a user's function, spread over N workers",
    params=PARAMS,
    metrics=METRICS,
    run=run,
    modes=tuple(mode.name for mode in EVERY_MODE),
    hole=why_not,
    extensions=True,
)
TRIAL_MEMORY = TRIAL._replace(
    name="trial_memory",
    title="Memory of the tree while N workers call a user's function",
    metrics=memory_of("while rounds run (Linux)."),
    run=run_watched,
    from_observation=from_observation,
)

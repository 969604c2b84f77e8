"""trial_serial: a user's function with each input once, one call after the other.

Shows what a call takes, whether it computes or waits, what moves when it goes to another process,
and whether it leaves its arguments alone.  The first process writes the serial twin's results;
every further one compares its own with them, so that a second process, with another seed of hashes,
says whether the function gives the same results twice.
"""

from __future__ import annotations

import inspect
import pickle
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from itertools import cycle, islice
from os.path import exists
from typing import Any

from ftbench.probe.instruments.clocks import NANO, cpu_seconds
from ftbench.probe.instruments.kernel import PROC, text_at
from ftbench.probe.run.outcome import Outcome, percentile
from ftbench.probe.scenarios.base import Cell, Param, Scenario, costs, in_seconds
from ftbench.probe.trial import target
from ftbench.probe.trial.checking import Difference, Recorder, Twin, digest, one_line, told_call
from ftbench.probe.trial.step import ASKED, Step, step_of

# Calls that all together take less say little of their kind; if less than the other, they are done
# twice more, about so long, and those count that were disturbed the least.
SHORT, LONG, AGAIN, MOST_CALLS = 0.02, 0.3, 0.05, 1_000
# Shares of a call's time on a CPU: from the one on it computes, up to the other it waits.
COMPUTES, WAITS = 0.8, 0.2
COMPUTING, WAITING, MIXED = "CPU-bound", "waiting", "mixed"

PARAMS = {
    "asked": ASKED,
    "way": Param(default="serial", choices=("serial",)),
    "workers": Param(default=1, most=1),
}
METRICS = in_seconds(call="A call of the function, each input once.")


def caller() -> tuple[Callable[[target.Item], target.Answer], Callable[[], object]]:
    """Return what calls the function, which is set up in this thread, and what ends it."""
    if not inspect.iscoroutinefunction(target.function()):
        target.enter()
        return target.call, lambda: None
    import asyncio  # noqa: PLC0415 - coroutine functions alone need it

    runner = asyncio.Runner()
    runner.run(target.arrive_in_loop(gil=True))
    return lambda item: runner.run(target.call_in_loop(item)), runner.close


def kind_of(share: float) -> str:
    """Return what kind of work has such a share of its time on a CPU."""
    if share >= COMPUTES:
        return COMPUTING
    return WAITING if share <= WAITS else MIXED


def _queued() -> float:
    """Return the seconds for which this thread has waited for a CPU, as far as the kernel says."""
    fields = (text_at(PROC / "thread-self" / "schedstat") or "").split()
    return int(fields[1]) * NANO if len(fields) > 1 else 0.0


class Clock:
    """Adds up how long calls took, and how much of that they were on a CPU."""

    def __init__(self) -> None:
        self.wall = self.cpu = 0.0

    def __enter__(self) -> None:
        self._begun = time.perf_counter(), cpu_seconds(), _queued()

    def __exit__(self, *_exc: object) -> None:
        wall, cpu, queued = self._begun
        # On a busy machine one who computes waits, too: for a CPU.
        queued = _queued() - queued
        self.cpu += cpu_seconds() - cpu
        self.wall += max(1e-9, time.perf_counter() - wall - queued)

    @property
    def share(self) -> float:
        """CPU seconds a second: above 1 where calls have threads or processes of their own."""
        return self.cpu / self.wall


def _pickled(value: Any) -> tuple[int, str]:
    """Return the bytes that go to another process, and why none can."""
    try:
        return len(pickle.dumps(value)), ""
    except Exception as error:  # noqa: BLE001 - a user's class may raise anything
        return 0, one_line(error)


def _middle(moved: Sequence[tuple[int, str]]) -> int:
    return round(percentile([float(size) for size, _ in moved], 50))


def _run(step: Step, record: Recorder | None, twin: Twin | None) -> Outcome:
    call, end = caller()
    clock = Clock()
    given: list[tuple[int, str]] = []
    returned: list[tuple[int, str]] = []
    samples: list[float] = []
    digests: list[str] = []
    differences: list[Difference] = []
    changed: list[Difference] = []
    for item in step.items:
        number, args, kwargs = item
        given.append(_pickled((args, kwargs)))
        before, words = digest((args, kwargs)), told_call(args, kwargs)
        with clock:
            result, began, ended = call(item)
        samples.append((ended - began) * NANO)
        digests.append(digest(result)[:16])
        returned.append(_pickled(result))
        if digest((args, kwargs)) != before:
            changed.append(Difference(words, told_call(args, kwargs), words))
        if record:
            record.add(words, result, samples[-1])
        if twin and (difference := twin.difference(number, result)):
            differences.append(difference)
    printed = step.printed()[0]
    total = max(1e-9, sum(samples))
    shares = [clock.share] if total >= SHORT else []
    for _ in range(2 if total < LONG else 0):
        count = min(MOST_CALLS, max(len(samples), int(len(samples) * AGAIN / total)))
        with (clock := Clock()):
            for item in islice(cycle(step.items), count):
                call(item)
        shares.append(clock.share)
    end()
    return Outcome(
        metrics=costs(METRICS, {"call": samples}),
        invariants=(twin.held(len(samples)),) if twin and not differences else (),
        notes={
            "calls": len(samples),
            "wrong": len(differences),
            "first": differences[0]._asdict() if differences else None,
            "digests": digests,
            "cpu_share": round(max(shares), 3),
            "kind": kind_of(max(shares)),
            "bytes_in": _middle(given),
            "bytes_out": _middle(returned),
            "unpicklable": next(
                (
                    f"{why} (input {number})"
                    for moved in (given, returned)
                    for number, (_, why) in enumerate(moved, 1)
                    if why
                ),
                "",
            ),
            # Calls that changed their arguments: the first, as it was and as it then was.
            "changed": len(changed),
            "first_changed": changed[0]._asdict() if changed else None,
            "printed": printed,
        },
    )


def run(cell: Cell) -> Outcome:
    """Call the function with each input; see the module."""
    with step_of(cell) as step, step.prepared():
        path, check = step.asked["reference"], step.asked["check"]
        if path and exists(path):
            return _run(step, None, Twin(path, check, target.found))
        with Recorder(path, check) if path else nullcontext() as record:
            return _run(step, record, None)


TRIAL_SERIAL = Scenario(
    name="trial_serial",
    version="1",
    title="A user's function, each input once in a plain loop",
    params=PARAMS,
    metrics=METRICS,
    run=run,
    modes=("serial",),
    counted=True,  # its times choose what is measured, and are not compared
    extensions=True,
)

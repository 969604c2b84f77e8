"""trial_shake: a user's function called by several threads at once, each result compared.

Threads meet at a barrier, in each trial with another order of inputs and another switch interval,
and call.  A result that is not the serial twin's, or an error that it did not have, is found by
luck: nothing found proves nothing.  A crash or a deadlock ends the cell, with where threads stood.
Source: racecheck and pytest-run-parallel, which do so with tests.
"""

from __future__ import annotations

import random
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from itertools import chain
from threading import Barrier, BrokenBarrierError, Thread
from typing import Any

from ftbench.errors import DeadlineError, FtbenchError
from ftbench.probe.instruments.build import gil_enabled
from ftbench.probe.run.outcome import Outcome, percentile
from ftbench.probe.scenarios.base import Cell, Param, Scenario
from ftbench.probe.trial import target
from ftbench.probe.trial.checking import Difference, Twin
from ftbench.probe.trial.serial import caller
from ftbench.probe.trial.step import ASKED, Step, step_of

SECONDS = 3.0  # after which no further trial begins
ENOUGH = 20  # findings, after which none does either
# A thread's part of a trial lasts so long, lest it is over before the next one has begun.
SLICE, MOST_CALLS = 2e-3, 64
# Seconds of a switch interval, as powers of ten: the usual one is 5 ms.
INTERVALS = (-6.0, -2.3)
# A trial may take so many times what its calls would one after the other, and so long at least.
PATIENCE, LEAST_PATIENCE = 20, 5.0
_LINES = 3  # of where a thread stands

PARAMS = {
    "asked": ASKED,
    "way": Param(default="threadpool", text=True),
    "workers": Param(default=4, least=2, most=64),
}

TYPE_CHECKING = False
if TYPE_CHECKING:
    Answers = list[tuple[target.Item, Any, BaseException | None]]


def _one_by_one() -> tuple[Callable[[Sequence[target.Item]], Answers], Callable[[], object]]:
    """Return what makes calls in this thread, and what ends it."""
    call, end = caller()

    def calls(items: Sequence[target.Item]) -> Answers:
        answers: Answers = []
        for item in items:
            try:
                answers.append((item, call(item)[0], None))
            except BaseException as error:  # noqa: BLE001 - every end is compared
                answers.append((item, None, error))
        return answers

    return calls, end


def _interleaved() -> tuple[Callable[[Sequence[target.Item]], Answers], Callable[[], object]]:
    """Return what has all calls under way in a loop of this thread, and what ends it."""
    import asyncio  # noqa: PLC0415 - its cells alone need it

    runner = asyncio.Runner()
    runner.run(target.arrive_in_loop(gil=True))

    async def together(items: Sequence[target.Item]) -> list[Any]:
        return await asyncio.gather(*map(target.call_in_loop, items), return_exceptions=True)

    def calls(items: Sequence[target.Item]) -> Answers:
        found = zip(items, runner.run(together(items)), strict=True)
        return [
            (item, None, each) if isinstance(each, BaseException) else (item, each[0], None)
            for item, each in found
        ]

    return calls, runner.close


def at_a_time(seconds: float) -> int:
    """Return how many calls of so many seconds a thread does in a trial."""
    return max(1, min(MOST_CALLS, round(SLICE / max(seconds, 1e-7))))


class Shake:
    """Threads that call at once; what they found so far."""

    def __init__(self, step: Step, workers: int, *, loop: bool) -> None:
        asked = step.asked
        self._items = step.items
        self._twin = Twin(asked["reference"], asked["check"], target.found)
        self._random = random.Random(asked["seed"])  # noqa: S311 - on record
        # A loop is of one thread: its calls are interleaved where they await.
        self._threads, self._make = (1, _interleaved) if loop else (workers, _one_by_one)
        seconds = self._twin.seconds
        self._each = workers if loop else at_a_time(percentile(seconds, 50))
        usual, longest = self._each * sum(seconds) / len(seconds), max(seconds)
        self._patience = max(LEAST_PATIENCE, *(PATIENCE * workers * s for s in (usual, longest)))
        self._barrier = Barrier(self._threads + 1)
        self._orders: list[list[target.Item]] = []
        self._answers: list[Answers] = []
        self.calls = self.trials = self.raised = 0
        self.differences: list[Difference] = []
        self.story = ""
        for index in range(self._threads):
            Thread(target=self._body, args=(index,), daemon=True).start()

    def _body(self, index: int) -> None:
        calls = None
        self._barrier.wait()
        while order := self._orders[index]:
            try:
                calls = calls or self._make()
                self._answers[index] = calls[0](order)
            except BaseException as error:  # noqa: BLE001 - of a set-up
                self._answers[index] = [(order[0], None, error)]
            self._barrier.wait()  # all are done
            self._barrier.wait()  # the next trial
        if calls:
            calls[1]()
        self._barrier.wait()

    def _meet(self) -> None:
        try:
            self._barrier.wait(self._patience)
        except BrokenBarrierError:
            raise DeadlineError(
                f"{self._threads} threads that called at once did not end within "
                f"{self._patience:.3g} s: a deadlock, or one waits for another.",
                story=_stacks(),
                hint="One after the other, the calls ended. Where each thread stands is above.",
            ) from None

    def trial(self) -> None:
        """Have all threads call at once, and compare what came of it."""
        exponent = self._random.uniform(*INTERVALS)
        self._orders = [
            self._random.choices(self._items, k=self._each) for _ in range(self._threads)
        ]
        self._answers = [[]] * self._threads
        sys.setswitchinterval(10**exponent)
        self._meet()  # they begin
        self._meet()
        self.trials += 1
        for item, result, error in chain.from_iterable(self._answers):
            self.calls += 1
            if error is not None:
                self._raised(item, error)
            elif difference := self._twin.difference(item[0], result):
                self.differences.append(difference)

    def _raised(self, item: target.Item, error: BaseException) -> None:
        words = error.message if isinstance(error, FtbenchError) else repr(error)
        if not self.raised:
            self.story = error.story if isinstance(error, FtbenchError) else ""
        self.raised += 1
        self.differences.append(self._twin.raised(item[0], words))

    def end(self) -> None:
        self._orders = [[]] * self._threads
        self._meet()
        self._meet()


def _stacks() -> str:
    """Return the last lines of each thread: without a GIL faulthandler has those of one alone."""
    frames = sys._current_frames().items()  # noqa: SLF001 - documented
    last = ("".join(traceback.format_stack(frame)[-_LINES:]) for _, frame in frames)
    return "\n".join(f"A thread stands here:\n{lines}" for lines in dict.fromkeys(last))


def run(cell: Cell) -> Outcome:
    """Shake the function until there were as many calls as were asked for, or it took too long."""
    usual, workers = sys.getswitchinterval(), int(cell.params["workers"])
    with step_of(cell) as step, step.prepared():
        shake = Shake(step, workers, loop=cell.mode.name == "asyncio")
        end = time.perf_counter() + SECONDS
        # Each trial counts as a call of each: more of them where they take microseconds.
        for _ in range(-(-step.asked["shake"] // workers)):
            shake.trial()
            if len(shake.differences) >= ENOUGH or time.perf_counter() > end:
                break
        shake.end()
    sys.setswitchinterval(usual)
    wrong = shake.differences
    return Outcome(
        notes={
            "calls": shake.calls,
            "wrong": len(wrong),
            "raised": shake.raised,
            "first": wrong[0]._asdict() if wrong else None,
            "story": shake.story or (wrong[0].story if wrong else ""),
            "trials": shake.trials,
            "workers": workers,
            "seed": step.asked["seed"],
            "gil": gil_enabled(),
        }
    )


TRIAL_SHAKE = Scenario(
    name="trial_shake",
    version="1",
    title="A user's function, called by several threads at once",
    params=PARAMS,
    metrics=(),
    run=run,
    modes=("threads", "asyncio", "asyncio-per-thread"),
    counted=True,  # no time of it is kept
    extensions=True,
)

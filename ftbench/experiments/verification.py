"""The first of an advice as programs, run in turn: whether the ranking holds.

What runs is `tests/tools/literal/tasks.py`, which imports nothing of ours: what the harness gets
wrong is not wrong in it as well.
"""

from __future__ import annotations

import json
import os
import random
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import combinations
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from ftbench.analysis.advice.ranking import ArmAdvice, Ranked
from ftbench.asv.machines import identity
from ftbench.asv.measuring_lock import MEASURING_LOCK
from ftbench.errors import InterpreterError, NotAvailableError, WorkerFailedError
from ftbench.facts.units import amount, plural, span, times
from ftbench.probe.run.child import clean_environment
from ftbench.processes import run
from ftbench.progress import bar
from ftbench.pythons import Interpreter, preferred, survey
from ftbench.pythons.interpreter import Spec
from ftbench.report.advice import Given
from ftbench.report.document import Document, Part, Row, Table, Tone
from ftbench.results.figure import Machine
from ftbench.results.project import project_folder
from ftbench.statistics.ratio import Ratio, ratio
from ftbench.statistics.spread import Processes

FIRST: Final = 3
ROUNDS: Final = 5
# What a program is to take, and how few and many tasks it does for it.
_SECONDS, _FEWEST, _MOST = 1.0, 100, 20_000
_DEADLINE: Final = 120.0
# What the program calls modes that have no start method.
_MODES: Final = {"serial": "loop", "interpreters": "subinterpreters"}
_PLACES: Final = (
    Path(__file__).resolve().parent / "literal",
    Path(__file__).resolve().parents[2] / "tests" / "tools" / "literal",
)


class Outcome(StrEnum):
    """What programs say of two that were ranked; the values are what users read."""

    HELD = "held"
    FAILED = "did not hold"
    UNDECIDED = "too close to call"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """One of the first, and the seconds of a task by each of its programs."""

    advice: ArmAdvice
    ranked: Ranked
    interpreter: Interpreter
    seconds: list[float] = field(default_factory=list)

    @property
    def title(self) -> str:
        arm = self.advice.arm
        return f"{arm.character} {arm.label}, {self.ranked.expectation.mode.title}"

    @property
    def processes(self) -> Processes:
        return tuple((each,) for each in self.seconds)

    def record(self) -> dict[str, Any]:
        mode = self.ranked.expectation.mode.name
        return {"arm": self.advice.arm.name, "mode": mode, "seconds": self.seconds}

    def measure(self) -> None:
        expected, asked = self.ranked.expectation, self.advice.asked
        question, sharing = asked.question, expected.sharing
        count = min(max(round(_SECONDS / expected.seconds.value), _FEWEST), _MOST)
        flags = {
            "mode": expected.mode.start_method or _MODES.get(expected.mode.kind, "threads"),
            "workers": question.workers,
            "steps": asked.steps,
            "payload": question.payload,
            "tasks": count,
            "writes": question.shared,
            "share": sharing.strategy if sharing else "local",
        }
        done = run(
            [self.interpreter.executable, _program(), *(f"--{k}={v}" for k, v in flags.items())],
            environ=clean_environment(os.environ, self.advice.arm.variables),
            deadline=_DEADLINE,
        )
        if done.code == NotAvailableError.exit_code:
            raise NotAvailableError(f"{self.title} cannot run here: {done.err.strip()}")
        if done.code:
            raise WorkerFailedError(
                f"The program of {self.title} failed; nothing is verified.",
                story=done.err or f"Its answers were not those of a plain loop: {done.out}",
            )
        self.seconds.append(float(json.loads(done.out.strip().rpartition("\n")[2])["task"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two of the first, the better ranked one first."""

    better: Contender
    worse: Contender

    @property
    def ratio(self) -> Ratio:
        return ratio(self.worse.processes, self.better.processes)

    @property
    def outcome(self) -> Outcome:
        """What the programs say; two that the advice does not tell apart cannot fail it."""
        interval = self.ratio.interval
        if interval is not None and interval.low > 1:
            return Outcome.HELD
        ours, theirs = self.better.ranked.cost.interval, self.worse.ranked.cost.interval
        told = ours is not None and theirs is not None and not ours.overlaps(theirs)
        wrong = interval is not None and interval.high < 1 and told
        return Outcome.FAILED if wrong else Outcome.UNDECIDED

    def record(self) -> dict[str, Any]:
        found = self.ratio
        return {
            **{name: getattr(self, name).record() for name in ("better", "worse")},
            "ratio": found.value,
            "interval": found.interval and [found.interval.low, found.interval.high],
            "outcome": self.outcome,
        }

    def row(self) -> Row:
        outcome = self.outcome
        tone = Tone.BAD if outcome is Outcome.FAILED else Tone.PLAIN
        names = self.better.title, self.worse.title
        return Row(cells=(*names, outcome, *_words(self.ratio)), tone=tone)

    @property
    def wrong(self) -> str:
        much, reach = _words(ratio(self.better.processes, self.worse.processes))
        return f"{self.worse.title} is {much} ({reach}) as fast as {self.better.title}"


def verified(
    given: Given, machines: Iterable[Machine], document: Document, console: Console
) -> tuple[Document, str]:
    """Run the programs of the first of all arms; return it all, and what of the ranking is wrong.

    Nothing is, where the advice is of another machine than this one.
    Raises `InterpreterError` where the interpreter of one is not on this machine.
    """
    every = [(each, ranked) for each in given.advice.arms for ranked in each.ranked]
    every.sort(key=lambda pair: pair[1].cost.value)
    found = survey().interpreters
    first = [_contender(given, found, *each) for each in every[:FIRST]]
    ours = given.pick.machine, identity(project_folder(), console.print)
    here = any((each.name, each.identity) == ours for each in machines)
    MEASURING_LOCK.acquire()
    order = random.Random()  # noqa: S311 - no secrets here
    with bar(console, ROUNDS * len(first)) as shown:
        for number in range(1, ROUNDS + 1):
            for each in order.sample(first, len(first)):
                shown.begin(f"round {number} of {ROUNDS}, {each.title}")
                each.measure()
    pairs = [Pair(better=one, worse=other) for one, other in combinations(first, 2)]
    record = {**document.record, "verified": [each.record() for each in pairs]}
    parts = (*document.parts, _part(given, first, pairs, here=here))
    wrong = "; ".join(each.wrong for each in pairs if each.outcome is Outcome.FAILED)
    said = f"The ranking did not hold: {wrong}." if wrong and here else ""
    return replace(document, record=record, parts=parts), said


def _contender(
    given: Given, here: Sequence[Interpreter], advice: ArmAdvice, ranked: Ranked
) -> Contender:
    arm, release = advice.arm, given.pick.release
    spec = Spec(series=release.series, release=release, free_threaded=arm.free_threaded)
    flavour = dict(given.pick.builds).get(arm.python)
    same = [each for each in here if each.build.flavour == flavour]
    kind = release, arm.free_threaded
    interpreter = preferred(same, *kind) or preferred(here, *kind)
    if interpreter is None:
        raise InterpreterError(
            f"CPython {spec} is not on this machine, so the {arm.title} cannot be verified.",
            hint=f"To get it: ftbench pythons install {spec}; or --arm leaves it out.",
        )
    return Contender(advice=advice, ranked=ranked, interpreter=interpreter)


def _part(given: Given, first: list[Contender], pairs: list[Pair], *, here: bool) -> Part:
    taken = "; ".join(
        f"{each.title}: {amount(statistics.median(each.seconds), 'seconds')} a task where "
        f"{amount(each.ranked.expectation.seconds.value, 'seconds')} were expected"
        for each in first
    )
    runs, machine = f"{plural(ROUNDS, 'process', 'processes')} of each", given.pick.machine
    machine += "" if here else ", another machine, whose ranking may be another"
    table = Table(
        columns=("first", "then", "the ranking", "then / first", "99 % interval"),
        rows=tuple(each.row() for each in pairs),
        numbers=2,
        notes=(f"{runs} on this machine, in turn; the advice is of {machine}. {taken}.",),
    )
    return Part(title="Verified by programs that share nothing with the harness", tables=(table,))


def _words(found: Ratio) -> tuple[str, str]:
    ends = found.interval
    return times(found.value), span(ends.low, ends.high) if ends else ""


def _program() -> Path:
    for folder in _PLACES:
        if (folder / "tasks.py").is_file():
            return folder / "tasks.py"
    raise NotAvailableError(
        "This installation of ftbench has no program to verify by.",
        hint="Install ftbench from a checkout or from a wheel that was built from one.",
    )

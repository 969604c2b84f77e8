"""A pair: two cells in fresh processes whose rounds alternate, each the other's measuring stick.

Both are alive from the first round to the last and only one is at work, in an order that is drawn
for each round, or for each slice of a long one: what slows a core for a while meets both.  The
first round is left out.  Hash seed and the place of the stack are alike on both sides and others in
the next pair; code and data of a build lie at the same addresses in all, so more pairs do not
average out what these do.
"""

from __future__ import annotations

import ctypes
import json
import math
import os
import random
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any, Final, NamedTuple

from ftbench.errors import DeadlineError, FtbenchError, NotAvailableError
from ftbench.experiments.harness import probe
from ftbench.experiments.suite import SuiteCell
from ftbench.facts.arms import Arm
from ftbench.facts.profiles import DEFAULT, DUEL, PROFILES
from ftbench.probe.instruments.machine import one_per_core, placed, usable
from ftbench.probe.run import GO
from ftbench.probe.run.child import clean_environment
from ftbench.probe.run.document import Measurement
from ftbench.probe.run.measure import (
    CELL,
    DEADLINE_SECONDS,
    GIL_VARIABLE,
    check_extra,
    may_switch,
)
from ftbench.probe.run.programs import Guarded
from ftbench.probe.scenarios.base import scenario_named
from ftbench.pythons.asking import answer_of

# Rounds of a pair; the first, in which bytecode is specialized, does not count.
WARM: Final = 1
LEAST: Final = 2
MOST: Final = 60
# A pair has `ENOUGH` and goes on for `SECONDS`, which its start takes as well; it has fewer only if
# they take `MOST_SECONDS`, for the median of a few is a matter of luck (docs/noise.md).
ENOUGH: Final = 20
SECONDS: Final = 0.3
MOST_SECONDS: Final = 2.0
_MOST_PADDING: Final = 4_096
_ADDR_NO_RANDOMIZE: Final = 0x0040000  # of personality(2)
_UNCHANGED: Final = 0xFFFFFFFF


@dataclass(frozen=True, slots=True, kw_only=True)
class Duellist:
    """One of both sides; without a mode of its own it has that of each cell."""

    name: str
    python: Path  # of an environment with the probe
    release: str
    flavour: str
    arm: Arm
    mode: str | None = None
    extra: float = 0.0  # the share of work that it does besides

    @property
    def title(self) -> str:
        """What it is: "B: CPython 3.14.7, GIL build (source-gcc12), 5 % more work"."""
        more = f"{self.extra * 100:g} % more work" if self.extra else ""
        release, build = f"CPython {self.release}", f"{self.arm.title} ({self.flavour})"
        return f"{self.name}: {', '.join(filter(None, (release, build, self.mode, more)))}"

    def request(self, cell: SuiteCell, cpus: Sequence[int] | None, deadline: float) -> str:
        scenario = scenario_named(cell.scenario)
        check_extra(scenario, self.extra)
        asked = {
            "scenario": scenario.name,
            "mode": self.mode or cell.mode,
            "params": scenario.parse(cell.params),
            "profile": DUEL.name,
            "gil": self.arm.gil,
            "jit": self.arm.jit,
            "deadline": deadline,
            "extra": self.extra,
            "cpus": cpus,
        }
        return json.dumps(asked)


class Layout(NamedTuple):
    """What is the same for both sides of a pair, drawn for it."""

    hash_seed: int
    padding: int  # bytes of a variable: where the stack begins
    cpus: list[int] | None  # one core for cells of one thread, another in the next pair

    @classmethod
    def drawn(cls, number: int, draw: random.Random, *, alone: bool) -> Layout:
        numbers = usable()
        cores = one_per_core(numbers) if alone and numbers else []
        cpus = [cores[number % len(cores)]] if cores else placed(os.environ)
        return cls(draw.randrange(1, 2**32), draw.randrange(_MOST_PADDING), cpus)

    def environment(self, arm: Arm, *, may_switch: bool = False) -> dict[str, str]:
        told = arm.free_threaded and (arm.gil or not may_switch)
        gil = {GIL_VARIABLE: "1" if arm.gil else "0"} if told else {}
        own = {"PYTHONHASHSEED": str(self.hash_seed), "FTBENCH_PADDING": "-" * self.padding}
        return clean_environment(os.environ, {**own, **arm.variables, **gil})


class Pair(NamedTuple):
    """What a pair came to."""

    rounds: int  # that count
    costs: dict[str, list[tuple[float, float]]]  # metric → of both sides, round by round
    units: dict[str, str]
    builds: tuple[dict[str, Any], dict[str, Any]]
    cpu: float  # seconds of both sides
    fixed: bool  # whether addresses were
    noticed: str = ""  # what a side saw of other load


class SideError(Exception):
    """One of both failed: its number, and its error."""

    def __init__(self, number: int, error: FtbenchError) -> None:
        super().__init__(str(error))
        self.number, self.error = number, error


@contextmanager
def fixed_addresses() -> Iterator[bool]:
    """Have what the body starts lie where its kind always lies; yield whether the system can."""
    fixed, before = False, -1
    with suppress(OSError, AttributeError, TypeError):
        personality = ctypes.CDLL(None).personality
        before = personality(_UNCHANGED)
        fixed = before != -1 and personality(before | _ADDR_NO_RANDOMIZE) != -1
    try:
        yield fixed
    finally:
        if fixed:
            personality(before)


def take(
    sides: tuple[Duellist, Duellist],
    cell: SuiteCell,
    layout: Layout,
    draw: random.Random,
    *,
    rounds: int | None = None,
    seconds: float = MOST_SECONDS,
    deadline: float = DEADLINE_SECONDS,
) -> Pair:
    """Run a pair of so many `rounds` with the first; by default `ENOUGH`, or what `seconds` allow.

    Raises `SideError` for the side that failed, A if both did; nothing of either stays behind.
    """
    if scenario_named(cell.scenario).program:
        return _without_turns(sides, cell, draw, deadline)
    documents: dict[int, dict[str, Any]] = {}
    done = 0
    begins = draw.sample((0, 1), 2)  # else what comes first would be one side's advantage
    with ExitStack() as stack:
        cells = {}
        with fixed_addresses() as fixed:
            for number in begins:
                with _named(number, sides[number]):
                    started = _cell(sides[number], cell, layout, deadline)
                    cells[number] = stack.enter_context(started)

        def followed(number: int) -> None:
            nonlocal done
            if cells[number].asks():
                done = max(done, cells[number].event.get("round") or 0)
            else:
                with _named(number, sides[number]):
                    documents[number] = cells[number].document()

        def went_on(number: int, *, word: str) -> None:
            cells[number].answer(word)
            followed(number)

        _in_turn(begins, followed)
        for number in begins:  # what comes before the first round is done side by side
            cells[number].answer(GO)
        _in_turn(begins, followed)
        begin = time.monotonic()
        while waiting := [number for number in (0, 1) if number not in documents]:
            took = time.monotonic() - begin
            late = took >= (SECONDS if done >= ENOUGH else seconds) and done >= LEAST
            enough = done >= (rounds or MOST) or (rounds is None and late)
            word = "" if enough else GO
            _in_turn(draw.sample(waiting, len(waiting)), partial(went_on, word=word))
    return _pair(cell, [documents[number] for number in (0, 1)], fixed=fixed)


_BYTECODE: Final = """
import json
from ftbench.probe.run.measure import bytecode
print(MARK + json.dumps(bytecode()))
"""


@cache
def _bytecode(python: Path) -> dict[str, str]:
    found: dict[str, str] = answer_of(python, _BYTECODE)
    return found


def _in_turn(numbers: Sequence[int], act: Callable[[int], None]) -> None:
    """Have sides act in turn; raises the error of the first side where both fail.

    What A cannot do either is no news of B.
    """
    failed: list[SideError] = []
    for number in numbers:
        try:
            act(number)
        except SideError as error:
            failed.append(error)
            if isinstance(error.error, DeadlineError):  # which passed for all that waited, too
                break
    if failed:
        raise min(failed, key=lambda each: each.number)


def _cell(side: Duellist, cell: SuiteCell, layout: Layout, deadline: float) -> Guarded:
    own = may_switch(scenario_named(cell.scenario), side.mode or cell.mode)
    return Guarded(
        [str(side.python), "-P", "-c", CELL, side.request(cell, layout.cpus, deadline)],
        environ={**layout.environment(side.arm, may_switch=own), **_bytecode(side.python)},
        deadline=deadline,
        name="cell",
        hint="Where each of its threads stood is written above.",
        python=str(side.python),
    )


@contextmanager
def _named(number: int, side: Duellist) -> Iterator[None]:
    try:
        yield
    except FtbenchError as error:
        error.message = f"{side.title}: {error.message}"
        raise SideError(number, error) from error


def _pair(cell: SuiteCell, documents: Sequence[Mapping[str, Any]], *, fixed: bool) -> Pair:
    rounds = [document["notes"].get("rounds", 0) for document in documents]
    if min(rounds) <= WARM:
        words = f"{cell.scenario} has no rounds that two sides could take in turn."
        raise SideError(0, NotAvailableError(words))
    costs: dict[str, list[tuple[float, float]]] = {}
    first, second = (document["metrics"] for document in documents)
    for name in first.keys() & second.keys():
        both = first[name]["samples"], second[name]["samples"]
        each = {len(own) / count for own, count in zip(both, rounds, strict=True)}
        if len(each) == 1 and (count := each.pop()).is_integer():
            later = (own[WARM * int(count) :] for own in both)
            taken = list(zip(*later, strict=False))
            medians = map(statistics.median, zip(*taken, strict=True))
            if min(medians, default=0) > 0 and math.isfinite(log_ratio(taken)):
                costs[name] = taken
    return Pair(
        rounds=min(rounds) - WARM,
        costs=dict(sorted(costs.items())),
        units={name: metric["unit"] for name, metric in first.items()},
        builds=(documents[0]["build"], documents[1]["build"]),
        cpu=sum(document["effort"].get("cpu_seconds", 0.0) for document in documents),
        fixed=fixed,
        noticed=", ".join(filter(None, (each["notes"].get("disturbed") for each in documents))),
    )


def log_ratio(costs: Sequence[tuple[float, float]]) -> float:
    """Return the median of the log ratios, round by round.

    A cost of nought is less than any: without such rounds, a side that often costs nothing would
    seem to cost what it does in the others.
    """

    def log(first: float, second: float) -> float:
        if first == second:
            return 0.0
        if min(first, second) > 0:
            return math.log(second / first)
        return math.inf if second > first else -math.inf

    return statistics.median(log(*pair) for pair in costs)


def _without_turns(
    sides: tuple[Duellist, Duellist], cell: SuiteCell, draw: random.Random, deadline: float
) -> Pair:
    """Run both cells whole, one after the other: memory has no rounds, and no core slows it."""
    seen: dict[int, Measurement] = {}

    def probed(number: int) -> None:
        side = sides[number]
        with _named(number, side):
            seen[number] = probe(
                side.python,
                cell.scenario,
                mode=side.mode or cell.mode,
                params=cell.params,
                profile=f"hold={PROFILES[DEFAULT].hold}",  # as that, and not again if disturbed
                gil=side.arm.gil,
                jit=side.arm.jit,
                deadline=deadline,
                extra=side.extra,
            )

    _in_turn(draw.sample((0, 1), 2), probed)
    first, second = (
        {name: statistics.median(metric.samples) for name, metric in seen[number].metrics.items()}
        for number in (0, 1)
    )
    names = sorted(name for name in first.keys() & second.keys() if first[name] * second[name] > 0)
    return Pair(
        rounds=1,
        costs={name: [(first[name], second[name])] for name in names},
        units={name: metric.unit for name, metric in seen[0].metrics.items()},
        builds=(seen[0].build, seen[1].build),
        cpu=sum(each.effort.get("cpu_seconds", 0.0) for each in seen.values()),
        fixed=False,
    )
